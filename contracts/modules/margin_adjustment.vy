# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Margin adjustment
@notice Margin in and out of isolated positions. docs/spec.md section 5.
"""

from interfaces import IClearinghouse

from contracts.lib import margin_math
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import trade_rules

uses: accounts
uses: markets
uses: payouts
uses: positions


@external
def adjust_margin(_market: uint256, _delta: int256, _account: address = msg.sender):
    """
    @notice Moves margin into (positive) or out of (negative) an isolated position.
    @dev A top-up needs no price: it works whatever the oracle does. One of at least MM of the entry notional voids older liquidation
         records; a smaller one that saves the position leaves that to `call_margin`. Taking margin out needs a fresh, unjumped price and
         the opening rule after. Reverts: docs/errors.md, "In which order".
    """
    accounts._check_operator(_account)
    if _delta == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    trade_rules._check_amount(_delta)
    market: markets.Market = markets._read(_market)
    position: position_math.Position = positions._load(_market, _account)
    if position.size == 0:
        reasons._revert(reasons.NO_POSITION)
    if position.flags & positions.FLAG_CROSS != 0:
        reasons._revert(reasons.CROSS_POSITION)
    # what went in now would be part of a claim, which may be cut
    if market.flags & markets.SETTLING != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    if not (_delta >= 0):
        market = markets._open(_market)
        if market.jumped:
            reasons._revert(reasons.PRICE_JUST_JUMPED)
        position = positions._load_settled(market, _account)
    position.balance = unsafe_add(position.balance, _delta)
    if not (_delta >= 0):
        positions._check_opening(market, position)
    elif convert(_delta, uint256) >= margin_math._maintenance(position.notional, market.risk, market.extras):
        # liquidation records made before so large a top-up are void
        position.flags = position.flags & positions.FLAG_CROSS | unsafe_add(position.flags, positions.TOPUP_UNIT) & 254
    market = payouts._move(market, _account, _delta)
    markets._close(market)
    positions._store(_market, _account, position)
    log IClearinghouse.MarginAdjusted(
        market=_market, account=_account, delta=_delta, free_collateral=accounts._free(_account)
    )
