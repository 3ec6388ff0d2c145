"""What a second reading of the contracts found: each told as it would have been played."""

from math import isqrt

import pytest
from support.exchange import LIQUIDITY, WAD, Exchange, new_exchange

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from nacre.model.ranges import liquidity_for_margin
from nacre.model.ticks import sqrt_price_at

LEG = 20 * WAD


def margin_for_inventory(exchange: Exchange, lower: int, upper: int, size: int) -> int:
    """The least margin of a range that has sold a size when the price is above it."""
    root = exchange.venue.call("state")[0]
    top = sqrt_price_at(upper)
    low, high = 1, 10_000 * WAD
    while low < high:
        margin = (low + high) // 2
        liquidity = liquidity_for_margin(margin, root, lower, upper, 1_000)
        sold = -(-(liquidity * (top - root) << 96) // (top * root))
        low, high = (margin + 1, high) if sold < size else (low, margin)
    return low


@pytest.mark.parametrize("stale", [False, True], ids=["fresh", "stale"])
def test_a_removed_range_does_not_close_a_leg_at_the_markets_cost(stale):
    """A cross account has lost 780 in one market and has gained more in another. A range of its own, passed by the
    price, holds exactly what closes the losing leg, and somebody else removes it: the loss is the account's, not the
    insurance fund's; also while the other market has no fresh price and nothing can be collected there."""
    exchange = new_exchange(cross_margin=True, max_deviation_bps=10_000)
    trader, _, keeper, provider, outsider = exchange.people.values()
    pair = [exchange.list_market(name, cross_margin=True, max_deviation_bps=10_000) for name in ("other", "third")]
    for name in ("other", "third"):
        exchange.system.fund(provider, LIQUIDITY)
        exchange.provide(provider, LIQUIDITY, market=name)
    exchange.system.fund(outsider, LIQUIDITY)
    house = exchange.house
    for market in range(3):
        house.transact("set_margin_mode", market, True, sender=trader).check()
    house.transact("withdraw", exchange.free(trader) - 2_500 * WAD, sender=trader).check()

    exchange.trade(trader, LEG)
    exchange.push(60 * WAD)
    exchange.lead_venue(outsider, 60 * WAD, 20_000 * WAD)
    lower = exchange.venue.call("state")[1] // 50 * 50 - 50
    upper = lower + 150
    exchange.provide(trader, margin_for_inventory(exchange, lower, upper, LEG), lower, upper)
    # long and short of the same: what one wins the other loses, and free collateral pays the loss
    exchange.trade(trader, 40 * WAD, market=1)
    exchange.trade(trader, -40 * WAD, market=2)
    exchange.push(61 * WAD)
    exchange.lead_venue(outsider, 61 * WAD, 20_000 * WAD)
    for market in pair:
        exchange.system.push_price(market, 165 * WAD)
    house.transact("settle", 2, trader, sender=keeper).check()
    held = exchange.venue.call("range_of", trader, lower, upper)
    assert (held.size, held.in_range, exchange.free(trader)) == (-LEG, False, 0)
    assert exchange.lens.call("health", 0, trader).stage == 0

    house.transact("donate_insurance", 0, 1_000 * WAD, sender=outsider).check()
    worth = house.call("account_state", trader).full_equity + held.equity
    if stale:
        exchange.chain.mine(3_700)
        exchange.push(61 * WAD)
        exchange.system.push_price(pair[1], 165 * WAD)
    exchange.venue.transact("remove_liquidity", lower, upper, trader, sender=keeper)
    left = house.call("account_state", trader).full_equity
    left += exchange.venue.call("range_of", trader, lower, upper).equity
    assert left <= worth + 10
    assert exchange.state().insurance_fund == 1_000 * WAD


def test_nobody_leaves_one_market_on_a_price_that_jumped_in_another():
    """Just above its maintenance margin, a cross account is lifted by a price pushed in this block. By that it closes a
    leg in another market, far from mark, against an accomplice who has led the venue there and leads it back. The price
    returns: what the accomplice got, the first market's insurance fund would have to pay."""
    exchange = new_exchange(cross_margin=True, imr_bps=250, mmr_bps=125, push_jump_bps=100, max_deviation_bps=10_000)
    trader, _, _, provider, outsider = exchange.people.values()
    other = exchange.list_market("other", cross_margin=True, push_jump_bps=100)
    exchange.system.fund(provider, 30 * LIQUIDITY)
    exchange.provide(provider, 20 * LIQUIDITY, 39_150, 53_050)
    exchange.provide(provider, 10 * LIQUIDITY, market="other")
    exchange.system.fund(outsider, 50 * LIQUIDITY)
    house = exchange.house
    house.transact("withdraw", exchange.free(trader) - 680 * WAD, sender=trader).check()
    for market in range(2):
        house.transact("set_margin_mode", market, True, sender=trader).check()
    exchange.trade(trader, 62 * WAD)
    exchange.trade(trader, 50 * WAD, market=1)

    def lead(tenths: int, margin: int = 0) -> None:
        root, _, liquidity = other.venue.call("state")
        target = isqrt((tenths << 192) // 10)
        exchange.trade(outsider, (liquidity * (target - root) << 96) // (root * target), margin, market=1)

    exchange.system.push_price(other, 933 * WAD // 10)
    lead(933, 10 * LIQUIDITY)
    assert exchange.lens.call("health", 1, trader).stage == 0
    with exchange.chain.block():
        exchange.push(105 * WAD)
        lead(850)
        exchange.refuses("price just jumped", house, "trade", 1, -50 * WAD, 0, 0, 0, sender=trader)
        lead(933)
    exchange.push(100 * WAD)
    assert exchange.lens.call("health", 1, trader).stage == 0


def test_a_replaced_aggregator_makes_no_outage():
    """The feed has moved on to another aggregator, which never paused. The old one still answers now and then: its
    pauses are no outage of the feed, and give no debtor a grace period."""
    chain = EmbeddedChain()
    node = chain.account("node")
    feed = chain.deploy(load("MockAggregator"), 8, sender=node)
    oracle = chain.deploy(
        load("ChainlinkOracle"), feed.address, 3_600, 100, 0, 2**191 - 1, "0x" + "00" * 20, sender=node
    )
    chain.mine(20_000)
    for phase, number, age in ((1, 7, 10_000), (2, 1, 120), (2, 2, 60), (1, 8, 0), (2, 3, 0)):
        made, number = chain.timestamp + 1 - age, (phase << 64) + number
        feed.transact("set_round", number, 100 * 10**8, made, made, number, sender=node).check()
    receipt = oracle.transact("record_outage", (1 << 64) + 8, sender=chain.account("debtor"))
    assert receipt.reason == "no outage"
    assert oracle.call("outage_end") == 0


def test_deleveraging_makes_good_once():
    """Nobody of those listed is eligible at the previous mark: the whole deficit is absorbed. A second push in the same
    block makes the target bankrupt again, and somebody eligible is listed: what was made good is not gained again."""
    exchange = new_exchange(
        adl_price="previous_mark", loss="adl", min_notional=10, max_open_interest=100_000, max_deviation_bps=10_000
    )
    trader, counterparty, keeper, _, outsider = exchange.people.values()
    exchange.system.fund(outsider, LIQUIDITY)
    exchange.trade(trader, 2 * WAD, 22 * WAD)
    exchange.trade(keeper, -2 * WAD, 400 * WAD)
    exchange.lead_venue(outsider, 90 * WAD, 30_000 * WAD)
    exchange.trade(counterparty, 10 * WAD, 3_000 * WAD)
    with exchange.chain.block():
        exchange.push(97 * WAD)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    before = exchange.wealth(trader)
    with exchange.chain.block():
        exchange.push(84 * WAD)
        first = exchange.engine.transact("auto_deleverage", 0, trader, [outsider], sender=counterparty).check()
        assert (first.event("AutoDeleveraging").left, len(first.events("DeficitAbsorbed"))) == (2 * WAD, 1)
        exchange.push(8_399 * WAD // 100)
        queue = exchange.lens.call("adl_counterparties", 0, trader, sorted([outsider, keeper]))
        listed = [rank.account for rank in queue]
        exchange.engine.transact("auto_deleverage", 0, trader, listed, sender=counterparty).check()
    assert exchange.wealth(trader) < before
