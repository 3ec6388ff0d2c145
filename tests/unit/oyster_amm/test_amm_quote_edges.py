"""A quote for nothing where no liquidity is in range: it is a sale, looks below, and says that there is no mid."""

import pytest
from support.exchange import LIQUIDITY, WIDE, new_exchange, reason_of

from nacre.units import WAD

NARROW = (45_900, 46_200)


@pytest.fixture
def empty_in_range():
    """The venue went that far out of a narrow range, by a wide one that was removed then."""

    def made(size, price):
        exchange = new_exchange(max_deviation_bps=10_000)
        provider, outsider, keeper = (exchange.people[name] for name in ("provider", "outsider", "keeper"))
        exchange.provide(keeper, 100 * WAD, *NARROW)
        exchange.system.fund(outsider, LIQUIDITY)
        exchange.trade(outsider, size * WAD, 50_000 * WAD)
        exchange.push(price * WAD)
        assert exchange.venue.call("quote", 0) == (0, exchange.venue.call("mid_price"))
        exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
        assert exchange.venue.call("mid_price") == 0
        return exchange

    return made


def test_nothing_costs_nothing(empty_in_range):
    exchange = empty_in_range(250, 120)
    assert exchange.venue.call("quote", 0) == (0, 0)


def test_nobody_would_buy(empty_in_range):
    exchange = empty_in_range(-300, 85)
    assert reason_of(exchange.venue, "quote", 0) == "no liquidity"
