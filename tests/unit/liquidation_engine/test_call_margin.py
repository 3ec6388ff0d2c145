"""call_margin: what is announced, recorded and cleared, and how a record opens the last resort."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, reason_of
from support.liquidations import takeover

from nacre.units import WAD

HEALTHY, MARGIN_CALL, LIQUIDATABLE, BACKSTOP, BANKRUPT = range(5)
DELAY = 600
# 20 with 300 at 100.46
NEAR, FAILING, GONE = 91 * WAD, 88 * WAD, 80 * WAD
# a fifth less of it, and it is healthy again
NEAR_MM = 896 * WAD // 10


def call(exchange, *who, sender=None):
    return exchange.engine.transact("call_margin", 0, list(who), sender=sender or exchange.people["outsider"]).check()


def since(exchange, who):
    return exchange.engine.call("liquidatable_since", 0, who)


@pytest.fixture
def called(opened, trader):
    """Margin is called below 1.5 x MM; the last resort opens after ten minutes; there is no other takeover."""
    exchange = opened(margin_call_bps=15_000, last_resort_seconds=DELAY, takeover=False)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    return exchange


@pytest.mark.parametrize(
    ("price", "stage"), [(PRICE, HEALTHY), (NEAR, MARGIN_CALL), (FAILING, LIQUIDATABLE), (GONE, BANKRUPT)]
)
def test_it_announces_who_is_in_trouble(called, trader, price, stage):
    called.push(price)
    receipt = call(called, trader)
    assert called.lens.call("health", 0, trader).stage == stage
    if stage == HEALTHY:
        assert receipt.logs == []
        return
    event = receipt.event("MarginCall")
    assert (event.market, event.account, event.stage) == (0, trader, stage)
    assert event.equity == spec.equity(called.pos(trader), price)
    assert event.maintenance_margin == spec.margin(20 * WAD, price, 500)
    assert event.since == (receipt.timestamp if stage >= LIQUIDATABLE else 0)
    assert since(called, trader) == event.since


@pytest.mark.parametrize("stage", [MARGIN_CALL, LIQUIDATABLE])
def test_the_edges_of_the_stages(called, trader, stage):
    """Equality is the better stage, a wei less the worse."""
    called.push(FAILING)
    ratio = 15_000 if stage == MARGIN_CALL else 10_000
    needed = spec.ceil(spec.margin(20 * WAD, FAILING, 500) * ratio, 10_000) - spec.equity(called.pos(trader), FAILING)
    called.house.transact("adjust_margin", 0, needed - 1, sender=trader).check()
    assert call(called, trader).event("MarginCall").stage == stage
    called.house.transact("adjust_margin", 0, 1, sender=trader).check()
    better = [log.stage for log in call(called, trader).events("MarginCall")]
    assert better == ([] if stage == MARGIN_CALL else [MARGIN_CALL])


def test_the_backstop_stage(exchange, trader, owner):
    """A ratio of its own, below the trigger; the vault comes with a later part, the stage is announced already."""
    params = exchange.config.call("policy_params", 0)._asdict() | {"backstop_bps": 5_000}
    exchange.config.transact("set_policy_params", 0, params, sender=owner).check()
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(FAILING)
    equity, margin = spec.equity(exchange.pos(trader), FAILING), spec.margin(20 * WAD, FAILING, 500)
    assert 2 * equity > margin
    assert call(exchange, trader).event("MarginCall").stage == LIQUIDATABLE
    exchange.push(87 * WAD)
    assert call(exchange, trader).event("MarginCall").stage == BACKSTOP


def test_many_at_once_in_their_order(called, trader, counterparty, keeper, outsider):
    called.trade(counterparty, 20 * WAD, 500 * WAD)
    called.trade(keeper, 10 * WAD, 150 * WAD)
    called.push(FAILING)
    receipt = call(called, keeper, outsider, trader, counterparty, trader)
    seen = [(log.account, log.stage) for log in receipt.events("MarginCall")]
    assert [account for account, _ in seen] == [keeper, trader, trader]
    assert {stage for _, stage in seen} <= {LIQUIDATABLE, BANKRUPT}
    assert since(called, trader) == since(called, keeper) == receipt.timestamp
    assert since(called, counterparty) == since(called, outsider) == 0


def test_as_many_as_one_call_takes(called, trader):
    called.push(FAILING)
    receipt = call(called, *[trader] * 256)
    assert len(receipt.events("MarginCall")) == 256
    assert call(called).logs == []
    assert not called.engine.transact("call_margin", 0, [trader] * 257, sender=trader).ok


def test_anyone_may_also_the_target(called, trader):
    called.push(FAILING)
    call(called, trader, sender=trader)
    assert since(called, trader) == called.chain.timestamp


def test_a_record_stays_while_it_counts(called, trader):
    called.push(FAILING)
    first = call(called, trader).timestamp
    called.chain.set_next_timestamp(first + 2 * DELAY)
    receipt = call(called, trader)
    assert receipt.event("MarginCall").since == since(called, trader) == first
    # a second later it is forgotten, and the next call starts anew
    called.chain.mine(1)
    assert since(called, trader) == 0
    receipt = call(called, trader)
    assert receipt.event("MarginCall").since == since(called, trader) == receipt.timestamp == first + 2 * DELAY + 2


def test_it_clears_whom_it_finds_healthy(called, trader):
    called.push(FAILING)
    call(called, trader)
    called.push(NEAR)
    assert call(called, trader).event("MarginCall").since == 0
    assert since(called, trader) == 0
    called.push(FAILING)
    assert since(called, trader) == 0


def test_a_top_up_of_mm_at_entry_voids_the_record(called, trader):
    called.push(FAILING)
    call(called, trader)
    enough = spec.ceil(called.pos(trader).notional * 500, 10_000)
    start = called.record(trader).topups
    with called.undone():
        called.house.transact("adjust_margin", 0, enough - 1, sender=trader).check()
        assert since(called, trader) > 0  # a smaller one leaves that to another call
        call(called, trader)
        assert since(called, trader) == 0
    called.house.transact("adjust_margin", 0, enough, sender=trader).check()
    assert since(called, trader) == 0
    assert called.record(trader).topups == (start + 1) % 128


def test_top_ups_are_counted_around(called, trader):
    """Seven bits of them: after 128 the count is where it was, so a record may seem to count again; not before."""
    called.push(FAILING)
    call(called, trader)
    enough = spec.ceil(called.pos(trader).notional * 500, 10_000)
    called.system.fund(trader, 200 * enough)
    start = called.record(trader).topups
    for count in range(1, 129):
        called.house.transact("adjust_margin", 0, enough, sender=trader).check()
        assert called.record(trader).topups == (start + count) % 128
        assert (since(called, trader) > 0) == (count == 128)
    assert called.record(trader).balance == 300 * WAD + 128 * enough


def test_a_record_is_of_one_position(called, trader, keeper):
    """Closed and opened anew, or flipped, it is another one: the old record says nothing about it."""
    called.push(FAILING)
    call(called, trader)
    with called.undone():
        called.house.transact("trade", 0, -20 * WAD, 100 * WAD, 0, 0, sender=trader).check()
        assert since(called, trader) == 0
        called.push(PRICE)
        called.trade(trader, 20 * WAD, 300 * WAD)
        assert since(called, trader) == 0
    called.push(PRICE)
    called.trade(trader, -40 * WAD, 300 * WAD)
    assert called.pos(trader).size == -20 * WAD
    assert since(called, trader) == 0


def test_a_record_stays_with_what_a_liquidation_leaves(called, trader, keeper):
    called.push(FAILING)
    recorded = call(called, trader).timestamp
    called.chain.set_next_timestamp(recorded + DELAY)
    called.take_over(keeper, trader, 5 * WAD, 100 * WAD)
    assert since(called, trader) == recorded
    called.take_over(keeper, trader, ALL, 300 * WAD)
    assert since(called, trader) == 0


# ---- the last resort


def test_takeover_once_overdue(called, trader, keeper):
    called.push(FAILING)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    called.refuses("takeover not allowed", called.engine, *arguments, sender=keeper)
    recorded = call(called, trader).timestamp
    called.chain.set_next_timestamp(recorded + DELAY - 1)
    called.refuses("takeover not allowed", called.engine, *arguments, sender=keeper)
    assert reason_of(called.engine, "preview_takeover", *arguments[1:], sender=keeper) == "takeover not allowed"
    with called.undone():
        called.take_over(keeper, trader, margin=300 * WAD)  # to the second
        assert called.chain.timestamp == recorded + DELAY
    called.chain.set_next_timestamp(recorded + 2 * DELAY)
    with called.undone():
        called.chain.set_next_timestamp(recorded + 2 * DELAY)
        called.take_over(keeper, trader, margin=300 * WAD)
    called.chain.mine(2 * DELAY)
    called.refuses("takeover not allowed", called.engine, *arguments, sender=keeper)


def test_the_last_resort_opens_nothing_else(called, trader, keeper):
    """Overdue, recovered: not liquidatable. And an overdue record does not reach past a top-up."""
    called.push(FAILING)
    call(called, trader)
    called.chain.mine(DELAY)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    with called.undone():
        called.push(PRICE)
        called.refuses("not liquidatable", called.engine, *arguments, sender=keeper)
    enough = spec.ceil(called.pos(trader).notional * 500, 10_000)
    called.house.transact("adjust_margin", 0, enough, sender=trader).check()
    called.push(83 * WAD)
    called.refuses("takeover not allowed", called.engine, *arguments, sender=keeper)


def test_without_a_delay_nobody_is_ever_overdue(opened, trader, keeper):
    exchange = opened(takeover=False)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(FAILING)
    receipt = call(exchange, trader)
    assert receipt.event("MarginCall").since == receipt.timestamp
    exchange.chain.mine(100)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    exchange.refuses("takeover not allowed", exchange.engine, *arguments, sender=keeper)
    exchange.push(GONE)
    takeover(exchange, keeper, trader, margin=300 * WAD)


def test_the_grace_period_holds_for_the_overdue_too(opened, trader, keeper):
    exchange = opened(last_resort_seconds=DELAY, takeover=False, grace_seconds=900)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(FAILING)
    exchange.chain.mine(3_700)
    exchange.push(FAILING)
    call(exchange, trader)
    exchange.chain.mine(DELAY)
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    exchange.refuses("grace period", exchange.engine, *arguments, sender=keeper)
    exchange.chain.mine(300)
    takeover(exchange, keeper, trader, margin=300 * WAD)


# ---- bad input


def test_no_price(called, trader):
    for price, time, reason in (
        (FAILING, 1, "stale price"),
        (0, 1, "price out of bounds"),
        (FAILING, called.chain.timestamp + 10_000, "future price"),
    ):
        called.push(price, time)
        called.refuses(reason, called.engine, "call_margin", 0, [trader], sender=trader)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(called, trader, market):
    called.refuses("unknown market", called.engine, "call_margin", market, [trader], sender=trader)
    assert called.engine.call("liquidatable_since", market, trader) == 0


def test_it_moves_no_money(called, trader):
    called.push(FAILING)
    before = called.books()
    call(called, trader)
    recorded = since(called, trader)
    after = list(called.books())
    after[after.index(recorded)] = 0
    assert tuple(after) == before
    assert called.free(trader) == FREE - 300 * WAD


def test_it_leaves_the_cooldown_alone(opened, trader, keeper, owner):
    """A chunk that made the account healthy again still counts: what fails next goes whole, after the cooldown."""
    exchange = opened(
        large_notional=1_000,
        chunk_bps=2_000,
        cooldown_seconds=30,
        residue="trader",
        max_deviation_bps=10_000,
        force_close_band_bps=2_000,
    )
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(NEAR_MM)
    exchange.lead_venue(keeper, NEAR_MM, 9_000 * WAD)
    receipt = exchange.force_close(keeper, trader, ALL)
    chunk = receipt.timestamp
    assert receipt.event("ForceClose").left == 16 * WAD
    assert exchange.lens.call("health", 0, trader).stage == HEALTHY
    assert call(exchange, trader).logs == []
    exchange.push(86 * WAD)
    exchange.lead_venue(keeper, 86 * WAD, 0)
    assert exchange.lens.call("health", 0, trader).stage >= LIQUIDATABLE
    exchange.refuses("cooldown", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)
    exchange.chain.set_next_timestamp(chunk + 30)
    assert exchange.force_close(keeper, trader, ALL).event("ForceClose").left == 0
