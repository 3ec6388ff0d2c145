"""Human numbers in, exact integers out; what is wrong is named."""

from decimal import Decimal

import pytest

from nacre.presets import MarketConfig, PresetError, load_file, preset, preset_names
from nacre.presets.market import scaled, wad


def test_names():
    assert preset_names() == ["defx", "hyperliquid", "injective", "oyster", "satoshiswap"]


def test_oyster_is_as_documented():
    config = preset("oyster")
    assert (config.imr_bps, config.mmr_bps, config.trigger_bps) == (1000, 500, 10_000)
    assert (config.takeover, config.force_close, config.force_close_fees) == (True, True, True)
    assert (config.residue, config.loss, config.mark_mode) == ("insurance", "social", "index")
    assert config.penalty == [Decimal("10.92"), Decimal("1.64"), Decimal("0.09"), 0]
    assert not config.entry_margin_rule


def test_injective_is_as_documented():
    config = preset("injective")
    assert (config.imr_bps, config.mmr_bps, config.trigger_bps) == (500, 250, 10_000)
    assert (config.takeover, config.force_close, config.residue) == (False, True, "trader")
    assert config.entry_margin_rule
    assert config.last_resort_seconds > 0


def test_single_fields_are_changed():
    config = preset("oyster", imr_bps=300, mmr_bps=150)
    assert (config.imr_bps, config.trading_fee_bps) == (300, preset("oyster").trading_fee_bps)
    assert config.changed(tip="1.25").tip == Decimal("1.25")
    assert preset("oyster").changed(price=0.1).price == Decimal("0.1")  # the digits, not the binary number


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"imr": 1}, "imr: there is no such field"),
        ({"imr_bps": "many"}, "imr_bps: Input should be a valid integer"),
        ({"imr_bps": 10.5}, "imr_bps: Input should be a valid integer"),
        ({"imr_bps": True}, "imr_bps: Input should be a valid integer"),
        ({"imr_bps": -1}, "imr_bps: Input should be greater than or equal to 0"),
        ({"mmr_bps": 2000}, r"mmr_bps \(2000\) must be below imr_bps \(1000\)"),
        ({"price": 0}, "price: Input should be greater than 0"),
        ({"price": "NaN"}, "price: "),
        ({"price": float("inf")}, "price: "),
        ({"price": True}, "price: a number is needed"),
        ({"penalty": [1, 2, 3]}, "penalty: List should have at least 4 items"),
        ({"penalty": ["0.00001", 0, 0, 0]}, "penalty: at most four digits after the point"),
        ({"takeover": 1}, "takeover: Input should be a valid boolean"),
        ({"residue": "keeper"}, "residue: Input should be 'insurance', 'trader' or 'treasury'"),
        ({"insurance_draw_bps": -1}, "insurance_draw_bps: Input should be greater than or equal to 0"),
        ({"loss": "none"}, "loss: Input should be 'social' or 'adl'"),
        ({"loss": "adl", "min_notional": 0}, "min_notional: loss = adl needs one above 0"),
        (
            {"loss": "adl", "min_notional": 10, "max_open_interest": 100_001},
            r"max_open_interest \(100001\) with loss = adl: at most 10,000 times min_notional \(10\), 100000",
        ),
        ({"mark_mode": "mid"}, "mark_mode: Input should be 'index' or 'median'"),
        ({"tiers": [{"from": 0}]}, "tiers.0.lower: Field required"),
        ({"tiers": [[1, 2000]]}, "tiers.0: "),
        ({"tiers": [[-1, 2000, 900]]}, "tiers.0.lower: Input should be greater than 0"),
        (
            {"tiers": [[1, 2000, 900], [2, 2000, 900], [3, 2000, 900], [4, 2000, 900]]},
            "tiers: List should have at most",
        ),
        ({"tiers": [[9, 900, 500]]}, "tiers: bounds and ratios must rise"),
        ({"tiers": [[9, 2000, 499]]}, "tiers: bounds and ratios must rise"),
        ({"tiers": [[9, 2000, 2000]]}, "tiers: bounds and ratios must rise"),
        ({"tiers": [[9, 2000, 900], [9, 3000, 900]]}, "tiers: bounds and ratios must rise"),
        ({"backstop_bps": 70_000}, "backstop_bps: Input should be less than or equal to 65535"),
        ({"borrow_share_bps": 10_001}, "borrow_share_bps: Input should be less than or equal to 10000"),
        ({"cooldown_seconds": 0.5}, "cooldown_seconds: Input should be a valid integer"),
        ({"large_notional": -1}, "large_notional: Input should be greater than or equal to 0"),
        ({"adl_price": "mark"}, "adl_price: Input should be 'bankruptcy' or 'previous_mark'"),
        ({"cross_margin": 1}, "cross_margin: Input should be a valid boolean"),
        ({"settlement_delay": -1}, "settlement_delay: Input should be greater than or equal to 0"),
    ],
)
def test_wrong_field_is_named(fields, reason):
    with pytest.raises(PresetError, match=rf"^market: {reason}"):
        preset("oyster", **fields)


def test_unknown_name_lists_the_right_ones():
    with pytest.raises(
        PresetError, match="there is no policy 'oister'; there are defx, hyperliquid, injective, oyster, satoshiswap"
    ):
        preset("oister")


def test_own_file(tmp_path):
    path = tmp_path / "own.toml"
    path.write_text('policy = "injective"\nprice = 65000.5\ntip = "1"\n')
    config = load_file(path)
    assert (config.price, config.tip, config.entry_margin_rule) == (Decimal("65000.5"), 1, True)

    path.write_text("price = 3\n")
    assert load_file(path) == MarketConfig(price=Decimal(3))


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("price =", "own.toml: "),
        ('policy = "binance"', "there is no policy 'binance'"),
        ("[market]\nprice = 3", "own.toml: market: there is no such field"),
    ],
)
def test_own_file_that_is_wrong(tmp_path, content, reason):
    path = tmp_path / "own.toml"
    path.write_text(content)
    with pytest.raises(PresetError, match=reason):
        load_file(path)


def test_scaling_is_exact():
    assert wad("0.000000000000000001") == 1
    assert wad(Decimal("123456789012345.123456789012345678")) == 123456789012345123456789012345678
    assert wad(-7) == -7 * 10**18
    assert scaled("1.25", 2) == 125
    with pytest.raises(ValueError, match=r"^1\.255 has more than 2 digits after the point$"):
        scaled("1.255", 2)
