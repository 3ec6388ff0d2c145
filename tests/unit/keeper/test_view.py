"""Margins, stages, chunks: what follows from the rules, and that it is what the contracts say."""

import pytest

from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.keeper.chain import Desk
from nacre.keeper.view import (
    Health,
    Holding,
    Market,
    Rules,
    Stage,
    chunk,
    cooling,
    failing,
    must_deleverage,
    stage,
)
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position, initial_margin, maintenance_margin
from nacre.presets import preset
from nacre.units import WAD


def rules(policy=None, **market):
    return Rules(MarketParameters(**market), Policy(**(policy or {})))


def at(price, **state):
    return Market(price * WAD, 0, 0, **state)


def long(size=10, balance=100, entry=100, **fields):
    return Holding("ann", Position(size * WAD, balance * WAD, size * entry * WAD), **fields)


# ---- tiers


def test_margins_with_tiers_agree_with_the_lens_to_the_wei():
    chain = EmbeddedChain()
    system = deploy_system(chain)
    config = preset("oyster", tiers=[[1_000, 2_000, 1_000], [2_500, 3_000, 2_500]], funding_cap_bps=0)
    desk = Desk(system, list_market(system, "main", config))
    trader, provider = chain.account("trader"), chain.account("provider")
    for account in (trader, provider):
        system.fund(account, 200_000 * WAD)
    desk.venue.transact("add_liquidity", 39_100, 53_000, 100_000 * WAD, sender=provider).check()
    read = desk.rules()
    assert read.market.tiers == ((1_000 * WAD, 2_000, 1_000), (2_500 * WAD, 3_000, 2_500))
    for _ in range(4):
        arguments = (0, 7 * WAD + 1, 1_000 * WAD, 0, 0)
        system.clearinghouse.transact("trade", *arguments, sender=trader).check()
        seen = system.lens.call("health", 0, trader)
        assert initial_margin(seen.size, seen.mark_price, read.market) == seen.initial_margin
        assert maintenance_margin(seen.size, seen.mark_price, read.market) == seen.maintenance_margin


# ---- stages

LADDER = {"trigger_bps": 10_000, "backstop_bps": 6_667, "margin_call_bps": 15_000}


@pytest.mark.parametrize(
    ("equity", "expected"),
    [
        (-1, Stage.BANKRUPT),
        (0, Stage.BACKSTOP),
        (66_669, Stage.BACKSTOP),
        (66_670, Stage.LIQUIDATABLE),
        (99_999, Stage.LIQUIDATABLE),
        (100_000, Stage.MARGIN_CALL),
        (149_999, Stage.MARGIN_CALL),
        (150_000, Stage.HEALTHY),
    ],
)
def test_the_worst_stage_that_applies_counts_and_equality_is_safe(equity, expected):
    assert stage(rules(LADDER), Health(equity, 100_000)) is expected


def test_without_a_backstop_or_margin_calls_there_are_no_such_stages():
    assert stage(rules(), Health(0, 100_000)) is Stage.LIQUIDATABLE
    assert stage(rules(), Health(100_001, 100_000)) is Stage.HEALTHY


def test_a_cross_account_stands_with_all_it_has():
    holding = long(balance=0, standing=Health(51 * WAD, 50 * WAD))
    assert not failing(rules(), at(100), holding)
    assert failing(rules(), at(100), long(balance=0))
    assert failing(rules(), at(100), long(balance=1_000, standing=Health(49 * WAD, 50 * WAD)))


# ---- chunks

FIFTH = {"large_notional": 900 * WAD, "chunk_bps": 2_000, "cooldown_seconds": 30}


def test_a_large_position_goes_in_chunks_rounded_up_and_a_smaller_one_at_once():
    assert chunk(rules(FIFTH), at(92), long()) == 2 * WAD
    odd = Holding("ann", Position(10 * WAD + 1, 100 * WAD, 1_000 * WAD))
    assert chunk(rules(FIFTH), at(92), odd) == 2 * WAD + 1
    assert chunk(rules(FIFTH), at(90), long(balance=150)) == 0  # 900 is not above
    assert chunk(rules(), at(92), long()) == 0


def test_the_bankrupt_go_at_once():
    assert chunk(rules(FIFTH), at(95), long(balance=40)) == 0
    waits = long(balance=40, chunk_time=1_000)
    assert not cooling(rules(FIFTH), at(95, time=1_001), waits)


def test_after_a_chunk_the_rest_waits_then_goes_whole_and_later_chunks_begin_anew():
    ours, holding = rules(FIFTH), long(chunk_time=1_000)
    assert cooling(ours, at(92, time=1_029), holding)
    assert not cooling(ours, at(92, time=1_030), holding)
    assert chunk(ours, at(92, time=1_030), holding) == 0
    assert chunk(ours, at(92, time=1_300), holding) == 0
    assert chunk(ours, at(92, time=1_301), holding) == 2 * WAD


# ---- deleveraging

ADL = {"loss_adl": True}


def test_a_deficit_beyond_the_fund_goes_to_deleveraging_only_by_that_policy():
    fund = at(90, insurance_fund=100 * WAD)
    assert not must_deleverage(rules(ADL), fund, WAD, 100 * WAD)
    assert must_deleverage(rules(ADL), fund, WAD, 100 * WAD + 1)
    assert not must_deleverage(rules(), fund, WAD, 100 * WAD + 1)
    assert not must_deleverage(rules(ADL), at(90), WAD, 0)


def test_an_exhausted_draw_limit_counts_as_an_empty_fund():
    limited = rules(ADL, insurance_draw_bps=1_000)
    assert not must_deleverage(limited, at(90, insurance_fund=1_000 * WAD, draw_level=40 * WAD), WAD, 60 * WAD)
    assert must_deleverage(limited, at(90, insurance_fund=1_000 * WAD, draw_level=40 * WAD), WAD, 60 * WAD + 1)


def test_a_side_with_too_many_holders_is_socialised():
    assert must_deleverage(rules(ADL), at(90, holders_short=1_000), WAD, 1)
    assert not must_deleverage(rules(ADL), at(90, holders_short=1_001), WAD, 1)
    assert must_deleverage(rules(ADL), at(90, holders_short=1_001), -WAD, 1)
