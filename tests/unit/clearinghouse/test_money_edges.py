"""Money at its edges, by a venue that says what it likes: a loss borne to the last wei, a range that leaves nothing."""

import pytest
from support.exchange import FREE, PRICE, BareHouse, bare_house
from support.spec import Pos

from nacre.units import WAD


@pytest.fixture
def bare() -> BareHouse:
    return bare_house(cross_margin=True)


def hand_out(bare, who, margin, balance, size=0, notional=0, remover=None):
    return bare.send(bare.venue, "venue_absorb", 0, who, remover or who, (margin, balance, size, notional, PRICE))


@pytest.mark.parametrize("more", [0, 1, 3 * WAD])
def test_claims_bear_a_loss_without_a_payer_to_the_last_wei(bare, trader, provider, keeper, more):
    """A range lost more than its margin, nobody stood opposite: who claims the market's profit gives as much up. A loss
    that is larger than that stays; once all of it is borne, new money is the fund's."""
    house = bare.house
    bare.send(bare.venue, "venue_provide", 0, provider, 1_000 * WAD, PRICE).check()
    hand_out(bare, provider, 1_000 * WAD, -5 * WAD - more).check()
    hand_out(bare, trader, 0, 1_005 * WAD, WAD, 100 * WAD).check()
    assert house.call("market_state", 0).unallocated_loss == 5 * WAD + more
    bare.send(bare.config, "settle_market", 0, PRICE).check()
    bare.send(keeper, "settle_account", 0, trader).check()
    assert house.call("owed", 0, trader) == 1_005 * WAD
    receipt = bare.send(keeper, "claim", 0, trader).check()
    borne = receipt.event("LossBorne")
    assert (borne.account, borne.loss, borne.unallocated_loss) == (trader, 5 * WAD, more)
    assert house.call("free_collateral", trader) == FREE + 1_000 * WAD
    assert house.call("market_state", 0).unallocated_loss == more
    receipt = bare.send(keeper, "donate_insurance", 0, 4 * WAD).check()
    told = receipt.event("InsuranceChanged")
    assert (told.insurance_fund, told.unallocated_loss) == (4 * WAD - more, 0)


@pytest.mark.parametrize("free", [100, 5, 4, 0])
def test_a_cross_provider_pays_what_its_range_and_its_position_lack(bare, provider, keeper, free):
    """Flat together and 5 missing: free collateral first, the waterfall what that does not have; nothing can be refused
    that somebody else removes."""
    house = bare.house
    bare.send(provider, "set_margin_mode", 0, True).check()
    bare.send(provider, "withdraw", house.call("free_collateral", provider) - free * WAD).check()
    hand_out(bare, provider, 0, 20 * WAD, 2 * WAD, 200 * WAD).check()
    bare.oracle.transact("set_price", 85 * WAD, sender=bare.oracle.call("feeder")).check()
    assert house.call("cross_markets", provider)[1] == 1
    closing = (0, 5 * WAD, -2 * WAD, 170 * WAD)
    if free < 5:
        assert hand_out(bare, provider, *closing).reason == "close leaves a deficit"
    receipt = hand_out(bare, provider, *closing, remover=keeper).check()
    assert house.call("free_collateral", provider) == max(free - 5, 0) * WAD
    assert house.call("cross_markets", provider)[1] == 0
    record = house.call("position", 0, provider)
    assert Pos(record.size, record.balance, record.entry_notional) == Pos()
    deficits = [event.deficit for event in receipt.events("DeficitAbsorbed")]
    assert deficits == ([(5 - free) * WAD] if free < 5 else [])
