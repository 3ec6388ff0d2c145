"""Section 12 of docs/derivations.md in exact integers: what slicing does to a target, at the bounds and at random."""

import random
from fractions import Fraction

import pytest

from nacre.model.positions import Position, combine, split
from nacre.model.rounding import ceil_div
from nacre.units import RAY, WAD

MMR_BPS = 500
ROUNDS = 3_000
PRICES = (10**12, 10**12 + 1, WAD, 100 * WAD, 9_999_999 * WAD + 7, 10**25)
SIZES = (2, 3, 10**12, WAD, 7 * WAD + 5, 10**27)


def drawn(rng: random.Random) -> tuple[Position, int, int]:
    """A settled position, a slice of it and a mark: often at an edge, often close to zero equity."""
    size = rng.choice((rng.choice(SIZES), rng.randint(2, 10 ** rng.randint(1, 27))))
    price = rng.choice((rng.choice(PRICES), rng.randint(10**12, 10**25)))
    side = rng.choice((1, -1))
    notional = size * price // WAD
    entry = max(0, notional + rng.randint(-notional // 2 - 2, notional // 2 + 2))
    stake = side * (entry - notional)
    balance = stake + rng.choice((0, -1, 1, rng.randint(-notional - 3, notional + 3)))
    part = rng.choice((1, size - 1, rng.randint(1, size - 1)))
    return Position(side * size, balance, entry), part, price


def worth(position: Position, price: int) -> int:
    return position.equity(price, 0)


def margin(position: Position, price: int) -> int:
    return ceil_div(ceil_div(position.amount * price, WAD) * MMR_BPS, 10_000)


@pytest.fixture
def rng() -> random.Random:
    return random.Random("slices")


def test_parts_add_up_and_no_part_of_a_deficit_is_worth_anything(rng: random.Random) -> None:
    seen = {True: 0, False: 0}
    for _ in range(ROUNDS):
        position, size, price = drawn(rng)
        part, rest = split(position, size)
        whole, taken, left = worth(position, price), worth(part, price), worth(rest, price)
        assert whole - 1 <= taken + left <= whole
        bankrupt = whole < 0
        seen[bankrupt] += 1
        if bankrupt:
            assert taken <= 0
            assert left <= (0 if position.size > 0 else 1)
            assert max(0, -taken) + max(0, -left) <= -whole + 2
        else:
            assert taken >= (-1 if position.size > 0 else -2)
            assert left >= (-1 if position.size > 0 else 0)
    assert min(seen.values()) > ROUNDS // 10


def test_the_ratio_of_what_is_left_falls_by_rounding_alone(rng: random.Random) -> None:
    for _ in range(ROUNDS):
        position, size, price = drawn(rng)
        _, rest = split(position, size)
        equity, need = worth(position, price), margin(position, price)
        after, rest_need = worth(rest, price), margin(rest, price)
        if rest_need == 0 or equity < 0:
            continue
        ratio, new_ratio = Fraction(equity, need), Fraction(after, rest_need)
        assert ratio - new_ratio <= (2 + 2 * ratio) / rest_need


def test_slices_one_after_the_other_cost_the_payers_three_wei_each_at_most(rng: random.Random) -> None:
    for _ in range(200):
        position, _, price = drawn(rng)
        deficit = max(0, -worth(position, price))
        total, count = 0, 0
        while position.size and count < 20:
            size = min(position.amount, max(1, position.amount // 3))
            part, position = split(position, size) if size < position.amount else (position, Position())
            total += max(0, -worth(part, price))
            count += 1
        total += max(0, -worth(position, price)) if position.size else 0
        assert deficit <= total + count
        assert total <= deficit + 3 * count


def test_closing_against_oneself_gains_nothing(rng: random.Random) -> None:
    """Two positions of one owner, combined in either order, are worth what they were, up to a wei."""
    for _ in range(ROUNDS):
        first, _, price = drawn(rng)
        second, _, _ = drawn(rng)
        before = worth(first, price) + worth(second, price)
        for a, b in ((first, second), (second, first)):
            after = worth(combine(a, b, 0, 0), price)
            # Two values rounded down become one.
            assert before <= after + 1
            assert after <= before + 1


def test_carry_of_slices_is_at_least_that_of_the_whole(rng: random.Random) -> None:
    for _ in range(ROUNDS):
        position, size, _ = drawn(rng)
        index = rng.randint(-(2**126), 2**126)
        part, rest = split(position, size)
        whole = position.carry(index)
        assert whole <= part.carry(index) + rest.carry(index) <= whole + 1
        assert Fraction(position.amount * index, RAY) <= whole
