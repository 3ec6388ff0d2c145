"""Margin that the policy lets the takeover choose, where it closes the liquidator's own position: what that lacks."""

import pytest
from support.exchange import ALL, PRICE, bare_house, open_exchange

from nacre.units import WAD

# lib/policy_word
AUTO_MARGIN = 1 << 15
OFFERED = 6 * WAD


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("lacking", [7, 6, 5, 0, -5])
def test_a_closed_position_takes_what_it_lacks(trader, keeper, side, lacking):
    """No more than was offered. The venue hands positions out that nobody paid for: profit is owed."""
    bare = bare_house()
    house, mark = bare.house, PRICE + side * 5 * WAD

    def hand_out(who, size, balance, price):
        gift = (0, balance, size, 2 * price, price)
        bare.send(bare.venue, "venue_absorb", 0, who, who, gift).check()

    # it loses ten
    hand_out(keeper, -side * 2 * WAD, (10 - lacking) * WAD, PRICE)
    bare.oracle.transact("set_price", mark, sender=bare.oracle.call("feeder")).check()
    # worth nothing: failing, not bankrupt
    hand_out(trader, side * 2 * WAD, 0, mark)
    policy = open_exchange().engine.call("policy", 0) | AUTO_MARGIN
    had = house.call("free_collateral", keeper)
    receipt = bare.send(bare.engine, "take_over", 0, keeper, trader, ALL, OFFERED, policy, 0)
    if lacking * WAD > OFFERED:
        assert receipt.reason == "close leaves a deficit"
        return
    taken = max(lacking, 0) * WAD
    event = receipt.check().event("Takeover")
    assert receipt.value == event.margin == taken
    assert (event.new_size, event.free_collateral) == (0, had - taken)
    assert house.call("free_collateral", keeper) == had - taken
    assert house.call("owed", 0, keeper) == max(-lacking, 0) * WAD
    assert house.call("position", 0, keeper).size == house.call("position", 0, trader).size == 0
