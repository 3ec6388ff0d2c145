"""JELLY on Hyperliquid, 26 March 2025.

A trader sold 430 million JELLY at 0.0095, 4 million USD, to accounts of his own, and drove the price up. The backstop
took 398 million of it over and shared the collateral of the whole vault, 230 million USD: nothing stopped it, and its
loss went past 10 million before the market was settled by hand; longs were paid 0.037555 in the end.
"""

import pytest
from support import spec
from support.incidents import ALL, VAULT, Incident, wad

from nacre.model.stages import Stage
from nacre.units import WAD

MILLION = 10**6 * WAD
FIRST, BACKSTOP, HIGHER, LAST = (wad(price) for price in ("0.0095", "0.0115", "0.02", "0.037555"))
WHALE, ACCOMPLICE = 398 * MILLION, 32 * MILLION
# 2.15 and 1.9 million USD, as published; the rest belongs to somebody else.
LONGS = {"first_long": wad("226.3") * 10**6, "second_long": 200 * MILLION, "holder": wad("3.7") * 10**6}
CAP = wad("1.1") * 10**6
DEPOSITS = 230 * MILLION
ATTACKERS = ("whale", "accomplice", "first_long", "second_long")


@pytest.fixture
def jelly(incident) -> Incident:
    """3x, MM half of it; everybody stands where they stood when the price began to rise."""
    told = incident(
        "hyperliquid",
        price="0.0095",
        imr_bps=3333,
        mmr_bps=1667,
        min_notional=1_000,
        max_open_interest=4_500_000,
        backstop_loss_cap=1_100_000,
    )
    told.make_market(("0.009", "0.01"))
    told.back_vault("depositor", DEPOSITS)
    for name, size in (("whale", -WHALE), ("accomplice", -ACCOMPLICE), *LONGS.items()):
        margin = spec.margin(size, FIRST, 3333) * 1001 // 1000
        told.join(name, 3 * MILLION)
        told.trade(name, size, margin)
    told.withdraw_liquidity("market_maker")
    return told


def needed(told: Incident, name: str) -> int:
    """What the vault must add to hold the position at initial margin."""
    return -spec.opening_excess(told.pos(name), told.exchange.state().mark_price, 3333)


def test_jelly_short_cannot_take_its_margin_back(jelly):
    """He took the margin out to be liquidated. Here all but what is above initial margin stays."""
    spare = spec.opening_excess(jelly.pos("whale"), FIRST, 3333)
    house = jelly.exchange.house
    jelly.refuses("below initial margin", "whale", house, "adjust_margin", 0, -spare - 1)
    jelly.adjust("whale", -spare)
    assert spec.opening_excess(jelly.pos("whale"), FIRST, 3333) == 0
    jelly.push(wad("0.0105"))
    jelly.refuses("below initial margin", "whale", house, "adjust_margin", 0, -1)
    jelly.everyone_leaves()


def test_jelly_open_interest_stays_under_its_cap(jelly):
    """4 million fitted, more did not, and what is there grows with the price until nothing more does."""
    jelly.push(BACKSTOP)
    arguments = ("trade", 0, MILLION, MILLION, 0, 0)
    jelly.make_market(("0.0105", "0.0125"))
    jelly.refuses("open interest cap", "first_long", jelly.exchange.house, *arguments)
    jelly.everyone_leaves()


def test_jelly_cap_stops_the_backstop_and_deleveraging_follows(jelly):
    """The vault takes the 398 million over, has too little left to risk for the 32, and loses what it committed, a
    tenth of what an unlimited one would have lost. The longs get what shorts and vault had brought, and no more."""
    engine, vault = jelly.exchange.engine, jelly.system.vault
    margins = {name: jelly.pos(name).balance for name in ("whale", "accomplice")}
    jelly.push(BACKSTOP)
    assert jelly.health("whale").stage == jelly.health("accomplice").stage == 3
    committed = needed(jelly, "whale")
    jelly.refuses("no liquidity", "outsider", engine, "force_close", 0, jelly.address["whale"], ALL, 0)
    jelly.backstop("whale")
    assert vault.call("committed", 0) == committed < CAP < committed + needed(jelly, "accomplice")
    assert jelly.gain("whale") == -margins["whale"]
    stopped = ("liquidate_by_backstop", 0, jelly.address["accomplice"])
    jelly.refuses("below initial margin", "outsider", engine, *stopped)

    jelly.push(HIGHER)
    jelly.touch()
    jelly.push(LAST)
    for name in (VAULT, "accomplice"):
        assert jelly.health(name).stage == Stage.BANKRUPT
    jelly.refuses("use ADL", "outsider", engine, *stopped)
    for name in (VAULT, "accomplice"):
        jelly.deleverage(name)
        assert jelly.pos(name) == spec.Pos()
    # Nobody but the two shorts and the vault lost anything, and all of it went to the longs.
    assert jelly.gain(VAULT) == -committed
    assert all(jelly.gain(name) == -margin for name, margin in margins.items())
    assert all(jelly.gain(name) > 0 for name in LONGS)
    assert jelly.gain(*LONGS) + jelly.gain("market_maker") == committed + sum(margins.values()) - jelly.dust()
    assert jelly.gain(*ATTACKERS) < committed < CAP
    assert 9 * committed < WHALE * (LAST - BACKSTOP) // WAD  # what it would have lost by now
    assert jelly.exchange.state().long_social_loss_index == 0

    taken = jelly.everyone_leaves()
    assert 0 <= DEPOSITS - committed - taken["depositor"] <= 2  # its last wei are rounded
