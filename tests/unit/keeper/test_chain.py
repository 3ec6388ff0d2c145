"""The keeper on real contracts: it reads what they say, and what it decides goes through as decided."""

from dataclasses import replace

import pytest

from nacre.keeper.chain import Desk
from nacre.keeper.chain_pass import run_pass, sell
from nacre.keeper.decide import Action, Kind
from nacre.keeper.view import Health, Limits, health, liquidatable
from nacre.units import WAD

MINIMUM = Limits(margin_buffer_bps=0)


def test_rules_are_those_on_chain(stage):
    rules = stage.desk.rules()
    assert (rules.market.imr_bps, rules.market.mmr_bps) == (1_000, 500)
    assert rules.market.penalty == (1_092 * WAD // 100, 164 * WAD // 100, 9 * WAD // 100, 0)
    assert rules.policy.takeover
    assert rules.policy.residue == "insurance"


def test_rules_follow_a_change_by_the_owner(stage):
    system = stage.system
    changed = system.config.call("policy_params", 0)._replace(takeover=False, liquidation_fee_bps=77)
    system.config.transact("set_policy_params", 0, changed, sender=system.owner).check()
    assert not stage.desk.rules().policy.takeover
    assert stage.desk.rules().policy.liquidation_fee_bps == 77


def test_health_agrees_with_the_lens_to_the_wei(stage):
    stage.push(88 * WAD)
    rules, market = stage.desk.rules(), stage.desk.market()
    holdings = stage.desk.holdings([stage.trader, stage.counterparty, stage.keeper], market, 0)
    assert [holding.account for holding in holdings] == [stage.trader, stage.counterparty]
    for holding in holdings:
        seen = stage.system.lens.call("health", 0, holding.account)
        mine = health(rules, market, holding.position)
        assert (mine.equity, mine.maintenance_margin) == (seen.equity, seen.maintenance_margin)
        assert liquidatable(rules, market, holding.position) == (seen.stage >= 2)


def test_many_accounts_are_read_in_batches(stage, monkeypatch):
    monkeypatch.setattr("nacre.keeper.chain.BATCH", 2)
    accounts = [stage.keeper, stage.trader, stage.system.owner, stage.counterparty, stage.system.guardian]
    holdings = stage.desk.holdings(accounts, stage.desk.market(), 0)
    assert [holding.account for holding in holdings] == [stage.trader, stage.counterparty]


def test_a_quote_beyond_all_liquidity_is_none(stage):
    assert stage.desk.quote(-(10**6) * WAD) is None
    assert stage.desk.quote(-WAD).mid_after < stage.desk.quote(-WAD).mid_before


def test_a_takeover_goes_through_as_decided(stage):
    stage.push(91 * WAD)
    report = run_pass(stage.desk, stage.keeper, [stage.trader, stage.counterparty], Limits())
    (outcome,) = report.outcomes
    assert outcome.ok
    assert outcome.action.kind is Kind.TAKEOVER
    assert outcome.action.target == stage.trader
    assert stage.desk.position(stage.keeper).size == 20 * WAD
    assert stage.desk.position(stage.trader).size == 0
    event = outcome.receipt.event("Takeover")
    assert event.margin == outcome.action.margin
    assert event.deficit == 0


def test_the_margin_brought_is_exactly_what_the_opening_rule_asks(stage):
    stage.push(91 * WAD)
    report = run_pass(stage.desk, stage.keeper, [stage.trader], MINIMUM, dry_run=True)
    (outcome,) = report.outcomes
    less = replace(outcome.action, margin=outcome.action.margin - 1)
    assert stage.desk.send(less, stage.keeper).reason == "below initial margin"
    assert stage.desk.send(outcome.action, stage.keeper).ok


def test_what_is_lacking_by_now_is_brought_on_top(stage):
    stage.push(91 * WAD)
    (outcome,) = run_pass(stage.desk, stage.keeper, [stage.trader], MINIMUM, dry_run=True).outcomes
    short = replace(outcome.action, margin=outcome.action.margin - 5 * WAD)
    done = stage.desk.carry_out(short, stage.keeper, MINIMUM)
    assert done.ok
    assert done.action.margin == outcome.action.margin


def test_a_dry_run_sends_nothing(stage):
    stage.push(91 * WAD)
    block = stage.system.chain.block_number
    report = run_pass(stage.desk, stage.keeper, [stage.trader], Limits(), dry_run=True)
    assert [outcome.text for outcome in report.outcomes] == ["dry run"]
    assert stage.system.chain.block_number == block
    assert stage.desk.position(stage.trader).size == 20 * WAD


def test_the_floor_holds_at_the_preview_too(stage):
    stage.push(91 * WAD)
    (outcome,) = run_pass(stage.desk, stage.keeper, [stage.trader], Limits(), dry_run=True).outcomes
    high = Limits(profit_floor=outcome.action.expected_profit)
    assert stage.desk.carry_out(outcome.action, stage.keeper, high).text == "profit below the floor by now"
    refusals = run_pass(stage.desk, stage.keeper, [stage.trader], high).refusals
    assert [refusal.reason for refusal in refusals] == ["profit below the floor"]


def test_a_target_that_recovered_is_left_alone(stage):
    stage.push(91 * WAD)
    (outcome,) = run_pass(stage.desk, stage.keeper, [stage.trader], Limits(), dry_run=True).outcomes
    stage.push(100 * WAD)
    done = stage.desk.carry_out(outcome.action, stage.keeper, Limits())
    assert not done.sent
    assert done.text == "not liquidatable"


def test_capital_that_is_gone_by_now_stops_it(stage):
    stage.push(91 * WAD)
    (outcome,) = run_pass(stage.desk, stage.keeper, [stage.trader], MINIMUM, dry_run=True).outcomes
    action = replace(outcome.action, margin=0)
    limits = Limits(capital=outcome.action.margin - 1, margin_buffer_bps=0)
    assert stage.desk.carry_out(action, stage.keeper, limits).text == "not enough capital any more"


def test_a_slice_goes_through_as_decided(stage):
    stage.push(91 * WAD)
    limits = Limits(capital=50 * WAD, margin_buffer_bps=0)
    (outcome,) = run_pass(stage.desk, stage.keeper, [stage.trader], limits).outcomes
    assert outcome.ok
    assert not outcome.action.whole
    assert stage.desk.position(stage.keeper).size == outcome.action.size
    assert stage.desk.position(stage.trader).size == 20 * WAD - outcome.action.size


def test_a_force_close_pays_the_reward_that_was_expected(injective):
    injective.push(90 * WAD)
    before = injective.system.clearinghouse.call("free_collateral", injective.keeper)
    (outcome,) = run_pass(injective.desk, injective.keeper, [injective.trader], Limits()).outcomes
    assert outcome.ok
    assert outcome.action.kind is Kind.FORCE_CLOSE
    assert outcome.action.expected_profit > 0
    after = injective.system.clearinghouse.call("free_collateral", injective.keeper)
    assert after - before == outcome.action.expected_profit == outcome.receipt.event("ForceClose").reward


def test_a_venue_that_left_the_band_meanwhile_stops_the_force_close(injective):
    injective.push(90 * WAD)
    (outcome,) = run_pass(injective.desk, injective.keeper, [injective.trader], Limits(), dry_run=True).outcomes
    for _ in range(5):
        injective.trade(injective.counterparty, -60 * WAD, 1_500 * WAD)
    assert injective.desk.quote(-WAD).mid_before < 89 * WAD
    done = injective.desk.carry_out(outcome.action, injective.keeper, Limits())
    assert not done.sent
    assert done.text == "venue too far"


def test_an_old_margin_call_opens_the_takeover(injective):
    desk, market = injective.desk, injective.desk.market()
    injective.push(90 * WAD)
    delay = desk.rules().policy.last_resort_seconds
    assert not desk.overdue(injective.trader, delay)
    injective.transact(injective.system.engine, "call_margin", 0, [injective.trader], sender=injective.keeper)
    assert not desk.overdue(injective.trader, delay)
    injective.system.chain.mine(delay)
    assert desk.overdue(injective.trader, delay)
    (holding,) = desk.holdings([injective.trader], market, delay)
    assert holding.overdue


def test_a_stale_price_lets_a_pass_wait(stage):
    stage.system.chain.mine(stage.market.config.oracle_max_age + 1)
    report = run_pass(stage.desk, stage.keeper, [stage.trader], Limits())
    assert "stale" in report.waiting
    assert report.outcomes == []


def test_what_was_taken_over_is_sold_when_the_venue_pays_nearly_mark(stage):
    stage.push(91 * WAD)
    run_pass(stage.desk, stage.keeper, [stage.trader], Limits())
    # The venue still stands near 100: it pays more than mark.
    report = run_pass(stage.desk, stage.keeper, [stage.trader], Limits())
    assert report.sale.ok
    assert report.sale.size == -20 * WAD
    assert stage.desk.position(stage.keeper).size == 0


def test_nothing_is_sold_far_below_mark_or_when_told_to_hold(stage):
    stage.push(91 * WAD)
    run_pass(stage.desk, stage.keeper, [stage.trader], Limits())
    assert run_pass(stage.desk, stage.keeper, [], Limits(), unwind=False).sale is None
    stage.push(120 * WAD)
    assert sell(stage.desk, stage.desk.market(), stage.keeper) is None


def test_after_an_outage_only_the_bankrupt(stage):
    system = stage.system
    params = system.config.call("policy_params", 0)._replace(grace_seconds=300)
    system.config.transact("set_policy_params", 0, params, sender=system.owner).check()
    system.chain.mine(stage.market.config.oracle_max_age + 10)
    stage.push(91 * WAD)
    assert stage.desk.market(300).grace
    assert run_pass(stage.desk, stage.keeper, [stage.trader], Limits()).outcomes == []
    system.chain.mine(300)
    assert not stage.desk.market(300).grace
    assert run_pass(stage.desk, stage.keeper, [stage.trader], Limits()).outcomes[0].ok


@pytest.mark.parametrize("kind", list(Kind))
def test_who_has_no_position_cannot_be_liquidated(stage, kind):
    health = Health(0, 1)
    action = Action(kind, stage.system.owner, WAD, True, 0, WAD, health)
    done = stage.desk.carry_out(action, stage.keeper, Limits())
    assert not done.sent
    assert done.text == "no position"


def test_a_desk_belongs_to_one_market(stage):
    assert Desk(stage.system, stage.market).market_id == 0
