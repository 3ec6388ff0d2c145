# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Account views
@notice Reads of cross accounts, and the liquidation price that a market announces. docs/spec.md section 12.
"""

from interfaces import IClearinghouse

from contracts.lib import health_math
from contracts.lib import market_words
from contracts.lib import outflow_limit
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import portfolio
from contracts.modules import positions

uses: accounts
uses: markets
uses: portfolio
uses: positions


@external
@view
def account_state(_account: address) -> IClearinghouse.AccountState:
    """
    @notice Free collateral and cross positions of an account together, as a transaction in this block would find them.
    """
    all: portfolio.Portfolio = portfolio._of(_account, max_value(uint256), False)
    return IClearinghouse.AccountState(
        equity=all.equity,
        full_equity=all.full_equity,
        opening=all.opening,
        initial_margin=all.initial_margin,
        maintenance_margin=all.maintenance_margin,
        notional=all.notional,
        lacking=all.lacking,
        stale=all.stale,
        jumped=all.jumped,
    )


@external
@view
def made_good(_market: uint256, _account: address) -> uint256:
    """
    @notice Unix seconds at which the deficit of a range of the account was last absorbed, 0 if never; noted only where the market keeps the
            previous mark. In that second deleveraging goes by the bankruptcy price.
    """
    return positions.made_good[positions._key(_market, _account)]


@external
@view
def outflow_room() -> uint256:
    """
    @notice WAD that may leave the clearinghouse now, of all accounts together; max_value(uint256) without a limit.
    """
    word: uint256 = accounts.outflow
    if word == 0:
        return max_value(uint256)
    return convert(
        max(convert(outflow_limit._limit(word), int256) - outflow_limit._level(word, block.timestamp), 0), uint256
    )


@external
@view
def detached(_market: uint256, _account: address, _size: uint256) -> IClearinghouse.Position:
    """
    @notice The part of a settled position that a liquidation would take, with what a cross account gives along, before any deficit is
            absorbed.
    @param _size WAD; all of the position if it is more
    @dev Reverts "stale price", "market is settling", "no position", and what the oracle reverts.
    """
    market: markets.Market = empty(markets.Market)
    stale: bool = False
    market, stale = self._seen(_market)
    if stale:
        reasons._revert(reasons.STALE_PRICE)
    if market.flags & markets.SETTLING != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    target: position_math.Position = positions._settled(market, positions._load(_market, _account))
    if target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    part: position_math.Position = position_math._part(
        target, min(_size, position_math._abs(target.size))
    )
    if target.flags & positions.FLAG_CROSS != 0:
        all: portfolio.Portfolio = portfolio._with(portfolio._of(_account, _market, True), market, target)
        plan: portfolio.Plan = portfolio._plan(market, _account, all, target, part)
        part.balance = unsafe_add(part.balance, portfolio._moved(plan))
    return IClearinghouse.Position(
        size=part.size,
        balance=part.balance,
        entry_notional=part.notional,
        entry_carry=part.carry,
        cross=part.flags & positions.FLAG_CROSS != 0,
        topups=part.flags >> 1,
    )


@external
@reentrant
def announce(_market: uint256, _account: address):
    """
    @notice Logs where a position may be liquidated, by the trigger that the market shows. Anyone; a trade in such a market does it.
    """
    market: markets.Market = empty(markets.Market)
    stale: bool = False
    market, stale = self._seen(_market)
    trigger_bps: uint256 = market_words._shown_trigger_bps(market.extras)
    position: position_math.Position = positions._settled(market, positions._load(_market, _account))
    if position.size != 0 and position.flags & positions.FLAG_CROSS != 0:
        position.balance = unsafe_add(
            position.balance, self._spare(portfolio._of(_account, _market, False), trigger_bps)
        )
    log IClearinghouse.LiquidationPrice(
        market=_market,
        account=_account,
        size=position.size,
        mark_price=market.mark,
        liquidation_price=health_math._liquidation_price(
            position, position.carry, trigger_bps, market.risk, market.extras
        ),
    )


@external
@view
def spare(_account: address, _except: uint256, _trigger_bps: uint256) -> int256:
    """
    @notice What an account has above the trigger with its leg in one market left out: it backs that leg like margin of its own.
    """
    return self._spare(portfolio._of(_account, _except, False), _trigger_bps)


@internal
@pure
def _spare(_others: portfolio.Portfolio, _trigger_bps: uint256) -> int256:
    """
    @notice Rounded down.
    """
    needed: uint256 = unsafe_div(
        unsafe_add(unsafe_mul(_others.maintenance_margin, _trigger_bps), 9_999), 10_000
    )
    return unsafe_sub(_others.equity, convert(needed, int256))


@internal
@view
def _seen(_market: uint256) -> (markets.Market, bool):
    """
    @notice A market as it stands, nothing stored, and whether its price is stale. An oracle that fails is as good as a stale one, and
            no account hides behind it: the mark of the last touch counts.
    """
    market: markets.Market = empty(markets.Market)
    word: uint256 = 0
    stale: bool = False
    market, word, stale = markets._observe(_market, True)
    return market, stale
