# pragma version 0.4.3
"""
@title  Liquidation math
@notice How much of a position a liquidation takes, and how the proceeds of a force close are split. Pure: the clearinghouse
        acts on it, the engine's previews show it. docs/spec.md sections 9 and 10.
"""

from interfaces import IVenue

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import venue_math


# What a force close leaves.
struct Outcome:
    notional: uint256
    mid_price: uint256  # of the venue, after
    gross: int256  # before any fee; below zero it is the deficit
    lp_fee: uint256
    protocol_fee: uint256
    penalty: uint256
    reward: uint256  # the keeper's share of the liquidation fee
    fund_share: uint256  # the rest of the liquidation fee
    residue: int256  # what remains, or the deficit


WAD: constant(uint256) = 10**18


@internal
@pure
def _is_slice(_whole: uint256, _size: uint256, _min_slice_bps: uint256) -> bool:
    return unsafe_mul(_size, 10_000) >= unsafe_mul(_whole, _min_slice_bps)


@internal
@pure
def _without_dust(_whole: uint256, _size: uint256, _mark: uint256, _min_notional: uint256) -> uint256:
    """
    @notice The size, or all when the rest would be below the minimum notional.
    """
    if fixed_point._mul_div_up(unsafe_sub(_whole, _size), _mark, WAD) < _min_notional:
        return _whole
    return _size


@internal
@pure
def _before_proceeds(_part: position_math.Position) -> int256:
    """
    @notice What a settled part has without the notional of its closing trade: balance, less entry notional (long) or plus it
            (short).
    """
    return self._with_notional(_part.balance, unsafe_sub(0, _part.size), _part.notional)


@internal
@pure
def _with_notional(_balance: int256, _sold: int256, _notional: uint256) -> int256:
    """
    @notice A balance after a size was sold for a notional; a negative size was bought.
    """
    if _sold > 0:
        return unsafe_add(_balance, convert(_notional, int256))
    return unsafe_sub(_balance, convert(_notional, int256))


@internal
@pure
def _outcome(
    _size: int256,
    _before: int256,
    _result: IVenue.SwapResult,
    _mark: uint256,
    _risk: uint256,
    _trading: uint256,
    _limits: uint256,
    _policy: uint256,
) -> Outcome:
    """
    @notice Splits what a closing trade leaves: LP fee, protocol fee, penalty, liquidation fee, each at most what is left, so that
            fees never make a deficit.
    @param _size of the part, signed
    """
    outcome: Outcome = empty(Outcome)
    outcome.notional = _result.notional
    outcome.mid_price = _result.mid_after
    outcome.gross = self._with_notional(_before, _size, _result.notional)
    outcome.residue = outcome.gross
    if outcome.gross <= 0:
        return outcome
    left: uint256 = convert(outcome.gross, uint256) - _result.fee
    outcome.lp_fee = _result.fee
    if _policy & policy_word.FLAG_FORCE_CLOSE_FEES != 0:
        outcome.protocol_fee = min(
            left, fixed_point._bps_up(_result.notional, market_words._protocol_fee_bps(_trading))
        )
        left = unsafe_sub(left, outcome.protocol_fee)
        outcome.penalty = min(
            left,
            venue_math._penalty(
                _limits,
                market_words._mmr_bps(_risk),
                venue_math._grown_deviation(_result, _mark),
                _result.notional,
            ),
        )
        left = unsafe_sub(left, outcome.penalty)
    fee: uint256 = min(left, unsafe_div(unsafe_mul(_result.notional, policy_word._liquidation_fee_bps(_policy)), 10_000))
    if fee != 0:
        outcome.reward = unsafe_div(unsafe_mul(fee, policy_word._reward_share_bps(_policy)), 10_000)
        outcome.fund_share = unsafe_sub(fee, outcome.reward)
        left = unsafe_sub(left, fee)
    outcome.residue = convert(left, int256)
    return outcome


@internal
@pure
def _is_fair(
    _size: int256, _outcome_: Outcome, _equity_at_mark: int256, _mark: uint256, _risk: uint256, _limits: uint256
) -> bool:
    """
    @notice Whether a close against the venue neither enlarges a deficit nor costs the target more than the band, which by
            default is a fifth of MMR.
    """
    if _outcome_.gross < min(_equity_at_mark, 0):
        return False
    band: uint256 = market_words._force_close_band_bps(_limits)
    if band == 0:
        band = unsafe_div(market_words._mmr_bps(_risk), 5)
    return venue_math._within_band(unsafe_sub(0, _size), _outcome_.notional, _mark, band)
