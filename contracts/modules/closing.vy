# pragma version 0.4.3
"""
@title  Closing
@notice The end of every change that somebody makes to a position of its own: margin comes in, a position that ended pays out what is
        left, and the market is written back.
"""

from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets
from contracts.modules import payouts

uses: markets
uses: payouts


@internal
def _pay_in(_market: markets.Market, _account: address, _position: position_math.Position, _margin: int256):
    """
    @notice Settles an account's margin with its position after the change.
    @param _position as it was stored; its balance holds `_margin` already
    @param _margin WAD from free collateral, negative the other way
    @dev Reverts "close leaves a deficit", "insufficient collateral".
    """
    incoming: int256 = _margin
    if _position.size == 0:
        if not (_position.balance >= 0):
            reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
        incoming = unsafe_sub(incoming, _position.balance)
    markets._close(payouts._move(_market, _account, incoming))
