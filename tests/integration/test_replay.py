"""A small replay on the real contracts: the books balance to the wei, and a seed always gives the same story."""

import json
from dataclasses import replace

import pytest

from nacre.chain import EmbeddedChain
from nacre.presets import preset, preset_names
from nacre.prices import Candle, crash_path
from nacre.replay.audit import AuditError, balance_sheet
from nacre.replay.run import Replay, Settings
from nacre.units import WAD

# From twelve hours before the first leg of the crash to twelve hours after the second.
CANDLES = crash_path()[118:158]


def settings(**changed):
    wanted = {"candles": CANDLES, "config": preset("oyster"), "policy": "oyster", "accounts": 20, "seed": 5}
    wanted |= changed
    return Settings(**wanted)


@pytest.fixture(scope="module")
def replay():
    replay = Replay(settings())
    replay.outcome = replay.run()
    return replay


def test_assets_are_claims_and_dust_to_the_wei(replay):
    sheet = replay.outcome.balance
    assert sheet.assets == sheet.total_claims + sheet.dust
    assert 0 <= sheet.dust < 10**9
    system = replay.world.system
    assert sheet.assets == system.token.call("balanceOf", system.clearinghouse.address)


def test_what_one_loses_another_gains(replay):
    assert replay.outcome.zero_sum() == -replay.outcome.balance.dust
    assert sum(party.brought for party in replay.outcome.parties) == replay.outcome.balance.assets


def test_the_crash_liquidates_and_leaves_nobody_behind(replay):
    result = replay.outcome
    assert any(item.side == "long" for item in result.liquidations)
    assert any(item.bankrupt for item in result.liquidations)
    assert any(not item.bankrupt for item in result.liquidations)
    assert result.left_liquidatable == 0


def test_every_deficit_has_a_payer(replay):
    result = replay.outcome
    assert result.total("deficit") > 0
    paid = result.total("from_insurance") + result.total("from_providers") + result.total("unallocated")
    assert paid + result.socialised("long") + result.socialised("short") == result.total("deficit")
    assert result.total("deficit") >= sum(item.deficit for item in result.liquidations) > 0


def test_social_loss_indices_never_fall(replay):
    for name in ("long_social_loss_index", "short_social_loss_index"):
        values = [getattr(sample, name) for sample in replay.outcome.samples]
        assert values == sorted(values)


def test_the_venue_stays_near_the_index(replay):
    fees = 50 + 5
    for sample in replay.outcome.samples:
        assert abs(sample.mid_price - sample.index_price) * 10_000 <= sample.index_price * (fees + 1)


def test_mirrors_agree_with_the_chain(replay):
    world = replay.world
    assert world.positions
    for account in world.names:
        assert world.position(account) == replace(world.desk.position(account), topups=0)


def test_the_audit_notices_a_forgotten_account(replay):
    world = replay.world
    holder = next(account for account in world.names if world.position(account).size)
    name = world.names.pop(holder)
    try:
        with pytest.raises(AuditError, match="the market says"):
            balance_sheet(world)
    finally:
        world.names[holder] = name


def test_the_same_seed_gives_the_same_report(replay):
    assert Replay(settings()).run().as_json() == replay.outcome.as_json()


def test_another_seed_gives_another_report(replay):
    assert Replay(settings(seed=6)).run().as_json() != replay.outcome.as_json()


def test_the_json_report_holds_the_proof(replay):
    report = json.loads(replay.outcome.as_json())
    assert report["seed"] == 5
    assert report["policy"] == "oyster"
    assert len(report["samples"]) == len(CANDLES)
    assert report["liquidations_by_kind"]["takeover"]["count"] == len(replay.outcome.of_kind("takeover"))
    assert set(report["solvency"]) == {"assets", "claims", "total_claims", "dust"}


@pytest.mark.parametrize("policy", preset_names())
def test_every_policy_survives_the_second_leg(policy):
    result = Replay(settings(candles=CANDLES[20:34], config=preset(policy), policy=policy, accounts=12)).run()
    assert result.balance.balances
    assert result.zero_sum() == -result.balance.dust
    assert result.left_bankrupt == 0


def test_a_market_that_stands_still_harms_nobody():
    still = [Candle(1_600_000_000 + 3_600 * hour, *[100 * WAD] * 4) for hour in range(6)]
    result = Replay(settings(candles=still, accounts=6)).run()
    assert result.liquidations == []
    assert result.absorptions == []
    assert result.balance.balances


def test_time_on_a_chain_that_is_later_is_moved_not_refused():
    late = EmbeddedChain(timestamp=CANDLES[0].timestamp + 10**8)
    result = Replay(settings(candles=CANDLES[:4], accounts=6), late).run()
    assert [sample.time for sample in result.samples] == [candle.timestamp + 3_600 for candle in CANDLES[:4]]
    assert result.balance.balances
