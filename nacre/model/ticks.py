"""Square root prices of ticks and of prices, in units of 2^-96, and what moves between two of them.

From docs/spec.md, section 11: the price of a tick t is 1.0001^(t/2) 2^96 to the nearest unit, ticks within +-230,300,
edges are multiples of 50; sqrt(mark) has 80 bits behind the point, rounded up; mid of s; the stretch of a swap.

No table: 1.0001^t lies between two fixed-point numbers that are rounded apart at every step, and both roots round to
the same whole number; should they not, more digits decide.
"""

from functools import lru_cache
from math import isqrt, log

from nacre.model.rounding import ceil_div
from nacre.units import Q96, WAD

SPACING = 50
HIGHEST_TICK = 230_300
LOWEST_TICK = -HIGHEST_TICK

# Bits behind the point at first, and behind that of the square root of a mark.
_PRECISION = 320
_MARK_BITS = 80
_LOG_BASE = log(1.0001)


def _power_bounds(exponent: int, bits: int) -> tuple[int, int]:
    """1.0001^exponent from below and from above, in units of 2^-bits, for an exponent >= 0."""
    low, high = 1 << bits, 1 << bits
    base_low, rest = divmod(10_001 << bits, 10_000)
    base_high = base_low + (rest > 0)
    for digit in bin(exponent)[2:]:
        low, high = low * low >> bits, ceil_div(high * high, 1 << bits)
        if digit == "1":
            low, high = low * base_low >> bits, ceil_div(high * base_high, 1 << bits)
    return low, high


def _nearest_root(low: int, high: int, bits: int) -> int | None:
    """floor(sqrt(x) 2^96 + 1/2) if it is the same for the two x, given in units of 2^-bits.

    floor(y + 1/2) = floor((floor(2 y) + 1) / 2), and floor(2 sqrt(z)) = floor(sqrt(floor(4 z))).
    """
    nearest = [(isqrt((x << 194) >> bits) + 1) // 2 for x in (low, high)]
    return nearest[0] if nearest[0] == nearest[1] else None


@lru_cache(maxsize=1 << 16)
def sqrt_price_at(tick: int) -> int:
    """s(t). No tick but 0 lies on a rounding edge, so the loop ends: with 320 bits, at once."""
    bits = _PRECISION
    while True:
        low, high = _power_bounds(abs(tick), bits)
        if tick < 0:
            one = 1 << (2 * bits)
            low, high = one // high, ceil_div(one, low)
        if (root := _nearest_root(low, high, bits)) is not None:
            return root
        bits *= 2


@lru_cache(maxsize=1 << 16)
def tick_at(sqrt_price: int) -> int:
    """The largest tick with s(tick) <= sqrt_price. The logarithm is a guess, the comparisons are exact."""
    tick = int(2 * log(sqrt_price / Q96) / _LOG_BASE)
    while sqrt_price_at(tick) > sqrt_price:
        tick -= 1
    while sqrt_price_at(tick + 1) <= sqrt_price:
        tick += 1
    return tick


@lru_cache(maxsize=1 << 14)
def sqrt_of_price(price: int) -> int:
    """The square root of a price in WAD with 80 bits behind the point, rounded up."""
    squared = ceil_div(price << (2 * _MARK_BITS), WAD)
    # The least root whose square reaches it.
    root = isqrt(squared - 1) + 1 if squared else 0
    return root << (96 - _MARK_BITS)


def price_of_sqrt(sqrt_price: int) -> int:
    """WAD, rounded down twice."""
    return (sqrt_price * sqrt_price >> 64) * WAD >> 128


def align_down(tick: int) -> int:
    """The next multiple of the spacing at or below it."""
    return tick - tick % SPACING


def align_up(tick: int) -> int:
    """The next multiple of the spacing at or above it."""
    return tick + -tick % SPACING


def base_between(liquidity: int, low: int, high: int, *, round_up: bool) -> int:
    """Size that moves the price between two square roots: L (high - low) 2^96 / (low high)."""
    whole, rest = divmod(liquidity * (high - low) * Q96, low * high)
    return whole + (round_up and rest > 0)


def quote_between(liquidity: int, low: int, high: int, *, round_up: bool) -> int:
    """What that costs: L (high - low) / 2^96."""
    whole, rest = divmod(liquidity * (high - low), Q96)
    return whole + (round_up and rest > 0)
