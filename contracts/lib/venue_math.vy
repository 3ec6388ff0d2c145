# pragma version 0.4.3
"""
@title  Venue math
@notice What the clearinghouse asks of a trade against the venue: price limits, distance from mark, the penalty for moving it
        away, the band of force closes. docs/spec.md sections 6 and 10.
@dev    Bounds: notional <= 1e30, size <= 1e27, price < 2**96: products below 2**190. A deviation above 1,000 (100,000 %) counts as 1,000
        in the penalty: D^3 a < 1e9 * 1678 in WAD.
"""

from contracts.lib import fixed_point
from contracts.lib import market_words

WAD: constant(uint256) = 10**18
MAX_DEVIATION: constant(uint256) = 1_000 * 10**18
# A limit price above this is no price: every buy is below it.
MAX_LIMIT: constant(uint256) = 2**128


@internal
@pure
def _within_limit(_size: int256, _notional: uint256, _limit_price: uint256) -> bool:
    """
    @notice Whether the average price is no worse than the limit; 0 is no limit.
    """
    if _limit_price == 0:
        return True
    if _limit_price > MAX_LIMIT:
        return _size > 0
    if _size > 0:
        return _notional * WAD <= _limit_price * convert(_size, uint256)
    return _notional * WAD >= _limit_price * convert(-_size, uint256)


@internal
@pure
def _within_band(_size: int256, _notional: uint256, _mark: uint256, _band_bps: uint256) -> bool:
    """
    @notice Whether a closing trade is worse than mark by at most the band; `_size` is the trade's, positive buys.
    """
    if _size > 0:
        return _notional * 10**22 <= convert(_size, uint256) * _mark * (10_000 + _band_bps)
    return _notional * 10**22 >= convert(-_size, uint256) * _mark * (10_000 - _band_bps)


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
def _penalty(_limits: uint256, _deviation_: uint256, _notional: uint256) -> uint256:
    """
    @notice (a D^3 + b D^2 + c D + d) of the notional, rounded up.
    """
    d: uint256 = min(_deviation_, MAX_DEVIATION)
    square: uint256 = unsafe_div(d * d, WAD)
    cube: uint256 = unsafe_div(square * d, WAD)
    ratio: uint256 = (
        unsafe_div(market_words._penalty(_limits, 3) * cube, WAD)
        + unsafe_div(market_words._penalty(_limits, 2) * square, WAD)
        + unsafe_div(market_words._penalty(_limits, 1) * d, WAD)
        + market_words._penalty(_limits, 0)
    )
    return fixed_point._mul_div_up(_notional, ratio, WAD)
