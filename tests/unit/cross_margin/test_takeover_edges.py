"""Takeovers of cross accounts that leave the liquidator with no position, come right after a jump, or are too large."""

from types import SimpleNamespace

import pytest
from support.exchange import ALL, LIQUIDITY, PRICE, bare_house, open_exchange
from unit.cross_margin.conftest import MAIN, OTHER, START

from nacre.units import WAD

# lib/policy_word
AUTO_MARGIN = 1 << 15


@pytest.fixture
def ruined(pair, trader):
    """Long 50 in `main`, in profit, and ruined by a short of 30 in `other`: the liquidator is short in `main`."""
    pair.cross(trader)
    pair.exchange.trade(trader, 50 * WAD)
    pair.exchange.trade(trader, -30 * WAD, market=OTHER)
    return pair


def fall(pair, trader, main):
    """Profits and losses are far apart: the account is bankrupt at any of these prices of `main`."""
    pair.push(main=main, other=200)
    assert pair.total(trader) < 0
    assert pair.equity(trader, MAIN) > 0


def test_what_is_left_of_a_closed_position_is_paid_out(ruined, trader, keeper):
    """The part brings nothing along, the liquidator's own position lost: its margin less the loss comes back."""
    exchange = ruined.exchange
    exchange.trade(keeper, -50 * WAD, 2_000 * WAD)
    fall(ruined, trader, 110)
    had = exchange.free(keeper) + ruined.equity(keeper, MAIN)
    preview = exchange.engine.call("preview_takeover", MAIN, trader, ALL, 0, sender=keeper)
    assert (preview.new_size, preview.missing_margin) == (0, 0)
    assert exchange.house.call("market_state", MAIN).total_long > 0
    receipt = ruined.take_over(keeper, trader, MAIN, ALL)
    assert receipt.ok, receipt.reason
    assert exchange.pos(keeper).size == exchange.pos(trader).size == 0
    assert exchange.free(keeper) == had
    assert receipt.event("Takeover").new_balance == 0


def test_the_preview_counts_what_free_collateral_pays(ruined, trader, keeper):
    """The liquidator's leg is below zero at mark, before and after: its account pays that, as after a trade."""
    exchange = ruined.exchange
    ruined.cross(keeper, MAIN)
    exchange.trade(keeper, -50 * WAD)
    fall(ruined, trader, 110)
    assert ruined.equity(keeper, MAIN) < 0
    free = exchange.free(keeper)
    preview = exchange.engine.call("preview_takeover", MAIN, trader, 20 * WAD, 0, sender=keeper)
    assert preview.missing_margin == 0
    receipt = ruined.take_over(keeper, trader, MAIN, 20 * WAD)
    assert receipt.ok, receipt.reason
    assert exchange.free(keeper) < free
    assert receipt.event("Takeover").new_balance == preview.new_balance == exchange.pos(keeper).balance
    assert ruined.equity(keeper, MAIN) == preview.new_equity == 0


@pytest.mark.parametrize("cross", [False, True], ids=["isolated", "cross"])
def test_a_position_cannot_be_closed_at_a_loss_that_nobody_pays(ruined, trader, keeper, cross):
    exchange = ruined.exchange
    if cross:
        ruined.cross(keeper, MAIN)
    exchange.trade(keeper, -50 * WAD, 0 if cross else 900 * WAD)
    exchange.house.transact("withdraw", exchange.free(keeper) - (900 * WAD if cross else 0), sender=keeper).check()
    fall(ruined, trader, 130)
    lacking = -(exchange.free(keeper) + ruined.equity(keeper, MAIN))
    assert lacking > 0
    call = ("liquidate_by_takeover", MAIN, trader, ALL)
    exchange.refuses("close leaves a deficit", exchange.engine, *call, 0, sender=keeper)
    margin = 0 if cross else lacking
    exchange.system.fund(keeper, lacking - 1)
    exchange.refuses("close leaves a deficit", exchange.engine, *call, max(margin - 1, 0), sender=keeper)
    exchange.system.fund(keeper, 1)
    assert exchange.engine.transact(*call, margin, sender=keeper).reason == ""
    assert (exchange.pos(keeper).size, exchange.free(keeper)) == (0, 0)


@pytest.mark.parametrize("profit", [False, True])
def test_a_cross_liquidator_closes_a_position(ruined, trader, keeper, outsider, profit):
    """Its loss was paid out of free collateral, its profit goes there; `main` is no leg of the account any more. The
    insurance fund pays what the part lacks."""
    exchange = ruined.exchange
    exchange.house.transact("donate_insurance", MAIN, 1_000 * WAD, sender=outsider).check()
    ruined.cross(keeper, MAIN)
    exchange.trade(keeper, -50 * WAD)
    if profit:
        ruined.push(main=95, other=200)
        assert ruined.equity(trader, MAIN) < 0
    else:
        fall(ruined, trader, 110)
    assert ruined.total(trader) < 0
    had = exchange.free(keeper) + ruined.equity(keeper, MAIN)
    assert (had > START) == profit
    legs = exchange.house.call("cross_markets", keeper)[1]
    assert legs == 1 << MAIN
    receipt = ruined.take_over(keeper, trader, MAIN, ALL)
    assert receipt.ok, receipt.reason
    assert exchange.pos(keeper).size == 0
    assert exchange.free(keeper) == had
    assert exchange.house.call("cross_markets", keeper)[1] == 0


@pytest.fixture
def bare():
    """A cross account, a liquidator, and a venue that hands out what does not exist."""
    house = bare_house(cross_margin=True)
    trader, keeper = (house.chain.account(name) for name in ("trader", "keeper"))
    house.send(trader, "set_margin_mode", 0, True).check()
    house.send(trader, "withdraw", house.house.call("free_collateral", trader)).check()
    policy = open_exchange().engine.call("policy", 0)

    def hand_out(who, size, balance, notional):
        house.send(house.venue, "venue_absorb", 0, who, who, (0, balance, size, notional, PRICE)).check()

    def take_over(size, margin=0, flags=0):
        return house.send(house.engine, "take_over", 0, keeper, trader, size, margin, policy | flags, 0)

    return SimpleNamespace(house=house, trader=trader, keeper=keeper, hand_out=hand_out, take_over=take_over)


@pytest.mark.parametrize("side", [1, -1])
def test_even_a_takeover_has_a_bound(bare, side):
    most = 2**110
    bare.hand_out(bare.keeper, side * (most - WAD), 2**126, 100 * (most - WAD))
    bare.hand_out(bare.trader, side * 2 * WAD, 5 * WAD, (200 + side * 10) * WAD)
    assert bare.take_over(WAD + 1).reason == "size too large"
    assert bare.take_over(WAD).reason == ""
    assert bare.house.house.call("position", 0, bare.keeper).size == side * most


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("lacking", [5, 0, -5])
def test_margin_that_a_closed_position_does_not_need_stays(bare, side, lacking):
    """With automatic margin what would come straight back is not taken. The pot is empty here: profit is owed."""
    bare.hand_out(bare.trader, side * 2 * WAD, 5 * WAD, (200 + side * 10) * WAD)
    bare.hand_out(bare.keeper, -side * 2 * WAD, -lacking * WAD, 200 * WAD)
    house = bare.house.house
    had = house.call("free_collateral", bare.keeper)
    receipt = bare.take_over(ALL, 100 * WAD, AUTO_MARGIN).check()
    taken = max(lacking, 0) * WAD
    assert receipt.value == receipt.event("Takeover").margin == taken
    assert house.call("free_collateral", bare.keeper) == had - taken
    assert house.call("owed", 0, bare.keeper) == max(-lacking, 0) * WAD
    assert house.call("position", 0, bare.keeper).size == 0


@pytest.mark.parametrize("side", [1, -1])
def test_a_price_that_just_jumped_lets_nobody_out(pair, trader, counterparty, keeper, side):
    """By taking over the opposite side neither; adding to a position is allowed."""
    exchange = pair.exchange
    market = exchange.list_market(
        "third", cross_margin=True, max_deviation_bps=10_000, push_jump_bps=100, force_close_band_bps=2_000
    )
    provider = exchange.people["provider"]
    exchange.system.fund(provider, LIQUIDITY)
    exchange.provide(provider, LIQUIDITY, market="third")
    exchange.house.transact("withdraw", exchange.free(trader) - START, sender=trader).check()
    exchange.house.transact("set_margin_mode", market.id, True, sender=trader).check()
    exchange.trade(trader, side * 50 * WAD, market=market.id)
    exchange.trade(counterparty, -side * 50 * WAD, 2_000 * WAD, market=market.id)
    exchange.trade(keeper, side * 50 * WAD, 4_000 * WAD, market=market.id)
    take = ("liquidate_by_takeover", market.id, trader, ALL, 2_000 * WAD)
    with exchange.chain.block():
        exchange.system.push_price(market, PRICE * (100 - side * 25) // 100)
        exchange.refuses("price just jumped", exchange.engine, *take, sender=counterparty)
        with exchange.undone():
            assert exchange.engine.transact(*take, sender=keeper).reason == ""
    exchange.chain.mine()
    assert exchange.engine.transact(*take, sender=counterparty).reason == ""
    assert exchange.pos(counterparty, market.id).size == 0
