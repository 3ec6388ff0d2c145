"""Trades that cross ticks: which liquidity serves them, where they end, who earns the fee, how far they may go."""

from collections.abc import Iterator
from fractions import Fraction

import pytest
from venue_desk import WIDE, Desk, open_desk
from venue_reference import SPACING, Books, Held, sqrt_at

from nacre.chain import restored
from nacre.units import Q96, RAY, WAD

CENTRE = 46_050  # the multiple of 50 below tick 46054


def add(desk: Desk, books: Books, who: str, lower: int, upper: int, margin: int) -> Held:
    receipt = desk.add(who, lower, upper, margin).check()
    held = Held(lower, upper, receipt.value, desk.sqrt_price, margin)
    books.ranges[who, lower, upper] = held
    return held


@pytest.fixture
def ladder(desk, provider) -> Books:
    """Five ranges inside each other."""
    books = Books()
    for step in (1, 3, 8, 30, 200):
        add(desk, books, provider, CENTRE - SPACING * step, CENTRE + SPACING * (step + 1), 1000 * WAD)
    return books


@pytest.mark.parametrize("size", [205 * WAD, -205 * WAD, 215 * WAD, -215 * WAD])
def test_walk_through_all_ranges_ends_where_fractions_say(desk, ladder, size):
    start = desk.sqrt_price
    end, notional = ladder.walk(start, size)
    result = desk.swap(size).check().value
    state = desk.state
    assert state[2] == ladder.liquidity_at(state[1])
    # Up to a wei of size lost on each of the edges, and the rounding of the end itself.
    slack = 2 + 5 * Fraction(end**2) / (state[2] * Q96)
    assert 0 <= state[0] - end <= slack
    moved = state[2] * slack / Q96 + 6
    assert 0 <= (result.notional - notional) * (1 if size > 0 else -1) <= moved
    assert sqrt_at(state[1]) <= state[0] < sqrt_at(state[1] + 1)


def test_there_and_back_restores_liquidity_and_growth(desk, ladder, provider):
    before = desk.state
    desk.swap(210 * WAD).check()
    assert desk.liquidity < before[2]
    desk.swap(-210 * WAD).check()
    assert desk.state[1:] == before[1:]
    assert 0 <= desk.sqrt_price - before[0] < 10**9
    for (who, lower, upper), held in ladder.ranges.items():
        assert desk.range_of(who, lower, upper).fees == 0
        assert abs(desk.range_of(who, lower, upper).size) <= held.liquidity * 10**9 * Q96 // before[0] ** 2 + 1


def test_fee_goes_to_whom_the_trade_passed(desk, provider, second):
    books = Books()
    low = add(desk, books, provider, CENTRE - 50, CENTRE + 50, 500 * WAD)
    high = add(desk, books, second, CENTRE - 50, CENTRE + 1000, 500 * WAD)
    edge = sqrt_at(CENTRE + 50)
    inside = (low.liquidity + high.liquidity) * Fraction(edge - desk.sqrt_price, Q96)
    result = desk.swap(55 * WAD, 100).check().value
    beyond = result.notional - inside
    assert beyond > 0
    first = result.lp_fee * inside / result.notional
    share = first * low.liquidity / (low.liquidity + high.liquidity)
    earned_low = desk.range_of(provider, CENTRE - 50, CENTRE + 50).fees
    earned_high = desk.range_of(second, CENTRE - 50, CENTRE + 1000).fees
    assert abs(earned_low - share) <= 2
    assert result.lp_fee - 4 <= earned_low + earned_high <= result.lp_fee


def test_fee_outside_is_not_earned_and_inside_again_is(desk, provider, second):
    books = Books()
    add(desk, books, provider, *WIDE, 1000 * WAD)
    add(desk, books, second, CENTRE - 50, CENTRE + 50, WAD)
    desk.swap(2 * WAD, 100).check()
    first = desk.range_of(second, CENTRE - 50, CENTRE + 50).fees
    assert first > 0
    assert not desk.range_of(second, CENTRE - 50, CENTRE + 50).in_range
    desk.swap(2 * WAD, 100).check()
    assert desk.range_of(second, CENTRE - 50, CENTRE + 50).fees == first
    desk.swap(-4 * WAD, 100).check()
    assert desk.range_of(second, CENTRE - 50, CENTRE + 50).fees > first


def test_ending_on_an_edge_does_not_cross_it(desk, provider, second):
    books = Books()
    narrow = add(desk, books, provider, CENTRE - 50, CENTRE + 50, 500 * WAD)
    add(desk, books, second, *WIDE, 500 * WAD)
    both = desk.liquidity
    to_edge = both * (Fraction(Q96, sqrt_at(CENTRE - 50)) - Fraction(Q96, desk.sqrt_price))
    desk.swap(-(int(to_edge) + 1)).check()
    assert desk.state == (sqrt_at(CENTRE - 50), CENTRE - 50, both)
    desk.swap(-1).check()
    assert desk.state[1:] == (CENTRE - 51, both - narrow.liquidity)
    assert desk.sqrt_price <= sqrt_at(CENTRE - 50)
    # Back over it: the first wei to sell is none, the edge comes first.
    desk.swap(1000).check()
    assert desk.state[1:] == (CENTRE - 50, both)


@pytest.mark.parametrize("up", [True, False])
def test_fees_and_funding_right_on_an_edge(desk, provider, second, up):
    """The tick is that of the edge itself: the upper one is outside, the lower one inside."""
    books = Books()
    narrow = add(desk, books, provider, CENTRE - 50, CENTRE + 50, 500 * WAD)
    add(desk, books, second, *WIDE, 500 * WAD)
    edge = sqrt_at(CENTRE + 50 if up else CENTRE - 50)
    to_edge = desk.liquidity * (Fraction(Q96, desk.sqrt_price) - Fraction(Q96, edge))
    desk.swap(int(to_edge) + 10**6 if up else -int(-to_edge), 100).check()
    assert desk.tick == (CENTRE + 50 if up else CENTRE - 50)
    shown = desk.range_of(provider, CENTRE - 50, CENTRE + 50)
    assert shown.in_range == (not up)
    share = desk.quote(WAD // 10**6, 100).lp_fee * narrow.liquidity // desk.liquidity
    desk.swap(WAD // 10**6, 100).check()
    earned = desk.range_of(provider, CENTRE - 50, CENTRE + 50).fees - shown.fees
    assert shown.fees > 0
    assert abs(earned - (0 if up else share)) <= 1
    desk.set(funding_index=RAY)
    owed = narrow.size(desk.sqrt_price)
    assert 0 <= desk.range_of(provider, CENTRE - 50, CENTRE + 50).funding - owed < 3


def test_gap_without_liquidity_is_jumped(desk, provider, second):
    books = Books()
    low = add(desk, books, provider, CENTRE - 50, CENTRE + 50, 10 * WAD)
    desk.add(second, *WIDE, 1000 * WAD).check()
    desk.swap(6 * WAD).check()
    assert desk.tick > CENTRE + 300
    around = desk.tick // 50 * 50
    desk.set(mark_price=desk.venue.call("mid_price"))
    add(desk, books, second, around - 50, around + 100, 10 * WAD)
    desk.remove(second, *WIDE).check()

    start = desk.sqrt_price
    end, notional = books.walk(start, -2 * WAD)
    assert end < sqrt_at(CENTRE + 50)
    quoted = desk.quote(-2 * WAD, 10)
    result = desk.swap(-2 * WAD, 10).check().value
    assert result == quoted
    assert desk.liquidity == low.liquidity
    assert 0 <= desk.sqrt_price - end <= 2 * end**2 // (low.liquidity * Q96) + 2
    assert 0 <= notional - result.notional <= 200
    # And up again, over the same gap.
    assert desk.swap(2 * WAD).ok
    assert abs(desk.sqrt_price - start) <= 3 * start**2 // (desk.liquidity * Q96)


def narrow_steps(count: int) -> Desk:
    """`count` ranges whose upper edges lie 50 ticks apart, and a wide one; all of them one provider's."""
    desk = open_desk()
    provider = desk.chain.account("provider")
    desk.add(provider, CENTRE - 20_000, CENTRE + 20_000, 10**6 * WAD).check()
    for step in range(1, count + 1):
        desk.add(provider, CENTRE, CENTRE + SPACING * step, WAD).check()
    return desk


@pytest.fixture(scope="module")
def sixty_six() -> Desk:
    return narrow_steps(66)


@pytest.fixture
def many(sixty_six) -> Iterator[Desk]:
    with restored(sixty_six.chain):
        yield sixty_six


def fees_of_all(many: Desk) -> int:
    provider = many.chain.account("provider")
    wide = many.range_of(provider, CENTRE - 20_000, CENTRE + 20_000).fees
    return wide + sum(many.range_of(provider, CENTRE, CENTRE + SPACING * step).fees for step in range(1, 67))


def test_sixty_four_ticks_can_be_crossed_and_no_more(many):
    limit = sqrt_at(CENTRE + SPACING * 65)
    fails, passes = 10**6 * WAD, WAD
    while fails - passes > WAD:
        size = (passes + fails) // 2
        passes, fails = (size, fails) if many.swap_passes(size) else (passes, size)
    assert many.swap(fails).reason == "too many ticks"
    result = many.swap(passes, 10).check().value
    assert result.lp_fee - 140 <= fees_of_all(many) <= result.lp_fee
    assert many.tick // SPACING * SPACING == CENTRE + SPACING * 64
    assert many.sqrt_price <= limit
    # The rest goes with a second trade.
    assert many.swap(fails - passes + 10 * WAD).ok


def test_fee_over_many_ticks_is_credited_and_not_exceeded(many):
    result = many.swap(200 * WAD, 50).check().value
    crossed = (many.tick - CENTRE) // SPACING
    assert crossed > 5
    assert result.lp_fee - 70 - crossed <= fees_of_all(many) <= result.lp_fee
