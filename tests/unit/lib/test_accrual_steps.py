"""lib/accrual_math and lib/fixed_point at their edges: funding beside the model, the rest by docs/spec.md itself."""

import itertools

import pytest
from support.pure import pure
from support.spec import ceil

from nacre.model.accrual import PREMIUM_LIMIT, Funding, accrued
from nacre.model.rounding import INDEX_LIMIT
from nacre.units import BPS, DAY, RAY, WAD

NOW = 1_700_000_000
LOWEST, HIGHEST = 10**12, 10**25
# A premium is a fraction of the index price in this unit.
UNIT = 10**12
YEAR = 365 * DAY
ELAPSED = (1, 2, 149, 150, 151, 3_600, 86_400, NOW)
INDICES = (0, 1, -1, 7 * RAY, -7 * RAY, INDEX_LIMIT, -INDEX_LIMIT)
AVERAGES = ((0, 0), (1, 1), (-1, -1), (UNIT, 0), (0, UNIT), (7, -5), (-UNIT, UNIT), (PREMIUM_LIMIT, -UNIT))
NUMBERS = (0, 1, 2, 3, 10, 9_999, 10_000, 10_001, 2**63, 10**27 - 1, 10**27)


def ask(function, *arguments):
    return pure("PureAccrual").call(function, *arguments)


def word_of(funding):
    """F 128 | average 48 | premium 48 | time 32, as modules/markets says."""
    low = (funding.ema % 2**48) << 80 | (funding.premium % 2**48) << 32 | funding.time
    return (funding.index % 2**128) << 128 | low


def risk_of(cap_bps, period):
    """What else the word may hold is set: the neighbours of both fields."""
    return 2**256 - 2**48 | cap_bps << 34 | period << 10 | 2**10 - 1


def check(funding, price=100 * WAD, mid=101 * WAD, cap_bps=100, period=DAY, now=NOW):
    after = accrued(funding, price, mid, now, cap_bps, period)
    assert ask("accrued", word_of(funding), now, price, mid, risk_of(cap_bps, period)) == word_of(after)
    return after


@pytest.mark.parametrize("elapsed", ELAPSED)
@pytest.mark.parametrize(("premium", "ema"), AVERAGES)
def test_the_average_and_what_it_costs(elapsed, premium, ema):
    for index, cap_bps, period in itertools.product(INDICES, (1, 100, 10_000), (3_600, DAY, 30 * DAY)):
        check(Funding(index, premium, ema, NOW - elapsed), cap_bps=cap_bps, period=period)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_rate_ends_at_the_cap(sign):
    """One more than the cap of a period costs no more than the cap, one less does."""
    cap = 37 * 10**8 * 7_777 // DAY
    moved = {}
    for more in (-1, 0, 1):
        rate = sign * (cap + more)
        after = check(Funding(0, rate, rate, NOW - 7), price=HIGHEST, cap_bps=37, period=7_777)
        moved[more] = abs(after.index)
    assert moved[-1] < moved[0] == moved[1]


@pytest.mark.parametrize("sign", [1, -1])
def test_the_index_ends_at_its_limit(sign):
    step = abs(check(Funding(0, sign * UNIT, sign * UNIT, NOW - 1)).index)
    for room in (0, 1, step - 1, step, step + 1):
        after = check(Funding(sign * (INDEX_LIMIT - room), sign * UNIT, sign * UNIT, NOW - 1))
        assert after.index == sign * (INDEX_LIMIT - max(room - step, 0))


@pytest.mark.parametrize("price", [LOWEST, 3 * WAD, 7 * WAD // 3, HIGHEST])
def test_the_premium_of_now(price):
    most = price * PREMIUM_LIMIT // UNIT + price
    for mid in (0, 1, price - 1, price, price + 1, price // 3, most - 1, most, most + 1, 2 * most):
        check(Funding(time=NOW - 1), price=price, mid=mid)
        check(Funding(0, 5, 5, NOW - 1), price=price, mid=mid)


def test_the_clock_runs_until_its_bits_end():
    for elapsed in (1, 150, 2**31):
        check(Funding(0, 10**9, 10**10, 2**32 - 1 - elapsed), now=2**32 - 1)


@pytest.mark.parametrize("price", [LOWEST, LOWEST + 1, WAD, 7 * WAD // 3, HIGHEST - 1, HIGHEST])
@pytest.mark.parametrize("ema", [0, 1, -1, UNIT, 1 - UNIT, -UNIT, -UNIT - 1, PREMIUM_LIMIT, 10**9 + 7, -(10**9) - 7])
def test_the_median_mark(price, ema):
    with_premium = price * max(0, UNIT + ema) // UNIT
    near = (price, with_premium, LOWEST, HIGHEST)
    for mid in {0, 1, *(max(one + more, 0) for one in near for more in (-1, 0, 1))}:
        median = sorted((price, with_premium, mid or price))[1]
        assert ask("median_mark", price, ema, mid) == min(max(median, LOWEST), HIGHEST)


@pytest.mark.parametrize("rate_bps", [0, 1, 7, 50_000])
@pytest.mark.parametrize("mark", [LOWEST, WAD + 1, HIGHEST])
def test_what_a_unit_borrows(rate_bps, mark):
    for elapsed in (0, 1, 13, YEAR - 1, YEAR, 2**32 - 1):
        expected = rate_bps * mark * elapsed * (RAY // WAD) // (BPS * YEAR)
        assert ask("borrow_rise", rate_bps, mark, elapsed) == expected


@pytest.mark.parametrize("divisor", [1, 2, 3, 9_999, 10_000, 10**27])
def test_each_division_has_its_direction(divisor):
    for a, b in itertools.product(NUMBERS, NUMBERS):
        assert ask("mul_div_down", a, b, divisor) == a * b // divisor
        assert ask("mul_div_up", a, b, divisor) == ceil(a * b, divisor)
        for signed in (a, -a):
            assert ask("signed_mul_div_floor", signed, b, divisor) == signed * b // divisor


@pytest.mark.parametrize("bps", [0, 1, 9_999, 10_000, 16_383])
def test_basis_points_are_rounded_up(bps):
    for amount in NUMBERS:
        assert ask("bps_up", amount, bps) == ceil(amount * bps, BPS)
