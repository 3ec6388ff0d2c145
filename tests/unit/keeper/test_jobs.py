"""What is done for nothing: for whom, in which order, and what is left alone."""

import pytest

from nacre.deploy import RangeKey
from nacre.keeper.jobs import MOST_CALLED, Books, JobKind, chores, margin_calls, rescues
from nacre.keeper.view import Health, Holding, Market, Rules, Stage
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position
from nacre.units import WAD

VAULT = "vault"
CALM = Market(100 * WAD, 0, 0)


def rules(**policy):
    return Rules(MarketParameters(), Policy(**policy))


def holding(equity, account="ann"):
    """An account with a maintenance margin of 100."""
    return Holding(account, Position(WAD, 0, 100 * WAD), standing=Health(equity, 100))


# ---- rescues


def test_the_healthy_need_no_rescue():
    assert rescues(rules(backstop_bps=6_667), CALM, holding(100), VAULT) == []
    assert rescues(rules(), CALM, Holding("ann", Position())) == []


@pytest.mark.parametrize(
    ("equity", "ways"),
    [
        (99, [JobKind.FORCE_CLOSE]),
        (66, [JobKind.FORCE_CLOSE, JobKind.BACKSTOP]),
        (-1, [JobKind.FORCE_CLOSE, JobKind.BACKSTOP, JobKind.ADL]),
    ],
)
def test_hyperliquid_tries_the_venue_then_the_vault_then_deleveraging(equity, ways):
    ladder = rules(loss_adl=True, backstop_bps=6_667, takeover=False)
    assert rescues(ladder, CALM, holding(equity), VAULT) == ways


def test_the_vault_does_not_take_what_only_deleveraging_may():
    ladder = rules(loss_adl=True, backstop_bps=6_667)
    broke = Holding("ann", Position(WAD, -5 * WAD, 100 * WAD))
    short = Market(100 * WAD, 0, 0, insurance_fund=4 * WAD)
    enough = Market(100 * WAD, 0, 0, insurance_fund=5 * WAD)
    assert JobKind.BACKSTOP not in rescues(ladder, short, broke, VAULT)
    assert JobKind.BACKSTOP in rescues(ladder, enough, broke, VAULT)
    assert JobKind.BACKSTOP in rescues(rules(backstop_bps=6_667), short, broke, VAULT)


def test_where_the_vault_comes_at_the_trigger_it_is_the_first_hand():
    defx = rules(loss_adl=True, backstop_bps=10_000)
    assert rescues(defx, CALM, holding(99), VAULT) == [JobKind.BACKSTOP, JobKind.FORCE_CLOSE]
    assert rescues(defx, CALM, holding(-1), VAULT)[-1] is JobKind.ADL


def test_without_a_vault_and_for_the_vault_itself_there_is_no_backstop():
    defx = rules(backstop_bps=10_000)
    assert rescues(defx, CALM, holding(50)) == [JobKind.FORCE_CLOSE]
    assert rescues(defx, CALM, holding(50, VAULT), VAULT) == [JobKind.FORCE_CLOSE]


def test_where_losses_are_social_nobody_is_deleveraged():
    assert rescues(rules(), CALM, holding(-1)) == [JobKind.FORCE_CLOSE]
    assert rescues(rules(force_close=False), CALM, holding(-1)) == []


def test_in_the_grace_period_only_the_bankrupt_are_rescued():
    quiet = Market(100 * WAD, 0, 0, grace=True)
    assert rescues(rules(), quiet, holding(50)) == []
    assert rescues(rules(), quiet, holding(-1)) == [JobKind.FORCE_CLOSE]


# ---- margin calls

CALLS = {"margin_call_bps": 15_000}


def called(policy, holdings, known):
    return [account for job in margin_calls(policy, CALM, holdings, known) for account in job.accounts]


def test_who_comes_into_the_stage_is_announced_once_and_again_when_it_gets_worse():
    near, worse = holding(140), holding(90)
    assert called(rules(**CALLS), [near], {}) == ["ann"]
    assert called(rules(**CALLS), [near], {"ann": Stage.MARGIN_CALL}) == []
    assert called(rules(**CALLS), [worse], {"ann": Stage.MARGIN_CALL}) == ["ann"]
    assert called(rules(**CALLS), [worse], {"ann": Stage.LIQUIDATABLE}) == []


def test_who_recovered_is_cleared_and_the_healthy_are_not_bothered():
    safe = holding(150)
    assert called(rules(**CALLS), [safe], {"ann": Stage.LIQUIDATABLE}) == ["ann"]
    assert called(rules(**CALLS), [safe], {}) == []


def test_for_a_last_resort_only_the_liquidatable_are_recorded():
    delayed = rules(last_resort_seconds=600)
    assert called(delayed, [holding(140), holding(90, "bea")], {}) == ["bea"]
    assert called(delayed, [holding(140, "bea")], {"bea": Stage.LIQUIDATABLE}) == ["bea"]


def test_a_policy_without_either_makes_no_calls():
    assert margin_calls(rules(), CALM, [holding(-1)], {}) == []


def test_calls_come_in_batches_that_the_engine_takes():
    many = [holding(90, f"account {number}") for number in range(MOST_CALLED + 1)]
    jobs = margin_calls(rules(**CALLS), CALM, many, {})
    assert [len(job.accounts) for job in jobs] == [MOST_CALLED, 1]
    assert {job.kind for job in jobs} == {JobKind.MARGIN_CALL}


# ---- chores


def kinds(books, least_fees=0):
    return [(job.kind, *job.accounts) for job in chores(books, least_fees)]


def test_nothing_waits_nothing_is_done():
    assert kinds(Books(owed={}, pot=100, holders=["ann"], negative=["ann"])) == []


def test_claims_wait_until_the_pot_covers_all_of_them():
    owed = {"ann": 60, "bea": 0, "kim": 40}
    assert kinds(Books(owed=owed, owed_total=100, pot=99)) == []
    assert kinds(Books(owed=owed, owed_total=100, pot=100)) == [(JobKind.CLAIM, "ann"), (JobKind.CLAIM, "kim")]


def test_while_something_is_owed_losers_are_settled_so_that_the_pot_fills():
    books = Books(owed={"ann": 60}, owed_total=60, pot=10, negative=["bea"], leftovers=["kim"])
    assert kinds(books) == [(JobKind.SETTLE, "bea")]


def test_what_deleveraging_left_is_paid_out_when_the_pot_has_something():
    assert kinds(Books(owed={}, leftovers=["ann"], pot=1)) == [(JobKind.SETTLE, "ann")]
    assert kinds(Books(owed={}, leftovers=["ann"])) == []


def test_fees_are_collected_above_the_least_and_never_before_claims():
    assert kinds(Books(owed={}, fees=101, pot=1_000), 100) == [(JobKind.COLLECT,)]
    assert kinds(Books(owed={}, fees=100, pot=1_000), 100) == []
    assert kinds(Books(owed={"ann": 2_000}, owed_total=2_000, fees=101, pot=1_000), 100) == []


def test_a_settling_market_turns_positions_into_claims_and_pays_when_all_are():
    books = Books(owed={"kim": 5}, owed_total=5, pot=3, holders=["ann"], leftovers=["bea"], settling=True)
    assert kinds(books) == [(JobKind.SETTLE_ACCOUNT, "ann"), (JobKind.SETTLE_ACCOUNT, "bea")]
    done = Books(owed={"kim": 5}, owed_total=5, pot=3, settling=True, settled=True)
    assert kinds(done) == [(JobKind.CLAIM, "kim")]


def test_ranges_are_removed_before_anything_is_settled():
    key = RangeKey("lp", 0, 50)
    jobs = chores(Books(owed={}, holders=["ann"], removable=[key], settling=True))
    assert [(job.kind, job.range) for job in jobs] == [(JobKind.REMOVE_RANGE, key), (JobKind.SETTLE_ACCOUNT, None)]
