"""The model's venue: it never owes, whatever is traded, added and removed."""

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.model import Revert
from nacre.model import ticks as tick_math
from nacre.model.ranges import liquidity_for_margin
from nacre.model.venue import Order, Venue
from nacre.units import Q96, RAY, WAD

PRICE = 100 * WAD


def venue_at(price: int) -> Venue:
    start = tick_math.sqrt_of_price(price)
    return Venue(start, tick_math.tick_at(start))


def add(venue: Venue, who: str, below: int, above: int, margin: int) -> None:
    lower, upper = tick_math.align_down(venue.tick - below), tick_math.align_up(venue.tick + above)
    venue.add(who, lower, upper, margin, 1000, RAY, 0)


def order(size: int, funding_index: int = 0, fee_bps: int = 0) -> Order:
    return Order(size, PRICE, funding_index, fee_bps, 10**60)


def inventory(venue: Venue) -> tuple[int, int]:
    held = [item.inventory(venue.sqrt_price) for item in venue.ranges.values()]
    return sum(size for size, _ in held), sum(cash for _, cash in held)


spans = st.integers(1, 6000)
trades = st.lists(st.integers(-(10**21), 10**21).filter(bool), min_size=1, max_size=12)


@given(st.sampled_from((2 * 10**12, WAD, PRICE, 9 * 10**24)), st.lists(spans, min_size=2, max_size=6), trades)
def test_the_venue_holds_at_least_what_its_ranges_say(price: int, widths: list[int], sizes: list[int]) -> None:
    venue, size, cash = venue_at(price), 0, 0
    for number, width in enumerate(widths):
        add(venue, f"p{number}", width, widths[-1 - number], 10**24)
    for traded in sizes:
        traded = traded * WAD // price or 1
        before = venue.copy()
        try:
            fill = venue.swap(order(traded))
        except Revert as revert:
            assert revert.reason == "no liquidity"  # noqa: PT017 - the other branch goes on
            venue = before
            continue
        size -= traded
        cash += fill.notional if traded > 0 else -fill.notional
        of_ranges = inventory(venue)
        # A surplus of a few wei of size a step, long and paid for.
        assert size - of_ranges[0] >= 0
        assert cash - of_ranges[1] >= 0


@given(spans, spans, st.integers(10**18, 10**27), st.sampled_from((2 * 10**12, PRICE, 9 * 10**24)))
def test_a_range_meets_the_initial_margin_at_both_edges(below: int, above: int, margin: int, price: int) -> None:
    here = tick_math.sqrt_of_price(price)
    tick = tick_math.tick_at(here)
    lower, upper = tick_math.align_down(tick - below), tick_math.align_up(tick + above)
    liquidity = liquidity_for_margin(margin, here, lower, upper, 1000)
    for edge in (tick_math.sqrt_price_at(lower), tick_math.sqrt_price_at(upper)):
        size = liquidity * (Fraction(Q96, edge) - Fraction(Q96, here))
        cash = liquidity * Fraction(edge - here, Q96)
        mark = Fraction(edge, Q96) ** 2
        assert margin + cash + size * mark >= abs(size) * mark / 10


@given(trades, st.integers(0, 500))
def test_fees_credited_are_at_most_the_fee_charged(sizes: list[int], fee_bps: int) -> None:
    venue, charged = venue_at(PRICE), 0
    add(venue, "a", 500, 900, 10**24)
    add(venue, "b", 2000, 300, 10**25)
    for size in sizes:
        before = venue.copy()
        try:
            charged += venue.swap(order(size, fee_bps=fee_bps)).fee
        except Revert:
            venue = before
    earned = sum(r.fees(venue.span(r.lower, r.upper, 0)) for r in venue.ranges.values())
    assert 0 <= charged - earned <= 20 * len(sizes)


@given(st.lists(st.tuples(st.integers(-(10**20), 10**20).filter(bool), st.integers(-(10**26), 10**26)), max_size=10))
def test_ranges_pay_at_least_the_funding_on_their_inventory(moves: list[tuple[int, int]]) -> None:
    venue, index, due = venue_at(PRICE), 0, Fraction(0)
    add(venue, "a", 100, 4000, 10**24)
    add(venue, "b", 6000, 50, 10**24)
    for size, step in moves:
        held = sum(
            r.liquidity * (Fraction(Q96, min(max(venue.sqrt_price, low), high)) - Fraction(Q96, r.entry_sqrt))
            for r in venue.ranges.values()
            for low, high in [(tick_math.sqrt_price_at(r.lower), tick_math.sqrt_price_at(r.upper))]
        )
        due += held * step / RAY
        index += step
        before = venue.copy()
        try:
            venue.swap(order(size, index))
        except Revert:
            venue = before
            venue.accrue(index)
    paid = sum(r.funding(venue.span(r.lower, r.upper, index)) for r in venue.ranges.values())
    assert 0 <= paid - due <= 3 * len(venue.ranges) * (1 + len(moves))


def on_the_edge() -> tuple[Venue, int]:
    """A venue bought up to its only range's upper edge; a wei of size moves its price by less than a unit."""
    venue = venue_at(PRICE)
    add(venue, "a", 50, 50, 10**32)
    edge = max(venue.ticks)
    size = tick_math.base_between(venue.liquidity, venue.sqrt_price, tick_math.sqrt_price_at(edge), round_up=False)
    venue.swap(order(size))
    return venue, edge


def test_a_trade_that_ends_on_an_edge_does_not_cross_it() -> None:
    venue, edge = on_the_edge()
    assert (venue.sqrt_price, venue.tick) == (tick_math.sqrt_price_at(edge), edge - 1)
    assert venue.mid() > 0
    with pytest.raises(Revert, match="range not around price"):
        venue.add("b", edge, edge + 100, 10**24, 1000, RAY, 0)
    before = venue.liquidity
    venue.add("b", edge - 100, edge, 10**24, 1000, RAY, 0)
    assert venue.liquidity > before
    with pytest.raises(Revert, match="no liquidity"):
        venue.swap(order(1))
    assert (venue.tick, venue.liquidity) == (edge, 0)


def test_without_liquidity_the_price_follows_mark_to_the_next_edge() -> None:
    venue, edge = on_the_edge()
    venue.drift(PRICE * 2)
    assert venue.tick == edge - 1
    with pytest.raises(Revert, match="no liquidity"):
        venue.swap(order(1))
    venue.drift(PRICE * 2)
    assert venue.sqrt_price == tick_math.sqrt_of_price(PRICE * 2)
    assert venue.drift(PRICE // 2)
    assert (venue.sqrt_price, venue.tick) == (tick_math.sqrt_price_at(edge), edge - 1)
    assert venue.liquidity > 0
    assert not venue.drift(PRICE // 2)
    assert venue.tick == edge - 1


def test_more_than_there_is_reverts() -> None:
    venue = venue_at(PRICE)
    with pytest.raises(Revert, match="no liquidity"):
        venue.swap(order(1))
    add(venue, "a", 50, 50, 10**20)
    with pytest.raises(Revert, match="no liquidity"):
        venue.swap(order(-(10**24)))


@pytest.mark.parametrize("tick", [-230_300, -46_055, -1, 0, 1, 50, 46_054, 230_299, 230_300])
def test_ticks_are_powers_of_a_basis_point(tick: int) -> None:
    root = tick_math.sqrt_price_at(tick)
    exact = Fraction(10_001, 10_000) ** tick
    assert Fraction(root - 1, Q96) ** 2 < exact < Fraction(root + 1, Q96) ** 2
    assert tick_math.tick_at(root) == tick
    assert tick == -230_300 or tick_math.tick_at(root - 1) == tick - 1
