"""The three largest costs of an operation, and which slots, accounts and events they are."""

import re
from collections import Counter
from collections.abc import Iterable

from nacre.bench.kinds import ACCOUNTS, COMPUTING, INTRINSIC, LOGS, READS, TOUCHES, WRITES
from nacre.bench.measure import Measured
from nacre.bench.profile import Profile
from nacre.bench.trace import BASE

SHOWN = 3
# So many slots that differ only in the market are named once.
ALIKE = 3
# Whose storage nearly all slots are.
HOUSE = "Clearinghouse."


def largest(measured: Measured) -> list[tuple[str, int]]:
    return measured.causes.most_common(SHOWN)


def costs_table(measured: Measured) -> str:
    assert measured.profile
    lines = ["| cost | gas | what |", "|---|---:|---|"]
    lines += [f"| {cause} | {gas:,} | {_what(cause, measured, measured.profile)} |" for cause, gas in largest(measured)]
    return "\n".join(lines)


def _what(cause: str, measured: Measured, found: Profile) -> str:
    if cause == READS:
        uses = [use.name for use in found.slots if use.reads]
        return f"{_number(uses, 'slot')}: {_names(uses)}"
    if cause == WRITES:
        return _written(measured.floor.refund, found)
    if cause == ACCOUNTS:
        cold = [text.removesuffix(", cold").split()[-1] for text, _ in found.calls if text.endswith(", cold")]
        return f"{_number(cold, 'cold account')}: {_names(cold)}; {_number(found.calls, 'call')} in all"
    if cause == LOGS:
        return ", ".join(f"`{name}` {gas:,}" for name, gas in found.events)
    if cause == INTRINSIC:
        floor = measured.floor
        return f"{BASE:,}, and {floor.calldata:,} for {floor.counts['calldata_bytes']} bytes of calldata"
    assert cause == COMPUTING
    kinds = [(kind, gas) for kind, gas in found.kinds.most_common() if kind not in {*TOUCHES, "intrinsic", "calldata"}]
    return ", ".join(f"{kind} {gas:,}" for kind, gas in kinds)


def _written(refund: int, found: Profile) -> str:
    parts = []
    for change in ("changed", "set", "cleared", "same"):
        if names := [use.name for use in found.slots if use.writes and use.change == change]:
            parts.append(f"{len(names)} {change}: {_names(names)}")
    if refund:
        parts.append(f"refund {-refund:,}")
    return "; ".join(parts)


def _number(things: Iterable[object], noun: str) -> str:
    count = len(list(things))
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def _names(names: Iterable[str]) -> str:
    """In the order given; of many that differ only in the market one stands for all."""
    patterns = Counter(_pattern(name) for name in names)
    shown: dict[str, int] = {}
    for name in names:
        pattern = _pattern(name)
        if patterns[pattern] > ALIKE:
            shown[pattern] = patterns[pattern]
        else:
            shown[name.removeprefix(HOUSE)] = shown.get(name.removeprefix(HOUSE), 0) + 1
    return ", ".join(f"`{name}`" + (f" x {count}" if count > 1 else "") for name, count in shown.items())


def _pattern(name: str) -> str:
    """The name without the number of a market."""
    return re.sub(r"\[\d+\]", "[market]", re.sub(r"\[\d+, ", "[", name)).removeprefix(HOUSE)
