"""The bounds that all arithmetic stands on, each with what just fits: nobody gets near them but on purpose."""

import pytest
from support import spec
from support.exchange import ALL, Exchange, bare_house, new_exchange, open_exchange

from nacre.units import WAD

UNIT = 10**9 * WAD  # the largest position
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def deposit(exchange: Exchange, who: str, amount: int) -> None:
    """In as many deposits as it takes."""
    while amount > 0:
        exchange.system.fund(who, min(amount, 10**30))
        amount -= 10**30


@pytest.fixture
def huge():
    """At a price, with liquidity for positions of a billion units."""

    def opened(price: int) -> Exchange:
        exchange = new_exchange(price=price, liquidity=0, free=0, max_deviation_bps=10_000)
        lower, upper = {1: (-7_000, 7_000), 1_000: (62_000, 76_000)}[price]
        for name in exchange.people:
            deposit(exchange, exchange.people[name], 3 * 10**30)
        deposit(exchange, exchange.people["provider"], 6 * 10**30)
        exchange.provide(exchange.people["provider"], 8 * 10**30, lower, upper)
        return exchange

    return opened


@SIDES
def test_the_largest_position(huge, trader, side):
    """In one trade or in several."""
    exchange = huge(1)
    margin = UNIT
    with exchange.undone():
        exchange.trade(trader, side * UNIT, margin)
        exchange.refuses("size too large", exchange.house, "trade", 0, side, 0, 0, 0, sender=trader)
        exchange.trade(trader, -side * WAD)
    exchange.trade(trader, side * 6 * UNIT // 10, margin)
    exchange.refuses("size too large", exchange.house, "trade", 0, side * (4 * UNIT // 10 + 1), 0, 0, 0, sender=trader)
    exchange.trade(trader, side * 4 * UNIT // 10)
    # through zero too, only the result counts
    exchange.trade(trader, -side * UNIT)
    assert exchange.pos(trader).size == 0


@SIDES
def test_a_liquidator_may_hold_more_than_anybody_may_open(huge, trader, keeper, side):
    """A takeover is not refused for want of room; what it leads to may be reduced, not enlarged."""
    exchange = huge(1)
    exchange.trade(keeper, side * 6 * UNIT // 10, 2 * UNIT)
    exchange.trade(trader, side * 5 * UNIT // 10, UNIT // 10)
    exchange.push(WAD * (10 - 4 * side) // 10)
    assert exchange.lens.call("health", 0, trader).stage >= 2
    exchange.take_over(keeper, trader, ALL, UNIT)
    assert exchange.pos(keeper).size == side * 11 * UNIT // 10
    exchange.push(WAD)
    exchange.refuses("size too large", exchange.house, "trade", 0, side * WAD, 0, 0, 0, sender=keeper)
    exchange.trade(keeper, -side * UNIT // 10)
    exchange.trade(keeper, -side * UNIT)


@SIDES
def test_even_a_takeover_has_a_bound(trader, keeper, side):
    """2^110 wei, a million times the largest position: here by a venue that hands out what does not exist."""
    bare = bare_house()
    policy = open_exchange().engine.call("policy", 0)
    most = 2**110
    for who, size, balance, notional in (
        (keeper, side * (most - WAD), 2**126, 100 * (most - WAD)),
        (trader, side * 2 * WAD, 15 * WAD, (200 + side * 10) * WAD),
    ):
        bare.send(bare.venue, "venue_absorb", 0, who, who, (0, balance, size, notional, 100 * WAD)).check()

    def take_over(size):
        return bare.send(bare.engine, "take_over", 0, keeper, trader, size, 0, policy, 0).reason

    assert take_over(WAD + 1) == "size too large"
    assert take_over(WAD) == ""
    assert bare.house.call("position", 0, keeper).size == side * most


def test_the_largest_notional(huge, trader):
    """A billion units at 1,000: as much at mark, and at entry more for a buyer, less for a seller."""
    exchange = huge(1_000)
    with exchange.undone():
        exchange.trade(trader, -UNIT, 10**30)
        assert exchange.pos(trader).notional < 10**30 == spec.notional(UNIT, 1_000 * WAD)
    exchange.refuses("notional too large", exchange.house, "trade", 0, UNIT, 10**30, 0, 0, sender=trader)
    low, high = 0, UNIT  # the largest purchase
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if exchange.quote(middle)[0] <= 10**30 else (low, middle)
    exchange.refuses("notional too large", exchange.house, "trade", 0, high, 10**30, 0, 0, sender=trader)
    exchange.trade(trader, low, 10**30)


def test_the_largest_notional_at_mark(huge, trader):
    exchange = huge(1_000)
    exchange.push(1_001 * WAD)
    size = 10**30 * WAD // (1_001 * WAD)
    assert spec.notional(size, 1_001 * WAD) <= 10**30
    exchange.refuses("notional too large", exchange.house, "trade", 0, -size - 10**15, 10**30, 0, 0, sender=trader)
    exchange.trade(trader, -size, 10**30)
    exchange.push(999 * WAD)
    exchange.trade(trader, -(10**18))


def test_a_full_market(exchange, trader):
    """A pot holds 2^104 wei; what does not fit stays where it was."""
    deposit(exchange, trader, 21 * 10**30)
    room = 2**104 - 1 - exchange.house.call("pot", 0)
    exchange.refuses("market is full", exchange.house, "donate_insurance", 0, room + 1, sender=trader)
    exchange.house.transact("donate_insurance", 0, room, sender=trader).check()
    assert exchange.house.call("pot", 0) == 2**104 - 1
    exchange.refuses("market is full", exchange.house, "trade", 0, WAD, 50 * WAD, 0, 0, sender=trader)


@SIDES
def test_a_position_that_no_market_could_hold(trader, side):
    """Only a venue that reports nonsense gets here; a balance past 127 bits and a notional past 120 are refused."""
    bare = bare_house()

    def absorb(balance, notional):
        removed = (0, balance, side * WAD, notional, 100 * WAD)
        return bare.send(bare.venue, "venue_absorb", 0, trader, trader, removed).reason

    assert absorb(2**127, 100 * WAD) == "position too large"
    assert absorb(WAD, 2**120) == "position too large"
    before = bare.house.call("position", 0, trader)
    assert before == (0, 0, 0, 0, False, 0)
    assert absorb(2**127 - 1, 2**120 - 1) == ""
    record = bare.house.call("position", 0, trader)
    assert abs(record.balance) == 2**127 - 1
    assert record.entry_notional == 2**120 - 1


def test_every_unit_of_a_huge_position_can_leave(huge, trader, counterparty, keeper):
    """A bankrupt billion: taken over, closed, and nothing is lost on the way but rounding."""
    exchange = huge(1_000)
    exchange.trade(counterparty, -9 * UNIT // 10, 10**30)
    exchange.trade(trader, 9 * UNIT // 10, 2 * 10**29)
    exchange.push(700 * WAD)
    exchange.take_over(keeper, trader, UNIT // 3, 10**30)
    exchange.force_close(keeper, trader, ALL)
    assert exchange.pos(trader).size == 0
    people = sorted(exchange.people.values(), key=lambda who: int(who, 16))
    ranges = [(exchange.people["provider"], 62_000, 76_000)]
    sheet = exchange.lens.call("solvency", 0, people, ranges)
    assert 0 <= sheet.dust <= 10**5
    assert (sheet.missing_long, sheet.missing_short) == (0, 0)
