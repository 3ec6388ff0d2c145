# pragma version 0.4.3
"""
@title  Venue math
@notice What the clearinghouse asks of a trade against the venue: price limits, distance from mark, the penalty for moving it
        away, the band of force closes. docs/spec.md sections 6 and 10.
@dev    Bounds: notional < 2**120, size < 2**90, price < 2**96: products below 2**250. A deviation above 1,000 (100,000 %) counts as
        1,000 in the penalty: a D^3 < 1e9 * 1678 in WAD.
"""

from interfaces import IVenue

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import position_math

WAD: constant(uint256) = 10**18
MAX_DEVIATION: constant(uint256) = 1_000 * 10**18
# No trade has a higher average price than notional 1e30 for one wei of size.
MAX_LIMIT: constant(uint256) = 2**160


@internal
@pure
def _within_limit(_size: int256, _notional: uint256, _limit_price: uint256) -> bool:
    """
    @notice Whether the average price is no worse than the limit; 0 is no limit. A positive size buys.
    """
    if _limit_price == 0:
        return True
    bound: uint256 = unsafe_mul(min(_limit_price, MAX_LIMIT), position_math._abs(_size))
    paid: uint256 = unsafe_mul(_notional, WAD)
    if _size > 0:
        return paid <= bound
    return paid >= bound


@internal
@pure
def _within_band(_size: int256, _notional: uint256, _mark: uint256, _band_bps: uint256) -> bool:
    """
    @notice Whether a closing trade is worse than mark by at most the band. A positive size buys.
    """
    at_mark: uint256 = unsafe_mul(position_math._abs(_size), _mark)
    paid: uint256 = unsafe_mul(_notional, 10**22)
    if _size > 0:
        return paid <= unsafe_mul(at_mark, unsafe_add(10_000, _band_bps))
    return paid >= unsafe_mul(at_mark, unsafe_sub(10_000, _band_bps))


@internal
@pure
def _deviation(_mid: uint256, _mark: uint256) -> uint256:
    """
    @notice D = max / min - 1 of mid and mark, WAD, rounded up; 0 without a mid.
    """
    if _mid == 0:
        return 0
    if _mid > _mark:
        return fixed_point._mul_div_up(unsafe_sub(_mid, _mark), WAD, _mark)
    return fixed_point._mul_div_up(unsafe_sub(_mark, _mid), WAD, _mid)


@internal
@pure
def _grown_deviation(_result: IVenue.SwapResult, _mark: uint256) -> uint256:
    """
    @notice D after a swap that moved the venue away from mark; 0 after any other.
    """
    deviation: uint256 = self._deviation(_result.mid_after, _mark)
    if deviation > self._deviation(_result.mid_before, _mark):
        return deviation
    return 0


@internal
@pure
def _penalty(_limits: uint256, _mmr_bps: uint256, _grown: uint256, _notional: uint256) -> uint256:
    """
    @notice (a D^3 + b D^2 + c D + d) of the notional, rounded up, where D grew past MMR; else 0.
    """
    if _grown <= unsafe_mul(_mmr_bps, 10**14):
        return 0
    d: uint256 = min(_grown, MAX_DEVIATION)
    ratio: uint256 = 0
    power: uint256 = WAD
    for i: uint256 in range(4):
        ratio = unsafe_add(ratio, unsafe_div(unsafe_mul(market_words._penalty(_limits, i), power), WAD))
        power = unsafe_div(unsafe_mul(power, d), WAD)
    return fixed_point._mul_div_up(_notional, ratio, WAD)
