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


@pytest.mark.parametrize("loss", [1, 2, 3])
def test_no_wei_of_a_loss_is_forgotten(provider, loss):
    """Half of it is each side's, the odd wei the shorts', and nobody is there."""
    bare = bare_house()
    receipt = bare.send(bare.venue, "venue_absorb", 0, provider, provider, (0, -loss, 0, 0, PRICE)).check()
    told = receipt.event("DeficitAbsorbed")
    assert (told.deficit, told.from_insurance, told.unallocated_loss) == (loss, 0, loss)
    assert (told.long_social_loss_index, told.short_social_loss_index) == (0, 0)
    state = bare.house.call("market_state", 0)
    assert (state.unallocated_loss, state.lp_margin, state.lp_epoch) == (loss, 0, 0)
    assert (state.long_social_loss_index, state.short_social_loss_index) == (0, 0)
    assert flags(bare) & HAS_UNALLOCATED
