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
from nacre.bare_pytest import OPTIONS
from nacre.coverage.plugin import FOLDER
from nacre.coverage.report import check, covers, excuses, percent, show, show_missing, total

LEAST_LINES, LEAST_BRANCHES = 99, 97
PROCESSES = 2
# Benches measure gas, proofs run no contract.
TESTS = ("tests/unit", "tests/stories", "tests/model", "tests/fuzz", "tests/scenarios", "tests/integration")
COMPILE = """
from nacre.artifacts import ROOT, load_all
from nacre.coverage.probes import Probes, instrument, use_own_cache
use_own_cache()
instrument(Probes(ROOT))
load_all()
"""

console = Console()


def test_files(paths: tuple[str, ...]) -> list[Path]:
    found: list[Path] = []
    for path in map(Path, paths):
        found += sorted(path.rglob("test_*.py")) if path.is_dir() else [path]
    return found


def run_tests(files: list[Path], folder: Path) -> bool:
    """Large files first, dealt out in turn. Whether all passed."""
    ordered = sorted(files, key=lambda file: -file.stat().st_size)
    environment = os.environ | {FOLDER: str(folder), "PYTHONPATH": str(artifacts.ROOT)}
    options = ["-q", "--no-header", "-p", "nacre.coverage.plugin", *OPTIONS]
    running = []
    for number in range(PROCESSES):
        # pytest takes a file after its folder for a duplicate: files only
        mine = [str(file) for file in ordered[number::PROCESSES]]
        if mine:
            log = (folder / f"pytest-{number}.log").open("w+")
            command = [sys.executable, "-m", "pytest", *options, *mine]
            running.append((subprocess.Popen(command, env=environment, stdout=log, stderr=log), log))
    passed = True
    for process, log in running:
        if process.wait() not in (0, 5):  # 5: none of its tests is left
            passed = False
            log.seek(0)
            console.print(log.read()[-4_000:], markup=False, highlight=False)
        log.close()
    return passed


@click.command()
@click.argument("tests", nargs=-1)
@click.option("--all-missing", is_flag=True, help="list what has a reason too")
@click.option(
    "--json", "file_out", type=Path, default=Path("out/coverage.json"), show_default=True, help="every number"
)
def main(tests: tuple[str, ...], all_missing: bool, file_out: Path) -> None:
    """Lines and branches of the contracts that the tests run: all of them, or those in TESTS."""
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="nacre-coverage-") as name, console.status("compiling") as status:
        environment = os.environ | {"PYTHONPATH": str(artifacts.ROOT)}
        subprocess.run([sys.executable, "-c", COMPILE], env=environment, check=True)
        status.update("running the tests")
        passed = run_tests(test_files(tests or TESTS), Path(name))
        touched = {address for file in Path(name).glob("*.json") for address in json.loads(file.read_text())}
    found = covers(touched)
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
