"""What the tests came by, per file; and what they did not, unless docs/coverage.toml says why."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table

from nacre.artifacts import ROOT
from nacre.coverage.points import AT_TIMES, PASSED, STATEMENT, TAKEN, Point, Points

EXCEPTIONS = ROOT / "docs" / "coverage.toml"
SAYS = {
    STATEMENT: "never runs",
    TAKEN: "the condition is never true",
    PASSED: "the condition is never false",
    AT_TIMES: "a part of it is never evaluated",
}


@dataclass(frozen=True)
class Cover:
    """Of one file."""

    file: str
    lines: int
    lines_run: int
    branches: int
    branches_run: int
    parts: int
    parts_run: int
    missing: tuple[Point, ...]


@dataclass(frozen=True)
class Excuse:
    """A line that no test can reach, or one way of an `if`, and why."""

    file: str
    function: str
    code: str
    why: str

    def fits(self, point: Point) -> bool:
        return (self.file, self.function, self.code) == (point.file, point.function, point.code)


def cover(found: Points, touched: set[int]) -> Cover:
    run = [point for point in found.every if point.address in touched]
    lines_run = {line for point in run for line in point.lines}
    untouched = [point for point in found.every if point.address not in touched]
    parts = [point for point in found.every if point.kind == AT_TIMES]
    return Cover(
        file=found.file,
        lines=len(found.lines),
        lines_run=len(lines_run),
        branches=len(found.branches),
        branches_run=sum(point.address in touched for point in found.branches),
        parts=len(parts),
        parts_run=sum(point.address in touched for point in parts),
        missing=tuple(untouched),
    )


def excuses(path: Path = EXCEPTIONS) -> list[Excuse]:
    if not path.exists():
        return []
    with path.open("rb") as file:
        return [Excuse(**entry) for entry in tomllib.load(file).get("uncovered", [])]


def check(found: Iterable[Cover], known: list[Excuse]) -> tuple[list[Point], list[Excuse]]:
    """What is missing and has no reason, and reasons for what is not missing."""
    missing = [point for item in found for point in item.missing]
    without = [point for point in missing if not any(excuse.fits(point) for excuse in known)]
    return without, [excuse for excuse in known if not any(excuse.fits(point) for point in missing)]


def percent(run: int, of: int) -> float:
    return 100 * run / of if of else 100.0


def show(console: Console, found: list[Cover]) -> None:
    table = open_table("lines", "run", "%", "branches", "taken", "%", "parts", "evaluated")
    for item in [*found, total(found)]:
        table.add_row(
            item.file.removeprefix("contracts/"),
            f"{item.lines:,}",
            f"{item.lines_run:,}",
            f"{percent(item.lines_run, item.lines):.1f}",
            f"{item.branches:,}",
            f"{item.branches_run:,}",
            f"{percent(item.branches_run, item.branches):.1f}",
            f"{item.parts:,}",
            f"{item.parts_run:,}",
        )
    console.print(table)


def open_table(*columns: str) -> Table:
    """Of files."""
    table = Table(box=None, header_style="bold")
    table.add_column("file", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    return table


def total(found: list[Cover]) -> Cover:
    names = ("lines", "lines_run", "branches", "branches_run", "parts", "parts_run")
    sums = {name: sum(getattr(item, name) for item in found) for name in names}
    return Cover(file="all", missing=(), **sums)


def show_missing(console: Console, missing: Iterable[Point]) -> None:
    for point in missing:
        where = f"{point.file}:{point.line} {point.function}"
        console.print(
            f"{where}\n    {point.code}\n    {SAYS[point.kind]}", markup=False, highlight=False, soft_wrap=True
        )
