"""What is told of an account while the oracle of its market fails: as with a stale price, at the last touch's mark."""

import pytest
from support.exchange import PRICE, reason_of

from nacre.artifacts import load
from nacre.units import WAD

# Modes of MockBadOracle.
REVERTS, REVERTS_SILENTLY, RETURNS_NOTHING = 1 << 0, 1 << 1, 1 << 4


@pytest.fixture
def failing(opened, trader, keeper):
    """A position in a market whose oracle will fail, last touched at 95."""
    exchange = opened(cross_margin=True, max_deviation_bps=10_000)
    system = exchange.system
    bad = exchange.chain.deploy(load("MockBadOracle"), PRICE, sender=keeper)
    params = system.config.call("market_params", 0)._asdict()
    system.config.transact("set_market_params", 0, params | {"oracle": bad.address}, sender=system.owner).check()
    exchange.house.transact("withdraw", exchange.free(trader) - 1_000 * WAD, sender=trader).check()
    exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, 20 * WAD)
    bad.transact("set_price", 95 * WAD, exchange.chain.timestamp, False, 0, sender=keeper).check()
    exchange.house.transact("accrue", 0, sender=keeper).check()
    exchange.bad_oracle = bad
    return exchange


@pytest.mark.parametrize("mode", [REVERTS, REVERTS_SILENTLY, RETURNS_NOTHING])
def test_an_oracle_that_fails_is_as_good_as_a_stale_one(failing, trader, keeper, mode):
    house, bad = failing.house, failing.bad_oracle
    before = house.transact("announce", 0, trader, sender=keeper).check().event("LiquidationPrice")
    assert (before.mark_price, before.size) == (95 * WAD, 20 * WAD)
    part = house.call("detached", 0, trader, 5 * WAD)
    assert part.size == 5 * WAD
    account = house.call("account_state", trader)
    bad.transact("set_price", 60 * WAD, failing.chain.timestamp, False, 0, sender=keeper).check()
    bad.transact("set_mode", mode, sender=keeper).check()
    assert reason_of(house, "detached", 0, trader, 5 * WAD) == "stale price"
    after = house.transact("announce", 0, trader, sender=keeper).check().event("LiquidationPrice")
    assert after.args == before.args
    stale = house.call("account_state", trader)
    assert (stale.stale, stale.maintenance_margin) == (True, account.maintenance_margin)
