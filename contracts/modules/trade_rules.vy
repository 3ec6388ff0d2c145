# pragma version 0.4.3
"""
@title  Trade rules
@notice What a trade must meet whatever margin backs it: amounts, minimum and maximum sizes, the cap on open interest, and a market that
        is open to new risk. docs/spec.md section 6.
"""

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets

uses: markets


@internal
@view
def _check_order(_size: int256, _deadline: uint256):
    if not (_deadline == 0 or block.timestamp <= _deadline):
        reasons._revert(reasons.DEADLINE_PASSED)
    if _size == 0:
        reasons._revert(reasons.ZERO_SIZE)
    if position_math._abs(_size) > markets.MAX_SIZE:
        reasons._revert(reasons.SIZE_TOO_LARGE)


@internal
@pure
def _check_amount(_margin: int256):
    """
    @notice No margin is larger than a pot: what follows is unchecked.
    """
    if position_math._abs(_margin) > markets.MASK_104:
        reasons._revert(reasons.AMOUNT_TOO_LARGE)


@internal
@view
def _check_limits(
    _market: markets.Market, _old: position_math.Position, _new: position_math.Position, _notional: uint256
) -> bool:
    """
    @notice Whether a trade that leaves a position adds risk: then more than the margin is asked of it.
    @param _notional of the new position at mark
    """
    trading: uint256 = markets.trading_words[_market.id]
    if _notional < market_words._min_notional(trading):
        reasons._revert(reasons.BELOW_MINIMUM_NOTIONAL)
    new_size: uint256 = position_math._abs(_new.size)
    if new_size <= position_math._abs(_old.size) and (_old.size < 0) == (_new.size < 0):
        return False
    if not markets._is_open(_market.flags):
        reasons._revert(reasons.MARKET_IS_REDUCE_ONLY)
    if new_size > markets.MAX_SIZE:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    if max(_notional, _new.notional) > markets.MAX_NOTIONAL:
        reasons._revert(reasons.NOTIONAL_TOO_LARGE)
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._sides_after(_market)
    cap: uint256 = market_words._max_open_interest(trading)
    if cap != 0 and fixed_point._mul_div_up(max(long, short), _market.mark, 10**18) > cap:
        reasons._revert(reasons.OPEN_INTEREST_CAP)
    return True


@internal
@pure
def _is_worse(_equity: int256, _margin: uint256, _old_equity: int256, _old_margin: uint256) -> bool:
    """
    @notice Whether a reduced account is below maintenance margin and further below than it was: equity / margin, cross-multiplied.
    """
    margin: int256 = convert(_margin, int256)
    if _equity >= margin:
        return False
    return unsafe_mul(_equity, convert(_old_margin, int256)) < unsafe_mul(_old_equity, margin)
