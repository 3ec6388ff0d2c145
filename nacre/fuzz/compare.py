"""Where model and contracts differ. Every number must be equal to the wei."""

from collections.abc import Iterable
from typing import Any

from nacre.chain import CallFailed
from nacre.deploy import ascending
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.settings import NAMES
from nacre.fuzz.views import market_view
from nacre.model import World, engine
from nacre.model.market import Market
from nacre.model.positions import initial_margin, maintenance_margin, notional
from nacre.model.rounding import Revert
from nacre.model.waterfall import decayed_level

Difference = tuple[str, Any, Any]


def _differences(prefix: str, pairs: Iterable[Difference]) -> list[str]:
    return [f"{prefix}{name}: model {model}, chain {chain}" for name, model, chain in pairs if model != chain]


def compare_market(world: World, chain: ChainSide, number: int) -> list[str]:
    """Everything that a market stores but positions and ranges."""
    now = world.house.now
    market = world.market(number).copy()
    try:
        quote = market.accrue(now)
    except Revert as revert:
        return _refused_alike(chain, number, revert.reason)
    state = chain.market_state(number)
    pairs: list[Difference] = [
        ("index_price", quote.price, state.index_price),
        ("mark_price", quote.price, state.mark_price),
        ("price_time", quote.updated_at, state.price_time),
        ("stale", quote.stale, state.stale),
        ("jumped", quote.jumped, state.jumped),
        ("mid_price", market.mid, state.mid_price),
        ("accrued_at", market.funding.time, state.accrued_at),
        ("premium", market.funding.premium, state.premium),
        ("premium_ema", market.funding.ema, state.premium_ema),
        ("funding_index", market.funding.index, state.funding_index),
        ("long_social_loss_index", market.long_social_loss, state.long_social_loss_index),
        ("short_social_loss_index", market.short_social_loss, state.short_social_loss_index),
        ("total_long", market.totals.long, state.total_long),
        ("total_short", market.totals.short, state.total_short),
        ("holders_long", market.totals.holders_long, state.holders_long),
        ("holders_short", market.totals.holders_short, state.holders_short),
        ("insurance_fund", market.insurance_fund, state.insurance_fund),
        ("pot", market.pot, state.pot),
        ("protocol_fees", market.protocol_fees, state.protocol_fees),
        ("unallocated_loss", market.unallocated_loss, state.unallocated_loss),
        ("owed_total", market.owed_total, state.owed_total),
        ("lp_margin", market.lp_margin, state.lp_margin),
        ("lp_factor", market.lp_factor, state.lp_factor),
        ("lp_epoch", market.lp_epoch, state.lp_epoch),
        ("draw_level", decayed_level(market, now), state.draw_level),
    ]
    return _differences(f"market {number} ", pairs)


def _refused_alike(chain: ChainSide, number: int, reason: str) -> list[str]:
    """Without a price there is no state to read, for the same reason."""
    try:
        chain.market_state(number)
    except CallFailed as failure:
        return _differences(f"market {number} ", [("refusal", reason, str(failure))])
    return [f"market {number} refusal: model {reason}, chain none"]


def compare_account(world: World, chain: ChainSide, number: int, name: str) -> list[str]:
    """A position, what is owed to its account, and the account's free collateral."""
    market = world.market(number)
    held, found = market.position_of(name), chain.position(number, name)
    pairs: list[Difference] = [
        ("size", held.size, found.size),
        ("balance", held.balance, found.balance),
        ("entry_notional", held.entry_notional, found.entry_notional),
        ("entry_carry", held.entry_carry, found.entry_carry),
        ("topups", held.topups, found.topups),
        ("owed", market.owed.get(name, 0), chain.owed(number, name)),
        ("free collateral", world.house.free_of(name), chain.free(name)),
    ]
    return _differences(f"market {number} {name} ", pairs)


def compare_venue(world: World, chain: ChainSide, number: int) -> list[str]:
    """Curve, ticks and ranges."""
    market = world.market(number).copy()
    try:
        market.accrue(world.house.now)
    except Revert:
        return []
    model, contract = market.venue, chain.markets[number].venue
    sqrt_price, tick, liquidity = contract.call("state")
    pairs: list[Difference] = [
        ("sqrt_price", model.sqrt_price, sqrt_price),
        ("tick", model.tick, tick),
        ("liquidity", model.liquidity, liquidity),
        ("mid", model.mid(), contract.call("mid_price")),
    ]
    for edge, state in model.ticks.items():
        pairs.append((f"edge {edge}", (state.gross, state.net), tuple(contract.call("edge", edge))))
    for key in model.ranges:
        pairs += _range_pairs(market, chain, number, key)
    return _differences(f"venue {number} ", pairs)


def _range_pairs(market: Market, chain: ChainSide, number: int, key: tuple[str, int, int]) -> list[Difference]:
    name, lower, upper = key
    held = market.venue.ranges[key]
    span = market.venue.span(lower, upper, market.funding.index)
    position = held.as_position(market.venue.sqrt_price, span, market.lp_factor, market.lp_epoch)
    found = chain.markets[number].venue.call("range_of", chain.address[name], lower, upper)
    values = {
        "liquidity": held.liquidity,
        "entry_sqrt_price": held.entry_sqrt,
        "margin": held.margin_now(market.lp_factor, market.lp_epoch),
        "fees": held.fees(span),
        "funding": held.funding(span),
        "size": position.size,
        "entry_notional": position.entry_notional,
        "equity": position.balance + position.price_pnl(market.oracle.price),
        "in_range": lower <= market.venue.tick < upper,
    }
    return [(f"range {key} {field}", value, getattr(found, field)) for field, value in values.items()]


def compare_engine(world: World, chain: ChainSide) -> list[str]:
    """The engine's records of who is liquidatable since when."""
    pairs: list[Difference] = []
    for number, market in enumerate(world.house.markets):
        for name in NAMES:
            since = engine.counted_since(world.house, market, name) or 0
            found = chain.system.engine.call("liquidatable_since", number, chain.address[name])
            pairs.append((f"{number} {name} since", since, found))
    return _differences("engine ", pairs)


def compare_lens(world: World, chain: ChainSide, number: int) -> list[str]:
    """What the lens shows of accounts and of the balance sheet."""
    market = world.market(number).copy()
    try:
        quote = market.accrue(world.house.now)
    except Revert:
        return []
    lens, addresses = chain.system.lens, chain.address
    # The lens wants both lists ascending, so that nothing counts twice.
    holders = sorted(market.positions, key=lambda name: int(addresses[name], 16))
    pairs: list[Difference] = []
    for name, shown in zip(holders, lens.call("healths", number, [addresses[n] for n in holders]), strict=True):
        held, index = market.positions[name], market.index_of(market.positions[name].size)
        values = {
            "stage": engine.stage_of(market, held, quote.price),
            "equity": held.equity(quote.price, index),
            "carry": held.carry(index),
            "notional": notional(held.size, quote.price),
            "initial_margin": initial_margin(held.size, quote.price, market.parameters),
            "maintenance_margin": maintenance_margin(held.size, quote.price, market.parameters),
            "liquidation_price": engine.liquidation_price(market, held),
            "bankruptcy_price": engine.bankruptcy_price(market, held),
        }
        pairs += [(f"{name} {field}", value, getattr(shown, field)) for field, value in values.items()]
    keys = ascending((addresses[name], lower, upper) for name, lower, upper in market.venue.ranges)
    sheet = lens.call("solvency", number, [addresses[n] for n in holders], keys)
    pairs += [
        ("dust", market_view(market, world.house.now).dust(quote.price), sheet.dust),
        ("missing", 0, sheet.missing_long + sheet.missing_short),
    ]
    return _differences(f"lens {number} ", pairs)


def compare(
    world: World, chain: ChainSide, numbers: Iterable[int], names: Iterable[str] = NAMES, venues: bool = True
) -> list[str]:
    """All differences of these markets and accounts."""
    found: list[str] = []
    if world.house.now != chain.now:
        found.append(f"time: model {world.house.now}, chain {chain.now}")
    for number in numbers:
        found += compare_market(world, chain, number)
        for name in names:
            found += compare_account(world, chain, number, name)
        if venues:
            found += compare_venue(world, chain, number)
    return found
