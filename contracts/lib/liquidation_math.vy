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
from contracts.lib import reasons


# What a force close leaves after the venue's fees.
struct Outcome:
    reward: uint256  # the keeper's share of the liquidation fee
    fund_share: uint256  # the rest of the liquidation fee
    residue: int256  # what remains, or the deficit


WAD: constant(uint256) = 10**18
# More than any pot holds.
MAX_MARGIN: constant(uint256) = 2**104


@internal
@pure
def _check_margin(_margin: uint256):
    """
    @notice What a liquidator brings is a sum that exists.
    """
    if _margin > MAX_MARGIN:
        reasons._revert(reasons.AMOUNT_TOO_LARGE)


@internal
@pure
def _slice(_whole: uint256, _size: uint256, _mark: uint256, _min_slice_bps: uint256, _min_notional: uint256) -> uint256:
    """
    @notice How much of a target goes: what was asked, or all if the rest would be below the minimum notional.
    @param _size max_value(uint256) is all
    """
    if _size == max_value(uint256) or _size == _whole:
        return _whole
    if _size == 0:
        reasons._revert(reasons.ZERO_SIZE)
    if _size > _whole:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    if unsafe_mul(_size, 10_000) < unsafe_mul(_whole, _min_slice_bps):
        reasons._revert(reasons.SLICE_TOO_SMALL)
    if fixed_point._mul_div_up(unsafe_sub(_whole, _size), _mark, WAD) < _min_notional:
        return _whole
    return _size


@internal
@pure
def _chunk(_whole: uint256, _notional: uint256, _policy: uint256) -> uint256:
    """
    @notice The size that goes at once of a large position, rounded up; 0 if it is not large.
    @param _notional of the whole at mark
    """
    large: uint256 = market_words._amount(policy_word._large_notional_packed(_policy))
    if large == 0 or _notional <= large:
        return 0
    return fixed_point._bps_up(_whole, policy_word._chunk_bps(_policy))


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
def _outcome(_size: int256, _before: int256, _result: IVenue.SwapResult, _policy: uint256) -> Outcome:
    """
    @notice Splits what a closing trade leaves after the venue's fees: the liquidation fee, at most what is left, and the residue.
    @param _size of the part, signed
    @param _before what the part had without the notional
    """
    left: int256 = unsafe_sub(
        self._with_notional(_before, _size, _result.notional),
        convert(unsafe_add(unsafe_add(_result.lp_fee, _result.protocol_fee), _result.penalty), int256),
    )
    fee: uint256 = min(
        convert(max(left, 0), uint256),
        unsafe_div(unsafe_mul(_result.notional, policy_word._liquidation_fee_bps(_policy)), 10_000),
    )
    reward: uint256 = unsafe_div(unsafe_mul(fee, policy_word._reward_share_bps(_policy)), 10_000)
    return Outcome(
        reward=reward, fund_share=unsafe_sub(fee, reward), residue=unsafe_sub(left, convert(fee, int256))
    )


@internal
@pure
def _is_at_liquidation_price(
    _size: int256, _before: int256, _notional: uint256, _margin: uint256, _policy: uint256
) -> bool:
    """
    @notice Whether a closing trade brings what its part had at its liquidation price, or more: equity >= trigger * MM, both at the average
            price, before fees.
    @param _before what the part had without the notional
    @param _margin maintenance margin of that notional
    """
    return not position_math._is_below(
        self._with_notional(_before, _size, _notional), _margin, policy_word._trigger_bps(_policy)
    )


@internal
@pure
def _band_bps(_risk: uint256, _limits: uint256) -> uint256:
    """
    @notice How much worse than mark a force close may be: a fifth of MMR unless set, at least one basis point.
    """
    band: uint256 = market_words._force_close_band_bps(_limits)
    if band == 0:
        band = unsafe_div(market_words._mmr_bps(_risk), 5)
    return max(band, 1)
