"""venue_accrue, venue_provide, venue_absorb: for the market's own venue, nobody else, not even another market's.

What a real venue does with them: tests/unit/oyster_amm. Here the venue is a mere account that says what it likes.
"""

import pytest
from support import spec
from support.exchange import ALL, FREE, PEOPLE, PRICE, BareHouse, bare_house
from support.spec import Pos

from nacre.units import RAY, WAD

MID = 101 * WAD


@pytest.fixture
def bare() -> BareHouse:
    return bare_house(tip="0.5", min_notional=3)


def hooks(market, who):
    yield "venue_accrue", market
    yield "venue_provide", market, who, WAD, MID
    yield "venue_absorb", market, who, who, (WAD, 10 * WAD, WAD, 100 * WAD, MID)


def books(bare):
    names = ("pot", "insurance_fund", "open_interest", "long_social_loss_index", "short_social_loss_index")
    people = [bare.chain.account(name) for name in PEOPLE]
    return (
        [bare.house.call(name, 0) for name in names],
        [(bare.house.call("free_collateral", who), bare.house.call("position", 0, who)) for who in people],
        bare.house.call("market_state", 0)[9:],
    )


def test_nobody_else(bare, trader, provider, owner, guardian):
    other = bare.chain.account("other venue")
    assert bare.list_market(other) == 1
    before = books(bare)
    for sender in (trader, provider, owner, guardian, bare.engine, bare.config, other):
        for call in (*hooks(0, sender), *hooks(0, trader)):
            assert bare.send(sender, *call).reason == "not venue"
    for call in hooks(1, trader):
        assert bare.send(bare.venue, *call).reason == "not venue"
    assert books(bare) == before


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(bare, trader, market):
    for call in hooks(market, trader):
        assert bare.send(bare.venue, *call).reason == "unknown market"


def test_what_the_venue_learns(bare):
    def learned():
        return bare.send(bare.venue, "venue_accrue", 0).check().value

    seen = learned()
    assert (seen.mark_price, seen.funding_index, seen.imr_bps, seen.mmr_bps) == (PRICE, 0, 1000, 500)
    assert (seen.tip, seen.min_notional) == (WAD // 2, 3 * WAD)
    assert (seen.lp_factor, seen.lp_epoch, seen.tradable, seen.open) == (10**27, 0, True, True)
    with bare.chain.block():
        bare.oracle.transact("set_price", PRICE * 102 // 100, sender=bare.oracle.call("feeder")).check()
        seen = learned()
        assert (seen.mark_price, seen.tradable, seen.open) == (PRICE * 102 // 100, False, False)
    for status, is_open in ((1, True), (3, False), (5, False), (7, False)):
        bare.send(bare.config, "set_status", 0, status).check()
        assert (learned().tradable, learned().open) == (True, is_open)
    bare.chain.mine(3_601)
    assert bare.send(bare.venue, "venue_accrue", 0).reason == "stale price"


# ---- providing


def test_margin_comes_from_free_collateral(bare, provider):
    receipt = bare.send(bare.venue, "venue_provide", 0, provider, 7 * WAD, MID).check()
    state = bare.house.call("market_state", 0)
    assert bare.house.call("free_collateral", provider) == FREE - 7 * WAD
    assert (state.pot, state.lp_margin, state.mid_price) == (7 * WAD, 7 * WAD, MID)
    assert state.ranges == 1
    event = receipt.event("LiquidityChanged")
    assert (event.market, event.provider, event.margin_delta) == (0, provider, 7 * WAD)
    assert (event.lp_margin, event.mid_price) == (7 * WAD, MID)


def test_a_venue_can_take_no_more_than_its_provider_has(bare, provider):
    """However wrong a venue is, free collateral is never negative."""
    for margin in (FREE + 1, 2**104, 2**120, 2**127):
        assert bare.send(bare.venue, "venue_provide", 0, provider, margin, MID).reason == "insufficient collateral"
    bare.send(bare.venue, "venue_provide", 0, provider, FREE, MID).check()
    assert bare.house.call("free_collateral", provider) == 0


def test_a_mid_that_moved_without_margin(bare, provider):
    bare.send(bare.venue, "venue_provide", 0, provider, 0, MID).check()
    state = bare.house.call("market_state", 0)
    assert (state.mid_price, state.pot, state.lp_margin) == (MID, 0, 0)
    assert bare.house.call("free_collateral", provider) == FREE


# ---- removing


@pytest.fixture
def provided(bare, provider):
    bare.send(bare.venue, "venue_provide", 0, provider, 1_000 * WAD, MID).check()
    return bare


def absorb(bare, provider, remover, margin, balance, size=0, notional=0):
    return bare.send(bare.venue, "venue_absorb", 0, provider, remover, (margin, balance, size, notional, PRICE))


def position(bare, who):
    record = bare.house.call("position", 0, who)
    return Pos(record.size, record.balance, record.entry_notional)


def test_a_range_without_inventory_is_paid_out(provided, provider):
    receipt = absorb(provided, provider, provider, 1_000 * WAD, 999 * WAD)
    assert receipt.value == 0
    state = provided.house.call("market_state", 0)
    assert (state.pot, state.lp_margin, state.mid_price) == (WAD, 0, PRICE)
    assert provided.house.call("free_collateral", provider) == FREE - WAD
    assert position(provided, provider) == Pos()
    event = receipt.event("LiquidityChanged")
    assert (event.margin_delta, event.lp_margin, event.mid_price) == (-1_000 * WAD, 0, PRICE)


@pytest.mark.parametrize("size", [3 * WAD, -3 * WAD])
def test_inventory_becomes_a_position(provided, provider, size):
    absorb(provided, provider, provider, 1_000 * WAD, 600 * WAD, size, 310 * WAD).check()
    assert position(provided, provider) == Pos(size, 600 * WAD, 310 * WAD)
    state = provided.house.call("market_state", 0)
    assert (state.total_long, state.total_short) == (max(size, 0), max(-size, 0))
    assert (state.holders_long, state.holders_short, state.pot) == (int(size > 0), int(size < 0), 1_000 * WAD)


def test_inventory_meets_the_position_that_is_there(provided, provider):
    absorb(provided, provider, provider, 400 * WAD, 300 * WAD, 3 * WAD, 290 * WAD).check()
    receipt = absorb(provided, provider, provider, 400 * WAD, 310 * WAD, -5 * WAD, 520 * WAD)
    expected = spec.combine(Pos(-5 * WAD, 310 * WAD, 520 * WAD), Pos(3 * WAD, 300 * WAD, 290 * WAD))
    assert position(provided, provider) == expected
    changed = receipt.event("PositionChanged")
    assert (changed.size, changed.balance, changed.entry_notional) == expected


@pytest.mark.parametrize(
    ("equity", "tip"), [(10 * WAD, WAD // 2), (5 * WAD, WAD // 2), (5 * WAD - 1, WAD // 2 - 1), (19, 1), (9, 0), (0, 0)]
)
def test_who_removes_a_range_of_somebody_else_gets_a_tip(provided, provider, keeper, equity, tip):
    """At most a tenth of what it is worth, so that the position it leaves has a margin of its own."""
    receipt = absorb(provided, provider, keeper, 1_000 * WAD, equity)
    assert receipt.value == tip
    assert provided.house.call("free_collateral", keeper) == FREE + tip
    assert provided.house.call("free_collateral", provider) == FREE - 1_000 * WAD + equity - tip
    assert provided.house.call("pot", 0) == 1_000 * WAD - equity


def test_the_tip_of_a_range_with_inventory_comes_off_its_balance(provided, provider, keeper):
    """Equity is what it is worth at mark: 600 + 3 x 100 - 310."""
    assert absorb(provided, provider, keeper, 1_000 * WAD, 600 * WAD, 3 * WAD, 310 * WAD).value == WAD // 2
    assert position(provided, provider) == Pos(3 * WAD, 600 * WAD - WAD // 2, 310 * WAD)


@pytest.mark.parametrize("side", [1, -1])
def test_a_bankrupt_range_passes_the_waterfall(provided, provider, trader, keeper, outsider, side):
    """A deficit of 50, of which 20 are insured: the accounts opposite, 3 units without a venue beside them, pay 30."""
    provided.house.transact("donate_insurance", 0, 20 * WAD, sender=outsider).check()
    absorb(provided, trader, trader, 0, 500 * WAD, -side * 3 * WAD, 300 * WAD).check()
    # 3 units worth 300 at mark, at a price that leaves 50 missing
    receipt = absorb(provided, provider, keeper, 1_000 * WAD, 40 * WAD, side * 3 * WAD, (300 + side * 90) * WAD)
    assert receipt.value == 0
    assert spec.equity(position(provided, provider), PRICE) == 0
    bound = spec.ceil(50 * WAD * RAY, 3 * WAD)
    expected = spec.absorb(50 * WAD, bound, 20 * WAD, 3 * WAD, 3 * WAD, 0)
    state = provided.house.call("market_state", 0)
    index = state.short_social_loss_index if side > 0 else state.long_social_loss_index
    assert index == expected.index_rise == 10 * RAY
    assert state.insurance_fund == 0
    event = receipt.event("DeficitAbsorbed")
    assert (event.size, event.deficit, event.from_insurance) == (side * 3 * WAD, 50 * WAD, 20 * WAD)


@pytest.mark.parametrize("odd", [0, 1])
def test_a_deficit_without_a_side_is_shared_by_both(provided, provider, trader, counterparty, odd):
    """The long side pays the smaller half."""
    absorb(provided, trader, trader, 0, 500 * WAD, 3 * WAD, 300 * WAD).check()
    absorb(provided, counterparty, counterparty, 0, 500 * WAD, -2 * WAD, 200 * WAD).check()
    deficit = 60 * WAD + odd
    receipt = absorb(provided, provider, provider, 0, -deficit)
    half = deficit // 2
    # 3 long against 2 short and 1 of a venue that has 1,000 of margin
    bound = PRICE * 10**9  # what a unit is worth
    longs = spec.absorb(half, bound, 0, 3 * WAD, 3 * WAD, 1_000 * WAD)
    shorts = spec.absorb(deficit - half, bound, 0, 2 * WAD, 3 * WAD, 1_000 * WAD)
    assert longs.from_providers == 0 < shorts.from_providers
    state = provided.house.call("market_state", 0)
    assert (state.long_social_loss_index, state.short_social_loss_index) == (longs.index_rise, shorts.index_rise)
    assert state.lp_margin == 1_000 * WAD - shorts.from_providers
    assert state.unallocated_loss == longs.unallocated + shorts.unallocated
    assert receipt.event("DeficitAbsorbed").size == 0
    assert provided.house.call("position", 0, provider).size == 0


def test_a_deficit_without_a_side_costs_nobody_more_than_a_unit_is_worth(provided, provider, trader, counterparty):
    absorb(provided, trader, trader, 0, 500 * WAD, WAD // 10, 10 * WAD).check()
    absorb(provided, counterparty, counterparty, 0, 500 * WAD, -WAD // 10, 10 * WAD).check()
    receipt = absorb(provided, provider, provider, 0, -60 * WAD)
    event = receipt.event("DeficitAbsorbed")
    assert event.long_social_loss_index == event.short_social_loss_index == PRICE * 10**9
    assert event.unallocated_loss == 60 * WAD - 2 * 10 * WAD


def test_without_any_open_interest_a_deficit_has_no_payer(provided, provider):
    receipt = absorb(provided, provider, provider, 1_000 * WAD, -5 * WAD)
    event = receipt.event("DeficitAbsorbed")
    assert (event.deficit, event.from_insurance, event.unallocated_loss) == (5 * WAD, 0, 5 * WAD)
    assert provided.house.call("market_state", 0).unallocated_loss == 5 * WAD


def test_a_range_against_the_own_failing_position(provided, provider, keeper):
    """Flat together and something missing: the provider itself is refused, anybody else has it absorbed."""
    absorb(provided, provider, provider, 400 * WAD, 10 * WAD, 3 * WAD, 310 * WAD).check()
    provided.oracle.transact("set_price", 97 * WAD, sender=provided.oracle.call("feeder")).check()
    assert spec.equity(position(provided, provider), 97 * WAD) == -9 * WAD
    # worth 5 itself; together 10 + 5 + 291 - 310
    closing = (400 * WAD, 5 * WAD, -3 * WAD, 291 * WAD)
    assert absorb(provided, provider, provider, *closing).reason == "close leaves a deficit"
    receipt = absorb(provided, provider, keeper, *closing)
    assert receipt.value == WAD // 2
    event = receipt.event("DeficitAbsorbed")
    assert (event.size, event.deficit) == (3 * WAD, 4 * WAD + WAD // 2)
    assert position(provided, provider) == Pos()
    assert provided.house.call("free_collateral", keeper) == FREE + WAD // 2
