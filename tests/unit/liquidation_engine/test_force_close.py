"""force_close: what the venue pays, who gets it, what is absorbed; `close` compares every number with the spec.

Refusals: test_force_close_refusals.py.
"""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, WIDE
from support.liquidations import close
from support.spec import Pos

from nacre.deploy import policy_params
from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
FEES = {"trading_fee_bps": 30, "protocol_fee_bps": 20, "liquidation_fee_bps": 100, "reward_share_bps": 4_000}


def closing(opened, side, worth, size=20 * WAD, donate=0, **fields):
    """A market where the venue stands at 80 (125) with mark, and a target to be closed there with R0 = `worth`."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000, **fields)
    trader, counterparty, outsider = (exchange.people[name] for name in ("trader", "counterparty", "outsider"))
    margin = 60 * size
    for final in (False, True):
        snapshot = exchange.chain.snapshot()
        exchange.trade(trader, side * size, margin)
        exchange.lead_venue(counterparty, 80 * WAD if side > 0 else 125 * WAD, 400_000 * WAD)
        exchange.push(exchange.venue.call("mid_price"))
        target = exchange.pos(trader)
        notional, _ = exchange.quote(-side * size)
        if not final:
            margin += worth - (target.balance + side * (notional - target.notional))
            exchange.chain.revert(snapshot)
    assert target.balance + side * (notional - target.notional) == worth
    if donate:
        exchange.house.transact("donate_insurance", 0, donate, sender=outsider).check()
    return exchange


# ---- solvent


@SIDES
@pytest.mark.parametrize("residue", ["insurance", "treasury", "trader"])
def test_the_residue_goes_where_the_policy_says(opened, trader, keeper, side, residue):
    exchange = closing(opened, side, 40 * WAD, residue=residue)
    before = exchange.free(trader)
    receipt = close(exchange, keeper, trader)
    assert receipt.event("ForceClose").residue == 40 * WAD
    state = exchange.state()
    gained = {
        "insurance": state.insurance_fund,
        "treasury": state.protocol_fees,
        "trader": exchange.free(trader) - before,
    }
    assert gained == {name: 40 * WAD if name == residue else 0 for name in gained}
    assert exchange.pos(trader) == Pos()


@SIDES
@pytest.mark.parametrize("residue", ["insurance", "treasury", "trader"])
def test_of_a_part(opened, trader, keeper, side, residue):
    """For the trader it stays in the rest of its position."""
    exchange = closing(opened, side, 40 * WAD, residue=residue)
    old, free = exchange.pos(trader), exchange.free(trader)
    close(exchange, keeper, trader, 5 * WAD)
    _, rest = spec.split(old, 5 * WAD)
    new = exchange.pos(trader)
    assert (new.size, new.notional) == (rest.size, rest.notional)
    assert (new.balance > rest.balance) == (residue == "trader")
    assert exchange.free(trader) == free


@SIDES
def test_fees_and_their_order(opened, trader, keeper, provider, side):
    exchange = closing(opened, side, 50 * WAD, **FEES)
    fees_before = exchange.venue.call("range_of", provider, *WIDE).fees
    protocol = exchange.state().protocol_fees
    receipt = close(exchange, keeper, trader)
    notional = receipt.event("ForceClose").notional
    earned = exchange.venue.call("range_of", provider, *WIDE).fees - fees_before
    assert 0 <= spec.fee(notional, 30) - earned <= 1
    assert exchange.state().protocol_fees - protocol == spec.fee(notional, 20)
    fee = notional // 100
    assert receipt.event("ForceClose").reward == fee * 4_000 // 10_000
    left = 50 * WAD - spec.fee(notional, 30) - spec.fee(notional, 20) - fee
    assert receipt.event("ForceClose").residue == left
    assert exchange.state().insurance_fund == fee - fee * 4_000 // 10_000 + left


@SIDES
@pytest.mark.parametrize("worth", [1, 2 * WAD, 4_790 * 10**15, 6 * WAD, 9 * WAD, 20 * WAD])
def test_fees_take_at_most_what_is_there(opened, trader, keeper, side, worth):
    """About 4.8 for providers, 3.2 for the protocol and 16 of liquidation fee (half as much again for shorts)."""
    exchange = closing(opened, side, worth, **FEES)
    receipt = close(exchange, keeper, trader)
    event = receipt.event("ForceClose")
    assert event.residue == 0
    assert receipt.events("DeficitAbsorbed") == []
    assert (event.reward > 0) == (worth >= (9 if side > 0 else 20) * WAD)


@SIDES
def test_no_fees_where_the_policy_takes_none(opened, trader, keeper, side):
    exchange = closing(opened, side, 50 * WAD, force_close_fees=False, trading_fee_bps=30, protocol_fee_bps=20)
    before = exchange.state().protocol_fees
    assert close(exchange, keeper, trader).event("ForceClose").residue == 50 * WAD
    assert exchange.state().protocol_fees == before


@SIDES
@pytest.mark.parametrize("share", [0, 10_000])
def test_all_of_the_liquidation_fee_to_one(opened, trader, keeper, side, share):
    exchange = closing(opened, side, 50 * WAD, liquidation_fee_bps=100, reward_share_bps=share, residue="trader")
    receipt = close(exchange, keeper, trader)
    fee = receipt.event("ForceClose").notional // 100
    assert receipt.event("ForceClose").reward == (fee if share else 0)
    assert exchange.state().insurance_fund == (0 if share else fee)


@SIDES
@pytest.mark.parametrize("fees", [True, False])
def test_a_close_that_leads_the_venue_away_pays_the_penalty(opened, trader, keeper, side, fees):
    """130 units move the venue by more than MMR; the target can afford it, just."""
    penalty = ["10.92", "1.64", "0.09", "0.001"]
    exchange = closing(
        opened, side, 130 * WAD, 130 * WAD, penalty=penalty, force_close_band_bps=1_000, force_close_fees=fees
    )
    with exchange.undone():
        preview = exchange.engine.call("preview_force_close", 0, trader, ALL, 0, sender=keeper)
        assert (preview.penalty > 0) == fees
    fund = exchange.state().insurance_fund
    receipt = close(exchange, keeper, trader)
    credited = sum(log.amount for log in receipt.events("InsuranceChanged"))
    assert exchange.state().insurance_fund - fund == credited == 130 * WAD


# ---- bankrupt


@SIDES
def test_nothing_left_and_nothing_missing(opened, trader, keeper, side):
    exchange = closing(opened, side, 0, **FEES)
    receipt = close(exchange, keeper, trader)
    event = receipt.event("ForceClose")
    assert (event.residue, event.reward) == (0, 0)
    assert receipt.events("DeficitAbsorbed") == []


def bankrupt(opened, side, deficit, donate=0, **fields):
    """The venue pays a thousandth more than mark, so that the close is allowed: R0 may not be below equity."""
    exchange = closing(opened, side, -deficit, donate=donate, **fields)
    mark = exchange.state().mark_price
    exchange.push(mark * (9_900 if side > 0 else 10_100) // 10_000)
    return exchange


@SIDES
@pytest.mark.parametrize("donate", [0, 7 * WAD, 500 * WAD], ids=["uninsured", "part insured", "insured"])
def test_a_deficit_goes_down_the_waterfall(opened, trader, keeper, side, donate):
    exchange = bankrupt(opened, side, 30 * WAD, donate, **FEES)
    receipt = close(exchange, keeper, trader)
    event = receipt.event("ForceClose")
    assert (event.residue, event.reward) == (-30 * WAD, 0)
    absorbed = receipt.event("DeficitAbsorbed")
    assert absorbed.deficit == 30 * WAD
    assert absorbed.from_insurance == min(donate, 30 * WAD)
    assert exchange.pos(trader) == Pos()


@SIDES
def test_shares_are_those_before_the_swap(opened, trader, counterparty, keeper, side):
    """The close itself changes totals and the venue's inventory; who pays is decided on what stood before."""
    exchange = bankrupt(opened, side, 30 * WAD)
    before = exchange.state()
    receipt = close(exchange, keeper, trader)
    payers = before.total_short if side > 0 else before.total_long
    others = max(before.total_long, before.total_short)
    providers = spec.ceil(30 * WAD * (others - payers), others)
    assert [log.loss for log in receipt.events("ProvidersCharged")] == ([providers] if providers else [])


@SIDES
@pytest.mark.parametrize("size", [1, WAD, 5 * WAD, 20 * WAD - 1])
def test_a_deficit_of_a_part(opened, trader, keeper, side, size):
    exchange = bankrupt(opened, side, 30 * WAD)
    close(exchange, keeper, trader, size)
    assert abs(exchange.pos(trader).size) == 20 * WAD - size


@SIDES
def test_the_keeper_may_be_the_other_side(opened, trader, counterparty, side):
    """It pays its share like everybody there."""
    exchange = bankrupt(opened, side, 30 * WAD)
    before = exchange.lens.call("health", 0, counterparty)
    close(exchange, counterparty, trader)
    after = exchange.lens.call("health", 0, counterparty)
    assert 0 < before.equity - after.equity <= 30 * WAD + 1


@SIDES
def test_providers_alone_stand_opposite(opened, trader, keeper, provider, side):
    """A venue that still stands near 100 pays far more than the mark of 80: less is missing than at mark."""
    exchange = opened()
    exchange.trade(trader, side * 40 * WAD, 600 * WAD)
    exchange.push(80 * WAD if side > 0 else 125 * WAD)
    worth = spec.equity(exchange.pos(trader), exchange.state().mark_price)
    assert worth < 0
    receipt = close(exchange, keeper, trader)
    residue = receipt.event("ForceClose").residue
    assert residue > 500 * WAD
    assert exchange.state().insurance_fund == residue
    assert exchange.house.call("open_interest", 0) == 0


# ---- how much


@SIDES
@pytest.mark.parametrize("size", [10**6, WAD // 3, 20 * WAD - 1, 20 * WAD, ALL])
def test_any_part(opened, trader, keeper, side, size):
    exchange = closing(opened, side, 40 * WAD, **FEES)
    close(exchange, keeper, trader, size)
    assert abs(exchange.pos(trader).size) == 20 * WAD - min(size, 20 * WAD)


@SIDES
def test_a_remainder_below_the_minimum_goes_too(opened, trader, keeper, side):
    exchange = closing(opened, side, 40 * WAD, min_notional=100)
    least = spec.ceil(100 * WAD * WAD, exchange.state().mark_price)
    with exchange.undone():
        close(exchange, keeper, trader, 20 * WAD - least)
        assert abs(exchange.pos(trader).size) == least
    close(exchange, keeper, trader, 20 * WAD - least + 10**13)
    assert exchange.pos(trader) == Pos()


@SIDES
def test_the_smallest_slice(opened, trader, keeper, side):
    exchange = closing(opened, side, 40 * WAD, min_slice_bps=2500)
    close(exchange, keeper, trader, 5 * WAD)


def test_the_last_position_of_the_market(opened, trader, keeper, provider):
    """Nobody but the venue on the other side, and afterwards nobody at all."""
    exchange = opened(free=50 * FREE)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(87 * WAD)
    close(exchange, keeper, trader)
    state = exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)


# ---- circumstances


def test_a_pot_that_is_short_owes_the_reward(short, counterparty, keeper, outsider, owner):
    """The keeper waits like everybody else; the close does not fail for it."""
    exchange = short
    policy = policy_params(exchange.main.config) | {"liquidation_fee_bps": 100, "reward_share_bps": 5_000}
    exchange.config.transact("set_policy_params", 0, policy, sender=owner).check()
    exchange.provide(counterparty, 60 * WAD)
    exchange.house.transact("adjust_margin", 0, -2_000 * WAD, sender=outsider).check()
    debt = exchange.state().owed_total
    assert debt > 0
    exchange.lead_venue(outsider, 127 * WAD, 0)
    exchange.push(127 * WAD)

    free = exchange.free(keeper)
    receipt = exchange.force_close(keeper, outsider, WAD // 100)
    reward = receipt.event("ForceClose").reward
    assert reward == receipt.event("ForceClose").notional // 100 // 2 > 0
    assert exchange.free(keeper) == free
    assert exchange.house.call("owed", 0, keeper) == reward
    assert receipt.event("Owed").owed_total == debt + reward


@pytest.mark.parametrize("how", ["pause", "set_reduce_only"])
def test_it_works_while_nothing_may_be_opened(opened, trader, keeper, owner, how):
    exchange = closing(opened, 1, 40 * WAD)
    exchange.config.transact(how, 0, *[True] * (how != "pause"), sender=owner).check()
    close(exchange, keeper, trader)


def test_it_works_while_the_price_just_jumped(opened, trader, keeper):
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    with exchange.chain.block():
        exchange.push(87 * WAD)
        assert exchange.state().jumped
        exchange.force_close(keeper, trader)
    assert exchange.pos(trader) == Pos()


def test_anyone_may_but_the_target(opened, trader, keeper, outsider, provider):
    exchange = closing(opened, 1, 40 * WAD)
    for who in (keeper, outsider, provider, exchange.system.owner):
        with exchange.undone():
            close(exchange, who, trader)
    exchange.refuses("self liquidation", exchange.engine, "force_close", 0, trader, ALL, 0, sender=trader)


def test_it_does_not_move_other_markets(opened, trader, keeper):
    """Neither pot nor fund nor index of a market nobody touched."""
    exchange = opened(free=50 * FREE)
    exchange.list_market("other", price=7)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(80 * WAD)
    other = exchange.state(1)
    close(exchange, keeper, trader)
    after = exchange.state(1)
    assert (after.pot, after.insurance_fund, after.long_social_loss_index, after.short_social_loss_index) == (
        other.pot,
        other.insurance_fund,
        other.long_social_loss_index,
        other.short_social_loss_index,
    )
    assert exchange.state().mark_price == PRICE * 8 // 10
