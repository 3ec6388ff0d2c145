"""Cuts a failing trace down to what it needs to fail, and keeps it as a story that can be replayed."""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from nacre.fuzz import story_file
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.generator import Action
from nacre.fuzz.settings import Settings, make
from nacre.fuzz.walk import Failure, replay

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Story:
    """A trace with the settings it runs under, and how it failed."""

    seed: int
    policy: str
    decimals: int
    failure: str
    actions: list[Action]

    @property
    def settings(self) -> Settings:
        return make(self.seed, self.policy, self.decimals)

    def save(self, path: Path) -> None:
        head = {"format": FORMAT, "seed": self.seed, "policy": self.policy, "decimals": self.decimals}
        story_file.write(path, head | {"failure": self.failure}, "actions", self.actions)

    @classmethod
    def load(cls, path: Path) -> "Story":
        data = story_file.read(path, FORMAT)
        return cls(data["seed"], data["policy"], data["decimals"], data["failure"], data["actions"])


class Rehearsal:
    """The contracts of one campaign, deployed once and taken back before each try. None: the model alone."""

    def __init__(self, settings: Settings, with_chain: bool = True):
        self.settings = settings
        self.chain = ChainSide(settings) if with_chain else None

    def failure(self, actions: Sequence[Action], thorough: bool = True) -> Failure | None:
        """How these actions fail, everything compared at the end or after each; None if they do not."""
        snapshot = self.chain.snapshot() if self.chain else 0
        try:
            replay(self.settings, self.chain, actions, thorough)
        except Failure as failure:
            return failure
        finally:
            if self.chain:
                self.chain.restore(snapshot)
        return None


def shrink(
    actions: Sequence[Action],
    fails: Callable[[Sequence[Action]], bool],
    seconds: float = math.inf,
    tries: float = math.inf,
) -> list[Action]:
    """Deletes actions, large pieces first, as long as the rest fails; ends early when time or tries are used up."""
    deadline, tried = time.monotonic() + seconds, 0
    kept = list(actions)
    piece = max(1, len(kept) // 2)
    while piece:
        start = 0
        removed = False
        while start < len(kept):
            if tried >= tries or time.monotonic() > deadline:
                return kept
            candidate = kept[:start] + kept[start + piece :]
            tried += 1
            if candidate and fails(candidate):
                kept, removed = candidate, True
            else:
                start += piece
        piece = piece if removed and piece == 1 else piece // 2
    return kept


def minimal_story(
    settings: Settings,
    trace: Sequence[Action],
    failure: Failure,
    with_chain: bool = True,
    seconds: float = 120,
    tries: float = math.inf,
) -> Story:
    """The shortest trace found that fails in the same way."""
    stage = Rehearsal(settings, with_chain)

    def fails(actions: Sequence[Action]) -> bool:
        found = stage.failure(actions, thorough=False)
        return found is not None and found.kind == failure.kind

    actions = list(trace)
    # If only the whole campaign shows it, the trace stays as it is.
    if fails(actions):
        actions = shrink(actions, fails, seconds, tries)
    final = stage.failure(actions)
    return Story(settings.seed, settings.policy, settings.decimals, str(final or failure), actions)
