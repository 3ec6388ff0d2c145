"""The ETH whale on Hyperliquid, 12 March 2025.

With 15.23 million USD and 50x somebody bought 113,000 ETH, then 175,000 (330 million at 1,884.4), won some 8 million on
paper, sold down to 160,234.18 and withdrew 17.09 million. That raised the price at which he failed to the market's: the
backstop took the rest over at 1,915, sold it below 1,897 and lost 4 million. The whale kept 1.86 million.
"""

import pytest
from support import spec
from support.incidents import ALL, VAULT, Incident, wad

from nacre.units import WAD

MILLION = 10**6 * WAD
ENTRY, PEAK, TAKEN = wad("1884.4"), 1_930 * WAD, 1_915 * WAD
FIRST, WHOLE, KEPT = 113_000 * WAD, 175_000 * WAD, wad("160234.18")
STAKE, WITHDRAWAL = wad("15.23") * 10**6, wad("17.09") * 10**6
# Where the vault had sold on average, if it lost 4 million.
SOLD = 1_890 * WAD
DEPOSITS = 230 * MILLION
# The sizes need room; other fields of the preset stay.
ROOM = {"price": "1884.4", "min_notional": 50_000, "max_open_interest": 500_000_000, "backstop_loss_cap": 20_000_000}


def told(incident, **margins) -> Incident:
    story: Incident = incident("hyperliquid", **ROOM, **margins)
    story.make_market(("1800", "1970"))
    story.back_vault("depositor", DEPOSITS)
    story.join("hedger", 400 * MILLION)
    story.join("whale", STAKE)
    return story


def both(story: Incident, size: int, margin: int = 0) -> int:
    """The whale trades, the hedger takes the other side; what the whale paid or got."""
    notional = story.trade("whale", size, margin)
    story.trade("hedger", -size, 100 * MILLION if size > 0 else 0)
    return notional


@pytest.fixture
def cross(incident) -> Incident:
    """As on the day: 50x for any size, all of the collateral behind the position."""
    story = told(incident, imr_bps=200, mmr_bps=100)
    story.send("whale", story.exchange.house, "set_margin_mode", 0, True)
    return story


def test_eth_whale_cannot_withdraw_to_the_edge(cross):
    """The whole trade: it opens, as it did, and wins; but no profit counts for a withdrawal, and a tenth of the
    position must stay. So nothing fails at 1,915, nothing is the vault's, and the fall is the whale's own."""
    house, engine = cross.exchange.house, cross.exchange.engine
    paid = both(cross, FIRST)
    assert abs(cross.health("whale").initial_margin - wad("4.3") * 10**6) < MILLION // 20  # of 4.3 million he spoke
    paid += both(cross, WHOLE - FIRST)
    cross.move(PEAK)
    assert abs(cross.gain("whale") - 8 * MILLION) < MILLION // 20

    got = both(cross, KEPT - WHOLE)
    realised = got - -(-paid * (WHOLE - KEPT) // WHOLE)
    free = cross.free("whale")
    assert free + cross.pos("whale").balance == STAKE + realised
    assert free < WITHDRAWAL
    cross.refuses("insufficient collateral", "whale", house, "withdraw", WITHDRAWAL)
    for amount in (1, free // 2, free):
        cross.refuses("below account margin", "whale", house, "withdraw", amount)

    for price in (TAKEN, wad("1896.7"), SOLD):
        cross.move(price)
        assert cross.health("whale").stage == 0
        whale = cross.address["whale"]
        cross.refuses("not liquidatable", "outsider", engine, "liquidate_by_backstop", 0, whale)
        cross.refuses("not liquidatable", "outsider", engine, "force_close", 0, whale, ALL, 0)
    # What the vault lost by buying at 1,915 is the whale's own loss here.
    assert 4 * MILLION <= KEPT * (TAKEN - SOLD) // WAD <= wad("4.01") * 10**6
    assert cross.gain(VAULT) == 0
    got += both(cross, -KEPT)
    assert cross.gain("whale") == got - paid
    cross.send("whale", house, "withdraw", STAKE + got - paid)
    assert sum(cross.gains().values()) == -cross.dust()
    cross.everyone_leaves()


@pytest.fixture
def tiered(incident) -> Incident:
    """As after it: 25x, above 100 million 15x of the rest; the position by itself."""
    return told(incident, imr_bps=400, mmr_bps=200, tiers=[[100_000_000, 667, 334]])


def scaled_margin(size: int, price: int) -> int:
    """IM of those tiers."""
    notional = spec.notional(size, price)
    assert notional > 100 * MILLION
    return spec.ceil(notional * 667 - 100 * MILLION * 267, 10_000)


def test_eth_whale_size_needs_more_margin(tiered):
    """175,000 ETH do not open on 15.23 million, 140,000 do (he was seen with 270 million). What goes out leaves initial
    margin by size, twice what is needed: the vault takes over a cushion, and a fall as on the day costs it nothing."""
    house = tiered.exchange.house
    assert scaled_margin(WHOLE, ENTRY) > STAKE
    tiered.refuses("below initial margin", "whale", house, "trade", 0, WHOLE, STAKE, 0, 0)
    paid = both(tiered, 140_000 * WAD, STAKE)
    tiered.move(PEAK)
    assert scaled_margin(140_000 * WAD, PEAK) > STAKE
    tiered.refuses("below initial margin", "whale", house, "adjust_margin", 0, -1)

    got = both(tiered, -40_000 * WAD)
    size, balance, entry = tiered.pos("whale")
    assert balance == STAKE + got - (paid - entry)
    spare = balance - scaled_margin(size, tiered.exchange.state().mark_price)
    tiered.refuses("below initial margin", "whale", house, "adjust_margin", 0, -spare - 1)
    tiered.adjust("whale", -spare)
    tiered.send("whale", house, "withdraw", tiered.free("whale"))
    margin = tiered.pos("whale").balance

    tiered.withdraw_liquidity("market_maker")
    tiered.push(TAKEN)
    assert tiered.health("whale").stage == 0
    fails_at = tiered.health("whale").liquidation_price
    assert fails_at < TAKEN * 96 // 100
    vaults = wad("1812")
    tiered.push(vaults)
    assert tiered.health("whale").stage == 3
    cushion = tiered.health("whale").equity
    assert cushion == spec.equity(tiered.pos("whale"), vaults) > 0
    tiered.backstop("whale")
    assert tiered.system.vault.call("committed", 0) == scaled_margin(size, vaults) - cushion
    tiered.push(vaults - (TAKEN - SOLD))
    assert tiered.gain(VAULT) == cushion - size * (TAKEN - SOLD) // WAD > 0
    # The whale has lost the margin that stayed, against 1.86 million that he won.
    assert tiered.pos("whale") == spec.Pos()
    assert tiered.free("whale") == 0
    taken = tiered.everyone_leaves()
    assert taken["whale"] == STAKE + got - (paid - entry) - margin
