"""The median mark: of the index price, that with the average premium on it, and the venue's mid of an earlier block.
Neither one block nor an idle hour moves it. docs/spec.md sections 3 and 4, reckoned beside the contracts."""

from dataclasses import dataclass

import pytest
from support import spec
from support.exchange import ALL, PRICE, WIDE, Exchange

from nacre.units import WAD

UNIT = 10**12
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["up", "down"])


@dataclass
class Reference:
    """What the market keeps: average premium, premium and time of the last touch, mid, and mid before its block."""

    time: int
    mid: int = PRICE
    before: int = PRICE
    moved: int = 0
    ema: int = 0
    premium: int = 0

    def touch(self, now: int, index: int) -> None:
        """The first call of a block that needs the market."""
        if now > self.time:
            self.ema = spec.ema(self.ema, self.premium, now - self.time)
            self.premium, self.time = spec.premium(self.mid, index), now

    def move(self, now: int, mid: int) -> None:
        """A trade, or liquidity that came or went."""
        if now != self.moved:
            self.before = self.mid
        self.mid, self.moved = mid, now

    def mark(self, now: int, index: int) -> int:
        ema = spec.ema(self.ema, self.premium, now - self.time)
        expected = index * max(0, UNIT + ema) // UNIT
        return sorted((index, expected, (self.before if now == self.moved else self.mid) or index))[1]


@pytest.fixture
def median(opened) -> Exchange:
    exchange = opened(mark_mode="median", max_deviation_bps=10_000)
    exchange.system.fund(exchange.people["outsider"], 10**6 * WAD)
    exchange.push(PRICE)
    exchange.house.transact("accrue", 0, sender=exchange.people["keeper"]).check()
    return exchange


def mark(exchange: Exchange) -> int:
    value = exchange.house.call("mark_price", 0)
    assert value == exchange.state().mark_price
    return value


def push_venue(exchange: Exchange, price: int) -> int:
    """The mid it was led to."""
    exchange.lead_venue(exchange.people["outsider"], price, 200_000 * WAD)
    return exchange.venue.call("mid_price")


@SIDES
def test_one_block_does_not_move_it(median, trader, side):
    """However far the venue is led, there and back, and whoever trades in the same block."""
    with median.chain.block():
        for percent in (20, 45, 5, 30):
            push_venue(median, (100 + side * percent) * WAD)
            assert mark(median) == PRICE
        median.trade(trader, side * WAD, 50 * WAD)
        assert mark(median) == PRICE


@SIDES
def test_nor_does_the_next_second(median, keeper, side):
    """The mid counts then, but the average has seen its premium for a second: one part in a hundred and fifty of it."""
    with median.chain.block():
        mid = push_venue(median, (100 + side * 30) * WAD)
    for touched in (False, True):
        premium = 0 if not touched else spec.premium(mid, PRICE)
        if touched:
            # the touch that takes note of it; the time since the push counts at the premium from before it
            median.house.transact("accrue", 0, sender=keeper).check()
        with median.chain.block():
            expected = PRICE * (UNIT + spec.ema(0, premium, 1)) // UNIT
            assert mark(median) == expected
            assert abs(expected - PRICE) <= abs(mid - PRICE) // 150


@SIDES
def test_nor_does_an_idle_hour(median, keeper, side):
    """The premium that stands over it is that before the block's first trade; a step counts 150 seconds at most."""
    with median.chain.block():
        mid = push_venue(median, (100 + side * 30) * WAD)
    median.chain.mine(3_500)
    with median.chain.block():
        assert mark(median) == PRICE
        median.house.transact("accrue", 0, sender=keeper).check()
        assert (mark(median), median.state().premium_ema) == (PRICE, 0)
    # from this touch on it counts; another hour is as good as 150 s
    median.push(PRICE)
    median.chain.mine(3_500)
    with median.chain.block():
        average = spec.ema(0, spec.premium(mid, PRICE), 150)
        assert median.state().premium_ema == average
        assert mark(median) == PRICE * (UNIT + average) // UNIT


@SIDES
def test_there_and_back_within_a_block_leaves_nothing(median, trader, keeper, side):
    """A sandwich around a touch: neither premium nor mid of the pushed venue is ever kept."""
    with median.chain.block():
        push_venue(median, (100 + side * 40) * WAD)
        median.house.transact("accrue", 0, sender=keeper).check()
        push_venue(median, PRICE)
    for _ in range(3):
        median.chain.mine(100)
        with median.chain.block():
            median.house.transact("accrue", 0, sender=keeper).check()
            assert abs(mark(median) - PRICE) <= 10
            assert abs(median.state().premium_ema) <= 1


@SIDES
@pytest.mark.parametrize("pause", [1, 10, 149, 150, 151, 400])
def test_a_lasting_premium_moves_it_as_the_average_says(median, keeper, side, pause):
    """Touched at intervals, for as long as the price is fresh; each mark to the wei."""
    kept = Reference(median.state().accrued_at)
    with median.chain.block():
        kept.touch(median.chain.timestamp, PRICE)
        kept.move(median.chain.timestamp, push_venue(median, (100 + side * 8) * WAD))
    for _ in range(12):
        with median.chain.block(pause):
            now = median.chain.timestamp
            if now - median.state().price_time > 3_000:
                median.push(PRICE)
            assert mark(median) == kept.mark(now, PRICE)
            median.house.transact("accrue", 0, sender=keeper).check()
            kept.touch(now, PRICE)
            assert mark(median) == kept.mark(now, PRICE)
            assert (median.state().premium_ema, median.state().premium) == (kept.ema, kept.premium)
    assert (mark(median) - PRICE) * side > 0
    # with an average that stands, too, no trade moves it within its block
    with median.chain.block():
        before = mark(median)
        for percent in (-30, 1, 30, 0):
            push_venue(median, (100 + percent) * WAD)
            assert mark(median) == before


def test_of_the_three_the_middle_one(median, keeper):
    """Index, expected price and mid in all orders in which they can stand, with an average premium from before."""
    kept = Reference(median.state().accrued_at)
    with median.chain.block():
        kept.touch(median.chain.timestamp, PRICE)
        kept.move(median.chain.timestamp, push_venue(median, 110 * WAD))
    for _ in range(4):
        with median.chain.block(150):
            median.push(PRICE)
            median.house.transact("accrue", 0, sender=keeper).check()
            kept.touch(median.chain.timestamp, PRICE)
    middle = set()
    for venue in (90, 100, 104, 108, 112):
        for index in (80, 95, 100, 103, 120):
            with median.undone():
                there = Reference(**vars(kept))
                with median.chain.block():
                    there.touch(median.chain.timestamp, PRICE)
                    there.move(median.chain.timestamp, push_venue(median, venue * WAD))
                with median.chain.block():
                    now, price = median.chain.timestamp, index * WAD
                    median.push(price)
                    expected = price * (UNIT + spec.ema(there.ema, there.premium, 1)) // UNIT
                    found = mark(median)
                    assert found == sorted((price, expected, there.mid))[1] == there.mark(now, price)
                    middle.add((found == price, found == expected, found == there.mid))
    assert len(middle) >= 3


def test_it_follows_the_index_at_once(median):
    """A crash of the index is no manipulation of the venue: without a premium the mark is there in the same block."""
    for price in (80, 60, 130):
        with median.chain.block():
            median.push(price * WAD)
            assert mark(median) == price * WAD


def test_without_liquidity_the_venue_counts_as_the_index(median, trader, provider, keeper):
    """From the block on after the last range has gone."""
    with median.chain.block():
        push_venue(median, 106 * WAD)
    median.house.transact("accrue", 0, sender=keeper).check()
    median.chain.mine(150)
    with median.chain.block():
        before = mark(median)
        median.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
        assert mark(median) == before > PRICE
    with median.chain.block():
        assert median.state().mid_price == 0
        assert mark(median) == PRICE


@pytest.mark.parametrize(
    ("price", "lower", "upper", "factor"),
    [("0.000001", -139_000, -137_000, 97), ("10000000", 160_500, 162_000, 103)],
    ids=["lowest", "highest"],
)
def test_a_mark_stays_within_the_bounds_of_prices(opened, keeper, trader, price, lower, upper, factor):
    """At the first and the last index price a venue beyond it takes the mark nowhere, however long it stands there."""
    exchange = opened(mark_mode="median", price=price, liquidity=0, max_deviation_bps=10_000)
    index = exchange.state().index_price
    exchange.provide(keeper, 300 * WAD, lower, upper)
    exchange.lead_venue(trader, index * factor // 100, 9_000 * WAD)
    for _ in range(4):
        exchange.chain.mine(150)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    assert abs(exchange.state().premium_ema) > UNIT // 50
    assert mark(exchange) == index in (10**12, 10**25)


@SIDES
def test_a_pushed_venue_liquidates_nobody(median, trader, keeper, side):
    """At leverage 9.9: the venue 40 % against it, in this block and in the next; only the index makes it fail."""
    median.trade(trader, side * 10 * WAD, 110 * WAD)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 500 * WAD)
    with median.chain.block():
        push_venue(median, (100 - 40 * side) * WAD)
        median.refuses("not liquidatable", median.engine, *arguments, sender=keeper)
    median.refuses("not liquidatable", median.engine, *arguments, sender=keeper)
    median.push((100 - 7 * side) * WAD)
    median.engine.transact(*arguments, sender=keeper).check()


@SIDES
def test_a_pushed_venue_opens_no_margin_either(median, trader, side):
    """Nobody takes margin out against a venue that he has pushed in his favour."""
    median.trade(trader, side * 10 * WAD, 150 * WAD)
    with median.chain.block():
        most = median.lens.call("health", 0, trader)
        spare = most.balance + min(most.pnl, 0) - most.initial_margin
        push_venue(median, (100 + 40 * side) * WAD)
        median.refuses("below initial margin", median.house, "adjust_margin", 0, -spare - 1, sender=trader)
        median.house.transact("adjust_margin", 0, -spare, sender=trader).check()


def test_while_stale_it_is_the_last_one(median, trader):
    """Nothing accrues, and the views show the mark of the last index price with what was kept."""
    with median.chain.block():
        push_venue(median, 110 * WAD)
    made = median.state().price_time
    median.chain.set_next_timestamp(made + 3_601)
    with median.chain.block():
        state = median.state()
        assert (state.stale, state.mark_price, state.premium_ema) == (True, PRICE, 0)
