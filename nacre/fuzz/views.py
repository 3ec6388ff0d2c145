"""Snapshots of the model for the invariants."""

from nacre.fuzz.invariants import MarketView, View
from nacre.model import World, liquidity
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market


def market_view(market: Market, now: int) -> MarketView:
    """The market with everything accrued to `now`."""
    market = market.copy()
    quote = market.accrue(now)
    venue = market.venue
    return MarketView(
        price=quote.price,
        positions=market.positions,
        ranges={key: liquidity.range_position(market, key) for key in venue.ranges},
        range_margins=sum(r.margin_now(market.lp_factor, market.lp_epoch) for r in venue.ranges.values()),
        long_index=market.long_index,
        short_index=market.short_index,
        long_social_loss=market.long_social_loss,
        short_social_loss=market.short_social_loss,
        total_long=market.totals.long,
        total_short=market.totals.short,
        holders_long=market.totals.holders_long,
        holders_short=market.totals.holders_short,
        insurance_fund=market.insurance_fund,
        pot=market.pot,
        protocol_fees=market.protocol_fees,
        unallocated_loss=market.unallocated_loss,
        owed=dict(market.owed),
        owed_total=market.owed_total,
        lp_margin=market.lp_margin,
        lp_factor=market.lp_factor,
        lp_epoch=market.lp_epoch,
        funding_index=market.funding.index,
        edges=len(venue.ticks),
    )


def house_view(house: Clearinghouse) -> View:
    return View(house.assets, dict(house.free), [market_view(market, house.now) for market in house.markets])


def world_view(world: World) -> View:
    return house_view(world.house)
