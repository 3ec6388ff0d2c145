"""What a closed cross position is due pays for another leg of its account, as far as that lacks it."""

import pytest
from support.ruin import SIZE, crash, open_target
from support.spec import Pos
from unit.deleveraging.test_cross import cross, leave, push_other, send

from nacre.units import MAX_UINT256, WAD

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
    (told,) = [event for event in receipt.events("PositionChanged") if event.market == 0]
    assert told.args._asdict() == {
        "market": 0,
        "account": counterparty,
        "size": 0,
        "balance": left,
        "entry_notional": 0,
        "entry_carry": 0,
    }
    if left:
        house.transact("settle", 0, counterparty, sender=trader).check()
        assert exchange.free(counterparty) == left
    exchange.refuses("no position", house, "settle", 0, counterparty, sender=trader)


def test_the_backstop_takes_the_legs_that_have_a_size(opened_adl, trader, counterparty, keeper, provider):
    """What a closed leg is due is no position: the vault leaves it where it is."""
    terms = {"backstop_bps": 6_667, "liquidation_fee_bps": 0, "residue": "trader", "backstop_loss_cap": 50_000}
    exchange = opened_adl(cross_margin=True, **terms)
    system, vault = exchange.system, exchange.system.vault
    other = exchange.list_market("other", cross_margin=True, max_deviation_bps=10_000, **terms)
    system.fund(provider, 100_000 * WAD)
    exchange.provide(provider, 100_000 * WAD, market="other")
    system.mint(keeper, 50_000 * WAD)
    system.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    system.token.transact("approve", vault.address, MAX_UINT256, sender=keeper).check()
    vault.transact("deposit", system.to_tokens(50_000 * WAD), keeper, sender=keeper).check()
    cross(exchange, counterparty, 0, OTHER)
    open_target(exchange, trader, 1)
    exchange.trade(counterparty, -SIZE)
    exchange.trade(counterparty, LONG, market=OTHER)
    leave(exchange, counterparty, 300 * WAD)
    crash(exchange, 1)
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, [counterparty], sender=keeper).check()
    due = receipt.event("Deleveraged").new_balance
    # equity 5 a unit above nothing: below two thirds of a margin of 5 %
    lost = exchange.free(counterparty) + due - 20 * WAD
    exchange.system.push_price(other, 100 * WAD - lost // 20)
    receipt = exchange.engine.transact("liquidate_by_backstop", OTHER, counterparty, sender=keeper).check()
    assert [(event.market, event.size) for event in receipt.events("Takeover")] == [(OTHER, LONG)]
    assert exchange.pos(vault.address, OTHER).size == LONG
    assert exchange.pos(counterparty).size == exchange.pos(counterparty, OTHER).size == 0
    assert 0 <= exchange.pos(counterparty).balance <= due
