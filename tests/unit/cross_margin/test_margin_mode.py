"""set_margin_mode: cross or isolated, market by market, while flat."""

import pytest
from support.exchange import FREE
from unit.cross_margin.conftest import MAIN, OTHER

from nacre.presets import MarketConfig
from nacre.units import WAD


def test_it_shows_and_goes_back(pair, trader):
    house = pair.exchange.house
    receipt = house.transact("set_margin_mode", OTHER, True, sender=trader).check()
    assert receipt.event("MarginModeSet").cross
    assert tuple(house.call("cross_markets", trader)) == (1 << OTHER, 0)
    house.transact("set_margin_mode", OTHER, False, sender=trader).check()
    assert tuple(house.call("cross_markets", trader)) == (0, 0)
    assert pair.exchange.free(trader) == FREE


def test_only_while_flat(pair, trader):
    pair.exchange.trade(trader, WAD, 100 * WAD)
    pair.exchange.refuses("position is open", pair.exchange.house, "set_margin_mode", MAIN, True, sender=trader)
    pair.exchange.trade(trader, -WAD)
    pair.cross(trader, MAIN)
    pair.exchange.trade(trader, WAD)
    assert tuple(pair.exchange.house.call("cross_markets", trader)) == (1 << MAIN, 1 << MAIN)
    assert pair.exchange.record(trader).cross
    pair.exchange.refuses("position is open", pair.exchange.house, "set_margin_mode", MAIN, False, sender=trader)


def test_only_what_changes_something(pair, trader):
    refuses = pair.exchange.refuses
    refuses("margin mode unchanged", pair.exchange.house, "set_margin_mode", MAIN, False, sender=trader)
    pair.cross(trader, MAIN)
    refuses("margin mode unchanged", pair.exchange.house, "set_margin_mode", MAIN, True, sender=trader)


def test_only_where_the_market_allows_it(exchange, trader):
    exchange.refuses("isolated only", exchange.house, "set_margin_mode", 0, True, sender=trader)
    exchange.refuses("unknown market", exchange.house, "set_margin_mode", 1, True, sender=trader)


def test_back_to_isolated_works_when_the_market_no_longer_allows_cross(pair, trader):
    pair.cross(trader, MAIN)
    config = pair.exchange.config
    params = config.call("market_params", MAIN)._asdict() | {"cross_margin": False}
    config.transact("set_market_params", MAIN, params, sender=pair.exchange.system.owner).check()
    pair.exchange.house.transact("set_margin_mode", MAIN, False, sender=trader).check()
    pair.exchange.refuses("isolated only", pair.exchange.house, "set_margin_mode", MAIN, True, sender=trader)


def test_only_in_the_first_sixteen_markets(pair, trader):
    for number in range(2, 17):
        pair.exchange.list_market(f"m{number}", cross_margin=True)
    pair.exchange.house.transact("set_margin_mode", 15, True, sender=trader).check()
    pair.exchange.refuses("too many cross markets", pair.exchange.house, "set_margin_mode", 16, True, sender=trader)


@pytest.mark.parametrize("name", ["hyperliquid", "defx"])
def test_presets_that_know_both_modes(name):
    from nacre.presets import preset

    assert isinstance(preset(name), MarketConfig)
    assert preset(name).cross_margin
