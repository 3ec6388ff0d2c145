"""accrue: funding, docs/spec.md section 4, number by number; and what it takes to move it."""

import pytest
from support import spec
from support.exchange import ALL, LIQUIDITY, PRICE, WIDE

from nacre.units import RAY, WAD

CAP = 300  # bps a day
PERIOD = 28_800


@pytest.fixture
def funded(opened):
    return opened(funding_cap_bps=CAP, funding_period_seconds=PERIOD, oracle_max_age=100_000)


def stored(exchange):
    """As of the last touch: read in its own block."""
    state = exchange.state()
    return state.funding_index, state.premium_ema, state.premium, state.mid_price, state.accrued_at


def touched(before, price, now, cap=CAP, period=PERIOD):
    """F, EMA and premium after a touch, by the spec."""
    index, average, recorded, mid, then = before
    average = spec.ema(average, recorded, now - then)
    index += spec.funding_step(average, price, now - then, cap, period)
    return index, average, spec.premium(mid, price)


def touch(exchange, seconds=1):
    exchange.chain.set_next_timestamp(exchange.chain.timestamp + seconds)
    return exchange.house.transact("accrue", 0, sender=exchange.people["outsider"]).check()


def test_numbers_over_many_touches(funded, trader, counterparty):
    """Gaps below, at and above the 150 s that one step counts; prices and mids on both sides of each other."""
    trades = {0: 30 * WAD, 4: -70 * WAD, 7: 55 * WAD}
    prices = {3: PRICE * 96 // 100, 6: PRICE * 103 // 100}
    price = PRICE
    for step, seconds in enumerate([1, 10, 149, 150, 151, 600, 3_000, 20, 1, 3_600]):
        if step in trades:
            funded.trade(trader, trades[step], 800 * WAD)
        before, then = stored(funded), funded.chain.timestamp
        if step in prices:
            price = prices[step]
            funded.push(price)
        expected = touched(before, price, then + seconds)
        receipt = touch(funded, then + seconds - funded.chain.timestamp)
        assert stored(funded)[:3] == expected
        assert stored(funded)[4] == then + seconds
        told = [spec.accrual(log.accrual) for log in receipt.events("FundingAccrued")]
        assert told == ([(*expected, then + seconds)] if expected != before[:3] else [])


def test_the_view_shows_what_the_transaction_will_do(funded, trader):
    funded.trade(trader, 30 * WAD, 800 * WAD)
    touch(funded)
    funded.chain.mine(500)
    with funded.chain.block():
        shown = funded.state()
        receipt = funded.house.transact("accrue", 0, sender=trader).check()
        told = spec.accrual(receipt.event("FundingAccrued").accrual)
        assert (shown.funding_index, shown.premium_ema, shown.premium) == (
            told.funding_index,
            told.premium_ema,
            told.premium,
        )
        assert shown.accrued_at == funded.chain.timestamp
        assert funded.state() == shown
        # a second time in the block there is nothing left to do
        again = funded.house.transact("accrue", 0, sender=trader).check()
        assert again.logs == []
        assert funded.state() == shown


@pytest.mark.parametrize("side", [1, -1])
def test_the_cap(opened, trader, side):
    """A premium of 5 % a period of eight hours is 15 % a day: ten times the cap of 1.5 % a day."""
    exchange = opened(funding_cap_bps=150, funding_period_seconds=PERIOD)
    exchange.lead_venue(trader, PRICE * (100 + 5 * side) // 100, 9_000 * WAD)
    touch(exchange)
    touch(exchange, 150)
    before = exchange.state()
    cap = 150 * 10**8 * PERIOD // 86_400
    assert abs(before.premium_ema) > cap
    touch(exchange, 1_000)
    # 1.5 % of the price a day, for 1,000 s
    moved = exchange.state().funding_index - before.funding_index
    assert moved == side * (cap * PRICE * 1_000 // (1_000 * PERIOD))
    assert abs(abs(moved) - PRICE * 10**9 * 150 // 10_000 * 1_000 // 86_400) <= 10**12


def test_one_block_does_not_move_it(funded, trader, counterparty):
    """Whoever leads the venue away and back within a block leaves no trace in funding."""
    funded.trade(trader, 5 * WAD, 500 * WAD)
    touch(funded)
    with funded.undone():
        touch(funded, 100)
        touch(funded, 100)
        quiet = stored(funded)
    with funded.chain.block(seconds=100):
        funded.trade(counterparty, 70 * WAD, 5_000 * WAD)
        funded.trade(counterparty, -70 * WAD)
    touch(funded, 100)
    noisy = stored(funded)
    assert noisy[:2] == quiet[:2]
    assert abs(noisy[2] - quiet[2]) <= 1  # the venue keeps what rounding leaves: its mid is a hair off


def test_an_idle_hour_does_not_move_it(funded, trader):
    """A premium counts from the touch that recorded it, so an idle hour belongs to what stood before it."""
    touch(funded)
    assert stored(funded)[1:3] == (0, 0)
    funded.chain.mine(3_600)
    funded.push(PRICE)
    funded.trade(trader, 70 * WAD, 5_000 * WAD)  # the attacker, after the idle hour
    index, average, recorded, mid, _ = stored(funded)
    assert (index, average, recorded) == (0, 0, 0)
    assert spec.deviation(mid, PRICE) > 3 * 10**16
    touch(funded)
    index, average, recorded, _, _ = stored(funded)
    assert (index, average) == (0, 0)
    assert recorded == spec.premium(mid, PRICE)
    # a second of a premium held is 1/150 of it
    touch(funded)
    assert 0 < stored(funded)[1] <= recorded // 149


def test_it_sums_to_zero_with_the_venue(funded, trader, counterparty, provider):
    """What longs pay shorts and the venue's ranges receive, and nobody gets what nobody paid."""
    funded.trade(trader, 30 * WAD, 800 * WAD)
    funded.trade(counterparty, -10 * WAD, 800 * WAD)
    records = {who: funded.record(who) for who in (trader, counterparty)}
    venue = funded.venue.call("range_of", provider, *WIDE)
    assert venue.size == -20 * WAD - 1  # rounding leaves the venue a wei to the good
    touch(funded)
    with funded.chain.block(seconds=3_000):
        for who in (trader, counterparty):
            funded.house.transact("settle", 0, who, sender=trader).check()
        index = funded.state().funding_index
        venue_received = -funded.venue.call("range_of", provider, *WIDE).funding
    assert index > 0
    paid = records[trader].balance - funded.record(trader).balance
    received = funded.record(counterparty).balance - records[counterparty].balance
    assert paid == spec.carry(30 * WAD, index - records[trader].entry_carry)
    assert received == -spec.carry(10 * WAD, -index - records[counterparty].entry_carry)
    due = -venue.size * index // RAY
    assert 0 <= due - venue_received <= 10
    assert 0 <= paid - received - venue_received <= 12
    assert funded.house.call("pot", 0) == LIQUIDITY + 1_600 * WAD  # nothing crossed the market's border


def test_without_funding_nothing_moves(exchange, trader):
    """Not even the clock."""
    exchange.trade(trader, 30 * WAD, 800 * WAD)
    before = stored(exchange)
    assert touch(exchange, 3_000).logs == []
    assert stored(exchange) == before


def test_without_a_mid_there_is_no_premium(opened):
    exchange = opened(liquidity=0, funding_cap_bps=CAP)
    touch(exchange)
    touch(exchange, 150)
    assert stored(exchange)[:4] == (0, 0, 0, 0)


def test_the_premium_has_a_bound(opened):
    """70 times the price, at a venue that the market has left far behind."""
    exchange = opened(funding_cap_bps=10_000)
    exchange.push(WAD)
    touch(exchange)
    assert stored(exchange)[2] == 2**46
    exchange.push(10**7 * WAD)
    touch(exchange)
    assert stored(exchange)[2] == spec.premium(stored(exchange)[3], 10**7 * WAD) < -(10**12) * 99 // 100


@pytest.mark.parametrize("side", [1, -1])
def test_the_index_has_a_bound_and_nobody_is_locked_in(opened, trader, counterparty, side):
    """At the highest price and rate it takes twelve years; then it stands still and positions end as ever."""
    exchange = opened(price=10**7, funding_cap_bps=10_000, funding_period_seconds=3_600, free=10**12 * WAD, liquidity=0)
    provider = exchange.people["provider"]
    exchange.provide(provider, 10**11 * WAD, 154_000, 168_000)
    exchange.lead_venue(trader, 10**25 * (100 + 9 * side) // 100, 10**10 * WAD)
    size = exchange.pos(trader).size
    touch(exchange)
    touch(exchange, 150)
    for _ in range(2):
        exchange.chain.mine(2**28)
        exchange.push(10**25)
        touch(exchange)
        assert abs(exchange.state().funding_index) <= 2**125
    assert exchange.state().funding_index == side * 2**125
    record = exchange.record(trader)
    assert spec.carry(size, 2**125 - side * record.entry_carry) > record.balance
    # long bankrupt by then, and anybody may end it
    exchange.take_over(counterparty, trader, margin=10**11 * WAD)
    assert exchange.pos(trader).size == 0
    exchange.trade(counterparty, -size)
    assert exchange.pos(counterparty).size == 0


def test_a_market_waits_for_its_price(funded, trader, outsider):
    funded.trade(trader, 30 * WAD, 800 * WAD)
    for price, time, reason in (
        (PRICE, 1, "stale price"),
        (0, 1, "price out of bounds"),
        (10**25 + 1, 1, "price out of bounds"),
        (PRICE, funded.chain.timestamp + 10_000, "future price"),
    ):
        funded.push(price, time)
        funded.refuses(reason, funded.house, "accrue", 0, sender=outsider)
    funded.push(PRICE)
    touch(funded)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(exchange, outsider, market):
    exchange.refuses("unknown market", exchange.house, "accrue", market, sender=outsider)
