# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Liquidation prices
@notice Where a position may be liquidated, as its market shows it: with every trade, and whenever somebody asks. docs/spec.md sections 12
        and 16.
"""

from interfaces import IClearinghouse

from contracts.lib import health_math
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.modules import markets
from contracts.modules import portfolio
from contracts.modules import positions

uses: markets
uses: portfolio
uses: positions


@external
@reentrant
def announce(_market: uint256, _account: address):
    """
    @notice Logs where a position may be liquidated, by the trigger that the market shows. Anyone; a trade in such a market does it.
    @dev An oracle that fails is as good as a stale one, and no account hides behind it: the mark of the last touch counts. Reverts "unknown
         market", "price out of bounds", "future price".
    """
    market: markets.Market = empty(markets.Market)
    word: uint256 = 0
    stale: bool = False
    market, word, stale = markets._observe(_market, True)
    self._announce(market, _account)


@external
@view
def spare(_account: address, _except: uint256, _trigger_bps: uint256) -> int256:
    """
    @notice What an account has above the trigger with its leg in one market left out: it backs that leg like margin of its own.
    """
    return self._spare(portfolio._of(_account, _except, False), _trigger_bps)


@internal
def _announce(_market: markets.Market, _account: address):
    trigger_bps: uint256 = market_words._shown_trigger_bps(_market.extras)
    position: position_math.Position = positions._settled(_market, positions._load(_market.id, _account))
    if position.size != 0 and position.flags & positions.FLAG_CROSS != 0:
        position.balance = unsafe_add(
            position.balance, self._spare(portfolio._of(_account, _market.id, False), trigger_bps)
        )
    log IClearinghouse.LiquidationPrice(
        market=_market.id,
        account=_account,
        size=position.size,
        mark_price=_market.mark,
        liquidation_price=health_math._liquidation_price(
            position, position.carry, trigger_bps, _market.risk, _market.extras
        ),
    )


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
