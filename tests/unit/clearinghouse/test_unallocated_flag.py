"""The bit that says that losses without a payer are there: gone with the last wei of them, and no other bit with it."""

import pytest
from support.exchange import PRICE, BareHouse, bare_house

from nacre.artifacts import load
from nacre.units import WAD

HAS_UNALLOCATED = 16
REDUCE_ONLY = 2
LOSS = 5 * WAD


def flags(bare: BareHouse) -> int:
    """The lowest eight bits of the word with the money of market 0."""
    slot = load("Clearinghouse").layout["storage_layout"]["markets"]["money"]["slot"]
    return bare.chain.storage(bare.house.address, slot) % 256


@pytest.mark.parametrize("first", [LOSS, LOSS - 1, 1, LOSS + 1])
def test_the_last_wei_clears_it(provider, keeper, first):
    bare = bare_house()
    bare.send(bare.config, "set_status", 0, 1 | REDUCE_ONLY).check()
    bare.send(bare.venue, "venue_provide", 0, provider, 10 * WAD, PRICE).check()
    before = flags(bare)
    assert before & REDUCE_ONLY
    assert not before & HAS_UNALLOCATED
    # a range that lost more than its margin, and nobody stands opposite
    lost = (10 * WAD, -LOSS, 0, 0, PRICE)
    bare.send(bare.venue, "venue_absorb", 0, provider, provider, lost).check()
    assert flags(bare) == before | HAS_UNALLOCATED
    for donated, left in ((first, max(LOSS - first, 0)), (LOSS, 0)):
        receipt = bare.send(keeper, "donate_insurance", 0, donated).check()
        assert receipt.event("InsuranceChanged").unallocated_loss == left
        assert flags(bare) == (before | HAS_UNALLOCATED if left else before)
    assert bare.house.call("insurance_fund", 0) == first
