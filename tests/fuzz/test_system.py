"""Random walks over whole systems, each ended by settling and paying all; `./run fuzz --system` goes on for longer."""

from collections import Counter
from pathlib import Path

import pytest
from click.testing import CliRunner

from nacre.fuzz.__main__ import main
from nacre.fuzz.invariants import Broken
from nacre.fuzz.system import invariants, promises
from nacre.fuzz.system.command import Campaign
from nacre.fuzz.system.settings import make
from nacre.fuzz.system.story import Story, failure_of, minimal_story
from nacre.fuzz.system.walk import Failure, Walk, wander
from nacre.fuzz.system.world import World
from nacre.presets import preset_names

SEEDS = range(5)
ACTIONS = 220
# What several short walks have certainly done.
SEEN = {
    "takeover",
    "force_close",
    "backstop",
    "adl",
    "settle_account",
    "claim",
    "vault deposit",
    "vault redeem",
    "treasury collect",
    "withdraw",
}


def test_five_seeds_in_a_row_see_all_policies() -> None:
    assert {make(seed).policies[0] for seed in SEEDS} == set(preset_names())


def test_walks_are_clean_and_end_with_everybody_paid() -> None:
    coverage: Counter[tuple[str, str]] = Counter()
    for seed in SEEDS:
        campaign = Campaign(make(seed))
        campaign.run(ACTIONS)
        assert campaign.failure is None, f"seed {seed}: {campaign.failure}"
        coverage += campaign.walk.coverage
    assert {kind for kind, reason in coverage if reason == "done"} >= SEEN


def test_a_seed_repeats() -> None:
    traces = []
    for _ in range(2):
        walk = Walk(World(make(7)))
        for _ in wander(walk, walk.world.settings, 60):
            pass
        traces.append((walk.trace, walk.coverage))
    assert traces[0] == traces[1]


def test_a_planted_mistake_shrinks_to_a_story(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A fee that nobody booked."""
    true = World.assets
    monkeypatch.setattr(World, "assets", lambda world: true(world) - world.house.call("insurance_fund", 0))
    campaign = Campaign(make(3))
    campaign.run(ACTIONS)
    assert campaign.failure is not None
    assert "differ from claims" in str(campaign.failure)
    story = minimal_story(3, campaign.actions, campaign.failure, campaign.ended, seconds=4)
    assert len(story.actions) < len(campaign.actions)
    story.save(tmp_path / "story.json")
    assert Story.load(tmp_path / "story.json") == story
    again = CliRunner().invoke(main, ["--system", "--replay", str(tmp_path / "story.json")])
    assert again.exit_code == 1
    assert "differ from" in again.output
    monkeypatch.undo()
    assert failure_of(story.seed, story.actions, story.ended) is None


def test_a_wrong_preview_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    true = promises.foresee

    def one_wei_more(world, action):
        promise = true(world, action)
        if promise.preview is not None and action["do"] == "force_close":
            promise.preview = promise.preview._replace(residue=promise.preview.residue + 1)
        return promise

    monkeypatch.setattr(promises, "foresee", one_wei_more)
    failures = []
    for seed in SEEDS:
        campaign = Campaign(make(seed))
        campaign.run(ACTIONS)
        failures.append(str(campaign.failure))
    assert any(failure.startswith("force_close: 9:") for failure in failures)


def test_an_index_that_falls_is_found() -> None:
    world = World(make(0))
    before, after = world.cheap(0), world.cheap(0)
    before.long_loss += 1
    with pytest.raises(Broken, match="long index fell"):
        invariants.indices_never_fall(before, after)


def test_money_of_others_is_watched() -> None:
    world = World(make(0))
    before, after = world.look([0]), world.look([0])
    footprint = invariants.footprint(world, {"do": "deposit", "who": "ann", "tokens": 1})
    invariants.nobody_else_pays(before, after, footprint)
    after.free["bea"] += 1
    with pytest.raises(Broken, match="free collateral of bea"):
        invariants.nobody_else_pays(before, after, footprint)
    after.cheap[0].pot += 1
    with pytest.raises(Broken, match="pot of 0"):
        invariants.other_markets_stay(before, after, footprint, {})


def test_a_refusal_without_a_reason_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    walk = Walk(World(make(0)))
    true = World.send

    def mute(world, action):
        receipt = true(world, action)
        receipt.reason = "halted: OutOfGas"
        return receipt

    monkeypatch.setattr(World, "send", mute)
    with pytest.raises(Failure, match="without a documented reason"):
        walk.step({"do": "withdraw", "who": "ann", "tokens": 1})


def test_the_command_tells_its_coverage(tmp_path: Path) -> None:
    arguments = ["--system", "--seed", "5", "--actions", "40", "--story", str(tmp_path / "story.json")]
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 0, result.output
    assert "clean" in result.output
    assert "seeds 5" in result.output
