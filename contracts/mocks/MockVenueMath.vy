# pragma version 0.4.3
# pragma optimize gas
"""
@title  Mock venue math
@license MIT
@notice Opens the venue's pure functions to tests.
@custom:security For tests only; holds nothing.
@custom:kill Nothing to disable.
"""

from contracts.lib import swap_math
from contracts.lib import tick_math


@external
@pure
def sqrt_price_at_tick(_tick: int256) -> uint256:
    """
    @notice See lib/tick_math.vy.
    """
    return tick_math._sqrt_price_at_tick(_tick)


@external
@pure
def sqrt_prices_from(_tick: int256) -> uint256[256]:
    """
    @notice Square root prices of 256 ticks from `_tick` on, as many as there are; then zeros.
    """
    prices: uint256[256] = empty(uint256[256])
    for i: uint256 in range(256):
        tick: int256 = _tick + convert(i, int256)
        if tick > tick_math.MAX_TICK:
            break
        prices[i] = tick_math._sqrt_price_at_tick(tick)
    return prices


@external
@pure
def ticks_at(_sqrt_prices: DynArray[uint256, 256], _near: int256) -> DynArray[int256, 256]:
    """
    @notice Ticks of square root prices, found from a tick near or far.
    """
    found: DynArray[int256, 256] = []
    for sqrt_price: uint256 in _sqrt_prices:
        found.append(tick_math._tick_at_sqrt_price(sqrt_price, _near))
    return found


@external
@pure
def next_sqrt_price_up(_sqrt_price: uint256, _liquidity: uint256, _size: uint256, _buy: bool) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._next_sqrt_price_up(_sqrt_price, _liquidity, _size, _buy)


@external
@pure
def base_between(_liquidity: uint256, _low: uint256, _high: uint256, _up: bool) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._base_between(_liquidity, _low, _high, _up)


@external
@pure
def cash_between(_liquidity: uint256, _low: uint256, _high: uint256, _up: bool) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._cash_between(_liquidity, _low, _high, _up)


@external
@pure
def price_down(_sqrt_price: uint256) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._price_down(_sqrt_price)


@external
@pure
def sqrt_price_up(_price: uint256) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._sqrt_price_up(_price)


@external
@pure
def liquidity_of_margin(
    _margin: uint256, _sqrt_price: uint256, _lower: uint256, _upper: uint256, _imr_bps: uint256
) -> uint256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._liquidity_of_margin(_margin, _sqrt_price, _lower, _upper, _imr_bps)


@external
@pure
def over_sqrt_price(_funding: int256, _sqrt_price: uint256, _up: bool) -> int256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._over_sqrt_price(_funding, _sqrt_price, _up)


@external
@pure
def funding_up(_liquidity: uint256, _growth: int256) -> int256:
    """
    @notice See lib/swap_math.vy.
    """
    return swap_math._funding_up(_liquidity, _growth)
