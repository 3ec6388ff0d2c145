"""Games around liquidations that would pay elsewhere: here nobody ends with more than a policy awards.

Wealth is free collateral, equity at mark and what is owed; every game is played on the venue's real prices.
"""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@SIDES
def test_liquidating_oneself_through_a_second_wallet(exchange, trader, counterparty, keeper, side):
    """A stranger's address may take the own bankrupt account over. The two together have lost the margin, no less, and
    the other side pays the same as if a real stranger had come."""
    second = keeper
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE * (100 - 20 * side) // 100)
    deficit = -spec.equity(exchange.pos(trader), exchange.state().mark_price)
    before = exchange.wealth(counterparty)
    exchange.take_over(second, trader, margin=400 * WAD)
    assert exchange.wealth(trader, second) == 2 * FREE - 300 * WAD
    assert 0 <= before - exchange.wealth(counterparty) - deficit <= 1


@SIDES
def test_open_be_liquidated_and_leave_in_one_transaction(opened, trader, keeper, side):
    """Flash money: deposit, open at the edge, be taken over, withdraw, all in one block at one price. There is no way:
    whoever meets initial margin is not below maintenance margin at the same price."""
    exchange = opened(trading_fee_bps=30, protocol_fee_bps=20)
    before = exchange.wealth(trader, keeper)
    with exchange.chain.block():
        for size in (WAD, 20 * WAD, 30 * WAD):
            exchange.trade(trader, side * size, size * 13)
            assert exchange.lens.call("health", 0, trader).stage == 0
            exchange.refuses(
                "not liquidatable", exchange.engine, "liquidate_by_takeover", 0, trader, ALL, 0, sender=keeper
            )
        exchange.trade(trader, -exchange.pos(trader).size)
    assert exchange.wealth(trader, keeper) < before


@SIDES
def test_one_wei_to_spoil_the_keepers_call(exchange, trader, keeper, outsider, side):
    """Somebody takes over a wei ahead of the keeper: `all` is what is there, and goes through all the same."""
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE * (100 - 13 * side) // 100)
    exchange.take_over(outsider, trader, 1, WAD)
    exchange.take_over(keeper, trader, ALL, 300 * WAD)
    assert exchange.pos(trader) == Pos()


def test_a_top_up_of_one_wei_to_spoil_the_keepers_call(exchange, trader, keeper):
    """It saves nobody who lacks more than that."""
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(88 * WAD)
    exchange.house.transact("adjust_margin", 0, 1, sender=trader).check()
    exchange.take_over(keeper, trader, ALL, 300 * WAD)


@SIDES
def test_two_keepers_in_one_block(exchange, trader, keeper, outsider, side):
    """The second is told that nothing is left, and has lost nothing but gas."""
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE * (100 - 13 * side) // 100)
    with exchange.chain.block():
        exchange.take_over(keeper, trader, ALL, 300 * WAD)
        exchange.refuses(
            "no position", exchange.engine, "liquidate_by_takeover", 0, trader, ALL, 300 * WAD, sender=outsider
        )


@SIDES
def test_in_before_the_loss_out_after(opened, trader, counterparty, outsider, keeper, side):
    """A newcomer opens beside the winners to dilute them, and leaves after the loss: it pays its own share."""
    exchange = opened(max_deviation_bps=10_000)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE * (100 - 20 * side) // 100)
    exchange.trade(outsider, -side * 20 * WAD, 900 * WAD)
    before = exchange.wealth(outsider)
    deficit = -spec.equity(exchange.pos(trader), exchange.state().mark_price)
    exchange.take_over(keeper, trader, ALL, 400 * WAD)
    paid = before - exchange.wealth(outsider)
    assert 0 <= paid - deficit // 2 <= 2


@SIDES
def test_leaving_in_the_block_of_the_bad_news(opened, trader, counterparty, keeper, side):
    """Whoever pushes the price cannot leave before the loss is shared: trading waits for the next block."""
    exchange = opened(push_jump_bps=100)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    with exchange.chain.block():
        exchange.push(PRICE * (100 - 20 * side) // 100)
        exchange.refuses("price just jumped", exchange.house, "trade", 0, side * 20 * WAD, 0, 0, 0, sender=counterparty)
        exchange.refuses("price just jumped", exchange.house, "adjust_margin", 0, -WAD, sender=counterparty)
        exchange.take_over(keeper, trader, ALL, 400 * WAD)


@SIDES
def test_a_force_close_sandwiched(opened, trader, keeper, outsider, counterparty, side):
    """Push the venue away from mark, close the target there, unwind: the band stops it before the target loses more."""
    fees = {"trading_fee_bps": 10, "liquidation_fee_bps": 50, "reward_share_bps": 5_000}
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000, **fees)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.lead_venue(counterparty, PRICE * (100 - 12 * side) // 100)
    exchange.push(PRICE * (100 - 12 * side) // 100)
    pushes = (20 * WAD, 60 * WAD, 120 * WAD)
    for push in pushes:
        with exchange.undone():
            before = exchange.wealth(outsider, keeper)
            exchange.trade(outsider, -side * push, 40_000 * WAD)
            receipt = exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper)
            if receipt.ok:
                award = receipt.event("ForceClose").reward
                exchange.trade(outsider, side * push)
                assert exchange.wealth(outsider, keeper) < before + award
            else:
                assert receipt.reason == "venue too far"
    # the largest push is refused, else the loop proved little
    exchange.trade(outsider, -side * pushes[-1], 40_000 * WAD)
    exchange.refuses("venue too far", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)


@SIDES
def test_hedged_pair_milking_the_fund(opened, trader, keeper, counterparty, outsider, side):
    """Both sides of a bet: one wins, the other leaves its deficit to the fund; the draw limit caps what it yields."""
    exchange = opened(insurance_draw_bps=500, max_deviation_bps=10_000)
    exchange.house.transact("donate_insurance", 0, 5_000 * WAD, sender=outsider).check()
    exchange.trade(trader, side * 40 * WAD, 800 * WAD)
    exchange.trade(counterparty, -side * 40 * WAD, 800 * WAD)
    exchange.push(PRICE * (100 - 45 * side) // 100)
    receipt = exchange.take_over(keeper, trader, ALL, 3_000 * WAD)
    event = receipt.event("DeficitAbsorbed")
    assert event.deficit > 900 * WAD
    assert event.from_insurance == 250 * WAD  # 5 % of the fund
    # the rest comes out of the winning half of the pair
    index = max(event.long_social_loss_index, event.short_social_loss_index)
    assert spec.carry(40 * WAD, index) >= event.deficit - 250 * WAD


@pytest.mark.parametrize("first", ["outsider", "provider"])
def test_a_winner_cannot_take_more_than_its_market_has(short, outsider, provider, keeper, first):
    """The bank run: whoever comes first gets what is there, the next is owed, nobody reaches other markets' pots."""
    short.list_market("other", price=7)
    short.house.transact("donate_insurance", 1, 500 * WAD, sender=keeper).check()
    before = short.house.call("pot", 0)
    for who in (outsider, provider) if first == "outsider" else (provider, outsider):
        short.house.transact("adjust_margin", 0, -900 * WAD, sender=who).check()
    assert short.house.call("pot", 0) == max(before - 1_800 * WAD, 0)
    short.house.transact("adjust_margin", 0, -500 * WAD, sender=outsider).check()
    assert short.house.call("pot", 0) == 0
    assert short.house.call("pot", 1) == 500 * WAD
    assert short.house.call("owed", 0, outsider) > 0
