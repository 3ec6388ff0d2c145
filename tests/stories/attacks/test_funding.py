"""Attacks on funding: docs/security.md, cases 69 to 73."""

import pytest
from support import spec
from support.attacks import SIDES, policy_exchange
from support.exchange import ALL, PRICE, WIDE
from support.sheets import balanced, worth

from nacre.units import WAD

BLOCK = 12
# A whole price a day at most: nothing is cut off.
WILD = {
    "funding_cap_bps": 10_000,
    "funding_period_seconds": 86_400,
    "oracle_max_age": 10**6,
    "max_deviation_bps": 10_000,
}


def touch(exchange, seconds=BLOCK):
    """Anybody brings the market up to date, so long after the last block, at the same price."""
    with exchange.chain.block(seconds=seconds):
        exchange.push(PRICE)
        exchange.house.transact("accrue", 0, sender=exchange.people["outsider"]).check()


def funding(exchange):
    return exchange.state().funding_index


# ---- 69


@SIDES
def test_attack_69_a_skew_of_one_block_counts_as_one_block(opened, trader, counterparty, side):
    """The venue is led away in one block and back in the next. However long the average remembers it, in a market
    that is touched every block the index moves by what that premium is worth in that one block, and no more."""
    exchange = opened(**WILD)
    exchange.trade(counterparty, side * WAD, 90 * WAD)
    exchange.trade(counterparty, -side * WAD)
    for _ in range(3):
        touch(exchange)
    before = funding(exchange)
    with exchange.chain.block(seconds=BLOCK):
        exchange.trade(trader, side * 400 * WAD, 9_000 * WAD)
    premium = spec.premium(exchange.state().mid_price, PRICE)
    assert abs(premium) > 15 * 10**10
    with exchange.chain.block(seconds=BLOCK):
        exchange.trade(trader, -side * 400 * WAD)
    for _ in range(150):
        touch(exchange)
    moved = side * (funding(exchange) - before)
    share = abs(premium) * PRICE * BLOCK * 10**9 // (10**12 * 86_400)
    # the rate of a step is that at its end: a little less or more than the integral
    assert share * 95 // 100 < moved < share * 105 // 100


@pytest.mark.parametrize("policy", ["oyster", "injective", "satoshiswap", "hyperliquid", "defx"])
@SIDES
def test_attack_69_skewing_to_be_paid_funding(trader, counterparty, keeper, outsider, side, policy):
    """One attacker holds what is paid for the skew, the other leads the venue off and back, block after block. Together
    they lose: what the shipped fees take is more than what funding pays."""
    exchange = policy_exchange(policy, oracle_max_age=10**6)
    with exchange.undone():
        exchange.trade(trader, -side * 20 * WAD, 9_000 * WAD)
        exchange.trade(counterparty, side * 20 * WAD, 9_000 * WAD)
        touch(exchange)
        had, before = worth(exchange, trader, outsider), funding(exchange)
        for _ in range(10):
            with exchange.chain.block(seconds=BLOCK):
                exchange.trade(outsider, side * 20 * WAD, 9_000 * WAD)
            with exchange.chain.block(seconds=BLOCK):
                exchange.trade(outsider, -side * 20 * WAD)
        for _ in range(20):
            touch(exchange)
        assert side * (funding(exchange) - before) > 0
        assert worth(exchange, trader, outsider) < had
        balanced(exchange)


@SIDES
def test_attack_69_a_market_that_nobody_touches(opened, trader, counterparty, side):
    """The skew is recorded, and then nobody calls for an hour: it counts on, but never faster than the cap. A call by
    anybody, whom nobody can keep from it, ends the recording, and five more let the average forget."""
    exchange = opened(**WILD | {"funding_cap_bps": 300})
    exchange.trade(trader, side * 400 * WAD, 9_000 * WAD)
    touch(exchange)
    exchange.trade(trader, -side * 400 * WAD)
    hour = PRICE * 10**9 * 300 // 10_000 * 3_600 // 86_400

    def idle_hour():
        before = funding(exchange)
        touch(exchange, 3_600)
        return side * (funding(exchange) - before)

    with exchange.undone():
        assert hour - 1 <= idle_hour() <= hour
    touch(exchange)
    with exchange.undone():
        once = idle_hour()
    for _ in range(5):
        touch(exchange, 150)
    assert 0 < idle_hour() < once // 100 < once < hour


def test_attack_69_providers_leave_to_move_the_mid(opened, provider, trader):
    """Without liquidity there is no mid, no premium, and no funding; the last who leaves cannot leave one behind."""
    exchange = opened(**WILD)
    for _ in range(2):
        touch(exchange)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    before = funding(exchange)
    for _ in range(5):
        touch(exchange, 3_600)
    assert funding(exchange) == before == 0
    assert exchange.state().premium == exchange.state().premium_ema == 0
    balanced(exchange)


# ---- 70


@pytest.mark.parametrize("against", [0, 5, 20, 300], ids=["venue alone", "a quarter", "as much", "far more"])
@SIDES
def test_attack_70_receiving_more_than_was_paid(opened, trader, counterparty, provider, side, against):
    """Open interest of accounts is anything but equal: the venue is a party, and what one side pays is what the other
    and the ranges get, less some wei."""
    exchange = opened(**WILD | {"funding_cap_bps": 300})
    exchange.trade(trader, side * 20 * WAD, 4_000 * WAD)
    if against:
        exchange.trade(counterparty, -side * against * WAD, 5_000 * WAD)
    touch(exchange)
    people = (trader, counterparty, provider)
    with exchange.chain.block():
        had = [worth(exchange, who) for who in people]
    touch(exchange, 30_000)
    moves = [worth(exchange, who) - before for who, before in zip(people, had, strict=True)]
    assert max(abs(move) for move in moves) > WAD // 10
    assert abs(sum(moves)) <= 100
    assert exchange.state().insurance_fund == 0
    for who in (trader, counterparty):
        if exchange.record(who).size:
            exchange.house.transact("settle", 0, who, sender=provider).check()
    balanced(exchange)


# ---- 71


@SIDES
def test_attack_71_a_year_without_a_call_at_the_highest_rate(opened, trader, counterparty, keeper, provider, side):
    """A hundred per cent a day for a year: nothing overflows, who has paid all it had is taken over, everybody gets
    out, and what nobody could pay is written down."""
    exchange = opened(**WILD | {"funding_period_seconds": 3_600}, free=10**6 * WAD)
    exchange.trade(trader, side * 600 * WAD, 90_000 * WAD)
    exchange.trade(counterparty, -side * 100 * WAD, 40_000 * WAD)
    touch(exchange)
    touch(exchange, 150)
    before = funding(exchange)
    touch(exchange, 365 * 86_400)
    assert side * (funding(exchange) - before) > 300 * PRICE * 10**9
    assert exchange.lens.call("health", 0, trader).stage == 4
    balanced(exchange)
    exchange.take_over(keeper, trader, ALL, 300_000 * WAD)
    for who in (keeper, counterparty):
        exchange.trade(who, -exchange.record(who).size)
        assert exchange.record(who).size == 0
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    state = exchange.state()
    claims = worth(exchange, *exchange.people.values()) - sum(exchange.free(who) for who in exchange.people.values())
    assert abs(claims - state.pot - state.unallocated_loss) <= 10**9
    for who in exchange.people.values():
        exchange.house.transact("withdraw", exchange.free(who), sender=who).check()


@pytest.mark.parametrize("seconds", [1, 149, 150, 151, 86_400, 2**25])
def test_attack_71_one_long_step_and_its_last_second(opened, trader, seconds):
    """A step of any length moves the index by no more than its time at the cap, to the wei, and never backwards."""
    exchange = opened(**WILD)
    exchange.trade(trader, 60 * WAD, 5_000 * WAD)
    touch(exchange)
    before, average = exchange.state(), exchange.state().premium_ema
    with exchange.chain.block(seconds=seconds):
        exchange.push(PRICE)
        after = exchange.state()
    expected = spec.ema(average, before.premium, seconds)
    assert after.premium_ema == expected
    step = spec.funding_step(expected, PRICE, seconds, 10_000, 86_400)
    assert 0 <= after.funding_index - before.funding_index == step <= PRICE * 10**9 * seconds // 86_400


# ---- 73


@SIDES
def test_attack_73_funding_that_waits_for_somebody(opened, trader, counterparty, outsider, side):
    """No role, no queue, no other market: anybody brings a market up to date; a second call in the block changes
    nothing; a market whose oracle is dead keeps no other from its turn; who is never touched pays the same."""
    exchange = opened(**WILD | {"oracle_max_age": 3_600})
    dead = exchange.list_market("dead", **WILD | {"oracle_max_age": 3_600})
    exchange.trade(trader, side * 20 * WAD, 4_000 * WAD)
    exchange.trade(counterparty, side * 20 * WAD, 4_000 * WAD)
    touch(exchange)
    exchange.chain.mine(3_000)
    exchange.push(PRICE)
    exchange.chain.mine(900)
    exchange.refuses("stale price", exchange.house, "accrue", dead.id, sender=outsider)
    with exchange.chain.block():
        for _ in range(3):
            exchange.house.transact("accrue", 0, sender=outsider).check()
        once = exchange.state()
    for _ in range(5):
        exchange.push(PRICE)
        exchange.house.transact("settle", 0, trader, sender=outsider).check()
    assert side * once.funding_index > 0
    often, never = (exchange.lens.call("health", 0, who) for who in (trader, counterparty))
    assert (often.carry == 0) < never.carry
    entered = [exchange.record(who).entry_notional for who in (trader, counterparty)]
    assert entered[0] != entered[1]
    paid = [4_000 * WAD - health.balance + health.carry for health in (often, never)]
    assert abs(paid[0] - paid[1]) <= WAD // 100
