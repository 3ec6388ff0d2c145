"""health, healths, and the stages they tell."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.artifacts import load
from nacre.model.positions import Position
from nacre.model.rounding import bps_up, ceil_div
from nacre.units import RAY, WAD

HEALTHY, MARGIN_CALL, LIQUIDATABLE, BACKSTOP, BANKRUPT = range(5)


def test_every_number(lens, show_market, show_account, anyone):
    show_market(
        mark_price=90 * WAD,
        funding_index=RAY // 2,
        borrow_index=RAY // 4,
        long_social_loss_index=RAY,
        short_social_loss_index=7 * RAY,
        stale=True,
    )
    # K_long = 1 + 0.25 + 0.5: since entry 0.75 a unit more
    show_account(anyone, Position(2 * WAD, 30 * WAD, 200 * WAD, RAY), owed=5, free=11, since=1234)
    seen = lens.call("health", 0, anyone)
    assert seen._asdict() == {
        "stage": LIQUIDATABLE,
        "size": 2 * WAD,
        "balance": 30 * WAD,
        "entry_notional": 200 * WAD,
        "equity": 30 * WAD - 20 * WAD - 3 * WAD // 2,
        "pnl": -20 * WAD - 3 * WAD // 2,
        "carry": 3 * WAD // 2,
        "notional": 180 * WAD,
        "initial_margin": 18 * WAD,
        "maintenance_margin": 9 * WAD,
        "liquidation_price": ceil_div((170 * WAD + 3 * WAD // 2 + 3) * 100, 2 * 95),
        "bankruptcy_price": (170 * WAD + 3 * WAD // 2) // 2,
        "mark_price": 90 * WAD,
        "stale": True,
        "owed": 5,
        "free_collateral": 11,
        "liquidatable_since": 1234,
        "cross": False,
    }


def test_a_short_pays_the_other_index(lens, show_market, show_account, anyone):
    show_market(funding_index=RAY // 2, short_social_loss_index=RAY, long_social_loss_index=9 * RAY)
    show_account(anyone, Position(-3 * WAD, 40 * WAD, 300 * WAD, 0))  # K_short = 1 - 0.5
    seen = lens.call("health", 0, anyone)
    assert (seen.carry, seen.pnl, seen.equity) == (3 * WAD // 2, -3 * WAD // 2, 40 * WAD - 3 * WAD // 2)


def test_without_a_position(lens, show_market, show_account, anyone):
    show_account(anyone, Position(), owed=3, free=8)
    seen = lens.call("health", 0, anyone)
    assert (seen.stage, seen.owed, seen.free_collateral, seen.mark_price) == (HEALTHY, 3, 8, 100 * WAD)
    assert (seen.size, seen.equity, seen.notional, seen.liquidation_price, seen.bankruptcy_price) == (0, 0, 0, 0, 0)


@pytest.mark.parametrize(
    ("equity", "stage"),
    [
        (-1, BANKRUPT),
        (0, BACKSTOP),
        (3333500000000000000 - 1, BACKSTOP),  # 0.6667 of the maintenance margin of 5
        (3333500000000000000, LIQUIDATABLE),
        (5 * WAD - 1, LIQUIDATABLE),
        (5 * WAD, MARGIN_CALL),  # equality is safe
        (7500000000000000000 - 1, MARGIN_CALL),
        (7500000000000000000, HEALTHY),
    ],
)
@pytest.mark.parametrize("side", [1, -1])
def test_stages_and_their_boundaries(lens, show_market, show_account, anyone, equity, stage, side):
    show_account(anyone, Position(side * WAD, equity, 100 * WAD, 0))
    seen = lens.call("health", 0, anyone)
    assert (seen.stage, seen.equity) == (stage, equity)


def test_stages_that_are_off(lens, show_market, set_params, show_account, anyone):
    set_params(backstop_bps=0, margin_call_bps=0)
    for equity, stage in ((-1, BANKRUPT), (0, LIQUIDATABLE), (5 * WAD - 1, LIQUIDATABLE), (5 * WAD, HEALTHY)):
        show_account(anyone, Position(WAD, equity, 100 * WAD, 0))
        assert lens.call("health", 0, anyone).stage == stage


def test_a_trigger_below_the_maintenance_margin(lens, show_market, set_params, show_account, anyone):
    set_params(trigger_bps=1000, backstop_bps=0)  # SatoshiSwap: a tenth
    for equity, stage in ((WAD // 2, MARGIN_CALL), (WAD // 2 - 1, LIQUIDATABLE)):
        show_account(anyone, Position(WAD, equity, 100 * WAD, 0))
        assert lens.call("health", 0, anyone).stage == stage


def test_many_at_once_as_one_by_one(chain, lens, show_market, show_account):
    show_market(mark_price=97 * WAD)
    accounts = [chain.account(f"trader {i}") for i in range(12)]
    for i, account in enumerate(accounts[:-1]):
        show_account(account, Position((i - 5) * WAD, 8 * WAD, abs(i - 5) * 100 * WAD, 0), free=i)
    several = lens.call("healths", 0, accounts)
    assert several == [lens.call("health", 0, account) for account in accounts]
    assert len({seen.stage for seen in several}) > 1
    assert lens.call("healths", 0, []) == []
    assert len(lens.call("healths", 0, [accounts[0]] * 500)) == 500


positions = st.builds(
    Position,
    st.one_of(st.integers(10**12, 10**27), st.integers(-(10**27), -(10**12))),
    st.integers(-(10**29), 10**30),
    st.integers(0, 10**30),
    st.integers(-(10**30), 10**30),
)


@settings(max_examples=80)
@given(position=positions, mark=st.integers(10**12, 10**25), funding=st.integers(-(10**30), 10**30))
def test_agrees_with_the_model(lens, show_market, show_account, anyone, position, mark, funding):
    show_market(mark_price=mark, funding_index=funding, long_social_loss_index=RAY, short_social_loss_index=2 * RAY)
    show_account(anyone, position)
    index = RAY + funding if position.size > 0 else 2 * RAY - funding
    seen = lens.call("health", 0, anyone)
    notional = ceil_div(abs(position.size) * mark, WAD)
    assert seen.equity == position.equity(mark, index)
    assert seen.pnl == position.pnl(mark, index)
    assert seen.carry == position.carry(index)
    assert (seen.notional, seen.initial_margin, seen.maintenance_margin) == (
        notional,
        bps_up(notional, 1000),
        bps_up(notional, 500),
    )


def test_it_fits(lens):
    assert load("Lens").code_size <= 22_500
