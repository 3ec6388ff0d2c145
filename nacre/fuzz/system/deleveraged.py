"""Auto-deleveraging: nobody was skipped, nobody listed twice, nobody gave up more than the target lacked."""

from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from nacre.chain import CallFailed, Receipt
from nacre.fuzz.invariants import ensure
from nacre.fuzz.system.invariants import dust_bound
from nacre.fuzz.system.ranking import deleveraging_order, rank
from nacre.fuzz.system.world import Action, MarketView, View, World, equity
from nacre.units import RAY, WAD

# By how much a rank may exceed those before it, with room for the rounding of the contract's own.
ORDER = Fraction(1_010_001, 1_000_000)
# Of a side, what must be listed.
COMPLETE = Fraction(99, 100)
# Refusals of a list, none of which a right list meets.
LIST_REFUSALS = frozenset({"ADL order", "ADL list incomplete", "ADL account repeated"})


@dataclass(frozen=True, slots=True)
class Foreseen:
    """What the lens says in the block of the call. terms: None if it refuses; right: the list is the lens's own."""

    terms: Any
    right: bool


def foresee(world: World, action: Action) -> Foreseen:
    """Asks the lens."""
    order = deleveraging_order(world, action["market"], action["target"])
    with suppress(CallFailed):
        terms = world.lens.call("adl_terms", action["market"], world.address[action["target"]])
        return Foreseen(terms, action["list"] == order)
    return Foreseen(None, False)


def check_refusal(foreseen: Foreseen, reason: str | None) -> None:
    """A list in the order that the lens gives, with everybody in it, is not refused for what it is."""
    ensure(not foreseen.right or reason not in LIST_REFUSALS, f"right list refused: {reason!r}")


def check(world: World, action: Action, foreseen: Foreseen, before: View, after: View, receipt: Receipt) -> None:
    """What went through was complete and in order, and took no more than it should."""
    number = action["market"]
    old, new = before.markets[number], after.markets[number]
    target = old.positions[action["target"]]
    opposite = {name: held for name, held in old.positions.items() if held.size * target.size < 0}
    listed = [name for name in action["list"] if name in opposite]
    ensure(len(set(listed)) == len(listed), f"deleveraged with an account twice: {action['list']}")
    total = sum(abs(held.size) for held in opposite.values())
    passed = sum(abs(opposite[name].size) for name in listed)
    ensure(passed >= total * COMPLETE, f"deleveraged with {passed} of {total} listed")
    terms = foreseen.terms
    ensure(terms is not None, "9: the lens knows no terms for a deleveraging that went through")
    price = Fraction(terms.notional * WAD, abs(terms.size))
    event = receipt.event("AutoDeleveraging")
    if event.size:
        differs = abs(event.notional * abs(terms.size) - terms.notional * abs(event.size))
        ensure(differs <= 2 * abs(terms.size), f"9: deleveraged at {event.notional}/{event.size}, terms {terms}")
    _check_order(before, old, listed, price)
    _check_givers(world, old, new, action, event, receipt)


def _check_order(before: View, market: MarketView, listed: list[str], price: Fraction) -> None:
    """By the exact ranks."""
    lowest: Fraction | None = None
    for name in listed:
        held = market.positions[name]
        own = _rank_at(held, market, price, before.free[name] if held.cross else 0)
        if own is None:
            continue
        ensure(lowest is None or own <= lowest * ORDER, f"deleveraged out of order: {name}")
        lowest = own if lowest is None else min(lowest, own)


def _rank_at(held: Any, market: MarketView, price: Fraction, free: int) -> Fraction | None:
    """None for who is not eligible, or so near to that that rounding decides."""
    state = market.state
    index = state.funding_index + state.borrow_index + state.long_social_loss_index
    if held.size < 0:
        index = -state.funding_index + state.borrow_index + state.short_social_loss_index
    balance = held.balance - Fraction(abs(held.size) * (index - held.entry_carry), RAY) + free
    return rank(held.size, held.entry_notional, balance, price)


def _check_givers(world: World, old: MarketView, new: MarketView, action: Action, event: Any, receipt: Receipt) -> None:
    """At mark, closing at the bankruptcy price costs all counterparties together at most what the target lacked."""
    bound = dust_bound(old, new)
    closed = receipt.events("Deleveraged")
    lacking = max(0, -equity(old.positions[action["target"]], old.state))
    given = 0
    for item in closed:
        notional = abs(item.size) * old.state.mark_price // WAD
        given += notional - item.notional if item.size > 0 else item.notional - notional
        ensure(world.name[item.account] in action["list"], "deleveraged against an account that was not listed")
    if event.surplus == 0 and world.configs[action["market"]].adl_price == "bankruptcy":
        ensure(given <= lacking + bound, f"given up {given}, lacking {lacking}")
    ensure(sum(item.size for item in closed) == -event.size, "closed sizes differ")
