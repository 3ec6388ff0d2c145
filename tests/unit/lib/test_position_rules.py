"""lib/position_math and lib/margin_math at their edges against tests/support/spec.py: single wei, equal sizes, bounds
of tiers, and numbers that round."""

import itertools

import pytest
from support import spec
from support.pure import pure
from support.spec import Pos, ceil

from nacre.units import BPS, RAY, WAD

SIZES = (1, 2, 3, 7, WAD - 1, WAD, WAD + 1, 3 * WAD // 7, 2**110)
SIGNED = (0, *(side * size for size in SIZES for side in (1, -1)))
PRICES = (10**12, WAD - 1, WAD, WAD + 1, 2 * WAD // 3, 99_999 * WAD + 7, 10**25)
NOTIONALS = (0, 1, 10**12, 10**30)
CARRY = 5 * RAY


def ask(function, *arguments):
    return pure("PurePosition").call(function, *arguments)


def record(pos, carry=CARRY, flags=5):
    return (pos.size, pos.balance, pos.notional, carry, flags)


def pos_of(found):
    return Pos(found.size, found.balance, found.notional)


@pytest.mark.parametrize("size", SIGNED)
def test_what_a_size_is_worth(size):
    assert ask("size_of", size) == abs(size)
    for price, entry in itertools.product(PRICES, NOTIONALS):
        pos = Pos(size, 11, entry)
        pnl = spec.price_pnl(pos, price) if size else -entry
        assert ask("notional", size, price) == spec.notional(size, price)
        assert ask("price_pnl", size, entry, price) == pnl
        assert tuple(ask("appraised", size, entry, price)) == (pnl, spec.notional(size, price))
        if size:
            assert ask("worth", record(pos), price) == spec.equity(pos, price)


@pytest.mark.parametrize("size", [size for size in SIGNED if size])
@pytest.mark.parametrize("rise", [0, 1, -1, RAY // 3, -RAY // 3, RAY, -RAY, 7 * RAY + 1])
def test_carry_is_rounded_up(size, rise):
    charge = spec.carry(size, rise)
    assert ask("carry_charge", size, CARRY, CARRY + rise) == charge
    pos = Pos(size, 11, 10**12)
    settled = ask("settled", record(pos), CARRY + rise)
    assert tuple(settled) == (size, 11 - charge, 10**12, CARRY + rise, 5)
    assert ask("equity", record(pos), CARRY + rise, WAD + 1) == spec.equity(pos, WAD + 1, charge)


@pytest.mark.parametrize("size", [1, -1, 7, -7, WAD + 1, -WAD - 1])
@pytest.mark.parametrize("balance", [0, 1, -1, 10, -10, 10**20 + 3])
def test_a_part_and_the_rest(size, balance):
    pos = Pos(size, balance, 10**12 + 1)
    for taken in {1, 2, 3, abs(size) - 1, abs(size)}:
        if not 0 < taken <= abs(size):
            continue
        part, rest = spec.split(pos, taken)
        found = ask("part", record(pos), taken)
        assert (pos_of(found), found.carry, found.flags) == (part, CARRY, 5)
        left = ask("without", record(pos), found)
        assert (pos_of(left), left.carry, left.flags) == (rest, CARRY, 5)


@pytest.mark.parametrize("one", [0, 1, -1, 2, -3, 7, -7, WAD])
@pytest.mark.parametrize("other", [0, 1, -1, 2, -3, 7, -7, -WAD])
def test_two_positions_as_one(one, other):
    for first, second in itertools.product((0, 1, 10, 101), repeat=2):
        a, b = Pos(one, 13, first if one else 0), Pos(other, -4, second if other else 0)
        found = ask("combined", record(a, CARRY, 5), record(b, 2 * CARRY, 8))
        assert pos_of(found) == spec.combine(a, b)
        assert found.flags == 8
        if abs(one) != abs(other):
            assert found.carry == (CARRY if abs(one) > abs(other) else 2 * CARRY)


# ---- margin

IMR, MMR = 1_001, 333
# Bound, initial and maintenance rate above it.
TIERS = ((1_000, 1_501, 701), (50_000, 2_501, 1_251), (900_000, 5_001, 3_001))


def risk(flags=0):
    return IMR << 82 | MMR << 68 | flags


def extras(tiers):
    """The bounds are WAD of one wei, so that rounding shows."""
    return sum((bound << 5 << 28 | imr << 14 | mmr) << 53 * place for place, (bound, imr, mmr) in enumerate(tiers))


def needed(notional, rate, tiers, place):
    """Each part of the notional at the rate of the tier in which it lies, the sum rounded up."""
    return ceil(exactly(notional, rate, tiers, place), BPS)


def exactly(notional, rate, tiers, place):
    """In wei times basis points."""
    total, below = 0, 0
    for bound, *rates in tiers:
        total += (min(notional, bound) - below) * rate if notional > below else 0
        below, rate = bound, rates[place]
    return total + max(notional - below, 0) * rate


def least_rounded(start, rate, tiers, place):
    """The next notional of which all but one part in ten thousand is lost in rounding up."""
    return next(n for n in itertools.count(start) if exactly(n, rate, tiers, place) % BPS == 1)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_margin_of_each_tier(count):
    tiers = TIERS[:count]
    word = extras(tiers)
    bounds = [bound for bound, *_ in TIERS]
    edges = [0, 1, 2, 3, 9, 10, 11, *(bound + more for bound in bounds for more in (-1, 0, 1, 2, bound // 2)), 2**119]
    for start, (rate, place) in itertools.product((0, *bounds), ((IMR, 0), (MMR, 1))):
        edges.append(least_rounded(start, rate, tiers, place))
    for notional in edges:
        both = needed(notional, IMR, tiers, 0), needed(notional, MMR, tiers, 1)
        # what lies above the tiers in that word is none of theirs
        for rest in (0, 1 << 159, 2**54 - 1 << 159):
            assert ask("initial", notional, risk(), word | rest) == both[0]
            assert ask("maintenance", notional, risk(), word | rest) == both[1]
            assert tuple(ask("both", notional, risk(), word | rest)) == both


@pytest.mark.parametrize("size", [1, -1, WAD + 1, -WAD - 1, 1_000 * WAD])
@pytest.mark.parametrize("rule", [0, 2])
def test_the_opening_rule(size, rule):
    """Without profit; by the rule of entry margin not by less than the entry needs."""
    for price, entry, word in itertools.product((WAD, 3 * WAD + 1), (1, 2_999, 10**21), (0, extras(TIERS))):
        pos = Pos(size, 17, entry)
        tiers = TIERS if word else ()
        excess = 17 + min(spec.price_pnl(pos, price), 0) - needed(spec.notional(size, price), IMR, tiers, 0)
        if rule:
            excess = min(excess, 17 - needed(entry, IMR, tiers, 0))
        assert ask("opening_excess", record(pos), price, risk(rule), word) == excess


@pytest.mark.parametrize("ratio", [1, 3_333, 10_000])
def test_below_a_share_of_the_margin(ratio):
    for margin in (0, 1, 3, 10_000, 10**20 + 1):
        edge = ceil(margin * ratio, BPS)
        for equity in (-1, 0, 1, edge - 1, edge, edge + 1):
            assert ask("is_below", equity, margin, ratio) == (equity < 0 or equity * BPS < margin * ratio)
