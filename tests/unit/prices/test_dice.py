"""Random numbers that a report can be repeated with."""

from itertools import islice

import pytest

from nacre.prices.dice import Dice, splitmix


def test_splitmix_gives_the_published_numbers():
    # First outputs for seed 1234567 of the reference implementation.
    assert list(islice(splitmix(1_234_567), 3)) == [6457827717110365317, 3203168211198807973, 9817491932198370423]


def test_same_seed_and_purpose_same_numbers():
    assert [Dice(1, "a").below(1_000) for _ in range(3)] == [Dice(1, "a").below(1_000) for _ in range(3)]
    one, other = Dice(1, "a"), Dice(1, "b")
    assert [one.below(10**6) for _ in range(4)] != [other.below(10**6) for _ in range(4)]


def test_bounds_are_reached_and_kept():
    dice = Dice(3, "bounds")
    assert {dice.between(2, 4) for _ in range(200)} == {2, 3, 4}
    assert {dice.below(1) for _ in range(10)} == {0}


@pytest.mark.parametrize(("bps", "low", "high"), [(0, 0, 0), (10_000, 2_000, 2_000), (5_000, 900, 1_100)])
def test_chances(bps, low, high):
    dice = Dice(4, "chance")
    assert low <= sum(dice.chance(bps) for _ in range(2_000)) <= high


def test_shuffling_keeps_what_is_there():
    items = list(range(50))
    Dice(5, "shuffle").shuffle(items)
    assert sorted(items) == list(range(50))
    assert items != list(range(50))
