"""A venue without liquidity in range follows mark: OysterAmm.sync, and the same at the start of every other call."""

from fractions import Fraction
from math import ceil

import pytest
from venue_desk import Desk, open_desk
from venue_reference import sqrt_at, sqrt_of, tick_at

from nacre.units import Q96, WAD

CENTRE = 46_050


def strand(desk: Desk, edges: tuple[int, int], up: bool) -> None:
    """Leaves one range at `edges`, and the venue without liquidity in range above or below it."""
    provider, helper = desk.chain.account("provider"), desk.chain.account("helper")
    desk.add(provider, *edges, 10 * WAD).check()
    wide = (edges[0] - 3000, edges[1] + 3000)
    desk.add(helper, *wide, 1000 * WAD).check()
    size = 100 * WAD * WAD // desk.context.mark_price
    while edges[0] - 200 <= desk.tick < edges[1] + 200:
        desk.swap(size if up else -size).check()
    desk.remove(helper, *wide).check()
    assert desk.liquidity == 0


EDGES = (CENTRE - 500, CENTRE + 500)


@pytest.mark.parametrize("mark", [1, 99, 100, 5000])
def test_empty_venue_goes_to_mark(desk, keeper, mark):
    desk.set(mark_price=mark * WAD)
    receipt = desk.venue.transact("sync", sender=keeper).check()
    root = sqrt_of(mark * WAD)
    assert desk.state == (root, tick_at(root), 0)
    assert tuple(receipt.event("Drifted").args) == (root, 0, 0)
    assert (receipt.event("Provided").margin, receipt.event("Provided").mid_price) == (0, 0)


@pytest.mark.parametrize("mark", [10**12, 10**25])
def test_mark_at_the_bounds_of_prices(desk, mark):
    desk.set(mark_price=mark)
    desk.sync().check()
    assert desk.sqrt_price == sqrt_of(desk.context.mark_price)


def test_with_liquidity_nothing_moves(desk, wide):
    before = desk.state
    desk.set(mark_price=120 * WAD)
    receipt = desk.sync().check()
    assert desk.state == before
    assert not receipt.logs


@pytest.mark.parametrize("up", [True, False])
def test_drift_stops_at_the_first_edge_and_brings_its_liquidity_in(desk, up):
    strand(desk, EDGES, up)
    edge = EDGES[1] if up else EDGES[0]
    receipt = desk.sync().check()
    assert desk.sqrt_price == sqrt_at(edge)
    assert desk.tick == (edge - 1 if up else edge)
    assert desk.liquidity > 0
    event = receipt.event("Drifted")
    assert event.liquidity_in_range == desk.liquidity
    assert event.mid_price == desk.venue.call("mid_price") == receipt.event("Provided").mid_price > 0
    assert desk.venue.call("range_of", desk.chain.account("provider"), *EDGES).in_range


@pytest.mark.parametrize("up", [True, False])
def test_drift_goes_no_further_than_mark(desk, up):
    strand(desk, EDGES, up)
    mark = (108 if up else 92) * WAD
    desk.set(mark_price=mark)
    desk.sync().check()
    assert desk.state == (sqrt_of(mark), tick_at(sqrt_of(mark)), 0)
    # Away from the range as well.
    mark = (150 if up else 60) * WAD
    desk.set(mark_price=mark)
    desk.sync().check()
    assert desk.state == (sqrt_of(mark), tick_at(sqrt_of(mark)), 0)


@pytest.mark.parametrize("up", [True, False])
@pytest.mark.parametrize("size", [WAD // 10, -WAD // 10])
def test_trade_starts_where_the_drift_ends(desk, up, size):
    strand(desk, EDGES, up)
    outward = (size > 0) == up
    quoted = None if outward else desk.quote(size, 10)
    with_sync = desk.chain.snapshot()
    desk.sync().check()
    synced = desk.swap(size, 10)
    after = desk.state
    desk.chain.revert(with_sync)
    result = desk.swap(size, 10)
    if outward:
        assert result.reason == synced.reason == "no liquidity"
    else:
        assert result.check().value == synced.check().value == quoted
        assert desk.state == after


@pytest.mark.parametrize("up", [True, False])
def test_growth_survives_the_drift(desk, up):
    """Fees and funding of a stranded range do not change while the price wanders outside and comes back to its edge."""
    provider = desk.chain.account("provider")
    strand(desk, EDGES, up)
    held = desk.range_of(provider, *EDGES)
    desk.set(mark_price=(150 if up else 60) * WAD)
    desk.sync().check()
    assert desk.range_of(provider, *EDGES)[:8] == held[:8]
    desk.set(mark_price=100 * WAD)
    desk.sync().check()
    again = desk.range_of(provider, *EDGES)
    assert again[:8] == held[:8]
    assert again.in_range


@pytest.mark.parametrize("up", [True, False])
def test_adding_where_the_drift_ends_too_far_from_mark(desk, second, up):
    strand(desk, (CENTRE - 500, CENTRE + 500), up)
    desk.set(mark_price=(80 if up else 120) * WAD)
    # It stops at the edge, 20 % from mark.
    assert desk.add(second, CENTRE - 4000, CENTRE + 4000, WAD).reason == "venue too far from mark"
    desk.set(mark_price=100 * WAD)
    edge = EDGES[1] if up else EDGES[0]
    desk.set(mark_price=int((sqrt_at(edge) ** 2 * WAD) >> 192) + (-WAD if up else WAD))
    assert desk.add(second, CENTRE - 4000, CENTRE + 4000, WAD).ok


@pytest.mark.parametrize("up", [True, False])
def test_removal_drifts_first_and_the_view_knows(desk, keeper, up):
    provider = desk.chain.account("provider")
    strand(desk, EDGES, up)
    # At mark 100 the drift brings the range back into range: nobody else may remove it.
    assert desk.venue.call("range_health", provider, *EDGES)[2:] == (True, False)
    assert desk.remove(keeper, *EDGES, provider).reason == "range is healthy"
    desk.set(mark_price=(108 if up else 92) * WAD)
    assert desk.venue.call("range_health", provider, *EDGES)[2:] == (False, True)
    assert desk.remove(keeper, *EDGES, provider).ok


@pytest.mark.parametrize("mark", [WAD, 99 * WAD // 100])
def test_liquidity_right_below_the_price_comes_in(mark):
    """Mark is exactly the price of an upper edge: the drift crosses it."""
    desk = open_desk(WAD)
    provider, second = desk.chain.account("provider"), desk.chain.account("second")
    desk.set(mark_price=999 * WAD // 1000)
    desk.sync().check()
    depth = desk.add(provider, -50, 0, WAD).check().value
    desk.add(second, -50, 500, WAD).check()
    desk.swap(10 * WAD).check()
    desk.remove(second, -50, 500).check()
    desk.set(mark_price=WAD)
    desk.sync().check()
    # On its way down to 1, the edge 0 lies exactly at the target.
    assert desk.state == (sqrt_at(0), -1, depth)
    desk.set(mark_price=mark)
    assert desk.swap(-WAD // 100).ok


def just_below_an_edge() -> tuple[Desk, int]:
    """On the price of edge 0, having come down to it: a deep range ends there, another begins. And its liquidity."""
    desk = open_desk(WAD)
    low, high = desk.chain.account("low"), desk.chain.account("high")
    desk.set(mark_price=999 * WAD // 1000)
    desk.add(low, -50, 0, 10**9 * WAD).check()
    desk.add(desk.owner, -50, 100, WAD).check()
    depth = desk.liquidity
    to_edge = depth * (Fraction(Q96, desk.sqrt_price) - 1)
    desk.swap(ceil(to_edge) + WAD // 1000).check()
    assert 0 <= desk.tick < 50
    above = desk.add(high, 0, 100, WAD).check().value
    desk.remove(desk.owner, -50, 100).check()
    desk.swap(-ceil(above * (1 - Fraction(Q96, desk.sqrt_price)))).check()
    assert desk.state == (Q96, 0, above)
    return desk, above


def test_sale_too_small_to_move_the_price_stays_below_the_edge():
    desk, above = just_below_an_edge()
    desk.swap(-1).check()
    below = desk.range_of(desk.chain.account("low"), -50, 0).liquidity
    assert below > 2**97
    assert desk.state == (Q96, -1, below)
    desk.swap(-1).check()
    assert desk.state == (Q96, -1, below)
    # The first wei to buy belongs to the range above.
    desk.swap(1000).check()
    assert desk.state[1:] == (0, above)


def test_standing_at_mark_crosses_nothing():
    desk, above = just_below_an_edge()
    desk.swap(-1).check()
    desk.remove(desk.chain.account("low"), -50, 0).check()
    assert desk.state == (Q96, -1, 0)
    desk.set(mark_price=WAD)
    desk.sync().check()
    assert desk.state == (Q96, -1, 0)
    desk.swap(1000).check()
    assert desk.state[1:] == (0, above)
    desk.remove(desk.chain.account("high"), 0, 100).check()
    assert desk.liquidity == 0
