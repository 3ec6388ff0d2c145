"""`./run fuzz --free-money`: the search, its progress and its stories."""

import time
from collections import Counter
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

from nacre.fuzz.free_money.scene import build
from nacre.fuzz.free_money.search import Found, Hunt, Story, Tally, describe, minimal_story, told, worst
from nacre.fuzz.free_money.settings import make
from nacre.fuzz.free_money.world import World
from nacre.units import WAD


def run(console: Console, seed: int, sequences: int, chunk: int, path: Path, shrink_seconds: int) -> int:
    """Worlds of one seed after the other, `chunk` sequences each; returns 1 at the first gain that nothing explains."""
    tallies: list[Tally] = []
    started, cpu, next_seed, left = time.monotonic(), time.process_time(), seed, sequences
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, TimeRemainingColumn(), console=console, refresh_per_second=2) as progress:
        task = progress.add_task("free money", total=sequences)
        while left:
            hunt = Hunt(next_seed)
            progress.update(task, description=f"seed {next_seed} {hunt.world.settings.name}")
            try:
                for _ in hunt.run(min(chunk, left)):
                    progress.advance(task)
            except Found as found:
                progress.stop()
                _tell(console, found, path, shrink_seconds)
                return 1
            tallies.append(hunt.tally)
            left -= hunt.tally.sequences
            next_seed += 1
    _show(console, tallies)
    seconds, worked = time.monotonic() - started, time.process_time() - cpu
    console.print(
        f"{sequences:,} sequences in {len(tallies)} worlds, seeds {seed} to {next_seed - 1}, clean; "
        f"{sequences / seconds:,.0f} a second, {sequences / worked:,.0f} a second of the processor"
    )
    return 0


def _show(console: Console, tallies: list[Tally]) -> None:
    """The best gain of the worlds of each policy and state, the largest rounding, and which steps went through."""
    table = Table(title="gains that the policies allow", title_justify="left", padding=(0, 1, 0, 0), box=None)
    table.add_column("world", no_wrap=True)
    for name in ("sequences", "gains", "best", "seed"):
        table.add_column(name, justify="right")
    table.add_column("allowed")
    table.add_column("wei", justify="right")
    groups: dict[tuple[str, str], list[Tally]] = {}
    for tally in tallies:
        groups.setdefault((tally.settings.policy, tally.settings.kind), []).append(tally)
    for (policy, kind), group in sorted(groups.items()):
        best = max(group, key=lambda tally: tally.best)
        numbers = (sum(t.sequences for t in group), sum(t.gains for t in group))
        gain = (f"{best.best / WAD:.4g}", str(best.settings.seed), told(best.reasons)) if best.best else ("0", "", "")
        table.add_row(f"{policy} {kind}", *(f"{n:,}" for n in numbers), *gain, str(max(t.rounding for t in group)))
    console.print(table)
    tried, done = sum((t.tried for t in tallies), Counter()), sum((t.done for t in tallies), Counter())
    steps = (f"{kind} {done[kind]:,} of {count:,}" for kind, count in sorted(tried.items()))
    console.print("steps that went through: " + ", ".join(steps))


def _tell(console: Console, found: Found, path: Path, seconds: int) -> None:
    """Cuts a counterexample down, tells and keeps it."""
    settings = found.world.settings
    console.print(f"[red]free money[/red] in the world of seed {settings.seed}, {settings.name}")
    console.print(str(found), markup=False)
    with console.status("cutting the sequence down"):
        story = minimal_story(found, seconds)
    story.save(path)
    _play(console, found.world, story)
    console.print(f"kept in {path}; run it again with ./run fuzz --free-money --replay {path}")


def _play(console: Console, world: World, story: Story) -> None:
    """The story, transaction by transaction."""
    console.print(story.failure, markup=False)
    for phase, result in zip(story.phases, world.play(story.phases), strict=True):
        prices = ", ".join(f"market {number} at {price / WAD:g}" for number, price in (phase.prices or {}).items())
        console.print(f"{phase.after} s later {prices}: gains {result.gain / WAD:.18g}", markup=False)
        for place, step in enumerate(phase.steps):
            console.print(f"  {'' if result.done >> place & 1 else '(refused) '}{step}", markup=False, soft_wrap=True)


def again(console: Console, path: Path) -> int:
    """Replays a story."""
    try:
        story = Story.load(path)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from None
    world = build(make(story.seed))
    _play(console, world, story)
    verdict = worst(world, story.phases)
    console.print(f"now: {describe(verdict) if verdict else 'no free money'}", markup=False)
    return 1 if verdict else 0
