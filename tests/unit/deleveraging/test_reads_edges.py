"""What the lens shows of deleveraging at its edges: equal ranks, sizes of one wei, a fund that has just enough."""

from itertools import permutations

import pytest
from support.adl_desk import LOSS_ADL, PREVIOUS_MARK, shared
from support.deleveraging import Terms, ranked
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
ENTRY, MARGIN = 100, 7


@pytest.fixture
def desk():
    with shared() as desk:
        yield desk


def after(side: int, move: int = 10) -> int:
    return (ENTRY - side * move) * WAD


def at_entry(size: int, balance: int) -> Pos:
    return Pos(size, balance, ENTRY * abs(size))


def accounts_of(queue):
    return [rank.account for rank in queue]


def by_address(accounts):
    return sorted(accounts, key=lambda who: int(who, 16))


# ---- order


@SIDES
def test_equals_stand_by_address(desk, side):
    """However they are named and however often: each once."""
    accounts = by_address(desk.chain.account(f"equal {number}") for number in range(4))
    for who in accounts:
        desk.give(who, at_entry(side, 50))
    for order in permutations(accounts):
        assert accounts_of(desk.lens.call("adl_queue", 0, side, list(order))) == accounts
    first, second = accounts[:2]
    for order in permutations([first, second, first, second, second]):
        assert accounts_of(desk.lens.call("adl_queue", 0, side, list(order))) == [first, second]


@SIDES
def test_any_number_is_sorted(desk, side):
    """Runs of any length are merged, the last of them shorter than the others or alone."""
    accounts = [desk.chain.account(f"one of many {number}") for number in range(9)]
    for number, who in enumerate(accounts):
        desk.give(who, at_entry(side, 50 + number))
    price = after(-side, 20)
    for count in range(10):
        some = accounts[:count]
        for order in (some, some[::-1], some[1::2] + some[::2], some[count // 2 :] + some[: count // 2]):
            assert accounts_of(desk.lens.call("adl_queue", 0, side, order, price)) == some


def test_a_long_queue_is_sorted(desk):
    """Beyond the 512 of nine turns."""
    accounts = desk.give_many(520, at_entry(1, 50))
    assert accounts_of(desk.lens.call("adl_queue", 0, 1, accounts[::-1])) == accounts


@SIDES
@pytest.mark.parametrize("size", [1, 2])
def test_one_wei_of_size_has_a_side_and_a_rank(desk, side, size):
    """Of a price of half a wei a wei: what a short pays is rounded up, what a long is paid down."""
    mine, other = desk.chain.account("mine"), desk.chain.account("other")
    desk.give(mine, Pos(side * size, 200 * size, 2 * size if side < 0 else 0))
    desk.give(other, at_entry(-side * size, 50))
    price = 3 * WAD // 2
    for asked, whom, position in ((side, mine, None), (-side, other, None)):
        (rank,) = desk.lens.call("adl_queue", 0, asked, [mine, other], price)
        position = desk.held(whom)
        expected = ranked(Terms(position.size < 0, WAD, price), position)
        assert (rank.account, rank.size, rank.eligible) == (whom, position.size, expected is not None)
        assert rank.rank == (expected or 0)
    assert accounts_of(desk.lens.call("adl_queue", 0, 1, [mine, other])) == [mine if side > 0 else other]


@SIDES
def test_longs_are_asked_for_by_a_positive_side(desk, side):
    who = desk.chain.account("mine")
    desk.give(who, at_entry(side, 50))
    for asked in (1, 2, 2**127):
        assert accounts_of(desk.lens.call("adl_queue", 0, asked, [who])) == [who] * (side > 0)
    for asked in (0, -1, -2, -(2**127)):
        assert accounts_of(desk.lens.call("adl_queue", 0, asked, [who])) == [who] * (side < 0)


@SIDES
def test_who_has_just_nothing_is_eligible(desk, side):
    """No gain and no equity are enough; a wei less of either is not."""
    accounts = [desk.chain.account(f"edge {number}") for number in range(4)]
    price = after(-side)  # all gain here, and less there
    there = [(ENTRY + side * 10, 5), (ENTRY + side * 10 - side, 5), (ENTRY + side * 10 + side, 5), (ENTRY, -10)]
    desk.push(after(-side, 40))
    for who, (entry, balance) in zip(accounts, there, strict=True):
        desk.give(who, Pos(side, balance, entry))
    queue = desk.lens.call("adl_queue", 0, side, accounts, price)
    found = {rank.account: (rank.eligible, rank.rank) for rank in queue}
    terms = Terms(side < 0, WAD, price)
    wanted = [ranked(terms, desk.held(who)) for who in accounts]
    assert wanted[0] == 0 < wanted[1] < wanted[3] == 2**256 - 1
    assert wanted[2] is None
    assert found == {who: (rank is not None, rank or 0) for who, rank in zip(accounts, wanted, strict=True)}
    (rank,) = desk.lens.call("adl_queue", 0, side, accounts[3:], price - side * WAD)
    assert (rank.eligible, rank.rank) == (False, 0)


# ---- terms


@SIDES
@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_price_is_rounded_against_those_opposite(desk, trader, side, size, odd):
    desk.give(trader, Pos(side * size, MARGIN * size, ENTRY * size + odd))
    desk.push(after(side))
    notional = ENTRY * size + odd - side * MARGIN * size
    terms = desk.lens.call("adl_terms", 0, trader)
    price = -(-notional * WAD // size) if side > 0 else notional * WAD // size
    assert (terms.size, terms.notional, terms.price, terms.feasible) == (side * size, notional, price, True)


@SIDES
@pytest.mark.parametrize("fund", [0, 1, 2, 3, 4])
def test_the_terms_draw_what_the_fund_has_of_the_deficit(desk, trader, side, fund):
    """Of three wei: with that many the fund pays, and nobody is deleveraged."""
    desk.give(trader, at_entry(side, MARGIN))
    if fund:
        desk.donate(fund)
    desk.push(after(side))
    terms = desk.lens.call("adl_terms", 0, trader)
    drawn = min(fund, 3)
    assert (terms.deficit, terms.from_insurance, terms.at_previous_mark) == (3, drawn, False)
    assert terms.notional == ENTRY - side * (MARGIN + drawn)
    receipt = desk.deleverage(trader, [])
    assert receipt.reason == ("insurance pays" if fund >= 3 else "")


@SIDES
@pytest.mark.parametrize(("fund", "shown"), [(2, 0), (3, 3), (4, 3)])
def test_at_the_previous_mark_the_fund_pays_all_or_nothing(trader, side, fund, shown):
    with shared(adl_price="previous_mark") as desk:
        desk.crowd.transact("set_policy", 0, LOSS_ADL | PREVIOUS_MARK, sender=desk.sender).check()
        desk.give(trader, at_entry(side, 12))
        desk.donate(fund)
        desk.push(after(side))
        desk.touch()
        desk.push(after(side, 15))
        terms = desk.lens.call("adl_terms", 0, trader)
        assert (terms.deficit, terms.from_insurance, terms.at_previous_mark) == (3, shown, True)
        assert (terms.notional, terms.price) == (ENTRY - side * 10, after(side))
        receipt = desk.deleverage(trader, [], policy=LOSS_ADL | PREVIOUS_MARK)
        assert receipt.reason == ("insurance pays" if shown else "")
        # without the policy it goes by what the target has
        desk.crowd.transact("set_policy", 0, LOSS_ADL, sender=desk.sender).check()


@SIDES
@pytest.mark.parametrize("margin", [9, 10, 11])
def test_who_has_just_nothing_lacks_nothing(desk, trader, side, margin):
    desk.give(trader, at_entry(side, margin))
    desk.push(after(side))
    assert desk.lens.call("adl_terms", 0, trader).deficit == max(0, 10 - margin)
    assert desk.deleverage(trader, []).reason == ("" if margin < 10 else "not bankrupt")
