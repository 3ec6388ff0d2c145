"""Trades, settlement and withdrawals of accounts whose free collateral backs all their positions."""

from support.spec import margin
from unit.cross_margin.conftest import MAIN, OTHER, START

from nacre.units import WAD


def test_all_free_collateral_backs_a_trade(pair, trader):
    """6,000 of notional on 1,000 of free collateral, none of it named as margin."""
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 60 * WAD)
    pos = exchange.pos(trader)
    assert pos.size == 60 * WAD
    assert exchange.free(trader) + pos.balance == START
    # what the leg is worth below 0 was paid in at once
    assert pair.equity(trader, MAIN) == 0
    assert exchange.record(trader).cross


def test_margin_of_its_own_is_refused(pair, trader):
    pair.cross(trader)
    exchange = pair.exchange
    for amount in (1, -1):
        exchange.refuses("margin of a cross position", exchange.house, "trade", MAIN, WAD, amount, 0, 0, sender=trader)
    exchange.trade(trader, WAD)
    exchange.refuses("cross position", exchange.house, "adjust_margin", MAIN, WAD, sender=trader)


def test_the_opening_rule_counts_all_legs(pair, trader):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 40 * WAD, market=OTHER)
    largest, refused = 0, 0
    low, high = 1, 200
    while low < high:
        size = (low + high + 1) // 2
        with exchange.undone():
            receipt = exchange.house.transact("trade", MAIN, size * WAD, 0, 0, 0, sender=trader)
            if receipt.ok:
                others = exchange.free(trader) + pair.equity(trader, OTHER)
                # after the trade: free collateral and both legs, losses counted
                have = others + pair.equity(trader, MAIN)
                assert have >= pair.margin(trader, 1000)
                low = largest = size
            else:
                assert receipt.reason == "below initial margin"
                high = size - 1
                refused += 1
    assert 0 < largest < 200
    assert refused


def test_profit_of_another_market_backs_nothing_new(pair, trader):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 50 * WAD, market=OTHER)
    pair.push(other=150)
    state = exchange.house.call("account_state", trader)
    assert state.equity > state.opening
    spare = state.opening - margin(50 * WAD, 150 * WAD, 1000)
    assert spare > 0
    size = spare * 10 // 100
    exchange.refuses("below initial margin", exchange.house, "trade", MAIN, size, 0, 0, 0, sender=trader)
    assert state.equity - state.opening > 10 * size
    exchange.trade(trader, size * 8 // 10)


def test_a_loss_is_paid_into_the_pot_when_the_leg_is_touched(pair, trader, outsider):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 50 * WAD)
    pair.push(main=90)
    free, pot, total = exchange.free(trader), exchange.state().pot, pair.total(trader)
    loss = -pair.equity(trader, MAIN)
    assert loss > 0
    exchange.house.transact("settle", MAIN, trader, sender=outsider).check()
    assert exchange.free(trader) == free - loss
    assert exchange.state().pot == pot + loss
    assert pair.equity(trader, MAIN) == 0
    assert pair.total(trader) == total


def test_settling_a_winner_moves_nothing(pair, trader, outsider):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 50 * WAD)
    pair.push(main=110)
    before = exchange.books()
    exchange.house.transact("settle", MAIN, trader, sender=outsider).check()
    assert exchange.books() == before


def test_a_close_pays_profit_out_and_losses_from_free_collateral(pair, trader):
    exchange = pair.exchange
    pair.cross(trader)
    for size in (10 * WAD, -10 * WAD):
        with exchange.undone():
            exchange.trade(trader, size)
            exchange.trade(trader, -size)
            assert exchange.pos(trader).size == 0
            assert START - 3 <= exchange.free(trader) <= START
            assert tuple(exchange.house.call("cross_markets", trader)) == (3, 0)


def test_a_partial_close_pays_out_what_its_part_realised(pair, trader, counterparty):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 40 * WAD)
    pair.push(main=120)
    exchange.trade(counterparty, 60 * WAD, 5_000 * WAD)
    free, total = exchange.free(trader), pair.total(trader)
    gain = exchange.quote(-20 * WAD)[0] - exchange.pos(trader).notional // 2
    balance = exchange.pos(trader).balance
    exchange.trade(trader, -20 * WAD)
    assert exchange.pos(trader).size == 20 * WAD
    assert abs(exchange.free(trader) - free - gain - balance // 2) <= 2
    assert pair.total(trader) <= total


def test_a_reduction_may_not_make_the_account_worse(pair, trader):
    """Below maintenance margin, a reduction at the venue's price that costs more than it saves is refused."""
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 60 * WAD)
    pair.push(main=86)
    house = exchange.house
    state = house.call("account_state", trader)
    before = state.equity, state.maintenance_margin
    receipt = house.transact("trade", MAIN, -10 * WAD, 0, 0, 0, sender=trader)
    if receipt.ok:
        after = house.call("account_state", trader)
        assert after.equity * before[1] >= before[0] * after.maintenance_margin or (
            after.equity >= after.maintenance_margin
        )
    else:
        assert receipt.reason == "below maintenance margin"


def test_a_withdrawal_leaves_the_initial_margin(pair, trader):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 20 * WAD)
    exchange.trade(trader, -20 * WAD, market=OTHER)
    pair.push(main=100, other=100)
    state = exchange.house.call("account_state", trader)
    spare = state.opening - max(state.initial_margin, (state.notional + 9) // 10)
    assert 0 < spare < exchange.free(trader)
    exchange.refuses("below account margin", exchange.house, "withdraw", spare + 1, sender=trader)
    exchange.house.transact("withdraw", spare, sender=trader).check()
    after = exchange.house.call("account_state", trader)
    assert after.opening == max(after.initial_margin, (after.notional + 9) // 10)


def test_profit_cannot_be_withdrawn(pair, trader):
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 40 * WAD)
    pair.push(main=120)
    state = exchange.house.call("account_state", trader)
    spare = state.opening - max(state.initial_margin, (state.notional + 9) // 10)
    assert state.equity - state.opening > 600 * WAD
    exchange.refuses("below account margin", exchange.house, "withdraw", spare + 1, sender=trader)


def test_free_collateral_spent_elsewhere_is_a_withdrawal_too(pair, trader):
    """Margin of an isolated position, a range, a donation."""
    exchange = pair.exchange
    pair.cross(trader, OTHER)
    exchange.trade(trader, 80 * WAD, market=OTHER)
    house, venue = exchange.house, exchange.venue
    exchange.refuses("below account margin", house, "trade", MAIN, WAD, 400 * WAD, 0, 0, sender=trader)
    exchange.refuses("below account margin", house, "donate_insurance", MAIN, 400 * WAD, sender=trader)
    exchange.refuses("below account margin", venue, "add_liquidity", 39_100, 53_000, 400 * WAD, sender=trader)
    house.transact("donate_insurance", MAIN, WAD, sender=trader).check()


def test_a_stale_leg_shields_nobody_and_bankrupts_nobody(pair, trader):
    """Its profit counts for nothing; opening and withdrawing wait; closing elsewhere works."""
    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 40 * WAD)
    exchange.trade(trader, 40 * WAD, market=OTHER)
    pair.push(main=100, other=115)
    fresh = exchange.house.call("account_state", trader)
    exchange.chain.mine(4_000)
    pair.push(main=100)
    state = exchange.house.call("account_state", trader)
    assert state.stale
    assert not fresh.stale
    assert state.full_equity == fresh.equity
    assert state.equity == fresh.equity - (115 * 40 * WAD - exchange.pos(trader, OTHER).notional)
    exchange.refuses("stale price", exchange.house, "withdraw", 1, sender=trader)
    exchange.refuses("stale price", exchange.house, "trade", MAIN, WAD, 0, 0, 0, sender=trader)
    exchange.refuses("stale price", exchange.house, "trade", OTHER, -WAD, 0, 0, 0, sender=trader)
    exchange.trade(trader, -20 * WAD)


def test_an_oracle_that_fails_counts_as_stale_at_the_last_mark(pair, trader, keeper):
    from nacre.artifacts import load

    exchange = pair.exchange
    pair.cross(trader)
    exchange.trade(trader, 45 * WAD)
    exchange.trade(trader, 45 * WAD, market=OTHER)
    pair.push(other=90)
    exchange.house.transact("accrue", OTHER, sender=keeper).check()
    before = exchange.house.call("account_state", trader)
    bad = exchange.chain.deploy(load("MockBadOracle"), 90 * WAD, sender=keeper)
    bad.transact("set_mode", 1, sender=keeper).check()
    config = exchange.config
    params = config.call("market_params", OTHER)._asdict() | {"oracle": bad.address}
    config.transact("set_market_params", OTHER, params, sender=exchange.system.owner).check()
    assert not exchange.house.transact("accrue", OTHER, sender=keeper).ok
    after = exchange.house.call("account_state", trader)
    assert after.stale
    assert (after.equity, after.full_equity) == (before.equity, before.full_equity)
    pair.push(main=80)
    assert pair.take_over(keeper, trader, MAIN, 45 * WAD, 1_000 * WAD).ok
