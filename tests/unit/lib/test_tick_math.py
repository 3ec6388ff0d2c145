"""lib/tick_math: square root prices of ticks and back, against integers of 600 bits."""

import random
import re
from functools import cache
from itertools import pairwise
from math import isqrt

import pytest

from nacre.artifacts import ROOT, load
from nacre.chain import EmbeddedChain

BITS = 600
MAX_TICK = 230_300
MIN_SQRT, MAX_SQRT = 791095024370034397410311, 7934700057537675536451451360148007
RNG = random.Random(7)


@cache
def exact() -> list[int]:
    """1.0001^(tick / 2) of all ticks from -MAX_TICK on, with BITS bits behind the point."""
    root = isqrt((10_001 << (2 * BITS)) // 10_000)
    prices = [0] * (2 * MAX_TICK + 1)
    prices[MAX_TICK] = 1 << BITS
    inverse = (1 << (2 * BITS)) // root
    for i in range(MAX_TICK):
        prices[MAX_TICK + 1 + i] = prices[MAX_TICK + i] * root >> BITS
        prices[MAX_TICK - 1 - i] = prices[MAX_TICK - i] * inverse >> BITS
    return prices


@cache
def constants() -> tuple[int, list[int]]:
    """TOP and the factors as the source has them."""
    text = (ROOT / "contracts/lib/tick_math.vy").read_text()
    top = int(re.search(r"^TOP: constant\(uint256\) = (\d+)$", text, re.M)[1])
    return top, [int(factor) for factor in re.findall(r"unsafe_mul\(ratio, (\d+)\)", text)]


def sqrt_price(tick: int) -> int:
    """What the contract computes."""
    ratio, factors = constants()
    for bit, factor in enumerate(factors):
        if (MAX_TICK - tick) >> bit & 1:
            ratio = ratio * factor >> 128
    return (ratio + 2**14) >> 15


@pytest.fixture(scope="module")
def math():
    chain = EmbeddedChain(exact_gas=False)
    return chain.deploy(load("MockVenueMath"), sender=chain.account("owner"))


def test_constants_are_powers_of_the_tick():
    top, factors = constants()
    root = exact()[MAX_TICK - 1]
    assert top == (exact()[-1] * 2**112 >> BITS) + 1 >> 1
    assert len(factors) == 19
    for factor in factors:
        assert abs((factor << BITS) - root * 2**128) <= 2 ** (BITS - 1) + 2**40
        root = root * root >> BITS


def test_every_tick_is_within_half_a_unit_and_rises():
    prices = [sqrt_price(tick) for tick in range(-MAX_TICK, MAX_TICK + 1)]
    assert all(low < high for low, high in pairwise(prices))
    bound = 502 * 2 ** (BITS - 96) // 1000
    assert all(abs((price << (BITS - 96)) - value) < bound for price, value in zip(prices, exact(), strict=True))
    assert (prices[0], prices[MAX_TICK], prices[-1]) == (MIN_SQRT, 2**96, MAX_SQRT)


def test_bounds_hold_prices_of_ten_digits():
    assert MIN_SQRT**2 * 10**10 < 2**192
    assert MAX_SQRT**2 > 10**10 * 2**192


@pytest.mark.parametrize(
    "first", [-MAX_TICK, -128, MAX_TICK - 255, *(RNG.randint(-MAX_TICK, MAX_TICK) for _ in range(12))]
)
def test_contract_computes_what_the_constants_say(math, first):
    last = min(first + 255, MAX_TICK)
    expected = [sqrt_price(tick) for tick in range(first, last + 1)]
    assert math.call("sqrt_prices_from", first)[: len(expected)] == expected


def test_ticks_beyond_the_last_revert(math):
    from nacre.chain import CallFailed

    with pytest.raises(CallFailed):
        math.call("sqrt_price_at_tick", MAX_TICK + 1)


def tick_at(price: int) -> int:
    """The greatest tick not above, by bisection."""
    low, high = -MAX_TICK, MAX_TICK
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sqrt_price(middle) <= price else (low, middle - 1)
    return low


def edges_of(ticks) -> list[int]:
    """Prices at, one below and one above each tick."""
    near = [sqrt_price(tick) + shift for tick in ticks for shift in (-1, 0, 1)]
    return [price for price in near if MIN_SQRT <= price <= MAX_SQRT]


TICK_EDGES = edges_of([-MAX_TICK, -1, 0, 1, 50, MAX_TICK, *(RNG.randint(-MAX_TICK, MAX_TICK) for _ in range(78))])
OCTAVES = [
    p for e in range(80, 113) for p in (2**e - 1, 2**e, isqrt(2 ** (2 * e + 1)), 2**e + 1) if MIN_SQRT <= p <= MAX_SQRT
]
ANYWHERE = [int(MIN_SQRT * (MAX_SQRT / MIN_SQRT) ** RNG.random()) for _ in range(250)]


@pytest.mark.parametrize("near", [0, -MAX_TICK - 1, 46_050, MAX_TICK])
@pytest.mark.parametrize("prices", [TICK_EDGES, OCTAVES, ANYWHERE], ids=["edges of ticks", "powers of two", "anywhere"])
def test_tick_at_is_the_greatest_not_above(math, prices, near):
    assert len(prices) <= 256
    assert list(math.call("ticks_at", prices, near)) == [tick_at(price) for price in prices]


@pytest.mark.parametrize("price", OCTAVES)
def test_a_tick_nearby_finds_the_same(math, price):
    found = tick_at(price)
    for near in {max(found - 1, -MAX_TICK - 1), found, min(found + 1, MAX_TICK)}:
        assert list(math.call("ticks_at", [price], near)) == [found]
