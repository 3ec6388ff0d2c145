"""The factor of all ranges where its digits run out: at 1e-9 exactly it stands, a unit below a new epoch goes on."""

import pytest
from support.exchange import ALL, PRICE, bare_house, open_exchange

from nacre.artifacts import load
from nacre.units import RAY, WAD

MARGIN = 10**9 * WAD
BELOW = 50 * WAD


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
    house = bare.house
    token = bare.chain.contract(load("MockToken"), house.call("collateral"))
    for who in (provider, keeper):
        token.transact("mint", who, MARGIN, sender=who).check()
        token.transact("approve", house.address, MARGIN, sender=who).check()
        house.transact("deposit", MARGIN, sender=who).check()
    bare.send(bare.venue, "venue_provide", 0, provider, MARGIN, PRICE).check()

    # a long that loses 50 a unit, all that the ranges have but what is left
    loss = MARGIN - left
    size = -(-loss // 50)
    gift = (0, size * 50 - loss, size, 100 * size, PRICE)
    bare.send(bare.venue, "venue_absorb", 0, trader, trader, gift).check()
    bare.oracle.transact("set_price", BELOW, sender=bare.oracle.call("feeder")).check()
    policy = open_exchange().engine.call("policy", 0)
    receipt = bare.send(bare.engine, "take_over", 0, keeper, trader, ALL, MARGIN // 4, policy, 0).check()

    charged = receipt.event("ProvidersCharged")
    assert (charged.loss, charged.lp_margin) == (loss, left)
    assert (charged.lp_factor, charged.lp_epoch) == (factor, epoch)
    state = house.call("market_state", 0)
    assert (state.lp_margin, state.lp_factor, state.lp_epoch) == (left, factor, epoch)
