"""OysterAmm.add_liquidity: what a margin buys, what is told, and what is refused."""

from fractions import Fraction

import pytest
from venue_desk import MARKET, WIDE, open_desk
from venue_reference import sqrt_at, sqrt_of

from nacre.units import Q96, RAY, WAD

CENTRE = 46_050
NARROW = (CENTRE - 500, CENTRE + 500)


def test_liquidity_is_that_of_the_worked_example(desk, provider):
    receipt = desk.add(provider, *WIDE, 100_000 * WAD).check()
    depth = 43258823440822693312390
    assert receipt.value == depth
    assert desk.state == (10 * Q96, 46_054, depth)
    assert tuple(desk.venue.call("edge", WIDE[0])) == (depth, depth)
    assert tuple(desk.venue.call("edge", WIDE[1])) == (depth, -depth)
    assert tuple(desk.venue.call("edge", CENTRE)) == (0, 0)


def test_events_and_report_carry_the_state_after(desk, provider, second):
    first = desk.add(second, *WIDE, WAD).check().value
    receipt = desk.add(provider, *NARROW, 5 * WAD).check()
    event = receipt.event("RangeAdded")
    assert (event.provider, event.lower, event.upper, event.margin) == (provider, *NARROW, 5 * WAD)
    assert (event.liquidity, event.sqrt_price, event.mid_price) == (receipt.value, 10 * Q96, 100 * WAD)
    assert event.liquidity_in_range == first + receipt.value == desk.liquidity
    report = receipt.event("Provided")
    assert tuple(report.args) == (MARKET, provider, 5 * WAD, 100 * WAD)


def test_range_of_shows_what_was_added(desk, provider, second):
    desk.set(lp_epoch=7, lp_factor=RAY // 3)
    depth = desk.add(provider, *NARROW, 5 * WAD).check().value
    held = desk.range_of(provider, *NARROW)
    assert (held.liquidity, held.entry_sqrt_price, held.margin) == (depth, 10 * Q96, 5 * WAD)
    assert (held.balance, held.size, held.entry_notional, held.fees, held.funding) == (5 * WAD, 0, 0, 0, 0)
    assert (held.equity, held.in_range) == (5 * WAD, True)
    for who, lower, upper in ((second, *NARROW), (provider, NARROW[0], NARROW[1] + 50), (provider, *NARROW[::-1])):
        assert not any(desk.range_of(who, lower, upper))


@pytest.mark.parametrize("imr_bps", [50, 300, 1000, 5000])
@pytest.mark.parametrize("ticks", [(-50, 50), (-5000, 50), (-50, 5000), (-9000, 9000)])
def test_position_at_either_edge_meets_the_initial_margin(desk, provider, ticks, imr_bps):
    desk.set(imr_bps=imr_bps)
    lower, upper = CENTRE + ticks[0], CENTRE + ticks[1]
    margin = 1000 * WAD
    depth = desk.add(provider, lower, upper, margin).check().value
    start, spare = desk.sqrt_price, []
    for edge in (lower, upper):
        end = sqrt_at(edge)
        size = depth * (Fraction(Q96, end) - Fraction(Q96, start))
        cash = Fraction(depth * (end - start), Q96)
        price = Fraction(end * end, Q96 * Q96)
        spare.append(margin + size * price + cash - abs(size) * price * imr_bps / 10_000)
    assert 0 <= min(spare) < 10**9


@pytest.mark.parametrize(
    ("lower", "upper", "reason"),
    [
        (CENTRE + 25, CENTRE + 100, "bad ticks"),
        (CENTRE, CENTRE + 99, "bad ticks"),
        (CENTRE + 50, CENTRE, "bad ticks"),
        (CENTRE, CENTRE, "bad ticks"),
        (-230_350, CENTRE + 50, "bad ticks"),
        (CENTRE, 230_350, "bad ticks"),
        (-(2**255), CENTRE + 50, "bad ticks"),
        (CENTRE, 2**255 - 8, "bad ticks"),
        (CENTRE + 50, CENTRE + 100, "range not around price"),
        (CENTRE - 50, CENTRE, "range not around price"),
        (CENTRE, CENTRE + 50, ""),
        (-230_300, 230_300, ""),
    ],
)
def test_edges_are_checked(desk, provider, lower, upper, reason):
    assert desk.add(provider, lower, upper, 1000 * WAD).reason == reason


def test_margin_is_checked(desk, provider):
    assert desk.add(provider, *NARROW, 0).reason == "zero amount"
    assert desk.add(provider, *NARROW, 2**120).reason == "too much liquidity"
    assert desk.add(provider, *NARROW, 2**120 - 1).reason == "too much liquidity"
    assert desk.add(provider, *NARROW, 1).ok


def test_depth_has_a_least(desk, provider):
    """L * sqrt(100) * 5 % / 4, what half of MMR costs, must be worth the smallest trade."""
    depth = desk.add(provider, *WIDE, 1_000 * WAD).check().event("RangeAdded").liquidity * 10 * 500 // 40_000
    desk.remove(provider, *WIDE).check()
    desk.set(min_notional=depth + 1)
    assert desk.add(provider, *WIDE, 1_000 * WAD).reason == "range too small"
    desk.set(min_notional=depth)
    assert desk.add(provider, *WIDE, 1_000 * WAD).ok


def test_margin_has_a_least(desk, provider):
    desk.set(min_notional=5 * WAD)
    assert desk.add(provider, *NARROW, 5 * WAD - 1).reason == "range too small"
    assert desk.add(provider, *NARROW, 5 * WAD).ok


def test_too_small_a_range_is_refused():
    desk = open_desk(10_000_000 * WAD)
    provider = desk.chain.account("provider")
    assert desk.add(provider, -230_300, 230_300, 1).reason == "range too small"
    assert desk.add(provider, -230_300, 230_300, WAD).ok


def test_edges_hold_a_bounded_liquidity(desk, provider, second):
    most = (2**118 - 1) // 9_213
    fails, passes = 2**119, 1
    probe = desk.chain.snapshot()
    while fails - passes > 1:
        margin = (passes + fails) // 2
        ok = desk.add(provider, *NARROW, margin).ok
        desk.chain.revert(probe)
        probe = desk.chain.snapshot()
        passes, fails = (margin, fails) if ok else (passes, margin)
    assert desk.add(provider, *NARROW, fails).reason == "too much liquidity"
    depth = desk.add(provider, *NARROW, passes).check().value
    assert most - depth < 2**60
    # Nobody adds to an edge that is full, whether as lower or upper; others are free.
    assert desk.add(second, NARROW[0], NARROW[1] + 50, 10**12 * WAD).reason == "too much liquidity"
    assert desk.add(second, NARROW[0] - 50, NARROW[1], 10**12 * WAD).reason == "too much liquidity"
    assert desk.add(second, NARROW[0] - 50, NARROW[1] + 50, 10**12 * WAD).ok


def test_least_liquidity(desk, provider):
    snapshot = desk.chain.snapshot()
    depth = desk.add(provider, *NARROW, 5 * WAD).check().value
    desk.chain.revert(snapshot)
    assert desk.add(provider, *NARROW, 5 * WAD, depth + 1).reason == "too little liquidity"
    assert desk.add(provider, *NARROW, 5 * WAD, depth).ok


def test_deadline(desk, provider):
    now = desk.chain.timestamp
    assert desk.add(provider, *NARROW, WAD, 0, now).reason == "deadline passed"
    assert desk.add(provider, *NARROW, WAD, 0, now + 2).ok


def test_one_range_per_provider_and_edges(desk, provider, second):
    desk.add(provider, *NARROW, WAD).check()
    assert desk.add(provider, *NARROW, WAD).reason == "range exists"
    assert desk.add(second, *NARROW, WAD).ok
    assert desk.add(provider, NARROW[0], NARROW[1] + 50, WAD).ok
    desk.remove(provider, *NARROW).check()
    assert desk.add(provider, *NARROW, WAD).ok


def test_market_must_be_open(desk, provider):
    desk.set(open=False)
    assert desk.add(provider, *NARROW, WAD).reason == "market is reduce-only"
    desk.set(tradable=False)
    assert desk.add(provider, *NARROW, WAD).reason == "price just jumped"
    desk.set(open=True, tradable=True)
    assert desk.add(provider, *NARROW, WAD).ok


@pytest.mark.parametrize(("mark", "near"), [(105, True), (95.25, True), (105.1, False), (95.2, False)])
def test_venue_must_stand_near_mark(desk, provider, second, mark, near):
    desk.add(provider, *WIDE, 1000 * WAD).check()
    desk.set(mark_price=int(mark * WAD))
    assert desk.add(second, *NARROW, WAD).reason == ("" if near else "venue too far from mark")


def test_distance_from_mark_is_exact(desk, provider, second):
    desk.add(provider, *WIDE, 1000 * WAD).check()
    # 100 against a mark of 105: D is exactly 5 %.
    desk.set(mark_price=105 * WAD + 1)
    assert desk.add(second, *NARROW, WAD).reason == "venue too far from mark"
    desk.set(mark_price=105 * WAD)
    assert desk.add(second, *NARROW, WAD).ok


def test_distance_above_mark_is_exact(provider, second):
    desk = open_desk(105 * WAD)
    desk.add(provider, *WIDE, 1000 * WAD).check()
    desk.set(mark_price=100 * WAD - 1)
    assert desk.add(second, *WIDE, WAD).reason == "venue too far from mark"
    desk.set(mark_price=100 * WAD)
    assert desk.add(second, *WIDE, WAD).ok


@pytest.mark.parametrize("mark", [40, 99, 101, 250])
def test_empty_venue_moves_to_mark_first(desk, provider, mark):
    desk.set(mark_price=mark * WAD)
    tick = CENTRE // 50 * 50
    assert desk.add(provider, tick - 20_000, tick + 20_000, WAD).ok
    assert desk.sqrt_price == sqrt_of(mark * WAD)
    assert desk.venue.call("mid_price") == mark * WAD


def test_adding_on_an_edge_price(provider):
    """Where the price stands on the lower edge, the lower side asks nothing; the upper edge is outside."""
    desk = open_desk(WAD)
    assert desk.state[:2] == (Q96, 0)
    assert desk.add(provider, -50, 0, WAD).reason == "range not around price"
    depth = desk.add(provider, 0, 50, WAD).check().value
    high = sqrt_at(50)
    assert depth == ((WAD * Q96 // (high - Q96)) << 96) // (high - Q96 + -(-high // 10))


def test_failed_addition_changes_nothing(desk, provider):
    desk.add(provider, *WIDE, WAD).check()
    before = desk.state
    assert not desk.add(provider, *WIDE, WAD).ok
    assert desk.state == before
