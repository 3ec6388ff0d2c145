# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Margin modes
@notice In which markets an account backs its positions by all of its free collateral. docs/spec.md section 12.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import positions

uses: accounts
uses: markets
uses: positions


@external
def set_margin_mode(_market: uint256, _cross: bool):
    """
    @notice Makes the caller's next positions in a market cross, or isolated. Only while it has none there.
    @dev Reverts "unknown market", "market is settling", "too many cross markets" past the first 16 markets of a clearinghouse, "isolated
         only", "margin mode unchanged", "position is open".
    """
    risk: uint256 = markets._risk(_market)
    if risk & market_words.FLAG_SETTLING != 0:
        # a claim goes on backing the account's other legs
        reasons._revert(reasons.MARKET_IS_SETTLING)
    if _market >= accounts.MAX_LEGS:
        reasons._revert(reasons.TOO_MANY_CROSS_MARKETS)
    if _cross and risk & market_words.FLAG_CROSS_MARGIN == 0:
        reasons._revert(reasons.ISOLATED_ONLY)
    if accounts._is_cross(msg.sender, _market) == _cross:
        reasons._revert(reasons.MARGIN_MODE_UNCHANGED)
    position: position_math.Position = positions._load(_market, msg.sender)
    if position.size != 0 or position.balance != 0:
        reasons._revert(reasons.POSITION_IS_OPEN)
    accounts._set_leg(msg.sender, _market, False)
    accounts._flip_mode(msg.sender, _market)
    log IClearinghouse.MarginModeSet(market=_market, account=msg.sender, cross=_cross)
