"""Faults that were found before anybody lost by them, each told the way it was found."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, bare_house

from nacre.chain import CallFailed
from nacre.units import RAY, WAD


def absorb(bare, who, margin, balance, size=0, notional=0):
    return bare.send(bare.venue, "venue_absorb", 0, who, who, (margin, balance, size, notional, PRICE))


def test_a_venue_that_reports_riches_cannot_wrap_the_debts(trader, keeper, outsider):
    """Two debts of 2^255 - 1 and one of 2 once summed to zero, and the claim of the first took all the collateral."""
    bare = bare_house()
    for _ in range(2):
        absorb(bare, trader, 0, 2**255 - 1)
    absorb(bare, keeper, 0, 2)
    for who in (trader, keeper):
        bare.send(who, "claim", 0)
    free = [bare.house.call("free_collateral", bare.chain.account(name)) for name in ("trader", "keeper", "outsider")]
    assert free == [FREE] * 3
    assert bare.send(trader, "withdraw", FREE + 1).reason == "insufficient collateral"


def test_a_new_epoch_takes_nobodys_margin(opened, trader, counterparty, keeper, provider, outsider):
    """After a loss of nearly everything, a later provider once lost all of its margin to the next small one."""
    exchange = opened(liquidity=0, free=50 * FREE, max_deviation_bps=10_000)
    exchange.provide(provider, 1_000 * WAD, 45_100, 47_000)
    exchange.trade(trader, 60 * WAD, 1_000 * WAD)
    # a deficit a little below what the providers hold: the factor falls to a few billionths
    pos = exchange.pos(trader)
    exchange.push((pos.notional - pos.balance - 1_000 * WAD + 10**9) * WAD // 60 // WAD)
    exchange.take_over(keeper, trader, ALL, 10_000 * WAD)
    state = exchange.state()
    assert 0 < state.lp_margin < 10**12
    mid = exchange.state().mark_price
    exchange.push(exchange.venue.call("mid_price") * 98 // 100)
    exchange.provide(outsider, 100_000 * WAD, 45_100, 47_000)
    assert exchange.state().lp_margin >= 100_000 * WAD
    exchange.push(mid)
    # the next loss is a few per cent of what the newcomer brought
    before = exchange.state()
    exchange.trade(keeper, -10 * WAD)
    exchange.house.transact("adjust_margin", 0, -_spare(exchange, keeper, mid), sender=keeper).check()
    exchange.push(mid * 80 // 100)
    receipt = exchange.take_over(counterparty, keeper, ALL, 10_000 * WAD)
    loss = sum(log.loss for log in receipt.events("ProvidersCharged"))
    assert 0 < loss < before.lp_margin // 10
    held = exchange.venue.call("range_of", outsider, 45_100, 47_000).margin
    assert abs(held - 100_000 * WAD * (before.lp_margin - loss) // before.lp_margin) <= 10**12
    assert exchange.state().insurance_fund == 0


def _spare(exchange, who, mark):
    return spec.opening_excess(exchange.pos(who), mark, 1000)


@pytest.mark.parametrize("side", [1, -1])
def test_a_trade_that_takes_all_the_liquidity_there_is_pays_the_penalty(opened, trader, provider, side):
    """Ending exactly where the last range ends once left a mid of zero: no distance from mark, no penalty, no limit."""
    exchange = opened(free=100 * FREE, liquidity=0, penalty=["0.5", "0", "0", "0.001"], max_deviation_bps=9_000)
    exchange.provide(provider, 50_000 * WAD, 40_000, 52_000)
    size = largest_fill(exchange, side)
    notional, mid = exchange.quote(size)
    grown = spec.deviation(mid, PRICE)
    assert grown > 8 * 10**17
    receipt = exchange.trade(trader, size, 900_000 * WAD)
    assert receipt.event("Trade").penalty == spec.penalty(notional, grown, (WAD // 2, 0, 0, 10**15))
    exchange.refuses("no liquidity", exchange.house, "trade", 0, side, 0, 0, 0, sender=trader)


def largest_fill(exchange, side):
    """The largest size that the venue fills, to the wei."""
    size, step = 0, 2**80
    while step:
        if fills(exchange, side * (size + step)):
            size += step
        step //= 2
    return side * size


def fills(exchange, size):
    try:
        exchange.quote(size)
    except CallFailed as refusal:
        return {"no liquidity": False}[str(refusal)]
    return True


def test_a_few_wei_of_position_cannot_break_an_index(trader, keeper):
    """A range without inventory lacking 4e10 wei once drove the index of a side with one wei to its end, for ever."""
    bare = bare_house()
    absorb(bare, trader, 0, WAD, 1, 100).check()
    absorb(bare, keeper, 0, WAD, -1, 100).check()
    absorb(bare, bare.chain.account("outsider"), 0, -100 * WAD).check()
    state = bare.house.call("market_state", 0)
    assert state.long_social_loss_index <= PRICE * 10**9
    assert state.short_social_loss_index <= PRICE * 10**9
    assert state.unallocated_loss >= 100 * WAD - 2 * 100
    assert state.long_social_loss_index < RAY * 10**3


def test_views_of_markets_that_are_not_there(exchange, trader):
    """They reverted without a word past 1,023, and from 2^96 on showed market 0's positions."""
    exchange.trade(trader, WAD, 20 * WAD)
    for market in (1_024, 2**96):
        for view in ("pot", "insurance_fund", "open_interest", "market_state"):
            with pytest.raises(CallFailed, match=r"^unknown market$"):
                exchange.house.call(view, market)
