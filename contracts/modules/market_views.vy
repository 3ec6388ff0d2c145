# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Market views
@notice Reads of markets and positions, accrued to this moment exactly as a transaction would accrue them. Locked while a
        call is under way, so nobody reads a half-written state.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words as words
from contracts.lib import position_math
from contracts.modules import markets
from contracts.modules import positions
from contracts.modules import waterfall

uses: markets
uses: positions
uses: waterfall


@external
@view
def position(_market: uint256, _account: address) -> IClearinghouse.Position:
    """
    @notice The record of a position; all zero when flat.
    """
    markets._risk(_market)
    stored: position_math.Position = positions._load(_market, _account)
    return IClearinghouse.Position(
        size=stored.size,
        balance=stored.balance,
        entry_notional=stored.notional,
        entry_carry=stored.carry,
        cross=stored.flags & positions.FLAG_CROSS != 0,
        topups=stored.flags >> 1,
    )


@external
@view
def market_state(_market: uint256) -> IClearinghouse.MarketState:
    """
    @notice Everything about a market at this moment. While its price is stale: at the last price, nothing accrued.
    @dev Reverts "unknown market", "price out of bounds", "future price", or the oracle's reason.
    """
    market: markets.Market = markets._read(_market)
    state: IClearinghouse.MarketState = empty(IClearinghouse.MarketState)
    state.index_price, state.price_time, state.jumped, state.stale = markets._price(market.risk)
    state.mark_price = state.index_price
    venue: uint256 = markets.venues[_market]
    state.mid_price = venue >> 160
    state.protocol_fees = venue >> 48 & markets.MASK_112
    word: uint256 = markets.accruals[_market]
    if not state.stale:
        word = markets._accrued(_market, market.risk, state.index_price, word)
    state.accrued_at = word & markets.MASK_32
    state.premium = markets._premium(word)
    state.premium_ema = markets._premium_ema(word)
    state.funding_index = markets._funding(word)
    state.long_social_loss_index = market.long_loss
    state.short_social_loss_index = market.short_loss
    state.total_long, state.total_short = markets._sides(_market)
    state.holders_long = market.holders_long
    state.holders_short = market.holders_short
    state.insurance_fund = market.insurance
    state.pot = market.pot
    state.unallocated_loss = markets.unallocated[_market]
    state.owed_total = markets.owed_total[_market]
    ranges: uint256 = markets.ranges[_market]
    state.lp_margin = ranges >> 128
    state.lp_epoch = ranges >> 96 & markets.MASK_32
    state.lp_factor = ranges & markets.MASK_96
    draw_bps: uint256 = words._insurance_draw_bps(markets.limits_words[_market])
    state.draw_level = waterfall._draw_level(_market, market.insurance, draw_bps)
    state.status = market.flags & 7
    return state


@external
@view
@reentrant
def market_words(_market: uint256) -> (uint256, uint256, uint256):
    """
    @notice The parameter words, see lib/market_words. Open during a call, so that a venue may ask: they do not change in one.
    """
    return markets._risk(_market), markets.trading_words[_market], markets.limits_words[_market]


@external
@view
def insurance_fund(_market: uint256) -> uint256:
    return markets._read(_market).insurance


@external
@view
def long_social_loss_index(_market: uint256) -> uint256:
    return markets._read(_market).long_loss


@external
@view
def short_social_loss_index(_market: uint256) -> uint256:
    return markets._read(_market).short_loss


@external
@view
def open_interest(_market: uint256) -> uint256:
    """
    @notice The same on both sides, the venue included.
    """
    markets._risk(_market)
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._sides(_market)
    return max(long, short)


@external
@view
def pot(_market: uint256) -> uint256:
    return markets._read(_market).pot


@external
@view
def mark_price(_market: uint256) -> uint256:
    """
    @notice What margin is measured at; the last price while stale.
    """
    return markets._price(markets._risk(_market))[0]
