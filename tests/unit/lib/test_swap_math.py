"""lib/swap_math: every amount against exact fractions, at the bounds of each argument."""

from fractions import Fraction
from math import ceil, floor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.units import MAX_UINT256, Q96, WAD

MIN_SQRT, MAX_SQRT = 791095024370034397410311, 7934700057537675536451451360148007
MAX_LIQUIDITY = 2**118 - 1

EXAMPLES = settings(max_examples=60)


def spread(low: int, high: int) -> st.SearchStrategy[int]:
    """Integers of every magnitude between the two."""
    bits = st.integers(low.bit_length(), high.bit_length())
    return bits.flatmap(lambda n: st.integers(max(low, 2 ** (n - 1)), min(high, 2**n)))


sqrt_prices = spread(MIN_SQRT, MAX_SQRT)
liquidities = spread(1, MAX_LIQUIDITY)


@pytest.fixture(scope="module")
def math() -> Contract:
    chain = EmbeddedChain(exact_gas=False)
    return chain.deploy(load("MockVenueMath"), sender=chain.account("owner"))


@EXAMPLES
@given(price=sqrt_prices, liquidity=liquidities, size=spread(1, 2**128 - 1), buy=st.booleans())
def test_next_sqrt_price_is_the_exact_one_rounded_up(math, price, liquidity, size, buy):
    found = math.call("next_sqrt_price_up", price, liquidity, size, buy)
    # 1 / t = 1 / s -+ size / L, in real prices
    inverse = Fraction(Q96, price) + Fraction(-size if buy else size, liquidity)
    if inverse <= Fraction(Q96, price * 2**34):
        assert found == MAX_UINT256
    else:
        assert found == ceil(Q96 / inverse)


def test_buying_all_there_is_ends_nowhere(math):
    depth = WAD * Q96 // MIN_SQRT
    assert math.call("next_sqrt_price_up", MIN_SQRT, WAD, depth + 1, True) == MAX_UINT256
    assert math.call("next_sqrt_price_up", MIN_SQRT, WAD, depth // 2, True) < MAX_SQRT


@EXAMPLES
@given(prices=st.tuples(sqrt_prices, sqrt_prices), liquidity=liquidities)
def test_base_and_cash_between(math, prices, liquidity):
    low, high = sorted(prices)
    base = liquidity * (Fraction(Q96, low) - Fraction(Q96, high))
    cash = Fraction(liquidity * (high - low), Q96)
    assert math.call("base_between", liquidity, low, high, False) == floor(base)
    assert math.call("base_between", liquidity, low, high, True) == ceil(base)
    assert math.call("cash_between", liquidity, low, high, False) == floor(cash)
    assert math.call("cash_between", liquidity, low, high, True) == ceil(cash)


def test_nothing_lies_between_a_price_and_itself(math):
    for up in (False, True):
        assert math.call("base_between", MAX_LIQUIDITY, Q96, Q96, up) == 0
        assert math.call("cash_between", MAX_LIQUIDITY, Q96, Q96, up) == 0


@EXAMPLES
@given(price=spread(10**8, 10**28))
def test_price_of_the_root_of_a_price_is_the_price(math, price):
    root = math.call("sqrt_price_up", price)
    assert root * root * WAD >= price * Q96 * Q96
    assert math.call("price_down", root) == price


@pytest.mark.parametrize(("price", "root"), [(100 * WAD, 10 * Q96), (WAD, Q96), (WAD // 4, Q96 // 2)])
def test_squares_have_exact_roots(math, price, root):
    assert math.call("sqrt_price_up", price) == root


@pytest.mark.parametrize(("price", "root"), [(1, MIN_SQRT), (10**30, MAX_SQRT), (2**255, MAX_SQRT)])
def test_roots_stay_inside_the_ticks(math, price, root):
    assert math.call("sqrt_price_up", price) == root


@EXAMPLES
@given(root=sqrt_prices)
def test_price_is_rounded_down(math, root):
    exact = Fraction(root * root * WAD, Q96 * Q96)
    assert floor(exact - Fraction(1, 2**67)) <= math.call("price_down", root) <= floor(exact)


@EXAMPLES
@given(
    margin=spread(1, 2**120 - 1),
    prices=st.lists(sqrt_prices, min_size=3, max_size=3, unique=True),
    imr=st.integers(1, 10_000),
)
def test_liquidity_is_the_smaller_of_both_edges(math, margin, prices, imr):
    lower, price, upper = sorted(prices)
    edges = []
    for edge, distance in ((upper, upper - price), (lower, price - lower)):
        depth = margin * price // distance
        edges.append((depth << 96) // (distance + -(-edge * imr // 10_000)))
    found = math.call("liquidity_of_margin", margin, price, lower, upper, imr)
    assert found == min(*edges, 2**118)


@pytest.mark.parametrize("on_edge", ["lower", "upper"])
def test_an_edge_under_the_price_asks_nothing(math, on_edge):
    lower, upper = Q96, 2 * Q96
    price = lower if on_edge == "lower" else upper
    other = upper if on_edge == "lower" else lower
    depth = 1000 * WAD * price // (upper - lower)
    expected = (depth << 96) // (upper - lower + other // 10)
    assert math.call("liquidity_of_margin", 1000 * WAD, price, lower, upper, 1000) == expected


@EXAMPLES
@given(funding=spread(1, 2**127 - 1), sign=st.sampled_from([-1, 1]), price=sqrt_prices)
def test_funding_over_root_rounds_both_ways(math, funding, sign, price):
    exact = Fraction(sign * funding * 2**115, price)
    assert math.call("over_sqrt_price", sign * funding, price, True) == ceil(exact)
    assert math.call("over_sqrt_price", sign * funding, price, False) == floor(exact)


def test_no_funding_is_nothing(math):
    assert math.call("over_sqrt_price", 0, Q96, True) == 0 == math.call("over_sqrt_price", 0, Q96, False)


@EXAMPLES
@given(liquidity=liquidities, growth=spread(1, 2**166 - 1), sign=st.sampled_from([-1, 1]))
def test_funding_of_liquidity_is_rounded_up(math, liquidity, growth, sign):
    exact = Fraction(sign * growth * liquidity, 10**27 * 2**19)
    assert math.call("funding_up", liquidity, sign * growth) == ceil(exact)


def test_funding_of_whole_units_is_exact(math):
    unit = 10**27 * 2**19
    for growth in (0, unit, -unit, 7 * unit, 1 - unit, unit - 1):
        assert math.call("funding_up", MAX_LIQUIDITY, growth) == -(-MAX_LIQUIDITY * growth // unit)
