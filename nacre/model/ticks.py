"""Tick and square root price arithmetic, Q64.96, ticks of 1.0001 (Uniswap v3's constants and roundings)."""

from functools import lru_cache
from math import floor, isqrt, log

from nacre.model.rounding import Q96, WAD, ceil_div, clamp, floor_div

SPACING = 50
MAX_TICK = 887_272

# 1 / sqrt(1.0001)^(2^i) in Q128.
_FACTORS = (
    0xFFFCB933BD6FAD37AA2D162D1A594001,
    0xFFF97272373D413259A46990580E213A,
    0xFFF2E50F5F656932EF12357CF3C7FDCC,
    0xFFE5CACA7E10E4E61C3624EAA0941CD0,
    0xFFCB9843D60F6159C9DB58835C926644,
    0xFF973B41FA98C081472E6896DFB254C0,
    0xFF2EA16466C96A3843EC78B326B52861,
    0xFE5DEE046A99A2A811C461F1969C3053,
    0xFCBE86C7900A88AEDCFFC83B479AA3A4,
    0xF987A7253AC413176F2B074CF7815E54,
    0xF3392B0822B70005940C7A398E4B70F3,
    0xE7159475A2C29B7443B29C7FA6E889D9,
    0xD097F3BDFD2022B8845AD8F792AA5825,
    0xA9F746462D870FDF8A65DC1F90E061E5,
    0x70D869A156D2A1B890BB3DF62BAF32F7,
    0x31BE135F97D08FD981231505542FCFA6,
    0x9AA508B5B7A84E1C677DE54F3E99BC9,
    0x5D6AF8DEDB81196699C329225EE604,
    0x2216E584F5FA1EA926041BEDFE98,
    0x48A170391F7DC42444E8FA2,
)


@lru_cache(maxsize=4096)
def sqrt_price_at(tick: int) -> int:
    """Square root price of a tick, rounded up as Uniswap v3 does."""
    ratio = 2**128
    for bit, factor in enumerate(_FACTORS):
        if abs(tick) >> bit & 1:
            ratio = ratio * factor >> 128
    if tick > 0:
        ratio = (2**256 - 1) // ratio
    return ceil_div(ratio, 2**32)


def tick_at(sqrt_price: int) -> int:
    """The greatest tick whose square root price is not above."""
    tick = clamp(floor(2 * (log(sqrt_price) - log(Q96)) / log(1.0001)), -MAX_TICK, MAX_TICK)
    while tick < MAX_TICK and sqrt_price_at(tick + 1) <= sqrt_price:
        tick += 1
    while sqrt_price_at(tick) > sqrt_price:
        tick -= 1
    return tick


def sqrt_of_price(price: int) -> int:
    """Square root price of a WAD price, rounded down."""
    return isqrt((price << 192) // WAD)


def price_of_sqrt(sqrt_price: int) -> int:
    """WAD price of a square root price, rounded down."""
    return floor_div(sqrt_price * sqrt_price * WAD, Q96 * Q96)


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
