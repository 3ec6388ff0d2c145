"""`./run coverage`: which lines and branches of the contracts the tests run.

Compiles the contracts with probes (see probes.py), runs the tests on them in two processes, and shows what was reached.
Fails below 99 % of lines or 97 % of branches, and when something is not reached and docs/coverage.toml has no reason.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import click
from rich.console import Console

from nacre import artifacts
from nacre.bare_pytest import OPTIONS, files_of
from nacre.coverage.plugin import RESULT, TESTS
from nacre.coverage.points import points, sources
from nacre.coverage.report import Cover, check, cover, excuses, percent, show, show_missing, total
from nacre.coverage.titanoboa import arcs_of, beside, recorded, show_beside, under_coverage

LEAST_LINES, LEAST_BRANCHES = 99, 97
PROCESSES = 2
# Benches measure gas, proofs run no contract, integration runs commands and nodes.
SUITE = ("tests/fuzz", "tests/model", "tests/scenarios", "tests/stories", "tests/unit")
# What is about the project's Python.
OTHERS = ("keeper", "prices", "replay", "tools")
COMPILE = """
from nacre.artifacts import ROOT, load_all
from nacre.coverage.probes import Probes, instrument, use_own_cache
use_own_cache()
instrument(Probes(ROOT))
load_all()
"""

# Names and numbers are not cut short where a terminal is narrow, or where there is none.
console = Console(width=max(Console().width, 110))


def suite() -> list[str]:
    left_out = files_of(f"tests/unit/{name}" for name in OTHERS)
    return [file for file in files_of(SUITE) if file not in left_out]


def run_tests(files: list[str], folder: Path, titanoboa: bool = False) -> bool:
    """Whole folders, dealt out in turn. Whether all passed."""
    plugin = "nacre.coverage.titanoboa_chain" if titanoboa else "nacre.coverage.plugin"
    folders = sorted({Path(file).parent for file in files})
    running = []
    for number in range(PROCESSES):
        mine = [file for file in files if Path(file).parent in folders[number::PROCESSES]]
        if mine:
            told = {RESULT: str(folder / f"{number}.json"), TESTS: os.pathsep.join(mine)}
            log = (folder / f"{number}.log").open("w+")
            through = under_coverage(folder, number) if titanoboa else []
            command = [sys.executable, *through, "-m", "pytest", "-q", "-p", plugin, *OPTIONS]
            running.append((subprocess.Popen(command, env=_environment(told), stdout=log, stderr=log), log))
    passed = True
    for process, log in running:
        if process.wait() not in (0, 5):  # 5: none of its tests is left
            passed = False
            log.seek(0)
            console.print(log.read()[-4_000:], markup=False, highlight=False)
        log.close()
    return passed


def compare(files: list[str], watched: dict[str, str], found: list[Cover]) -> bool:
    """What titanoboa's plugin says of the same tests. Whether all passed there too."""
    with (
        tempfile.TemporaryDirectory(prefix="nacre-coverage-") as name,
        console.status("running the tests in titanoboa"),
    ):
        passed = run_tests(files, Path(name), titanoboa=True)
        theirs = recorded(Path(name))
    rows = {
        item.file: beside(points(item.file, watched[item.file]), item, theirs.get(item.file), arcs_of(item.file))
        for item in found
    }
    show_beside(console, rows)
    return passed


def _environment(more: dict[str, str]) -> dict[str, str]:
    return os.environ | {"PYTHONPATH": str(artifacts.ROOT)} | more


@click.command()
@click.argument("tests", nargs=-1)
@click.option("--all-missing", is_flag=True, help="list what has a reason too")
@click.option(
    "--titanoboa",
    is_flag=True,
    help="compare with titanoboa's plugin on the same TESTS, which takes seventy times as long",
)
@click.option(
    "--json", "file_out", type=Path, default=Path("out/coverage.json"), show_default=True, help="every number"
)
def main(tests: tuple[str, ...], all_missing: bool, titanoboa: bool, file_out: Path) -> None:
    """Lines and branches of the contracts that the tests run: all of them, or those in TESTS."""
    started = time.monotonic()
    try:
        files = files_of(tests) if tests else suite()
    except FileNotFoundError as error:
        raise click.ClickException(str(error)) from None
    watched = {file: (artifacts.ROOT / file).read_text() for file in sources()}
    with tempfile.TemporaryDirectory(prefix="nacre-coverage-") as name, console.status("compiling") as status:
        subprocess.run([sys.executable, "-c", COMPILE], env=_environment({}), check=True)
        status.update("running the tests")
        passed = run_tests(files, Path(name))
        touched = {address for file in Path(name).glob("*.json") for address in json.loads(file.read_text())}
    if watched != {file: (artifacts.ROOT / file).read_text() for file in sources()}:
        raise click.ClickException("contracts have changed while the tests ran: run it again")
    found = [cover(points(file, text), touched) for file, text in watched.items()]
    if titanoboa:
        raise SystemExit(not (compare(files, watched, found) and passed))
    show(console, found)
    without, needless = check(found, excuses())
    console.print()
    show_missing(console, [point for item in found for point in item.missing] if all_missing else without)
    for excuse in needless:
        text = f"docs/coverage.toml: reached, or not there any more: {excuse.file} {excuse.function}: {excuse.code}"
        console.print(text, markup=False, highlight=False, soft_wrap=True)
    everything = total(found)
    file_out.parent.mkdir(parents=True, exist_ok=True)
    file_out.write_text(json.dumps({item.file: vars(item) for item in found}, default=vars, indent=1) + "\n")
    lines = percent(everything.lines_run, everything.lines)
    branches = percent(everything.branches_run, everything.branches)
    console.print(
        f"{lines:.2f} % of lines ({LEAST_LINES} wanted), {branches:.2f} % of branches ({LEAST_BRANCHES} wanted), "
        f"{len(without)} places without a reason, in {time.monotonic() - started:,.0f} s"
    )
    if not passed:
        console.print("[red]tests failed[/red]: see above")
    good = passed and not without and not needless and lines >= LEAST_LINES and branches >= LEAST_BRANCHES
    raise SystemExit(not good)


if __name__ == "__main__":
    main()
