"""Section 13 of docs/derivations.md: the error of the premium's EMA, and what it forgets."""

from decimal import Decimal, localcontext

from nacre.model.accrual import Funding, _pade, accrued
from nacre.units import DAY, WAD

TIME_CONSTANT = 150
CAP_BPS = 100


def kept(seconds: int) -> Decimal:
    """The share of the distance that is left after one step."""
    return Decimal(_pade(-seconds)) / Decimal(_pade(seconds))


def test_one_step_is_exp_to_15e_9() -> None:
    with localcontext(prec=40):
        errors = [abs(kept(z) - (Decimal(-z) / TIME_CONSTANT).exp()) for z in range(1, TIME_CONSTANT + 1)]
    assert max(errors) == errors[-1]
    assert Decimal("1.4e-8") < max(errors) < Decimal("1.5e-8")


def test_steps_compose() -> None:
    """150 steps of one second against one of 150."""
    with localcontext(prec=40):
        assert abs(kept(1) ** TIME_CONSTANT - kept(TIME_CONSTANT)) < Decimal("1.5e-8")


def test_an_idle_hour_counts_as_150_seconds_for_the_average() -> None:
    start = Funding(index=0, premium=10**10, ema=0, time=0)
    short = accrued(start, 100 * WAD, 0, TIME_CONSTANT, CAP_BPS, DAY)
    long = accrued(start, 100 * WAD, 0, 3_600, CAP_BPS, DAY)
    assert short.ema == long.ema
    assert 0.632 * 10**10 < long.ema < 0.6322 * 10**10


def test_a_move_of_the_mid_counts_only_from_the_touch_after_its_block() -> None:
    """The touch of the same block records the premium before it, the next one the move, which counts from there."""
    price = 100 * WAD
    calm = Funding(index=0, premium=0, ema=0, time=0)
    moved = accrued(calm, price, 100 * WAD, 12, CAP_BPS, DAY)
    assert moved.premium == moved.ema == moved.index == 0
    seen = accrued(moved, price, 110 * WAD, 24, CAP_BPS, DAY)
    assert (seen.premium, seen.ema, seen.index) == (10**11, 0, 0)
    counted = accrued(seen, price, 100 * WAD, 36, CAP_BPS, DAY)
    assert counted.premium == 0
    assert 0 < counted.ema < 10**10


def test_funding_never_moves_faster_than_its_cap() -> None:
    price = 100 * WAD
    start = Funding(index=0, premium=2**46, ema=2**46, time=0)
    for seconds in (1, 12, 3_600, DAY):
        paid = accrued(start, price, 0, seconds, CAP_BPS, DAY).index
        # RAY per unit: 1 % of the price a day.
        most = price * 10**9 * CAP_BPS * seconds // (10_000 * DAY)
        assert most - 10**9 <= paid <= most
