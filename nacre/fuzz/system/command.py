"""`./run fuzz --system`: random walks over whole systems, each ended by settling everything and paying everybody."""

import time
from pathlib import Path

import click
from rich.console import Console
from rich.progress import Progress, TaskID

from nacre.fuzz.invariants import Broken
from nacre.fuzz.report import SHOWN, Tally, show
from nacre.fuzz.system.endgame import Endgame
from nacre.fuzz.system.settings import Settings, make
from nacre.fuzz.system.story import Story, failure_of, minimal_story
from nacre.fuzz.system.walk import Failure, Walk, wander
from nacre.fuzz.system.world import Action, World


class Campaign:
    """One walk with its end. `failure` and the trace up to the endgame, if it failed."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.walk = Walk(World(settings))
        self.actions: list[Action] = []
        self.ended = False
        self.failure: Failure | None = None

    def run(self, count: int, progress: Progress | None = None, task: TaskID | None = None) -> None:
        """Sets `failure` instead of raising."""
        try:
            for _ in wander(self.walk, self.settings, count):
                if progress is not None and task is not None:
                    progress.advance(task)
            self.actions, self.ended = list(self.walk.trace), True
            Endgame(self.walk, self.settings.seed).run()
        except Broken as broken:
            self.failure = Failure(str(broken))
        except Failure as failure:
            self.failure = failure
        if not self.ended:
            self.actions = list(self.walk.trace)


def run(console: Console, seed: int, actions: int, chunk: int, path: Path, shrink_seconds: int) -> int:
    """Campaigns of one seed after the other until so many actions are done; returns 1 at the first failure."""
    tally, started, next_seed = Tally(), time.monotonic(), seed
    with Progress(console=console, refresh_per_second=2) as progress:
        task = progress.add_task("fuzzing", total=actions)
        while tally.actions < actions:
            campaign = Campaign(make(next_seed))
            progress.update(task, description=f"seed {next_seed} {' '.join(campaign.settings.policies)}")
            campaign.run(min(chunk, actions - tally.actions), progress, task)
            tally.add(campaign.walk)
            progress.update(task, completed=tally.actions)
            if campaign.failure is not None:
                progress.stop()
                _fail(console, campaign, path, shrink_seconds)
                return 1
            next_seed += 1
    tally.seconds = time.monotonic() - started
    show(tally)
    console.print(
        f"{tally.actions:,} actions in {tally.campaigns} campaigns, seeds {seed} to {next_seed - 1}, clean; "
        f"{tally.actions / tally.seconds:,.0f} a second"
    )
    return 0


def _fail(console: Console, campaign: Campaign, path: Path, seconds: int) -> None:
    """Shrinks, tells and keeps a failure."""
    failure, seed = campaign.failure, campaign.settings.seed
    assert failure is not None
    where = "at its end, after" if campaign.ended else "after"
    console.print(f"[red]failed[/red] {where} {len(campaign.actions)} actions, seed {seed}")
    console.print(str(failure), markup=False)
    with console.status("cutting the trace down"):
        story = minimal_story(seed, campaign.actions, failure, campaign.ended, seconds)
    story.save(path)
    console.print(f"{len(story.actions)} actions are enough: {story.failure}", markup=False)
    for action in story.actions[-SHOWN:]:
        console.print(f"  {action}", markup=False, soft_wrap=True)
    console.print(f"kept in {path}; run it again with ./run fuzz --system --replay {path}")


def again(console: Console, path: Path) -> int:
    """Replays a story."""
    try:
        story = Story.load(path)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(f"{path} cannot be read: {error}") from None
    failure = failure_of(story.seed, story.actions, story.ended)
    console.print(f"{len(story.actions)} actions: {failure or 'no failure'}", markup=False)
    return 1 if failure else 0
