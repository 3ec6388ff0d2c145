"""Position algebra of the model: what may be created and lost by rounding, and the rules at their edges."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.model import Revert
from nacre.model.engine import Stage, stage_of
from nacre.model.market import Market
from nacre.model.oracle import Oracle
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import (
    Position,
    check_opening_rule,
    check_reduce_rule,
    combine,
    initial_margin,
    maintenance_margin,
    missing_margin,
    split,
)
from nacre.units import RAY, WAD

sizes = st.integers(-(10**27), 10**27).filter(bool)
balances = st.integers(-(10**30), 10**30)
notionals = st.integers(0, 10**30)
indices = st.integers(-(2**124), 2**124)
prices = st.integers(10**12, 10**25)

positions = st.builds(Position, sizes, balances, notionals, indices)


@given(positions, st.integers(1, 10**27), indices, prices)
def test_split_creates_nothing(position: Position, amount: int, index: int, price: int) -> None:
    position = position.settled(index)
    part, rest = split(position, min(amount, position.amount))
    assert part.size + rest.size == position.size
    assert part.balance + rest.balance == position.balance
    assert part.entry_notional + rest.entry_notional == position.entry_notional
    together = part.equity(price, index) + rest.equity(price, index)
    assert 0 <= position.equity(price, index) - together <= 1


@given(positions, positions, indices, indices, prices)
def test_combine_creates_nothing(a: Position, b: Position, long_index: int, short_index: int, price: int) -> None:
    def equity(position: Position) -> int:
        return position.equity(price, long_index if position.size > 0 else short_index)

    both = combine(a, b, long_index, short_index)
    assert both.size == a.size + b.size
    assert both.entry_notional >= 0
    # Values round down apart, and once together: at most a wei is found again.
    assert 0 <= equity(both) - equity(a) - equity(b) <= 1


@given(positions, indices, prices)
def test_settling_keeps_equity(position: Position, index: int, price: int) -> None:
    settled = position.settled(index)
    assert settled.equity(price, index) == position.equity(price, index)
    assert settled.carry(index) == 0


def test_opposite_positions_realise_the_difference() -> None:
    long, short = Position(10 * WAD, 100 * WAD, 1000 * WAD), Position(-4 * WAD, 50 * WAD, 480 * WAD)
    both = combine(short, long, 0, 0)
    # 4 bought at 100, sold at 120.
    assert both == Position(6 * WAD, 230 * WAD, 600 * WAD)


def test_equal_opposite_positions_leave_no_notional() -> None:
    both = combine(Position(3, 5, 7), Position(-3, 2, 11), 0, 0)
    assert (both.size, both.entry_notional, both.balance, both.entry_carry) == (0, 0, 5 + 2 + 11 - 7, 0)


def market_at(price: int, **fields: int) -> Market:
    return Market(MarketParameters(**fields), Policy(), Oracle(price))


@pytest.mark.parametrize(
    ("size", "safe", "failing"),
    [(WAD, 94_736842105263157896, 94_736842105263157894), (-WAD, 104_761904761904761904, 104_761904761904761905)],
)
def test_liquidation_prices_of_the_design(size: int, safe: int, failing: int) -> None:
    """Entry 100, size 1, margin 10, MMR 5 %: long 94.7368, short 104.7619."""
    position = Position(size, 10 * WAD, 100 * WAD)
    assert stage_of(market_at(safe), position, safe) is Stage.HEALTHY
    assert stage_of(market_at(failing), position, failing) is Stage.LIQUIDATABLE


@pytest.mark.parametrize(("size", "price"), [(WAD, 90 * WAD), (-WAD, 110 * WAD)])
def test_bankruptcy_prices_of_the_design(size: int, price: int) -> None:
    position = Position(size, 10 * WAD, 100 * WAD)
    worse = price - 1 if size > 0 else price + 1
    assert stage_of(market_at(price), position, price) is Stage.LIQUIDATABLE
    assert stage_of(market_at(worse), position, worse) is Stage.BANKRUPT


def test_profit_backs_no_new_risk_and_loss_counts() -> None:
    p = MarketParameters(imr_bps=1000)
    check_opening_rule(Position(WAD, 12 * WAD, 50 * WAD), 120 * WAD, 0, p)
    with pytest.raises(Revert, match="below initial margin"):
        check_opening_rule(Position(WAD, 12 * WAD - 1, 50 * WAD), 120 * WAD, 0, p)
    with pytest.raises(Revert, match="below initial margin"):
        check_opening_rule(Position(WAD, 12 * WAD, 120 * WAD + 1), 120 * WAD, 0, p)


def test_entry_margin_rule_looks_at_what_was_paid() -> None:
    p = MarketParameters(imr_bps=1000, entry_margin_rule=True)
    check_opening_rule(Position(-WAD, 10 * WAD, 100 * WAD), 90 * WAD, 0, p)
    with pytest.raises(Revert, match="below initial margin"):
        check_opening_rule(Position(-WAD, 10 * WAD - 1, 100 * WAD), 90 * WAD, 0, p)


def missing(position: Position, price: int, **market: Any) -> int:
    return missing_margin(position, price * WAD, 0, MarketParameters(**market))


def test_what_ended_at_a_loss_lacks_that_loss() -> None:
    # Bought at 100 with nothing left, taken against a short sold at 92 without margin: 80 are missing.
    after = combine(Position(10 * WAD, 0, 1_000 * WAD), Position(-10 * WAD, 0, 920 * WAD), 0, 0)
    assert after.size == 0
    assert missing(after, 92) == 80 * WAD


def test_by_the_entry_rule_the_larger_of_both_margins_is_missing() -> None:
    rich = Position(10 * WAD, 180 * WAD, 1_900 * WAD)
    assert missing(rich, 185) == 55 * WAD
    strict = {"entry_margin_rule": True, "imr_bps": 2_000}
    assert missing(rich, 300, **strict) == 420 * WAD  # IM at mark 600
    assert missing(rich, 190, **strict) == 200 * WAD  # both ask 380
    assert missing(Position(10 * WAD, 300 * WAD, 1_900 * WAD), 180, **strict) == 160 * WAD
    assert missing(Position(-10 * WAD, 300 * WAD, 1_900 * WAD), 100, **strict) == 80 * WAD


def test_the_entry_rule_goes_by_tiers_too() -> None:
    tiered = {"entry_margin_rule": True, "tiers": ((1_000 * WAD, 2_000, 1_000),)}
    # 1,900 at entry ask 100 and a fifth of 900; at mark they are worth less than the bound
    assert missing(Position(10 * WAD, 1_000 * WAD, 1_900 * WAD), 95, **tiered) == 45 * WAD
    assert missing(Position(-10 * WAD, 200 * WAD, 1_900 * WAD), 95, **tiered) == 80 * WAD


# (lower bound of the notional, IMR, MMR), above 10 % and 5 %.
TIERS = ((1_000 * WAD, 2_000, 1_000), (5_000 * WAD, 4_000, 2_000))


@pytest.mark.parametrize(
    ("worth", "initial", "maintenance"),
    [
        (1_000 * WAD, 100 * WAD, 50 * WAD),
        (1_001 * WAD, 100 * WAD + WAD // 5, 50 * WAD + WAD // 10),  # what lies above at 20 % and 10 %
        (5_000 * WAD, 900 * WAD, 450 * WAD),
        (6_000 * WAD, 1_300 * WAD, 650 * WAD),  # and at 40 % and 20 %
        (1, 1, 1),  # up
        (1_000 * WAD + 1, 100 * WAD + 1, 50 * WAD + 1),
    ],
)
def test_margin_of_a_tier_counts_only_above_its_bound(worth: int, initial: int, maintenance: int) -> None:
    tiered = MarketParameters(tiers=TIERS)
    assert initial_margin(worth, WAD, tiered) == initial
    assert maintenance_margin(-worth, WAD, tiered) == maintenance


def test_reducing_may_not_worsen_the_ratio() -> None:
    p = MarketParameters(mmr_bps=500)
    old = Position(2 * WAD, 2 * WAD, 200 * WAD)
    check_reduce_rule(Position(WAD, WAD, 100 * WAD), old.equity(100 * WAD, 0), old.size, 100 * WAD, 0, p)
    with pytest.raises(Revert, match="below maintenance margin"):
        check_reduce_rule(Position(WAD, WAD - 1, 100 * WAD), old.equity(100 * WAD, 0), old.size, 100 * WAD, 0, p)


def test_carry_is_rounded_against_the_account() -> None:
    assert Position(1, 0, 0, 0).carry(1) == 1
    assert Position(1, 0, 0, 0).carry(-1) == 0
    assert Position(-(10**18), 0, 0, 5).carry(5 + RAY) == 10**18
