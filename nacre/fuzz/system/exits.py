"""17.8: accounts can always reduce, top up and withdraw what is free; nothing but the venue, a missing price and the
margin rules of cross accounts may stand in the way. Tried and taken back."""

from nacre.fuzz.invariants import ensure
from nacre.fuzz.system.settings import TRADERS
from nacre.fuzz.system.world import Action, World
from nacre.units import WAD

# No fresh price to go by.
PRICELESS = frozenset({"stale price", "price just jumped", "price out of bounds", "future price"})
# A cross account keeps its margin, a limit on withdrawals counts for all.
MARGIN = PRICELESS | {"below account margin"}
# Why a close of one's own may be refused.
CLOSE = PRICELESS | {
    "no liquidity",
    "too many ticks",
    "venue too far from mark",
    "close leaves a deficit",
    "market is settling",
    "notional too large",
}


def check(world: World, turn: int, count: int) -> None:
    """Some traders try to leave."""
    for number in range(count):
        _check_account(world, TRADERS[(turn + number) % len(TRADERS)])


def _check_account(world: World, name: str) -> None:
    free, legs = world.free(name), world.modes(name)[1]
    if tokens := free // world.system.unit:
        allowed = MARGIN if legs else frozenset()
        if world.limited:
            allowed |= {"withdrawal limit"}
        _try(world, {"do": "withdraw", "who": name, "tokens": tokens}, allowed)
    for number in range(len(world.markets)):
        held = world.held(number, name)
        if not held.size:
            continue
        if free and not held.cross:
            allowed = (MARGIN if legs else frozenset()) | {"market is settling"}
            _try(world, {"do": "adjust", "market": number, "who": name, "delta": min(free, WAD)}, allowed)
        # What leaves a cross account must leave it no worse, measured by what it needs.
        allowed = CLOSE | {"below maintenance margin"} if held.cross else CLOSE
        _try(world, {"do": "trade", "market": number, "who": name, "size": -held.size, "margin": 0}, allowed)


def _try(world: World, action: Action, allowed: frozenset[str]) -> None:
    snapshot = world.begin_try()
    try:
        receipt = world.send(action)
    finally:
        world.end_try(snapshot)
    if receipt is not None and not receipt.ok:
        ensure(receipt.reason in allowed, f"8: {action} refused: {receipt.reason!r}")
