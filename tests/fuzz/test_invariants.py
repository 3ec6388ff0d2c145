"""Each invariant can break: a healthy snapshot passes, the same with one number wrong does not."""

from copy import deepcopy
from dataclasses import replace

import pytest

from nacre.fuzz import invariants
from nacre.fuzz.invariants import Broken, Ledger, View
from nacre.fuzz.settings import make
from nacre.fuzz.views import world_view
from nacre.fuzz.walk import begin, wander
from nacre.model.positions import Position
from nacre.units import WAD


@pytest.fixture(scope="module")
def walked() -> tuple[View, Ledger]:
    walk = begin(make(3, "injective", 18), None)
    for number in wander(walk, 400):
        if number >= 150 and walk.view.markets[0].positions and walk.view.markets[0].ranges:
            break
    return world_view(walk.world), walk.ledger


@pytest.fixture
def view(walked: tuple[View, Ledger]) -> View:
    return deepcopy(walked[0])


@pytest.fixture
def ledger(walked: tuple[View, Ledger]) -> Ledger:
    return deepcopy(walked[1])


def broken(view: View, ledger: Ledger) -> str:
    with pytest.raises(Broken) as caught:
        invariants.check_state(view, ledger)
    return str(caught.value)


def test_a_healthy_state_passes(view: View, ledger: Ledger) -> None:
    invariants.check_state(view, ledger)
    invariants.check_step(view, view, {"do": "accrue", "market": 0})


def test_assets_cover_claims(view: View, ledger: Ledger) -> None:
    view.assets -= 1
    assert broken(view, ledger).startswith("1: assets")


def test_free_collateral_is_not_negative(view: View, ledger: Ledger) -> None:
    first, second, *_ = view.free
    view.free[second] += view.free[first] + 1
    view.free[first] = -1
    assert broken(view, ledger) == "1: negative free collateral"


def test_equities_never_exceed_the_pot(view: View, ledger: Ledger) -> None:
    market = view.markets[0]
    dust = max(market.dust(price) for price in (market.price, market.price // 3, market.price * 4, 0))
    market.insurance_fund += dust + 1 + abs(ledger.of(0)) // invariants.FINE
    assert broken(view, ledger).startswith("2: dust -")


def test_totals_are_those_of_the_positions(view: View, ledger: Ledger) -> None:
    view.markets[0].holders_long += 1
    assert broken(view, ledger) == "3: holders long"


def test_ranges_hold_no_more_than_the_venue(view: View, ledger: Ledger) -> None:
    market = view.markets[0]
    key = next(iter(market.ranges))
    market.ranges[key] = Position(market.ranges[key].size + 10**30, -(10**40))
    assert broken(view, ledger).startswith("3: ranges hold")


def test_what_is_owed_is_owed_to_somebody(view: View, ledger: Ledger) -> None:
    view.markets[0].owed["ann"] = view.markets[0].owed.get("ann", 0) + 1
    assert broken(view, ledger) == "owed total"


def test_range_margins_are_there(view: View, ledger: Ledger) -> None:
    view.markets[0].range_margins = view.markets[0].lp_margin + 1
    assert broken(view, ledger).startswith("range margins")


def step(before: View, after: View, **action: object) -> str:
    with pytest.raises(Broken) as caught:
        invariants.check_step(before, after, {"do": "accrue", "market": 0} | action)
    return str(caught.value)


def test_indices_never_fall(view: View) -> None:
    after = deepcopy(view)
    view.markets[0].long_social_loss += 1
    assert step(view, after) == "4: long index fell"


def test_dust_is_bounded(view: View) -> None:
    after = deepcopy(view)
    after.markets[0].pot += invariants.dust_step_bound(view.markets[0], view.markets[0]) + 1
    assert step(view, after).startswith("2: dust grew by")


def test_other_markets_stay_untouched(view: View) -> None:
    after = deepcopy(view)
    after.markets[1].insurance_fund += 1
    after.markets[1].pot += 1
    assert step(view, after) == "7: market 1 changed by an action in 0"


def test_a_liquidation_leaves_the_rest_no_worse(view: View) -> None:
    market = view.markets[0]
    name = max(market.positions, key=lambda n: market.positions[n].amount)
    held = market.positions[name]
    after = deepcopy(view)
    after.markets[0].positions[name] = replace(held, balance=held.balance - WAD)
    after.markets[0].insurance_fund += WAD
    assert step(view, after, do="takeover", target=name).startswith("6: ")


def test_a_liquidation_makes_no_new_deficit(view: View) -> None:
    market = view.markets[0]
    name, other = sorted(market.positions)[:2]
    after = deepcopy(view)
    held = after.markets[0].positions[other]
    lost = held.equity(market.price, market.index_of(held.size)) + market.price
    after.markets[0].positions[other] = replace(held, balance=held.balance - lost)
    after.markets[0].insurance_fund += lost
    assert step(view, after, do="force_close", target=name).startswith("6: deficit grew")
