"""Legs that are hardly any: records of size 0, claims, legs worth nothing, and amounts beyond all pots."""

from functools import partial

import pytest
from support.exchange import FREE, PRICE
from support.portfolios import MOST, Desk, Leg, Pos, Terms, account, cut

from nacre.chain import restored
from nacre.units import WAD

HIGH, LOW = 10**25, 10**12
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@pytest.fixture(scope="module")
def desk():
    return Desk(*[Terms()] * 4)


@pytest.fixture
def trader(desk):
    with restored(desk.chain):
        yield desk.chain.account("trader")


def stale(desk, market, price=PRICE):
    desk.push(market, price, updated_at=desk.chain.timestamp - 3_700)


# ---- records of size 0


@SIDES
@pytest.mark.parametrize("due", [1, 2, 50])
def test_what_deleveraging_left_is_worth_what_is_due(desk, trader, side, due):
    """At a fresh price, at a stale one, and where the market settles; it asks for no margin."""
    desk.cross(trader, 3)
    desk.close_by_deleveraging(2, trader, due, side)
    desk.give(1, trader, Pos(5, 9, 500))
    for happens, fields in (
        (lambda: None, {}),
        (partial(stale, desk, 2), {"stale": True}),
        (partial(desk.send, desk.bare.config, "settle_market", 2, PRICE), {}),
    ):
        with restored(desk.chain):
            happens()
            assert desk.account(trader) == account(3, [Leg(Pos(5, 9, 500)), Leg(Pos(0, due), **fields)])


@pytest.mark.parametrize("due", [1, 2, 50])
@pytest.mark.parametrize("missing", [1, 49, 60])
@pytest.mark.parametrize("pot", [40, 1_000])
def test_what_is_due_pays_for_another_leg(desk, trader, due, missing, pot):
    """What the pot lacks of it stays due."""
    desk.cross(trader, 0)
    desk.close_by_deleveraging(2, trader, due)
    desk.provide(2, pot)
    desk.hold(1, trader, Pos(20, -missing, 2_000))
    desk.push(1, PRICE)
    legs = {1: Leg(Pos(20, -missing, 2_000)), 2: Leg(Pos(0, due), pot=pot)}
    found = cut(0, legs, 1, 20)
    desk.take_over(1, desk.chain.account("keeper"), trader, margin=10_000).check()
    taken = sum(found.from_legs.values())
    assert taken == min(due, pot)
    assert (desk.pos(2, trader), desk.pot(2)) == (Pos(0, due - taken), pot - taken)
    assert desk.legs(trader) == 4


def test_a_bit_that_stays_is_no_leg(desk, trader):
    """What was due was paid: the market's price is nobody's business. The next margin mode clears the bit."""
    desk.cross(trader, 3)
    desk.close_by_deleveraging(2, trader, 7)
    assert desk.bare.send(trader, "set_margin_mode", 2, False).reason == "position is open"
    desk.provide(2, 100)
    desk.send(trader, "settle", 2, trader)
    assert (desk.pos(2, trader), desk.legs(trader)) == (Pos(), 4)
    with restored(desk.chain):
        stale(desk, 2)
        assert desk.account(trader) == account(10, [])
    desk.send(trader, "set_margin_mode", 2, False)
    assert desk.house.call("cross_markets", trader) == (27, 0)
    desk.give(2, trader, Pos(3, 500, 300))
    assert desk.account(trader) == account(10, [])


# ---- claims


@pytest.mark.parametrize("claim", [40, 500, MOST - 1, MOST, MOST + 5])
def test_a_claim_backs_what_there_is_up_to_a_bound(desk, trader, claim):
    """It is no new risk's; nor is what an open market owes."""
    desk.stand(trader, 3, {1: Leg(Pos(5, 9, 500))})
    desk.send(trader, "set_margin_mode", 2, True)
    desk.give(2, trader, Pos(4, 40, 400))
    desk.send(desk.bare.config, "settle_market", 2, PRICE)
    desk.send(trader, "settle_account", 2, trader)
    # and what a range without inventory leaves
    desk.give(2, trader, Pos(0, claim - 40, 0))
    assert desk.house.call("owed", 2, trader) == claim
    nothing = Leg(Pos(), claim=min(claim, MOST))
    assert desk.account(trader) == account(3, [Leg(Pos(5, 9, 500)), nothing])


def test_a_leg_in_a_market_that_settles_counts_beside_what_it_owes(desk, trader):
    desk.cross(trader, 3, 2)
    desk.owe(2, trader, 33)
    desk.give(2, trader, Pos(5, 9, 500))
    assert desk.account(trader) == account(3, [Leg(Pos(5, 9, 500))])
    desk.send(desk.bare.config, "settle_market", 2, 90 * WAD)
    assert desk.account(trader) == account(3, [Leg(Pos(5, 9, 500), 90 * WAD, claim=33)])


# ---- legs that pay nothing


@SIDES
def test_who_pays_nothing_is_not_touched(desk, trader, side):
    """Worth nothing after a social loss, or no longer needed: neither its carry nor anything else of it is written."""
    desk.cross(trader, 0, 0, 2, 3, 4)
    # isolated, and rich
    desk.give(1, trader, Pos(3, 900, 300))
    desk.provide(1, 900)
    # each loses three wei a unit, as much as a range on the other side did
    for market, balance in ((0, 30), (2, 200), (3, 45)):
        desk.give(market, trader, Pos(10 * side, balance, 1_000))
        desk.provide(market, 1_000)
        desk.give(market, desk.chain.account("outsider"), Pos(-10 * side, -30, 1_000))
    desk.hold(4, trader, Pos(10 * side, -20, 1_000))
    desk.push(4, PRICE)
    legs = {number: Leg(Pos(10 * side, worth, 1_000), pot=1_000) for number, worth in ((0, 0), (2, 170), (3, 15))}
    legs[4] = Leg(Pos(10 * side, -20, 1_000))
    assert desk.account(trader) == account(0, list(legs.values()))
    records = [desk.house.call("position", market, trader) for market in range(4)]
    found = cut(0, legs, 4, 10)
    assert found.from_legs == {2: 20 + 165 // 4}
    desk.take_over(4, desk.chain.account("keeper"), trader, margin=1_000).check()
    assert [desk.house.call("position", market, trader) for market in (0, 1, 3)] == [records[n] for n in (0, 1, 3)]
    assert desk.pots() == [1_000, 900, 1_000 - found.from_legs[2], 1_000, 1_000 + found.from_legs[2]]
    assert desk.pos(2, trader).balance == 170 - found.from_legs[2]


@SIDES
def test_free_collateral_covers_what_a_settled_leg_lacks(desk, trader, side):
    """A wei, if there is but one; and nothing of a leg worth nothing."""
    for free, balance in ((1, -1), (1, -2), (5, -3), (5, 0), (5, 1)):
        with restored(desk.chain):
            desk.stand(trader, free, {1: Leg(Pos(10 * side, balance, 1_000))})
            desk.send(desk.sender, "settle", 1, trader)
            paid = min(free, max(-balance, 0))
            assert (desk.free(trader), desk.pot(1)) == (free - paid, paid)
            assert desk.pos(1, trader).balance == balance + paid


# ---- beyond all pots


def detached(desk, who, market, size):
    view = desk.house.call("detached", market, who, size)
    return Pos(view.size, view.balance, view.entry_notional)


@SIDES
def test_equity_is_shared_up_to_a_bound(desk, trader, side):
    """Two legs that are worth nearly 2**128 together."""
    legs = {number: Leg(Pos(100 * side, MOST - 1, 10_000)) for number in (0, 1)}
    desk.stand(trader, 0, legs)
    assert account(0, list(legs.values())).equity > MOST
    found = cut(0, legs, 1, 40)
    assert desk.account(trader) == account(0, list(legs.values()))
    assert found.part.balance == MOST * 200 // 1_000
    assert detached(desk, trader, 1, 40) == found.part


def test_a_margin_is_shared_up_to_a_bound(desk, trader):
    """Of a leg whose maintenance margin is above 2**127 no more than that counts; below all of it."""
    for size in (2**100, 2**110):
        with restored(desk.chain):
            leg = Leg(Pos(size, 0, 0), HIGH)
            desk.stand(trader, 0, {2: leg})
            margin = leg.terms.maintenance(leg.notional)
            assert (margin > MOST) == (size == 2**110)
            due = min(leg.equity, MOST) * min(margin, MOST) // margin
            assert detached(desk, trader, 2, size).balance == due - leg.profit


def test_a_loss_takes_along_up_to_a_bound(desk, trader):
    """Of a loss above 2**127 that much counts, of one below all."""
    free = FREE - 1
    for balance, notional in ((-(2**126) - 2**120, 0), (1 - MOST, 2**120 - 1)):
        with restored(desk.chain):
            leg = Leg(Pos(2**110, balance, notional), LOW)
            desk.stand(trader, free, {2: leg})
            lost = -leg.equity
            assert (lost > MOST) == (notional > 0)
            taken = min(lost, MOST) * free // lost
            assert detached(desk, trader, 2, 2**110).balance == balance + taken
