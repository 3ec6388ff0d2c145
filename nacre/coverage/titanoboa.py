"""The same tests under titanoboa's coverage plugin, beside what the probes say: `./run coverage --titanoboa TESTS`."""

import json
import subprocess
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass
from pathlib import Path

from rich.console import Console

from nacre.artifacts import ROOT
from nacre.coverage.points import Points
from nacre.coverage.report import Cover, open_table, percent

Arcs = Iterable[tuple[int, int]]
SETTINGS = "[run]\nbranch = True\nplugins = boa.coverage\n"


@dataclass(frozen=True)
class Beside:
    """Of one file, or of all. `possible`: the branches that the plugin can record at all."""

    lines: int = 0
    by_probes: int = 0
    by_titanoboa: int = 0
    only_probes: int = 0
    only_titanoboa: int = 0
    branches: int = 0
    branches_by_probes: int = 0
    branches_by_titanoboa: int = 0
    possible: int = 0


def under_coverage(folder: Path, number: int) -> list[str]:
    """What stands between the Python of process `number` and its `-m pytest`."""
    settings = folder / "settings"
    settings.write_text(SETTINGS)
    return ["-m", "coverage", "run", f"--rcfile={settings}", f"--data-file={folder / f'titanoboa.{number}'}"]


def recorded(folder: Path) -> dict[str, dict]:
    """Per file, what the processes have recorded together."""
    told = [f"--rcfile={folder / 'settings'}", f"--data-file={folder / 'all'}"]
    parts = [str(path) for path in folder.glob("titanoboa.?")]
    if not parts:
        return {}
    for words in (["combine", *told, *parts], ["json", *told, "-o", str(folder / "all.json"), "--quiet"]):
        subprocess.run([sys.executable, "-m", "coverage", *words], cwd=ROOT, check=True, capture_output=True)
    files = json.loads((folder / "all.json").read_text())["files"]
    return {str(file): dict(found) for file, found in files.items()}


def possible(arcs: Arcs) -> int:
    """The plugin hands over each place alone, as the lines that it spans: no step but to the next line is recorded."""
    return sum(end == start + 1 for start, end in arcs)


def arcs_of(file: str) -> Arcs:
    """The branches of a file, as steps from line to line."""
    from boa.coverage import TitanoboaReporter  # which loads all of titanoboa

    return set(TitanoboaReporter(str(ROOT / file)).arcs())


def beside(found: Points, cover: Cover, theirs: dict | None, arcs: Arcs) -> Beside:
    untouched = {point.address for point in cover.missing}
    by_probes = {line for point in found.every if point.address not in untouched for line in point.lines}
    by_titanoboa = found.lines & set(theirs["executed_lines"] if theirs else ())
    return Beside(
        lines=len(found.lines),
        by_probes=len(by_probes),
        by_titanoboa=len(by_titanoboa),
        only_probes=len(by_probes - by_titanoboa),
        only_titanoboa=len(by_titanoboa - by_probes),
        branches=cover.branches,
        branches_by_probes=cover.branches_run,
        branches_by_titanoboa=len(theirs["executed_branches"]) if theirs else 0,
        possible=possible(arcs),
    )


def show_beside(console: Console, rows: dict[str, Beside]) -> None:
    """Files of which nothing ran are left out, also of the sums."""
    rows = {file: row for file, row in rows.items() if row.by_probes or row.by_titanoboa}
    everything = Beside(*(sum(column) for column in zip(*map(astuple, rows.values()), strict=True)))
    table = open_table("lines", "probes", "boa", "only p.", "only boa", "branches", "probes", "boa", "can be")
    for file, row in (*rows.items(), ("all of these", everything)):
        table.add_row(file.removeprefix("contracts/"), *(f"{number:,}" for number in astuple(row)))
    console.print(table)
    for text in _sentences(everything):
        console.print(text, soft_wrap=True)


def _sentences(row: Beside) -> Iterator[str]:
    probes, plugin = percent(row.by_probes, row.lines), percent(row.by_titanoboa, row.lines)
    yield f"lines: {probes:.2f} % by probes, {plugin:.2f} % by titanoboa's plugin"
    taken = (row.branches_by_probes, row.branches_by_titanoboa, row.possible)
    probes, plugin, most = (percent(number, row.branches) for number in taken)
    yield f"branches: {probes:.2f} % by probes, {plugin:.2f} % by titanoboa's plugin, which can record {most:.2f} %"
