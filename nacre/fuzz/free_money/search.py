"""Plays sequences in one world after the other, and cuts what nothing explains down to a story."""

import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nacre.fuzz import story_file
from nacre.fuzz.free_money.bounds import Verdict, suspicious, verdicts
from nacre.fuzz.free_money.draws import Draws
from nacre.fuzz.free_money.scene import build
from nacre.fuzz.free_money.settings import Settings, make
from nacre.fuzz.free_money.world import Phase, World
from nacre.fuzz.shrink import shrink
from nacre.units import WAD

FORMAT = "free money 1"


@dataclass(slots=True)
class Tally:
    """What the sequences in one world came to."""

    settings: Settings
    sequences: int = 0
    transactions: int = 0
    gains: int = 0  # transactions that gained something
    best: int = 0  # WAD, the largest gain of a transaction
    reasons: dict[str, int] = field(default_factory=dict)  # what was allowed, by kind
    rounding: int = 0  # wei, the largest gain that is put down to rounding
    tried: Counter[str] = field(default_factory=Counter)
    done: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True, slots=True)
class Story:
    """A sequence in the world of a seed that gains what nothing explains."""

    seed: int
    failure: str
    phases: list[Phase]

    def save(self, path: Path) -> None:
        head = {"format": FORMAT, "seed": self.seed, "failure": self.failure}
        story_file.write(path, head, "phases", (phase.to_json() for phase in self.phases))

    @classmethod
    def load(cls, path: Path) -> "Story":
        data = story_file.read(path, FORMAT)
        return cls(data["seed"], data["failure"], [Phase.from_json(phase) for phase in data["phases"]])


class Found(Exception):
    """Free money: the sequence and what it gained."""

    def __init__(self, world: World, phases: list[Phase], verdict: Verdict):
        super().__init__(describe(verdict))
        self.world, self.phases = world, phases


class Hunt:
    """The sequences of one world."""

    def __init__(self, seed: int, world: World | None = None):
        self.world = world or build(make(seed))
        self.draws = Draws(self.world, seed)
        self.tally = Tally(self.world.settings)

    def run(self, count: int) -> Iterator[None]:
        """Yields after each sequence; raises Found."""
        for _ in range(count):
            self.once(self.draws.draw())
            yield

    def once(self, phases: list[Phase]) -> None:
        tally, played = self.tally, self.world.play(phases)
        tally.sequences += 1
        tally.transactions += len(phases)
        for phase, result in zip(phases, played, strict=True):
            for place, step in enumerate(phase.steps):
                tally.tried[step["do"]] += 1
                tally.done[step["do"]] += result.done >> place & 1
        if not suspicious(self.world, phases, played):
            tally.rounding = max(tally.rounding, *(result.gain for result in played))
            return
        for verdict in verdicts(self.world, phases):
            if verdict.excess > 0:
                raise Found(self.world, phases, verdict)
            if verdict.gain <= verdict.tolerance:
                tally.rounding = max(tally.rounding, verdict.gain)
                continue
            tally.gains += 1
            if verdict.gain > tally.best:
                tally.best, tally.reasons = verdict.gain, verdict.reasons


def told(reasons: dict[str, int]) -> str:
    return ", ".join(f"{kind} {amount / WAD:.4g}" for kind, amount in reasons.items())


def describe(verdict: Verdict) -> str:
    reasons = told(verdict.reasons) or "nothing"
    return (
        f"gains {verdict.gain / WAD:.18g}, {verdict.excess / WAD:.18g} more than {reasons} explains "
        f"(with who is liquidated {verdict.joint / WAD:.6g}, since the transaction before {verdict.drift / WAD:.6g})"
    )


def worst(world: World, phases: Sequence[Phase]) -> Verdict | None:
    """The transaction that gains most beyond what is allowed; None if none does."""
    played = world.play(phases)
    if not suspicious(world, phases, played):
        return None
    verdict = max(verdicts(world, phases), key=lambda found: found.excess)
    return verdict if verdict.excess > 0 else None


def minimal_story(found: Found, seconds: float) -> Story:
    """As few steps as still gain, in as few transactions."""
    world = found.world

    def phases_of(steps: Sequence[Any]) -> list[Phase]:
        kept = [
            Phase([item["step"] for item in steps if item["phase"] == number], phase.after, phase.prices)
            for number, phase in enumerate(found.phases)
        ]
        while kept and not kept[-1].steps:
            kept.pop()
        return kept

    steps = [{"phase": number, "step": step} for number, phase in enumerate(found.phases) for step in phase.steps]
    phases = phases_of(shrink(steps, lambda fewer: worst(world, phases_of(fewer)) is not None, seconds))
    deadline = time.monotonic() + seconds
    for number in range(len(phases) - 1, -1, -1):
        fewer = phases[:number] + phases[number + 1 :]
        if not phases[number].steps and time.monotonic() < deadline and worst(world, fewer):
            phases = fewer
    verdict = worst(world, phases)
    return Story(world.settings.seed, describe(verdict) if verdict else str(found), phases)
