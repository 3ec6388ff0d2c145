# pragma version 0.4.3
"""
@title  Swaps
@notice The one way a market trades against its venue, for holders and for force closes alike.
@dev    The venue is the market's own contract; during a swap it calls nothing but `market_words`.
"""

from interfaces import IVenue

from contracts.lib import market_words
from contracts.modules import markets

uses: markets


@internal
def _swap(
    _market: markets.Market,
    _size: int256,
    _limit_price: uint256,
    _band_bps: uint256,
    _fee_budget: int256,
    _with_fees: bool,
) -> IVenue.SwapResult:
    """
    @notice Swaps a signed size on the terms of IVenue.SwapOrder; stores the new mid and the protocol fee.
    """
    trading: uint256 = markets.trading_words[_market.id]
    result: IVenue.SwapResult = extcall IVenue(market_words._venue(trading)).swap(
        IVenue.SwapOrder(
            size=_size,
            mark_price=_market.mark,
            funding_index=_market.funding,
            limit_price=_limit_price,
            band_bps=_band_bps,
            fee_budget=_fee_budget,
            trading_word=trading if _with_fees else 0,
            mmr_bps=market_words._mmr_bps(_market.risk),
        )
    )
    markets._set_mid(_market.id, _market.risk, result.mid_after, result.protocol_fee)
    return result
