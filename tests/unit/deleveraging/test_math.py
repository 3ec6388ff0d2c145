"""lib/deleveraging_math against exact fractions, at the bounds of what goes in."""

from fractions import Fraction

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.deleveraging import HIGHEST, MOST, bankruptcy_terms, previous_mark_terms
from support.spec import Pos, ceil, equity

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.units import WAD

EXAMPLES = settings(max_examples=80)
# Prices 1e-6 to 1e7, sizes 1e-6 to 1e9 units, notionals to 1e12.
LOWEST_PRICE, HIGHEST_PRICE = 10**12, 10**25
SMALLEST, LARGEST = 10**12, 10**27
MOST_NOTIONAL = 10**30


def spread(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers of every magnitude between the two."""
    bits = st.integers(low.bit_length(), high.bit_length())
    return bits.flatmap(lambda n: st.integers(max(low, 2 ** (n - 1) if n else 0), min(high, 2**n)))


prices = spread(LOWEST_PRICE, HIGHEST_PRICE)
sizes = st.builds(lambda size, side: size * side, spread(SMALLEST, LARGEST), st.sampled_from([1, -1]))
notionals = spread(0, MOST_NOTIONAL)
balances = st.builds(lambda balance, side: balance * side, spread(0, 2**127 - 1), st.sampled_from([1, -1]))


@pytest.fixture(scope="module")
def math() -> Contract:
    chain = EmbeddedChain(exact_gas=False)
    return chain.deploy(load("MockDeleveragingMath"), sender=chain.account("owner"))


@EXAMPLES
@given(size=sizes, balance=balances, notional=notionals)
@example(size=WAD, balance=-(2**127), notional=2**120 - 1)
@example(size=-WAD, balance=-1, notional=0)
@example(size=-WAD, balance=0, notional=0)
def test_bankruptcy_terms_leave_exactly_nothing(math, size, balance, notional):
    whole, found, feasible = math.call("at_bankruptcy", size, balance, notional)
    terms = bankruptcy_terms(Pos(size, balance, notional))
    assert (whole, found, feasible) == (abs(size), terms.notional, terms.feasible)
    if feasible:
        side = 1 if size > 0 else -1
        assert balance + side * (found - notional) == 0
    else:
        assert size < 0 or balance > 0, "a price below zero"


def test_no_long_lacks_what_no_pot_holds(math):
    """And if one did, nobody would be closed for it: no short gains at that notional."""
    assert math.call("at_bankruptcy", WAD, -(2**160), 10**30) == (WAD, MOST, False)


@EXAMPLES
@given(size=sizes, balance=balances, notional=notionals, price=prices)
def test_terms_at_a_price_are_for_who_is_whole_there(math, size, balance, notional, price):
    found = math.call("at_price", size, balance, notional, price)
    position = Pos(size, balance, notional)
    terms = previous_mark_terms(position, price)
    if equity(position, price) < 0:
        assert terms is None
        assert tuple(found) == (0, 0, False)
    else:
        exact = Fraction(price * abs(size), WAD)
        assert tuple(found) == (abs(size), terms.notional, True)
        # against the counterparties, for the target
        assert 0 <= (found[1] - exact) * (1 if size > 0 else -1) < 1
        assert balance + (1 if size > 0 else -1) * (found[1] - notional) >= 0


def test_no_price_no_terms(math):
    assert tuple(math.call("at_price", WAD, 10**24, 0, 0)) == (0, 0, False)


@EXAMPLES
@given(notional=spread(0, MOST), size=spread(1, 2**127 - 1), whole=spread(1, 2**127 - 1), up=st.booleans())
@example(notional=MOST, size=2**127 - 1, whole=2**127 - 1, up=True)
@example(notional=MOST, size=2**127 - 1, whole=1, up=True)
def test_share_is_the_exact_one_rounded(math, notional, size, whole, up):
    exact = notional * size
    assert math.call("share", notional, size, whole, up) == (ceil(exact, whole) if up else exact // whole)


@EXAMPLES
@given(sizes=st.lists(spread(1, 10**20), min_size=1, max_size=12), notional=spread(0, MOST_NOTIONAL), up=st.booleans())
def test_shares_add_up(math, sizes, notional, up):
    """Differences of rounded sums: each within a wei of the exact share, all of them the whole."""
    whole, filled, paid = sum(sizes), 0, 0
    for size in sizes:
        filled += size
        new = math.call("share", notional, filled, whole, up)
        assert abs(new - paid - Fraction(notional * size, whole)) < 1
        # one's own share is never better than what an account is tested for
        alone = math.call("share", notional, size, whole, up)
        assert new - paid <= alone if up else new - paid >= alone
        paid = new
    assert paid == notional


# ---- rank


@EXAMPLES
@given(
    size=spread(SMALLEST, LARGEST),
    entry_price=prices,
    price=prices,
    balance=spread(1, 10**30),
)
def test_rank_is_return_times_leverage(math, size, entry_price, price, balance):
    """To a hundredth of a percent where both factors count for anything, at all prices and sizes there are."""
    entry, value = size * entry_price // WAD, size * price // WAD
    if value <= entry or value > MOST_NOTIONAL:
        return
    gain = value - entry
    found = math.call("rank", gain, entry, value, balance + gain)
    exact = Fraction(gain, entry) * Fraction(value, balance + gain)
    assert Fraction(found, 2**160) <= exact
    if Fraction(gain, entry) > Fraction(1, 10**19) and Fraction(value, balance + gain) > Fraction(1, 10**19):
        assert Fraction(found, 2**160) >= exact * Fraction(9_999, 10_000)


@EXAMPLES
@given(profit=spread(0, 2**161), entry=spread(0, 2**120), value=spread(0, 2**161), worth=spread(0, 2**104))
@example(profit=2**161, entry=1, value=2**161, worth=1)
@example(profit=0, entry=0, value=0, worth=0)
@example(profit=0, entry=1, value=0, worth=1)
def test_rank_of_anything(math, profit, entry, value, worth):
    """No overflow: a factor beyond 2^48 counts as that."""
    found = math.call("rank", profit, entry, value, worth)
    if not entry or not worth:
        assert found == HIGHEST
    else:
        assert found == min(profit * 2**80 // entry, MOST) * min(value * 2**80 // worth, MOST) < HIGHEST


def test_more_gain_or_more_leverage_ranks_higher(math):
    base = (10 * WAD, 100 * WAD, 110 * WAD, 50 * WAD)
    rank = math.call("rank", *base)
    assert math.call("rank", 11 * WAD, 100 * WAD, 111 * WAD, 50 * WAD) > rank
    assert math.call("rank", 10 * WAD, 100 * WAD, 110 * WAD, 49 * WAD) > rank
    # a larger position of the same return and leverage is the same
    assert math.call("rank", *[2 * value for value in base]) == rank


@EXAMPLES
@given(lowest=spread(0, HIGHEST), share=st.integers(0, 10**6))
def test_a_hundredth_above_the_lowest_is_in_order(math, lowest, share):
    rank = min(lowest + lowest * share // 10**6, HIGHEST)
    assert math.call("is_in_order", rank, lowest) == (rank - lowest <= lowest // 100)


@pytest.mark.parametrize("lowest", [0, 99, 100, 12_345, 2**160, HIGHEST - HIGHEST // 90])
def test_the_edge_of_order(math, lowest):
    edge = lowest + lowest // 100
    assert math.call("is_in_order", edge, lowest)
    assert not math.call("is_in_order", edge + 1, lowest)
    assert math.call("is_in_order", max(lowest - 1, 0), lowest)


@pytest.mark.parametrize("total", [0, 1, 99, 100, 101, 10**20, 2**110])
def test_the_edge_of_completeness(math, total):
    least = ceil(99 * total, 100)
    assert math.call("is_complete", least, total)
    if least:
        assert not math.call("is_complete", least - 1, total)


@given(bitmap=st.integers(0, 2**16 - 1))
def test_ones(math, bitmap):
    assert math.call("ones", bitmap) == bitmap.bit_count()
