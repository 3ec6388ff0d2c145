"""Exits stay open: paused, stale, owing, the last one in the market, the oracle gone."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, WIDE
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@SIDES
def test_a_pause_lets_everybody_out(exchange, trader, counterparty, keeper, provider, guardian, side):
    """Reduce, top up, liquidate, remove liquidity, withdraw: all but opening."""
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 400 * WAD)
    exchange.config.transact("pause", 0, sender=guardian).check()
    exchange.refuses("market is reduce-only", exchange.house, "trade", 0, WAD, 20 * WAD, 0, 0, sender=keeper)
    exchange.refuses("market is reduce-only", exchange.venue, "add_liquidity", *WIDE, WAD, 0, 0, sender=keeper)
    exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    exchange.trade(trader, -side * 15 * WAD)
    exchange.trade(counterparty, side * 15 * WAD)
    exchange.push(PRICE * (100 - 70 * side) // 100)
    exchange.take_over(keeper, trader, ALL, 300 * WAD)
    exchange.push(PRICE)
    exchange.trade(keeper, -side * 5 * WAD)
    exchange.trade(counterparty, side * 5 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    for who in (trader, counterparty, keeper):
        exchange.house.transact("withdraw", exchange.free(who), sender=who).check()
        assert exchange.free(who) == 0


def test_a_pause_is_no_back_door(exchange, trader, keeper, guardian):
    """Nobody grows by way of a reduction: not through zero, not by a takeover's remainder."""
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.config.transact("pause", 0, sender=guardian).check()
    for size in (1, WAD, -20 * WAD - 1, -40 * WAD):
        exchange.refuses("market is reduce-only", exchange.house, "trade", 0, size, 900 * WAD, 0, 0, sender=trader)
    exchange.trade(trader, -20 * WAD)
    exchange.refuses("market is reduce-only", exchange.house, "trade", 0, -1, 900 * WAD, 0, 0, sender=trader)


def test_a_dead_feed_locks_nobodys_free_collateral(exchange, trader, keeper):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.chain.mine(10**6)
    assert exchange.state().stale
    exchange.house.transact("withdraw", exchange.free(trader), sender=trader).check()
    exchange.house.transact("withdraw", exchange.free(keeper), sender=keeper).check()
    exchange.system.fund(trader, WAD)
    exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    exchange.push(PRICE)
    exchange.trade(trader, -20 * WAD)


@SIDES
def test_the_last_one_out(exchange, trader, provider, side):
    """The only account of the market closes against a provider who then leaves: nothing but rounding stays."""
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    exchange.trade(trader, -side * 20 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    left = exchange.pos(provider)
    assert abs(left.size) <= 2  # what rounding leaves with the venue
    if left.size:
        exchange.house.transact("adjust_margin", 0, -(left.balance - 10**6), sender=provider).check()
    assert exchange.house.call("pot", 0) <= 2 * 10**6
    assert exchange.free(trader) + exchange.free(provider) >= 2 * FREE + 100_000 * WAD - 10**7


def test_the_last_bankrupt_one(exchange, trader, keeper, provider):
    """Nobody opposite but a provider, nobody to take over but one keeper: it ends at zero all the same."""
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(70 * WAD)
    exchange.take_over(keeper, trader, ALL, 200 * WAD)
    assert exchange.pos(trader) == Pos()
    assert spec.equity(exchange.pos(keeper), 70 * WAD) == 200 * WAD
    exchange.trade(keeper, -20 * WAD)
    assert exchange.state().holders_long == 0


def test_who_is_owed_gets_it_when_the_bankrupt_is_dealt_with(short, trader, keeper, outsider, provider):
    """The pot was short because a bankrupt short was left alone. A keeper takes it over, and everybody can be paid."""
    for who, amount in ((outsider, 2_000 * WAD), (provider, 900 * WAD)):
        short.house.transact("adjust_margin", 0, -amount, sender=who).check()
    total = short.state().owed_total
    assert total > 0
    short.refuses("pot is short", short.house, "claim", 0, sender=outsider)
    short.take_over(keeper, trader, ALL, 4_000 * WAD)
    assert short.pos(trader) == Pos()
    # the loss went to the other side; the keeper's margin makes the pot whole
    assert short.house.call("pot", 0) == 4_000 * WAD >= total
    for who in (outsider, provider):
        debt = short.house.call("owed", 0, who)
        free = short.free(who)
        short.house.transact("claim", 0, who, sender=keeper).check()
        assert short.free(who) == free + debt
    assert short.state().owed_total == 0


def test_parameters_tightened_overnight(exchange, trader, keeper, owner):
    """A higher MMR counts once it is executed, and topping up works in the same block."""
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    params = exchange.config.call("market_params", 0)._asdict() | {"imr_bps": 3_000, "mmr_bps": 2_000}
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 500 * WAD)
    exchange.refuses("not liquidatable", exchange.engine, *arguments, sender=keeper)
    with exchange.chain.block():
        exchange.config.transact("set_market_params", 0, params, sender=owner).check()
        exchange.house.transact("adjust_margin", 0, 200 * WAD, sender=trader).check()
        exchange.refuses("not liquidatable", exchange.engine, *arguments, sender=keeper)
