"""modules/ticks at its edges: where the search for the next one begins and ends, and what a new one counts as below."""

from itertools import product

import pytest
from support.pure import pure

from nacre.chain import Contract, restored

SPACING, OFFSET = 50, 230_400
MIN_TICK, MAX_TICK = -230_300, 230_300
TICKS = (MAX_TICK - MIN_TICK) // SPACING + 1
MAX_GROSS = (2**118 - 1) // TICKS
HALF = 2**128
NOTHING = (0, 0)


@pytest.fixture
def book():
    contract = pure("RangeBook")
    with restored(contract.chain):
        yield contract


def add(book: Contract, tick: int, liquidity: int = 1, upper: bool = False, current: int = 0, total=NOTHING):
    return book.transact("add_edge", tick, liquidity, upper, current, total, sender=book.chain.account("owner"))


def tick_of(word: int, bit: int) -> int:
    return (256 * word + bit) * SPACING - OFFSET


# ---- finding


@pytest.mark.parametrize("tick", [MIN_TICK - 1, MIN_TICK, MIN_TICK + 49, -51, -50, -49, -1, 0, 1, 49, 50, MAX_TICK + 1])
def test_number_of_the_multiple_at_or_below(book, tick):
    assert book.call("index", tick) == (tick + OFFSET) // SPACING


def test_two_ticks_without_a_multiple_between(book):
    """Also where one number of a cell is another's times the spacing, or its square."""
    cells = (2, 3, 99, 100, 2_500, 4_950, 5_000, 9_211)
    ticks = [MIN_TICK - 1, MAX_TICK + 1, *(cell * SPACING - OFFSET + more for cell in cells for more in (0, 1, 49))]
    ticks += [100 - OFFSET, 250_000 - OFFSET, 247_500 - OFFSET]
    for one, other in product(ticks, repeat=2):
        same = (one + OFFSET) // SPACING == (other + OFFSET) // SPACING
        assert book.call("same_cell", one, other) == same, (one, other)


def check_search(book: Contract, edges: list[int], places: list[int]) -> None:
    for low, high in product(places, repeat=2):
        between = [edge for edge in edges if low < edge <= high]
        assert book.call("first_edge", low, high) == ((True, min(between)) if between else (False, 0)), (low, high)
        assert book.call("last_edge", high, low) == ((True, max(between)) if between else (False, 0)), (low, high)


@pytest.mark.parametrize("bits", [(0,), (1,), (127, 128), (254,), (255,), (0, 255)])
def test_an_edge_is_found_from_below_it_to_where_it_is(book, bits):
    """Alone in its word, or one of few: seen from the words around, and from a tick beside it."""
    edges = [tick_of(18, bit) for bit in bits]
    for edge in edges:
        add(book, edge).check()
    around = [edge + more for edge in (edges[0], edges[-1]) for more in (-51, -50, -1, 0, 1, 50)]
    check_search(book, edges, sorted({*around, tick_of(17, 0), tick_of(17, 255), tick_of(19, 0), tick_of(19, 255)}))


def test_neighbours_at_the_end_of_a_word(book):
    edges = [tick_of(18, 254), tick_of(18, 255), tick_of(19, 0), tick_of(19, 1)]
    for edge in edges:
        add(book, edge).check()
    check_search(book, edges, [edge + more for edge in [edges[0] - SPACING, *edges] for more in (-1, 0)])


@pytest.mark.parametrize("edge", [MIN_TICK, MAX_TICK])
def test_a_search_reaches_from_one_end_to_the_other(book, edge):
    assert book.call("first_edge", MIN_TICK - 1, MAX_TICK) == (False, 0)
    assert book.call("last_edge", MAX_TICK, MIN_TICK - 1) == (False, 0)
    add(book, edge).check()
    assert book.call("first_edge", MIN_TICK - 1, MAX_TICK) == (True, edge)
    assert book.call("last_edge", MAX_TICK, MIN_TICK - 1) == (True, edge)


def test_an_edge_that_is_dropped_is_not_found(book):
    owner = book.chain.account("owner")
    for liquidity in (5, 7):
        add(book, 0, liquidity).check()
    book.transact("drop_edge", 0, 5, False, sender=owner).check()
    assert book.call("first_edge", -1, 0) == (True, 0)
    book.transact("drop_edge", 0, 7, False, sender=owner).check()
    assert book.call("first_edge", -1, 0) == (False, 0)
    assert tuple(book.call("tick", 0)) == (0, 0, 0)


# ---- edges


def test_a_tick_takes_so_much_that_all_ticks_together_stay_below_the_bound(book):
    assert TICKS == 9_213
    assert TICKS * MAX_GROSS < 2**118 <= TICKS * (MAX_GROSS + 1)
    assert add(book, 0, MAX_GROSS + 1).reason == "too much liquidity"
    add(book, 0, MAX_GROSS - 1).check()
    assert add(book, 0, 2, True).reason == "too much liquidity"
    add(book, 0, 1, True).check()
    assert add(book, 0, 1).reason == "too much liquidity"
    assert book.call("tick", 0).liquidity == MAX_GROSS << 128 | MAX_GROSS - 2


@pytest.mark.parametrize("upper", [False, True])
@pytest.mark.parametrize(("current", "is_below"), [(-51, False), (-1, False), (0, True), (1, True)])
def test_growth_so_far_is_below_an_edge_at_or_below_the_price(book, upper, current, is_below):
    total = (5 << 128 | 7, -11)
    add(book, 0, 3, upper, current, total).check()
    seen = book.call("tick", 0)
    assert (seen.pair, seen.funding) == (total if is_below else NOTHING)
    # what another range finds there stays
    add(book, 0, 3, upper, -current, (50 << 128 | 70, -110)).check()
    seen = book.call("tick", 0)
    assert (seen.pair, seen.funding) == (total if is_below else NOTHING)


PARTS = (0, 1, 2**127 - 1, 2**127, 2**128 - 1)


@pytest.mark.parametrize("fees", product(PARTS, repeat=2))
def test_a_difference_of_growths_is_taken_half_by_half(book, fees):
    """Each modulo 2**128: what one borrows the other does not see."""
    for one, other in product(PARTS, repeat=2):
        a, b = (fees[0] << 128 | one, 3), (fees[1] << 128 | other, -(2**200))
        expected = ((fees[0] - fees[1]) % HALF << 128 | (one - other) % HALF, 3 + 2**200)
        assert tuple(book.call("minus", a, b)) == expected
