"""`./run fuzz`: random actions against the contracts and the model, side by side.

The actions of a run follow from its seed. Every so many actions a campaign begins anew, with freshly deployed
contracts, other parameters, another price and the next policy and decimals.
"""

import time
from pathlib import Path

import click
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.free_money import command as free_money_command
from nacre.fuzz.report import SHOWN, Tally, console, show
from nacre.fuzz.settings import DECIMALS, POLICIES, Settings, make
from nacre.fuzz.shrink import Rehearsal, Story, minimal_story
from nacre.fuzz.system import command as system_command
from nacre.fuzz.walk import Failure, Walk, begin, wander


def campaigns(seed: int, policies: list[str], decimals: list[int]) -> "list[Settings]":
    """One of each combination, the seed's own first."""
    pairs = [(policy, digits) for digits in decimals for policy in policies]
    shift = seed % len(pairs)
    return [make(seed, policy, digits) for policy, digits in pairs[shift:] + pairs[:shift]]


def run(settings: Settings, count: int, with_chain: bool, progress: Progress, task: object) -> Walk:
    """One campaign. A Failure carries its walk."""
    walk = begin(settings, ChainSide(settings) if with_chain else None)
    try:
        for _ in wander(walk, count):
            progress.advance(task)  # type: ignore[arg-type]
    except Failure as failure:
        failure.walk = walk
        raise
    return walk


def fail(failure: Failure, settings: Settings, with_chain: bool, path: Path, seconds: int) -> None:
    """Shrinks, tells and keeps a failure."""
    walk = failure.walk
    trace = walk.trace if walk else []
    console.print(f"[red]failed[/red] after {len(trace)} actions, seed {settings.seed} {settings.policy} ")
    console.print(f"{settings.decimals} decimals: {failure}", markup=False)
    with console.status("cutting the trace down"):
        story = minimal_story(settings, trace, failure, with_chain, seconds)
    story.save(path)
    console.print(f"{len(story.actions)} actions are enough: {story.failure}", markup=False)
    for action in story.actions[-SHOWN:]:
        console.print(f"  {action}", markup=False, soft_wrap=True)
    console.print(f"kept in {path}; run it again with ./run fuzz --replay {path}")


def again(path: Path, with_chain: bool) -> int:
    """Replays a story."""
    try:
        story = Story.load(path)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from None
    failure = Rehearsal(story.settings, with_chain).failure(story.actions)
    console.print(f"{len(story.actions)} actions: {failure or 'no failure'}", markup=False)
    return 1 if failure else 0


@click.command()
@click.option("--seed", default=0, show_default=True, help="the first campaigns' seed; later ones count up")
@click.option("--actions", default=10_000, show_default=True, type=click.IntRange(min=1), help="how many in all")
@click.option("--policy", default="all", type=click.Choice([*POLICIES, "all"]), show_default=True)
@click.option("--decimals", default="all", type=click.Choice([*map(str, DECIMALS), "all"]), show_default=True)
@click.option("--chunk", default=1500, show_default=True, type=click.IntRange(min=1), help="actions a campaign")
@click.option("--model-only", is_flag=True, help="test the specification alone, without contracts")
@click.option("--free-money", is_flag=True, help="search for sequences of calls that gain somebody what is not theirs")
@click.option("--sequences", default=100_000, show_default=True, type=click.IntRange(min=1), help="of --free-money")
@click.option("--system", is_flag=True, help="whole systems of all five policies instead, without the model")
@click.option("--story", default=Path("fuzz-story.json"), show_default=True, type=Path, help="where a failure goes")
@click.option("--shrink-seconds", default=120, show_default=True, help="how long to cut a failing trace down")
@click.option("--replay", "replayed", default=None, type=Path, help="run a kept failure again")
def main(
    seed: int,
    actions: int,
    policy: str,
    decimals: str,
    chunk: int,
    model_only: bool,
    free_money: bool,
    sequences: int,
    system: bool,
    story: Path,
    shrink_seconds: int,
    replayed: Path | None,
) -> None:
    """Random actions against the contracts and the exact model: every stored number equal, every invariant held. With
    --system against whole systems of all five policies: cross accounts, backstop, deleveraging, settlement. With
    --free-money accounts under one hand try, in worlds of --chunk sequences each, to end with more than they had."""
    if model_only + free_money + system > 1:
        raise click.UsageError("--model-only, --system and --free-money exclude each other")
    if free_money:
        if replayed is not None:
            raise SystemExit(free_money_command.again(console, replayed))
        raise SystemExit(free_money_command.run(console, seed, sequences, chunk, story, shrink_seconds))
    if system:
        if replayed is not None:
            raise SystemExit(system_command.again(console, replayed))
        raise SystemExit(system_command.run(console, seed, actions, chunk, story, shrink_seconds))
    if replayed is not None:
        raise SystemExit(again(replayed, not model_only))
    policies = list(POLICIES) if policy == "all" else [policy]
    digits = list(DECIMALS) if decimals == "all" else [int(decimals)]
    tally, started = Tally(), time.monotonic()
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    next_seed = seed
    queue: list[Settings] = []
    with Progress(*columns, TimeRemainingColumn(), console=console, refresh_per_second=2) as progress:
        task = progress.add_task("fuzzing", total=actions)
        while tally.actions < actions:
            if not queue:
                queue, next_seed = campaigns(next_seed, policies, digits), next_seed + 1
            settings = queue.pop(0)
            progress.update(task, description=f"seed {settings.seed} {settings.policy} {settings.decimals}")
            try:
                tally.add(run(settings, min(chunk, actions - tally.actions), not model_only, progress, task))
            except Failure as failure:
                progress.stop()
                fail(failure, settings, not model_only, story, shrink_seconds)
                raise SystemExit(1) from None
    tally.seconds = time.monotonic() - started
    show(tally)
    console.print(
        f"{tally.actions:,} actions in {tally.campaigns} campaigns, seeds {seed} to {next_seed - 1}, clean; "
        f"{tally.actions / tally.seconds:,.0f} a second"
    )


if __name__ == "__main__":
    main()
