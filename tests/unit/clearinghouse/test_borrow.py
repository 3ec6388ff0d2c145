"""The borrow index: accounts of both sides pay for the time they hold a position, the venue does not; treasury and fund
share what they pay. docs/spec.md section 4."""

import random
from bisect import bisect_left

import pytest
from support import spec
from support.exchange import ALL, LIQUIDITY, PRICE, WIDE, Exchange

from nacre.units import RAY, WAD

YEAR, DAY = 31_536_000, 86_400
RATE = 1_000
INDEX_LIMIT = 2**124
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def rise(elapsed: int, mark: int = PRICE, rate: int = RATE) -> int:
    """Of B."""
    return rate * mark * elapsed * 10**9 // (10_000 * YEAR)


@pytest.fixture
def lending(opened) -> Exchange:
    exchange = opened(borrow_rate_bps=RATE, borrow_share_bps=3_000, oracle_max_age=10**6)
    touch(exchange)
    return exchange


def touch(exchange: Exchange) -> int:
    """When."""
    return exchange.house.transact("accrue", 0, sender=exchange.people["outsider"]).check().timestamp


def wait(exchange: Exchange, seconds: int, price: int = PRICE) -> None:
    """The price is pushed in the last of them."""
    exchange.chain.mine(seconds - 1)
    exchange.push(price)


def owes(exchange: Exchange, who: str) -> int:
    """The carry of a position, by its own record and the index."""
    held = exchange.record(who)
    return spec.carry(held.size, exchange.state().borrow_index - held.entry_carry)


def test_it_rises_with_rate_mark_and_time(lending):
    """A tenth of 100 in a year: ten a unit, up to the rounding of each touch."""
    assert abs(rise(YEAR) - 10 * RAY) < 1
    since, index = touch(lending), lending.state().borrow_index
    for seconds, price in ((1, 100), (59, 100), (DAY, 80), (30 * DAY // 10, 123), (7, 1)):
        wait(lending, seconds, price * WAD)
        with lending.chain.block():
            now = lending.chain.timestamp
            index += rise(now - since, price * WAD)
            assert lending.state().borrow_index == index
            touch(lending)
            since = now
        assert lending.house.call("market_state", 0).borrow_index == index


def test_once_a_block(lending):
    """Views count what has passed since the last touch; further touches of the block add nothing."""
    since, index = touch(lending), lending.state().borrow_index
    wait(lending, DAY // 2)
    with lending.chain.block():
        expected = index + rise(lending.chain.timestamp - since)
        for _ in range(3):
            assert lending.state().borrow_index == expected
            touch(lending)


@SIDES
def test_a_position_pays_for_its_own_time(lending, trader, counterparty, keeper, side):
    """From its opening to its close, not for what was before and not for who comes later."""
    lending.trade(trader, side * 20 * WAD, 400 * WAD)
    early = lending.record(trader).entry_carry
    wait(lending, 10 * DAY)
    lending.trade(counterparty, side * 20 * WAD, 400 * WAD)
    late = lending.record(counterparty)
    assert late.entry_carry == lending.state().borrow_index > early
    wait(lending, 5 * DAY)
    with lending.chain.block():
        paid = {who: owes(lending, who) for who in (trader, counterparty)}
        for who in paid:
            balance = lending.record(who).balance
            lending.house.transact("settle", 0, who, sender=keeper).check()
            assert lending.record(who).balance == balance - paid[who]
            assert owes(lending, who) == 0
    # fifteen days against five of 10 % of 2,000 a year, each second of them
    assert paid[trader] == pytest.approx(200 * WAD * 15 / 365, rel=1e-4)
    assert paid[counterparty] == pytest.approx(200 * WAD * 5 / 365, rel=1e-4)


def test_both_sides_pay_and_the_venue_does_not(lending, trader, counterparty, provider):
    """Twenty long against five short: 25 units pay; the 15 that the venue holds cost its provider nothing."""
    lending.trade(trader, 20 * WAD, 400 * WAD)
    lending.trade(counterparty, -5 * WAD, 400 * WAD)
    touch(lending)
    held = lending.venue.call("range_of", provider, *WIDE)
    state, carried = lending.state(), {who: owes(lending, who) for who in (trader, counterparty)}
    wait(lending, 30 * DAY // 4)
    with lending.chain.block():
        touch(lending)
        later = lending.state()
        grown = later.borrow_index - state.borrow_index
        assert later.borrow_fees == state.borrow_fees + grown * 25 * WAD // RAY
        paid = sum(owes(lending, who) - carried[who] for who in carried)
        assert 0 <= paid - (later.borrow_fees - state.borrow_fees) <= 2
        after = lending.venue.call("range_of", provider, *WIDE)
        assert (after.balance, after.funding, after.equity) == (held.balance, held.funding, held.equity)
        assert later.funding_index == 0


def test_fund_and_treasury_share_it(lending, trader, counterparty, outsider):
    """Floor to the fund, the rest to the treasury; the fees are in the pot until somebody collects them."""
    lending.trade(trader, 20 * WAD, 400 * WAD)
    lending.trade(counterparty, -20 * WAD, 400 * WAD)
    wait(lending, 9 * DAY)
    treasury = lending.system.treasury
    with lending.chain.block():
        touch(lending)
        before, free = lending.state(), lending.free(treasury)
        lending.config.transact("collect_fees", 0, sender=outsider).check()
        after = lending.state()
    fees = before.borrow_fees
    assert fees > 0
    assert after.insurance_fund == before.insurance_fund + fees * 3_000 // 10_000
    assert lending.free(treasury) == free + fees - fees * 3_000 // 10_000
    assert after.pot == before.pot - (fees - fees * 3_000 // 10_000)
    assert after.borrow_fees == 0


@SIDES
def test_it_brings_the_liquidation_price_nearer(lending, trader, keeper, side):
    """Debt alone makes a position fail: at a price that never moves, in the very second that the formula says."""
    lending.trade(trader, side * 20 * WAD, 240 * WAD)
    lender = ("liquidate_by_takeover", 0, trader, ALL, 500 * WAD)
    health = lending.lens.call("health", 0, trader)
    # so much carry brings equity to MM; a wei more is below
    spare = health.equity + owes(lending, trader) - health.maintenance_margin
    held = lending.record(trader)
    since, index = touch(lending), lending.state().borrow_index

    def fails(seconds: int) -> bool:
        """Without a touch in between: one step of the index."""
        return spec.carry(held.size, index + rise(seconds) - held.entry_carry) > spare

    first = bisect_left(range(YEAR), True, key=fails)
    lending.chain.set_next_timestamp(since + first - 2)
    lending.push(PRICE)
    for second, reason in ((first - 1, "not liquidatable"), (first, "")):
        with lending.undone():
            lending.chain.set_next_timestamp(since + second)
            assert lending.engine.transact(*lender, sender=keeper).reason == reason


def test_another_rate_counts_from_now_on(lending, trader, owner):
    """What has passed accrues by the old one; a rate of zero leaves the index where it is, and debts stay debts."""
    lending.trade(trader, 20 * WAD, 400 * WAD)
    params = lending.config.call("market_params", 0)._asdict()
    since, index = touch(lending), lending.state().borrow_index
    for rate, old in ((5_000, RATE), (0, 5_000), (RATE, 0)):
        wait(lending, DAY)
        with lending.chain.block():
            lending.config.transact("set_market_params", 0, params | {"borrow_rate_bps": rate}, sender=owner).check()
            index += rise(lending.chain.timestamp - since, rate=old)
            since = lending.chain.timestamp
            assert lending.state().borrow_index == index
    assert owes(lending, trader) > 0


def test_a_silent_oracle_stops_the_clock_and_does_not_turn_it_back(opened, trader):
    """Nothing accrues while the price is stale; the first fresh one accrues all the time since, at its mark."""
    exchange = opened(borrow_rate_bps=RATE)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    since, index = touch(exchange), exchange.state().borrow_index
    exchange.chain.mine(2 * DAY)
    assert exchange.state().stale
    assert exchange.state().borrow_index == index
    exchange.push(50 * WAD)
    with exchange.chain.block():
        touch(exchange)
        assert exchange.state().borrow_index == index + rise(exchange.chain.timestamp - since, 50 * WAD)


def test_what_both_sides_pay_is_never_less_than_the_fees(lending):
    """Sixty random trades, touches and pauses by four people: when all have closed, pot and claims of all balance."""
    dice = random.Random("borrow")
    people = [lending.people[name] for name in ("trader", "counterparty", "keeper", "outsider")]
    for _ in range(60):
        who, size = dice.choice(people), dice.choice((-1, 1)) * dice.randrange(WAD, 9 * WAD)
        if dice.random() < 0.7:
            lending.house.transact("trade", 0, size, abs(size) * 20, 0, 0, sender=who)
        elif dice.random() < 0.5:
            touch(lending)
        else:
            wait(lending, dice.randrange(2, 20 * DAY // 10), dice.randrange(95, 106) * WAD)
    wait(lending, DAY)
    for who in people:
        if size := lending.record(who).size:
            lending.trade(who, -size)
    state = lending.state()
    assert (state.total_long, state.total_short) == (0, 0)
    assert state.borrow_fees > 10 * WAD
    sheet = lending.lens.call("solvency", 0, [], [(lending.people["provider"], *WIDE)])
    assert (sheet.missing_long, sheet.missing_short) == (0, 0)
    assert 0 <= sheet.dust <= 60 * 250
    assert state.lp_margin == LIQUIDITY


def test_the_index_cannot_reach_its_limit(opened):
    """At the highest rate and all but the highest price, untouched until 32 bits of seconds are over."""
    price, last = 9_999_999, 2**32 - 1
    exchange = opened(price=price, liquidity=0, borrow_rate_bps=50_000, oracle_max_age=10**6)
    since, index = touch(exchange), exchange.state().borrow_index
    exchange.chain.set_next_timestamp(last - 1)
    exchange.push(price * WAD)
    with exchange.chain.block():
        touch(exchange)
        assert exchange.state().borrow_index == index + rise(last - since, price * WAD, 50_000) < INDEX_LIMIT
