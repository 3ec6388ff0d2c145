"""Invariant 17.8: healthy accounts can always reduce, top up, and withdraw what is free; nothing but the venue and the
margin rules of section 5 may stand in the way."""

from nacre.fuzz import model_driver
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.generator import Action
from nacre.model import World
from nacre.model.oracle import is_sane

# Why a close of one's own may be refused: the venue, its distance from mark, or that nothing is left to pay with.
CLOSE_REFUSALS = frozenset(
    {
        "no liquidity",
        "too many ticks",
        "venue too far from mark",
        "close leaves a deficit",
        "price just jumped",
        "stale price",
        "notional too large",
    }
)


def exits_of(world: World, name: str) -> list[Action]:
    """What this account must be able to do right now."""
    free, scale = world.house.free_of(name), world.house.scale
    actions: list[Action] = []
    if free >= scale:
        actions.append({"do": "withdraw", "who": name, "amount": free // scale})
    for number, market in enumerate(world.house.markets):
        size = market.position_of(name).size
        if size and free:
            actions.append({"do": "adjust_margin", "market": number, "who": name, "delta": min(free, 10**24)})
        if size and is_sane(market.oracle.price) and market.oracle.updated_at <= world.house.now:
            close = {"do": "trade", "market": number, "who": name, "size": -size, "margin": 0, "limit": 0}
            actions.append(close | {"deadline": 0})
    return actions


def blocked_exit(world: World, chain: ChainSide | None, name: str) -> str | None:
    """The first of them that fails for no good reason, tried and taken back; None if all is well."""
    for action in exits_of(world, name):
        reason = model_driver.send(world.copy(), action)
        if chain is not None and (found := chain.simulate(action)) != reason:
            return f"{action}: model {reason!r}, chain {found!r}"
        allowed = CLOSE_REFUSALS if action["do"] == "trade" else frozenset()
        if reason is not None and reason not in allowed:
            return f"8: {action} refused: {reason}"
    return None
