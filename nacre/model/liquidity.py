"""Providers and keepers at the venue: adding ranges, removing them, moving a venue without liquidity.

From docs/spec.md, sections 11 (Drift, Adding, Removing) and 3 (what a jump stops); the order of the checks from there
and from docs/errors.md.
"""

from dataclasses import replace

from nacre.model import settlement
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.portfolio import cover, is_cross
from nacre.model.positions import Position, combine, notional
from nacre.model.ranges import Range, depth
from nacre.model.rounding import bps_up, require
from nacre.model.ticks import HIGHEST_TICK, LOWEST_TICK, SPACING, price_of_sqrt, sqrt_of_price, sqrt_price_at
from nacre.model.venue import RangeKey
from nacre.model.waterfall import absorb
from nacre.units import BPS

MARGIN_LIMIT = 2**120
# Of the ranges that begin or end at one tick; over all 9,213 edges it stays below 2^118.
LARGEST_EDGE = 2**118 // (2 * HIGHEST_TICK // SPACING + 1)
TIP_PART = 10


def _near_mark(market: Market, price: int) -> bool:
    """Whether the venue's price is at most MMR away from mark."""
    there = price_of_sqrt(market.venue.sqrt_price)
    return abs(there - price) * BPS <= min(there, price) * market.parameters.mmr_bps


def _reach(house: Clearinghouse, number: int) -> tuple[Market, Quote]:
    """The market with its venue accrued."""
    market = house.market(number)
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    market.venue.accrue(market.funding.index)
    return market, quote


def range_position(market: Market, key: RangeKey) -> Position:
    """A range as a settled position at its real inventory."""
    return _position_at(market, market.venue.ranges[key], market.venue.sqrt_price)


def _position_at(market: Market, held: Range, sqrt_price: int) -> Position:
    span = market.venue.span(held.lower, held.upper, market.funding.index)
    position = held.as_position(sqrt_price, span, market.lp_factor, market.lp_epoch)
    return replace(position, entry_carry=market.index_of(position.size)) if position.size else position


# ---- adding


def add_liquidity(
    house: Clearinghouse, number: int, provider: str, lower: int, upper: int, margin: int, sender: str
) -> int:
    """A range of the sender's own; returns its liquidity."""
    require(margin > 0, "zero amount")
    require(margin < MARGIN_LIMIT, "too much liquidity")
    spaced = lower % SPACING == 0 and upper % SPACING == 0
    require(spaced and LOWEST_TICK <= lower < upper <= HIGHEST_TICK, "bad ticks")
    market, quote = _reach(house, number)
    require(not market.final_price, "market is settling")
    require(not quote.jumped, "price just jumped")
    require(market.open, "market is reduce-only")
    p, venue = market.parameters, market.venue
    require(margin >= p.min_notional, "range too small")
    venue.drift(quote.price)
    require(_near_mark(market, quote.price), "venue too far from mark")
    added = venue.add(provider, lower, upper, margin, p.imr_bps, market.lp_factor, market.lp_epoch)
    require(depth(added.liquidity, venue.sqrt_price, p.mmr_bps) >= p.min_notional, "range too small")
    fits = all(venue.ticks[edge].gross <= LARGEST_EDGE for edge in (lower, upper))
    require(fits, "too much liquidity")
    market.set_mid(venue.mid(), house.now)
    market.lp_margin += margin
    house.spend(market, sender, margin)
    return added.liquidity


def sync(house: Clearinghouse, number: int) -> None:
    """Lets a venue without liquidity follow mark."""
    market, quote = _reach(house, number)
    if market.venue.drift(quote.price):
        market.set_mid(market.venue.mid(), house.now)


# ---- removing


def _fails(market: Market, held: Range, price: int) -> bool:
    """Whether the range would be below maintenance margin if the venue stood at mark."""
    position = _position_at(market, held, sqrt_of_price(price))
    equity = position.balance + position.price_pnl(price)
    return equity < bps_up(notional(position.size, price), market.parameters.mmr_bps)


def _in_the_way(market: Market, held: Range, price: int) -> bool:
    """Whether the venue does not stand in it, or it keeps the venue from going to a mark beyond it."""
    if not held.lower <= market.venue.tick < held.upper:
        return True
    low, mark, high = sqrt_price_at(held.lower), sqrt_of_price(price), sqrt_price_at(held.upper)
    return not (low <= mark <= high or _near_mark(market, price))


def remove_liquidity(house: Clearinghouse, number: int, provider: str, lower: int, upper: int, sender: str) -> Position:
    """One's own, or one that fails or is in the way; returns what the provider's position got."""
    if house.market(number).final_price:
        return _remove_at_the_end(house, number, (provider, lower, upper), house.acts_for(sender, provider))
    market, quote = _reach(house, number)
    market.venue.drift(quote.price)
    key = (provider, lower, upper)
    require(key in market.venue.ranges, "no range")
    held, own = market.venue.ranges[key], house.acts_for(sender, provider)
    if own:
        require(not quote.jumped, "price just jumped")
    else:
        waits = quote.jumped or not _in_the_way(market, held, quote.price)
        require(not waits or _fails(market, held, quote.price), "range is healthy")
    removed, totals, price = range_position(market, key), market.totals, quote.price
    market.lp_margin -= held.margin_now(market.lp_factor, market.lp_epoch)
    market.venue.remove(key)
    market.set_mid(market.venue.mid(), house.now)
    equity = removed.balance + removed.price_pnl(price)
    tip = 0
    if equity < 0:
        absorb(market, removed, -equity, totals, price, house.now)
        market.made_good[provider] = house.now
        removed = replace(removed, balance=removed.balance - equity)
    elif not own:
        tip = min(market.parameters.tip, equity // TIP_PART)
        removed = replace(removed, balance=removed.balance - tip)
    _hand_over(house, number, provider, removed, own, price)
    if tip:
        house.pay_out(market, sender, tip)
    return removed


def _hand_over(house: Clearinghouse, number: int, provider: str, removed: Position, own: bool, price: int) -> None:
    """Combines what left the venue into the provider's position; margin rules do not apply."""
    market = house.markets[number]
    held, totals = market.own_position(provider, house.now), market.totals
    held = held.settled(market.index_of(held.size))
    new = combine(removed, held, market.long_index, market.short_index)
    if new.size == 0 and new.balance < 0 and is_cross(market, provider):
        new = cover(house, market, provider, new, price)
        settlement.check_last_leg(house, number, provider, new)
    if new.size == 0 and new.balance < 0 and not own:
        absorb(market, held, -new.balance, totals, price, house.now)
        new = replace(new, balance=0)
    ended = house.store_or_end(market, provider, new)
    house.move_margin(market, provider, -ended)


def _remove_at_the_end(house: Clearinghouse, number: int, key: RangeKey, own: bool) -> Position:
    """Of a market at its final price: by anyone, at the inventory it has."""
    market = house.markets[number]
    market.venue.accrue(market.funding.index)
    require(key in market.venue.ranges, "no range")
    removed = range_position(market, key)
    market.lp_margin -= market.venue.ranges[key].margin_now(market.lp_factor, market.lp_epoch)
    market.venue.remove(key)
    market.set_mid(market.venue.mid(), house.now)
    equity = removed.balance + removed.price_pnl(market.final_price)
    if equity < 0:
        settlement.absorb(market, -equity)
        removed = replace(removed, balance=removed.balance - equity)
    settlement.hand_over(house, number, key[0], removed, own)
    return removed
