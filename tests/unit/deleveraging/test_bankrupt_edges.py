"""A cross account that is worth nothing is not bankrupt; a wei less is."""

import pytest
from support.ruin import MARGIN, SIZE, crash
from unit.deleveraging.test_cross import account, cross, leave

from nacre.units import WAD


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_an_account_worth_nothing_is_no_target(opened_adl, trader, counterparty, outsider, side):
    exchange = opened_adl(cross_margin=True)
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    leave(exchange, trader, MARGIN)
    crash(exchange, side)
    lacking = -account(exchange, trader)
    assert lacking > 0
    call = ("auto_deleverage", 0, trader, [counterparty])
    with exchange.undone():
        exchange.system.fund(trader, lacking)
        assert account(exchange, trader) == 0
        exchange.refuses("not bankrupt", exchange.engine, *call, sender=outsider)
    exchange.system.fund(trader, lacking - 1)
    assert account(exchange, trader) == -1
    receipt = exchange.engine.transact(*call, sender=outsider)
    assert receipt.reason == ""
    assert exchange.pos(trader).size == 0
