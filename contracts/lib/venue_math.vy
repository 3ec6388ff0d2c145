# pragma version 0.4.3
"""
@title  Venue math
@notice What a trade against a venue costs and when it is refused: price limit, band of force closes, distance from mark, fees and the
        penalty for moving the venue away. docs/spec.md sections 6 and 10.
@dev    Bounds: notional < 2**114, size < 2**128, mark < 2**84: products below 2**250. A deviation above 1,000 (100,000 %) counts as
        1,000 in the penalty: a D^3 < 1e9 * 1678 in WAD.
"""

from interfaces import IVenue

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import reasons

WAD: constant(uint256) = 10**18
MAX_DEVIATION: constant(uint256) = 1_000 * 10**18
# Above this a limit price is none: no average reaches it.
MAX_LIMIT: constant(uint256) = 2**120


@internal
@pure
def _penalised(_order: IVenue.SwapOrder, _mid_before: uint256, _mid_after: uint256) -> uint256:
    """
    @notice D after a swap that a penalty is due for: it takes fees, and moved the venue away from mark past MMR. 0 after any other.
    @dev Reverts "venue too far from mark" past the deviation limit of a holder's trade.
    """
    deviation: uint256 = self._deviation(_mid_after, _order.mark_price)
    if deviation <= self._deviation(_mid_before, _order.mark_price):
        return 0
    limit: uint256 = unsafe_mul(market_words._max_deviation_bps(_order.trading_word), 10**14)
    if _order.band_bps == 0 and deviation > limit:
        reasons._revert(reasons.VENUE_TOO_FAR_FROM_MARK)
    if _order.trading_word == 0 or deviation <= unsafe_mul(_order.mmr_bps, 10**14):
        return 0
    return deviation


@internal
@pure
def _priced(
    _order: IVenue.SwapOrder, _notional: uint256, _mid_after: uint256, _penalised_: uint256, _limits: uint256
) -> IVenue.SwapResult:
    """
    @notice The terms of a swap whose notional is known. The average price is no worse than the limit, and for a force close within
            its band around mark. Fees come in the order LP fee, protocol fee, penalty, each at most what is left, so that they
            never make a deficit.
    @param _penalised_ as `_penalised` says
    @param _limits the limits word of lib/market_words, needed only for a penalty
    """
    paid: uint256 = unsafe_mul(_notional, WAD)
    worse: bool = False
    outside: bool = False
    budget: int256 = 0
    if _order.size > 0:
        size: uint256 = convert(_order.size, uint256)
        budget = unsafe_sub(_order.fee_budget, convert(_notional, int256))
        if _order.limit_price != 0:
            worse = paid > unsafe_mul(min(_order.limit_price, MAX_LIMIT), size)
        if _order.band_bps != 0:
            bound: uint256 = unsafe_mul(unsafe_mul(size, _order.mark_price), unsafe_add(10_000, _order.band_bps))
            outside = unsafe_mul(paid, 10_000) > bound
    else:
        size: uint256 = convert(unsafe_sub(0, _order.size), uint256)
        budget = unsafe_add(_order.fee_budget, convert(_notional, int256))
        worse = paid < unsafe_mul(min(_order.limit_price, MAX_LIMIT), size)
        if _order.band_bps != 0:
            bound: uint256 = unsafe_mul(unsafe_mul(size, _order.mark_price), unsafe_sub(10_000, _order.band_bps))
            outside = unsafe_mul(paid, 10_000) < bound
    if worse:
        reasons._revert(reasons.PRICE_LIMIT)
    if outside:
        reasons._revert(reasons.VENUE_TOO_FAR)

    left: uint256 = convert(max(budget, 0), uint256)
    # In place of fixed_point._bps_up.
    rate: uint256 = market_words._trading_fee_bps(_order.trading_word)
    lp_fee: uint256 = min(left, unsafe_div(unsafe_add(unsafe_mul(_notional, rate), 9_999), 10_000))
    left = unsafe_sub(left, lp_fee)
    rate = market_words._protocol_fee_bps(_order.trading_word)
    protocol_fee: uint256 = min(left, unsafe_div(unsafe_add(unsafe_mul(_notional, rate), 9_999), 10_000))
    left = unsafe_sub(left, protocol_fee)
    penalty: uint256 = 0
    if _penalised_ != 0:
        penalty = min(left, self._penalty(_limits, _penalised_, _notional))
    return IVenue.SwapResult(
        notional=_notional, lp_fee=lp_fee, protocol_fee=protocol_fee, penalty=penalty, mid_after=_mid_after
    )


@internal
@pure
def _is_near(_price: uint256, _mark: uint256, _bps: uint256) -> bool:
    """
    @notice Whether D = max / min - 1 of two prices is at most a ratio; not if one is 0.
    """
    # Unsafe: prices are below 2**94.
    if _price > _mark:
        return unsafe_mul(unsafe_sub(_price, _mark), 10_000) <= unsafe_mul(_mark, _bps)
    return unsafe_mul(unsafe_sub(_mark, _price), 10_000) <= unsafe_mul(_price, _bps)


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
def _penalty(_limits: uint256, _grown: uint256, _notional: uint256) -> uint256:
    """
    @notice (a D^3 + b D^2 + c D + d) of the notional, rounded up.
    """
    d: uint256 = min(_grown, MAX_DEVIATION)
    ratio: uint256 = 0
    power: uint256 = WAD
    for i: uint256 in range(4):
        ratio = unsafe_add(ratio, unsafe_div(unsafe_mul(market_words._penalty(_limits, i), power), WAD))
        power = unsafe_div(unsafe_mul(power, d), WAD)
    return fixed_point._mul_div_up(_notional, ratio, WAD)
