"""Cuts a failing walk down to what it needs to fail, and keeps it as a story that can be replayed."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from nacre.fuzz import story_file
from nacre.fuzz.invariants import Broken
from nacre.fuzz.shrink import shrink
from nacre.fuzz.system.endgame import Endgame
from nacre.fuzz.system.settings import make
from nacre.fuzz.system.walk import Failure, Walk
from nacre.fuzz.system.world import Action, World

FORMAT = "system 1"


@dataclass(frozen=True, slots=True)
class Story:
    """A trace of the campaign of a seed, and how it failed. `ended`: in its endgame, which the trace does not hold."""

    seed: int
    failure: str
    ended: bool
    actions: list[Action]

    def save(self, path: Path) -> None:
        head = {"format": FORMAT, "seed": self.seed, "failure": self.failure, "ended": self.ended}
        story_file.write(path, head, "actions", self.actions)

    @classmethod
    def load(cls, path: Path) -> "Story":
        data = story_file.read(path, FORMAT)
        return cls(data["seed"], data["failure"], data["ended"], data["actions"])


def failure_of(seed: int, actions: Sequence[Action], ended: bool) -> Failure | None:
    """How these actions fail on freshly deployed contracts; None if they do not."""
    walk = Walk(World(make(seed)))
    try:
        for action in actions:
            # A step completes what it is given: the story keeps its own.
            walk.step(dict(action))
        walk.check_all()
        if ended:
            Endgame(walk, seed).run()
    except (Failure, Broken) as failure:
        return failure if isinstance(failure, Failure) else Failure(str(failure))
    return None


def minimal_story(seed: int, actions: Sequence[Action], failure: Failure, ended: bool, seconds: float) -> Story:
    """The shortest trace found that fails in the same way."""

    def fails(candidate: Sequence[Action]) -> bool:
        found = failure_of(seed, candidate, ended)
        return found is not None and found.kind == failure.kind

    kept = list(actions)
    if fails(kept):
        kept = shrink(kept, fails, seconds)
    final = failure_of(seed, kept, ended)
    return Story(seed, str(final or failure), ended, kept)
