"""What survived, and how many were killed, per area, file and kind."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from rich.console import Console
from rich.table import Table

from nacre.mutation.mutator import Mutant
from nacre.mutation.run import Verdict
from nacre.mutation.targets import Equivalent
from nacre.mutation.worker import BROKEN, INVALID, KILLED, SURVIVED, TIMEOUT


@dataclass(frozen=True)
class Score:
    killed: int
    survived: int
    invalid: int
    broken: int

    @classmethod
    def of(cls, verdicts: Iterable[Verdict]) -> "Score":
        outcomes = [verdict.outcome for verdict in verdicts]
        return cls(
            # tests that never end have noticed too
            killed=outcomes.count(KILLED) + outcomes.count(TIMEOUT),
            survived=outcomes.count(SURVIVED),
            invalid=outcomes.count(INVALID),
            broken=outcomes.count(BROKEN),
        )

    @property
    def percent(self) -> float:
        """Of those that compile, a tenth rounded down: 100.0 is all of them."""
        judged = self.killed + self.survived
        return 1_000 * self.killed // judged / 10 if judged else 100.0


def survivors_of(verdicts: Iterable[Verdict]) -> list[Verdict]:
    alive = [verdict for verdict in verdicts if verdict.outcome == SURVIVED]
    return sorted(alive, key=lambda verdict: (verdict.mutant.file, verdict.mutant.line, verdict.mutant.start))


def show_mutant(console: Console, mutant: Mutant, why: str = "") -> None:
    lines = [f"{mutant.file}:{mutant.line} {mutant.function}", mutant.code, mutant.change, *([why] if why else [])]
    console.print("\n    ".join(lines), markup=False, highlight=False, soft_wrap=True)


def show_equivalents(console: Console, known: Iterable[Equivalent], mutants: Iterable[Mutant]) -> int:
    """Each listed one as it stands in the sources, and why nobody can notice it. Returns how many."""
    entries, count = list(known), 0
    for mutant in mutants:
        for entry in entries:
            if entry.fits(mutant):
                show_mutant(console, mutant, entry.why)
                count += 1
                break
    return count


def show(console: Console, verdicts: list[Verdict], equivalent: Counter[str] | None = None) -> None:
    """`equivalent`: how many of each area were left out as such."""
    kinds: tuple[tuple[str, Callable[[Verdict], str]], ...] = (
        ("area", lambda item: item.group),
        ("file", lambda item: item.mutant.file.removeprefix("contracts/")),
        ("kind", lambda item: item.mutant.kind),
    )
    for title, key in kinds:
        area = title == "area"
        table = Table(title, box=None, header_style="bold")
        for name in ("mutants", "killed", "survived", "do not compile", *(["equivalent"] if area else []), "killed %"):
            table.add_column(name, justify="right")
        for value in sorted({key(verdict) for verdict in verdicts}):
            score = Score.of([verdict for verdict in verdicts if key(verdict) == value])
            row: list[object] = [score.killed + score.survived, score.killed, score.survived, score.invalid]
            row += [(equivalent or Counter())[value]] if area else []
            table.add_row(value, *map(str, row), f"{score.percent:.1f}")
        console.print(table)
        console.print()
