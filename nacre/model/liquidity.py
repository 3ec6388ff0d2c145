"""Adding and removing ranges, where venue and clearinghouse meet: spec section 11."""

from dataclasses import replace

from nacre.model import ticks as tick_math
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.positions import Position, combine, maintenance_margin
from nacre.model.ranges import Range
from nacre.model.rounding import BPS, require
from nacre.model.waterfall import absorb


def add_liquidity(
    house: Clearinghouse, number: int, provider: str, lower: int, upper: int, margin: int, sender: str
) -> Range:
    """A new range around the current price, backed by `margin` of free collateral."""
    house.check_authority(provider, sender)
    market = house.market(number)
    require(margin > 0, "zero amount")
    aligned = lower % tick_math.SPACING == 0 == upper % tick_math.SPACING
    require(lower < upper and aligned, "bad ticks")
    require(lower >= -tick_math.MAX_TICK and upper <= tick_math.MAX_TICK, "bad ticks")
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    require(not quote.jumped, "price just jumped")
    require(market.open, "market is reduce-only")
    require(margin >= market.parameters.min_notional, "range too small")
    p, venue = market.parameters, market.venue
    venue.accrue(market.funding.index)
    venue.drift(quote.price)
    require(_is_near(market, quote.price), "venue too far from mark")
    added = venue.add(provider, lower, upper, margin, p.imr_bps, market.lp_factor, market.lp_epoch)
    # The smallest trade moves the price by at most half of MMR, a quarter in square roots.
    reach = venue.sqrt_price * p.mmr_bps // (4 * BPS)
    require(added.liquidity * reach // 2**96 >= p.min_notional, "range too small")
    house.pay_in(market, provider, margin)
    market.lp_margin += margin
    market.mid = venue.mid()
    return added


def sync(house: Clearinghouse, number: int) -> None:
    """Accrues, and lets a venue without liquidity follow mark."""
    market = house.market(number)
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    market.venue.accrue(market.funding.index)
    market.venue.drift(quote.price)
    market.mid = market.venue.mid()


def range_position(market: Market, key: tuple[str, int, int], at_mark: int = 0) -> Position:
    """A range as a position; with `at_mark`, at the inventory it would have if the venue stood there."""
    held = market.venue.ranges[key]
    span = market.venue.span(held.lower, held.upper, market.funding.index)
    sqrt_price = tick_math.sqrt_of_price(at_mark) if at_mark else market.venue.sqrt_price
    position = held.as_position(sqrt_price, span, market.lp_factor, market.lp_epoch)
    return replace(position, entry_carry=market.index_of(position.size) if position.size else 0)


def range_is_removable(market: Market, key: tuple[str, int, int], mark: int, jumped: bool) -> bool:
    """Whether anyone may remove it: below maintenance margin at mark, out of range, or holding the venue back."""
    position = range_position(market, key, mark)
    if market.equity(position, mark) < maintenance_margin(position.size, mark, market.parameters):
        return True
    held, tick = market.venue.ranges[key], market.venue.tick
    idle = not held.lower <= tick < held.upper or _is_stranded(market, held, mark)
    return idle and not jumped


def _is_near(market: Market, mark: int) -> bool:
    """Whether the venue's price is within MMR of mark."""
    here = tick_math.price_of_sqrt(market.venue.sqrt_price)
    return abs(here - mark) * BPS <= min(here, mark) * market.parameters.mmr_bps


def _is_stranded(market: Market, held: Range, mark: int) -> bool:
    """Whether mark lies outside a range while the venue is far from mark."""
    there = tick_math.sqrt_of_price(mark)
    inside = tick_math.sqrt_price_at(held.lower) <= there < tick_math.sqrt_price_at(held.upper)
    return not inside and not _is_near(market, mark)


def remove_liquidity(house: Clearinghouse, number: int, provider: str, lower: int, upper: int, sender: str) -> Position:
    """The range becomes part of its provider's position. Others may do it when it fails, for a tip."""
    market = house.market(number)
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    venue, key = market.venue, (provider, lower, upper)
    venue.accrue(market.funding.index)
    venue.drift(quote.price)
    require(key in venue.ranges, "no range")
    own = sender == provider or (provider, sender) in house.operators
    if own:
        require(not quote.jumped, "price just jumped")
    else:
        require(range_is_removable(market, key, quote.price, quote.jumped), "range is healthy")

    removed = range_position(market, key)
    held = venue.remove(key)
    market.lp_margin -= held.margin_now(market.lp_factor, market.lp_epoch)
    market.mid = venue.mid()
    equity = market.equity(removed, quote.price)
    tip = 0
    if equity < 0:
        absorb(market, removed, -equity, market.totals, quote.price, house.now)
        removed = replace(removed, balance=removed.balance - equity)
    elif not own:
        tip = min(market.parameters.tip, equity // 10)
        removed = replace(removed, balance=removed.balance - tip)
    old = market.own_position(provider, house.now)
    new = combine(removed, old, market.long_index, market.short_index)
    if new.size == 0 and new.balance < 0 and not own:
        # The provider's own failing position closed against the range.
        absorb(market, old, -new.balance, market.totals, quote.price, house.now)
        new = replace(new, balance=0)
    house.finish(market, provider, new, 0)
    house.pay_out(market, sender, tip)
    return removed
