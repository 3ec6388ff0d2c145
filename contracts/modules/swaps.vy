# pragma version 0.4.3
"""
@title  Swaps
@notice The one way a market trades against its venue, for holders and for force closes alike.
@dev    The venue is the market's own contract and calls nobody during a swap.
"""

from interfaces import IVenue

from contracts.lib import market_words
from contracts.lib import reasons
from contracts.lib import venue_math
from contracts.modules import markets

uses: markets


@internal
def _swap(
    _market: markets.Market, _size: int256, _limit_price: uint256, _fee_bps: uint256, _fee_budget: int256
) -> IVenue.SwapResult:
    """
    @notice Swaps a signed size.
    @param _limit_price WAD, worst average price; 0 is none
    @param _fee_budget what the trader has apart from the notional: the fee to the liquidity takes at most the rest
    """
    result: IVenue.SwapResult = extcall IVenue(market_words._venue(markets.trading_words[_market.id])).swap(
        IVenue.SwapOrder(
            size=_size,
            mark_price=_market.mark,
            funding_index=_market.funding,
            fee_bps=_fee_bps,
            fee_budget=_fee_budget,
        )
    )
    if not venue_math._within_limit(_size, result.notional, _limit_price):
        reasons._revert(reasons.PRICE_LIMIT)
    return result
