# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Cross trading
@notice What holders do with positions that all of their free collateral backs; and what their free collateral must carry when it is
        spent on something else. docs/spec.md section 12.
@dev    `trade` and `check_free` run inside calls of the clearinghouse, under its lock: they take none. `trade` is a selector of the
        clearinghouse itself, so nothing else reaches it here.
"""

from interfaces import IClearinghouse
from interfaces import IVenue

from contracts.lib import margin_math
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import liquidation_prices
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import portfolio
from contracts.modules import positions
from contracts.modules import swaps
from contracts.modules import trade_rules
from contracts.modules import waterfall

uses: accounts
uses: liquidation_prices
uses: markets
uses: payouts
uses: portfolio
uses: positions
uses: swaps
uses: trade_rules
uses: waterfall


# A fee budget that limits nothing.
NO_BUDGET: constant(int256) = 2**126
# Of the notional of all legs, what a withdrawal leaves at least.
WITHDRAWAL_BPS: constant(uint256) = 1_000


@external
@reentrant
def trade(
    _market: uint256,
    _size: int256,
    _margin: int256,
    _limit_price: uint256,
    _deadline: uint256,
    _account: address = msg.sender,
) -> uint256:
    """
    @notice As Clearinghouse.trade, for an account whose positions in the market are cross: `_margin` must be 0, and the rules are those
            of the account.
    @dev The caller has been checked.
    """
    trade_rules._check_order(_size, _deadline)
    if _margin != 0:
        reasons._revert(reasons.MARGIN_OF_A_CROSS_POSITION)
    market: markets.Market = markets._open(_market)
    if market.jumped:
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    others: portfolio.Portfolio = portfolio._of(_account, _market, False)
    if others.jumped:
        # its profit could pay for a loss here
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    old: position_math.Position = positions._load_settled(market, _account)
    before: portfolio.Portfolio = portfolio._with(others, market, old)

    fill: IVenue.SwapResult = swaps._swap(market, _size, _limit_price, 0, NO_BUDGET, True)
    fees: uint256 = unsafe_add(unsafe_add(fill.lp_fee, fill.protocol_fee), fill.penalty)
    market = waterfall._credit(market, fill.penalty, self)
    leg: position_math.Position = position_math.Position(
        size=_size, balance=unsafe_sub(0, convert(fees, int256)), notional=fill.notional, carry=0, flags=0
    )
    new: position_math.Position = position_math._combined(leg, old)
    new.flags |= positions.FLAG_CROSS
    market = positions._changed(market, old.size, new.size)
    notional: uint256 = position_math._notional(new.size, market.mark)
    adds: bool = False
    if new.size != 0:
        adds = trade_rules._check_limits(market, old, new, notional)
    # what the trade changes of the account's equity: all else is moved within it
    change: int256 = unsafe_sub(position_math._worth(new, market.mark), position_math._worth(old, market.mark))
    self._check_account(before, others, market, new, change, adds)
    market = self._finish(market, _account, old, new)
    if market.extras >> market_words.SHOWN_TRIGGER_AT != 0:
        liquidation_prices._announce(market, _account)
    log IClearinghouse.Trade(
        market=_market,
        account=_account,
        size=_size,
        notional=fill.notional,
        fees=fees,
        penalty=fill.penalty,
        mid_price=fill.mid_after,
        free_collateral=accounts._free(_account),
    )
    return fill.notional


@external
@view
@reentrant
def check_free(_account: address):
    """
    @notice What is left of free collateral, balances and losses covers the initial margin of all legs, and a tenth of their notional.
    @dev Reverts "below account margin", "stale price", "price just jumped".
    """
    all: portfolio.Portfolio = portfolio._of(_account, max_value(uint256), False)
    portfolio._check_calm(all)
    needed: uint256 = max(
        all.initial_margin, unsafe_div(unsafe_add(unsafe_mul(all.notional, WITHDRAWAL_BPS), 9_999), 10_000)
    )
    if all.opening < convert(needed, int256):
        reasons._revert(reasons.BELOW_ACCOUNT_MARGIN)


@internal
@pure
def _check_account(
    _before: portfolio.Portfolio,
    _others: portfolio.Portfolio,
    _market: markets.Market,
    _new: position_math.Position,
    _change: int256,
    _adds: bool,
):
    """
    @notice The opening rule of the account when a trade adds risk: profit counts of the same market only. Else its maintenance margin,
            or no worse a ratio than before.
    """
    notional: uint256 = position_math._notional(_new.size, _market.mark)
    if _adds:
        portfolio._check_calm(_others)
        needed: uint256 = unsafe_add(
            _others.initial_margin, margin_math._initial(notional, _market.risk, _market.extras)
        )
        if unsafe_add(_others.opening, position_math._worth(_new, _market.mark)) < convert(needed, int256):
            reasons._revert(reasons.BELOW_INITIAL_MARGIN)
    elif trade_rules._is_worse(
        unsafe_add(_before.equity, _change),
        unsafe_add(_others.maintenance_margin, margin_math._maintenance(notional, _market.risk, _market.extras)),
        _before.equity,
        _before.maintenance_margin,
    ):
        reasons._revert(reasons.BELOW_MAINTENANCE_MARGIN)


@internal
def _finish(
    _market: markets.Market,
    _account: address,
    _old: position_math.Position,
    _settled: position_math.Position,
) -> markets.Market:
    """
    @notice Writes a leg after a trade: its loss is paid out of free collateral, a closed one out of other legs too; what the closed part
            realised of a profit is paid out as far as the pot has it.
    """
    market: markets.Market = _market
    new: position_math.Position = _settled
    if new.size == 0:
        if not (new.balance >= 0):
            missing: uint256 = 0
            market, new, missing = portfolio._fund(market, _account, new, position_math._abs(new.balance))
            if missing != 0:
                reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
        else:
            market = payouts._pay(market, _account, convert(new.balance, uint256))
    else:
        market, new = portfolio._cover(market, _account, new)
        released: int256 = min(
            self._released(_old, new), position_math._worth(new, market.mark)
        )
        if released > 0:
            paid: uint256 = payouts._payable(market, convert(released, uint256))
            market = payouts._pay(market, _account, paid)
            new.balance = unsafe_sub(new.balance, convert(paid, int256))
    positions._write(market, _account, new)
    markets._close(market)
    accounts._set_leg(_account, market.id, new.size != 0)
    return market


@internal
@pure
def _released(_old: position_math.Position, _new: position_math.Position) -> int256:
    """
    @notice What a smaller position holds above its share of the balance before: realised profit less fees, and the closed part's share.
            0 after any other change.
    """
    old: uint256 = position_math._abs(_old.size)
    if position_math._abs(_new.size) >= old or (_old.size < 0) != (_new.size < 0):
        return 0
    kept: position_math.Position = position_math._part(_old, position_math._abs(_new.size))
    return unsafe_sub(_new.balance, kept.balance)
