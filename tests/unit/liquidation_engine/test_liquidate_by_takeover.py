"""liquidate_by_takeover: who ends with what. `takeover` compares every number with docs/spec.md section 9 and 7.

Refusals: test_takeover_refusals.py.
"""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE
from support.liquidations import missing_margin, takeover
from support.spec import Pos

from nacre.units import RAY, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def failing(exchange, side, price_bps=2000, size=20 * WAD, margin=300 * WAD):
    """The trader on one side, the price moved against it. 20 with 300 fails past 10 % and is bankrupt past 14 %."""
    exchange.trade(exchange.people["trader"], side * size, margin)
    move(exchange, side, price_bps)


def move(exchange, side, price_bps):
    exchange.push(PRICE * (10_000 - side * price_bps) // 10_000)


# ---- the state of the target


@SIDES
def test_a_solvent_target_comes_with_its_margin(exchange, trader, keeper, side):
    failing(exchange, side, 1200)
    worth = spec.equity(exchange.pos(trader), exchange.state().mark_price)
    assert 0 < worth < spec.margin(20 * WAD, exchange.state().mark_price, 500)
    needed = missing_margin(exchange, keeper, trader)
    assert 0 < needed < 200 * WAD
    receipt = takeover(exchange, keeper, trader, margin=needed)
    assert receipt.event("Takeover").deficit == 0
    # equal initial margin: a wei less is refused
    assert spec.opening_excess(exchange.pos(keeper), exchange.state().mark_price, 1000) == 0


@SIDES
def test_a_target_at_zero_equity(exchange, trader, keeper, side):
    """Neither solvent nor bankrupt: nothing to absorb, nothing to win."""
    failing(exchange, side, 1600)
    exchange.house.transact(
        "adjust_margin", 0, -spec.equity(exchange.pos(trader), exchange.state().mark_price), sender=trader
    ).check()
    receipt = takeover(exchange, keeper, trader, margin=400 * WAD)
    assert receipt.events("DeficitAbsorbed") == []
    assert spec.equity(exchange.pos(keeper), exchange.state().mark_price) == 400 * WAD


@SIDES
def test_insurance_pays_the_deficit(exchange, trader, keeper, outsider, side):
    failing(exchange, side)
    exchange.house.transact("donate_insurance", 0, 500 * WAD, sender=outsider).check()
    receipt = takeover(exchange, keeper, trader, margin=300 * WAD)
    event = receipt.event("DeficitAbsorbed")
    assert event.from_insurance == event.deficit > 0
    assert (event.insurance_fund, event.unallocated_loss) == (500 * WAD - event.deficit, 0)
    assert spec.equity(exchange.pos(keeper), exchange.state().mark_price) == 300 * WAD


@SIDES
def test_insurance_pays_what_it_has_and_the_other_side_the_rest(exchange, trader, counterparty, keeper, outsider, side):
    exchange.trade(counterparty, -side * 20 * WAD, 400 * WAD)
    failing(exchange, side)
    exchange.house.transact("donate_insurance", 0, 7 * WAD, sender=outsider).check()
    before = exchange.record(counterparty)
    receipt = takeover(exchange, keeper, trader, margin=300 * WAD)
    event = receipt.event("DeficitAbsorbed")
    assert (event.from_insurance, event.insurance_fund) == (7 * WAD, 0)
    exchange.house.transact("settle", 0, counterparty, sender=keeper).check()
    loss = before.balance - exchange.pos(counterparty).balance
    assert 0 <= loss - (event.deficit - 7 * WAD) <= 1


@SIDES
def test_nothing_insured_all_on_the_other_side(exchange, trader, counterparty, keeper, side):
    """Two accounts opposite share by size."""
    exchange.trade(counterparty, -side * 15 * WAD, 400 * WAD)
    second = exchange.people["outsider"]
    exchange.trade(second, -side * 5 * WAD, 400 * WAD)
    failing(exchange, side)
    deficit = takeover(exchange, keeper, trader, margin=300 * WAD).event("DeficitAbsorbed").deficit
    state = exchange.state()
    rise = max(state.short_social_loss_index, state.long_social_loss_index)
    assert rise == spec.ceil(deficit * RAY, 20 * WAD)
    for who, size in ((counterparty, 15 * WAD), (second, 5 * WAD)):
        assert exchange.lens.call("health", 0, who).carry == spec.carry(size, rise)


@SIDES
def test_the_venue_alone_stands_opposite(exchange, trader, keeper, provider, side):
    failing(exchange, side)
    receipt = takeover(exchange, keeper, trader, margin=300 * WAD)
    deficit = receipt.event("DeficitAbsorbed").deficit
    charged = receipt.event("ProvidersCharged")
    assert (charged.loss, charged.lp_margin) == (deficit, 100_000 * WAD - deficit)
    assert exchange.state().unallocated_loss == 0
    # the range's margin in the venue follows the factor
    held = exchange.venue.call("range_of", provider, 39_100, 53_000)
    assert 0 <= charged.lp_margin - held.margin <= 10**6


@SIDES
def test_accounts_and_venue_share_by_what_they_hold(exchange, trader, counterparty, keeper, side):
    exchange.trade(counterparty, -side * 5 * WAD, 400 * WAD)
    failing(exchange, side)
    receipt = takeover(exchange, keeper, trader, margin=300 * WAD)
    deficit = receipt.event("DeficitAbsorbed").deficit
    charged = receipt.event("ProvidersCharged")
    assert charged.loss == spec.ceil(deficit * 15, 20)


@SIDES
def test_what_the_ranges_cannot_pay_the_accounts_do(opened, trader, counterparty, keeper, provider, side):
    """A thin range: all of its margin goes, its epoch ends, the accounts carry the rest within their bound."""
    exchange = thin(opened, provider)
    exchange.trade(counterparty, -side * 5 * WAD, 1_000 * WAD)
    failing(exchange, side, 5000, size=60 * WAD, margin=1_000 * WAD)
    receipt = takeover(exchange, keeper, trader, margin=6_000 * WAD)
    charged = receipt.event("ProvidersCharged")
    assert (charged.loss, charged.lp_margin) == (1_000 * WAD, 0)
    assert (charged.lp_factor, charged.lp_epoch) == (RAY, 3)
    assert exchange.venue.call("range_of", provider, 45_100, 47_000).margin == 0
    event = receipt.event("DeficitAbsorbed")
    rise = max(event.long_social_loss_index, event.short_social_loss_index)
    # nobody pays more a unit than the target lost a unit
    assert rise == spec.ceil(event.deficit * RAY, 60 * WAD)
    assert event.unallocated_loss == event.deficit - 1_000 * WAD - rise * 5 * WAD // RAY > 0


@SIDES
def test_nobody_opposite_who_could_pay(opened, trader, keeper, provider, side):
    exchange = thin(opened, provider)
    failing(exchange, side, 5000, size=60 * WAD, margin=1_000 * WAD)
    event = takeover(exchange, keeper, trader, margin=6_000 * WAD).event("DeficitAbsorbed")
    assert event.unallocated_loss == event.deficit - 1_000 * WAD > 0
    assert (event.long_social_loss_index, event.short_social_loss_index) == (0, 0)


def thin(opened, provider):
    """A provider with 1,000 between about 91 and 110, and nobody else."""
    exchange = opened(liquidity=0, max_deviation_bps=10_000)
    exchange.system.fund(provider, 1_000 * WAD)
    exchange.provide(provider, 1_000 * WAD, 45_100, 47_000)
    return exchange


@SIDES
def test_losses_add_up(exchange, trader, counterparty, keeper, side):
    """A second deficit on top of the first; whoever came between pays of the second only."""
    exchange.trade(counterparty, -side * 40 * WAD, 900 * WAD)
    failing(exchange, side)
    takeover(exchange, keeper, trader, 10 * WAD, 300 * WAD)
    newcomer = exchange.people["outsider"]
    exchange.trade(newcomer, -side * WAD, 100 * WAD)
    entered = exchange.record(newcomer).entry_carry
    assert entered == max(exchange.state().short_social_loss_index, exchange.state().long_social_loss_index) > 0
    move(exchange, side, 2500)
    takeover(exchange, keeper, trader, ALL, 300 * WAD)
    now = max(exchange.state().short_social_loss_index, exchange.state().long_social_loss_index)
    assert exchange.lens.call("health", 0, newcomer).carry == spec.carry(WAD, now - entered)


# ---- the position of the caller


@SIDES
@pytest.mark.parametrize("price_bps", [1200, 2000], ids=["solvent", "bankrupt"])
def test_the_caller_on_the_same_side(exchange, trader, keeper, counterparty, side, price_bps):
    exchange.trade(counterparty, -side * 30 * WAD, 900 * WAD)
    exchange.trade(keeper, side * 7 * WAD, 600 * WAD)
    failing(exchange, side, price_bps)
    takeover(exchange, keeper, trader, margin=400 * WAD)
    assert exchange.pos(keeper).size == side * 27 * WAD


@SIDES
@pytest.mark.parametrize("price_bps", [1200, 2000], ids=["solvent", "bankrupt"])
@pytest.mark.parametrize("mine", [7, 20, 33], ids=["smaller", "equal", "larger"])
def test_the_caller_on_the_other_side(exchange, trader, keeper, side, price_bps, mine):
    """It pays its share of the loss before anything is combined."""
    exchange.trade(keeper, -side * mine * WAD, 600 * WAD)
    failing(exchange, side, price_bps)
    before = exchange.record(keeper).entry_carry
    takeover(exchange, keeper, trader, margin=400 * WAD)
    assert exchange.pos(keeper).size == side * (20 - mine) * WAD
    state = exchange.state()
    moved = max(state.short_social_loss_index, state.long_social_loss_index) > before
    assert moved == (price_bps == 2000)
    if mine == 20:
        assert exchange.free(keeper) > FREE  # its profit came out of it, less its share


@SIDES
def test_the_only_counterparty_takes_over(opened, trader, keeper, provider, side):
    """No venue left, no other account: the caller pays the whole loss of what it wins."""
    exchange = opened()
    exchange.trade(keeper, -side * 20 * WAD, 600 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.venue.transact("remove_liquidity", 39_100, 53_000, sender=provider).check()
    move(exchange, side, 2000)
    deficit = -spec.equity(exchange.pos(trader), exchange.state().mark_price)
    worth = spec.equity(exchange.pos(keeper), exchange.state().mark_price)
    takeover(exchange, keeper, trader)
    assert abs(exchange.free(keeper) - (FREE - 600 * WAD + worth - deficit)) <= 20


@SIDES
def test_a_caller_who_only_reduces_must_still_meet_initial_margin(exchange, trader, keeper, side):
    """Opposite and larger: afterwards the caller holds less than before, and the opening rule holds all the same."""
    exchange.trade(keeper, -side * 33 * WAD, 400 * WAD)
    failing(exchange, side, 1200)
    needed = missing_margin(exchange, keeper, trader)
    assert needed < 0  # the profit it realises is margin now
    takeover(exchange, keeper, trader)


# ---- how much


@SIDES
@pytest.mark.parametrize("price_bps", [1200, 2000], ids=["solvent", "bankrupt"])
@pytest.mark.parametrize("size", [1, WAD // 3, 10 * WAD, 20 * WAD - 1, 20 * WAD, ALL])
def test_any_part(exchange, trader, counterparty, keeper, side, price_bps, size):
    exchange.trade(counterparty, -side * 13 * WAD, 900 * WAD)
    failing(exchange, side, price_bps)
    takeover(exchange, keeper, trader, size, 300 * WAD)
    assert exchange.pos(trader).size == side * (20 * WAD - min(size, 20 * WAD))


@SIDES
def test_part_by_part_is_no_cheaper_for_anybody(exchange, trader, counterparty, keeper, side):
    """Four quarters cost the payers the same as one takeover, but for a wei of rounding each."""
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    failing(exchange, side)
    name = "short_social_loss_index" if side > 0 else "long_social_loss_index"
    with exchange.undone():
        takeover(exchange, keeper, trader, margin=300 * WAD)
        at_once, worth = getattr(exchange.state(), name), exchange.pos(keeper)
    for _ in range(4):
        takeover(exchange, keeper, trader, 5 * WAD, 75 * WAD)
    assert 0 <= getattr(exchange.state(), name) - at_once <= 4 * 10**8
    assert exchange.pos(keeper).size == worth.size
    assert abs(exchange.pos(keeper).balance - worth.balance) <= 8


@SIDES
def test_a_remainder_below_the_minimum_is_taken_along(opened, trader, keeper, side):
    exchange = opened(min_notional=100)
    failing(exchange, side, 2000)
    mark = exchange.state().mark_price
    least = spec.ceil(100 * WAD * WAD, mark)  # size worth 100 at mark
    with exchange.undone():
        takeover(exchange, keeper, trader, 20 * WAD - least, 300 * WAD)
        assert exchange.pos(trader).size == side * least
    takeover(exchange, keeper, trader, 20 * WAD - least + 10**16, 300 * WAD)
    assert exchange.pos(trader) == Pos()


@SIDES
def test_the_smallest_slice(opened, trader, keeper, side):
    exchange = opened(min_slice_bps=2500)
    failing(exchange, side, 2000)
    exchange.refuses(
        "slice too small", exchange.engine, "liquidate_by_takeover", 0, trader, 5 * WAD - 1, 99 * WAD, sender=keeper
    )
    takeover(exchange, keeper, trader, 5 * WAD, 99 * WAD)
    # of what is there now
    takeover(exchange, keeper, trader, 15 * WAD // 4, 99 * WAD)


# ---- the insurance fund's draw limit


def test_one_hour_gives_what_the_limit_says(opened, trader, keeper, counterparty, outsider):
    """A limit of 10 % an hour: a leaky bucket, decayed by what the fund is then."""
    exchange = opened(insurance_draw_bps=1000)
    exchange.house.transact("donate_insurance", 0, 1_000 * WAD, sender=outsider).check()
    exchange.trade(counterparty, -20 * WAD, 900 * WAD)
    failing(exchange, 1, 2000)
    first = takeover(exchange, keeper, trader, 10 * WAD, 300 * WAD).event("DeficitAbsorbed")
    part = -spec.equity(Pos(10 * WAD, 150 * WAD, exchange.pos(trader).notional), 80 * WAD)
    assert abs(first.deficit - part) <= 2
    assert first.from_insurance == first.deficit < 100 * WAD
    level = first.from_insurance

    exchange.push(75 * WAD)
    elapsed = 2  # the push, and the block of the call
    fund = 1_000 * WAD - level
    level = max(0, level - fund * 1000 // 10_000 * elapsed // 3_600)
    second = takeover(exchange, keeper, trader, 10 * WAD, 300 * WAD).event("DeficitAbsorbed")
    assert second.from_insurance == fund // 10 - level
    assert second.deficit > second.from_insurance
    assert exchange.state().draw_level == level + second.from_insurance


def test_the_bucket_is_empty_after_an_hour(opened, trader, keeper, counterparty, outsider):
    exchange = opened(insurance_draw_bps=1000)
    exchange.house.transact("donate_insurance", 0, 1_000 * WAD, sender=outsider).check()
    exchange.trade(counterparty, -20 * WAD, 900 * WAD)
    failing(exchange, 1, 2500)
    takeover(exchange, keeper, trader, 11 * WAD, 400 * WAD)
    assert exchange.state().insurance_fund == 900 * WAD
    event = takeover(exchange, keeper, trader, 5 * WAD, 400 * WAD).event("DeficitAbsorbed")
    # ten of the hundred were more than what the smaller fund allows, and a second gives back little
    assert event.from_insurance == 0 < event.deficit
    exchange.chain.mine(4_000)  # the limit of a fund of 900 is 90 an hour, and 100 were drawn
    exchange.push(75 * WAD)
    assert exchange.state().draw_level == 0
    fund = exchange.state().insurance_fund
    event = takeover(exchange, keeper, trader, ALL, 400 * WAD).event("DeficitAbsorbed")
    assert event.from_insurance == min(event.deficit, fund // 10)


# ---- when the market is not open


@pytest.mark.parametrize("how", ["pause", "set_reduce_only"])
def test_it_works_while_nothing_may_be_opened(exchange, trader, keeper, owner, how):
    failing(exchange, 1)
    exchange.config.transact(how, 0, *[True] * (how != "pause"), sender=owner).check()
    takeover(exchange, keeper, trader, margin=300 * WAD)


def test_it_works_while_the_price_just_jumped(opened, trader, keeper):
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    with exchange.chain.block():
        exchange.push(80 * WAD)
        assert exchange.state().jumped
        exchange.take_over(keeper, trader, margin=300 * WAD)
    assert exchange.pos(trader) == Pos()


def test_it_works_while_the_market_owes(short, trader, keeper, outsider):
    """And a caller who comes out of it flat is owed like everybody else."""
    short.house.transact("adjust_margin", 0, -2_000 * WAD, sender=outsider).check()
    assert short.state().owed_total > 0
    takeover(short, keeper, trader, 10 * WAD, 300 * WAD)


# ---- the right to act


def test_takeover_of_the_bankrupt_whatever_the_policy(opened, trader, keeper):
    exchange = opened(takeover=False, force_close=False)
    failing(exchange, 1, 1200)
    refused = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    exchange.refuses("takeover not allowed", exchange.engine, *refused, sender=keeper)
    exchange.push(80 * WAD)
    takeover(exchange, keeper, trader, margin=300 * WAD)


def test_a_provider_may_take_over(exchange, trader, provider):
    """Its range is no position: only what it holds as an account is combined."""
    exchange.system.fund(provider, 1_000 * WAD)
    failing(exchange, 1)
    takeover(exchange, provider, trader, margin=300 * WAD)
