"""A price file is read exactly, or refused with the line and the reason."""

import pytest

from nacre.prices import BadPrices, Candle, read_candles
from nacre.units import WAD

HEADER = "timestamp,open,high,low,close,volume\n"
GOOD = "1583539200,9130.89,9143.55,9102.54,9118.06,1362.766884\n"


@pytest.fixture
def csv(tmp_path):
    def write(text):
        path = tmp_path / "prices.csv"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_reads_exact_decimals(csv):
    assert read_candles(csv(HEADER + GOOD)) == [
        Candle(
            1_583_539_200,
            open=9_130_890000000000000000,
            high=9_143_550000000000000000,
            low=9_102_540000000000000000,
            close=9_118_060000000000000000,
            volume=1_362_766884000000000000,
        )
    ]


def test_reads_18_decimals_and_exponents(csv):
    (candle,) = read_candles(csv(HEADER + "1,0.000040000000000001,4.1e-5,4e-05,0.00004100,0\n"))
    assert candle.open == 40_000_000_000_001
    assert (candle.high, candle.low, candle.close) == (41 * 10**12, 4 * 10**13, 41 * 10**12)


def test_columns_may_stand_in_another_order(csv):
    text = "volume,close,low,high,open,timestamp,trades\n0,1.5,1,2,1.25,60,17\n"
    assert read_candles(csv(text)) == [Candle(60, 5 * WAD // 4, 2 * WAD, WAD, 3 * WAD // 2)]


def test_a_byte_order_mark_carriage_returns_and_empty_lines_do_no_harm(csv):
    text = "\ufeff" + HEADER + GOOD + "\n" + GOOD.replace("1583539200", "1583542800") + "\n"
    assert len(read_candles(csv(text.replace("\n", "\r\n")))) == 2


def test_the_bounds_of_a_market_are_inside(csv):
    (candle,) = read_candles(csv(HEADER + "1,0.000001,10000000,0.000001,10000000,0\n"))
    assert (candle.low, candle.high) == (10**12, 10**25)


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1583542800,nine,2,1,1.5,0", "open 'nine' is not a number"),
        ("1583542800,1,2,1,,0", "close '' is not a number"),
        ("1583542800,1,nan,1,1,0", "high 'nan' is not a number"),
        ("1583542800,1,inf,1,1,0", "high 'inf' is not a number"),
        ("1583542800,1.5,1,2,1.5,0", "high 1 is below low 2"),
        ("1583542800,3,2,1,1,0", "open 3 is not between low 1 and high 2"),
        ("1583542800,1,2,1,0.5,0", "close 0.5 is not between low 1 and high 2"),
        ("1583542800,0,2,0,1,0", "open 0 is not above zero"),
        ("1583542800,1,2,-1,1,0", "low -1 is not above zero"),
        ("1583542800,1,10000001,1,1,0", "high 10000001 is outside 0.000001 to 10,000,000"),
        ("1583542800,1,2,0.0000001,1,0", "low 0.0000001 is outside 0.000001 to 10,000,000"),
        ("1583542800,1,2,1,1,-5", "volume -5 is negative"),
        ("1583542800,1,2,1,1.0000000000000000001,0", "close '1.0000000000000000001' has more than 18 decimals"),
        ("1583542800,1,2,1,1e999,0", "close '1e999' has too many digits"),
        ("1583542800,1,2,1,1", "5 fields instead of 6"),
        ("1583542800,1,2,1,1,0,7", "7 fields instead of 6"),
        ("1583539200,1,2,1,1,0", "timestamp 1583539200 is not after 1583539200"),
        ("1583535600,1,2,1,1,0", "timestamp 1583535600 is not after 1583539200"),
        ("1583542800000,1,2,1,1,0", "timestamp 1583542800000 is not unix seconds (milliseconds?)"),
        ("0,1,2,1,1,0", "timestamp 0 is not unix seconds"),
        ("1583542800.5,1,2,1,1,0", "timestamp '1583542800.5' is not a whole number of seconds"),
        ("2020-03-07,1,2,1,1,0", "timestamp '2020-03-07' is not a whole number of seconds"),
        ('1583542800,"1,2,1,1,0', "unexpected end of data"),
    ],
)
def test_a_bad_row_is_named_by_file_line_and_reason(csv, row, reason):
    path = csv(HEADER + GOOD + row)
    with pytest.raises(BadPrices) as error:
        read_candles(path)
    assert str(error.value).startswith(f"{path}, line 3: {reason}")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", ": the file is empty"),
        (HEADER, ": no candle after the header"),
        ("timestamp,open,high,close\n", ", line 1: column low, volume is missing"),
        (GOOD, ", line 1: column timestamp, open, high, low, close, volume is missing"),
        (b"\xff\xfe\x00", ": not a text file in UTF-8"),
    ],
)
def test_a_file_that_is_no_price_history_is_named(csv, text, reason):
    path = csv(text)
    with pytest.raises(BadPrices) as error:
        read_candles(path)
    assert str(error.value).startswith(f"{path}{reason}")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadPrices, match=r"none\.csv: No such file or directory"):
        read_candles(tmp_path / "none.csv")


def test_a_folder_is_no_file(tmp_path):
    with pytest.raises(BadPrices, match="Is a directory"):
        read_candles(tmp_path)
