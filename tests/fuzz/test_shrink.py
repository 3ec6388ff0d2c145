"""The fuzzer finds a planted mistake, cuts the trace down, and the story of it replays."""

import math
from pathlib import Path

import pytest

from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.settings import make
from nacre.fuzz.shrink import Rehearsal, Story, minimal_story, shrink
from nacre.fuzz.walk import Failure, begin, wander
from nacre.model import liquidation, waterfall


def fee_a_wei_short(policy, worth, left):
    """The keeper gets a wei too little, the fund one too much."""
    reward, share, rest = true_fee(policy, worth, left)
    return (reward - 1, share + 1, rest) if reward else (reward, share, rest)


true_fee = liquidation.liquidation_fee


def test_a_planted_difference_shrinks_to_a_short_story(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(liquidation, "liquidation_fee", fee_a_wei_short)
    settings = make(0, "oyster", 18)
    walk = begin(settings, ChainSide(settings))
    with pytest.raises(Failure) as caught:
        for _ in wander(walk, 2000):
            pass
    assert caught.value.kind == "difference"
    story = minimal_story(settings, walk.trace, caught.value, seconds=math.inf, tries=40)
    assert len(story.actions) < len(walk.trace) / 3
    assert story.actions[-1]["do"] == "force_close"

    path = tmp_path / "story.json"
    story.save(path)
    again = Story.load(path)
    assert again == story
    stage = Rehearsal(again.settings)
    found = stage.failure(again.actions)
    assert found is not None
    assert str(found) == story.failure
    monkeypatch.undo()
    assert stage.failure(again.actions) is None


def test_a_planted_loss_breaks_an_invariant(monkeypatch: pytest.MonkeyPatch) -> None:
    """A waterfall that forgets the providers' part makes claims exceed the pot."""
    monkeypatch.setattr(waterfall, "_charge_providers", lambda market, loss: None)
    failures = []
    for seed in range(6):
        walk = begin(make(seed, "oyster", 18), None)
        try:
            for _ in wander(walk, 800):
                pass
        except Failure as failure:
            failures.append(failure)
    assert failures
    assert all(failure.kind == "invariant" and failure.text.startswith("2: dust -") for failure in failures)


def test_shrinking_keeps_exactly_what_is_needed() -> None:
    actions = [{"do": "wait", "seconds": number} for number in range(100)]
    needed = {3, 50, 99}

    def fails(candidate):
        return needed <= {action["seconds"] for action in candidate}

    assert {action["seconds"] for action in shrink(actions, fails)} == needed


def test_a_story_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "story.json"
    path.write_text('{"format": 0}')
    with pytest.raises(ValueError, match="no story of this version"):
        Story.load(path)
