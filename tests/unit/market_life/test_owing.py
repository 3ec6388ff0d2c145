"""A market that owes: nothing new opens, everybody else stays free to go, and whoever liquidates pays the debt, or
the bankrupt by a top-up, anybody by a donation, or the end of the market does."""

import pytest
from support.exchange import ALL, SHORT_POT_MARKET, WIDE, Exchange, short_pot

from nacre.units import WAD

DELAY, MAX_AGE = 7_200, 3_600
STATES = [(paused, reduce_only, oracle) for paused in (0, 1) for reduce_only in (0, 1) for oracle in ("fresh", "stale")]


@pytest.fixture(params=STATES, ids=lambda s: " ".join(["paused"] * s[0] + ["reduce-only"] * s[1] + [s[2]]))
def owing(request, opened) -> tuple[Exchange, str]:
    """The outsider and the provider are owed; the trader is bankrupt; the keeper has only free collateral."""
    paused, reduce_only, oracle = request.param
    exchange = make_owing(opened)
    if paused:
        exchange.config.transact("pause", 0, sender=exchange.system.guardian).check()
    if reduce_only:
        exchange.config.transact("set_reduce_only", 0, True, sender=exchange.system.owner).check()
    if oracle == "stale":
        exchange.chain.mine(MAX_AGE + 1)
    return exchange, oracle


def make_owing(opened) -> Exchange:
    """As `short_pot`, in a market that may die; two take out more than the pot has."""
    opened(**SHORT_POT_MARKET, settlement_delay=DELAY)
    exchange = short_pot(settlement_delay=DELAY)
    for name, amount in (("outsider", 2_000 * WAD), ("provider", 900 * WAD)):
        exchange.house.transact("adjust_margin", 0, -amount, sender=exchange.people[name]).check()
    assert exchange.state().owed_total > 0
    return exchange


def owed(exchange: Exchange, who: str) -> int:
    return exchange.house.call("owed", 0, who)


def test_nothing_opens_and_free_collateral_leaves(owing):
    exchange, oracle = owing
    trader, _, keeper, provider, outsider = exchange.people.values()
    closed = "market is reduce-only" if oracle == "fresh" else "stale price"
    exchange.refuses(closed, exchange.venue, "add_liquidity", *WIDE, 1_000 * WAD, sender=keeper)
    # the venue is asked first, and has nothing to sell
    trade = "no liquidity" if oracle == "fresh" else "stale price"
    exchange.refuses(trade, exchange.house, "trade", 0, WAD, 500 * WAD, 0, 0, sender=keeper)
    exchange.refuses("pot is short", exchange.house, "claim", 0, outsider, sender=keeper)
    for who in (trader, keeper, provider, outsider):
        tokens, free = exchange.token.call("balanceOf", who), exchange.free(who)
        exchange.house.transact("withdraw", free, sender=who).check()
        assert exchange.token.call("balanceOf", who) == tokens + free


@pytest.mark.parametrize("way", ["a donation", "the bankrupt's own top-up", "a takeover"])
def test_whoever_fills_the_pot_frees_the_claims(owing, way):
    """In any state: the first two without a price, the third as soon as there is one."""
    exchange, oracle = owing
    trader, _, keeper, provider, outsider = exchange.people.values()
    house = exchange.house
    lacking = exchange.state().owed_total - house.call("pot", 0)
    assert lacking > 0
    if way == "a takeover":
        if oracle == "stale":
            arguments = ("liquidate_by_takeover", 0, trader, ALL, 4_000 * WAD)
            exchange.refuses("stale price", exchange.engine, *arguments, sender=keeper)
            exchange.push(150 * WAD)
        exchange.take_over(keeper, trader, ALL, 4_000 * WAD)
    else:
        call, who = {"a donation": ("donate_insurance", keeper)}.get(way, ("adjust_margin", trader))
        house.transact(call, 0, lacking - 1, sender=who).check()
        exchange.refuses("pot is short", house, "claim", 0, outsider, sender=keeper)
        house.transact(call, 0, 1, sender=who).check()
    for who in (outsider, provider):
        debt, free = owed(exchange, who), exchange.free(who)
        house.transact("claim", 0, who, sender=keeper).check()
        assert exchange.free(who) == free + debt
    assert exchange.state().owed_total == 0


def test_at_the_end_of_the_market_all_get_the_same_share(owing):
    """Nobody does anything for it: it has neither liquidity nor, in some states, a price, and anyone ends it."""
    exchange, _ = owing
    trader, _, keeper, provider, outsider = exchange.people.values()
    house = exchange.house
    exchange.chain.mine(MAX_AGE + DELAY)
    house.transact("settle_dead_market", 0, sender=keeper).check()
    for who in (trader, provider, outsider):
        house.transact("settle_account", 0, who, sender=keeper).check()
    state = exchange.state()
    debts = {who: owed(exchange, who) for who in (provider, outsider)}
    assert sum(debts.values()) == state.owed_total > state.pot
    paid = {}
    for who in debts:
        free = exchange.free(who)
        house.transact("claim", 0, who, sender=keeper).check()
        paid[who] = exchange.free(who) - free
        assert 0 <= paid[who] - debts[who] * state.pot // state.owed_total <= 1
    assert sum(paid.values()) == state.pot
    assert owed(exchange, trader) == 0
