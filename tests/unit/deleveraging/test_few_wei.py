"""Deleveraging of a few wei: a size, a due, a surplus or an insurance fund of one is one, not nothing."""

import pytest
from support import spec
from support.adl_desk import PREVIOUS_MARK, Desk, closed, shared
from support.deleveraging import Terms, ranked
from support.exchange import FREE, PRICE
from support.spec import Pos
from unit.deleveraging.test_deleveraging_extremes import Seen, check

from nacre.units import RAY, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# A unit from 100 with 7 on it lacks 3 at a price of 10 beyond its entry.
ENTRY, MARGIN, MOVE = 100, 7, 10


@pytest.fixture
def desk():
    with shared() as desk:
        yield desk


def after(side: int, move: int = MOVE) -> int:
    """The price once it has moved against a side."""
    return (ENTRY - side * move) * WAD


def at_entry(size: int, balance: int, odd: int = 0) -> Pos:
    return Pos(size, balance, ENTRY * abs(size) + odd)


def crowd_of(desk: Desk, number: int) -> list[str]:
    return [desk.chain.account(f"winner {one}") for one in range(number)]


@SIDES
@pytest.mark.parametrize(
    ("size", "others"),
    [
        (1, [1]),
        (1, [2]),
        (1, [1, 1]),
        (2, [1]),
        (2, [2]),
        (2, [3]),
        (3, [1]),
        (3, [2, 1]),
        (3, [2, 2]),
        (3, [2, 5]),
        (3, [1, 1, 1]),
        (7, [3, 3]),
        (7, [2, 2, 4]),
    ],
)
@pytest.mark.parametrize("odd", [0, 1, 2])
def test_a_few_wei_against_a_few_wei(desk, trader, side, size, others, odd):
    """Every position, every total and every loss as predicted; and once all dues are paid none is counted."""
    accounts = crowd_of(desk, len(others))
    desk.fill_pot()
    desk.give(trader, at_entry(side * size, MARGIN * size, odd))
    for number, (who, other) in enumerate(zip(accounts, others, strict=True)):
        desk.give(who, at_entry(-side * other, (60 + 7 * number) * other))
    desk.push(after(side))
    want = check(Seen(desk.bare), trader, accounts)
    assert want.filled == min(size, sum(others))
    state = desk.state()
    left = [spec.side(desk.held(who).size) for who in (trader, *accounts)]
    assert (state.holders_long, state.holders_short) == (left.count(1), left.count(-1))
    assert desk.house.call("made_good", 0, trader) == 0, "where no previous mark is kept nobody asks"
    for who in accounts:
        if not desk.held(who).size:
            due = desk.held(who).balance
            desk.bare.send(trader, "settle", 0, who).check()
            assert (desk.held(who), desk.free(who)) == (Pos(), due)
    assert desk.state().ranges == 0, "the amount of all dues shares a word with the count of ranges"


@SIDES
@pytest.mark.parametrize("is_cross", [False, True])
@pytest.mark.parametrize("due", [0, 1, 2])
def test_a_due_of_one_wei_is_due(trader, counterparty, side, due, is_cross):
    with shared(cross_margin=True) as desk:
        desk.fill_pot()
        desk.leave(counterparty, 0)
        if is_cross:
            desk.cross(counterparty)
        desk.give(trader, at_entry(side, MARGIN))
        desk.push(after(side, 20))
        # what it gains at the bankruptcy price, all but the due, is gone
        desk.give(counterparty, at_entry(-side, due - MARGIN))
        told = desk.deleverage(trader, [counterparty]).check().event("Deleveraged")
        assert (told.size, told.notional) == (-side, ENTRY - side * MARGIN)
        assert (told.new_size, told.new_balance) == (0, due)
        assert desk.held(counterparty) == Pos(0, due)
        receipt = desk.bare.send(trader, "settle", 0, counterparty)
        assert receipt.reason == ("" if due else "no position")
        assert desk.free(counterparty) == due
        assert desk.state().ranges == 0


@SIDES
def test_one_wei_in_the_fund_is_paid(desk, trader, counterparty, side):
    """It moves the price of the target by that wei."""
    desk.give(trader, at_entry(side, MARGIN))
    desk.give(counterparty, at_entry(-side, 50))
    desk.donate(1)
    desk.push(after(side))
    receipt = desk.deleverage(trader, [counterparty]).check()
    told = receipt.event("AutoDeleveraging")
    assert (told.from_insurance, told.insurance_fund) == (1, 0)
    assert told.notional == ENTRY - side * (MARGIN + 1)
    assert desk.held(counterparty) == Pos(0, 50 + MARGIN + 1)


@SIDES
@pytest.mark.parametrize("draw_bps", [9_999, 10_000])
def test_all_of_the_fund_but_a_basis_point(desk, trader, counterparty, side, draw_bps):
    """Where an hour's limit is that."""
    limits_at = 121
    risk, trading, limits = desk.house.call("market_words", 0)
    limits += (draw_bps - 10_000) << limits_at
    desk.bare.send(desk.bare.config, "set_market", 0, risk, trading, limits, desk.house.call("extras_word", 0)).check()
    desk.give(trader, at_entry(20_000 * side, MARGIN * 20_000))
    desk.give(counterparty, at_entry(-side * 20_000, 50 * 20_000))
    desk.donate(10_000)
    desk.push(after(side))
    assert desk.lens.call("adl_terms", 0, trader).from_insurance == draw_bps
    told = desk.deleverage(trader, [counterparty]).check().event("AutoDeleveraging")
    assert (told.from_insurance, told.insurance_fund) == (draw_bps, 10_000 - draw_bps)


@SIDES
def test_what_a_loss_leaves_over_costs_a_whole_wei(desk, trader, keeper, counterparty, side):
    """A loss of one wei on seven units: at an index rounded up they pay a wei and 1e-27 of one, hence two.

    Nobody takes the keeper's position, whose loss it is: the counterparty would lose at its price.
    """
    desk.give(keeper, at_entry(side, 3))
    desk.push(after(side, 4))
    desk.give(counterparty, Pos(-side * 7, 200, 7 * (ENTRY - side * 10)))
    receipt = desk.deleverage(keeper, [counterparty])
    assert closed(receipt) == []
    assert receipt.event("DeficitAbsorbed").deficit == 1
    index = spec.ceil(RAY, 7)
    assert 7 * index == RAY + 1
    state = desk.state()
    indices = (state.long_social_loss_index, state.short_social_loss_index)
    assert indices == ((0, index) if side > 0 else (index, 0))
    desk.give(trader, Pos(side, 12, ENTRY - side * 5))
    desk.push(after(side, 20))
    told = desk.deleverage(trader, [counterparty]).check().event("Deleveraged")
    # the trader's own side bore nothing: its bankruptcy price is 17 below its entry of 95
    share = ENTRY - side * 17
    assert told.notional == share
    part = spec.combine(Pos(side, 0, share), Pos(-side * 7, 200 - 2, 7 * (ENTRY - side * 10)))
    assert desk.held(counterparty) == part


@SIDES
@pytest.mark.parametrize("size", [1, 7, 10**6 + 1])
def test_funding_earned_to_date_is_rounded_down(trader, side, size):
    """From whatever the index was at entry: those opposite earn, since the mid stands on the target's side of mark."""
    with shared(funding_cap_bps=1_000) as desk:
        first, second = crowd_of(desk, 2)
        mid = (ENTRY + side * 5) * WAD
        desk.fill_pot()
        desk.bare.send(desk.bare.venue, "venue_provide", 0, trader, 0, mid).check()
        desk.give(first, at_entry(-side * size, 50 * size))
        desk.chain.mine(1_000)
        desk.push(PRICE)
        desk.touch()
        desk.give(trader, at_entry(2 * side * size, 2 * MARGIN * size))
        # each position that is handed out brings the mid back to mark
        desk.bare.send(desk.bare.venue, "venue_provide", 0, trader, 0, mid).check()
        desk.give(second, at_entry(-side * size, 60 * size))
        desk.bare.send(desk.bare.venue, "venue_provide", 0, trader, 0, mid).check()
        entries = [desk.house.call("position", 0, who).entry_carry for who in (first, second)]
        desk.chain.mine(1_000)
        desk.push(after(side))
        state = desk.state()
        earned = [spec.carry(size, -side * state.funding_index - entry) for entry in entries]
        assert earned[0] <= earned[1] <= 0 != entries[1] != entries[0]
        if size > 7:
            assert earned[0] < earned[1] < -1_000
            assert size * (-side * state.funding_index - entries[1]) % RAY != 0
        want = check(Seen(desk.bare), trader, [first, second])
        assert want.filled == 2 * size


@SIDES
def test_one_wei_long_is_too_much_for_a_side_of_too_many(desk, trader, side):
    """At most a thousand on the other side, whatever the size of the target."""
    desk.give(trader, at_entry(side, MARGIN))
    desk.give_many(1_001, at_entry(-side, 50))
    desk.push(after(side))
    assert desk.deleverage(trader, []).reason == "ADL not allowed"


# ---- ranks


@SIDES
@pytest.mark.parametrize("odd", [0, 1, 2])
@pytest.mark.parametrize("gain", [-1, 0, 1])
def test_who_would_lose_a_wei_is_passed_over(desk, trader, counterparty, side, odd, gain):
    """By the rounded notional of its own size, here a third of the target's."""
    desk.give(trader, at_entry(3 * side, 3 * MARGIN, odd))
    whole = 3 * (ENTRY - side * MARGIN) + odd
    value = spec.ceil(whole, 3) if side > 0 else whole // 3
    desk.give(counterparty, Pos(-side, 50, value + side * gain))
    desk.push(after(side))
    receipt = desk.deleverage(trader, [counterparty])
    assert closed(receipt) == [counterparty] * (gain >= 0)
    assert desk.held(counterparty) == (Pos(0, 50 + gain) if gain >= 0 else Pos(-side, 50, value - side))


@SIDES
def test_an_entry_and_an_equity_of_one_wei_have_a_rank(desk, trader, side):
    """That of who gains nothing, which is the lowest: not the highest, as where one of them is nothing."""
    first, last = crowd_of(desk, 2)
    winning, even = Pos(-2 * side, 9, 2 + side), Pos(-side, 1, 1)
    terms = Terms(side > 0, 2, 2)
    assert ranked(terms, winning) > ranked(terms, even) == 0
    desk.push(WAD)
    desk.give(trader, Pos(2 * side, 0, 2))
    desk.give(first, winning)
    desk.give(last, even)
    desk.push(WAD - side)
    assert closed(desk.deleverage(trader, [first, last])) == [first]
    assert desk.held(first) == Pos(0, 10)


def steps(side: int) -> list[tuple[Pos, Pos, list[int]]]:
    """Two positions at a price of one wei a wei, and their ranks: the first before the second."""
    if side > 0:
        half = Pos(-(2**40), 2**80 - 2**40, 2**41)  # gain to entry 1/2, value to equity 2^-40
        return [
            (Pos(-(2**80 - 1), 0, 2**80), half, [2**128 - 1, 2**119]),
            (half, Pos(-(2**81 - 1), 0, 2**81), [2**119, 0]),
        ]
    much = Pos(2**20, 2**90 - 2**19, 2**19)  # gain to entry 1, value to equity 2^-70
    return [
        (Pos(2**20, 2**100 - 2**20 + 1, 1), much, [(2**20 - 1) * 2**80, 2**90]),
        (much, Pos(2**20, 2**101 - 2**20 + 1, 1), [2**90, 0]),
    ]


@SIDES
@pytest.mark.parametrize("step", [0, 1], ids=["just counts", "just does not"])
def test_a_factor_has_eighty_binary_places(desk, trader, side, step):
    """Shorts by what they gain on their entry, longs by their leverage: what is below the last place is nothing."""
    accounts = crowd_of(desk, 2)
    *positions, ranks = steps(side)[step]
    terms = Terms(side > 0, 1, 1)
    assert [ranked(terms, position) for position in positions] == ranks
    desk.push(WAD)
    desk.give(trader, Pos(side, 0, 1))
    for who, position in zip(accounts, positions, strict=True):
        desk.give(who, position)
    desk.push(WAD - side)
    assert desk.deleverage(trader, accounts[::-1]).reason == "ADL order"
    assert closed(desk.deleverage(trader, accounts)) == accounts[:1]


@SIDES
@pytest.mark.parametrize(("equity", "taken"), [(2**103, True), (2**104 - 1, True), (2**104, False)])
def test_nobody_is_due_more_than_a_pot_holds(desk, trader, counterparty, side, equity, taken):
    desk.give(trader, at_entry(side, MARGIN))
    desk.give(counterparty, at_entry(-side, equity - MARGIN))
    desk.push(after(side))
    (rank,) = desk.lens.call("adl_counterparties", 0, trader, [counterparty])
    assert rank.eligible == taken
    receipt = desk.deleverage(trader, [counterparty])
    assert closed(receipt) == [counterparty] * taken
    assert desk.held(counterparty) == (Pos(0, equity) if taken else at_entry(-side, equity - MARGIN))


# ---- the previous mark


@pytest.fixture
def previous():
    with shared(adl_price="previous_mark") as desk:
        desk.fill_pot()
        yield desk


@SIDES
@pytest.mark.parametrize("surplus", [0, 1, 2])
def test_a_surplus_of_one_wei_is_the_targets(previous, trader, counterparty, side, surplus):
    desk = previous
    desk.give(trader, at_entry(side, 8 + surplus))
    desk.give(counterparty, at_entry(-side, 50))
    desk.push(after(side, 8))
    desk.touch()
    desk.push(after(side, 15))
    pot = desk.state().pot
    told = desk.deleverage(trader, [counterparty], policy=PREVIOUS_MARK).check().event("AutoDeleveraging")
    assert (told.notional, told.surplus) == (ENTRY - side * 8, surplus)
    assert (desk.held(trader), desk.free(trader)) == (Pos(), FREE + surplus)
    assert desk.state().pot == pot - surplus


@SIDES
@pytest.mark.parametrize("missing", [0, 1])
def test_a_rest_that_lacks_nothing_is_left_alone(previous, trader, counterparty, side, missing):
    """One of three closed at 8 beyond the entry, two left at 12: 8 + 24 on them is just enough."""
    desk = previous
    desk.give(trader, at_entry(3 * side, 32 - missing))
    desk.give(counterparty, at_entry(-side, 50))
    desk.push(after(side, 8))
    desk.touch()
    desk.push(after(side, 12))
    receipt = desk.deleverage(trader, [counterparty], policy=PREVIOUS_MARK)
    assert closed(receipt) == [counterparty]
    assert [event.deficit for event in receipt.events("DeficitAbsorbed")] == [1] * missing
    assert receipt.event("AutoDeleveraging").surplus == 0
    assert desk.held(trader) == at_entry(2 * side, 24)
    assert desk.house.call("made_good", 0, trader) == (desk.chain.timestamp if missing else 0)
