"""Counterparties and targets with legs in other markets: which are looked at, how many, and what they decide."""

from dataclasses import replace

import pytest
from support import spec
from support.adl_desk import FIELDS, Desk, closed, shared
from support.exchange import PRICE
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import restored
from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
ENTRY, MARGIN = 100, 7
# The market of the target, where it is not the first: there are markets before it and after it.
HERE = 2
# Of modules/markets and modules/deleveraging.
ORACLE_GAS, GAS_OF_A_LEG, MOST_LEGS = 500_000, 15_000, 250
BURNS_GAS = 4  # a mode of MockBadOracle


@pytest.fixture
def desk():
    with shared(markets=3, cross_margin=True) as desk:
        yield desk


def after(side: int, move: int = 10) -> int:
    return (ENTRY - side * move) * WAD


def at_entry(size: int, balance: int) -> Pos:
    return Pos(size, balance, ENTRY * abs(size))


def account(desk: Desk, who: str) -> int:
    return desk.house.call("account_state", who).full_equity


# ---- whom they stop


@SIDES
@pytest.mark.parametrize("elsewhere", [0, 1])
@pytest.mark.parametrize("left", [-1, 0, 1])
def test_a_leg_in_any_other_market_counts(desk, trader, counterparty, side, elsewhere, left):
    """Closed it has 57 here, and a price of 10 less a unit there: it stands if that leaves at least nothing."""
    desk.leave(counterparty, 0)
    desk.cross(counterparty, elsewhere, HERE)
    desk.give(trader, at_entry(side, MARGIN), HERE)
    desk.give(counterparty, at_entry(-side, 50), HERE)
    # ten units lose a hundred
    desk.give(counterparty, at_entry(10 * side, 100 - 57 + left), elsewhere)
    desk.push(after(side))
    assert account(desk, counterparty) == 50 + 10 - 57 + left
    receipt = desk.deleverage(trader, [counterparty], HERE)
    if left < 0:
        assert closed(receipt) == []
        assert desk.held(counterparty, HERE) == at_entry(-side, 50)
        assert [event.deficit for event in receipt.events("DeficitAbsorbed")] == [3]
    else:
        assert closed(receipt) == [counterparty]
        assert desk.held(counterparty, HERE) == Pos(0, 57)
        assert account(desk, counterparty) == left


@SIDES
def test_an_isolated_position_does_not_answer_for_legs(desk, trader, counterparty, side):
    """Part of it is closed, though the cross account of its holder is bankrupt."""
    desk.leave(counterparty, 0)
    desk.cross(counterparty, 1)
    desk.give(trader, at_entry(2 * side, 2 * MARGIN))
    desk.give(counterparty, at_entry(-5 * side, 50))
    desk.give(counterparty, at_entry(10 * side, 0), 1)
    desk.push(after(side))
    assert account(desk, counterparty) == -100
    assert closed(desk.deleverage(trader, [counterparty])) == [counterparty]
    share = 2 * (ENTRY - side * MARGIN)
    assert desk.held(counterparty) == spec.combine(Pos(2 * side, 0, share), at_entry(-5 * side, 50))


@SIDES
def test_two_accounts_with_legs_elsewhere_are_closed(desk, trader, counterparty, keeper, side):
    """What looking at the first took is little of what there is."""
    desk.give(trader, at_entry(2 * side, 2 * MARGIN))
    for who in (counterparty, keeper):
        desk.cross(who, 0, 1)
        desk.give(who, at_entry(-side, 50))
        desk.give(who, at_entry(-side, 50), 1)
    desk.push(after(side))
    assert closed(desk.deleverage(trader, [counterparty, keeper])) == [counterparty, keeper]


# ---- what they pay


@SIDES
@pytest.mark.parametrize("free", [7, 8, 9])
@pytest.mark.parametrize("size", [1, 2])
def test_free_collateral_pays_what_a_closed_leg_lacks(desk, trader, counterparty, side, free, size):
    """At the bankruptcy price the leg gains 7 a unit and lacks 8: who has less is not eligible. The pot gets it."""
    desk.leave(counterparty, free)
    desk.cross(counterparty)
    desk.give(trader, at_entry(side * size, MARGIN * size))
    desk.push(after(side, 20))
    desk.give(counterparty, at_entry(-side * size, -MARGIN * size - 8))
    pot = desk.state().pot
    receipt = desk.deleverage(trader, [counterparty])
    assert closed(receipt) == ([counterparty] if free >= 8 else [])
    if free < 8:
        assert (desk.free(counterparty), desk.state().pot) == (free, pot)
        return
    assert (desk.held(counterparty), desk.free(counterparty)) == (Pos(), free - 8)
    assert desk.state().pot == pot + 8
    assert desk.bare.send(trader, "settle", 0, counterparty).reason == "no position"


@SIDES
def test_free_collateral_pays_no_more_than_what_is_left_lacks(desk, trader, counterparty, side):
    """At mark the rest is worth more than at the bankruptcy price, and what it gains pays first."""
    desk.leave(counterparty, 100)
    desk.cross(counterparty)
    desk.give(trader, at_entry(side, MARGIN))
    desk.push(after(side, 20))
    desk.give(counterparty, at_entry(-2 * side, -33))
    assert closed(desk.deleverage(trader, [counterparty])) == [counterparty]
    # 7 on what is closed, 20 on what is left
    assert desk.free(counterparty) == 100 - (33 - 7 - 20)
    assert desk.held(counterparty) == at_entry(-side, -20)


# ---- the target


@SIDES
@pytest.mark.parametrize("size", [2, 3, 4])
def test_what_is_left_of_a_cross_target_is_a_leg(desk, trader, counterparty, side, size):
    """One wei of it, too."""
    desk.leave(trader, 0)
    desk.cross(trader)
    desk.give(trader, at_entry(side * size, MARGIN * size))
    desk.give(counterparty, at_entry(-2 * side, 100))
    desk.push(after(side))
    assert closed(desk.deleverage(trader, [counterparty])) == [counterparty]
    left = size - 2
    assert desk.held(trader) == (at_entry(side * left, 10 * left) if left else Pos())
    assert desk.legs(trader) == (1 if left else 0)
    assert desk.house.call("position", 0, trader).cross == (left > 0)


@SIDES
@pytest.mark.parametrize("gain", [2, 3, 4])
def test_a_leg_whose_account_has_just_enough_lacks_nothing(desk, trader, side, gain):
    """The leg lacks three, which a gain elsewhere covers, though no pot pays it now."""
    desk.leave(trader, 0)
    desk.cross(trader, 0, 1)
    desk.give(trader, at_entry(side, MARGIN))
    desk.push(after(side))
    desk.give(trader, Pos(-side, gain, ENTRY - side * 10), 1)
    assert (account(desk, trader), desk.state(1).pot) == (gain - 3, 0)
    terms = desk.lens.call("adl_terms", 0, trader)
    assert (terms.size, terms.deficit) == (side, 3 if gain < 3 else 0)
    assert desk.deleverage(trader, []).reason == ("" if gain < 3 else "not bankrupt")


# ---- how many


@pytest.fixture(scope="module")
def wide():
    """Sixteen markets and 16 accounts with a short of one wei in each, all of them cross: 15 legs elsewhere."""
    desk = Desk(markets=15, cross_margin=True)
    oracle = desk.chain.deploy(load("MockBadOracle"), PRICE, sender=desk.sender)
    last = replace(desk.bare, oracle=oracle)
    assert last.list_market(last.venue, **FIELDS, cross_margin=True) == 15
    accounts = [desk.chain.account(f"wide {number}") for number in range(16)]
    for who in accounts:
        legs(desk, who, 16)
    return desk, accounts, oracle


def legs(desk, who, count):
    """In the market of the target and so many less one others."""
    for market in [HERE, *(number for number in range(16) if number != HERE)][:count]:
        desk.cross(who, market)
        desk.give(who, at_entry(-1, 50), market)


@pytest.mark.parametrize("more", [10, 11])
def test_250_legs_elsewhere_are_looked_at(wide, trader, more):
    """Sixteen accounts have 240. Once one has more than are left all with such legs are passed over, and no others."""
    desk, accounts, _ = wide
    late, single, last = (desk.chain.account(name) for name in ("late", "single", "last"))
    with restored(desk.chain):
        for who, count in ((late, 1 + more), (single, 1), (last, 2)):
            legs(desk, who, count)
        desk.give(trader, at_entry(19, 19 * MARGIN), HERE)
        desk.push(after(1))
        receipt = desk.deleverage(trader, [*accounts, late, last, single], HERE)
        assert closed(receipt) == [*accounts, *([late] if more == 10 else []), single]
        for who in (*accounts, single):
            assert desk.held(who, HERE) == Pos(0, 57)
        assert desk.held(last, HERE) == at_entry(-1, 50)


def test_what_burns_gas_counts_for_more_legs(wide, trader):
    """One feed that uses up all it is given: who has a leg there counts for at least that gas, so few are looked at."""
    desk, accounts, oracle = wide
    each = ORACLE_GAS // GAS_OF_A_LEG
    with restored(desk.chain):
        oracle.transact("set_mode", BURNS_GAS, sender=desk.sender).check()
        desk.give(trader, at_entry(16, 16 * MARGIN), HERE)
        desk.push(after(1))
        receipt = desk.deleverage(trader, accounts, HERE)
        asked = closed(receipt)
        # each begins with at least 15 left
        assert 1 <= len(asked) <= (MOST_LEGS - 15) // each + 1
        assert asked == accounts[: len(asked)]
