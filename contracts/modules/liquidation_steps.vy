# pragma version 0.4.3
"""
@title  Liquidation steps
@notice What taking over and force closing have in common whatever margin backs the target: who may be liquidated, how much goes, who
        bears a deficit, and where the proceeds of a force close go. docs/spec.md sections 9 and 10.
"""

from interfaces import IClearinghouse
from interfaces import IVenue

from contracts.lib import liquidation_math
from contracts.lib import margin_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import swaps
from contracts.modules import waterfall

uses: markets
uses: payouts
uses: swaps
uses: waterfall


@internal
@pure
def _check_failing(_equity: int256, _margin: uint256, _policy: uint256, _refusal: uint256, _bankrupt: bool):
    """
    @notice The target fails its margin, and the engine refuses nothing. Nobody may refuse a bankrupt target.
    """
    if not position_math._is_below(_equity, _margin, policy_word._trigger_bps(_policy)):
        reasons._revert(reasons.NOT_LIQUIDATABLE)
    if _refusal != 0 and not _bankrupt:
        reasons._revert(_refusal)


@internal
@view
def _slice(_market: markets.Market, _whole: uint256, _size: uint256, _policy: uint256) -> uint256:
    """
    @notice How much of a target goes of what was asked.
    """
    dust: uint256 = 0
    if _size < _whole:
        dust = market_words._min_notional(markets.trading_words[_market.id])
    return liquidation_math._slice(_whole, _size, _market.mark, policy_word._min_slice_bps(_policy), dust)


@internal
def _absorbed(
    _market: markets.Market, _part: position_math.Position, _policy: uint256
) -> (markets.Market, position_math.Position, uint256):
    """
    @notice Brings a part with a deficit to exactly zero.
    @return the deficit, 0 if there is none
    """
    worth: int256 = position_math._worth(_part, _market.mark)
    if worth >= 0:
        return _market, _part, 0
    deficit: uint256 = convert(unsafe_sub(0, worth), uint256)
    part: position_math.Position = _part
    part.balance = unsafe_sub(part.balance, worth)
    return waterfall._absorb(_market, part.size, deficit, _policy), part, deficit


@internal
@pure
def _chunk(_market: markets.Market, _target: int256, _policy: uint256) -> uint256:
    """
    @notice The size that goes at once of a large position; 0 if it is not large.
    """
    if policy_word._large_notional_packed(_policy) == 0:
        return 0
    return liquidation_math._chunk(
        position_math._abs(_target), position_math._notional(_target, _market.mark), _policy
    )


@internal
def _close_part(
    _market: markets.Market,
    _keeper: address,
    _target: address,
    _part: position_math.Position,
    _left: int256,
    _limit_price: uint256,
    _policy: uint256,
) -> (markets.Market, int256):
    """
    @notice Trades a part against the venue and spreads what it brings.
    @param _left size of the target afterwards, for the event
    @return what is left for the trader, 0 where it goes elsewhere
    """
    before: int256 = liquidation_math._before_proceeds(_part)
    fill: IVenue.SwapResult = swaps._swap(
        _market,
        unsafe_sub(0, _part.size),
        _limit_price,
        liquidation_math._band_bps(_market.risk, markets.limits_words[_market.id]),
        before,
        _policy & policy_word.FLAG_FORCE_CLOSE_FEES != 0,
    )
    if _policy & policy_word.FLAG_AT_LIQUIDATION_PRICE != 0 and position_math._worth(_part, _market.mark) >= 0:
        if not liquidation_math._is_at_liquidation_price(
            _part.size,
            before,
            fill.notional,
            margin_math._maintenance(fill.notional, _market.risk, _market.extras),
            _policy,
        ):
            reasons._revert(reasons.BEYOND_LIQUIDATION_PRICE)
    outcome: liquidation_math.Outcome = liquidation_math._outcome(_part.size, before, fill, _policy)
    if outcome.residue < min(position_math._worth(_part, _market.mark), 0):
        reasons._revert(reasons.VENUE_TOO_FAR)
    if not (outcome.residue >= 0):
        _market = waterfall._absorb(_market, _part.size, convert(unsafe_sub(0, outcome.residue), uint256), _policy)
    _market = waterfall._credit(_market, unsafe_add(fill.penalty, outcome.fund_share), self)
    if outcome.reward != 0:
        _market = payouts._pay(_market, _keeper, outcome.reward)
    log IClearinghouse.ForceClose(
        market=_market.id,
        keeper=_keeper,
        target=_target,
        size=_part.size,
        left=_left,
        notional=fill.notional,
        mark_price=_market.mark,
        residue=outcome.residue,
        reward=outcome.reward,
        mid_price=fill.mid_after,
    )
    if not (outcome.residue > 0):
        return _market, 0
    residue: uint256 = convert(outcome.residue, uint256)
    destination: uint256 = policy_word._residue(_policy)
    if destination == policy_word.RESIDUE_INSURANCE:
        return waterfall._credit(_market, residue, self), 0
    if destination == policy_word.RESIDUE_TREASURY:
        markets._set_mid(_market.id, _market.risk, fill.mid_after, residue)
        return _market, 0
    return _market, outcome.residue
