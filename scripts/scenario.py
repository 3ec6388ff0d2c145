"""Runs scenario files: protocol behaviour as data."""

import json
import sys
from pathlib import Path

import click
from rich.console import Console

from nacre.artifacts import CompileError, load_all
from nacre.presets import PresetError, preset
from nacre.scenario import ScenarioError, ScenarioResult, find_files, run_file
from nacre.scenario.report import show, show_line, summary


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--policy", metavar="NAME", help="Run with this policy instead of the one in the file.")
@click.option(
    "--json",
    "json_path",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="OUT",
    help="Write all snapshots here.",
)
@click.option("--steps", is_flag=True, help="Show every step, also with several files.")
def cli(paths: tuple[Path, ...], policy: str | None, json_path: Path | None, steps: bool) -> None:
    """Run scenario files (or all in a folder) against freshly deployed contracts on an embedded chain.

    A file that is malformed, whose expectation fails, or whose step reverts unexpectedly is reported with file, step
    and reason, and the exit code is 1.
    """
    # Written to a file or a pipe there is no width to keep to.
    console = Console() if sys.stdout.isatty() else Console(width=160)
    try:
        if policy is not None:
            preset(policy)  # a wrong name is said once, not for every file
        files = find_files(list(paths))
        load_all()
    except (PresetError, ScenarioError, CompileError) as error:
        raise click.ClickException(str(error)) from None
    results = []
    for path in files:
        result = run_file(path, policy)
        results.append(result)
        if steps or len(files) == 1:
            show(console, result)
        else:
            show_line(console, result)
    if json_path is not None:
        _write(json_path, results)
    if len(files) > 1:
        console.print(summary(results))
    if not all(result.ok for result in results):
        sys.exit(1)


def _write(path: Path, results: list[ScenarioResult]) -> None:
    """One scenario as it is, several as a list with a verdict."""
    if len(results) == 1:
        content = results[0].as_json()
    else:
        content = {
            "ok": all(result.ok for result in results),
            "scenarios": [result.as_json() for result in results],
        }
    try:
        path.write_text(json.dumps(content, indent=2) + "\n")
    except OSError as error:
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


if __name__ == "__main__":
    sys.exit(cli())
