"""What is measured: one transaction, and how to get to it."""

from collections.abc import Callable
from dataclasses import dataclass

from nacre.bench.stage import Call, Stage


@dataclass(frozen=True)
class Operation:
    """`prepare` brings the stage to where only the measured transaction is missing. `setting` names the stage."""

    name: str
    note: str
    setting: str  # of nacre.bench.settings
    prepare: Callable[[Stage], Call]
    events: tuple[str, ...]  # of the transaction, in order, so that it is known to do what it should
