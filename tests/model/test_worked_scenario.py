"""The worked example, as in scenarios/worked_example.yaml: a bankrupt long is half taken over, half force closed."""

from decimal import Decimal
from math import floor, log

import pytest

from nacre.model import Revert, World
from nacre.model.engine import Stage, health
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.ticks import align_down, align_up
from nacre.units import WAD


def wad(amount: float | str) -> int:
    return int(Decimal(str(amount)) * WAD)


def tick(price: float) -> int:
    return floor(log(price) / log(1.0001))


def test_worked_scenario() -> None:
    world = World()
    world.add_market(MarketParameters(imr_bps=1000, mmr_bps=500), Policy(), wad(100))
    for name, amount in (("lp", 100_000), ("ann", 10_000), ("bea", 10_000), ("kim", 10_000)):
        world.deposit(name, wad(amount))
    world.add_liquidity("lp", align_down(tick(50)), align_up(tick(200)), wad(100_000))
    world.trade("ann", wad(20), wad(300))
    world.trade("bea", wad(-20), wad(400))
    world.wait(1)
    world.push_price(wad(80))
    market = world.market()
    ann = health(world.house, 0, "ann")
    assert ann.stage is Stage.BANKRUPT
    assert ann.equity == pytest.approx(wad("-109.289618"), abs=10**12)

    world.take_over("kim", "ann", wad(10), wad(200))
    market = world.market()
    kim = market.positions["kim"]
    assert (kim.size, market.equity(kim, wad(80))) == (wad(10), wad(200))
    assert kim.entry_notional == pytest.approx(wad("1004.644809"), abs=10**12)
    assert market.insurance_fund == 0
    assert market.short_social_loss == pytest.approx(2_732240 * 10**21, abs=10**21)
    assert market.totals.open_interest == wad(20)
    assert market.equity(market.positions["bea"], wad(80)) == pytest.approx(wad("754.644809"), abs=10**12)
    with pytest.raises(Revert, match="collateral"):
        world.withdraw("kim", wad(20_000))

    world.force_close("kim", "ann")
    assert world.market().insurance_fund == pytest.approx(wad("143.048856"), rel=1e-7)
