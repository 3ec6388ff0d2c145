"""What a liquidation takes out of an account and what it leaves: each amount of docs/spec.md section 12, to the wei."""

import pytest
from support import spec
from support.exchange import PRICE
from support.portfolios import Desk, Leg, Pos, Terms, account, cut

from nacre.chain import restored
from nacre.units import WAD

MARKETS = 4
MARGIN = 10**6


@pytest.fixture(scope="module")
def desk():
    """Four plain markets."""
    return Desk(*[Terms()] * (MARKETS - 1))


def worth(balance, size=100, mark=PRICE, **fields):
    """A leg that was opened at mark."""
    return Leg(Pos(size, balance, abs(size) * mark // WAD), mark, **fields)


# Free collateral, legs by market, the leg that is liquidated and how much of it.
SOLVENT = {
    "free collateral pays": (900, {0: worth(-700), 2: worth(0)}, 0, 100),
    "of a wei": (1, {0: worth(0, 5), 2: worth(1, 5)}, 0, 5),
    "all of it pays, then a leg": (99, {0: worth(-100), 2: worth(101, pot=500)}, 0, 100),
    "legs pay in order": (
        9,
        {0: worth(30, pot=20), 1: worth(-200), 2: worth(0, pot=5), 3: worth(300, pot=170)},
        1,
        100,
    ),
    "a leg gives a wei": (0, {0: worth(0, 5), 1: worth(2, 5, pot=9)}, 0, 5),
    "a pot of a wei": (0, {0: worth(-100), 1: worth(30, pot=1), 3: worth(300, pot=300)}, 0, 100),
    "a leg of a wei": (0, {0: worth(-100), 1: worth(1, pot=9), 3: worth(300, pot=300)}, 0, 100),
    "the last leg alone": (0, {0: worth(-100), 3: worth(300, pot=300)}, 0, 100),
    "an excess is paid out": (10, {0: worth(300, pot=900), 1: worth(-50)}, 0, 100),
    "an excess of a wei": (0, {0: worth(1, 100, pot=900), 1: worth(-1)}, 0, 100),
    "an excess that the pot lacks": (10, {0: worth(300, pot=17), 1: worth(-50)}, 0, 100),
    "an excess that a market owes": (10, {0: worth(300, pot=900, owes=True), 1: worth(-50)}, 0, 100),
    "an excess stays with the rest": (0, {0: worth(300), 1: worth(-50)}, 0, 40),
    "with a rest of a wei": (0, {0: worth(300), 1: worth(-50)}, 0, 99),
    "with a rest of two wei": (0, {0: worth(300), 1: worth(-50)}, 0, 98),
    "the rest pays": (0, {0: worth(50), 1: worth(400)}, 0, 50),
    "the rest pays what legs do not": (3, {0: worth(50), 1: worth(400, pot=5), 2: worth(20, pot=4)}, 0, 50),
    "the rest pays no more than is missing": (0, {0: worth(100), 1: worth(400, pot=4)}, 0, 10),
    "a rest without profit pays nothing": (0, {0: worth(-10), 1: worth(300, pot=3)}, 0, 99),
    "sixteen wei may be lacking": (0, {0: worth(-20), 1: worth(25, pot=4)}, 0, 100),
    "seventeen may not": (0, {0: worth(-21), 1: worth(25, pot=4)}, 0, 100),
    "a market that owes pays nothing": (0, {0: worth(-21), 1: worth(25, pot=900, owes=True)}, 0, 100),
    "nor one with a stale price": (0, {0: worth(-21), 1: worth(25, mark=PRICE, pot=900, stale=True)}, 0, 100),
    "a profit at a stale price is missing": (
        0,
        {0: worth(-1_000), 1: Leg(Pos(-100, 0, 11_000), PRICE, pot=5_000, stale=True)},
        0,
        100,
    ),
    "worth nothing": (0, {0: worth(-100), 1: worth(100, pot=100)}, 0, 100),
    "worth nothing that a pot can pay": (0, {0: worth(-100), 1: worth(100, pot=99 - 16)}, 0, 100),
    "worth nothing, and no pot": (0, {0: worth(-100), 1: worth(100)}, 0, 100),
    "worth a wei": (0, {0: worth(1, pot=9)}, 0, 100),
    "worth a wei of two": (0, {0: worth(0, 100), 1: worth(1, 1, pot=9)}, 0, 99),
}
BANKRUPT = {
    "by its only leg": (70, {0: worth(-700)}, 0, 100),
    "half of it": (71, {0: worth(-700)}, 0, 50),
    "a wei below": (0, {0: worth(-100), 1: worth(99, pot=99)}, 0, 100),
    "a wei below, and no pot": (0, {0: worth(-100), 1: worth(99)}, 0, 100),
    "pro rata to all losses": (70, {0: worth(-700), 1: worth(-300), 2: worth(50, pot=40), 3: worth(1, pot=2)}, 0, 100),
    "and of another": (70, {0: worth(-700), 1: worth(-301), 2: worth(50, pot=40), 3: worth(1, pot=2)}, 1, 33),
    "with a leg worth nothing": (70, {0: worth(-700), 1: worth(0, pot=40)}, 0, 100),
    "a gaining leg gives all": (70, {0: worth(-700), 1: worth(40, pot=400)}, 1, 100),
    "a part of it gives its own": (70, {0: worth(-700), 1: worth(41, pot=400)}, 1, 50),
    "a leg worth nothing gives nothing": (70, {0: worth(-700), 1: worth(0, pot=40)}, 1, 100),
    "a wei gives a wei": (70, {0: worth(-700), 1: worth(1, pot=40)}, 1, 100),
    "a market that owes gives nothing": (7, {0: worth(-700), 1: worth(50, pot=400, owes=True)}, 0, 100),
    "a stale profit is not collected": (7, {0: worth(-7_000), 1: worth(50, pot=400, stale=True)}, 0, 100),
    "nor does a stale loss pay": (
        7,
        {0: worth(-7_000), 1: worth(-50, pot=400, stale=True), 2: worth(9, pot=9)},
        0,
        100,
    ),
}
CASES = pytest.mark.parametrize("case", [*SOLVENT.values(), *BANKRUPT.values()], ids=[*SOLVENT, *BANKRUPT])
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def on(side, legs):
    return {number: leg._replace(pos=leg.pos._replace(size=side * leg.pos.size)) for number, leg in legs.items()}


def left_of(desk, who, free, legs, market, found):
    """What the account and the other pots are after a part was cut out."""
    for number, leg in legs.items():
        if number != market:
            taken = found.from_legs.get(number, 0)
            assert desk.pos(number, who) == leg.pos._replace(balance=leg.pos.balance - taken)
            assert desk.pot(number) == leg.pot - taken
    assert desk.pos(market, who) == (found.rest if found.rest.size else Pos())
    mine = sum(1 << number for number in legs if number != market or found.rest.size)
    assert desk.legs(who) == mine


def paid_out(leg, found, residue=0):
    """What free collateral gets of an excess and a residue, in this order, and what the market owes it then."""
    pot = leg.pot + found.from_free + sum(found.from_legs.values())
    excess = 0 if found.rest.size else found.excess
    if leg.owes:
        return 0, excess + residue
    paid = min(excess, pot)
    if paid == excess:
        paid += min(residue, pot - paid)
    return paid, excess + residue - paid


def check_takeover(desk, who, free, legs, market, size, found):
    keeper, leg = desk.chain.account("keeper"), legs[market]
    had = desk.free(keeper)
    receipt = desk.take_over(market, keeper, who, size, MARGIN)
    if found.refused:
        assert receipt.reason == found.refused
        return
    receipt.check()
    left_of(desk, who, free, legs, market, found)
    deficit = max(-spec.equity(found.part, leg.mark), 0)
    assert receipt.event("Takeover").deficit == deficit
    assert len(receipt.events("DeficitAbsorbed")) == (deficit > 0)
    assert desk.pos(market, keeper) == found.part._replace(balance=found.part.balance + deficit + MARGIN)
    assert not desk.house.call("position", market, keeper).cross
    paid, owed = paid_out(leg, found)
    assert desk.free(who) == free - found.from_free + paid
    assert desk.house.call("owed", market, who) == owed
    assert desk.free(keeper) == had - MARGIN
    assert desk.pot(market) == leg.pot + found.from_free + sum(found.from_legs.values()) + MARGIN - paid
    state = desk.house.call("market_state", market)
    assert state.total_long + state.total_short == abs(leg.pos.size)
    assert state.holders_long + state.holders_short == 1 + (found.rest.size != 0)


def check_force_close(desk, who, free, legs, market, size, found):
    """At mark; what is left is the trader's."""
    leg = legs[market]
    desk.fill(market, spec.notional(found.part.size, leg.mark))
    receipt = desk.force_close(market, desk.chain.account("keeper"), who, size)
    if found.refused:
        assert receipt.reason == found.refused
        return
    receipt.check()
    left_of(desk, who, free, legs, market, found)
    residue = spec.equity(found.part, leg.mark)
    assert receipt.event("ForceClose").residue == residue
    paid, owed = paid_out(leg, found, max(residue, 0))
    assert desk.free(who) == free - found.from_free + paid
    assert desk.house.call("owed", market, who) == owed
    assert desk.pot(market) == leg.pot + found.from_free + sum(found.from_legs.values()) - paid


@CASES
@SIDES
@pytest.mark.parametrize("check", [check_takeover, check_force_close], ids=["takeover", "force close"])
def test_a_part(desk, case, side, check):
    trader = desk.chain.account("trader")
    free, legs, market, size = case[0], on(side, case[1]), case[2], case[3]
    with restored(desk.chain):
        desk.stand(trader, free, legs)
        assert desk.account(trader) == account(free, list(legs.values()))
        found = cut(free, legs, market, size)
        if not found.refused:
            view = desk.house.call("detached", market, trader, size)
            assert Pos(view.size, view.balance, view.entry_notional) == found.part
        check(desk, trader, free, legs, market, size, found)


@SIDES
def test_a_margin_of_a_wei_is_shared(desk, side):
    """All of it leaves with all there is."""
    trader = desk.chain.account("trader")
    legs = {1: Leg(Pos(side, 7, 1), WAD)}
    with restored(desk.chain):
        desk.stand(trader, 3, legs)
        found = cut(3, legs, 1, 1)
        assert (legs[1].terms.maintenance(1), found.from_free) == (1, 3)
        view = desk.house.call("detached", 1, trader, 1)
        assert Pos(view.size, view.balance, view.entry_notional) == found.part


def test_bankrupt_is_what_the_cases_say():
    for cases, bankrupt in ((SOLVENT, False), (BANKRUPT, True)):
        for free, legs, _, _ in cases.values():
            assert (account(free, list(legs.values())).full_equity < 0) == bankrupt
