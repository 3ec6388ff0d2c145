"""trade: every rule with the trade that just meets it and the one that just does not."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE
from support.spec import Pos

from nacre.units import WAD

INT_MIN, INT_MAX = -(2**255), 2**255 - 1


def refuses(exchange, reason, who, size, margin=0, limit=0, deadline=0, market=0):
    exchange.refuses(reason, exchange.house, "trade", market, size, margin, limit, deadline, sender=who)


# ---- arguments


def test_deadline(exchange, trader):
    at = exchange.chain.timestamp
    refuses(exchange, "deadline passed", trader, WAD, 20 * WAD, deadline=at)  # the next block is a second later
    refuses(exchange, "deadline passed", trader, WAD, 20 * WAD, deadline=1)
    at = exchange.chain.timestamp + 1
    exchange.house.transact("trade", 0, WAD, 20 * WAD, 0, at, sender=trader).check()
    exchange.house.transact("trade", 0, WAD, 20 * WAD, 0, ALL, sender=trader).check()


def test_zero_size(exchange, trader):
    refuses(exchange, "zero size", trader, 0, 20 * WAD)
    exchange.trade(trader, WAD, 20 * WAD)
    refuses(exchange, "zero size", trader, 0, 20 * WAD)


@pytest.mark.parametrize("size", [10**27 + 1, -(10**27) - 1, INT_MAX, INT_MIN, INT_MIN + 1, 2**128, -(2**128)])
def test_oversize(exchange, trader, size):
    refuses(exchange, "size too large", trader, size)


@pytest.mark.parametrize("size", [10**27, -(10**27)])
def test_more_than_the_venue_has(exchange, trader, size):
    refuses(exchange, "no liquidity", trader, size)


@pytest.mark.parametrize("margin", [2**104, -(2**104), INT_MAX, INT_MIN])
def test_margin_out_of_this_world(exchange, trader, margin):
    refuses(exchange, "amount too large", trader, WAD, margin)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, 2**160, ALL])
def test_unknown_market(exchange, trader, market):
    refuses(exchange, "unknown market", trader, WAD, 20 * WAD, market=market)


def test_more_margin_than_the_holder_has(exchange, trader):
    refuses(exchange, "insufficient collateral", trader, WAD, FREE + 1)
    exchange.trade(trader, WAD, FREE)
    assert exchange.free(trader) == 0


# ---- the price


def test_stale_price(exchange, trader):
    exchange.trade(trader, WAD, 20 * WAD)
    exchange.push(PRICE)
    made = exchange.chain.timestamp
    exchange.chain.set_next_timestamp(made + 3601)
    refuses(exchange, "stale price", trader, WAD, 20 * WAD)
    refuses(exchange, "stale price", trader, -WAD)
    exchange.push(PRICE)
    exchange.chain.set_next_timestamp(exchange.chain.timestamp + 3600)
    exchange.trade(trader, -WAD)


def test_a_price_that_just_jumped(opened, trader):
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, WAD, 20 * WAD)
    with exchange.chain.block():
        exchange.push(PRICE * 105 // 100)  # at the limit: no jump
        exchange.trade(trader, WAD, 20 * WAD)
    exchange.push(PRICE)
    with exchange.chain.block():
        exchange.push(PRICE * 105 // 100 + 1)
        refuses(exchange, "price just jumped", trader, WAD, 20 * WAD)
        refuses(exchange, "price just jumped", trader, -WAD)
    exchange.trade(trader, WAD, 20 * WAD)


@pytest.mark.parametrize("price", [0, 10**12 - 1, 10**25 + 1, 2**88 - 1])
def test_a_price_out_of_bounds(exchange, trader, price):
    exchange.push(price, exchange.chain.timestamp + 1)
    refuses(exchange, "price out of bounds", trader, WAD, 20 * WAD)


def test_a_price_of_the_future(exchange, trader):
    exchange.push(PRICE, exchange.chain.timestamp + 3)
    refuses(exchange, "future price", trader, WAD, 20 * WAD)
    exchange.trade(trader, WAD, 20 * WAD)


@pytest.mark.parametrize("size", [20 * WAD, -20 * WAD, 20 * WAD + 1, -20 * WAD - 1])
def test_price_limit(exchange, trader, size):
    notional, _ = exchange.quote(size)
    if size > 0:
        just, beyond = spec.ceil(notional * WAD, size), spec.ceil(notional * WAD, size) - 1
    else:
        just, beyond = notional * WAD // -size, notional * WAD // -size + 1
    refuses(exchange, "price limit", trader, size, 400 * WAD, limit=beyond)
    exchange.trade(trader, size, 400 * WAD, limit=just)


def test_limits_out_of_this_world(exchange, trader):
    refuses(exchange, "price limit", trader, WAD, 20 * WAD, limit=1)
    for limit in (ALL, 2**128, 2**120):
        refuses(exchange, "price limit", trader, -WAD, 20 * WAD, limit=limit)
        exchange.trade(trader, WAD, 20 * WAD, limit=limit)


def test_the_limit_counts_without_fees(opened, trader):
    exchange = opened(trading_fee_bps=1000, protocol_fee_bps=1000)
    notional, _ = exchange.quote(WAD)
    exchange.trade(trader, WAD, 50 * WAD, limit=notional)


@pytest.mark.parametrize("side", [1, -1])
def test_too_far_from_mark(opened, trader, side):
    """By more than IMR unless set otherwise, to the wei of mark."""
    exchange = opened(free=50 * FREE)
    size = side * 230 * WAD
    _, mid = exchange.quote(size)
    last = spec.ceil(mid * 100, 110) if side > 0 else mid * 110 // 100
    assert spec.deviation(mid, last) == 10**17
    exchange.push(last - side)
    refuses(exchange, "venue too far from mark", trader, size, 90_000 * WAD)
    exchange.push(last)
    exchange.trade(trader, size, 90_000 * WAD)
    # nothing more that way, but back
    refuses(exchange, "venue too far from mark", trader, side * 10**15, WAD)
    exchange.push(PRICE * (10 - side) // 10)
    refuses(exchange, "venue too far from mark", trader, side * WAD, 900 * WAD)
    exchange.trade(trader, -side * WAD)


# ---- what the market allows


def test_minimum_notional(opened, trader):
    exchange = opened(min_notional=100)
    refuses(exchange, "below minimum notional", trader, WAD - 10**16, 20 * WAD)
    # 100 at mark exactly, rounded up
    refuses(exchange, "below minimum notional", trader, WAD - 1, 20 * WAD)
    exchange.trade(trader, WAD, 20 * WAD)
    exchange.trade(trader, WAD, 20 * WAD)
    refuses(exchange, "below minimum notional", trader, -WAD - 1)
    exchange.trade(trader, -WAD)
    refuses(exchange, "below minimum notional", trader, -WAD + 1)
    refuses(exchange, "below minimum notional", trader, -2 * WAD + 1, 20 * WAD)
    exchange.trade(trader, -WAD)
    assert exchange.pos(trader).size == 0


@pytest.mark.parametrize("size", [WAD, -WAD])
@pytest.mark.parametrize("how", ["pause", "set_reduce_only"])
def test_only_reducing(exchange, trader, owner, guardian, size, how):
    exchange.trade(trader, 2 * size, 40 * WAD)
    stop = ("pause", 0) if how == "pause" else ("set_reduce_only", 0, True)
    go = ("unpause", 0) if how == "pause" else ("set_reduce_only", 0, False)
    exchange.config.transact(*stop, sender=guardian if how == "pause" else owner).check()
    refuses(exchange, "market is reduce-only", trader, size, 20 * WAD)
    refuses(exchange, "market is reduce-only", trader, -2 * size - size // 10**18, 100 * WAD)  # a flip by one wei
    refuses(exchange, "market is reduce-only", trader, -4 * size, 100 * WAD)
    refuses(exchange, "market is reduce-only", exchange.people["outsider"], size, 20 * WAD)
    exchange.trade(trader, -size)
    exchange.trade(trader, -size)
    exchange.config.transact(*go, sender=owner).check()
    exchange.trade(trader, size, 20 * WAD)


@pytest.mark.parametrize("side", [1, -1])
def test_open_interest_cap(opened, trader, counterparty, side):
    exchange = opened(max_open_interest=2000)
    refuses(exchange, "open interest cap", trader, side * (20 * WAD + 1), 400 * WAD)
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    refuses(exchange, "open interest cap", trader, side, WAD)
    # the larger side counts, so the other one is free up to as much
    exchange.trade(counterparty, -side * 20 * WAD, 400 * WAD)
    refuses(exchange, "open interest cap", counterparty, -side, WAD)
    # a higher mark fills the cap, and closing is always possible
    exchange.push(PRICE * 101 // 100)
    refuses(exchange, "open interest cap", exchange.people["outsider"], side, WAD)
    exchange.trade(trader, -side * WAD)


# ---- margin


@pytest.mark.parametrize("size", [20 * WAD, -20 * WAD, 20 * WAD + 1])
def test_opening_needs_initial_margin(exchange, trader, size):
    notional, _ = exchange.quote(size)
    needed = spec.margin(size, PRICE, 1000) - min(spec.price_pnl(Pos(size, 0, notional), PRICE), 0)
    refuses(exchange, "below initial margin", trader, size, needed - 1)
    exchange.trade(trader, size, needed)
    assert spec.opening_excess(exchange.pos(trader), PRICE, 1000) == 0


def test_fees_come_before_the_margin_rule(opened, trader):
    exchange = opened(trading_fee_bps=30, protocol_fee_bps=20)
    size = 20 * WAD
    notional, _ = exchange.quote(size)
    fees = spec.fee(notional, 30) + spec.fee(notional, 20)
    needed = spec.margin(size, PRICE, 1000) + notional - 20 * PRICE + fees
    refuses(exchange, "below initial margin", trader, size, needed - 1)
    exchange.trade(trader, size, needed)


@pytest.mark.parametrize("side", [1, -1])
def test_unrealised_profit_backs_no_new_risk(exchange, trader, side):
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    exchange.push(PRICE * (10 + side) // 10)
    old = exchange.pos(trader)
    mark = PRICE * (10 + side) // 10
    profit = spec.price_pnl(old, mark)
    assert profit > 150 * WAD
    more = side * WAD
    notional, _ = exchange.quote(more)
    new = Pos(old.size + more, old.balance, old.notional + notional)
    spare = spec.opening_excess(new, mark, 1000)
    assert spare > 0
    refuses(exchange, "below initial margin", trader, more, -spare - 1)
    exchange.trade(trader, more, -spare)


def test_increasing_under_water_needs_the_loss_covered_too(exchange, trader):
    exchange.trade(trader, 20 * WAD, 310 * WAD)
    mark = PRICE * 94 // 100
    exchange.push(mark)
    old = exchange.pos(trader)
    notional, _ = exchange.quote(WAD)
    new = Pos(old.size + WAD, old.balance, old.notional + notional)
    missing = -spec.opening_excess(new, mark, 1000)
    assert missing > 0
    refuses(exchange, "below initial margin", trader, WAD, missing - 1)
    exchange.trade(trader, WAD, missing)


@pytest.mark.parametrize("first", [20 * WAD, -20 * WAD])
def test_a_flip_is_an_opening(exchange, trader, first):
    exchange.trade(trader, first, 400 * WAD)
    old, over = exchange.pos(trader), -2 * first
    notional, _ = exchange.quote(over)
    new = spec.combine(Pos(over, 0, notional), old)
    spare = spec.opening_excess(new, PRICE, 1000)
    refuses(exchange, "below initial margin", trader, over, -spare - 1)
    exchange.trade(trader, over, -spare)


def test_margin_also_at_the_entry_price_where_the_market_says_so(opened, trader):
    """A short in profit: its IM at mark has fallen, that of its entry has not."""
    exchange = opened(entry_margin_rule=True)
    exchange.trade(trader, -20 * WAD, 400 * WAD)
    mark = PRICE * 92 // 100
    exchange.push(mark)
    old = exchange.pos(trader)
    notional, _ = exchange.quote(-WAD)
    entry = old.notional + notional
    needed = spec.ceil(entry * 1000, 10_000)
    assert needed > spec.margin(21 * WAD, mark, 1000)
    refuses(exchange, "below initial margin", trader, -WAD, needed - old.balance - 1)
    exchange.trade(trader, -WAD, needed - old.balance)
    assert exchange.pos(trader) == Pos(-21 * WAD, needed, entry)


def test_margin_at_the_entry_price_of_a_long(opened, trader):
    """Above its entry price a long needs more at mark anyway; at a loss that is covered too."""
    exchange = opened(entry_margin_rule=True)
    size = 20 * WAD
    notional, _ = exchange.quote(size)
    needed = max(
        spec.margin(size, PRICE, 1000) + notional - 20 * PRICE,
        spec.ceil(notional * 1000, 10_000),
    )
    refuses(exchange, "below initial margin", trader, size, needed - 1)
    exchange.trade(trader, size, needed)


def test_taking_margin_out_while_reducing_is_an_opening(exchange, trader):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    old = exchange.pos(trader)
    notional, _ = exchange.quote(-WAD)
    new = spec.combine(Pos(-WAD, 0, notional), old)
    spare = spec.opening_excess(new, PRICE, 1000)
    refuses(exchange, "below initial margin", trader, -WAD, -spare - 1)
    exchange.trade(trader, -WAD, -spare)


# ---- reducing


@pytest.fixture
def low_venue(opened, trader, counterparty):
    """The trader is long 20 with a margin of 300; then somebody sells until the venue stands at 84, mark at 100."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.lead_venue(counterparty, 84 * WAD)
    return exchange


def before_and_after(exchange, who, size, mark):
    """Equity and MM, by the spec's formulas."""
    old = exchange.pos(who)
    notional, _ = exchange.quote(size)
    new = spec.combine(Pos(size, 0, notional), old)
    return tuple((spec.equity(pos, mark), spec.margin(pos.size, mark, 500)) for pos in (old, new))


def test_reducing_in_good_health_needs_maintenance_margin(low_venue, trader):
    """The venue pays so little that the rest would fail; with what it lacks it goes through."""
    mark = 91 * WAD
    low_venue.push(mark)
    (before, old_margin), (equity, margin) = before_and_after(low_venue, trader, -12 * WAD, mark)
    assert before >= old_margin
    assert equity < margin
    refuses(low_venue, "below maintenance margin", trader, -12 * WAD)
    refuses(low_venue, "below maintenance margin", trader, -12 * WAD, margin - equity - 1)
    low_venue.trade(trader, -12 * WAD, margin - equity)
    assert spec.equity(low_venue.pos(trader), mark) == margin


def test_reducing_in_bad_health_must_not_make_it_worse(low_venue, trader):
    mark = 89 * WAD
    low_venue.push(mark)
    (before, old_margin), (equity, margin) = before_and_after(low_venue, trader, -5 * WAD, mark)
    assert 0 < before < old_margin
    assert equity * old_margin < before * margin
    refuses(low_venue, "below maintenance margin", trader, -5 * WAD)
    # the least that makes it no worse: equity / margin >= before / old margin
    needed = spec.ceil(before * margin, old_margin) - equity
    assert needed < margin - equity
    refuses(low_venue, "below maintenance margin", trader, -5 * WAD, needed - 1)
    low_venue.trade(trader, -5 * WAD, needed)


def test_reducing_in_bad_health_where_it_helps(low_venue, trader, outsider):
    """Below maintenance margin before and after, but less so."""
    low_venue.lead_venue(outsider, 87 * WAD)
    mark = 88 * WAD
    low_venue.push(mark)
    (before, old_margin), (equity, margin) = before_and_after(low_venue, trader, -WAD, mark)
    assert equity < margin
    assert equity * old_margin >= before * margin
    low_venue.trade(trader, -WAD)


def test_reducing_a_bankrupt_position_must_not_make_it_worse(low_venue, trader):
    """Negative equity over margin: selling below mark adds to the deficit and leaves less to carry it."""
    mark = 85 * WAD
    low_venue.push(mark)
    (before, old_margin), (equity, margin) = before_and_after(low_venue, trader, -5 * WAD, mark)
    assert before < 0
    assert equity * old_margin < before * margin
    refuses(low_venue, "below maintenance margin", trader, -5 * WAD)
    needed = spec.ceil(before * margin, old_margin) - equity
    refuses(low_venue, "below maintenance margin", trader, -5 * WAD, needed - 1)
    low_venue.trade(trader, -5 * WAD, needed)
    assert spec.equity(low_venue.pos(trader), mark) < 0


@pytest.mark.parametrize("side", [1, -1])
def test_a_close_that_would_leave_a_deficit(opened, trader, counterparty, side):
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    target = 80 * WAD if side > 0 else 125 * WAD
    exchange.lead_venue(counterparty, target)
    exchange.push(target)
    old = exchange.pos(trader)
    proceeds, _ = exchange.quote(-side * 20 * WAD)
    left = old.balance + side * (proceeds - old.notional)
    assert left < 0
    refuses(exchange, "close leaves a deficit", trader, -side * 20 * WAD)
    refuses(exchange, "close leaves a deficit", trader, -side * 20 * WAD, -left - 1)
    # a negative margin cannot come out of nothing either
    refuses(exchange, "close leaves a deficit", trader, -side * 20 * WAD, -WAD)
    exchange.trade(trader, -side * 20 * WAD, -left)
    assert exchange.pos(trader) == Pos()
    assert exchange.free(trader) == 50 * FREE - 300 * WAD + left


# ---- order of the checks, as docs/spec.md has it


def test_which_reason_comes_first(exchange, trader, outsider):
    exchange.refuses("not operator", exchange.house, "trade", 9, 0, INT_MIN, 1, 1, trader, sender=outsider)
    refuses(exchange, "deadline passed", trader, 0, INT_MIN, 1, deadline=1, market=9)
    refuses(exchange, "zero size", trader, 0, INT_MIN, 1, market=9)
    refuses(exchange, "size too large", trader, INT_MIN, INT_MIN, 1, market=9)
    refuses(exchange, "amount too large", trader, WAD, INT_MIN, 1, market=9)
    refuses(exchange, "unknown market", trader, WAD, -WAD, 1, market=9)
    exchange.push(PRICE, 1)
    refuses(exchange, "stale price", trader, WAD, -WAD, 1)
    exchange.push(PRICE)
    refuses(exchange, "no liquidity", trader, 10**27, -WAD, 1)
    refuses(exchange, "venue too far from mark", trader, 300 * WAD, -WAD, 1)
    refuses(exchange, "price limit", trader, WAD, -WAD, 1)
    refuses(exchange, "below initial margin", trader, WAD, -WAD)
