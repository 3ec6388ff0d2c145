"""auto_deleverage where the target or somebody opposite backs its positions with all of its free collateral."""

import pytest
from support import spec
from support.deleveraging import Terms, deleverage, dust_bound, dust_of, ranked, refuses, settled
from support.ruin import MARGIN, PRICE, SIZE, crash, open_target
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# As in conftest.py.
OTHER = {"min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000, "cross_margin": True}


@pytest.fixture
def exchange(opened_adl):
    """With a second market, `other`, in which nobody is deleveraged."""
    exchange = opened_adl(cross_margin=True)
    market = exchange.list_market("other", **OTHER)
    exchange.system.fund(exchange.people["provider"], 100_000 * WAD)
    exchange.provide(exchange.people["provider"], 100_000 * WAD, market="other")
    assert market.id == 1
    return exchange


def cross(exchange, who, *markets):
    for market in markets or (0,):
        exchange.house.transact("set_margin_mode", market, True, sender=who).check()


def leave(exchange, who, amount):
    """Free collateral down to that."""
    exchange.house.transact("withdraw", exchange.free(who) - amount, sender=who).check()


def push_other(exchange, price):
    exchange.system.push_price(exchange.system.markets["other"], price)


def account(exchange, who):
    return exchange.house.call("account_state", who).full_equity


def send(exchange, target, counterparties):
    """With the balance sheets of both markets around it."""
    before, state = dust_of(exchange, counterparties), exchange.state()
    arguments = (0, target, list(counterparties))
    receipt = exchange.engine.transact("auto_deleverage", *arguments, sender=exchange.people["outsider"]).check()
    closed = len(receipt.events("Deleveraged"))
    assert abs(dust_of(exchange, counterparties) - before) <= dust_bound(state, closed)
    assert exchange.lens.call("assets", everybody(exchange, counterparties)).unassigned == 0
    return receipt


def everybody(exchange, more):
    return sorted({*exchange.people.values(), *more}, key=lambda who: int(who, 16))


# ---- the target


@SIDES
def test_a_cross_target_gives_all_it_has(exchange, trader, counterparty, side):
    """Its free collateral goes into the leg first; what is missing then sets the price."""
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    leave(exchange, trader, MARGIN)
    crash(exchange, side)
    leg = exchange.pos(trader)
    receipt = deleverage(exchange, trader, [counterparty])
    assert exchange.free(trader) == 0
    assert receipt.event("AutoDeleveraging").notional == leg.notional - side * (leg.balance + MARGIN)
    assert exchange.pos(trader) == Pos()
    assert exchange.house.call("cross_markets", trader)[1] == 0


@SIDES
def test_a_solvent_account_is_no_target_for_a_failing_leg(exchange, trader, counterparty, side):
    """The leg lacks forty, but the account has more."""
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    refuses(exchange, "not bankrupt", trader, [counterparty])


@SIDES
def test_bankrupt_at_zero_and_a_wei_below(exchange, trader, counterparty, side):
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    leave(exchange, trader, 120 * WAD)
    crash(exchange, side)
    missing = -account(exchange, trader)
    assert missing > 0
    exchange.system.fund(trader, missing)
    refuses(exchange, "not bankrupt", trader, [counterparty])
    exchange.push(PRICE[side] - side)
    assert account(exchange, trader) < 0
    deleverage(exchange, trader, [counterparty])


@SIDES
def test_other_legs_stay(exchange, trader, counterparty, side):
    """A bankrupt account's gain in another market goes to the leg as far as its pot pays; the position there stays."""
    cross(exchange, trader, 0, 1)
    exchange.trade(trader, side * SIZE)
    exchange.trade(trader, side * WAD, market=1)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    leave(exchange, trader, 130 * WAD)
    push_other(exchange, (110 if side > 0 else 90) * WAD)
    crash(exchange, side)
    other, pot = exchange.pos(trader, 1), exchange.state(1).pot
    gain = spec.equity(other, exchange.state(1).mark_price)
    assert gain > 9 * WAD
    receipt = send(exchange, trader, [counterparty])
    assert receipt.event("AutoDeleveraging").size == side * SIZE
    assert exchange.pos(trader, 1) == Pos(other.size, other.balance - gain, other.notional)
    assert exchange.state(1).pot == pot - gain
    assert exchange.free(trader) == 0
    assert exchange.house.call("cross_markets", trader)[1] == 2


@SIDES
def test_a_gaining_leg_of_a_bankrupt_account_is_no_target(exchange, trader, counterparty, side):
    cross(exchange, trader, 0, 1)
    exchange.trade(trader, side * WAD)
    exchange.trade(trader, side * SIZE, market=1)
    exchange.trade(counterparty, -side * WAD, 300 * WAD)
    leave(exchange, trader, 130 * WAD)
    exchange.push((101 if side > 0 else 99) * WAD)
    push_other(exchange, PRICE[side] - side * 20 * WAD)
    assert account(exchange, trader) < 0
    refuses(exchange, "not bankrupt", trader, [counterparty])


@SIDES
def test_what_the_rest_of_a_leg_lacks_is_absorbed(exchange, crowd, trader, side):
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    (winner,) = crowd(exchange, (-side * 4 * WAD, 200 * WAD))
    leave(exchange, trader, MARGIN)
    crash(exchange, side)
    deleverage(exchange, trader, [winner])
    assert exchange.record(trader).cross
    assert exchange.record(trader).size == side * 6 * WAD
    assert account(exchange, trader) == 0
    assert exchange.house.call("cross_markets", trader)[1] == 1


@SIDES
def test_a_surplus_at_the_previous_mark_goes_to_free_collateral(opened_adl, crowd, trader, keeper, side):
    exchange = opened_adl(cross_margin=True, adl_price="previous_mark")
    cross(exchange, trader)
    exchange.trade(trader, side * SIZE)
    (winner,) = crowd(exchange, (-side * SIZE, 300 * WAD))
    leave(exchange, trader, MARGIN)
    with exchange.chain.block():
        exchange.system.push_price(exchange.main, (100 - side * 8) * WAD)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    left = account(exchange, trader)
    crash(exchange, side)
    receipt = deleverage(exchange, trader, [winner])
    assert receipt.event("AutoDeleveraging").surplus == exchange.free(trader) == left > 0


# ---- those opposite


@SIDES
def test_a_cross_counterparty_is_closed_like_any(exchange, trader, counterparty, side):
    """What it is due stays in its leg, which counts for its account."""
    cross(exchange, counterparty)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    free = exchange.free(counterparty)
    crash(exchange, side)
    receipt = send(exchange, trader, [counterparty])
    due = receipt.event("Deleveraged").new_balance
    assert exchange.pos(counterparty) == Pos(0, due)
    assert exchange.free(counterparty) == free
    assert account(exchange, counterparty) == free + due
    exchange.house.transact("settle", 0, counterparty, sender=trader).check()
    assert exchange.free(counterparty) == free + due


@SIDES
def test_free_collateral_lowers_its_rank(exchange, crowd, trader, counterparty, side):
    """By all of it: an isolated position with the same margin as the leg comes first, one with more than both last."""
    cross(exchange, counterparty)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * 4 * WAD)
    leave(exchange, counterparty, 200 * WAD)
    accounts = crowd(exchange, (-side * 4 * WAD, 100 * WAD), (-side * 4 * WAD, 400 * WAD))
    crash(exchange, side)
    queue = exchange.lens.call("adl_counterparties", 0, trader, [*accounts, counterparty])
    assert [rank.account for rank in queue] == [accounts[0], counterparty, accounts[1]]
    refuses(exchange, "ADL order", trader, [counterparty, *accounts])
    receipt = send(exchange, trader, [rank.account for rank in queue])
    assert [event.account for event in receipt.events("Deleveraged")] == [rank.account for rank in queue]


@SIDES
def test_part_of_a_cross_counterparty(exchange, trader, counterparty, side):
    cross(exchange, counterparty)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * 2 * SIZE)
    crash(exchange, side)
    before = account(exchange, counterparty)
    lacking = -exchange.lens.call("health", 0, trader).equity
    send(exchange, trader, [counterparty])
    record = exchange.record(counterparty)
    assert (record.size, record.cross) == (-side * SIZE, True)
    assert abs(before - account(exchange, counterparty) - lacking) <= 3
    exchange.trade(counterparty, side * SIZE)
    assert exchange.pos(counterparty) == Pos()


@SIDES
def test_an_account_that_would_be_bankrupt_is_passed_over(exchange, crowd, trader, counterparty, side):
    """It gains here and loses in another market: at mark it lives by the gain that it would give up."""
    cross(exchange, counterparty, 0, 1)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    exchange.trade(counterparty, -side * SIZE, market=1)
    (other,) = crowd(exchange, (-side * SIZE, 300 * WAD))
    leave(exchange, counterparty, 300 * WAD)
    crash(exchange, side)
    # all but twenty of what it has is lost there
    push_other(exchange, (100 + side * 42) * WAD)
    assert 0 < account(exchange, counterparty) < 40 * WAD
    queue = exchange.lens.call("adl_counterparties", 0, trader, [counterparty, other])
    assert [rank.account for rank in queue] == [counterparty, other]
    held = exchange.record(counterparty)
    receipt = send(exchange, trader, [counterparty, other])
    assert [event.account for event in receipt.events("Deleveraged")] == [other]
    assert exchange.record(counterparty) == held


@SIDES
def test_an_account_left_with_nothing_is_not_passed_over(exchange, trader, counterparty, side):
    """The edge of that: what it has covers what it gives up, to the wei."""
    cross(exchange, counterparty, 0, 1)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    exchange.trade(counterparty, -side * SIZE, market=1)
    leave(exchange, counterparty, 300 * WAD)
    crash(exchange, side)
    push_other(exchange, (100 + side * 42) * WAD)
    with exchange.undone():
        receipt = send(exchange, trader, [counterparty])
        assert receipt.events("Deleveraged") == []
    with exchange.chain.block():
        want = gives_up(exchange, trader, counterparty)
    short = want - account(exchange, counterparty)
    for missing in (1, 0):
        with exchange.undone():
            exchange.system.fund(counterparty, short - missing)
            receipt = send(exchange, trader, [counterparty])
            assert len(receipt.events("Deleveraged")) == 1 - missing
            if not missing:
                assert account(exchange, counterparty) == 0


def gives_up(exchange, target, who):
    """Against mark, if all of its position is closed."""
    state = exchange.state()
    position = settled(exchange, state, who)
    terms = exchange.lens.call("adl_terms", 0, target)
    value = position.size * state.mark_price // WAD
    return abs(abs(value) - terms.notional) if position.size > 0 else terms.notional + value


@SIDES
def test_a_leg_that_lacks_something_is_paid_by_free_collateral(opened_adl, trader, counterparty, side):
    """Its balance was eaten by borrow fees; the account has enough, and is ranked by all it has."""
    exchange = opened_adl(cross_margin=True, borrow_rate_bps=10_000, oracle_max_age=10**6)
    cross(exchange, counterparty)
    exchange.trade(trader, side * SIZE, 60 * SIZE)
    exchange.trade(counterparty, -side * SIZE)
    for _ in range(45):
        exchange.chain.mine(315_360)  # a hundredth of a year
        exchange.push(100 * WAD)
        exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.push((80 if side > 0 else 120) * WAD)
    free = exchange.free(counterparty)
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, [counterparty], sender=trader).check()
    event = receipt.event("Deleveraged")
    assert (event.new_size, event.new_balance) == (0, 0)
    assert exchange.pos(counterparty) == Pos()
    paid = free - exchange.free(counterparty)
    assert 290 * WAD < paid < 310 * WAD
    assert dust_of(exchange, []) >= 0


@SIDES
def test_ranks_of_cross_accounts_are_those_of_the_lens(exchange, trader, counterparty, side):
    cross(exchange, counterparty)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    crash(exchange, side)
    with exchange.chain.block():
        (rank,) = exchange.lens.call("adl_counterparties", 0, trader, [counterparty])
        state = exchange.state()
        terms = exchange.lens.call("adl_terms", 0, trader)
        mine = Terms(side > 0, SIZE, terms.notional)
        assert rank.rank == ranked(mine, settled(exchange, state, counterparty), exchange.free(counterparty))


@SIDES
def test_a_dead_feed_elsewhere_stops_nothing(exchange, trader, counterparty, side):
    """Of a counterparty's other market: its profit there counts at the last price, as for who is bankrupt."""
    cross(exchange, counterparty, 0, 1)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE)
    exchange.trade(counterparty, WAD, market=1)
    exchange.chain.mine(4_000)
    crash(exchange, side)
    assert exchange.state(1).stale
    receipt = send(exchange, trader, [counterparty])
    assert len(receipt.events("Deleveraged")) == 1
