"""Trades and withdrawals of cross accounts: the wei at which section 12 of docs/spec.md refuses, and what moves."""

import pytest
from support import spec
from support.exchange import PRICE
from support.portfolios import Desk, Leg, Pos, Terms, account, traded

from nacre.chain import restored
from nacre.units import WAD

PLAIN, OTHER, TIERS, SHOWN, SMALL = range(5)
# The tier doubles what is above 500 wei.
TIERED = Terms(tiers=((500, 2_000, 1_000),))
FEES = 7, 11, 13
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@pytest.fixture(scope="module")
def desk():
    return Desk(Terms(), TIERED, Terms(shown_trigger_bps=1), Terms(imr_bps=200, mmr_bps=100))


@pytest.fixture
def trader(desk):
    with restored(desk.chain):
        yield desk.chain.account("trader")


def flipped(side, pos):
    return Pos(side * pos.size, pos.balance, pos.notional)


def refused(desk, who, market, size):
    legs = [desk.pos(number, who) for number in range(5)]
    receipt = desk.trade(market, who, size)
    assert not receipt.ok
    assert [desk.pos(number, who) for number in range(5)] == legs
    return receipt.reason


# ---- opening


@SIDES
@pytest.mark.parametrize(
    ("old", "size", "worse"),
    [(Pos(), 9, 0), (Pos(), 9, 5), (Pos(3, 50, 280), 6, -2), (Pos(3, 50, 280), 1, 0), (Pos(-4, 30, 410), 9, 3)],
    ids=["a new leg", "at a worse price", "to a leg with profit", "a wei of size", "to the other side"],
)
@pytest.mark.parametrize(
    "other", [Pos(20, 90, 2_030), Pos(-20, -5, 2_030)], ids=["a loss elsewhere", "a profit elsewhere"]
)
def test_the_opening_rule(desk, trader, side, old, size, worse, other):
    """O of the others and the equity of the leg cover both initial margins; a profit elsewhere does not count."""
    old, size = flipped(side, old), side * size
    notional = abs(size) * 100 + side * worse
    leg, elsewhere = Leg(old, terms=TIERED, pot=10_000), Leg(other)
    new = spec.combine(Pos(size, -sum(FEES), notional), old)
    needed = TIERED.initial(100 * abs(new.size)) + elsewhere.terms.initial(elsewhere.notional)
    free = needed - spec.equity(new, PRICE) - elsewhere.opening
    desk.fill(TIERS, notional, FEES)
    for missing in (1, 0):
        with restored(desk.chain):
            desk.stand(trader, free - missing, {TIERS: leg, OTHER: elsewhere} if old.size else {OTHER: elsewhere})
            if not old.size:
                desk.send(trader, "set_margin_mode", TIERS, True)
                desk.provide(TIERS, leg.pot)
            if missing:
                assert refused(desk, trader, TIERS, size) == "below initial margin"
                continue
            assert desk.trade(TIERS, trader, size).check().event("Trade").fees == sum(FEES)
            after = traded(free, leg, size, notional, sum(FEES))
            assert (desk.pos(TIERS, trader), desk.free(trader), desk.pot(TIERS)) == after[:3]
            assert desk.house.call("insurance_fund", TIERS) == FEES[2]
            assert desk.account(trader) == account(after.free, [Leg(after.pos, terms=TIERED), elsewhere])


def test_opening_waits_for_every_price(desk, trader):
    desk.stand(trader, 10_000, {OTHER: Leg(Pos(5, 5, 500)), SMALL: Leg(Pos(5, 5, 500))})
    desk.send(trader, "set_margin_mode", PLAIN, True)
    desk.fill(PLAIN, 500)
    with restored(desk.chain):
        desk.push(SMALL, PRICE, updated_at=desk.chain.timestamp - 3_700)
        assert refused(desk, trader, PLAIN, 5) == "stale price"
        assert desk.bare.send(trader, "withdraw", 1).reason == "stale price"
    for market in (PLAIN, SMALL):
        with restored(desk.chain):
            desk.push(market, PRICE, jumped=True)
            assert refused(desk, trader, PLAIN, 5) == "price just jumped"
    with restored(desk.chain):
        desk.push(SMALL, PRICE, jumped=True)
        assert desk.bare.send(trader, "withdraw", 1).reason == "price just jumped"
    desk.trade(PLAIN, trader, 5).check()


def test_reducing_waits_for_a_jump_but_not_for_a_stale_price(desk, trader):
    desk.stand(trader, 10_000, {PLAIN: Leg(Pos(5, 5, 500)), OTHER: Leg(Pos(5, 5, 500))})
    desk.fill(PLAIN, 200)
    for market in (PLAIN, OTHER):
        with restored(desk.chain):
            desk.push(market, PRICE, jumped=True)
            assert refused(desk, trader, PLAIN, -2) == "price just jumped"
    desk.push(OTHER, PRICE, updated_at=desk.chain.timestamp - 3_700)
    desk.trade(PLAIN, trader, -2).check()
    assert desk.pos(PLAIN, trader).size == 3


def test_an_order_is_checked_and_passed_on(desk, trader):
    desk.cross(trader, 10_000, PLAIN)
    desk.fill(PLAIN, 500)
    now = desk.chain.timestamp
    for size, margin, deadline, reason in (
        (0, 0, 0, "zero size"),
        (5, 0, now - 1, "deadline passed"),
        (10**27 + 1, 0, 0, "size too large"),
        (5, 1, 0, "margin of a cross position"),
    ):
        assert desk.bare.send(trader, "trade", PLAIN, size, margin, 0, deadline).reason == reason
    desk.send(trader, "trade", PLAIN, 5, 0, 99, now + 100)
    order = desk.venues[PLAIN].call("order")
    assert (order.size, order.limit_price, order.band_bps) == (5, 99, 0)


# ---- reducing


@SIDES
@pytest.mark.parametrize(
    ("size", "worst"),
    # of 400 on a maintenance margin of 1,000: as much a unit must be left
    [(50, -100), (100, -200), (1, -2)],
)
def test_a_failing_account_may_reduce_unless_that_makes_it_worse(desk, trader, side, size, worst):
    """By a wei less than its share of equity."""
    legs = {PLAIN: Leg(Pos(100 * side, -100, 10_000), pot=9_999), OTHER: Leg(Pos(-100, 200, 10_000), pot=9_999)}
    desk.stand(trader, 300, legs)
    state = desk.account(trader)
    assert (state.equity, state.maintenance_margin) == (400, 1_000)
    assert 400 * (1_000 - 5 * size) <= (400 + worst) * 1_000 < 400 * (1_000 - 5 * size) + 1_000
    notional = 100 * size + side * worst
    desk.fill(PLAIN, notional - side)
    assert refused(desk, trader, PLAIN, -side * size) == "below maintenance margin"
    desk.fill(PLAIN, notional)
    desk.trade(PLAIN, trader, -side * size).check()
    assert desk.account(trader).equity == 400 + worst


@SIDES
def test_what_is_left_with_its_maintenance_margin_may_be_worse(desk, trader, side):
    """Of twelve six are left, above the tier."""
    leg, other = Leg(Pos(12 * side, 200, 1_200), terms=TIERED, pot=9_999), Leg(Pos(10, 1, 1_000))
    desk.stand(trader, 5, {TIERS: leg, OTHER: other})
    needed = TIERED.maintenance(600) + Terms().maintenance(1_000)
    lost = desk.account(trader).equity - needed
    desk.fill(TIERS, 600 - side * (lost + 1))
    assert refused(desk, trader, TIERS, -6 * side) == "below maintenance margin"
    desk.fill(TIERS, 600 - side * lost)
    desk.trade(TIERS, trader, -6 * side).check()
    assert desk.account(trader).equity == needed == desk.account(trader).maintenance_margin


REDUCED = {
    "a profit is paid out": (Leg(Pos(10, 300, 900), pot=9_999), -4, 400),
    "a profit of a wei": (Leg(Pos(10, 300, 1_000), pot=9_999), -4, 281),
    "as far as the pot has it": (Leg(Pos(10, 300, 900), pot=130), -4, 400),
    "unless the market owes": (Leg(Pos(10, 300, 900), pot=130, owes=True), -4, 400),
    "a loss stays": (Leg(Pos(10, 300, 1_100), pot=9_999), -4, 200),
    "no more than the leg is worth": (Leg(Pos(10, 450, 1_500), pot=9_999), -4, 760),
    "shares are rounded down": (Leg(Pos(10, 307, 907), pot=9_999), -3, 311),
    "a whole leg": (Leg(Pos(10, 300, 900), pot=9_999), -10, 1_000),
    "a whole leg that the pot lacks": (Leg(Pos(10, 300, 900), pot=10), -10, 1_000),
    "a whole leg worth nothing": (Leg(Pos(10, 300, 900), pot=9_999), -10, 600),
    "a whole leg worth a wei": (Leg(Pos(10, 300, 900), pot=9_999), -10, 601),
    "a whole leg that lacks a wei": (Leg(Pos(10, 300, 900), pot=9_999), -10, 599),
    "turned around": (Leg(Pos(10, 3_000, 900), pot=9_999), -15, 1_500),
    "turned around, smaller": (Leg(Pos(10, 3_000, 900), pot=9_999), -12, 1_200),
    "turned around, as large": (Leg(Pos(10, 3_000, 900), pot=9_999), -20, 2_000),
    "enlarged": (Leg(Pos(10, 3_000, 900), pot=9_999), 5, 500),
    "a loss is covered": (Leg(Pos(10, -300, 1_000), pot=9_999), -4, 400),
}


@SIDES
@pytest.mark.parametrize(("leg", "size", "notional"), REDUCED.values(), ids=[*REDUCED])
def test_what_a_trade_moves(desk, trader, side, leg, size, notional):
    """Between the leg, its pot and free collateral; the notional of a short is mirrored at 100."""
    if side < 0:
        pos, notional = leg.pos, 200 * abs(size) - notional
        leg = leg._replace(pos=Pos(-pos.size, pos.balance, 200 * pos.size - pos.notional))
    desk.stand(trader, 5_000, {PLAIN: leg, OTHER: Leg(Pos(2, 9, 200))})
    topups = desk.house.call("position", PLAIN, trader).topups
    desk.fill(PLAIN, notional)
    desk.trade(PLAIN, trader, side * size).check()
    new = traded(5_000, leg, side * size, notional, 0)
    assert (desk.pos(PLAIN, trader), desk.free(trader), desk.pot(PLAIN)) == new[:3]
    assert desk.house.call("owed", PLAIN, trader) == new.owed
    if new.pos.size:
        record = desk.house.call("position", PLAIN, trader)
        assert (record.cross, record.topups) == (True, topups)
    assert desk.legs(trader) == 1 << OTHER | bool(new.pos.size) << PLAIN


def test_what_a_whole_leg_lacks_comes_from_free_collateral_and_other_legs(desk, trader):
    """To the wei; a third leg, whose pot is empty, only keeps the account healthy."""
    for free, profit in ((2, 1), (2, 0), (0, 3), (1, 2), (3, 0), (0, 2)):
        with restored(desk.chain):
            legs = {PLAIN: Leg(Pos(10, 0, 1_000), pot=50), SMALL: Leg(Pos(1, profit, 100), pot=50)}
            desk.stand(trader, free, legs | {OTHER: Leg(Pos(10, 900, 1_000))})
            desk.fill(PLAIN, 997)
            if free + profit < 3:
                assert refused(desk, trader, PLAIN, -10) == "close leaves a deficit"
                continue
            desk.trade(PLAIN, trader, -10).check()
            assert (desk.free(trader), desk.pot(PLAIN), desk.pot(SMALL)) == (
                max(free - 3, 0),
                53,
                50 + min(free, 3) - 3,
            )
            assert desk.pos(SMALL, trader).balance == profit + min(free, 3) - 3
            assert (desk.pos(PLAIN, trader), desk.legs(trader)) == (Pos(), 1 << OTHER | 1 << SMALL)


def test_a_market_that_shows_a_liquidation_price_says_it_with_each_trade(desk, trader):
    """Even by the smallest trigger."""
    desk.cross(trader, 10_000, PLAIN, SHOWN)
    for market in (PLAIN, SHOWN):
        desk.fill(market, 500)
        events = desk.trade(market, trader, 5).check().events("LiquidationPrice")
        assert [(event.size, event.account) for event in events] == [(5, trader)] * (market == SHOWN)


# ---- withdrawing


@pytest.mark.parametrize("size", [1, 7, 1_234_567])
@pytest.mark.parametrize("ratio", [200, 1_000], ids=["a tenth", "the initial margin"])
def test_a_withdrawal_leaves_the_larger_of_two_margins(desk, trader, size, ratio):
    """A tenth of the notional, rounded up, is more than two percent of it."""
    market = SMALL if ratio == 200 else TIERS
    desk.push(market, PRICE + WAD // 10)
    legs = {
        market: Leg(Pos(size, -3, 100 * size), PRICE + WAD // 10, terms=desk.terms[market]),
        PLAIN: Leg(Pos(1, 7, 100)),
    }
    found = account(0, list(legs.values()))
    needed = max(found.initial_margin, spec.ceil(found.notional, 10))
    assert (needed > found.initial_margin) == (ratio == 200)
    desk.stand(trader, needed - found.opening + 5, legs)
    assert desk.bare.send(trader, "withdraw", 6).reason == "below account margin"
    desk.send(trader, "withdraw", 5)
    assert desk.account(trader).opening == needed
