"""Whom, when and how much somebody may liquidate."""

from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import spec
from support.attacks import POLICIES, SIDES, check_books, holdings, no_gain
from support.exchange import ALL, FREE, PRICE, Exchange, reason_of
from support.spec import Pos

from nacre.units import WAD

UNDER_ALL = pytest.mark.parametrize("policy", POLICIES)


def ways(exchange: Exchange, target: str) -> list[tuple[str, ...]]:
    """Every way to liquidate, as the policy has it."""
    config = exchange.main.config
    calls = [("liquidate_by_takeover", 0, target, ALL, 0)]
    if config.force_close:
        calls.append(("force_close", 0, target, ALL, 0))
    if config.backstop_bps:
        calls.append(("liquidate_by_backstop", 0, target))
    return calls


# ---- 28. The healthy


@SIDES
@UNDER_ALL
def test_attack_28_who_has_just_met_initial_margin(under, policy, side, trader, keeper):
    """Exactly initial margin, not a wei more: in the same block nobody can liquidate it, in any way; nor record it as
    overdue; nor is it bankrupt for deleveraging."""
    exchange = under(policy)
    with exchange.chain.block():
        size = side * 20 * WAD
        margin = least_margin(exchange, trader, size)
        exchange.refuses("below initial margin", exchange.house, "trade", 0, size, margin - 1, 0, 0, sender=trader)
        exchange.trade(trader, size, margin)
        assert exchange.lens.call("health", 0, trader).stage <= 1
        for call in ways(exchange, trader):
            exchange.refuses("not liquidatable", exchange.engine, *call, sender=keeper)
        if exchange.main.config.loss == "adl":
            deleverage = ("auto_deleverage", 0, trader, [])
            exchange.refuses("not bankrupt", exchange.engine, *deleverage, sender=keeper)
        exchange.engine.transact("call_margin", 0, [trader], sender=keeper).check()
        assert exchange.engine.call("liquidatable_since", 0, trader) == 0


def least_margin(exchange: Exchange, who: str, size: int) -> int:
    """With which the trade just passes."""
    low, high = 0, abs(size) * 100
    while high - low > 1:
        middle = (low + high) // 2
        with exchange.undone():
            passes = exchange.house.transact("trade", 0, size, middle, 0, 0, sender=who).ok
        low, high = (low, middle) if passes else (middle, high)
    return high


@SIDES
@UNDER_ALL
def test_attack_28_equality_is_safe(under, policy, side, trader, keeper):
    """Of equity and the policy's trigger; a wei less is not."""
    exchange = under(policy, funding_cap_bps=0, borrow_rate_bps=0, backstop_bps=0)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    mark = PRICE * (100 - 30 * side) // 100
    exchange.push(mark)
    exchange.push(mark)  # so that a median has a previous mid
    health = exchange.lens.call("health", 0, trader)
    needed = spec.ceil(health.maintenance_margin * exchange.main.config.trigger_bps, 10_000)
    for lacking, stage in ((0, 0), (1, 2)):
        with exchange.undone(), exchange.chain.block():
            top_up = needed - health.equity - lacking
            exchange.house.transact("adjust_margin", 0, top_up, sender=trader).check()
            assert (exchange.lens.call("health", 0, trader).stage >= 2) is (stage == 2)
            call = ("preview_takeover", 0, trader, ALL, 0)
            if stage == 0:
                assert reason_of(exchange.engine, *call, sender=keeper) == "not liquidatable"
            elif exchange.main.config.takeover:
                assert exchange.engine.call(*call, sender=keeper).size == side * 20 * WAD
            else:
                assert reason_of(exchange.engine, *call, sender=keeper) == "takeover not allowed"


# ---- 29., 30. Slices


@SIDES
def test_attack_29_slices_that_restore_nothing(opened, trader, keeper, outsider, side):
    """Below the policy's share nothing is sliced off; tenth by tenth gives the slicer no more than all at once would;
    and the keeper who asks for all gets what is left."""
    exchange = opened(min_slice_bps=1_000)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE * (100 - 13 * side) // 100)
    for size in (1, WAD, 2 * WAD - 1):
        call = ("liquidate_by_takeover", 0, trader, size, 300 * WAD)
        exchange.refuses("slice too small", exchange.engine, *call, sender=outsider)
    with exchange.undone():
        exchange.take_over(outsider, trader, margin=300 * WAD)
        at_once = holdings(exchange, outsider)
    with exchange.undone():
        while exchange.pos(trader).size:
            left = abs(exchange.pos(trader).size)
            exchange.take_over(outsider, trader, min(left, left // 10 + 1), 100 * WAD if left > WAD else WAD)
        sliced = holdings(exchange, outsider)
        assert sliced <= at_once
    exchange.take_over(outsider, trader, 2 * WAD, 40 * WAD)
    exchange.take_over(keeper, trader, margin=300 * WAD)
    assert exchange.pos(trader) == Pos()
    check_books(exchange)


@SIDES
def test_attack_29_a_chunk_ahead_of_the_keeper(under, trader, keeper, outsider, counterparty, side):
    """Large positions go by chunks: exactly the chunk, whatever is asked, once a cooldown; the cooldown cannot be
    renewed, and then all may go."""
    fields = {"large_notional": 10_000, "force_close_band_bps": 2_000, "imr_bps": 1_000, "mmr_bps": 500}
    exchange = under("hyperliquid", max_deviation_bps=10_000, **fields)
    exchange.provide(counterparty, 400_000 * WAD)
    exchange.trade(trader, side * 150 * WAD, 2_000 * WAD)
    mark = exchange.lens.call("liquidation_price", 0, trader) * (1_000 - 12 * side) // 1_000
    exchange.lead_venue(outsider, mark, 200_000 * WAD)
    for _ in range(2):
        exchange.push(mark)
    with exchange.undone():
        event = exchange.force_close(keeper, trader, 1).event("ForceClose")
        assert abs(event.size) == 30 * WAD
    exchange.force_close(outsider, trader)
    assert abs(exchange.pos(trader).size) == 120 * WAD
    closed = exchange.chain.timestamp
    if exchange.lens.call("health", 0, trader).stage < 2:
        exchange.push(mark - side * WAD)
        exchange.push(mark - side * WAD)
    for _ in range(3):
        for size in (1, ALL):
            exchange.refuses("cooldown", exchange.engine, "force_close", 0, trader, size, 0, sender=outsider)
    exchange.chain.set_next_timestamp(closed + 30)
    exchange.force_close(keeper, trader)
    assert exchange.pos(trader) == Pos()
    check_books(exchange)


# ---- 35. Carry that nobody has settled


CARRIES = {
    "funding": {"funding_cap_bps": 10_000, "funding_period_seconds": 3_600},
    "borrow": {"borrow_rate_bps": 50_000},
}


@SIDES
@pytest.mark.parametrize("carry", CARRIES)
@pytest.mark.parametrize("cross", [False, True], ids=["isolated", "cross"])
def test_attack_35_carry_counts_before_anybody_settles_it(opened, trader, keeper, side, carry, cross):
    """Healthy by what is stored, failing by what has accrued: from the second at which it turns the views say so and
    the transaction goes through, without a settle before."""
    exchange = opened(oracle_max_age=10**6, max_deviation_bps=10_000, cross_margin=True, **CARRIES[carry])
    if cross:
        exchange.house.transact("withdraw", exchange.free(trader) - 300 * WAD, sender=trader).check()
        exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, side * 20 * WAD, 0 if cross else 300 * WAD)
    stored = exchange.record(trader)
    exchange.push(PRICE * (100 - 7 * side) // 100, exchange.chain.timestamp + 1)
    assert exchange.lens.call("health", 0, trader).stage == 0
    exchange.house.transact("accrue", 0, sender=keeper).check()
    turned = first_second(exchange, lambda: exchange.lens.call("health", 0, trader).stage >= 2)
    call = ("liquidate_by_takeover", 0, trader, ALL, 1_000 * WAD)
    exchange.chain.set_next_timestamp(turned - 1)
    exchange.refuses("not liquidatable", exchange.engine, *call, sender=keeper)
    assert exchange.record(trader) == stored
    with no_gain(exchange, keeper, trader):
        exchange.chain.set_next_timestamp(turned)
        exchange.engine.transact(*call, sender=keeper).check()


def first_second(exchange: Exchange, failing: Callable[[], bool]) -> int:
    """From which on it is so, by bisection from now on; leaves the chain as it was."""
    low, high = exchange.chain.timestamp, exchange.chain.timestamp + 400_000
    while high - low > 1:
        middle = (low + high) // 2
        with exchange.undone():
            exchange.chain.set_next_timestamp(middle)
            exchange.chain.mine()
            found = failing()
        low, high = (low, middle) if found else (middle, high)
    return high


@SIDES
def test_attack_35_social_loss_counts_before_anybody_settles_it(opened, trader, counterparty, keeper, outsider, side):
    """The bankrupt's loss makes a healthy one opposite fail at the same price, in the same block, untouched."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000)
    mark = PRICE * (100 - 40 * side) // 100
    exchange.trade(trader, side * 300 * WAD, least_margin(exchange, trader, side * 300 * WAD))
    exchange.lead_venue(outsider, mark)
    exchange.push(mark)
    size = -side * 20 * WAD
    exchange.trade(counterparty, size, least_margin(exchange, counterparty, size))
    with exchange.chain.block():
        call = ("liquidate_by_takeover", 0, counterparty, ALL, 5_000 * WAD)
        exchange.refuses("not liquidatable", exchange.engine, *call, sender=outsider)
        stored = exchange.record(counterparty)
        exchange.take_over(keeper, trader, margin=30_000 * WAD)
        health = exchange.lens.call("health", 0, counterparty)
        assert health.carry > 0
        assert health.stage >= 2
        assert exchange.record(counterparty) == stored
        exchange.engine.transact(*call, sender=keeper).check()
    assert exchange.pos(counterparty) == Pos()
    check_books(exchange)


# ---- 36. Deep under water


@SIDES
@pytest.mark.parametrize("with_others", [True, False], ids=["others", "the last one"])
def test_attack_36_any_equity_below_maintenance_margin(opened, trader, counterparty, keeper, side, with_others):
    """From a wei below to as far as a price can go: the takeover works, the target ends with nothing, its loss has
    payers or is recorded."""
    exchange = opened(free=10**12 * WAD, max_deviation_bps=10_000)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    if with_others:
        exchange.trade(counterparty, -side * 20 * WAD, 10**6 * WAD)
    edge = int(exchange.lens.call("liquidation_price", 0, trader))
    beyond = st.integers(10**12, edge - 1) if side > 0 else st.integers(edge + 1, 10**25)
    corners = st.sampled_from([edge - side, 10**12 if side > 0 else 10**25, PRICE * (100 - 15 * side) // 100])

    @settings(max_examples=25)
    @given(corners | beyond)
    def it_can_be_taken_over(price: int) -> None:
        with exchange.undone():
            exchange.push(price)
            worth = spec.equity(exchange.pos(trader), price)
            receipt = exchange.take_over(keeper, trader, margin=10**10 * WAD)
            assert exchange.pos(trader) == Pos()
            assert sum(log.deficit for log in receipt.events("DeficitAbsorbed")) == max(-worth, 0)
            assert spec.equity(exchange.pos(keeper), price) == 10**10 * WAD + max(worth, 0)

    it_can_be_taken_over()


def test_attack_36_free_of_charge(opened, trader, keeper):
    """A keeper of a liquidation that pays nothing still loses nothing but gas: what it takes over is worth zero."""
    exchange = opened()
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(80 * WAD)
    assert exchange.lens.call("health", 0, trader).stage == 4
    exchange.take_over(keeper, trader, margin=200 * WAD)
    assert holdings(exchange, keeper) == FREE
