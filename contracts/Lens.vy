# pragma version 0.4.3
# pragma optimize gas
"""
@title  Lens
@license MIT
@notice Health of accounts and balance sheets of markets, in one call each. Everything is as a transaction in this block would
        find it: accrued up to now, by the same formulas, with the same rounding.
@custom:security Reads only. The backstop vault believes the one it was built with when it says what positions are worth. Nothing
        else in the protocol asks it: everybody else can use a new one at any time.
@custom:kill Nothing to disable.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import IClearinghouse
from interfaces import ILens
from interfaces import ILiquidationEngine
from interfaces import IOysterAmm
# Stages and prices at which they begin.
from contracts.lib import health_math
# What a notional needs.
from contracts.lib import margin_math
# Parameters of a market.
from contracts.lib import market_words
# Ratios of its policy.
from contracts.lib import policy_word
# What a position is worth.
from contracts.lib import position_math
# What auto-deleveraging would do.
from contracts.modules import deleveraging_reads
# Markets and positions as read from outside.
from contracts.modules import market_reads

implements: ILens

initializes: deleveraging_reads

exports: (deleveraging_reads.adl_terms, deleveraging_reads.adl_queue, deleveraging_reads.adl_counterparties)


interface Custody:
    def collateral() -> address: view


# A market while one call looks at it.
struct View:
    market: uint256
    mark_price: uint256
    stale: bool
    long_carry: int256
    short_carry: int256
    risk: uint256
    extras: uint256
    policy: uint256


MAX_ACCOUNTS: constant(uint256) = 500
MAX_RANGES: constant(uint256) = 100
MAX_MARKETS: constant(uint256) = 1_024

# Where positions are.
CLEARINGHOUSE: public(immutable(IClearinghouse))

# Where policies and records of margin calls are.
ENGINE: public(immutable(ILiquidationEngine))

# The one token of the clearinghouse.
COLLATERAL: public(immutable(IERC20))

# WAD per smallest unit of it.
SCALE: immutable(uint256)


@deploy
def __init__(_clearinghouse: address, _engine: address):
    CLEARINGHOUSE = IClearinghouse(_clearinghouse)
    ENGINE = ILiquidationEngine(_engine)
    token: address = staticcall Custody(_clearinghouse).collateral()
    COLLATERAL = IERC20(token)
    deleveraging_reads.__init__(_clearinghouse, _engine)
    SCALE = 10 ** (18 - convert(staticcall IERC20Detailed(token).decimals(), uint256))


@external
@view
def health(_market: uint256, _account: address) -> ILens.Health:
    """
    @notice Stage of an account in a market, and every number behind it.
    @dev Reverts what `market_state` of the clearinghouse reverts.
    """
    return self._health(self._view(_market), _account)


@external
@view
def healths(_market: uint256, _accounts: DynArray[address, MAX_ACCOUNTS]) -> DynArray[ILens.Health, MAX_ACCOUNTS]:
    """
    @notice Health of many accounts, in their order.
    """
    market: View = self._view(_market)
    found: DynArray[ILens.Health, MAX_ACCOUNTS] = []
    for account: address in _accounts:
        found.append(self._health(market, account))
    return found


@external
@view
def liquidation_price(_market: uint256, _account: address) -> uint256:
    """
    @notice Where the position is still safe and beyond which it may be liquidated, with carry to date. 0: a long that never
            may be, a short that may be at every price, or no position.
    """
    market: View = self._view(_market)
    position: position_math.Position = self._backed(market, _account, policy_word._trigger_bps(market.policy))
    return self._liquidation_price(market, position)


@external
@view
def bankruptcy_price(_market: uint256, _account: address) -> uint256:
    """
    @notice The last price at which the position has no deficit, with carry to date. 0: a long that never has one, a short
            that has one at every price, or no position.
    """
    market: View = self._view(_market)
    position: position_math.Position = self._backed(market, _account, 0)
    return health_math._bankruptcy_price(position, self._carry_index(market, position.size))


@external
@view
def solvency(
    _market: uint256,
    _accounts: DynArray[address, MAX_ACCOUNTS],
    _ranges: DynArray[ILens.RangeKey, MAX_RANGES] = [],
) -> ILens.Solvency:
    """
    @notice A market's pot against all claims on it. Sums of several calls may be added where one list is too short.
    @param _accounts strictly ascending, so that none counts twice
    @param _ranges ascending by provider, then lower, then upper edge
    @dev Reverts "accounts must ascend", "ranges must ascend".
    """
    state: IClearinghouse.MarketState = staticcall CLEARINGHOUSE.market_state(_market)
    market: View = self._view_of(_market, state)
    sheet: ILens.Solvency = empty(ILens.Solvency)
    sheet.mark_price = state.mark_price
    sheet.pot = state.pot
    sheet.unallocated_loss = state.unallocated_loss
    sheet.insurance_fund = state.insurance_fund
    sheet.protocol_fees = state.protocol_fees + state.borrow_fees
    sheet.owed_total = state.owed_total
    sheet.missing_long = state.total_long
    sheet.missing_short = state.total_short
    last: uint256 = 0
    for account: address in _accounts:
        assert convert(account, uint256) > last, "accounts must ascend"
        last = convert(account, uint256)
        position: position_math.Position = self._position(_market, account)
        if position.size > 0:
            sheet.missing_long -= convert(position.size, uint256)
        elif position.size < 0:
            sheet.missing_short -= convert(-position.size, uint256)
        sheet.account_equity += position_math._equity(
            position, self._carry_index(market, position.size), market.mark_price
        )
    margin: uint256 = 0
    sheet.range_equity, margin = self._ranges(market, _ranges)
    sheet.missing_margin = convert(state.lp_margin, int256) - convert(margin, int256)
    sheet.dust = (
        convert(sheet.pot + sheet.unallocated_loss, int256)
        - convert(sheet.insurance_fund + sheet.protocol_fees + sheet.owed_total, int256)
        - sheet.account_equity
        - sheet.range_equity
    )
    return sheet


@external
@view
def assets(_accounts: DynArray[address, MAX_ACCOUNTS]) -> ILens.Assets:
    """
    @notice The tokens of the clearinghouse against free collateral and pots.
    @param _accounts strictly ascending, so that none counts twice
    @dev Reverts "accounts must ascend".
    """
    sheet: ILens.Assets = empty(ILens.Assets)
    sheet.assets = staticcall COLLATERAL.balanceOf(CLEARINGHOUSE.address) * SCALE
    last: uint256 = 0
    for account: address in _accounts:
        assert convert(account, uint256) > last, "accounts must ascend"
        last = convert(account, uint256)
        sheet.free_collateral += staticcall CLEARINGHOUSE.free_collateral(account)
    for market: uint256 in range(staticcall CLEARINGHOUSE.market_count(), bound=MAX_MARKETS):
        sheet.pots += staticcall CLEARINGHOUSE.pot(market)
    sheet.unassigned = convert(sheet.assets, int256) - convert(sheet.free_collateral + sheet.pots, int256)
    return sheet


# ---- parts


@internal
@view
def _view(_market: uint256) -> View:
    return self._view_of(_market, staticcall CLEARINGHOUSE.market_state(_market))


@internal
@view
def _view_of(_market: uint256, _state: IClearinghouse.MarketState) -> View:
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall CLEARINGHOUSE.market_words(_market)
    return View(
        market=_market,
        mark_price=_state.mark_price,
        stale=_state.stale,
        long_carry=market_reads._carry_index(_state, 1),
        short_carry=market_reads._carry_index(_state, -1),
        risk=risk,
        extras=staticcall CLEARINGHOUSE.extras_word(_market),
        policy=staticcall ENGINE.policy(_market),
    )


@internal
@pure
def _carry_index(_market: View, _size: int256) -> int256:
    return _market.short_carry if _size < 0 else _market.long_carry


@internal
@view
def _position(_market: uint256, _account: address) -> position_math.Position:
    return market_reads._stored(CLEARINGHOUSE, _market, _account)


@internal
@view
def _health(_market: View, _account: address) -> ILens.Health:
    found: ILens.Health = empty(ILens.Health)
    found.mark_price = _market.mark_price
    found.stale = _market.stale
    found.owed = staticcall CLEARINGHOUSE.owed(_market.market, _account)
    found.free_collateral = staticcall CLEARINGHOUSE.free_collateral(_account)
    position: position_math.Position = self._position(_market.market, _account)
    if position.size == 0:
        # what auto-deleveraging left
        found.balance = position.balance
        found.equity = position.balance
        return found
    carry_index: int256 = self._carry_index(_market, position.size)
    trigger_bps: uint256 = policy_word._trigger_bps(_market.policy)
    found.size = position.size
    found.balance = position.balance
    found.entry_notional = position.notional
    found.pnl = position_math._pnl(position, carry_index, _market.mark_price)
    found.equity = position.balance + found.pnl
    found.carry = position_math._carry_charge(position.size, position.carry, carry_index)
    found.notional = position_math._notional(position.size, _market.mark_price)
    found.initial_margin = margin_math._initial(found.notional, _market.risk, _market.extras)
    found.maintenance_margin = margin_math._maintenance(found.notional, _market.risk, _market.extras)
    found.cross = position.flags & market_reads.CROSS != 0
    if found.cross:
        all: IClearinghouse.AccountState = staticcall CLEARINGHOUSE.account_state(_account)
        found.initial_margin = all.initial_margin
        found.maintenance_margin = all.maintenance_margin
        found.equity = all.equity
        if all.full_equity >= 0:
            # a profit at a stale price counts for nothing, but nobody is bankrupt for want of it
            found.equity = max(all.equity, 0)
    found.stage = health_math._stage(
        found.equity,
        found.maintenance_margin,
        trigger_bps,
        policy_word._backstop_bps(_market.policy),
        policy_word._margin_call_bps(_market.policy),
    )
    found.liquidation_price = self._liquidation_price(
        _market, self._backed(_market, _account, trigger_bps)
    )
    found.bankruptcy_price = health_math._bankruptcy_price(self._backed(_market, _account, 0), carry_index)
    found.liquidatable_since = staticcall ENGINE.liquidatable_since(_market.market, _account)
    return found


@internal
@view
def _backed(_market: View, _account: address, _trigger_bps: uint256) -> position_math.Position:
    """
    @notice A position with what backs it: of a cross account all that the other legs do not need at a trigger.
    """
    position: position_math.Position = self._position(_market.market, _account)
    if position.flags & market_reads.CROSS != 0:
        position.balance += staticcall CLEARINGHOUSE.spare(_account, _market.market, _trigger_bps)
    return position


@internal
@pure
def _liquidation_price(_market: View, _position: position_math.Position) -> uint256:
    return health_math._liquidation_price(
        _position,
        self._carry_index(_market, _position.size),
        policy_word._trigger_bps(_market.policy),
        _market.risk,
        _market.extras,
    )


@internal
@view
def _ranges(_market: View, _ranges: DynArray[ILens.RangeKey, MAX_RANGES]) -> (int256, uint256):
    """
    @notice Sum of the equities of ranges at their real inventory, and of their margins.
    """
    equity: int256 = 0
    margin: uint256 = 0
    if len(_ranges) == 0:
        return equity, margin
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall CLEARINGHOUSE.market_words(_market.market)
    venue: IOysterAmm = IOysterAmm(market_words._venue(trading))
    last: ILens.RangeKey = empty(ILens.RangeKey)
    for key: ILens.RangeKey in _ranges:
        assert self._ascend(last, key), "ranges must ascend"
        last = key
        held: IOysterAmm.RangeState = staticcall venue.range_of(key.provider, key.lower, key.upper)
        margin += held.margin
        equity += held.balance + position_math._price_pnl(held.size, held.entry_notional, _market.mark_price)
    return equity, margin


@internal
@pure
def _ascend(_a: ILens.RangeKey, _b: ILens.RangeKey) -> bool:
    if _a.provider != _b.provider:
        return convert(_a.provider, uint256) < convert(_b.provider, uint256)
    if _a.lower != _b.lower:
        return _a.lower < _b.lower
    return _a.upper < _b.upper
