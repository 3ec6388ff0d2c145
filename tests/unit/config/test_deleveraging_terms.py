"""What deleveraging asks of a market and of its policy: a price that is kept, and a way in for somebody solvent."""

import pytest

from nacre.presets import PresetError, preset

NO_WAY_IN = "ADL without takeover"
NO_PRICE = "ADL without previous mark"


@pytest.fixture
def market_params(market_params):
    """A market that keeps the previous mark: a policy may ask for it."""
    return market_params | {"previous_mark": True}


def test_takeovers_or_a_last_resort(listed, set_policy):
    assert set_policy(loss_adl=True, takeover=False, last_resort_seconds=0).reason == NO_WAY_IN
    assert listed.call("policy_params", 0).loss_adl is False
    set_policy(loss_adl=True, takeover=False, last_resort_seconds=1).check()
    set_policy(loss_adl=True, takeover=True, last_resort_seconds=0).check()


def test_neither_where_losses_are_shared(set_policy):
    set_policy(loss_adl=False, takeover=False, last_resort_seconds=0).check()


def test_policy_at_a_price_that_the_market_does_not_keep(listed, set_market, set_policy):
    set_market(previous_mark=False).check()
    assert set_policy(adl_previous_mark=True).reason == NO_PRICE
    assert listed.call("policy_params", 0).adl_previous_mark is False
    set_market(previous_mark=True).check()
    set_policy(adl_previous_mark=True).check()


def test_market_that_stops_keeping_the_price(listed, set_market, set_policy):
    set_policy(adl_previous_mark=True).check()
    assert set_market(previous_mark=False).reason == NO_PRICE
    assert listed.call("market_params", 0).previous_mark is True


def test_listing_asks_the_same(config, config_owner, book, market_params, policy_params):
    for market, policy, reason in (
        ({"previous_mark": False}, {"adl_previous_mark": True}, NO_PRICE),
        ({}, {"loss_adl": True, "takeover": False, "last_resort_seconds": 0}, NO_WAY_IN),
    ):
        receipt = config.transact("list_market", market_params | market, policy_params | policy, sender=config_owner)
        assert receipt.reason == reason
    assert book.call("market_count") == 0


@pytest.mark.parametrize("name", ["hyperliquid", "defx"])
def test_files_are_refused_with_the_same(name):
    with pytest.raises(PresetError, match="takeover: loss = adl needs it"):
        preset(name, takeover=False, last_resort_seconds=0)
