"""The shipped presets as they are, in the situations that set them apart."""

import pytest
from support import spec
from support.exchange import ALL, FREE, Exchange, new_exchange
from support.liquidations import close, takeover
from support.spec import Pos

from nacre.presets import preset
from nacre.units import WAD


def opened(name: str, **changes) -> Exchange:
    """Without funding: `takeover` and `close` predict without it."""
    return new_exchange(free=50 * FREE, **preset(name).model_dump() | {"funding_cap_bps": 0} | changes)


@pytest.fixture
def injective() -> Exchange:
    """20 long at about 100 with a margin of 140; at 95 below its maintenance margin of 2.5 %."""
    exchange = opened("injective")
    exchange.trade(exchange.people["trader"], 20 * WAD, 140 * WAD)
    exchange.push(95 * WAD)
    return exchange


def test_injective_returns_the_residue_to_the_trader(injective, trader, counterparty, keeper):
    injective.lead_venue(counterparty, 95 * WAD)
    free = injective.free(trader)
    receipt = close(injective, keeper, trader)
    assert receipt.event("ForceClose").residue > 0
    assert injective.free(trader) == free + receipt.event("ForceClose").residue
    assert injective.state().insurance_fund == receipt.event("ForceClose").reward == 0


def test_injective_knows_no_takeover_until_the_last_resort(injective, trader, keeper):
    """The venue pays too little for a force close; once the position failed for ten minutes anyone may take it."""
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 200 * WAD)
    injective.refuses("takeover not allowed", injective.engine, *arguments, sender=keeper)
    injective.engine.transact("call_margin", 0, [trader], sender=keeper).check()
    injective.chain.mine(600)
    takeover(injective, keeper, trader, margin=200 * WAD)


def test_injective_opens_nothing_in_a_hurry_for_the_bankrupt(injective, trader, keeper):
    injective.push(90 * WAD)
    takeover(injective, keeper, trader, margin=200 * WAD)


def test_injective_asks_for_margin_at_the_entry_price(injective, trader, keeper):
    """A short in profit still owes 5 % of what it entered at."""
    injective.push(100 * WAD)
    injective.trade(keeper, -20 * WAD, 140 * WAD)
    injective.push(80 * WAD)
    entered = spec.ceil(injective.pos(keeper).notional * 500, 10_000)
    spare = injective.pos(keeper).balance - entered
    refused = ("adjust_margin", 0, -spare - 1)
    injective.refuses("below initial margin", injective.house, *refused, sender=keeper)
    injective.house.transact("adjust_margin", 0, -spare, sender=keeper).check()


def test_oyster_keeps_the_residue(trader, counterparty, keeper):
    exchange = opened("oyster", max_deviation_bps=10_000)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.lead_venue(counterparty, 83 * WAD)
    exchange.push(83 * WAD)
    fund, free = exchange.state().insurance_fund, exchange.free(trader)
    receipt = close(exchange, keeper, trader)
    residue = receipt.event("ForceClose").residue
    assert residue > 0
    assert exchange.state().insurance_fund == fund + residue
    assert exchange.free(trader) == free
    assert exchange.pos(trader) == Pos()


def test_oyster_lets_liquidators_take_over_at_once(trader, keeper):
    exchange = opened("oyster")
    exchange.trade(trader, 20 * WAD, 320 * WAD)
    exchange.push(88 * WAD)
    takeover(exchange, keeper, trader, 5 * WAD, 200 * WAD)
    exchange.push(80 * WAD)
    takeover(exchange, keeper, trader, ALL, 300 * WAD)
