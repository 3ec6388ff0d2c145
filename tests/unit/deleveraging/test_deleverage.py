"""auto_deleverage of isolated positions: what each party is left with, on both sides, to the wei."""

import pytest
from support import spec
from support.deleveraging import bankruptcy_terms, deleverage
from support.exchange import LIQUIDITY, WIDE
from support.ruin import SIZE, crash, crash_and_follow, open_target
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def equity(exchange, who):
    return exchange.lens.call("health", 0, who).equity


@SIDES
def test_one_counterparty_ends_with_the_target(exchange, trader, counterparty, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    before = exchange.pos(counterparty)
    notional = bankruptcy_terms(exchange.pos(trader)).notional
    receipt = deleverage(exchange, trader, [counterparty])
    assert exchange.pos(trader) == Pos()
    # at the target's bankruptcy price: its counterparty gains the 110 that it had, less what rounding leaves the venue
    gain = side * (before.notional - notional)
    assert exchange.pos(counterparty) == Pos(0, before.balance + gain)
    assert 0 <= 110 * WAD - gain < 10**6
    assert receipt.events("DeficitAbsorbed") == []
    state = exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)
    assert (state.long_social_loss_index, state.short_social_loss_index, state.unallocated_loss) == (0, 0, 0)


@SIDES
def test_nobody_gives_up_more_than_the_deficit_needs(exchange, crowd, trader, side):
    """Against mark, those who are closed lose together what the target lacked, and not a wei a head more."""
    open_target(exchange, trader, side)
    accounts = crowd(exchange, *[(-side * 2 * WAD, margin * WAD) for margin in (30, 40, 50, 60, 70)])
    crash(exchange, side)
    lacking = -equity(exchange, trader)
    before = exchange.wealth(*accounts)
    deleverage(exchange, trader, accounts)
    assert lacking - len(accounts) <= before - exchange.wealth(*accounts) <= lacking + len(accounts)


@SIDES
def test_shares_add_up_and_the_last_keeps_its_rest(exchange, crowd, trader, side):
    open_target(exchange, trader, side)
    third = SIZE // 3
    accounts = crowd(exchange, *[(-side * third, margin * WAD) for margin in (60, 70, 80, 90)])
    crash(exchange, side)
    receipt = deleverage(exchange, trader, accounts)
    events = receipt.events("Deleveraged")
    assert [event.size for event in events] == [-side * third, -side * third, -side * third, -side]
    assert exchange.pos(accounts[-1]).size == -side * (third - 1)
    whole = receipt.event("AutoDeleveraging").notional
    assert sum(event.notional for event in events) == whole
    for event in events:
        assert abs(event.notional * SIZE - abs(event.size) * whole) < SIZE, "within a wei of its share"


@SIDES
def test_the_rest_of_a_counterparty_is_a_position_like_any(exchange, crowd, trader, side):
    """It is announced, and can be traded."""
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 15 * WAD, 300 * WAD))
    crash(exchange, side)
    receipt = deleverage(exchange, trader, [winner])
    changed = [event for event in receipt.events("PositionChanged") if event.account == winner]
    assert [event.size for event in changed] == [-side * 5 * WAD]
    assert exchange.record(winner).entry_carry == changed[0].entry_carry
    exchange.trade(winner, side * 5 * WAD)
    assert exchange.pos(winner) == Pos()


@SIDES
def test_it_stops_when_the_target_is_closed(exchange, crowd, trader, side):
    open_target(exchange, trader, side)
    accounts = crowd(exchange, (-side * 10 * WAD, 200 * WAD), (-side * 10 * WAD, 400 * WAD))
    crash(exchange, side)
    untouched = exchange.record(accounts[1])
    deleverage(exchange, trader, accounts)
    assert exchange.pos(accounts[0]).size == 0
    assert exchange.record(accounts[1]) == untouched


@SIDES
def test_who_would_lose_is_passed_over_and_pays_by_the_index(exchange, crowd, trader, keeper, side):
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 4 * WAD, 100 * WAD))
    crash_and_follow(exchange, side, keeper)
    before = equity(exchange, keeper)
    receipt = deleverage(exchange, trader, [winner, keeper])
    assert [event.account for event in receipt.events("Deleveraged")] == [winner]
    assert exchange.record(trader).size == side * 6 * WAD
    assert equity(exchange, trader) == 0
    assert equity(exchange, keeper) < before
    # what the winner is due does not depend on the index
    assert exchange.pos(winner) == Pos(0, receipt.event("Deleveraged").new_balance)


@SIDES
def test_who_has_no_equity_at_that_price_is_passed_over(opened_adl, crowd, trader, side):
    """It gains fifteen a unit there, but borrow fees of 45 have eaten more than that and its margin."""
    exchange = opened_adl(borrow_rate_bps=10_000, oracle_max_age=10**6)
    exchange.trade(trader, side * SIZE, 60 * SIZE)
    thin, fat = crowd(exchange, (-side * 4 * WAD, 44 * WAD), (-side * 4 * WAD, 400 * WAD))
    for _ in range(45):
        exchange.chain.mine(315_360)  # a hundredth of a year
        exchange.push(100 * WAD)
        exchange.house.transact("accrue", 0, sender=thin).check()
    exchange.push((80 if side > 0 else 120) * WAD)
    receipt = deleverage(exchange, trader, [fat, thin])
    assert [event.account for event in receipt.events("Deleveraged")] == [fat]
    assert exchange.record(thin).size == -side * 4 * WAD


@SIDES
def test_the_venue_bears_its_part_of_the_rest(exchange, crowd, trader, side):
    """Six of ten stand against the venue: its providers pay for those, nobody else is there."""
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 4 * WAD, 150 * WAD))
    crash(exchange, side)
    receipt = deleverage(exchange, trader, [winner])
    assert exchange.record(trader).size == side * 6 * WAD
    assert equity(exchange, trader) == 0
    assert LIQUIDITY - exchange.state().lp_margin == receipt.event("DeficitAbsorbed").deficit
    assert exchange.pos(winner).size == 0


@SIDES
def test_an_empty_list_is_complete_where_only_the_venue_stands_opposite(exchange, trader, side):
    open_target(exchange, trader, side)
    crash(exchange, side)
    lacking = -equity(exchange, trader)
    receipt = deleverage(exchange, trader, [])
    assert receipt.events("Deleveraged") == []
    assert LIQUIDITY - exchange.state().lp_margin == lacking
    assert equity(exchange, trader) == 0
    assert exchange.record(trader).size == side * SIZE


@SIDES
def test_the_rest_can_be_deleveraged_again(exchange, trader, side):
    """With equity zero it is not bankrupt; once the price goes on it is."""
    open_target(exchange, trader, side)
    crash(exchange, side)
    deleverage(exchange, trader, [])
    exchange.push(85 * WAD - side * WAD if side > 0 else 115 * WAD + WAD)
    deleverage(exchange, trader, [])
    assert equity(exchange, trader) == 0


@SIDES
def test_a_removed_range_is_a_counterparty_like_any(exchange, trader, provider, side):
    open_target(exchange, trader, side)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    assert 0 <= -side * SIZE - exchange.record(provider).size <= 1, "what rounding left the venue apart"
    crash(exchange, side)
    deleverage(exchange, trader, [provider])
    assert abs(exchange.pos(trader).size) + abs(exchange.pos(provider).size) == 1


def test_nobody_is_found_for_a_short_that_lacks_something_even_at_zero(opened_adl, crowd, trader):
    """Borrow fees have eaten more than it was sold for. Its deficit is the other side's by the index."""
    exchange = opened_adl(borrow_rate_bps=30_000, oracle_max_age=10**6)
    open_target(exchange, trader, -1)
    (long,) = crowd(exchange, (SIZE, 1_500 * WAD))
    for _ in range(41):
        exchange.chain.mine(315_360)  # a hundredth of a year
        exchange.push(100 * WAD)
        exchange.house.transact("accrue", 0, sender=long).check()
    terms = exchange.lens.call("adl_terms", 0, trader)
    assert (terms.feasible, terms.notional) == (False, 0)
    held = exchange.record(long)
    receipt = deleverage(exchange, trader, [long])
    assert receipt.event("AutoDeleveraging").size == 0
    assert exchange.record(long) == held
    assert exchange.state().long_social_loss_index > 0
    assert equity(exchange, trader) == 0


# ---- who is on the list


@SIDES
def test_who_is_not_on_that_side_is_skipped(exchange, trader, counterparty, keeper, outsider, side):
    """The target itself, one of its own side, and somebody without a position."""
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    exchange.trade(keeper, side * WAD, 100 * WAD)
    crash(exchange, side)
    others = exchange.record(keeper)
    deleverage(exchange, trader, [outsider, keeper, trader, counterparty])
    assert exchange.record(keeper) == others
    assert exchange.pos(counterparty).size == 0


@SIDES
def test_who_closed_meanwhile_is_skipped(exchange, crowd, trader, side):
    open_target(exchange, trader, side)
    accounts = crowd(exchange, *[(-side * 5 * WAD, margin * WAD) for margin in (60, 70, 80)])
    crash(exchange, side)
    exchange.trade(accounts[0], side * 5 * WAD)
    deleverage(exchange, trader, accounts)
    assert exchange.pos(trader) == Pos()


# ---- what is due


@SIDES
def test_settle_pays_out_what_is_due(exchange, trader, counterparty, keeper, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    deleverage(exchange, trader, [counterparty])
    free, due = exchange.free(counterparty), exchange.pos(counterparty).balance
    exchange.house.transact("settle", 0, counterparty, sender=keeper).check()
    assert exchange.free(counterparty) == free + due
    assert exchange.pos(counterparty) == Pos()
    exchange.refuses("no position", exchange.house, "settle", 0, counterparty, sender=keeper)


@SIDES
def test_the_next_trade_takes_in_what_is_due(exchange, trader, counterparty, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    deleverage(exchange, trader, [counterparty])
    due = exchange.pos(counterparty).balance
    exchange.trade(counterparty, WAD, 0)
    assert exchange.pos(counterparty).balance == due
    assert exchange.record(counterparty).entry_carry == exchange.state().funding_index


@SIDES
def test_an_account_can_be_deleveraged_again_on_top_of_what_it_is_due(exchange, trader, counterparty, keeper, side):
    """What is due becomes margin of the next position, and that is closed like any."""
    for who in (trader, keeper):
        open_target(exchange, who, side)
        exchange.trade(counterparty, -side * SIZE, 300 * WAD)
        crash(exchange, side)
        deleverage(exchange, who, [counterparty])
        exchange.push(100 * WAD)
    due = exchange.pos(counterparty).balance
    assert due > 2 * 400 * WAD
    exchange.house.transact("settle", 0, counterparty, sender=who).check()
    assert exchange.pos(counterparty) == Pos()


@SIDES
def test_a_market_that_settles_pays_what_is_due_in_its_turn(exchange, trader, counterparty, keeper, side):
    """Nobody is paid before it has become a claim like the others'."""
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    exchange.trade(keeper, side * WAD, 100 * WAD)
    crash(exchange, side)
    deleverage(exchange, trader, [counterparty])
    due, free = exchange.pos(counterparty).balance, exchange.free(counterparty)
    exchange.config.transact("settle_market", 0, 0, sender=exchange.system.owner).check()
    provider = exchange.people["provider"]
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    house = exchange.house
    for who in (keeper, provider):
        house.transact("settle_account", 0, who, sender=trader)
    exchange.refuses("market is settling", house, "claim", 0, keeper, sender=keeper)
    house.transact("settle_account", 0, counterparty, sender=trader).check()
    house.transact("claim", 0, counterparty, sender=trader).check()
    assert exchange.free(counterparty) == free + due
    house.transact("claim", 0, keeper, sender=trader).check()


# ---- small numbers


@SIDES
def test_two_winners_with_half_a_wei_each(opened_adl, crowd, trader, side):
    """Sizes of a wei: the shares are whole, add up, and the odd wei goes to one of them."""
    exchange = opened_adl(min_notional="0.0000000000000001", max_open_interest="0.000000000001")
    exchange.trade(trader, 2 * side, 25)
    accounts = crowd(exchange, (-side, 60), (-side, 90))
    position = exchange.pos(trader)
    exchange.push((81 if side > 0 else 119) * WAD)
    terms = bankruptcy_terms(position)
    if terms.notional % 2 == 0:
        # one wei more or less of margin makes it odd
        exchange.house.transact("adjust_margin", 0, 1, sender=trader).check()
        terms = bankruptcy_terms(exchange.pos(trader))
    assert terms.notional % 2 == 1
    receipt = deleverage(exchange, trader, accounts)
    low, high = sorted(event.notional for event in receipt.events("Deleveraged"))
    assert (low + high, high - low) == (terms.notional, 1)
    # the first of the shorts pays it, the last of the longs gets it
    assert receipt.events("Deleveraged")[0].notional == (high if side > 0 else low)
    assert exchange.pos(trader) == Pos()


@SIDES
def test_carry_is_paid_first(opened_adl, crowd, trader, side):
    """Funding since the last touch belongs to the balance: of the target, and of those opposite."""
    exchange = opened_adl(funding_cap_bps=500, funding_period_seconds=3_600, oracle_max_age=10**6)
    open_target(exchange, trader, side)
    accounts = crowd(exchange, *[(-side * 4 * WAD, margin * WAD) for margin in (100, 120)])
    exchange.trade(accounts[0], -side * WAD, 0)
    exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.chain.mine(50_000)
    crash(exchange, side)
    index = exchange.state().funding_index
    assert index != exchange.record(trader).entry_carry
    deleverage(exchange, trader, accounts)
    assert all(exchange.pos(account).size == 0 for account in accounts)


@SIDES
def test_it_is_open_to_anyone_even_to_those_concerned(exchange, trader, counterparty, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    with exchange.undone():
        deleverage(exchange, trader, [counterparty], who=trader)
    deleverage(exchange, trader, [counterparty], who=counterparty)
    assert spec.side(exchange.pos(trader).size) == 0
