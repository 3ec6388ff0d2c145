"""venue_accrue, venue_provide and venue_absorb at their edges: equity of exactly nothing, a single wei, a cross account
whose free collateral just pays, and what a market that settles counts as a range."""

from contextlib import ExitStack
from functools import lru_cache

import pytest
from support import spec
from support.exchange import FREE, PRICE, BareHouse, bare_house
from support.spec import Pos

from nacre.chain import restored
from nacre.units import RAY, WAD

MID = 101 * WAD
MARGIN = 1_000 * WAD


@lru_cache
def shared(**fields) -> BareHouse:
    """Two markets at 100 with one venue between them."""
    house = bare_house(**fields)
    house.list_market(house.venue, **fields)
    return house


@pytest.fixture
def opened():
    """Deployed once for the same parameters; undone after the test."""
    with ExitStack() as stack:

        def opened_with(**fields) -> BareHouse:
            house = shared(**fields)
            stack.enter_context(restored(house.chain))
            return house

        yield opened_with


@pytest.fixture
def bare(opened) -> BareHouse:
    return opened()


def provide(bare, who, margin, market=0):
    return bare.send(bare.venue, "venue_provide", market, who, margin, MID).check()


def absorb(bare, who, remover, margin=0, balance=0, size=0, notional=0, market=0):
    return bare.send(bare.venue, "venue_absorb", market, who, remover, (margin, balance, size, notional, PRICE))


def position(bare, who, market=0) -> Pos:
    record = bare.house.call("position", market, who)
    return Pos(record.size, record.balance, record.entry_notional)


# ---- what is told


def test_the_venue_learns_of_a_new_epoch(bare, trader, provider, counterparty):
    """The venue alone stands against a long of 3; a deficit of 2,000 takes the 1,000 that all ranges have."""
    absorb(bare, trader, trader, 0, 500 * WAD, 3 * WAD, 300 * WAD).check()
    provide(bare, provider, MARGIN)
    absorb(bare, counterparty, counterparty, 0, -2_000 * WAD, WAD, 100 * WAD).check()
    seen = bare.send(bare.venue, "venue_accrue", 0).check().value
    expected = spec.Ranges(MARGIN, RAY, 0).charged(MARGIN)
    assert (seen.lp_factor, seen.lp_epoch) == (expected.factor, expected.epoch) == (RAY, 3)


def test_what_is_left_of_all_margin_is_reported(bare, provider):
    provide(bare, provider, MARGIN)
    event = absorb(bare, provider, provider, 400 * WAD, 399 * WAD).check().event("LiquidityChanged")
    assert (event.margin_delta, event.lp_margin) == (-400 * WAD, 600 * WAD)


# ---- nothing and a wei


@pytest.mark.parametrize(("balance", "size", "notional"), [(0, 0, 0), (10 * WAD, 3 * WAD, 310 * WAD)])
@pytest.mark.parametrize("lacking", [0, 1])
@pytest.mark.parametrize("adl_price", ["bankruptcy", "previous_mark"])
def test_a_range_worth_exactly_nothing_is_no_deficit(
    opened, provider, keeper, balance, size, notional, lacking, adl_price
):
    """A wei less is one, noted with its time where deleveraging may go by an earlier mark, and only there."""
    bare = opened(loss="adl", adl_price=adl_price, min_notional=3)
    receipt = absorb(bare, provider, keeper, 0, balance - lacking, size, notional).check()
    assert [event.deficit for event in receipt.events("DeficitAbsorbed")] == [lacking] * lacking
    noted = receipt.timestamp if lacking and adl_price == "previous_mark" else 0
    assert bare.house.call("made_good", 0, provider) == noted
    assert position(bare, provider) == Pos(size, balance if size else 0, notional)


@pytest.mark.parametrize("balance", [0, 1, 2])
def test_a_range_without_inventory_is_paid_out_to_the_wei(bare, provider, balance):
    provide(bare, provider, MARGIN)
    absorb(bare, provider, provider, MARGIN, balance).check()
    assert bare.house.call("free_collateral", provider) == FREE - MARGIN + balance


# ---- in a market that settles


def settled_after_one_of_two(bare, who, other, margin):
    """One range of 10 leaves a market that settles, for a claim of 9; something else was reported before, too."""
    provide(bare, who, 10 * WAD)
    provide(bare, other, margin)
    bare.send(bare.config, "settle_market", 0, PRICE).check()
    absorb(bare, who, who, 10 * WAD, 9 * WAD).check()


def test_a_range_of_one_wei_is_waited_for(bare, trader, provider):
    settled_after_one_of_two(bare, trader, provider, 1)
    assert bare.send(trader, "claim", 0, trader).reason == "market is settling"
    absorb(bare, provider, provider, 1, 1).check()
    for who in (trader, provider):
        bare.send(who, "claim", 0, who).check()
    assert bare.house.call("free_collateral", trader) == FREE - WAD
    assert bare.house.call("free_collateral", provider) == FREE


def test_a_mid_that_moved_is_not_waited_for(bare, trader, provider):
    settled_after_one_of_two(bare, trader, provider, 0)
    bare.send(trader, "claim", 0, trader).check()
    assert bare.house.call("free_collateral", trader) == FREE - WAD


# ---- cross accounts

# Long 3 bought for 310 with 10 beside them: closed for 270 that lacks 30.
LACKING = 30 * WAD


@pytest.fixture
def failing(opened, provider):
    """A cross account with that leg and so much free collateral, perhaps another leg, and what closes the first."""

    def failing_in(market: int, free: int, other: bool) -> tuple[BareHouse, tuple]:
        bare = opened(cross_margin=True)
        for number in (0, 1):
            bare.send(provider, "set_margin_mode", number, True).check()
        bare.send(provider, "withdraw", FREE - free).check()
        absorb(bare, provider, provider, 0, 10 * WAD, 3 * WAD, 310 * WAD, market).check()
        if other:
            absorb(bare, provider, provider, 0, 500 * WAD, WAD, 100 * WAD, 1 - market).check()
        bare.oracle.transact("set_price", 90 * WAD, sender=bare.oracle.call("feeder")).check()
        return bare, (0, 0, -3 * WAD, 270 * WAD, market)

    return failing_in


@pytest.mark.parametrize("market", [0, 1])
@pytest.mark.parametrize("other", [False, True])
@pytest.mark.parametrize("more", [0, 1])
def test_free_collateral_may_just_pay_for_a_closed_leg(failing, provider, market, other, more):
    bare, closing = failing(market, LACKING + more, other)
    pot = bare.house.call("pot", market)
    assert not absorb(bare, provider, provider, *closing).check().events("DeficitAbsorbed")
    assert position(bare, provider, market) == Pos()
    assert bare.house.call("free_collateral", provider) == more
    assert bare.house.call("pot", market) == pot + LACKING
    assert bare.house.call("cross_markets", provider)[1] == (1 << 1 - market if other else 0)


@pytest.mark.parametrize("market", [0, 1])
@pytest.mark.parametrize("remover", ["provider", "keeper"])
def test_what_it_lacks_is_for_the_other_legs_before_the_waterfall(failing, provider, keeper, market, remover):
    """Where there is another leg the range waits, whichever of the two markets that is in."""
    bare, closing = failing(market, LACKING - 1, True)
    who = keeper if remover == "keeper" else provider
    assert absorb(bare, provider, who, *closing).reason == "close leaves a deficit"


@pytest.mark.parametrize("market", [0, 1])
def test_without_other_legs_what_is_lacking_passes_the_waterfall(failing, provider, keeper, market):
    bare, closing = failing(market, LACKING - 1, False)
    assert absorb(bare, provider, provider, *closing).reason == "close leaves a deficit"
    event = absorb(bare, provider, keeper, *closing).check().event("DeficitAbsorbed")
    assert (event.market, event.size, event.deficit) == (market, 3 * WAD, 1)
    assert bare.house.call("free_collateral", provider) == 0
    assert position(bare, provider, market) == Pos()
    assert bare.house.call("cross_markets", provider)[1] == 0
