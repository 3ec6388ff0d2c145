"""`./run mutate`: puts small faults into the contracts, one at a time, and runs the tests that should notice.

A mutant is killed when a test fails. What survives is a test that is missing, or a change that makes no difference:
those are listed in docs/mutation.toml with the reason. Fails below 95 % killed in any area.
"""

import math
import random
import time
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nacre.mutation.mutator import EVENT, KINDS, Mutant, MutationError
from nacre.mutation.record import Record
from nacre.mutation.report import Score, show, show_equivalents, show_mutant, survivors_of
from nacre.mutation.run import Items, Killers, Terms, Verdict, judge_all
from nacre.mutation.targets import Equivalent, all_mutants, equivalents, targets, unused
from nacre.mutation.worker import BROKEN, KILLED, SURVIVED

LEAST_PERCENT = 95
SAMPLE = 200

console = Console()


@dataclass(frozen=True)
class Chosen:
    """What there is to judge, and what is left out as equivalent."""

    items: Items
    same: list[Mutant]
    equivalent: Counter[str]


def chosen(
    files: tuple[str, ...], groups: tuple[str, ...], kinds: tuple[str, ...], events: bool, known: list[Equivalent]
) -> Chosen:
    wanted = [target for target in targets() if not files or any(target.file.endswith(file) for file in files)]
    wanted = [target for target in wanted if not groups or target.group in groups]
    if not wanted:
        raise MutationError(f"targets.toml has none of {', '.join(files + groups)}")
    found = all_mutants(wanted)
    every = [mutant for mutants in found.values() for mutant in mutants]
    if stale := unused(known, every, {target.file for target in wanted}):
        lines = [f"  {entry.file} {entry.function}: {entry.code}: {entry.change}" for entry in stale]
        raise MutationError("docs/mutation.toml lists what is not there any more:\n" + "\n".join(lines))
    asked = [
        (target, mutant)
        for target, mutants in found.items()
        for mutant in mutants
        if (not kinds or mutant.kind in kinds) and (events or mutant.kind != EVENT)
    ]
    same = [any(entry.fits(mutant) for entry in known) for _, mutant in asked]
    return Chosen(
        [item for item, equal in zip(asked, same, strict=True) if not equal],
        [mutant for (_, mutant), equal in zip(asked, same, strict=True) if equal],
        Counter(target.group for (target, _), equal in zip(asked, same, strict=True) if equal),
    )


def sampled(found: Items, number: int, seed: int) -> Items:
    """The same ones for the same seed and sources."""
    if number >= len(found):
        return found
    return random.Random(seed).sample(found, number)


def run(items: Items, known: list[Verdict], terms: Terms, record: Record) -> list[Verdict]:
    """Those without a verdict. Writes each down as it comes: a run may take an hour."""
    verdicts = list(known)
    have = {verdict.mutant for verdict in known}
    for verdict in known:
        if verdict.outcome == KILLED:
            terms.killers.note(verdict.mutant, verdict.by.splitlines()[0])
    for verdict in known:
        if verdict.outcome == SURVIVED:
            show_mutant(console, verdict.mutant)
    target_of = {mutant: target for target, mutant in items}
    open_ = [item for item in items if item[1] not in have]
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, refresh_per_second=2) as progress:
        task = progress.add_task("mutants", total=len(open_))

        def said(text: str) -> None:
            progress.console.print(text, markup=False, soft_wrap=True)

        def done(verdict: Verdict) -> None:
            verdicts.append(verdict)
            record.add(target_of[verdict.mutant], verdict)
            if verdict.outcome == SURVIVED:
                show_mutant(progress.console, verdict.mutant)
            alive = sum(one.outcome == SURVIVED for one in verdicts)
            progress.update(task, advance=1, description=f"{alive} survived")

        judge_all(open_, terms, said, done)
    return verdicts


@click.command()
@click.option("--seed", default=0, show_default=True, help="decides which ones a sample holds")
@click.option("--sample", default=SAMPLE, show_default=True, type=click.IntRange(min=1), help="how many")
@click.option("--all", "everything", is_flag=True, help="all of them: an hour")
@click.option("--file", "files", multiple=True, metavar="PATH", help="only of this source; may be given more than once")
@click.option("--area", "groups", multiple=True, help="only of this group of targets.toml; may be given more than once")
@click.option("--kind", "kinds", multiple=True, type=click.Choice(KINDS), help="only of this kind")
@click.option("--events", is_flag=True, help="drop events too; they are not counted")
@click.option("--jobs", default=2, show_default=True, type=click.IntRange(min=1), help="processes")
@click.option("--minutes", type=click.IntRange(min=1), help="then what is judged is a sample")
@click.option("--check/--no-check", default=True, help="run the tests without a mutant first")
@click.option("--more/--no-more", default=True, help="ask the slower tests too about what the first ones leave")
@click.option("--again", is_flag=True, help="only what survived the last time")
@click.option("--list", "only_list", is_flag=True, help="show the mutants and judge none")
@click.option("--equivalent", "only_equivalent", is_flag=True, help="show those that nobody can notice, and why")
@click.option(
    "--record",
    "path",
    default=Path("out/mutation.jsonl"),
    show_default=True,
    type=Path,
    help="every verdict; the next run goes on from there",
)
@click.option("--fresh", is_flag=True, help="forget the record")
def main(
    seed: int,
    sample: int,
    everything: bool,
    files: tuple[str, ...],
    groups: tuple[str, ...],
    kinds: tuple[str, ...],
    events: bool,
    jobs: int,
    minutes: int | None,
    check: bool,
    more: bool,
    again: bool,
    only_list: bool,
    only_equivalent: bool,
    path: Path,
    fresh: bool,
) -> None:
    """Small faults in the contracts, one at a time: which of them do the tests notice?"""
    started = time.monotonic()
    try:
        known = equivalents()
        found = chosen(files, groups, kinds, events, known)
        if only_equivalent:
            count = show_equivalents(console, known, found.same)
            console.print(f"{count:,} mutants do what the original does (docs/mutation.toml)")
            return
        items = found.items if everything else sampled(found.items, sample, seed)
        if not more:
            items = [(replace(target, more=()), mutant) for target, mutant in items]
        if only_list:
            for _, mutant in items:
                console.print(f"{mutant.file}:{mutant.line} {mutant.change}", markup=False, soft_wrap=True)
            return
        if fresh:
            path.unlink(missing_ok=True)
        record = Record(path)
        if again:
            items = [item for item in items if record.survived(item[1])]
        before = [] if again else record.known(items)
        if before:
            console.print(f"{len(before):,} verdicts of {path} still hold")
        deadline = started + 60 * minutes if minutes else math.inf
        verdicts = run(items, before, Terms(jobs, check, seed, Killers(), deadline), record)
    except MutationError as error:
        raise click.ClickException(str(error)) from None
    show(console, verdicts, found.equivalent)
    score = Score.of([verdict for verdict in verdicts if verdict.mutant.kind != EVENT])
    console.print(
        f"{len(verdicts):,} of {len(found.items):,} mutants, {found.equivalent.total()} more known to be equivalent, "
        f"in {time.monotonic() - started:,.0f} s: {score.percent:.1f} % killed, {LEAST_PERCENT} % wanted",
        soft_wrap=True,
    )
    if score.broken:
        console.print(f"{score.broken} could not be judged: pytest failed without a failing test. The first said:")
        console.print(next(verdict.by for verdict in verdicts if verdict.outcome == BROKEN), markup=False)
    if survivors_of(verdicts):
        console.print("A survivor is a missing test; if it is equivalent, docs/mutation.toml says why.")
    areas = {verdict.group for verdict in verdicts}
    worst = min(Score.of([one for one in verdicts if one.group == area]).percent for area in areas)
    raise SystemExit(worst < LEAST_PERCENT or score.broken > 0)


if __name__ == "__main__":
    main()
