"""The factor of all ranges where its digits run out: at 1e-9 exactly it stands, a unit below a new epoch goes on."""

from typing import Any

import pytest
from support.exchange import ALL, PRICE, BareHouse, bare_house, open_exchange

from nacre.artifacts import load
from nacre.units import RAY, WAD

MARGIN = 10**9 * WAD
BELOW = 50 * WAD


def fund(bare: BareHouse, *people: str) -> None:
    """A billion more each."""
    token = bare.chain.contract(load("MockToken"), bare.house.call("collateral"))
    for who in people:
        token.transact("mint", who, MARGIN, sender=who).check()
        token.transact("approve", bare.house.address, MARGIN, sender=who).check()
        bare.house.transact("deposit", MARGIN, sender=who).check()


def charge(bare: BareHouse, who: str, keeper: str, loss: int) -> Any:
    """A long that nobody but the venue stands against loses 50 a unit, that much in all; what the ranges are told."""
    size = -(-loss // 50)
    gift = (0, size * 50 - loss, size, 100 * size, PRICE)
    bare.oracle.transact("set_price", PRICE, sender=bare.oracle.call("feeder")).check()
    bare.send(bare.venue, "venue_absorb", 0, who, who, gift).check()
    bare.oracle.transact("set_price", BELOW, sender=bare.oracle.call("feeder")).check()
    policy = open_exchange().engine.call("policy", 0)
    receipt = bare.send(bare.engine, "take_over", 0, keeper, who, ALL, MARGIN // 4, policy, 0).check()
    return receipt.event("ProvidersCharged")


@pytest.mark.parametrize(
    ("left", "factor", "epoch"),
    [
        (WAD, WAD, 0),
        (WAD - 1, (WAD - 1) * 10**9, 1),
        (10**9, WAD, 1),
        (10**9 - 1, (10**9 - 1) * WAD, 2),
        (1, WAD, 2),
        (0, RAY, 3),
    ],
)
def test_a_loss_leaves_of_a_billion(trader, keeper, provider, left, factor, epoch):
    bare = bare_house()
    fund(bare, provider, keeper)
    bare.send(bare.venue, "venue_provide", 0, provider, MARGIN, PRICE).check()
    charged = charge(bare, trader, keeper, MARGIN - left)
    assert (charged.loss, charged.lp_margin) == (MARGIN - left, left)
    assert (charged.lp_factor, charged.lp_epoch) == (factor, epoch)
    state = bare.house.call("market_state", 0)
    assert (state.lp_margin, state.lp_factor, state.lp_epoch) == (left, factor, epoch)


def test_a_later_epoch_goes_on_from_where_it_is(trader, keeper, provider):
    """Two epochs end at once; half of the rest is lost in the third, which stands."""
    bare = bare_house()
    house = bare.house
    fund(bare, provider, keeper)
    bare.send(bare.venue, "venue_provide", 0, provider, MARGIN, PRICE).check()
    assert charge(bare, trader, keeper, MARGIN - 10**6).lp_epoch == 2
    bare.send(bare.venue, "venue_provide", 0, provider, 10**6, PRICE).check()
    state = house.call("market_state", 0)
    assert (state.lp_margin, state.lp_factor, state.lp_epoch) == (2 * 10**6, 10**6 * WAD, 2)
    charged = charge(bare, trader, keeper, 10**6)
    assert (charged.lp_margin, charged.lp_factor, charged.lp_epoch) == (10**6, 10**6 * WAD // 2, 2)
