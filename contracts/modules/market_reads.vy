# pragma version 0.4.3
"""
@title  Market reads
@notice A market and its positions as seen from outside the clearinghouse, accrued to this moment.
"""

from interfaces import IClearinghouse

from contracts.lib import margin_math
from contracts.lib import market_words
from contracts.lib import position_math


# As in modules/positions of the clearinghouse.
CROSS: constant(uint256) = 1


# A market and where it was read.
struct View:
    clearinghouse: address
    market: uint256
    risk: uint256  # words of lib/market_words
    trading: uint256
    limits: uint256
    extras: uint256
    state: IClearinghouse.MarketState


@internal
@view
def _view(_clearinghouse: IClearinghouse, _market: uint256) -> View:
    """
    @dev Reverts "unknown market", and what the oracle reverts.
    """
    view: View = empty(View)
    view.clearinghouse = _clearinghouse.address
    view.market = _market
    view.risk, view.trading, view.limits = staticcall _clearinghouse.market_words(_market)
    if view.risk & market_words.FLAG_EXTRAS != 0:
        view.extras = staticcall _clearinghouse.extras_word(_market)
    view.state = staticcall _clearinghouse.market_state(_market)
    return view


@internal
@pure
def _carry_index(_state: IClearinghouse.MarketState, _size: int256) -> int256:
    """
    @notice Carry index of the side a size is on, RAY.
    """
    borrow: int256 = convert(_state.borrow_index, int256)
    if _size < 0:
        return convert(_state.short_social_loss_index, int256) + borrow - _state.funding_index
    return convert(_state.long_social_loss_index, int256) + borrow + _state.funding_index


@internal
@view
def _stored(_clearinghouse: IClearinghouse, _market: uint256, _account: address) -> position_math.Position:
    """
    @notice An account's position as recorded.
    """
    stored: IClearinghouse.Position = staticcall _clearinghouse.position(_market, _account)
    return position_math.Position(
        size=stored.size,
        balance=stored.balance,
        notional=stored.entry_notional,
        carry=stored.entry_carry,
        flags=stored.topups << 1 | convert(stored.cross, uint256),
    )


@internal
@view
def _settled(_view_: View, _account: address) -> position_math.Position:
    """
    @notice An account's position with its carry paid.
    """
    stored: position_math.Position = self._stored(IClearinghouse(_view_.clearinghouse), _view_.market, _account)
    return position_math._settled(stored, self._carry_index(_view_.state, stored.size))


@internal
@view
def _standing(_view_: View, _account: address, _position: position_math.Position) -> (int256, uint256):
    """
    @notice Equity and maintenance margin that decide the stage of an account: of its position, or of all its cross positions.
    @param _position settled
    """
    if _position.flags & CROSS != 0:
        all: IClearinghouse.AccountState = staticcall IClearinghouse(_view_.clearinghouse).account_state(_account)
        # bankrupt only with all its profits counted
        if all.full_equity >= 0:
            all.equity = max(all.equity, 0)
        return all.equity, all.maintenance_margin
    mark: uint256 = _view_.state.mark_price
    return position_math._worth(_position, mark), margin_math._maintenance(
        position_math._notional(_position.size, mark), _view_.risk, _view_.extras
    )
