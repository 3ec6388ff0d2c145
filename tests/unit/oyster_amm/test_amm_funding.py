"""Funding of ranges: each pays for the inventory it held, whoever else was there, wherever the price was."""

from fractions import Fraction

import pytest
from venue_desk import WIDE, Desk, open_desk
from venue_reference import Books, Held

from nacre.units import Q96, RAY, WAD

CENTRE = 46_050
NARROW = (CENTRE - 500, CENTRE + 500)


def enter(desk: Desk, books: Books, who: str, edges: tuple[int, int], margin: int) -> None:
    depth = desk.add(who, *edges, margin).check().value
    books.accrue(desk.context.funding_index, desk.sqrt_price)
    books.ranges[who, *edges] = Held(*edges, depth, desk.sqrt_price, margin)


def move(desk: Desk, books: Books, change: int) -> None:
    """The funding index moves by `change` RAY; nobody tells the venue."""
    desk.set(funding_index=desk.context.funding_index + change)
    books.accrue(desk.context.funding_index, desk.sqrt_price)


def check(desk: Desk, books: Books) -> None:
    for (who, lower, upper), held in books.ranges.items():
        paid = desk.range_of(who, lower, upper).funding
        assert held.funding <= paid < held.funding + 3


def test_short_range_receives_and_long_range_pays(desk, wide, provider):
    desk.swap(20 * WAD).check()
    size = desk.range_of(provider, *wide).size
    assert size == -20 * WAD - 1  # what rounding leaves is long
    desk.set(funding_index=RAY // 2)
    assert desk.range_of(provider, *wide).funding == -10 * WAD
    desk.swap(-40 * WAD).check()
    desk.set(funding_index=RAY)
    assert desk.range_of(provider, *wide).funding in (0, 1)
    desk.set(funding_index=-RAY)
    assert desk.range_of(provider, *wide).funding in (-40 * WAD, -40 * WAD + 1)


@pytest.mark.parametrize("size", [30 * WAD, -30 * WAD])
def test_new_deep_range_takes_no_part_of_earlier_funding(desk, wide, provider, second, size):
    desk.swap(size).check()
    desk.set(funding_index=RAY)
    before = desk.range_of(provider, *wide).funding
    desk.add(second, *NARROW, 10**6 * WAD).check()
    assert desk.range_of(provider, *wide).funding == before
    assert desk.range_of(second, *NARROW).funding in (0, 1)
    desk.set(funding_index=2 * RAY)
    assert desk.range_of(second, *NARROW).funding in (0, 1)
    assert abs(desk.range_of(provider, *wide).funding - 2 * before) <= 1


@pytest.mark.parametrize("way", [1, -1])
def test_outside_its_edges_a_range_holds_what_it_had_there(desk, provider, second, way):
    books = Books()
    enter(desk, books, provider, WIDE, 100_000 * WAD)
    enter(desk, books, second, NARROW, 1000 * WAD)
    move(desk, books, RAY // 7)
    for size in (200 * WAD, 200 * WAD, -300 * WAD, -500 * WAD, 300 * WAD):
        desk.swap(way * size).check()
        for change in (RAY // 3, -RAY, 5 * RAY):
            move(desk, books, change)
            check(desk, books)
    for who, lower, upper in list(books.ranges):
        shown = desk.range_of(who, lower, upper)
        event = desk.remove(who, lower, upper).check().event("RangeRemoved")
        assert event.funding == shown.funding


def test_range_entered_late_pays_from_then_on(desk, provider, second):
    books = Books()
    enter(desk, books, provider, WIDE, 100_000 * WAD)
    move(desk, books, 3 * RAY)
    desk.swap(40 * WAD).check()
    move(desk, books, -2 * RAY)
    desk.set(mark_price=desk.venue.call("mid_price"))
    enter(desk, books, second, (CENTRE - 1000, CENTRE + 1000), 500 * WAD)
    desk.swap(90 * WAD).check()
    move(desk, books, RAY // 11)
    desk.swap(-250 * WAD).check()
    move(desk, books, RAY)
    check(desk, books)
    # An edge that two ranges of different age share.
    desk.set(mark_price=desk.venue.call("mid_price"))
    enter(desk, books, second, (WIDE[0], desk.tick // 50 * 50 + 50), 500 * WAD)
    move(desk, books, RAY)
    desk.swap(120 * WAD).check()
    move(desk, books, RAY)
    check(desk, books)


def test_what_ranges_pay_is_what_the_inventory_owes(desk, provider, second):
    """The sum over ranges is the venue's inventory times dF: funding sums to zero with the accounts' side."""
    books = Books()
    enter(desk, books, provider, WIDE, 100_000 * WAD)
    enter(desk, books, second, NARROW, 1000 * WAD)
    inventory, owed = 0, Fraction(0)
    for size in (150 * WAD, 33 * WAD, -310 * WAD, -5):
        desk.swap(size).check()
        inventory -= size
        move(desk, books, RAY // 9 + 1)
        owed += Fraction(inventory * (RAY // 9 + 1), RAY)
    paid = sum(desk.range_of(*key).funding for key in books.ranges)
    assert 0 <= paid - owed + 4 <= 12


@pytest.mark.parametrize("index", [2**125, -(2**125)])
def test_bounds_of_the_funding_index(desk, wide, provider, index):
    """A range survives F at its clamp, there and back, however absurd the amounts."""
    desk.swap(20 * WAD).check()
    held = desk.range_of(provider, *wide).liquidity
    size = held * (Fraction(Q96, desk.sqrt_price) - Fraction(1, 10))
    for at in (index, -index, index):
        desk.set(funding_index=at)
        desk.swap(1).check()
        paid = desk.range_of(provider, *wide).funding
        exact = size * at / RAY
        assert abs(paid - exact) < abs(exact) // 10**15
    assert desk.remove(provider, *wide).ok


def test_funding_is_accrued_once_at_the_price_it_came_at(desk, wide, provider):
    desk.swap(20 * WAD).check()
    desk.set(funding_index=RAY)
    shown = desk.range_of(provider, *wide).funding
    desk.sync().check()
    desk.sync().check()
    assert desk.range_of(provider, *wide).funding == shown
    desk.swap(-500 * WAD).check()
    assert abs(desk.range_of(provider, *wide).funding - shown) <= 1


@pytest.mark.parametrize("change", [1, -1, RAY // 10**9])
@pytest.mark.parametrize("trade", [0, 1])
def test_rounding_of_many_accruals_goes_against_the_provider(provider, change, trade):
    """A range so deep that the rounding of each accrual is worth a sixteenth of a wei, with or without a trade."""
    desk = open_desk(10**4 * WAD)
    desk.set(imr_bps=1)
    books = Books()
    around = desk.tick // 50 * 50
    move(desk, books, RAY // 7)
    enter(desk, books, provider, (around - 50, around + 100), 4 * 10**28)
    assert books.liquidity_at(desk.tick) > 2**103
    desk.swap(-(10**22)).check()
    [held] = books.ranges.values()
    for step in range(120):
        move(desk, books, change)
        touched = desk.swap(trade if step % 2 else -trade) if trade else desk.sync()
        touched.check()
        paid = desk.range_of(provider, around - 50, around + 100).funding
        assert 0 <= paid - held.funding <= 1 + Fraction(held.liquidity * (step + 8), 2**108)
