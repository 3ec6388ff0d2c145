"""Reads candles from a CSV file with the columns timestamp,open,high,low,close,volume.

Numbers become WAD integers without passing through a float. A row that cannot be used is refused with the file, the
line and the reason; nothing is repaired silently.
"""

import csv
from collections.abc import Iterable
from decimal import Decimal, InvalidOperation
from pathlib import Path

from nacre.prices.candles import Candle
from nacre.units import WAD

COLUMNS = ("timestamp", "open", "high", "low", "close", "volume")
PRICES = ("open", "high", "low", "close")
# What a market accepts of its oracle (docs/spec.md, section 3).
LOWEST, HIGHEST = WAD // 10**6, 10**7 * WAD
# The year 2100; a larger number is milliseconds.
LATEST = 4_102_444_800


class BadPrices(Exception):
    """A price file that cannot be used. The text names file, line and reason."""


def read_candles(path: Path) -> list[Candle]:
    """All candles of the file, in its order, which must be that of time."""
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            return _candles(path, file)
    except OSError as error:
        raise BadPrices(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise BadPrices(f"{path}: not a text file in UTF-8") from error


def _candles(path: Path, lines: Iterable[str]) -> list[Candle]:
    reader = csv.reader(lines, strict=True)
    try:
        header = [name.strip().lower() for name in next(reader, [])]
        if not header:
            raise BadPrices(f"{path}: the file is empty")
        if missing := [name for name in COLUMNS if name not in header]:
            raise BadPrices(f"{path}, line 1: column {', '.join(missing)} is missing; wanted: {','.join(COLUMNS)}")
        places = {name: header.index(name) for name in COLUMNS}

        candles: list[Candle] = []
        for row in reader:
            if not any(field.strip() for field in row):
                continue
            try:
                if len(row) != len(header):
                    raise ValueError(f"{len(row)} fields instead of {len(header)}")
                candle = _candle({name: row[place].strip() for name, place in places.items()})
                if candles and candle.timestamp <= candles[-1].timestamp:
                    raise ValueError(f"timestamp {candle.timestamp} is not after {candles[-1].timestamp}")
            except ValueError as error:
                raise BadPrices(f"{path}, line {reader.line_num}: {error}") from None
            candles.append(candle)
    except csv.Error as error:
        raise BadPrices(f"{path}, line {reader.line_num}: {error}") from None
    if not candles:
        raise BadPrices(f"{path}: no candle after the header")
    return candles


def _candle(fields: dict[str, str]) -> Candle:
    timestamp = _timestamp(fields["timestamp"])
    prices = {name: _wad(name, fields[name]) for name in PRICES}
    volume = _wad("volume", fields["volume"])
    for name, price in prices.items():
        if price <= 0:
            raise ValueError(f"{name} {fields[name]} is not above zero")
        if not LOWEST <= price <= HIGHEST:
            raise ValueError(f"{name} {fields[name]} is outside 0.000001 to 10,000,000, which a market accepts")
    if volume < 0:
        raise ValueError(f"volume {fields['volume']} is negative")
    if prices["high"] < prices["low"]:
        raise ValueError(f"high {fields['high']} is below low {fields['low']}")
    for name in ("open", "close"):
        if not prices["low"] <= prices[name] <= prices["high"]:
            raise ValueError(f"{name} {fields[name]} is not between low {fields['low']} and high {fields['high']}")
    return Candle(timestamp, **prices, volume=volume)


def _timestamp(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ValueError(f"timestamp {text!r} is not a whole number of seconds")
    seconds = int(text)
    if not 0 < seconds <= LATEST:
        raise ValueError(f"timestamp {text} is not unix seconds{' (milliseconds?)' if seconds else ''}")
    return seconds


def _wad(name: str, text: str) -> int:
    """Exactly the number that is written, in WAD."""
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise ValueError(f"{name} {text!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{name} {text!r} is not a number")
    sign, digits, exponent = number.as_tuple()
    assert isinstance(exponent, int)
    if not -60 <= exponent <= 30 or len(digits) > 60:
        raise ValueError(f"{name} {text!r} has too many digits")
    magnitude = int("".join(map(str, digits)))
    scaled, remainder = divmod(magnitude * 10 ** (18 + 60 + exponent), 10**60)
    if remainder:
        raise ValueError(f"{name} {text!r} has more than 18 decimals")
    return -scaled if sign else scaled
