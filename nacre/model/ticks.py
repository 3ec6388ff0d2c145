"""Tick and square root price arithmetic: Q64.96, ticks of 1.0001, each the rounded product of rounded factors."""

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from functools import lru_cache
from math import floor, isqrt, log

from nacre.model.rounding import Q96, WAD, ceil_div, clamp, floor_div

SPACING = 50
MAX_TICK = 230_300
SPARE_BITS = 15


def _rounded(exponent: Decimal, bits: int) -> int:
    """1.0001^exponent with `bits` behind the point."""
    with localcontext(prec=120):
        return int((Decimal("1.0001") ** exponent * 2**bits).to_integral_value(ROUND_HALF_EVEN))


_TOP = _rounded(Decimal(MAX_TICK) / 2, 96 + SPARE_BITS)
_FACTORS = [_rounded(Decimal(-(2**bit)) / 2, 128) for bit in range(19)]


@lru_cache(maxsize=65_536)
def sqrt_price_at(tick: int) -> int:
    """Square root price of a tick, counted down from the highest."""
    below, ratio = MAX_TICK - tick, _TOP
    for bit, factor in enumerate(_FACTORS):
        if below >> bit & 1:
            ratio = ratio * factor >> 128
    return ratio + 2 ** (SPARE_BITS - 1) >> SPARE_BITS


MIN_SQRT_PRICE, MAX_SQRT_PRICE = sqrt_price_at(-MAX_TICK), sqrt_price_at(MAX_TICK)


def tick_at(sqrt_price: int) -> int:
    """The greatest tick whose square root price is not above."""
    tick = clamp(floor(2 * (log(sqrt_price) - log(Q96)) / log(1.0001)), -MAX_TICK, MAX_TICK)
    while tick < MAX_TICK and sqrt_price_at(tick + 1) <= sqrt_price:
        tick += 1
    while sqrt_price_at(tick) > sqrt_price:
        tick -= 1
    return tick


def sqrt_of_price(price: int) -> int:
    """Square root price of a WAD price: 80 bits of it, rounded up, so that the way back gives the price again."""
    scaled = ceil_div(price << 160, WAD)
    root = isqrt(scaled)
    root += root * root < scaled
    return clamp(root << 16, MIN_SQRT_PRICE, MAX_SQRT_PRICE)


def price_of_sqrt(sqrt_price: int) -> int:
    """WAD price of a square root price, rounded down twice."""
    return (sqrt_price * sqrt_price >> 64) * WAD >> 128


def base_between(liquidity: int, low: int, high: int, round_up: bool) -> int:
    """Size between two square root prices."""
    division = ceil_div if round_up else floor_div
    return division(liquidity * (high - low) * Q96, low * high)


def quote_between(liquidity: int, low: int, high: int, round_up: bool) -> int:
    """Cash between two square root prices."""
    division = ceil_div if round_up else floor_div
    return division(liquidity * (high - low), Q96)


def next_sqrt_price(sqrt_price: int, liquidity: int, size: int) -> int:
    """After the taker bought (size > 0) or sold `size`, rounded up: the venue never gives more than it has."""
    depth = liquidity * Q96
    return ceil_div(depth * sqrt_price, depth - size * sqrt_price)


def align_down(tick: int) -> int:
    return floor_div(tick, SPACING) * SPACING


def align_up(tick: int) -> int:
    return ceil_div(tick, SPACING) * SPACING
