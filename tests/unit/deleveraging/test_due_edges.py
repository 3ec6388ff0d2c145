"""What a closed cross position is due pays for another leg of its account, as far as that lacks it."""

import pytest
from support.exchange import WAD
from support.ruin import SIZE, crash, open_target
from support.spec import Pos
from unit.deleveraging.test_cross import cross, leave, push_other, send

OTHER = 1
LONG = 20 * WAD


@pytest.mark.parametrize("left", [0, 1, 50 * WAD])
def test_a_due_pays_for_a_closed_leg(opened_adl, trader, counterparty, outsider, left):
    """Free collateral first. What is left of the due stays due, to be claimed; once nothing is, the record is gone."""
    exchange = opened_adl(cross_margin=True)
    house = exchange.house
    other = exchange.list_market("other", cross_margin=True, max_deviation_bps=10_000)
    exchange.system.fund(exchange.people["provider"], 100_000 * WAD)
    exchange.provide(exchange.people["provider"], 100_000 * WAD, market="other")
    cross(exchange, counterparty, 0, OTHER)
    open_target(exchange, trader, 1)
    exchange.trade(counterparty, -SIZE)
    exchange.trade(counterparty, LONG, market=OTHER)
    leave(exchange, counterparty, 300 * WAD)
    crash(exchange, 1)
    due = send(exchange, trader, [counterparty]).event("Deleveraged").new_balance
    assert due > 50 * WAD
    exchange.system.fund(outsider, 100_000 * WAD)
    exchange.trade(outsider, -800 * WAD, 50_000 * WAD, market=OTHER)
    push_other(exchange, other.venue.call("state")[0] ** 2 * WAD >> 192)
    notional, _ = other.venue.call("quote", -LONG)
    leg = exchange.pos(counterparty, OTHER)
    lost = leg.notional - leg.balance - notional
    exchange.system.fund(counterparty, lost - (due - left) - exchange.free(counterparty))
    receipt = house.transact("trade", OTHER, -LONG, 0, 0, 0, sender=counterparty).check()
    assert exchange.free(counterparty) == 0
    assert exchange.pos(counterparty) == Pos(0, left)
    told = [
        (event.account, event.size, event.balance) for event in receipt.events("PositionChanged") if not event.market
    ]
    assert told == [(counterparty, 0, left)]
    if left:
        house.transact("settle", 0, counterparty, sender=trader).check()
        assert exchange.free(counterparty) == left
    exchange.refuses("no position", house, "settle", 0, counterparty, sender=trader)
