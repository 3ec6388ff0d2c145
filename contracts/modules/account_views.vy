# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Account views
@notice Reads of cross accounts. docs/spec.md section 12.
"""

from interfaces import IClearinghouse

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
    @notice Unix seconds at which the deficit of a range of the account, or of what deleveraging left of its position, was last absorbed; 0 if
            never, and where the market keeps no previous mark. In that second deleveraging goes by the bankruptcy price.
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
    word: uint256 = 0
    stale: bool = False
    market, word, stale = markets._observe(_market, True)
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
