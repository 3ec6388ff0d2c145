"""Where losses go to auto-deleveraging open interest is at most 10,000 smallest positions: dust buys no way out."""

import pytest

from nacre.artifacts import load
from nacre.deploy import market_params as to_market_params
from nacre.presets import preset
from nacre.units import WAD

REASON = "cap too high for ADL"


@pytest.fixture
def deleveraging(set_policy, listed):
    """Market 0 with a smallest position of 10 and a cap of 100,000."""
    set_policy(loss_adl=True).check()
    return listed


def test_a_cap_there_must_be(deleveraging, set_market):
    assert set_market(max_open_interest=0).reason == REASON
    assert set_market(max_open_interest=0, min_notional=0).reason == REASON
    assert deleveraging.call("market_params", 0).max_open_interest == 100_000 * WAD


def test_ten_thousand_smallest_positions_and_no_more(deleveraging, set_market):
    assert set_market(max_open_interest=100_001 * WAD).reason == REASON
    assert set_market(min_notional=9 * WAD).reason == REASON
    set_market(min_notional=11 * WAD, max_open_interest=110_000 * WAD).check()
    set_market(min_notional=12 * WAD, max_open_interest=12 * WAD).check()


def test_policy_that_the_market_does_not_allow(set_market, set_policy, listed):
    for market in ({"max_open_interest": 0}, {"max_open_interest": 100_100 * WAD}, {"min_notional": 9 * WAD}):
        set_market(**market).check()
        assert set_policy(loss_adl=True).reason == REASON
        assert listed.call("policy_params", 0).loss_adl is False
        set_market().check()
    set_policy(loss_adl=True).check()
    assert listed.call("policy_params", 0).loss_adl is True


def test_no_limit_where_losses_are_socialised(deleveraging, set_market, set_policy):
    set_policy(loss_adl=False).check()
    set_market(max_open_interest=0, min_notional=0).check()


def test_listing_asks_the_same(chain, config, config_owner, book, market_params, policy_params):
    policy = policy_params | {"loss_adl": True}
    for market in ({"max_open_interest": 0}, {"max_open_interest": 100_001 * WAD}):
        receipt = config.transact("list_market", market_params | market, policy, sender=config_owner)
        assert receipt.reason == REASON
    assert book.call("market_count") == 0
    config.transact("list_market", market_params, policy, sender=config_owner).check()


def test_the_highest_notional_overflows_nothing(deleveraging, set_market):
    set_market(min_notional=10**30, max_open_interest=10**34).check()
    assert set_market(min_notional=10**30, max_open_interest=10**35).reason == REASON


@pytest.mark.parametrize("name", ["hyperliquid", "defx"])
def test_a_preset_without_a_cap_gets_the_highest(book, name):
    config = preset(name, max_open_interest=0, min_notional=7)
    assert to_market_params(config, book.address, book.address)["max_open_interest"] == 70_000 * WAD


def test_it_still_fits():
    assert load("Config").code_size <= 22_500
