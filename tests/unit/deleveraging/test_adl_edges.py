"""Deleveraging in another market than the first, who is counted, and who cannot make a list complete."""

import pytest
from support.ruin import MARGIN, PRICE, SIZE, crash, open_target
from unit.deleveraging.test_cross import OTHER, cross, send

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@SIDES
def test_a_closed_cross_counterparty_is_no_holder_any_more(opened_adl, trader, counterparty, outsider, side):
    exchange = opened_adl(cross_margin=True)
    cross(exchange, counterparty)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    exchange.trade(outsider, -side * WAD // 10, 100 * WAD)  # below a hundredth of the side
    crash(exchange, side)
    before = exchange.state()
    assert {before.holders_long, before.holders_short} == {1, 2}
    send(exchange, trader, [counterparty])
    after = exchange.state()
    assert exchange.pos(counterparty).size == exchange.pos(trader).size == 0
    assert (after.holders_long, after.holders_short) == ((0, 1) if side > 0 else (1, 0))


@SIDES
def test_a_holder_of_the_target_s_side_makes_no_list_complete(exchange, trader, counterparty, outsider, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, MARGIN)
    exchange.trade(outsider, side * 20 * WAD, 3_000 * WAD)
    crash(exchange, side)
    refused = ("ADL list incomplete", exchange.engine, "auto_deleverage", 0, trader)
    exchange.refuses(*refused, [outsider], sender=outsider)
    exchange.refuses(*refused, [], sender=outsider)


@SIDES
@pytest.mark.parametrize("is_cross", [False, True])
def test_in_the_second_market(opened_adl, trader, counterparty, provider, outsider, side, is_cross):
    """By the records, the totals and the dues of that market; those of the first stay as they are."""
    exchange = opened_adl(cross_margin=True)
    terms = {"loss": "adl"} | OTHER
    other = exchange.list_market("other", **terms)
    exchange.system.fund(provider, 100_000 * WAD)
    exchange.provide(provider, 100_000 * WAD, market="other")
    house = exchange.house
    if is_cross:
        cross(exchange, counterparty, 0, other.id)
        exchange.trade(counterparty, -side * WAD)
    exchange.trade(trader, side * SIZE, MARGIN, market=other.id)
    exchange.trade(counterparty, -side * SIZE, 0 if is_cross else MARGIN, market=other.id)
    first = exchange.state()
    exchange.system.push_price(other, PRICE[side])
    free = exchange.free(counterparty)
    receipt = exchange.engine.transact("auto_deleverage", other.id, trader, [counterparty], sender=outsider).check()
    told = receipt.event("Deleveraged")
    assert (told.market, told.account, told.new_size) == (other.id, counterparty, 0)
    record = house.call("position", other.id, counterparty)
    assert (record.size, record.balance) == (0, told.new_balance)
    assert told.new_balance > 0
    state = exchange.state(other.id)
    assert (state.holders_long, state.holders_short, state.total_long, state.total_short) == (0, 0, 0, 0)
    now = exchange.state()
    assert (now.total_long, now.total_short, now.pot) == (first.total_long, first.total_short, first.pot)
    house.transact("settle", other.id, counterparty, sender=outsider).check()
    assert exchange.free(counterparty) == free + told.new_balance
    exchange.refuses("no position", house, "settle", other.id, counterparty, sender=outsider)
