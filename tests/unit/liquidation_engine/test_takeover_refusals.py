"""liquidate_by_takeover: every refusal beside the takeover that just passes; previews refuse for the same reasons."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, reason_of
from support.liquidations import missing_margin
from support.spec import Pos

from nacre.units import WAD

# 20 with 300 at 100.46: failing at 88, bankrupt at 80
FAILING, BANKRUPT = 88 * WAD, 80 * WAD


@pytest.fixture
def failing(exchange, trader):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(FAILING)
    return exchange


def refuses(exchange, reason, who, target, size=ALL, margin=300 * WAD, market=0):
    """The transaction, and the preview where it claims to know."""
    arguments = (market, target, size, margin)
    exchange.refuses(reason, exchange.engine, "liquidate_by_takeover", *arguments, sender=who)
    if reason not in ("below initial margin", "close leaves a deficit", "insufficient collateral"):
        assert reason_of(exchange.engine, "preview_takeover", *arguments, sender=who) == reason


def test_liquidating_oneself(failing, trader, keeper):
    refuses(failing, "self liquidation", trader, trader)
    failing.push(BANKRUPT)
    refuses(failing, "self liquidation", trader, trader)
    failing.take_over(keeper, trader, margin=300 * WAD)


def test_who_has_no_position(failing, trader, keeper, outsider):
    refuses(failing, "no position", keeper, outsider)
    failing.take_over(keeper, trader, margin=300 * WAD)
    refuses(failing, "no position", keeper, trader)  # the second of two keepers


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("trigger", [10_000, 5_000, 1])
def test_the_edge_of_health(opened, trader, keeper, side, trigger):
    """Equity equal to the trigger's share of MM is safe, a wei less is not."""
    exchange = opened(trigger_bps=trigger)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    mark = PRICE * (100 - 15 * side) // 100
    exchange.push(mark)
    needed = spec.ceil(spec.margin(20 * WAD, mark, 500) * trigger, 10_000)
    top_up = needed - spec.equity(exchange.pos(trader), mark)
    with exchange.undone():
        exchange.house.transact("adjust_margin", 0, top_up, sender=trader).check()
        assert exchange.lens.call("health", 0, trader).stage < 2
        refuses(exchange, "not liquidatable", keeper, trader)
    exchange.house.transact("adjust_margin", 0, top_up - 1, sender=trader).check()
    assert exchange.lens.call("health", 0, trader).stage >= 2
    exchange.take_over(keeper, trader, margin=400 * WAD)


def test_a_healthy_target(exchange, trader, keeper):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    refuses(exchange, "not liquidatable", keeper, trader)
    refuses(exchange, "not liquidatable", keeper, trader, 1)


@pytest.mark.parametrize("price", [FAILING, BANKRUPT])
def test_sizes(failing, trader, keeper, price):
    failing.push(price)
    refuses(failing, "zero size", keeper, trader, 0)
    for size in (20 * WAD + 1, 2**128, 2**255, ALL - 1):
        refuses(failing, "size too large", keeper, trader, size)
    failing.take_over(keeper, trader, 20 * WAD, 300 * WAD)


@pytest.mark.parametrize("margin", [2**104 + 1, 2**128, 2**255, ALL])
def test_margin_out_of_this_world(failing, trader, keeper, margin):
    refuses(failing, "amount too large", keeper, trader, margin=margin)


def test_margin_the_caller_does_not_have(failing, trader, keeper):
    for margin in (FREE + 1, 2**104):
        refuses(failing, "insufficient collateral", keeper, trader, margin=margin)
    failing.take_over(keeper, trader, margin=FREE)
    assert failing.free(keeper) == 0


@pytest.mark.parametrize("price", [FAILING, BANKRUPT])
@pytest.mark.parametrize("mine", [0, 5 * WAD, -WAD])
def test_the_opening_rule(exchange, trader, keeper, price, mine):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    if mine:
        exchange.trade(keeper, mine, abs(mine) * 13)
    exchange.push(price)
    needed = missing_margin(exchange, keeper, trader)
    assert needed > 1
    refuses(exchange, "below initial margin", keeper, trader, margin=needed - 1)
    assert exchange.engine.call("preview_takeover", 0, trader, ALL, needed - 1, sender=keeper).missing_margin == 1
    # the preview is of another block than the takeover, but nothing here depends on time
    assert exchange.engine.call("preview_takeover", 0, trader, ALL, 0, sender=keeper).missing_margin == needed
    exchange.take_over(keeper, trader, margin=needed)


def test_the_opening_rule_counts_margin_at_entry_where_the_market_says_so(opened, trader, keeper):
    """A bankrupt long enters with its own, higher entry price: what its margin must cover there too."""
    exchange = opened(entry_margin_rule=True)
    exchange.trade(trader, -20 * WAD, 300 * WAD)
    exchange.push(PRICE * 114 // 100)
    part = exchange.pos(trader)
    needed = max(
        missing_margin(exchange, keeper, trader),
        spec.ceil(part.notional * 1000, 10_000) - part.balance,
    )
    refuses(exchange, "below initial margin", keeper, trader, margin=needed - 1)
    exchange.take_over(keeper, trader, margin=needed)


def test_a_caller_who_would_end_with_a_deficit(opened, trader, counterparty, keeper):
    """It is bankrupt itself on the other side: netting against the target does not let it out."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.lead_venue(counterparty, 60 * WAD)
    exchange.push(60 * WAD)
    exchange.trade(keeper, -20 * WAD, 200 * WAD)
    exchange.push(FAILING)
    both = spec.combine(exchange.pos(trader), exchange.pos(keeper))
    assert both.size == 0
    assert both.balance < -300 * WAD
    refuses(exchange, "close leaves a deficit", keeper, trader, margin=-both.balance - 1)
    preview = exchange.engine.call("preview_takeover", 0, trader, ALL, 0, sender=keeper)
    assert preview.missing_margin == -both.balance
    exchange.take_over(keeper, trader, margin=-both.balance)
    assert exchange.pos(keeper) == exchange.pos(trader) == Pos()
    assert exchange.free(keeper) == 50 * FREE - 200 * WAD + both.balance


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(failing, trader, keeper, market):
    refuses(failing, "unknown market", keeper, trader, market=market)


def test_no_price(failing, trader, keeper):
    for price, time, reason in (
        (FAILING, 1, "stale price"),
        (0, 1, "price out of bounds"),
        (10**25 + 1, 1, "price out of bounds"),
        (FAILING, failing.chain.timestamp + 10_000, "future price"),
    ):
        failing.push(price, time)
        refuses(failing, reason, keeper, trader)
    failing.push(FAILING)
    failing.take_over(keeper, trader, margin=300 * WAD)


@pytest.mark.parametrize("side", [1, -1])
def test_nobody_leaves_by_takeover_in_the_block_of_a_jump(opened, trader, keeper, side):
    """A caller on the other side who would come out smaller waits like every trader; others need not."""
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(keeper, -side * 15 * WAD, 500 * WAD)
    with exchange.undone(), exchange.chain.block():
        exchange.push(PRICE * (100 - 20 * side) // 100)
        # 15 against it: smaller until 30 are taken
        for size in (WAD, 15 * WAD, ALL):
            refuses(exchange, "price just jumped", keeper, trader, size, 400 * WAD)
    with exchange.undone(), exchange.chain.block():
        exchange.push(PRICE * (100 - 20 * side) // 100)
        exchange.take_over(exchange.people["outsider"], trader, 5 * WAD, 400 * WAD)
        exchange.take_over(exchange.people["outsider"], trader, 5 * WAD, 400 * WAD)
    exchange.push(PRICE * (100 - 20 * side) // 100)
    exchange.take_over(keeper, trader, ALL, 400 * WAD)


def test_as_large_as_before_is_not_smaller(opened, trader, keeper):
    """From 10 short to 10 long in the block of a jump."""
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.trade(keeper, -10 * WAD, 500 * WAD)
    with exchange.chain.block():
        exchange.push(80 * WAD)
        refuses(exchange, "price just jumped", keeper, trader, 20 * WAD - 1, 400 * WAD)
        exchange.take_over(keeper, trader, 20 * WAD, 400 * WAD)
    assert exchange.pos(keeper).size == 10 * WAD


def test_the_policy(opened, trader, keeper):
    exchange = opened(takeover=False)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(FAILING)
    refuses(exchange, "takeover not allowed", keeper, trader)
    exchange.push(BANKRUPT)
    exchange.take_over(keeper, trader, margin=300 * WAD)


def test_grace_after_an_outage(opened, trader, keeper):
    exchange = opened(grace_seconds=600)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.chain.mine(3_700)  # longer than the oracle's heartbeat
    exchange.push(FAILING)
    ended = exchange.oracle.call("outage_end")
    assert ended == exchange.chain.timestamp
    refuses(exchange, "grace period", keeper, trader)
    with exchange.undone():
        exchange.push(BANKRUPT)
        exchange.take_over(keeper, trader, margin=300 * WAD)
    # topping up and reducing work meanwhile
    with exchange.undone():
        exchange.house.transact("adjust_margin", 0, 100 * WAD, sender=trader).check()
        exchange.trade(trader, -5 * WAD)
    exchange.chain.set_next_timestamp(ended + 599)
    refuses(exchange, "grace period", keeper, trader)
    exchange.take_over(keeper, trader, margin=300 * WAD)
    assert exchange.chain.timestamp == ended + 600


def test_which_reason_comes_first(opened, trader, keeper, outsider):
    """As docs/spec.md section 9 lists them."""
    exchange = opened(takeover=False, grace_seconds=3_600, min_slice_bps=2500)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    refuses(exchange, "amount too large", trader, trader, 0, ALL, market=9)
    refuses(exchange, "unknown market", trader, trader, 0, 0, market=9)
    exchange.push(PRICE, 1)
    refuses(exchange, "stale price", keeper, outsider, 0, 0)
    exchange.chain.mine(3_700)
    exchange.push(FAILING)
    refuses(exchange, "self liquidation", outsider, outsider, 0, 0)
    refuses(exchange, "no position", keeper, outsider, 0, 0)
    exchange.push(PRICE)
    refuses(exchange, "not liquidatable", keeper, trader, 0, 0)
    exchange.push(FAILING)
    refuses(exchange, "takeover not allowed", keeper, trader, 0, 0)
    exchange.push(BANKRUPT)
    refuses(exchange, "zero size", keeper, trader, 0, 0)
    refuses(exchange, "slice too small", keeper, trader, 1, 0)
    refuses(exchange, "below initial margin", keeper, trader, ALL, 0)


@pytest.mark.parametrize("role", ["trader", "keeper", "owner", "guardian", "treasury"])
def test_the_primitive_itself_is_the_engines(failing, trader, role):
    system = failing.system
    roles = failing.people | {"owner": system.owner, "guardian": system.guardian, "treasury": system.treasury}
    policy = failing.engine.call("policy", 0)
    sender = roles[role]
    take_over = ("take_over", 0, failing.people["keeper"], trader, ALL, 300 * WAD, policy, 0)
    force_close = ("force_close", 0, sender, trader, ALL, 0, policy, 0)
    for call in (take_over, force_close):
        failing.refuses("not engine", failing.house, *call, sender=sender)
