"""Takeover and force close of cross accounts: the account's stage, the part's share, whose loss is whose."""

import pytest
from support.exchange import ALL
from support.spec import margin
from unit.cross_margin.conftest import MAIN, OTHER, START

from nacre.units import WAD


@pytest.fixture
def legs(pair, trader):
    """Long 50 in `main`, short 30 in `other`."""
    pair.cross(trader)
    pair.exchange.trade(trader, 50 * WAD)
    pair.exchange.trade(trader, -30 * WAD, market=OTHER)
    return pair


def test_a_healthy_account_keeps_a_losing_leg(legs, trader, keeper):
    """The leg alone is far below its margin; the account is not."""
    legs.push(main=95)
    assert legs.equity(trader, MAIN) < 0
    receipt = legs.take_over(keeper, trader, MAIN, ALL, 5_000 * WAD)
    assert receipt.reason == "not liquidatable"


def test_equality_is_safe(legs, trader, keeper):
    """The price below which the account fails, to the wei, as the view tells."""
    exchange = legs.exchange
    price = exchange.lens.call("liquidation_price", MAIN, trader)
    assert 0 < price < 100 * WAD
    exchange.push(price)
    assert legs.take_over(keeper, trader, MAIN, WAD, 5_000 * WAD).reason == "not liquidatable"
    exchange.push(price - 10)
    assert legs.take_over(keeper, trader, MAIN, WAD, 5_000 * WAD).ok


@pytest.mark.parametrize("size", [20 * WAD, ALL])
@pytest.mark.parametrize("market", [MAIN, OTHER])
def test_a_part_leaves_with_its_share_of_a_solvent_account(legs, trader, keeper, market, size):
    exchange = legs.exchange
    legs.push(main=int(exchange.lens.call("liquidation_price", MAIN, trader) // WAD) - 1)
    total, mm = legs.total(trader), legs.margin(trader)
    assert 0 < total < mm
    leg = legs.leg(trader, market)
    whole = abs(leg.size)
    part = whole if size == ALL else size
    rest = whole - part
    due = total * (margin(whole, legs.mark(market), 500) - margin(rest, legs.mark(market), 500)) // mm
    preview = exchange.engine.call("preview_takeover", market, trader, size, 5_000 * WAD, sender=keeper)
    assert legs.take_over(keeper, trader, market, size, 5_000 * WAD).ok
    assert preview.part_equity == due
    assert legs.equity(keeper, market) == 5_000 * WAD + due
    # nothing else changed hands, and what is left is no worse off
    assert legs.total(trader) == total - due
    assert exchange.state(market).insurance_fund == 0
    assert legs.total(trader) * mm >= total * legs.margin(trader)


def test_losses_of_one_market_are_not_paid_by_another(legs, trader, keeper, outsider):
    """Bankrupt by the long: what the account has covers it, the rest is main's own; the other market only paid cash."""
    exchange = legs.exchange
    legs.push(main=70)
    total = legs.total(trader)
    assert total < 0
    free, other = exchange.free(trader), legs.equity(trader, OTHER)
    short_before = exchange.state(OTHER)
    receipt = legs.take_over(keeper, trader, MAIN, ALL, 5_000 * WAD)
    assert receipt.ok
    loss = receipt.event("Takeover").deficit
    assert abs(loss + total) <= 2
    assert exchange.free(trader) == 0
    after = exchange.state(OTHER)
    assert after.insurance_fund == short_before.insurance_fund
    assert after.long_social_loss_index == short_before.long_social_loss_index
    assert after.short_social_loss_index == short_before.short_social_loss_index
    # the short was worth `other` or less than nothing; its cash, at most, left its pot
    assert short_before.pot - after.pot == max(min(other, -legs.equity(trader, MAIN) + free + other), 0) or (
        short_before.pot - after.pot <= max(other, 0)
    )
    assert legs.take_over(keeper, trader, OTHER, ALL, 5_000 * WAD).ok or legs.total(trader) >= 0
    assert legs.total(trader) >= 0


def test_two_failing_legs_share_what_there_is_pro_rata(legs, trader, keeper):
    exchange = legs.exchange
    legs.push(main=85, other=125)
    one, two = -legs.equity(trader, MAIN), -legs.equity(trader, OTHER)
    free = exchange.free(trader)
    assert one > 0
    assert two > 0
    assert one + two > free
    deficits = []
    for market in (MAIN, OTHER):
        receipt = legs.take_over(keeper, trader, market, ALL, 4_500 * WAD)
        assert receipt.ok, receipt.reason
        deficits.append(receipt.event("Takeover").deficit)
    assert abs(deficits[0] - (one - free * one // (one + two))) <= 2
    assert abs(deficits[1] - (two - free * two // (one + two))) <= 2
    assert exchange.free(trader) <= 2
    assert legs.total(trader) == exchange.free(trader)


def test_halves_bear_what_the_whole_does(legs, trader, keeper):
    legs.push(main=85, other=125)
    deficits = {}
    for pieces in ((50,), (20, 30)):
        with legs.exchange.undone():
            deficits[pieces] = sum(
                legs.take_over(keeper, trader, MAIN, piece * WAD, 4_000 * WAD).check().event("Takeover").deficit
                for piece in pieces
            )
    assert abs(deficits[(50,)] - deficits[(20, 30)]) <= 4


def test_a_force_close_returns_to_free_collateral(opened, pair, trader, outsider):
    """Residue to the trader: whole or partial, it is the account's."""
    exchange = pair.exchange
    config = exchange.config
    policy = config.call("policy_params", MAIN)._asdict() | {"residue": 1}
    config.transact("set_policy_params", MAIN, policy, sender=exchange.system.owner).check()
    pair.cross(trader)
    exchange.trade(trader, 60 * WAD)
    price = exchange.lens.call("liquidation_price", MAIN, trader)
    exchange.lead_venue(outsider, price - WAD, 9_000 * WAD)
    exchange.push(price - WAD)
    total = pair.total(trader)
    assert total > 0
    preview = exchange.engine.call("preview_force_close", MAIN, trader, 30 * WAD, 0, sender=outsider)
    receipt = exchange.force_close(outsider, trader, 30 * WAD)
    event = receipt.event("ForceClose")
    assert event.left == 30 * WAD
    assert (preview.notional, preview.residue) == (event.notional, event.residue)
    assert event.residue > 0
    # the trade lost what the venue was worse than mark; nobody took anything else
    assert pair.total(trader) == total - (30 * (price - WAD) - event.notional)


def test_a_cross_liquidator_brings_its_account(pair, trader, keeper, outsider):
    """Its opening rule is the account's, its margin moves within it."""
    exchange = pair.exchange
    pair.cross(keeper)
    exchange.trade(trader, 30 * WAD, 400 * WAD)
    exchange.trade(keeper, -20 * WAD, market=OTHER)
    pair.push(main=90)
    total = pair.total(keeper)
    gift = pair.equity(trader, MAIN)
    preview = exchange.engine.call("preview_takeover", MAIN, trader, ALL, WAD, sender=keeper)
    receipt = pair.take_over(keeper, trader, MAIN, ALL, WAD)
    assert receipt.ok, receipt.reason
    assert preview.missing_margin == 0
    assert pair.total(keeper) == total + max(gift, 0)
    assert exchange.record(keeper).cross
    assert tuple(exchange.house.call("cross_markets", keeper)) == (3, 3)


def test_a_cross_liquidator_without_enough_is_refused(pair, trader, keeper):
    exchange = pair.exchange
    pair.cross(keeper)
    exchange.trade(keeper, 75 * WAD, market=OTHER)
    exchange.trade(trader, 80 * WAD, 1_000 * WAD)
    pair.push(main=88)
    preview = exchange.engine.call("preview_takeover", MAIN, trader, ALL, 0, sender=keeper)
    assert preview.missing_margin > 0
    before = exchange.books()
    assert pair.take_over(keeper, trader, MAIN, ALL).reason == "below initial margin"
    assert exchange.books() == before


def test_an_isolated_liquidator_keeps_what_its_cross_legs_need(pair, trader, keeper):
    exchange = pair.exchange
    pair.cross(keeper, OTHER)
    exchange.trade(keeper, 70 * WAD, market=OTHER)
    exchange.trade(trader, 30 * WAD, 400 * WAD)
    pair.push(main=90)
    assert pair.take_over(keeper, trader, MAIN, ALL, 500 * WAD).reason == "below account margin"
    exchange.system.fund(keeper, 900 * WAD)
    assert pair.take_over(keeper, trader, MAIN, ALL, 500 * WAD).ok


def test_a_profit_at_a_stale_price_runs_no_waterfall(legs, trader, keeper):
    """Bankrupt without it, solvent with it: what free collateral cannot cover waits for the price."""
    exchange = legs.exchange
    legs.push(other=80)
    exchange.chain.mine(4_000)
    exchange.push(78 * WAD)
    state = exchange.house.call("account_state", trader)
    assert state.stale
    if state.equity < 0 <= state.full_equity:
        before = exchange.books()
        assert legs.take_over(keeper, trader, MAIN, ALL, 5_000 * WAD).reason == "stale price"
        assert exchange.books() == before
        legs.push(other=80)
        receipt = legs.take_over(keeper, trader, MAIN, ALL, 5_000 * WAD)
        assert receipt.ok or receipt.reason == "not liquidatable"
    else:
        pytest.fail(f"the story needs another price: {state}")


def test_a_profit_that_its_pot_cannot_pay_is_no_shield(pair, trader, counterparty, keeper):
    """The winner's market is short of collateral: its loss elsewhere is that market's, and the profit stays a claim."""
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 50 * WAD)
    exchange.trade(trader, 30 * WAD, market=OTHER)
    pair.push(main=60, other=160)
    assert pair.total(trader) > -START
    receipt = pair.take_over(keeper, trader, MAIN, ALL, 5_000 * WAD)
    assert receipt.ok or receipt.reason == "not liquidatable"
    solvency = exchange.lens.call("solvency", MAIN, sorted(exchange.people.values(), key=lambda a: int(a, 16)))
    assert solvency.missing_long == 0


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_what_a_cross_liquidator_on_the_other_side_lacks_counts_its_own_social_loss(pair, trader, keeper, side):
    """Its leg pays a share of the deficit that it takes over: to the wei that much more is asked for."""
    exchange = pair.exchange
    pair.cross(keeper)
    exchange.trade(keeper, -side * 5 * WAD)
    exchange.trade(keeper, -side * 70 * WAD, market=OTHER)
    exchange.trade(trader, side * 90 * WAD, 1_100 * WAD)
    pair.push(main=100 - 20 * side)
    preview = exchange.engine.call("preview_takeover", MAIN, trader, ALL, 0, sender=keeper)
    assert preview.social_loss_per_unit > 0
    missing = preview.missing_margin
    assert missing > 0
    with exchange.undone():
        exchange.system.fund(keeper, missing - 1)
        assert exchange.engine.call("preview_takeover", MAIN, trader, ALL, 0, sender=keeper).missing_margin == 1
        assert pair.take_over(keeper, trader, MAIN, ALL).reason == "below initial margin"
    exchange.system.fund(keeper, missing)
    assert exchange.engine.call("preview_takeover", MAIN, trader, ALL, 0, sender=keeper).missing_margin == 0
    pair.take_over(keeper, trader, MAIN, ALL).check()


def test_a_takeover_that_spends_nothing_asks_nothing_of_cross_legs(pair, trader, counterparty, keeper):
    """Free collateral stays what it is: an isolated taker is not held up by a stale price elsewhere."""
    exchange = pair.exchange
    pair.cross(keeper, OTHER)
    exchange.trade(keeper, WAD, market=OTHER)
    exchange.trade(keeper, 5 * WAD, 400 * WAD)
    exchange.trade(trader, 10 * WAD, 110 * WAD)
    exchange.chain.mine(3_700)
    pair.push(main=94)
    assert exchange.house.call("market_state", OTHER).stale
    assert pair.take_over(keeper, trader, MAIN, ALL, 1).reason == "stale price"
    pair.take_over(keeper, trader, MAIN, ALL, 0).check()
    assert pair.leg(trader, MAIN).size == 0
