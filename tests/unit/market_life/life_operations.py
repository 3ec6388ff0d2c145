"""Everything that can be asked of a market, its venue, the engine and the vault, by somebody who is entitled to it.

    OPERATIONS["close"](life)      # sends it; every one goes through in a market that is active, with a calm price

but for those that need a state of their own: `claim` a debt, `settle account` a final price, and so on.
"""

from collections.abc import Callable
from typing import Any

from support.exchange import ALL
from support.market_life import FALLEN, FINAL, IDLE, MAIN, SIZE, WIDE, Life

from nacre.chain import Receipt
from nacre.units import WAD

Operation = Callable[[Life], Receipt]
# Nothing that moves between the ranges: they have no margin rule to meet.
NARROW = (44_600, 45_600)


def _trade(name: str, size: int, margin: int = 0) -> Operation:
    return lambda life: life.act(name, life.exchange.house, "trade", MAIN, size, margin, 0, 0)


def _house(name: str, function: str, *arguments: Any) -> Operation:
    return lambda life: life.act(name, life.exchange.house, function, *arguments)


def _of(target: str, function: str, *rest: Any, by: str = "keeper") -> Operation:
    """A liquidation."""
    return lambda life: life.act(by, life.exchange.engine, function, MAIN, life.who(target), *rest)


def _insured(operation: Operation) -> Operation:
    """After a donation that covers the deficit."""

    def send(life: Life) -> Receipt:
        life.must("keeper", life.exchange.house, "donate_insurance", MAIN, 500 * WAD)
        return operation(life)

    return send


def _remove(by: str, provider: str, edges: tuple[int, int]) -> Operation:
    return lambda life: life.act(by, life.exchange.venue, "remove_liquidity", *edges, life.who(provider))


def _vault(by: str, function: str, *arguments: Any) -> Operation:
    """`Life` stands for the caller, and a function for what it returns."""

    def send(life: Life) -> Receipt:
        sent = [life.who(by) if a is Life else a(life) if callable(a) else a for a in arguments]
        return life.act(by, life.vault, function, *sent)

    return send


def _owner(function: str, *arguments: Any) -> Operation:
    return lambda life: life.exchange.config.transact(function, *arguments, sender=life.exchange.system.owner)


def _same_parameters(life: Life) -> Receipt:
    config = life.exchange.config
    return config.transact(
        "set_market_params", MAIN, config.call("market_params", MAIN), sender=life.exchange.system.owner
    )


def _shares(life: Life) -> int:
    return life.vault.call("redeem_request", life.who("saver")).matured


def _adl(target: str) -> Operation:
    """Against all who are short, in the order in which the lens ranks them at FINAL."""

    def send(life: Life) -> Receipt:
        listed = [life.who(name) for name in ("crosser", "bear")]
        return life.act("keeper", life.exchange.engine, "auto_deleverage", MAIN, life.who(target), listed)

    return send


OPERATIONS: dict[str, Operation] = {
    # traders
    "open": _trade("newcomer", WAD, 50 * WAD),
    "open, cross": _trade("joiner", WAD),
    "increase": _trade("holder", WAD, 50 * WAD),
    "increase, cross": _trade("crosser", -WAD),
    "flip": _trade("holder", -15 * WAD, 300 * WAD),
    "flip, cross": _trade("crosser", 15 * WAD),
    "reduce": _trade("holder", -4 * WAD),
    "reduce, cross": _trade("crosser", 4 * WAD),
    "reduce with margin out": _trade("holder", -4 * WAD, -20 * WAD),
    "reduce, failing": _trade("failing", -4 * WAD),
    "close": _trade("holder", -SIZE),
    "close, cross": _trade("crosser", SIZE),
    "close the other leg": _house("crosser", "trade", 1, -5 * WAD, 0, 0, 0),
    "set margin mode": _house("newcomer", "set_margin_mode", MAIN, True),
    # collateral
    "deposit": lambda life: life.exchange.system.fund(life.who("holder"), WAD),
    "deposit, cross": lambda life: life.exchange.system.fund(life.who("crosser"), WAD),
    "withdraw": _house("holder", "withdraw", 1_000 * WAD),
    "withdraw, cross": _house("crosser", "withdraw", 1_000 * WAD),
    "top up": _house("holder", "adjust_margin", MAIN, WAD),
    "top up, failing": _house("failing", "adjust_margin", MAIN, 100 * WAD),
    "top up, cross": _house("crosser", "adjust_margin", MAIN, WAD),
    "margin out": _house("holder", "adjust_margin", MAIN, -20 * WAD),
    "donate": _house("keeper", "donate_insurance", MAIN, WAD),
    "collect fees": lambda life: life.act("outsider", life.exchange.config, "collect_fees", MAIN),
    # liquidation
    "take over": _of("failing", "liquidate_by_takeover", ALL, 100 * WAD),
    "take over, part": _of("failing", "liquidate_by_takeover", 4 * WAD, 100 * WAD),
    "take over, cross": _of("sinking", "liquidate_by_takeover", ALL, 100 * WAD),
    "take over, cross, part": _of("sinking", "liquidate_by_takeover", 4 * WAD, 100 * WAD),
    "take over to become smaller": _of("failing", "liquidate_by_takeover", ALL, 0, by="bear"),
    "take over, bankrupt": _insured(_of("bankrupt", "liquidate_by_takeover", ALL, 200 * WAD)),
    "take over, cross, bankrupt": _insured(_of("drowned", "liquidate_by_takeover", ALL, 200 * WAD)),
    "take over, bankrupt, no fund": _of("bankrupt", "liquidate_by_takeover", ALL, 200 * WAD),
    "force close": _of("failing", "force_close", ALL, 0),
    "force close, part": _of("failing", "force_close", 4 * WAD, 0),
    "force close, cross": _of("sinking", "force_close", ALL, 0),
    "force close, cross, part": _of("sinking", "force_close", 4 * WAD, 0),
    "force close, cross, bankrupt": _insured(_of("drowned", "force_close", ALL, 0)),
    "force close, bankrupt": _insured(_of("bankrupt", "force_close", ALL, 0)),
    "backstop": _of("failing", "liquidate_by_backstop"),
    "backstop, cross": _of("sinking", "liquidate_by_backstop"),
    "backstop, bankrupt": _insured(_of("bankrupt", "liquidate_by_backstop")),
    "deleverage": _adl("bankrupt"),
    "deleverage, cross": _adl("drowned"),
    "call margin": lambda life: life.act(
        "keeper", life.exchange.engine, "call_margin", MAIN, [life.who("failing"), life.who("sinking")]
    ),
    # liquidity
    "add liquidity": lambda life: life.act("keeper", life.exchange.venue, "add_liquidity", *NARROW, 500 * WAD),
    "remove own range": _remove("provider", "provider", WIDE),
    "remove a healthy range": _remove("keeper", "provider", WIDE),
    "remove an idle range": _remove("keeper", "idler", IDLE),
    "remove a failing range": _remove("keeper", "faller", FALLEN),
    "sync": lambda life: life.act("keeper", life.exchange.venue, "sync"),
    # the market
    "accrue": _house("outsider", "accrue", MAIN),
    "settle": lambda life: life.act("outsider", life.exchange.house, "settle", MAIN, life.who("holder")),
    "settle, cross": lambda life: life.act("outsider", life.exchange.house, "settle", MAIN, life.who("crosser")),
    "claim": lambda life: life.act("outsider", life.exchange.house, "claim", MAIN, life.who("early")),
    "settle account": lambda life: life.act(
        "outsider", life.exchange.house, "settle_account", MAIN, life.who("holder")
    ),
    "settle account, cross": lambda life: life.act(
        "outsider", life.exchange.house, "settle_account", MAIN, life.who("crosser")
    ),
    "settle dead market": _house("outsider", "settle_dead_market", MAIN),
    "settle market": _owner("settle_market", MAIN, FINAL),
    "settle market at mark": _owner("settle_market", MAIN, 0),
    "reduce-only": _owner("set_reduce_only", MAIN, True),
    "pause": lambda life: life.exchange.config.transact("pause", MAIN, sender=life.exchange.system.guardian),
    "unpause": _owner("unpause", MAIN),
    "set parameters": _same_parameters,
    # the vault
    "vault: deposit": _vault("saver", "deposit", 400 * WAD, Life),
    "vault: mint": _vault("saver", "mint", 10**20, Life),
    "vault: withdraw": _vault("saver", "withdraw", 100 * WAD, Life, Life),
    "vault: redeem": _vault("saver", "redeem", lambda life: _shares(life) // 2, Life, Life),
    "vault: redeem available": _vault("saver", "redeem_available"),
    "vault: request deposit": _vault("saver", "request_deposit", WAD),
    "vault: cancel deposit": _vault("saver", "cancel_deposit", ALL),
    "vault: request redeem": _vault("saver", "request_redeem", 10**20),
    "vault: cancel redeem": _vault("saver", "cancel_redeem", ALL),
    "vault: unwind": _vault("keeper", "unwind", MAIN, 2 * WAD),
    "vault: release": _vault("keeper", "release", MAIN),
    "vault: settle": _vault("keeper", "settle", MAIN),
    "vault: claim": _vault("keeper", "claim", MAIN),
}
