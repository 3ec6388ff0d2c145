"""`./run mutate`: puts small faults into the contracts, one at a time, and runs the tests that should notice.

A mutant is killed when a test fails. What survives is a test that is missing, or a change that makes no difference:
those are listed in docs/mutation.toml with the reason. Fails below 95 % killed.
"""

import json
import random
import time
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nacre.mutation.mutator import EVENT, KINDS, Mutant, MutationError
from nacre.mutation.report import Score, show, show_survivor, survivors_of
from nacre.mutation.run import Verdict, Worker, judge_all, workers
from nacre.mutation.targets import Equivalent, Target, all_mutants, equivalents, targets, unused
from nacre.mutation.worker import BROKEN, KILLED, SURVIVED

LEAST_PERCENT = 95
SAMPLE = 200

console = Console()


def chosen(
    files: tuple[str, ...], kinds: tuple[str, ...], events: bool, known: list[Equivalent]
) -> list[tuple[Target, Mutant]]:
    """What there is to judge: without what is known to be equivalent."""
    wanted = [target for target in targets() if not files or any(target.file.endswith(file) for file in files)]
    if not wanted:
        raise MutationError(f"targets.toml has none of {', '.join(files)}")
    found = all_mutants(wanted)
    every = [mutant for mutants in found.values() for mutant in mutants]
    if stale := unused(known, every, {target.file for target in wanted}):
        lines = [f"  {entry.file} {entry.function}: {entry.code}: {entry.change}" for entry in stale]
        raise MutationError("docs/mutation.toml lists what is not there any more:\n" + "\n".join(lines))
    return [
        (target, mutant)
        for target, mutants in found.items()
        for mutant in mutants
        if (not kinds or mutant.kind in kinds)
        and (events or mutant.kind != EVENT)
        and not any(entry.fits(mutant) for entry in known)
    ]


def sampled(found: list[tuple[Target, Mutant]], number: int, seed: int) -> list[tuple[Target, Mutant]]:
    """The same ones for the same seed and sources."""
    if number >= len(found):
        return found
    return random.Random(seed).sample(found, number)


def red_tests(items: list[tuple[Target, Mutant]], worker: Worker) -> list[str]:
    """Those that fail without a fault: what they say about one with a fault is nothing."""
    tests = dict.fromkeys(test for target, _ in items for test in target.tests)
    answer = worker.judge(None, "", list(tests), [], seconds=1_800)
    if answer["outcome"] not in (SURVIVED, KILLED):
        raise MutationError(f"the tests do not run: {answer['by'] or answer['outcome']}")
    return answer["by"].splitlines()


def run(items: list[tuple[Target, Mutant]], jobs: int, check: bool, record: IO[str]) -> list[Verdict]:
    """Writes each verdict down as it comes: a run may take hours."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with console.status("compiling"), workers(jobs) as crew:
        red: list[str] = []
        if check:
            console.print("Running the tests without a mutant ...")
            red = red_tests(items, crew[0])
            for test in red:
                console.print(f"left out, since it fails without a mutant: {test}", markup=False, soft_wrap=True)
        with Progress(*columns, TimeRemainingColumn(), console=console, refresh_per_second=2) as progress:
            task = progress.add_task("mutants", total=len(items))
            alive = 0

            def done(verdict: Verdict) -> None:
                nonlocal alive
                print(json.dumps(asdict(verdict)), file=record, flush=True)
                if verdict.outcome == SURVIVED:
                    alive += 1
                    show_survivor(progress.console, verdict)
                progress.update(task, advance=1, description=f"{alive} survived")

            return judge_all(items, crew, red, done)


@click.command()
@click.option("--seed", default=0, show_default=True, help="decides which ones a sample holds")
@click.option("--sample", default=SAMPLE, show_default=True, type=click.IntRange(min=1), help="how many")
@click.option("--all", "everything", is_flag=True, help="all of them: hours")
@click.option("--file", "files", multiple=True, metavar="PATH", help="only of this source; may be given more than once")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="only of this kind")
@click.option("--events", is_flag=True, help="drop events too; they are not counted")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="processes")
@click.option("--check/--no-check", default=True, help="run the tests without a mutant first")
@click.option("--list", "only_list", is_flag=True, help="show the mutants and judge none")
@click.option("--record", default=Path("out/mutation.jsonl"), show_default=True, type=Path, help="every verdict")
def main(
    seed: int,
    sample: int,
    everything: bool,
    files: tuple[str, ...],
    kinds: tuple[str, ...],
    events: bool,
    jobs: int,
    check: bool,
    only_list: bool,
    record: Path,
) -> None:
    """Small faults in the contracts, one at a time: which of them do the tests notice?"""
    started = time.monotonic()
    try:
        known = equivalents()
        found = chosen(files, kinds, events, known)
        items = found if everything else sampled(found, sample, seed)
        if only_list:
            for _, mutant in items:
                console.print(f"{mutant.file}:{mutant.line} {mutant.change}", markup=False, soft_wrap=True)
            return
        record.parent.mkdir(parents=True, exist_ok=True)
        with record.open("w") as file:
            verdicts = run(items, jobs, check, file)
    except MutationError as error:
        raise click.ClickException(str(error)) from None
    show(console, verdicts)
    score = Score.of([verdict for verdict in verdicts if verdict.mutant.kind != EVENT])
    console.print(
        f"{len(items):,} of {len(found):,} mutants, {len(known)} more known to be equivalent, "
        f"in {time.monotonic() - started:,.0f} s: {score.percent:.1f} % killed, {LEAST_PERCENT} % wanted"
    )
    if score.broken:
        console.print(f"{score.broken} could not be judged: pytest failed without a failing test. The first said:")
        console.print(next(verdict.by for verdict in verdicts if verdict.outcome == BROKEN), markup=False)
    if survivors_of(verdicts):
        console.print("A survivor is a missing test; if it is equivalent, docs/mutation.toml says why.")
    raise SystemExit(score.percent < LEAST_PERCENT or score.broken > 0)


if __name__ == "__main__":
    main()
