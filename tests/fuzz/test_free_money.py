"""The search for free money: finds nothing in the contracts, and whatever is planted in them."""

import shutil
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

import nacre.deploy.listing
from nacre.artifacts import ROOT, Artifact, compile_contract
from nacre.deploy import BackstopTerms
from nacre.fuzz.__main__ import main
from nacre.fuzz.free_money.bounds import verdicts
from nacre.fuzz.free_money.scene import build
from nacre.fuzz.free_money.search import Found, Hunt, Story, Tally, minimal_story, worst
from nacre.fuzz.free_money.settings import KINDS, RING, Settings, make
from nacre.fuzz.free_money.steps import CALLS
from nacre.fuzz.free_money.world import Phase, World
from nacre.fuzz.system.choices import tick_of
from nacre.presets import preset, preset_names
from nacre.units import MAX_UINT256, WAD

WORLDS = len(KINDS) * len(preset_names())
# Oyster's market with everybody healthy, and with outsiders who are liquidatable.
CALM, FAILING = 3, 8
# Without these a search has not searched.
ESSENTIAL = (
    "trade",
    "takeover",
    "force_close",
    "backstop",
    "adl",
    "add_range",
    "remove_range",
    "vault_deposit",
    "redeem",
)


def hunted(seed: int, count: int, world: World | None = None) -> Tally:
    hunt = Hunt(seed, world)
    for _ in hunt.run(count):
        pass
    return hunt.tally


@pytest.fixture(scope="module")
def tallies() -> list[Tally]:
    """All policies in all states."""
    return [hunted(seed, 20) for seed in range(WORLDS)]


def test_nobody_gains_what_no_policy_gives(tallies: list[Tally]) -> None:
    # Each would have raised Found.
    assert {(tally.settings.policy, tally.settings.kind) for tally in tallies} == {
        (policy, kind) for policy in preset_names() for kind in KINDS
    }
    done = sum((tally.done for tally in tallies), Counter[str]())
    assert not [kind for kind in ESSENTIAL if not done[kind]]
    assert set(done) <= set(CALLS)


def test_gains_are_seen_where_a_policy_gives_something(tallies: list[Tally]) -> None:
    given = {tally.settings.kind for tally in tallies if tally.best and tally.reasons.get("awards")}
    assert "failing" in given
    assert "calm" not in {tally.settings.kind for tally in tallies if tally.best and not tally.reasons}


def test_the_seed_says_everything() -> None:
    first, second = Hunt(FAILING), Hunt(FAILING)
    assert [first.draws.draw() for _ in range(20)] == [second.draws.draw() for _ in range(20)]
    assert first.world.start_value == second.world.start_value


def test_a_takeover_is_worth_what_the_target_had() -> None:
    world = build(make(FAILING))
    target = next(name for name in ("ann", "bea", "cal", "dot") if world.health(0, name).stage == 2)
    equity = world.health(0, target).equity
    step = {"do": "takeover", "who": "ken", "market": 0, "target": target, "size": MAX_UINT256, "margin": 10**22}
    [verdict] = verdicts(world, [Phase([step])])
    assert verdict.gain == equity > 0
    assert verdict.joint == 0
    assert verdict.allowed >= verdict.gain
    assert verdict.excess < 0


def plain(policy: str, kind: str, **fields: Any) -> World:
    """A world of the preset itself, apart from some fields."""
    market = preset(policy).changed(price=100, **fields)
    return build(Settings(0, policy, kind, 18, (market,), BackstopTerms(0, 0, 100)))


def test_a_jump_gives_a_hedged_pair_the_price_profit_of_one_leg_at_most() -> None:
    world = plain("oyster", "calm")
    price, lower = world.price[0], world.price[0] * 7 // 10
    size, margin = 10_000 * WAD * WAD // price, 1_500 * WAD
    pair = [
        {"do": "trade", "who": "ken", "market": 0, "size": size, "margin": margin},
        {"do": "trade", "who": "vic", "market": 0, "size": -size, "margin": margin},
    ]
    take = {"do": "takeover", "who": "liv", "market": 0, "target": "ken", "margin": margin}
    owned: list[int] = []
    three = ("ken", "vic", "liv")
    phases = [Phase(pair), Phase([take], 1, {0: lower})]
    first, second = world.play(phases, lambda *_: owned.append(sum(world.worth(name) for name in three)))
    assert (first.done, second.done) == (3, 1)
    _, before, jumped, after = owned
    profit = size * (price - lower) // WAD
    # The loser leaves its debt behind, and has lost its margin; taking it over brings nothing back.
    assert 0 < jumped - before < profit - margin + 100 * WAD
    assert second.gain <= 0
    assert after <= jumped


def test_a_failed_range_is_not_made_good_twice() -> None:
    """Its deficit is absorbed at the new mark, so deleveraging must not close its inventory at the mark before."""
    world = plain("hyperliquid", "thin", mark_mode="index", cross_margin=False)
    around = tick_of(world.price[0])
    place = {"who": "liv", "market": 0, "lower": around - 200, "upper": around + 200}
    begin = [
        {"do": "trade", "who": "liv", "market": 0, "size": 10 * WAD, "margin": 40 * WAD},
        {"do": "add_range", "margin": 2_000 * WAD} | place,
        {"do": "trade", "who": "tia", "market": 0, "size": -300 * WAD, "margin": 100_000 * WAD},
    ]
    fall = [
        {"do": "remove_range", "target": "liv"} | place,
        {"do": "adl", "who": "ken", "market": 0, "target": "liv"},
    ]
    owned: list[int] = []

    def look(number: int, is_after: bool) -> None:
        held = world.markets[0].venue.call("range_of", world.address["liv"], place["lower"], place["upper"])
        owned.append(world.worth("liv") + max(held.equity, 0))

    first, second = world.play([Phase(begin), Phase(fall, 1, {0: world.price[0] * 78 // 100})], look)
    assert (first.done, second.done) == (7, 3)
    # All that it had was long, and the price fell.
    assert owned[-1] <= owned[1]


def test_the_objective_is_what_the_views_say() -> None:
    world = build(make(CALM))
    total = 0
    for name in RING:
        health = world.health(0, name)
        tokens = world.system.token.call("balanceOf", world.address[name]) * world.system.unit
        equity = max(health.equity, 0) if health.size and not health.cross else 0
        total += tokens + health.free_collateral + equity + health.owed
    offered = 0
    for number, name, lower, upper in [*world.own, *world.foreign]:
        venue, owner = world.markets[number].venue, world.address[name]
        now, at_mark = venue.call("range_of", owner, lower, upper), venue.call("range_health", owner, lower, upper)[0]
        offered += now.equity - at_mark + (max(at_mark, 0) if name in RING else 0)
    shares = [world.vault.call("balanceOf", world.address[name]) for name in RING]
    assets = world.vault.call("totalAssets")
    worth = sum(held * (assets + 1) // (world.vault.call("totalSupply") + 10**6) for held in shares)
    assert world.system.unit == 1
    assert abs(world.start_value - total - offered - worth) <= len(RING)


# ---- planted


@pytest.fixture
def generous_ranges(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that gives new ranges the fees of the past. Compiled once: its folder stays."""
    root = ROOT / ".cache" / "planted"
    for folder in ("contracts", "interfaces"):
        shutil.copytree(ROOT / folder, root / folder, dirs_exist_ok=True)
    source = root / "contracts" / "modules" / "ranges.vy"
    sound = "unsafe_sub(fee_growth, _held.fee_growth) & MASK_128"
    assert source.read_text().count(sound) == 1
    source.write_text(source.read_text().replace(sound, "fee_growth & MASK_128"))
    planted = compile_contract("contracts/OysterAmm.vy", root)
    real: Callable[[str], Artifact] = nacre.deploy.listing.artifact
    monkeypatch.setattr(nacre.deploy.listing, "artifact", lambda name: planted if name == "OysterAmm" else real(name))


@pytest.mark.usefixtures("generous_ranges")
def test_a_planted_fault_is_found_cut_down_kept_and_replayed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "story.json"
    arguments = ["--free-money", "--seed", str(CALM), "--sequences", "600", "--story", str(path)]
    result = CliRunner().invoke(main, [*arguments, "--shrink-seconds", "5"])
    assert result.exit_code == 1, result.output
    assert "free money in the world of seed" in result.output
    steps = [step["do"] for phase in Story.load(path).phases for step in phase.steps]
    assert len(steps) <= 4
    assert "add_range" in steps
    replay = ["--free-money", "--replay", str(path)]
    assert CliRunner().invoke(main, replay).exit_code == 1
    monkeypatch.undo()
    mended = CliRunner().invoke(main, replay)
    assert mended.exit_code == 0
    assert "no free money" in mended.output


def test_an_award_that_no_policy_names_is_found() -> None:
    """The search believes that nobody may take positions over; the market's policy allows it."""
    world = build(make(FAILING))
    nothing = {"backstop_bps": 0, "last_resort_seconds": 0, "liquidation_fee_bps": 0, "trading_fee_bps": 0}
    config = world.settings.markets[0].changed(takeover=False, force_close_band_bps=1, **nothing)
    world.settings = replace(world.settings, markets=(config,))
    with pytest.raises(Found) as caught:
        hunted(FAILING, 600, world)
    story = minimal_story(caught.value, 5)
    assert worst(world, story.phases) is not None
    assert [step["do"] for phase in story.phases for step in phase.steps] == ["takeover"]


# ---- the command


def test_a_clean_run_tells_what_it_did() -> None:
    result = CliRunner().invoke(main, ["--free-money", "--seed", "5", "--sequences", "30", "--chunk", "20"])
    assert result.exit_code == 0, result.output
    assert "30 sequences in 2 worlds, seeds 5 to 6, clean" in result.output
    assert "steps that went through" in result.output


def test_a_missing_story_is_one_clear_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--free-money", "--replay", str(tmp_path / "nothing.json")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output


def test_the_help_shows_it() -> None:
    assert "--free-money" in CliRunner().invoke(main, ["--help"]).output
