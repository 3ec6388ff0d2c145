"""Applies actions to the model."""

from dataclasses import replace
from typing import Any

from nacre.fuzz.generator import Action
from nacre.fuzz.settings import Settings
from nacre.model import World
from nacre.model.rounding import Revert, require

START = 1_700_000_000


def new_world(settings: Settings) -> World:
    world = World(settings.decimals, START)
    for parameters, policy in zip(settings.markets, settings.policies, strict=True):
        world.add_market(parameters, policy, settings.price)
    return world


def advance(world: World, action: Action) -> None:
    """The time at which the action happens."""
    world.wait(action["seconds"] if action["do"] == "wait" else action.get("after", 0))


def send(world: World, action: Action) -> str | None:
    """Does the action; the reason if it was refused, or None."""
    try:
        _HANDLERS[action["do"]](world, action)
    except Revert as revert:
        return revert.reason
    return None


def _sender(action: Action) -> str:
    return str(action.get("sender", action["who"]))


def _trade(world: World, a: Action) -> Any:
    args = (a["size"], a["margin"], a["limit"], a["deadline"], a["market"], _sender(a))
    return world.trade(a["who"], *args)


def _status(world: World, a: Action) -> None:
    setattr(world.market(a["market"]), a["field"], a["on"])


def _set_params(world: World, a: Action) -> None:
    fields = a["fields"] | {"penalty": tuple(a["fields"]["penalty"]), "tiers": ()}
    world.set_parameters(replace(world.market(a["market"]).parameters, **fields), a["market"])


def _set_operator(world: World, a: Action) -> None:
    key, operators = (a["who"], a["operator"]), world.house.operators
    require((key in operators) != a["approved"], "operator unchanged")
    if a["approved"]:
        operators.add(key)
    else:
        operators.discard(key)


def _wait(world: World, a: Action) -> None:
    for number, market in enumerate(world.house.markets):
        # As the chain's mock: no push of a zero price counts as made now.
        if not a.get("stale") and market.oracle.price:
            world.push_price(market.oracle.price, number)


_HANDLERS: dict[str, Any] = {
    "deposit": lambda w, a: w.deposit(a["who"], a["amount"]),
    "withdraw": lambda w, a: w.withdraw(a["who"], a["amount"], _sender(a)),
    "trade": _trade,
    "adjust_margin": lambda w, a: w.adjust_margin(a["who"], a["delta"], a["market"], _sender(a)),
    "takeover": lambda w, a: w.take_over(a["who"], a["target"], a["size"], a["margin"], a["market"]),
    "force_close": lambda w, a: w.force_close(a["who"], a["target"], a["size"], a["limit"], a["market"]),
    "call_margin": lambda w, a: w.call_margin(a["accounts"], a["market"]),
    "add_liquidity": lambda w, a: w.add_liquidity(a["who"], a["lower"], a["upper"], a["margin"], a["market"]),
    "remove_liquidity": lambda w, a: w.remove_liquidity(a["who"], a["lower"], a["upper"], a["market"], _sender(a)),
    "price": lambda w, a: w.push_price(a["to"], a["market"]),
    "price_at": lambda w, a: w.push_price(a["to"], a["market"], a["at"]),
    "wait": _wait,
    "set_params": _set_params,
    "sync": lambda w, a: w.sync(a["market"]),
    "donate_insurance": lambda w, a: w.donate_insurance(a["who"], a["amount"], a["market"]),
    "claim": lambda w, a: w.claim(a["who"], a["market"]),
    "settle": lambda w, a: w.settle(a["target"], a["market"]),
    "accrue": lambda w, a: w.accrue(a["market"]),
    "collect_protocol_fees": lambda w, a: w.collect_protocol_fees(a["market"]),
    "status": _status,
    "set_operator": _set_operator,
}
