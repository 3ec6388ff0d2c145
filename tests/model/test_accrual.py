"""Funding of the model against the exponential it approximates."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.model.accrual import PREMIUM_LIMIT, Funding, accrued
from nacre.model.rounding import INDEX_LIMIT
from nacre.units import DAY, WAD

premiums = st.integers(-PREMIUM_LIMIT, PREMIUM_LIMIT)


@given(premiums, premiums, st.integers(1, 10_000))
def test_the_average_decays_exponentially(ema: int, premium: int, elapsed: int) -> None:
    new = accrued(Funding(0, premium, ema, 0), 100 * WAD, 0, elapsed, 100, DAY)
    with localcontext(prec=60):
        left = (Decimal(-min(elapsed, 150)) / 150).exp()
        exact = premium + (ema - premium) * left
        assert abs(new.ema - exact) <= 1 + abs(ema - premium) * Decimal("5e-8")
    assert min(ema, premium) <= new.ema <= max(ema, premium)


@given(premiums, st.integers(0, 10_000), st.integers(1, 10**6), st.integers(10**12, 10**25))
def test_the_rate_stays_under_the_cap(premium: int, cap_bps: int, elapsed: int, price: int) -> None:
    new = accrued(Funding(0, premium, premium, 0), price, 0, elapsed, cap_bps, DAY)
    # RAY a unit: price * cap * days.
    assert abs(new.index) <= price * cap_bps * elapsed * 10**9 // (10_000 * DAY) + 1
    assert new.index * premium >= 0


def test_a_day_at_one_percent_costs_one_percent() -> None:
    new = accrued(Funding(0, 10**10, 10**10, 0), 100 * WAD, 101 * WAD, DAY, 10_000, DAY)
    assert new.index == 10**27


def test_without_funding_not_even_the_time_moves() -> None:
    before = Funding(5, 6, 7, 8)
    assert accrued(before, 100 * WAD, 90 * WAD, 1000, 0, DAY) == before


def test_the_premium_of_this_moment_counts_only_from_now_on() -> None:
    first = accrued(Funding(), 100 * WAD, 110 * WAD, 1000, 10_000, DAY)
    assert (first.index, first.ema, first.premium) == (0, 0, 10**11)
    second = accrued(first, 100 * WAD, 110 * WAD, 1001, 10_000, DAY)
    assert second.ema > 0
    assert second.index > 0


@pytest.mark.parametrize(("start", "premium"), [(INDEX_LIMIT, 10**12), (-INDEX_LIMIT, -(10**12))])
def test_the_index_stops_at_its_limit(start: int, premium: int) -> None:
    assert accrued(Funding(start, premium, premium, 0), 10**25, 0, 10**9, 10_000, DAY).index == start


def test_no_mid_no_premium() -> None:
    assert accrued(Funding(0, 5, 5, 0), WAD, 0, 10, 100, DAY).premium == 0
