"""trade: what a position, the market and the holder have after it. The rules it must meet: test_trade_rules.py."""

import pytest
from support import spec
from support.exchange import FREE, LIQUIDITY, PRICE, WIDE
from support.spec import Pos

from nacre.units import WAD

PENALTY = ("10.92", "1.64", "0.09", "0.001")
COEFFICIENTS = (10_920 * 10**15, 1_640 * 10**15, 90 * 10**15, 10**15)


@pytest.mark.parametrize("size", [20 * WAD, -20 * WAD, WAD // 3, -WAD // 7])
def test_it_opens(exchange, trader, size):
    notional, mid = exchange.quote(size)
    receipt = exchange.trade(trader, size, 400 * WAD)

    assert receipt.value == notional
    assert exchange.pos(trader) == Pos(size, 400 * WAD, notional)
    assert exchange.free(trader) == FREE - 400 * WAD
    state = exchange.state()
    assert (state.total_long, state.total_short) == (max(size, 0), max(-size, 0))
    assert (state.holders_long, state.holders_short) == (int(size > 0), int(size < 0))
    assert state.pot == LIQUIDITY + 400 * WAD
    assert state.mid_price == mid == exchange.venue.call("mid_price")
    assert exchange.house.call("open_interest", 0) == abs(size)

    event = receipt.event("Trade")
    assert (event.market, event.account, event.size, event.notional) == (0, trader, size, notional)
    assert (event.fees, event.penalty, event.mid_price) == (0, 0, mid)
    assert event.free_collateral == FREE - 400 * WAD
    changed = receipt.event("PositionChanged")
    assert (changed.account, changed.size, changed.balance) == (trader, size, 400 * WAD)
    assert (changed.entry_notional, changed.entry_carry) == (notional, 0)


def test_buying_and_selling_are_rounded_against_the_taker(exchange, trader, counterparty):
    """The range's own formula (docs/spec.md section 11): what a size costs between two square root prices."""
    root, _, liquidity = exchange.venue.call("state")
    size = WAD + 1
    scaled = liquidity * 2**96 - size * root
    cost = root * root * size * liquidity // (2**96 * scaled)
    bought = exchange.trade(trader, size, 20 * WAD).value
    assert cost <= bought <= cost + 10**4  # the square root of the new price is rounded to 2**-96
    sold = exchange.trade(counterparty, -size, 20 * WAD).value
    assert 0 < bought - sold <= 10**4


@pytest.mark.parametrize("first", [20 * WAD, -20 * WAD])
def test_it_increases(exchange, trader, first):
    exchange.trade(trader, first, 400 * WAD)
    old = exchange.pos(trader)
    more = first // 2 + 7
    notional, _ = exchange.quote(more)
    exchange.trade(trader, more, 200 * WAD)
    assert exchange.pos(trader) == Pos(first + more, 600 * WAD, old.notional + notional)
    assert exchange.free(trader) == FREE - 600 * WAD
    state = exchange.state()
    assert state.total_long + state.total_short == abs(first + more)
    assert state.holders_long + state.holders_short == 1


@pytest.mark.parametrize("first", [20 * WAD, -20 * WAD])
@pytest.mark.parametrize("share", [3, 7, 10**19])
def test_it_reduces_and_realises_pro_rata(exchange, trader, counterparty, first, share):
    exchange.trade(trader, first, 400 * WAD)
    exchange.trade(counterparty, first, 500 * WAD)  # the venue moves the trader's way
    old = exchange.pos(trader)
    back = -first // share
    notional, _ = exchange.quote(back)
    exchange.trade(trader, back)
    expected = spec.combine(Pos(back, 0, notional), old)
    assert exchange.pos(trader) == expected
    assert expected.balance > old.balance
    assert exchange.free(trader) == FREE - 400 * WAD


@pytest.mark.parametrize("first", [20 * WAD, -20 * WAD])
def test_it_closes_and_pays_what_is_left(exchange, trader, counterparty, first):
    exchange.trade(trader, first, 400 * WAD)
    exchange.trade(counterparty, first, 500 * WAD)
    old = exchange.pos(trader)
    proceeds, _ = exchange.quote(-first)
    receipt = exchange.trade(trader, -first)
    profit = proceeds - old.notional if first > 0 else old.notional - proceeds
    assert profit > 0
    assert exchange.record(trader) == (0, 0, 0, 0, False, 0)
    assert exchange.free(trader) == FREE + profit
    state = exchange.state()
    assert state.holders_long + state.holders_short == 1
    assert state.pot == LIQUIDITY + 500 * WAD - profit
    assert receipt.event("Trade").free_collateral == FREE + profit
    changed = receipt.event("PositionChanged")
    assert (changed.size, changed.balance, changed.entry_notional, changed.entry_carry) == (0, 0, 0, 0)


@pytest.mark.parametrize("first", [20 * WAD, -20 * WAD])
def test_it_flips(exchange, trader, first):
    exchange.trade(trader, first, 400 * WAD)
    old = exchange.pos(trader)
    over = -first * 5 // 2
    notional, _ = exchange.quote(over)
    exchange.trade(trader, over, 100 * WAD)
    expected = spec.combine(Pos(over, 100 * WAD, notional), old)
    assert expected.size == first + over
    assert exchange.pos(trader) == expected
    state = exchange.state()
    assert (state.total_long, state.total_short) == (max(expected.size, 0), max(-expected.size, 0))
    assert (state.holders_long, state.holders_short) == (int(expected.size > 0), int(expected.size < 0))


def test_margin_comes_back_with_a_trade(exchange, trader):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.trade(trader, -WAD, -100 * WAD)
    assert exchange.free(trader) == FREE - 300 * WAD
    assert exchange.pos(trader).size == 19 * WAD


def test_a_close_needs_no_free_collateral_for_margin_it_returns_at_once(exchange, trader):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.house.transact("withdraw", FREE - 400 * WAD, sender=trader).check()
    before = exchange.pos(trader)
    proceeds, _ = exchange.quote(-20 * WAD)
    exchange.trade(trader, -20 * WAD, 10**6 * WAD)
    assert exchange.free(trader) == before.balance + proceeds - before.notional


@pytest.mark.parametrize("size", [20 * WAD + 1, -20 * WAD - 1])
def test_fees_and_who_gets_them(opened, trader, provider, size):
    exchange = opened(trading_fee_bps=30, protocol_fee_bps=20)
    notional, _ = exchange.quote(size)
    receipt = exchange.trade(trader, size, 400 * WAD)
    lp_fee, protocol_fee = spec.fee(notional, 30), spec.fee(notional, 20)
    assert exchange.pos(trader) == Pos(size, 400 * WAD - lp_fee - protocol_fee, notional)
    state = exchange.state()
    assert state.protocol_fees == protocol_fee
    assert state.pot == LIQUIDITY + 400 * WAD  # fees stay in it
    assert state.insurance_fund == 0
    earned = exchange.venue.call("range_of", provider, *WIDE).fees
    assert 0 <= lp_fee - earned <= 1
    event = receipt.event("Trade")
    assert (event.notional, event.fees, event.penalty) == (notional, lp_fee + protocol_fee, 0)


@pytest.mark.parametrize("size", [700 * WAD, -700 * WAD])
def test_a_trade_that_leads_the_venue_away_pays_the_insurance_fund(opened, trader, size):
    exchange = opened(trading_fee_bps=30, protocol_fee_bps=20, penalty=PENALTY, max_deviation_bps=5000, free=50 * FREE)
    exchange.trade(trader, size // 70, 500 * WAD)
    notional, mid = exchange.quote(size)
    grown = spec.deviation(mid, PRICE)
    assert grown > 5 * 10**16  # MMR
    penalty = spec.penalty(notional, grown, COEFFICIENTS)
    before = exchange.pos(trader)
    receipt = exchange.trade(trader, size, 400_000 * WAD)
    fees = spec.fee(notional, 30) + spec.fee(notional, 20) + penalty
    leg = Pos(size, 400_000 * WAD - fees, notional)
    assert exchange.pos(trader) == spec.combine(leg, before)
    assert exchange.state().insurance_fund == penalty
    event = receipt.event("Trade")
    assert (event.fees, event.penalty) == (fees, penalty)
    credited = receipt.event("InsuranceChanged")
    assert (credited.source, credited.amount) == (exchange.house.address, penalty)
    assert (credited.insurance_fund, credited.unallocated_loss) == (penalty, 0)


def marks_at(mid, side, percent):
    """The last mark at which a mid is exactly that far off, and the next one, to the wei."""
    last = spec.ceil(mid * 100, 100 + percent) if side > 0 else mid * (100 + percent) // 100
    assert spec.deviation(mid, last) == percent * 10**16
    return last, last - side


@pytest.mark.parametrize("side", [1, -1])
def test_no_penalty_up_to_the_maintenance_ratio(opened, trader, side):
    exchange = opened(penalty=PENALTY, max_deviation_bps=5000)
    size = side * 120 * WAD
    last, beyond = marks_at(exchange.quote(size)[1], side, 5)
    with exchange.undone():
        exchange.push(last)
        assert exchange.trade(trader, size, 9000 * WAD).event("Trade").penalty == 0
    exchange.push(beyond)
    assert exchange.trade(trader, size, 9000 * WAD).event("Trade").penalty > 0


def test_no_penalty_on_the_way_back(opened, trader):
    """The venue stays where it is and the market leaves it: trading back is no offence, however far it stands."""
    exchange = opened(penalty=PENALTY, max_deviation_bps=5000)
    exchange.trade(trader, 100 * WAD, 9000 * WAD)
    exchange.push(PRICE * 92 // 100)
    assert exchange.trade(trader, -50 * WAD).event("Trade").penalty == 0
    assert exchange.trade(trader, WAD).event("Trade").penalty > 0


def test_every_trade_settles_the_carry_first(opened, trader):
    """Funding since the last touch is paid from the balance, on the old size."""
    exchange = opened(funding_cap_bps=10_000)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.house.transact("accrue", 0, sender=trader).check()  # records the premium, which counts from now on
    exchange.chain.mine(3000)
    exchange.push(PRICE)
    old = exchange.record(trader)
    notional, _ = exchange.quote(WAD)
    receipt = exchange.trade(trader, WAD, 50 * WAD)
    index = spec.accrual(receipt.event("FundingAccrued").accrual).funding_index
    assert index > old.entry_carry
    carry = spec.carry(20 * WAD, index - old.entry_carry)
    assert exchange.pos(trader) == Pos(21 * WAD, old.balance + 50 * WAD - carry, old.entry_notional + notional)
    assert exchange.record(trader).entry_carry == index


def test_trading_against_oneself_through_the_venue_is_one_position(exchange, trader):
    """There and back costs what the venue rounds, nothing else."""
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.trade(trader, -20 * WAD)
    assert FREE - 10**4 <= exchange.free(trader) <= FREE
