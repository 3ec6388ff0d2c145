"""Snapshots of the model for the invariants."""

from contextlib import suppress

from nacre.fuzz.invariants import RESIDUE_UNIT, MarketView, View
from nacre.model import World, liquidity
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.oracle import HIGHEST_PRICE, LOWEST_PRICE
from nacre.model.rounding import Revert, clamp, floor_div
from nacre.model.ticks import sqrt_price_at
from nacre.units import Q96


def _residue(market: Market) -> int:
    """What the venue has by the totals, less what its ranges have bought or sold so far, exactly."""
    held = 0
    for item in market.venue.ranges.values():
        price = clamp(market.venue.sqrt_price, sqrt_price_at(item.lower), sqrt_price_at(item.upper))
        bought = item.liquidity * (item.entry_sqrt - price) * Q96 * RESIDUE_UNIT
        held += floor_div(bought, price * item.entry_sqrt)
    return market.inventory * RESIDUE_UNIT - held


def market_view(market: Market, now: int) -> MarketView:
    """The market with everything accrued to `now`, if its price can be read."""
    market = market.copy()
    with suppress(Revert):
        market.accrue(now)
    venue = market.venue
    return MarketView(
        price=min(max(market.oracle.price, LOWEST_PRICE), HIGHEST_PRICE),
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
        residue=_residue(market),
        liquidity=sum(item.liquidity for item in venue.ranges.values()),
        sqrt_price=venue.sqrt_price,
    )


def house_view(house: Clearinghouse) -> View:
    return View(house.assets, dict(house.free), [market_view(market, house.now) for market in house.markets])


def world_view(world: World) -> View:
    return house_view(world.house)
