"""Feeds that fail, however many and however they do it, shield no cross account: what they may burn is bounded."""

import pytest
from support.exchange import ALL, LIQUIDITY
from unit.cross_margin.conftest import MAIN, START

from nacre.artifacts import load
from nacre.units import WAD

BURNS_GAS = 4
FEEDS = 4


@pytest.fixture
def trapped(pair, trader, keeper):
    """A cross account with a large leg in `main`, and small ones in markets whose feeds then burn all they get."""
    exchange = pair.exchange
    owner, provider = exchange.system.owner, exchange.people["provider"]
    feeds, numbers = [], []
    for number in range(FEEDS):
        name = f"trap {number}"
        market = exchange.list_market(name, cross_margin=True, max_deviation_bps=10_000).id
        feed = exchange.chain.deploy(load("MockBadOracle"), 100 * WAD, sender=owner)
        params = exchange.config.call("market_params", market)._asdict() | {"oracle": feed.address}
        exchange.config.transact("set_market_params", market, params, sender=owner).check()
        exchange.system.fund(provider, LIQUIDITY)
        exchange.provide(provider, LIQUIDITY, market=name)
        feeds.append(feed)
        numbers.append(market)
    pair.cross(trader, MAIN, *numbers)
    exchange.trade(trader, 60 * WAD)
    for number in numbers:
        exchange.trade(trader, WAD, market=number)
    for feed in feeds:
        feed.transact("set_mode", BURNS_GAS, sender=owner).check()
    return pair


def test_its_healthy_leg_is_taken_over_within_a_block(trapped, trader, keeper):
    trapped.push(main=86)
    receipt = trapped.take_over(keeper, trader, MAIN, ALL, 2 * START).check()
    assert trapped.leg(trader, MAIN).size == 0
    assert receipt.gas_used < 15_000_000
