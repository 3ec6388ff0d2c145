"""lib/deleveraging_math at sizes of one wei and at the edges of what it compares."""

import pytest
from support.deleveraging import MOST, bankruptcy_terms, previous_mark_terms
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import Contract, EmbeddedChain
from nacre.units import WAD


@pytest.fixture(scope="module")
def math() -> Contract:
    chain = EmbeddedChain(exact_gas=False)
    return chain.deploy(load("MockDeleveragingMath"), sender=chain.account("owner"))


@pytest.mark.parametrize("size", [1, 2, 3, -1, -2, -3])
@pytest.mark.parametrize("price", [1, WAD // 2, WAD - 1, WAD, WAD + 1, 3 * WAD // 2])
def test_a_notional_of_a_few_wei_is_rounded_by_side(math: Contract, size: int, price: int) -> None:
    position = Pos(size, 10, 5)
    terms = previous_mark_terms(position, price)
    assert terms is not None
    assert tuple(math.call("at_price", size, 10, 5, price)) == (abs(size), terms.notional, True)


@pytest.mark.parametrize("size", [1, -1])
@pytest.mark.parametrize("worth", [-1, 0, 1])
def test_a_price_at_which_just_nothing_is_lacking(math: Contract, size: int, worth: int) -> None:
    found = tuple(math.call("at_price", size, worth, 100, 100 * WAD))
    assert found == ((1, 100, True) if worth >= 0 else (0, 0, False))


@pytest.mark.parametrize("size", [1, 2, -1, -2])
@pytest.mark.parametrize("balance", [-1, 0, 1, 99, 100, 101, -100, -101])
def test_the_bankruptcy_price_of_a_few_wei(math: Contract, size: int, balance: int) -> None:
    """A short that lacks all of its notional is closed for nothing; where it lacks more nobody is found."""
    terms = bankruptcy_terms(Pos(size, balance, 100))
    assert tuple(math.call("at_bankruptcy", size, balance, 100)) == (abs(size), terms.notional, terms.feasible)


@pytest.mark.parametrize("notional", [MOST - 1, MOST, MOST + 1])
def test_a_notional_that_the_products_do_not_allow_for(math: Contract, notional: int) -> None:
    assert math.call("at_bankruptcy", 1, 0, notional) == (1, min(notional, MOST), notional < MOST)


@pytest.mark.parametrize(("entry", "equity"), [(0, 0), (0, 1), (1, 0), (1, 1), (2, 1), (1, 2)])
@pytest.mark.parametrize("profit", [0, 1])
@pytest.mark.parametrize("notional", [0, 1])
def test_ranks_of_a_few_wei(math: Contract, profit: int, notional: int, entry: int, equity: int) -> None:
    found = math.call("rank", profit, entry, notional, equity)
    if entry == 0 or equity == 0:
        assert found == 2**256 - 1
    else:
        assert found == (profit * 2**80 // entry) * (notional * 2**80 // equity)


@pytest.mark.parametrize("factor", [2**48 - 1, 2**48, 2**48 + 1])
def test_a_factor_of_a_rank_is_at_most_two_to_the_48(math: Contract, factor: int) -> None:
    most = min(factor * 2**80, 2**128 - 1)
    assert math.call("rank", factor, 1, 1, 1) == most * 2**80
    assert math.call("rank", 1, 1, factor, 1) == most * 2**80
    assert math.call("rank", factor, 1, factor, 1) == most**2
