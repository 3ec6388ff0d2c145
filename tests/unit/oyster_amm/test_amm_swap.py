"""OysterAmm.swap and its quotes."""

from fractions import Fraction
from math import ceil, floor

import pytest
from venue_desk import MARKET, open_desk
from venue_reference import MAX_TICK, price_of, sqrt_at, tick_at

from nacre.artifacts import load
from nacre.chain import CallFailed, TransactionFailed
from nacre.units import MAX_UINT256, Q96, WAD


def test_worked_example_of_twenty_units(desk, wide):
    result = desk.swap(20 * WAD).check().value
    # docs: average 100.4645
    assert result.notional == 2009289617505451224048
    assert result.mid_after == desk.venue.call("mid_price") == 100931119175380062050
    back = desk.swap(-20 * WAD).check().value
    assert back.notional in (result.notional - 1, result.notional)
    assert desk.venue.call("mid_price") == 100 * WAD


def test_only_the_clearinghouse_swaps(desk, wide, keeper):
    assert desk.venue.transact("swap", desk.order(WAD), sender=keeper).reason == "not clearinghouse"
    assert desk.swap(WAD).ok


@pytest.mark.parametrize("size", [1, -1, WAD // 3, -WAD // 3, 500 * WAD, -500 * WAD])
def test_swap_is_exact_within_one_range_and_rounds_against_the_taker(desk, wide, size):
    start, tick, depth = desk.state
    result = desk.swap(size).check().value
    end, new_tick, _ = desk.state
    exact = Q96 / (Fraction(Q96, start) - Fraction(size, depth))
    assert end == ceil(exact)
    paid = Fraction(depth * abs(end - start), Q96)
    assert result.notional == (ceil(paid) if size > 0 else floor(paid))
    assert new_tick == tick_at(end)
    assert tick == tick_at(start)


@pytest.mark.parametrize("size", [7 * WAD, -7 * WAD, 800 * WAD, -800 * WAD])
@pytest.mark.parametrize(("fee_bps", "budget"), [(0, 10**40), (30, 10**40), (30, 0), (2047, 5 * WAD)])
def test_quote_and_swap_agree(desk, wide, size, fee_bps, budget):
    quoted = desk.quote(size, fee_bps, budget)
    notional, mid_after = desk.venue.call("quote", size)
    assert desk.swap(size, fee_bps, budget).check().value == quoted
    assert (notional, mid_after) == (quoted.notional, quoted.mid_after)


@pytest.mark.parametrize("side", [1, -1])
def test_fee_stops_at_the_budget(desk, wide, side):
    notional = desk.quote(side * 10 * WAD).notional
    full = ceil(Fraction(notional * 30, 10_000))
    for left, expected in ((-1, 0), (0, 0), (1, 1), (full - 1, full - 1), (full, full), (full + 1, full)):
        assert desk.quote(side * 10 * WAD, 30, left + side * notional).lp_fee == expected


def test_selling_takes_no_more_than_the_ranges_hold(desk, wide):
    edge, depth = sqrt_at(wide[0]), desk.liquidity
    most = ceil(depth * (Fraction(Q96, edge) - Fraction(Q96, desk.sqrt_price)))
    assert desk.swap(-(most + 1)).reason == "no liquidity"
    assert desk.swap(-most).ok
    # On the lower edge, which it has not crossed: there is liquidity in range still.
    assert desk.state == (edge, wide[0], depth)
    assert desk.swap(-1).reason == "no liquidity"
    assert desk.swap(1).ok


def test_buying_takes_no_more_than_the_ranges_hold(desk, wide):
    edge, depth = sqrt_at(wide[1]), desk.liquidity
    most = floor(depth * (Fraction(Q96, desk.sqrt_price) - Fraction(Q96, edge)))
    assert desk.swap(most + 1).reason == "no liquidity"
    assert desk.swap(most).ok
    # What is left of base is less than one wei.
    assert 0 <= edge - desk.sqrt_price <= Fraction(edge * edge, depth * Q96)
    assert desk.state[1:] == (wide[1] - 1, depth)
    assert desk.swap(2).reason == "no liquidity"
    assert desk.swap(-1).ok


@pytest.mark.parametrize("price", [WAD // 10**6, WAD, 10**7 * WAD])
@pytest.mark.parametrize("buy", [True, False])
def test_range_over_all_ticks_ends_at_the_last(price, buy):
    desk = open_desk(price)
    desk.add(desk.owner, -MAX_TICK, MAX_TICK, 10**6 * WAD).check()
    edge, depth = sqrt_at(MAX_TICK if buy else -MAX_TICK), desk.liquidity
    low, high = sorted((edge, desk.sqrt_price))
    there = depth * (Fraction(Q96, low) - Fraction(Q96, high))
    most = floor(there) if buy else -ceil(there)
    for size in (most + 1 if buy else most - 1, 2 * most, 10**6 * most):
        with pytest.raises(CallFailed, match="no liquidity"):
            desk.venue.call("quote", size)
    notional, mid = desk.venue.call("quote", most)
    assert notional > 0
    assert abs(mid - price_of(edge)) <= mid // 10**3


def test_no_range_no_trade(desk):
    for size in (1, -1):
        assert desk.swap(size).reason == "no liquidity"
        with pytest.raises(CallFailed, match="no liquidity"):
            desk.quote(size)


@pytest.mark.parametrize("size", [2**128, -(2**128), 2**255 - 1, -(2**255) + 1, -(2**255)])
def test_sizes_beyond_the_bounds_are_refused(desk, wide, size):
    assert desk.swap(size).reason == "size too large"


@pytest.mark.parametrize("size", [2**128 - 1, -(2**128) + 1])
def test_the_largest_size_is_walked(desk, wide, size):
    assert desk.swap(size).reason == "no liquidity"


def test_notional_beyond_its_bound_is_refused(provider):
    desk = open_desk(2**32 * WAD)
    desk.set(imr_bps=1)
    around = tick_at(desk.sqrt_price) // 50 * 50
    desk.add(provider, around - 400, around + 400, 2**109).check()
    for side in (1, -1):
        passes, fails = 0, side * 2**85
        while abs(fails - passes) > 1:
            size = (passes + fails) // 2
            passes, fails = (size, fails) if desk.swap_passes(size) else (passes, size)
        assert desk.swap(fails).reason == "size too large"
        assert 2**114 - 2**32 < desk.quote(passes).notional < 2**114


def test_initial_price_is_bounded(desk):
    artifact = load("OysterAmm")
    for price in (10**8 - 1, 10**28 + 1, 0, MAX_UINT256):
        with pytest.raises(TransactionFailed, match="price out of bounds"):
            desk.chain.deploy(artifact, desk.house.address, MARKET, price, sender=desk.owner)
    for price in (10**8, 10**28):
        venue = desk.chain.deploy(artifact, desk.house.address, MARKET, price, sender=desk.owner)
        assert venue.call("state")[1] == {10**8: -230_271, 10**28: 230_270}[price]
    with pytest.raises(TransactionFailed, match="zero address"):
        desk.chain.deploy(artifact, "0x" + "00" * 20, MARKET, WAD, sender=desk.owner)


def test_immutables(desk):
    assert desk.venue.call("CLEARINGHOUSE") == desk.house.address
    assert desk.venue.call("MARKET") == MARKET
    assert desk.venue.call("mid_price") == 0
    assert desk.state == (10 * Q96, 46_054, 0)
