"""What pays nothing, on real contracts: each way goes as the policy means it, and what would revert is not sent."""

import pytest

from nacre.deploy import RangeKey
from nacre.keeper import jobs
from nacre.keeper.chain_jobs import Clerk
from nacre.keeper.chain_pass import Duties, run_pass
from nacre.keeper.jobs import Job, JobKind
from nacre.keeper.view import Limits
from nacre.units import MAX_UINT256, WAD

LARGE = {"large_notional": 1_000, "chunk_bps": 2_000, "cooldown_seconds": 30}
# Nobody's losses but social ones, and a venue that nearly always takes it.
SOCIAL = {"loss": "social", "force_close_band_bps": 1_000}


@pytest.fixture
def hyperliquid(staged, request):
    """A long of 20 with a margin of 250; the vault has deposits."""
    changes = SOCIAL | getattr(request, "param", {})
    stage = staged("hyperliquid", imr_bps=1_000, mmr_bps=500, **LARGE, **changes)
    stage.deposit_in_vault(50_000 * WAD)
    return stage


def accounts(stage):
    return [stage.trader, stage.counterparty]


def serve(stage, dry_run=False, **duties):
    return run_pass(stage.desk, stage.keeper, accounts(stage), Limits(), dry_run, duties=Duties(**duties))


def rescued(report):
    return [(outcome.job.kind, outcome.ok) for outcome in report.rescues]


# ---- force closes without a reward


def test_what_pays_nothing_is_closed_all_the_same(staged):
    stage = staged("injective", force_close_band_bps=1_000)
    stage.push(90 * WAD)
    report = serve(stage)
    assert rescued(report) == [(JobKind.FORCE_CLOSE, True)]
    assert report.refusals == []
    assert stage.desk.position(stage.trader).size == 0


def test_unless_only_profit_counts(staged):
    stage = staged("injective", force_close_band_bps=1_000)
    stage.push(90 * WAD)
    report = run_pass(stage.desk, stage.keeper, accounts(stage), Limits())
    assert report.rescues == report.chores == []
    assert len(report.refusals) == 1
    assert stage.desk.position(stage.trader).size == 20 * WAD


def test_a_dry_run_of_a_rescue_sends_nothing(staged):
    stage = staged("injective", force_close_band_bps=1_000)
    stage.push(90 * WAD)
    report = serve(stage, dry_run=True)
    (outcome,) = report.rescues
    assert (outcome.ok, outcome.sent, outcome.text) == (True, False, "dry run")
    assert stage.desk.position(stage.trader).size == 20 * WAD


def test_what_would_revert_is_not_sent_and_says_why(staged):
    stage = staged("injective", force_close_band_bps=10)
    stage.push(90 * WAD)
    for _ in range(5):
        stage.trade(stage.counterparty, -60 * WAD, 1_500 * WAD)
    block = stage.system.chain.block_number
    report = serve(stage, chores=False)
    (outcome,) = report.rescues
    assert (outcome.ok, outcome.sent) == (False, False)
    assert outcome.text == "force close: venue too far"
    assert stage.system.chain.block_number == block


# ---- chunks


def test_a_large_position_goes_in_two_steps_with_the_cooldown_in_between(hyperliquid):
    stage = hyperliquid
    stage.push(92 * WAD)
    assert rescued(serve(stage)) == [(JobKind.FORCE_CLOSE, True)]
    assert stage.desk.position(stage.trader).size == 16 * WAD
    # The venue paid more than mark and the residue went back to the trader: now it fails again.
    stage.push(89 * WAD)
    waiting = serve(stage)
    assert waiting.rescues[0].text == "force close: cooldown"
    assert stage.desk.position(stage.trader).size == 16 * WAD
    stage.system.chain.mine(30)
    stage.push(87 * WAD)  # the median follows the venue, which still stands higher
    assert rescued(serve(stage)) == [(JobKind.FORCE_CLOSE, True)]
    assert stage.desk.position(stage.trader).size == 0


# ---- backstop


@pytest.mark.parametrize("hyperliquid", [{"force_close_band_bps": 10}], indirect=True)
def test_below_two_thirds_of_mm_the_vault_takes_what_the_venue_does_not(hyperliquid):
    stage = hyperliquid
    stage.push(90 * WAD)
    for _ in range(5):
        stage.trade(stage.counterparty, -60 * WAD, 1_500 * WAD)
    report = serve(stage, chores=False)
    assert rescued(report) == [(JobKind.BACKSTOP, True)]
    assert stage.desk.position(stage.system.vault.address).size == 20 * WAD


def test_defx_lets_the_vault_come_first(staged):
    stage = staged("defx", imr_bps=1_000, mmr_bps=500, tiers=[])
    stage.deposit_in_vault(50_000 * WAD)
    stage.push(91 * WAD)
    report = run_pass(stage.desk, stage.keeper, accounts(stage), Limits(capital=0), duties=Duties(chores=False))
    assert rescued(report) == [(JobKind.BACKSTOP, True)]
    assert stage.desk.position(stage.system.vault.address).size == 20 * WAD
    assert stage.desk.position(stage.trader).size == 0


def test_a_vault_without_deposits_leaves_it_to_the_venue(staged):
    stage = staged("defx", imr_bps=1_000, mmr_bps=500, tiers=[])
    stage.push(91 * WAD)
    report = run_pass(stage.desk, stage.keeper, accounts(stage), Limits(capital=0), duties=Duties(chores=False))
    assert rescued(report) == [(JobKind.FORCE_CLOSE, True)]


def test_what_the_vault_holds_is_unwound_as_far_as_its_band_allows(staged):
    stage = staged("defx", imr_bps=1_000, mmr_bps=500, tiers=[])
    stage.deposit_in_vault(50_000 * WAD)
    stage.push(91 * WAD)
    run_pass(stage.desk, stage.keeper, accounts(stage), Limits(capital=0), duties=Duties(chores=False))
    clerk = Clerk(stage.desk, stage.keeper)
    outcome = clerk.unwind_vault()  # the venue still stands near 100
    assert outcome.ok
    assert outcome.job.kind is JobKind.UNWIND
    assert stage.desk.position(stage.system.vault.address).size == 0
    assert clerk.unwind_vault() is None


# ---- cross accounts


@pytest.fixture
def cross(staged):
    """A long of 20 backed by all of 250 that its account has, in a market of two margin modes."""
    stage = staged("defx", imr_bps=1_000, mmr_bps=500, tiers=[], backstop_bps=0)
    account = stage.system.chain.account("cross trader")
    stage.system.fund(account, 250 * WAD)
    stage.transact(stage.system.clearinghouse, "set_margin_mode", 0, True, sender=account)
    stage.trade(account, 20 * WAD, 0)
    return stage, account


def test_a_cross_account_is_judged_by_all_it_has(cross):
    stage, account = cross
    stage.push(95 * WAD)
    rules, market = stage.desk.rules(), stage.desk.market()
    (holding,) = stage.desk.holdings([account], market, 0)
    seen = stage.system.lens.call("health", 0, account)
    assert seen.cross
    assert (holding.standing.equity, holding.standing.maintenance_margin) == (seen.equity, seen.maintenance_margin)
    assert jobs.rescues(rules, market, holding) == []


def test_what_goes_with_a_cross_position_is_known_to_the_wei(cross):
    stage, account = cross
    stage.push(91 * WAD)
    (outcome,) = run_pass(stage.desk, stage.keeper, [account], Limits(margin_buffer_bps=0), dry_run=True).outcomes
    preview = stage.system.engine.call("preview_takeover", 0, account, MAX_UINT256, 0, sender=stage.keeper)
    assert outcome.action.discount == preview.part_equity == outcome.action.health.equity
    assert outcome.action.margin == preview.missing_margin
    done = stage.desk.carry_out(outcome.action, stage.keeper, Limits(margin_buffer_bps=0))
    assert done.ok
    assert stage.desk.position(stage.keeper).size == 20 * WAD
    assert stage.free(account) == 0


# ---- margin calls and chores


def test_margin_calls_are_announced_once(staged):
    stage = staged("defx", imr_bps=1_000, mmr_bps=500, tiers=[])
    stage.push(95 * WAD)
    first = serve(stage)
    assert [(outcome.job.kind, outcome.job.accounts) for outcome in first.chores] == [
        (JobKind.MARGIN_CALL, (stage.trader,))
    ]
    assert first.chores[0].receipt.event("MarginCall").account == stage.trader
    assert serve(stage).chores == []
    stage.push(100 * WAD)
    assert [outcome.job.kind for outcome in serve(stage).chores] == [JobKind.MARGIN_CALL]
    assert stage.desk.called == {}


def test_a_margin_call_starts_the_clock_of_the_last_resort(staged):
    stage = staged("injective", force_close_band_bps=1)
    stage.push(90 * WAD)
    for _ in range(5):
        stage.trade(stage.counterparty, -60 * WAD, 1_500 * WAD)
    assert [outcome.job.kind for outcome in serve(stage).chores] == [JobKind.MARGIN_CALL]
    assert stage.system.engine.call("liquidatable_since", 0, stage.trader) != 0


def test_fees_are_collected_when_they_are_worth_it(staged):
    stage = staged("oyster", protocol_fee_bps=100)
    fees = stage.system.clearinghouse.call("market_state", 0).protocol_fees
    assert fees > 30 * WAD
    assert serve(stage, least_fees=fees).chores == []
    (outcome,) = serve(stage, least_fees=fees - 1).chores
    assert outcome.job.kind is JobKind.COLLECT
    assert stage.free(stage.system.treasury) == fees


def test_a_chore_that_nobody_needs_any_more_is_not_sent(hyperliquid):
    outcome = Clerk(hyperliquid.desk, hyperliquid.keeper).run(Job(JobKind.CLAIM, (hyperliquid.trader,)))
    assert (outcome.ok, outcome.sent, outcome.text) == (False, False, "nothing owed")


def test_in_a_settling_market_ranges_and_positions_become_claims_and_claims_are_paid(staged):
    stage = staged("oyster")
    system, provider = stage.system, stage.system.chain.account("provider")
    stage.transact(system.config, "settle_market", 0, 95 * WAD, sender=system.owner)
    known = [provider, *accounts(stage)]

    def tend(ranges=()):
        report = run_pass(stage.desk, stage.keeper, known, Limits(), duties=Duties(), ranges=ranges)
        assert "settles" in report.waiting
        assert all(outcome.ok for outcome in report.chores)
        return [outcome.job.kind for outcome in report.chores]

    first = tend([RangeKey(provider, 39_100, 53_000)])
    assert first == [JobKind.REMOVE_RANGE, JobKind.SETTLE_ACCOUNT, JobKind.SETTLE_ACCOUNT]
    assert tend() == [JobKind.SETTLE_ACCOUNT]  # what the range left its provider
    assert set(tend()) == {JobKind.CLAIM}
    assert system.clearinghouse.call("market_state", 0).owed_total == 0


# ---- ranges


def test_a_range_that_the_price_left_is_removed_and_one_around_it_is_not(staged):
    stage = staged("oyster")
    narrow = stage.system.chain.account("narrow")
    stage.system.fund(narrow, 20_000 * WAD)
    stage.transact(stage.market.venue, "add_liquidity", 45_900, 46_200, 500 * WAD, sender=narrow)
    ranges = [RangeKey(stage.system.chain.account("provider"), 39_100, 53_000), RangeKey(narrow, 45_900, 46_200)]
    assert stage.desk.removable(ranges, False) == []
    stage.push(96 * WAD)
    for _ in range(3):
        stage.trade(stage.counterparty, -60 * WAD, 900 * WAD)
    assert stage.desk.removable(ranges, False) == ranges[1:]
    report = run_pass(stage.desk, stage.keeper, accounts(stage), Limits(), duties=Duties(), ranges=ranges)
    (removed,) = [outcome for outcome in report.chores if outcome.job.kind is JobKind.REMOVE_RANGE]
    assert removed.ok
    assert removed.receipt.event("RangeRemoved").provider == narrow
    assert stage.desk.removable(ranges[1:], False) == []


# ---- deleveraging


@pytest.fixture
def broke(staged):
    """A long of 20 that lacks about 30 at 86, with nothing in the fund, and the venue too far for a force close."""
    stage = staged("hyperliquid", imr_bps=1_000, mmr_bps=500, mark_mode="index", force_close_band_bps=1)
    stage.push(86 * WAD)
    for _ in range(7):
        stage.trade(stage.counterparty, -60 * WAD, 1_000 * WAD)
    return stage


def test_what_nobody_else_may_take_is_deleveraged(broke):
    stage = broke
    before = stage.desk.position(stage.counterparty)
    deficit = -stage.system.lens.call("health", 0, stage.trader).equity
    assert deficit > 0
    report = serve(stage, chores=False)
    (outcome,) = report.rescues
    assert (outcome.job.kind, outcome.ok) == (JobKind.ADL, True)
    assert report.refusals == []
    assert stage.desk.position(stage.trader).size == 0
    assert stage.desk.position(stage.counterparty).size == before.size + 20 * WAD
    closed = outcome.receipt.event("Deleveraged")
    assert closed.account == stage.counterparty


def test_accounts_on_the_side_of_the_target_are_not_listed(broke):
    stage = broke
    assert stage.desk.adl_queue(stage.trader, [stage.keeper, *accounts(stage)]) == [stage.counterparty]


def test_of_more_accounts_than_one_call_takes_those_opposite_are_listed(broke, monkeypatch):
    stage = broke
    monkeypatch.setattr("nacre.keeper.chain.MOST_DELEVERAGED", 2)
    known = [stage.keeper, stage.system.owner, *accounts(stage)]
    assert stage.desk.adl_queue(stage.trader, known) == [stage.counterparty]
