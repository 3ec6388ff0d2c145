"""What the runs of the fuzzer tell: actions by kind and refusal, events of the markets."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Protocol

from rich.console import Console
from rich.table import Table

# Of a long story the end is shown.
SHOWN = 20

console = Console(highlight=False)


class Walked(Protocol):
    """A campaign that is over."""

    trace: list[dict[str, Any]]
    coverage: Counter[tuple[str, str]]
    events: Counter[str]


@dataclass(slots=True)
class Tally:
    """What all campaigns of a run did."""

    actions: int = 0
    campaigns: int = 0
    seconds: float = 0.0
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)

    def add(self, walk: Walked) -> None:
        self.actions += len(walk.trace)
        self.campaigns += 1
        self.coverage += walk.coverage
        self.events += walk.events


def show(tally: Tally) -> None:
    """Coverage by kind of action, and what happened in the markets."""
    table = Table(title="actions", title_justify="left", show_lines=False)
    table.add_column("action")
    table.add_column("done", justify="right")
    table.add_column("refused", justify="right")
    table.add_column("reasons")
    kinds = sorted({kind for kind, _ in tally.coverage})
    for kind in kinds:
        done = tally.coverage[kind, "done"]
        refused = {why: n for (k, why), n in tally.coverage.items() if k == kind and why != "done"}
        reasons = ", ".join(f"{why} {n}" for why, n in sorted(refused.items(), key=lambda item: -item[1]))
        table.add_row(kind, str(done), str(sum(refused.values())), reasons)
    console.print(table)
    console.print("markets: " + ", ".join(f"{name} {n}" for name, n in sorted(tally.events.items())))
