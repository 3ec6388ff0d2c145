"""17.9: what the views say before a liquidation is what the transaction then does."""

from dataclasses import dataclass
from typing import Any

from nacre.chain import CallFailed, Receipt
from nacre.fuzz.invariants import ensure
from nacre.fuzz.system.world import Action, World
from nacre.model.stages import Stage

# What a takeover preview says in `missing_margin`, or does not ask: what the caller has, and in other markets.
OF_THE_CALLER = frozenset(
    {"below initial margin", "insufficient collateral", "below account margin", "stale price", "price just jumped"}
)


@dataclass(slots=True)
class Promise:
    """What was foreseen of a takeover or force close."""

    health: Any
    preview: Any
    refusal: str


def foresee(world: World, action: Action) -> Promise:
    """Asks the views in the block of the transaction."""
    number, target = action["market"], action["target"]
    health = world.health(number, target)
    sender, address = world.address[action["who"]], world.address[target]
    try:
        if action["do"] == "takeover":
            arguments = (number, address, action["size"], action["margin"])
            return Promise(health, world.engine.call("preview_takeover", *arguments, sender=sender), "")
        arguments = (number, address, action["size"], action.get("limit", 0))
        return Promise(health, world.engine.call("preview_force_close", *arguments, sender=sender), "")
    except CallFailed as error:
        return Promise(health, None, str(error))


def check(world: World, action: Action, promise: Promise, receipt: Receipt) -> None:
    """Compares what happened with what was foreseen."""
    health, preview = promise.health, promise.preview
    if health is not None:
        ensure(not receipt.ok or health.stage >= Stage.LIQUIDATABLE, f"9: liquidated at stage {health.stage}")
        ensure(
            receipt.reason != "not liquidatable" or health.stage < Stage.LIQUIDATABLE,
            f"9: not liquidatable at stage {health.stage}",
        )
    if not receipt.ok:
        if preview is None:
            ensure(promise.refusal == receipt.reason, f"9: preview {promise.refusal!r}, call {receipt.reason!r}")
        elif action["do"] == "takeover":
            ensure(receipt.reason in OF_THE_CALLER, f"9: preview passed, takeover refused: {receipt.reason!r}")
            lacks = receipt.reason != "below initial margin" or preview.missing_margin > 0
            ensure(lacks, "9: no margin missing, but below initial margin")
        else:
            ensure(False, f"9: preview passed, force close refused: {receipt.reason!r}")
        return
    ensure(preview is not None, f"9: preview refused {promise.refusal!r}, {action['do']} went through")
    if action["do"] == "takeover":
        _takeover(world, action, preview, receipt)
    else:
        _force_close(preview, receipt)


def check_refusal(action: Action, stage: int, reason: str) -> None:
    """Of an isolated position by the backstop or deleveraging: what `health` says decides."""
    if action["do"] == "backstop":
        ensure(reason != "not liquidatable" or stage < Stage.BACKSTOP, f"9: backstop refused at stage {stage}")
    if action["do"] == "adl":
        ensure(reason != "not bankrupt" or stage < Stage.BANKRUPT, f"9: deleveraging refused at stage {stage}")


def _takeover(world: World, action: Action, preview: Any, receipt: Receipt) -> None:
    event = receipt.event("Takeover")
    ensure(preview.missing_margin == 0, f"9: preview misses {preview.missing_margin}")
    ensure((event.size, event.deficit) == (preview.size, preview.deficit), f"9: takeover {preview} {event}")
    _absorbed(preview, receipt)
    held = world.held(action["market"], action["who"])
    ensure((held.size, held.entry_notional) == (preview.new_size, preview.new_entry_notional), f"9: {preview} {held}")
    if held.size and not held.cross:
        ensure(held.balance == preview.new_balance, f"9: {preview} {held}")


def _force_close(preview: Any, receipt: Receipt) -> None:
    event = receipt.event("ForceClose")
    found = (event.size, event.notional, event.residue, event.reward)
    ensure(found == (preview.size, preview.notional, preview.residue, preview.reward), f"9: close {preview} {event}")
    _absorbed(preview, receipt)


def _absorbed(preview: Any, receipt: Receipt) -> None:
    paid = sum(event.from_insurance for event in receipt.events("DeficitAbsorbed"))
    ensure(paid == preview.from_insurance, f"9: insurance {preview.from_insurance} foreseen, {paid} paid")
