"""Where the limits of a swap and of a removal lie: on the wei that equality is."""

import pytest
from venue_desk import WIDE, Desk, open_desk

from nacre.units import RAY, WAD

FEES = 30 << 85 | 20 << 74
PENALTY = 20 << 160  # d: 0.002 of the notional, however far


def marks_at(mid: int, side: int, bps: int) -> tuple[int, int]:
    """The mark from which a mid, above it or below, is just that far, and the nearest one from which it is further."""
    if side > 0:
        mark = -(-mid * 10_000 // (10_000 + bps))
        return mark, mark - 1
    mark = mid * (10_000 + bps) // 10_000
    return mark, mark + 1


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("mmr_bps", [200, 300, 500])
def test_deviation_limit_is_exact(desk, wide, side, mmr_bps):
    """Whether maintenance margin is below the limit, at it, or above."""
    word, size = 300 << 60, side * 20 * WAD
    at, beyond = marks_at(desk.quote(size).mid_after, side, 300)
    desk.set(mark_price=beyond, mmr_bps=mmr_bps)
    assert desk.swap(size, trading_word=word).reason == "venue too far from mark"
    desk.set(mark_price=at)
    assert desk.swap(size, trading_word=word).ok


@pytest.mark.parametrize("side", [1, -1])
@pytest.mark.parametrize("band_bps", [0, 9_999])
@pytest.mark.parametrize("limit_bps", [200, 400])
def test_penalty_begins_beyond_maintenance(desk, wide, side, band_bps, limit_bps):
    """A force close has its band in place of the deviation limit."""
    desk.set_penalty(PENALTY)
    word, size = FEES | (limit_bps if band_bps else 400) << 60, side * 20 * WAD
    at, beyond = marks_at(desk.quote(size).mid_after, side, 300)
    terms = {"trading_word": word, "band_bps": band_bps, "mmr_bps": 300}
    desk.set(mark_price=at)
    assert desk.quote(size, **terms).penalty == 0
    desk.set(mark_price=beyond)
    got = desk.quote(size, **terms)
    assert got.penalty == -(-got.notional * 20 // 10_000)


@pytest.mark.parametrize("side", [1, -1])
def test_trade_that_moves_no_mid_has_no_limit(desk, wide, side):
    """It leaves the venue no further than it was, however far that is."""
    desk.set_penalty(PENALTY)
    desk.swap(WAD).check()
    desk.set(mark_price=(50 if side > 0 else 200) * WAD)
    price, mid = desk.sqrt_price, desk.venue.call("mid_price")
    assert desk.swap(side, trading_word=FEES | 300 << 60).check().value.penalty == 0
    assert desk.sqrt_price != price
    assert desk.venue.call("mid_price") == mid


@pytest.mark.parametrize("side", [1, -1])
def test_price_limit_may_be_met(desk, wide, side):
    exact = desk.quote(side * WAD).notional
    assert desk.swap(side * WAD, limit_price=exact - side).reason == "price limit"
    assert desk.swap(side * WAD, limit_price=exact).ok


@pytest.mark.parametrize(("side", "band_bps", "mark", "worth"), [(1, 2_500, 4, 5), (-1, 2_000, 5, 4)])
def test_band_may_be_met(desk, wide, side, band_bps, mark, worth):
    """A purchase for 5/4 of mark, a sale for 4/5."""
    while desk.quote(side * WAD).notional % worth:
        desk.swap(10**12).check()
    at_edge = desk.quote(side * WAD).notional * mark // worth
    desk.set(mark_price=at_edge - side)
    assert desk.swap(side * WAD, band_bps=band_bps, trading_word=0).reason == "venue too far"
    desk.set(mark_price=at_edge)
    assert desk.swap(side * WAD, band_bps=band_bps, trading_word=0).ok


BEYOND = {1: (46_350, 47_350), -1: (44_750, 45_750)}


def leave_alone(desk: Desk, provider: str, side: int) -> int:
    """Takes all liquidity at 100 away and leaves a range from 103 up, or from 97 down: the price where it begins."""
    desk.add(provider, *WIDE, 100_000 * WAD).check()
    desk.swap(side * 70 * WAD).check()
    desk.set(mark_price=desk.venue.call("mid_price"))
    desk.add(provider, *BEYOND[side], 1_000 * WAD).check()
    desk.swap(-side * 70 * WAD).check()
    desk.remove(provider, *WIDE).check()
    assert desk.liquidity == 0
    return round(1.0001 ** BEYOND[side][0 if side > 0 else 1] * 10**9) * 10**9


@pytest.mark.parametrize("side", [1, -1])
def test_deviation_counts_from_where_a_drift_to_mark_ends(desk, provider, side):
    """Without liquidity there, that is none: a trade leads away from it, though the venue stood further before."""
    edge = leave_alone(desk, provider, side)
    desk.set(mark_price=100 * WAD + (edge - 100 * WAD) * 2 // 3)
    trade = side * WAD // 1000
    assert 95 < abs(desk.quote(trade).mid_after - desk.context.mark_price) * 10_000 // desk.context.mark_price < 105
    assert desk.swap(trade, trading_word=90 << 60).reason == "venue too far from mark"
    assert desk.swap(trade, trading_word=110 << 60).ok


@pytest.mark.parametrize("side", [1, -1])
def test_deviation_counts_from_the_edge_a_drift_meets(desk, provider, side):
    """A trade begins there, 1 % from mark, and ends further on the other side; the venue had stood 4 % away."""
    edge = leave_alone(desk, provider, side)
    desk.set(mark_price=100 * WAD + (edge - 100 * WAD) * 4 // 3)
    mark, size = desk.context.mark_price, side * WAD
    while side * (desk.quote(size).mid_after - mark) * 10_000 < 150 * mark:
        size += side * WAD
    assert side * (desk.quote(size).mid_after - mark) * 10_000 < 300 * mark
    assert desk.swap(size, trading_word=120 << 60).reason == "venue too far from mark"
    assert desk.swap(size, trading_word=300 << 60).ok


@pytest.mark.parametrize("side", [1, -1])
def test_a_lower_edge_belongs_to_a_range_and_an_upper_does_not(keeper, side):
    """Mark at tick 0, where the square root of a price is exact; the venue beside it, further away than MMR."""
    desk = open_desk(WAD + side * WAD // 100)
    provider = desk.chain.account("provider")
    edges = (0, 1000) if side > 0 else (-1000, 0)
    desk.add(provider, *edges, WAD).check()
    desk.set(mark_price=WAD, mmr_bps=50, lp_factor=100 * RAY)
    idle = side < 0
    assert desk.venue.call("range_health", provider, *edges)[3] is idle
    assert desk.remove(keeper, *edges, provider).reason == ("" if idle else "range is healthy")
    if not idle:
        desk.set(mark_price=WAD - 10**9)
        assert desk.remove(keeper, *edges, provider).ok


def test_fees_inside_may_stand_below_zero_at_entry(desk, provider, second):
    """A new lower edge counts all fees so far as below it, an old upper edge some as above: more than there are."""
    low, middle, high = 45_000, 47_000, 49_000
    desk.add(provider, 40_000, middle, 100_000 * WAD).check()
    desk.add(second, 40_000, high, 100_000 * WAD).check()
    desk.swap(1_500 * WAD, 100).check()
    assert desk.tick >= middle
    desk.swap(-1_500 * WAD, 100).check()
    desk.set(mark_price=desk.venue.call("mid_price"))
    desk.add(provider, low, middle, 1_000 * WAD).check()
    new = desk.range_of(provider, low, middle)
    assert (new.margin, new.fees) == (1_000 * WAD, 0)
    liquidity = desk.liquidity
    fee = desk.swap(WAD, 100).check().value.lp_fee
    earned = desk.range_of(provider, low, middle)
    assert earned.margin == 1_000 * WAD
    assert fee * new.liquidity // liquidity - 1 <= earned.fees <= fee * new.liquidity // liquidity
