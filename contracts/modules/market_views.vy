# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Market views
@notice Reads of markets and positions, accrued to this moment exactly as a transaction would accrue them. Locked while a
        call is under way, so nobody reads a half-written state.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words as words
from contracts.modules import markets
from contracts.modules import waterfall

uses: markets
uses: waterfall

# Flags of IClearinghouse.Status among those of a market.
STATUS: constant(uint256) = 39


@external
@view
def market_state(_market: uint256) -> IClearinghouse.MarketState:
    """
    @notice Everything about a market at this moment. While its price is stale: at the last price, nothing accrued.
    @dev Reverts "unknown market", "price out of bounds", "future price", or the oracle's reason.
    """
    market: markets.Market = empty(markets.Market)
    word: uint256 = 0
    state: IClearinghouse.MarketState = empty(IClearinghouse.MarketState)
    market, word, state.stale = markets._observe(_market, False)
    if market.flags & markets.SETTLING != 0:
        state.final_price = market.mark
        state.index_price = market.mark
        state.price_time = block.timestamp
    else:
        state.index_price, state.price_time, state.jumped, state.stale = markets._price(market.risk)
    state.mark_price = market.mark
    state.borrow_index = market.borrow
    if not state.stale and state.final_price == 0 and words._borrow_rate_bps(market.extras) != 0:
        state.borrow_fees = markets._borrowed(market, markets.accruals[_market]) >> 16 & markets.MASK_112
    else:
        state.borrow_fees = markets.borrows[_market] >> 16 & markets.MASK_112
    state.previous_mark = markets._previous_mark(market)
    venue: uint256 = markets.venues[_market]
    state.mid_price = venue >> 160
    state.protocol_fees = venue >> 48 & markets.MASK_112
    state.idle_since = venue & markets.MASK_32
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
    state.ranges = markets.dues[_market] >> 128
    draw_bps: uint256 = words._insurance_draw_bps(markets.limits_words[_market])
    state.draw_level = waterfall._draw_level(_market, market.insurance, draw_bps)
    state.status = market.flags & STATUS
    return state


@external
@view
def extras_word(_market: uint256) -> uint256:
    """
    @notice Tiers, borrow rate and settlement delay, see lib/market_words.
    """
    markets._risk(_market)
    return markets.extras_words[_market]


@external
@view
def insurance_fund(_market: uint256) -> uint256:
    """
    @notice WAD, what a market has put aside for losses; part of its pot.
    """
    return markets._read(_market).insurance


@external
@view
def long_social_loss_index(_market: uint256) -> uint256:
    """
    @notice RAY, loss per unit of size that longs have borne since the market began; it never falls.
    """
    return markets._read(_market).long_loss


@external
@view
def short_social_loss_index(_market: uint256) -> uint256:
    """
    @notice RAY, loss per unit of size that shorts have borne since the market began; it never falls.
    """
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
    """
    @notice WAD, the collateral that a market holds: margins, funds and fees not paid out yet.
    """
    return markets._read(_market).pot


@external
@view
def mark_price(_market: uint256) -> uint256:
    """
    @notice What margin is measured at; the last price while stale.
    """
    market: markets.Market = empty(markets.Market)
    word: uint256 = 0
    stale: bool = False
    market, word, stale = markets._observe(_market, False)
    return market.mark
