"""Margin tiers: what a larger position needs, continuous at the bounds, to the wei, wherever margin is measured.
docs/spec.md section 5."""

from itertools import pairwise
from typing import Any

import pytest
from support import spec
from support.exchange import ALL, PRICE, WIDE, Exchange

from nacre.units import BPS, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# The ratios of the market below the first bound, then those above each: IMR, MMR.
FIRST = (1_000, 500)
TIERS = [(2_000, 2_000, 1_000), (5_000, 3_000, 1_500), (9_000, 5_000, 4_000)]
FIELDS: dict[str, Any] = {"tiers": TIERS, "max_deviation_bps": 10_000}
INITIAL, MAINTENANCE = 0, 1


def needs(notional: int, which: int, tiers: Any = TIERS) -> int:
    """Integrated: each slice of the notional at the ratio of the tier in which it lies, rounded up once."""
    bounds = [0, *(lower * WAD for lower, *_ in tiers), 10**40]
    ratios = [FIRST[which], *(tier[1 + which] for tier in tiers)]
    slices = [max(0, min(notional, high) - low) for low, high in pairwise(bounds)]
    return spec.ceil(sum(part * ratio for part, ratio in zip(slices, ratios, strict=True)), BPS)


@pytest.fixture
def tiered(opened) -> Exchange:
    return opened(**FIELDS)


def margins(exchange: Exchange, who: str) -> tuple[int, int]:
    health = exchange.lens.call("health", 0, who)
    assert health.size == exchange.pos(who).size
    return health.initial_margin, health.maintenance_margin


@SIDES
def test_what_any_position_needs(tiered, trader, side):
    """Around every bound, a wei of notional on either side of it, and far beyond the last."""
    tiered.system.fund(trader, 90_000 * WAD)
    for bound in (0, 2_000, 5_000, 9_000, 30_000):
        for off in (-(10**16), -1, 0, 1, 10**16):
            # at 100 a wei of size is a hundred of notional
            if (size := bound * WAD // 100 + off) <= 0:
                continue
            with tiered.undone():
                tiered.trade(trader, side * size, 50_000 * WAD)
                notional = spec.notional(size, PRICE)
                assert notional == size * 100
                assert margins(tiered, trader) == (needs(notional, INITIAL), needs(notional, MAINTENANCE))


@SIDES
def test_a_price_that_rises_into_a_tier(tiered, trader, side):
    """It is the notional at mark that counts: the same position needs more at a higher price, without a step."""
    tiered.trade(trader, side * 45 * WAD, 9_000 * WAD)
    last = (0, 0)
    for price in (40, 44, 45, 100, 110, 112, 150, 199, 201, 250):
        tiered.push(price * WAD)
        found = margins(tiered, trader)
        notional = spec.notional(45 * WAD, price * WAD)
        assert found == (needs(notional, INITIAL), needs(notional, MAINTENANCE))
        assert found > last
        last = found


def test_no_step_at_a_bound(tiered, trader):
    """A wei of price on either side of every bound changes what is needed by what that wei is worth, and rounding."""
    tiered.trade(trader, 45 * WAD, 9_000 * WAD)
    for lower, imr, _ in TIERS:
        # the first price at which 45 units are worth more than the bound
        price = lower * WAD // 45 + 1
        found = []
        for mark in (price - 1, price):
            tiered.push(mark)
            found.append(margins(tiered, trader))
        assert spec.notional(45 * WAD, price - 1) <= lower * WAD < spec.notional(45 * WAD, price)
        assert 0 <= found[1][0] - found[0][0] <= spec.ceil(45 * imr, BPS) + 1
        assert 0 <= found[1][1] - found[0][1] <= spec.ceil(45 * imr, BPS) + 1


@SIDES
@pytest.mark.parametrize("units", [19, 20, 21, 50, 80, 120])
def test_opening_to_the_wei(tiered, trader, side, units):
    """The least margin with which it opens, and a wei less."""
    size = side * units * WAD
    notional = tiered.quote(size)[0]
    loss = max(0, side * (notional - units * PRICE))
    least = needs(units * PRICE, INITIAL) + loss
    call = ("trade", 0, size)
    tiered.refuses("below initial margin", tiered.house, *call, least - 1, 0, 0, sender=trader)
    tiered.trade(trader, size, least)
    tiered.refuses("below initial margin", tiered.house, "adjust_margin", 0, -1, sender=trader)


@SIDES
def test_an_increase_into_the_next_tier_asks_for_its_rate(tiered, trader, side):
    """For what is above the bound only: the rest stays at the rate it had."""
    tiered.trade(trader, side * 20 * WAD, 2_000 * WAD)
    initial, _ = margins(tiered, trader)
    tiered.trade(trader, side * 10 * WAD, 2_000 * WAD)
    more, _ = margins(tiered, trader)
    assert initial == 2_000 * WAD * FIRST[0] // BPS
    assert more - initial == 1_000 * WAD * TIERS[0][1] // BPS


@SIDES
@pytest.mark.parametrize("less", [0, 1])
def test_liquidatable_to_the_wei(tiered, trader, keeper, side, less):
    """At a notional in the third tier: equity of MM is safe, a wei less is not."""
    size, mark = side * 60 * WAD, (100 - 12 * side) * WAD
    maintenance = needs(60 * mark, MAINTENANCE)
    lost = side * (tiered.quote(size)[0] - 60 * mark)
    tiered.trade(trader, size, maintenance + lost - less)
    tiered.push(mark)
    health = tiered.lens.call("health", 0, trader)
    assert (health.equity, health.maintenance_margin) == (maintenance - less, maintenance)
    receipt = tiered.engine.transact("liquidate_by_takeover", 0, trader, ALL, 9_000 * WAD, sender=keeper)
    assert receipt.reason == ("" if less else "not liquidatable")


@SIDES
def test_a_part_taken_over_needs_less_than_its_share(tiered, trader, keeper, side):
    """The taker's position is measured by its own size: half of a large one is in a lower tier."""
    tiered.trade(trader, side * 60 * WAD, 1_500 * WAD)
    tiered.push((100 - 20 * side) * WAD)
    mark = (100 - 20 * side) * WAD
    part, _ = spec.split(tiered.pos(trader), 15 * WAD)
    worth = spec.equity(part, mark)
    assert worth > 0
    least = needs(15 * mark, INITIAL) - part.balance - min(spec.price_pnl(part, mark), 0)
    call = ("liquidate_by_takeover", 0, trader, 15 * WAD)
    preview = tiered.engine.call("preview_takeover", 0, trader, 15 * WAD, 0, sender=keeper)
    assert (preview.initial_margin, preview.missing_margin) == (needs(15 * mark, INITIAL), least)
    tiered.refuses("below initial margin", tiered.engine, *call, least - 1, sender=keeper)
    tiered.engine.transact(*call, least, sender=keeper).check()


def test_splitting_gains_what_every_ladder_gives(tiered, trader, counterparty, keeper):
    """Three accounts of a third need less than one of the whole: tiers are about one position's weight on the venue."""
    tiered.trade(trader, 60 * WAD, 9_000 * WAD)
    whole, _ = margins(tiered, trader)
    tiered.trade(trader, -60 * WAD)
    parts = 0
    for who in (trader, counterparty, keeper):
        tiered.trade(who, 20 * WAD, 3_000 * WAD)
        parts += margins(tiered, who)[0]
    assert (whole, parts) == (needs(6_000 * WAD, INITIAL), 3 * needs(2_000 * WAD, INITIAL))
    assert parts < whole


def test_entry_margin_goes_by_the_tier_of_the_entry_notional(opened, trader):
    """Where the rule asks for the initial margin of the entry notional too, that is as large as its tier says."""
    exchange = opened(**FIELDS, entry_margin_rule=True)
    size = 60 * WAD
    notional = exchange.quote(size)[0]
    assert notional > 6_000 * WAD
    at_mark = needs(6_000 * WAD, INITIAL) + notional - 6_000 * WAD
    least = max(needs(notional, INITIAL), at_mark)
    exchange.refuses("below initial margin", exchange.house, "trade", 0, size, least - 1, 0, 0, sender=trader)
    exchange.trade(trader, size, least)


def test_ranges_go_by_the_first_tier(tiered, provider):
    """A range of any size has the liquidity that the market's own ratio gives it."""
    liquidity = tiered.venue.call("range_of", provider, *WIDE).liquidity
    with tiered.undone():
        params = tiered.config.call("market_params", 0)._asdict()
        plain = [{"lower_notional": 0, "imr_bps": 0, "mmr_bps": 0}] * 3
        tiered.config.transact("set_market_params", 0, params | {"tiers": plain}, sender=tiered.system.owner).check()
        tiered.system.fund(provider, 200_000 * WAD)
        tiered.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
        tiered.provide(provider, 100_000 * WAD)
        assert tiered.venue.call("range_of", provider, *WIDE).liquidity == liquidity


@pytest.mark.parametrize("count", [1, 2, 3])
def test_any_number_of_tiers(opened, trader, count):
    exchange = opened(tiers=TIERS[:count], max_deviation_bps=10_000)
    exchange.system.fund(trader, 90_000 * WAD)
    exchange.trade(trader, 200 * WAD, 50_000 * WAD)
    expected = needs(20_000 * WAD, INITIAL, TIERS[:count]), needs(20_000 * WAD, MAINTENANCE, TIERS[:count])
    assert margins(exchange, trader) == expected


@SIDES
def test_the_liquidation_price_lies_in_the_right_tier(tiered, trader, side):
    """The tier that holds at that price counts, not that of today: a wei beyond it is liquidatable."""
    tiered.trade(trader, side * 52 * WAD, 2_000 * WAD)
    price = tiered.lens.call("liquidation_price", 0, trader)
    assert price > 0
    for mark, liquidatable in ((price, False), (price - side, True)):
        tiered.push(mark)
        health = tiered.lens.call("health", 0, trader)
        assert (health.equity < health.maintenance_margin) == liquidatable
        assert health.maintenance_margin == needs(spec.notional(52 * WAD, mark), MAINTENANCE)
