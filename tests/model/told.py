"""What the events of a liquidation say, beside what the model says of it.

    assert differences(twin, action, receipt) == []

Other actions than takeovers, force closes, backstop takeovers and deleveragings tell nothing here.
"""

from typing import Any

from support.system_twin import Twin

from nacre.chain import Receipt
from nacre.fuzz.system.world import Action
from nacre.model.deleveraging import Deleveraged
from nacre.model.liquidation import Closed, Taken

Told = list[tuple[Any, ...]]


def differences(twin: Twin, action: Action, receipt: Receipt) -> list[str]:
    """Of the last action, which both have taken."""
    outcome = twin.outcome
    match action["do"]:
        case "takeover":
            expected, found = [_takeover(outcome)], _takeovers(receipt)
        case "backstop":
            expected, found = [_takeover(taken) for taken in outcome], _takeovers(receipt)
        case "force_close":
            expected, found = [_close(outcome)], _closes(receipt)
        case "adl":
            expected, found = _deleveraging(twin, action, outcome), _deleveragings(receipt)
        case _:
            return []
    return [] if expected == found else [f"model {expected}, chain {found}"]


def _takeover(taken: Taken) -> tuple[Any, ...]:
    new = taken.position
    held = (new.size, new.balance, new.entry_notional, new.entry_carry) if new.size else (0, 0, 0, 0)
    return (taken.part.size, taken.left, taken.margin, taken.deficit, *held)


def _takeovers(receipt: Receipt) -> Told:
    return [
        (e.size, e.left, e.margin, e.deficit, e.new_size, e.new_balance, e.new_entry_notional, e.new_entry_carry)
        for e in receipt.events("Takeover")
    ]


def _close(closed: Closed) -> tuple[Any, ...]:
    return closed.part.size, closed.left, closed.notional, closed.residue, closed.reward


def _closes(receipt: Receipt) -> Told:
    return [(e.size, e.left, e.notional, e.residue, e.reward) for e in receipt.events("ForceClose")]


def _deleveraging(twin: Twin, action: Action, done: Deleveraged) -> Told:
    fund = twin.house.markets[action["market"]].insurance_fund
    rows: Told = [
        (twin.contracts.address[m.account], m.size, m.notional, m.position.size, m.position.balance)
        for m in done.matches
    ]
    return [*rows, (done.size, done.position.size, done.notional, done.from_insurance, fund, done.surplus)]


def _deleveragings(receipt: Receipt) -> Told:
    rows: Told = [(e.account, e.size, e.notional, e.new_size, e.new_balance) for e in receipt.events("Deleveraged")]
    e = receipt.event("AutoDeleveraging")
    return [*rows, (e.size, e.left, e.notional, e.from_insurance, e.insurance_fund, e.surplus)]
