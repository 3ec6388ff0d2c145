"""What auto_deleverage refuses, each beside what it just lets through."""

import pytest
from support.deleveraging import bankruptcy_terms, deleverage, refuses
from support.exchange import bare_house
from support.ruin import PRICE, SIZE, crash, crash_and_follow, open_target

from nacre.artifacts import load
from nacre.units import MAX_UINT256, WAD

# As in conftest.py.
ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@pytest.fixture
def scene(exchange, crowd, trader):
    """A target and three opposite to it, the one with the least margin first."""

    def opened_for(side, *margins, sizes=(4, 4, 4)):
        open_target(exchange, trader, side)
        positions = [
            (-side * size * WAD, int(margin * 10) * WAD // 10) for size, margin in zip(sizes, margins, strict=True)
        ]
        accounts = crowd(exchange, *positions)
        crash(exchange, side)
        return accounts

    return opened_for


# ---- who, and when


def test_only_the_engine(exchange, trader, outsider):
    for sender in (outsider, trader, exchange.system.owner):
        exchange.refuses("not engine", exchange.house, "deleverage", 0, trader, 0, [], sender=sender)


def test_the_part_by_itself_is_nothing():
    """Not even to the engine: it has storage of its own, in which no market is listed."""
    bare = bare_house(**ADL)
    part = bare.chain.contract(load("ClearinghouseDeleveraging"), bare.house.call("code_parts")[3])
    assert bare.send(bare.engine, "deleverage", 0, bare.engine, 0, []).reason == "no position"
    assert part.transact("deleverage", 0, bare.engine, 0, [], sender=bare.engine).reason == "unknown market"


def test_unknown_market(exchange, trader, outsider):
    exchange.refuses("unknown market", exchange.engine, "auto_deleverage", 1, trader, [], sender=outsider)


def test_only_where_it_is_the_policy(opened, trader, outsider):
    exchange = opened()
    open_target(exchange, trader, 1)
    crash(exchange, 1)
    refuses(exchange, "ADL not allowed", trader, [])


@SIDES
def test_no_position(exchange, scene, outsider, side):
    accounts = scene(side, 60, 70, 80)
    refuses(exchange, "no position", outsider, accounts)
    # nor one that was closed and is due something
    deleverage(exchange, exchange.people["trader"], accounts)
    assert exchange.pos(accounts[0]).balance > 0
    refuses(exchange, "no position", accounts[0], [])


@SIDES
def test_not_bankrupt_at_zero(exchange, trader, counterparty, side):
    """Equity of exactly zero lacks nothing; a wei less does."""
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    missing = -exchange.lens.call("health", 0, trader).equity
    exchange.house.transact("adjust_margin", 0, missing, sender=trader).check()
    assert exchange.lens.call("health", 0, trader).equity == 0
    refuses(exchange, "not bankrupt", trader, [counterparty])


@SIDES
def test_bankrupt_by_a_wei(exchange, trader, counterparty, side):
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    missing = -exchange.lens.call("health", 0, trader).equity
    exchange.house.transact("adjust_margin", 0, missing - 1, sender=trader).check()
    deleverage(exchange, trader, [counterparty])


def test_a_healthy_position_is_not_bankrupt(exchange, trader, counterparty):
    open_target(exchange, trader, 1)
    exchange.trade(counterparty, -SIZE, 300 * WAD)
    refuses(exchange, "not bankrupt", trader, [counterparty])


def test_stale_price(exchange, scene, trader):
    accounts = scene(1, 60, 70, 80)
    exchange.chain.mine(3_700)
    refuses(exchange, "stale price", trader, accounts)


def test_a_jumped_price_is_no_obstacle(opened_adl, crowd, trader, outsider):
    exchange = opened_adl(push_jump_bps=500)
    open_target(exchange, trader, 1)
    accounts = crowd(exchange, (-SIZE, 300 * WAD))
    with exchange.chain.block():
        exchange.push(PRICE[1])
        assert exchange.state().jumped
        exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=outsider).check()
    assert exchange.pos(trader).size == 0


def test_settling(exchange, scene, trader, owner):
    accounts = scene(1, 60, 70, 80)
    exchange.config.transact("settle_market", 0, 0, sender=exchange.system.owner).check()
    refuses(exchange, "market is settling", trader, accounts)


# ---- insurance


@SIDES
def test_insurance_pays_first(exchange, scene, trader, keeper, side):
    """To the wei: where it covers all, somebody takes the target over; where one wei is missing, it pays all it has."""
    accounts = scene(side, 60, 70, 80)
    missing = -exchange.lens.call("health", 0, trader).equity
    with exchange.undone():
        exchange.house.transact("donate_insurance", 0, missing, sender=keeper).check()
        refuses(exchange, "insurance pays", trader, accounts)
        exchange.take_over(keeper, trader, margin=1_000 * WAD)
    exchange.house.transact("donate_insurance", 0, missing - 1, sender=keeper).check()
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").from_insurance == missing - 1
    assert exchange.state().insurance_fund == 0


@SIDES
def test_an_exhausted_draw_limit_is_an_empty_fund(opened_adl, crowd, trader, keeper, side):
    """A tenth of the fund an hour: it pays that, and nothing to the next target."""
    exchange = opened_adl(insurance_draw_bps=1_000)
    exchange.house.transact("donate_insurance", 0, 100 * WAD, sender=keeper).check()
    other = exchange.people["outsider"]
    for who in (trader, other):
        open_target(exchange, who, side)
    accounts = crowd(exchange, *[(-side * 5 * WAD, margin * WAD) for margin in (60, 70, 80, 90)])
    crash(exchange, side)
    with exchange.chain.block():
        first = exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=keeper).check()
        second = exchange.engine.transact("auto_deleverage", 0, other, accounts, sender=keeper).check()
    assert first.event("AutoDeleveraging").from_insurance == 10 * WAD
    assert second.event("AutoDeleveraging").from_insurance == 0
    assert exchange.state().insurance_fund == 90 * WAD


@SIDES
def test_insurance_lowers_what_the_counterparties_give(exchange, scene, trader, keeper, side):
    accounts = scene(side, 60, 70, 80)
    without = bankruptcy_terms(exchange.pos(trader)).notional
    exchange.house.transact("donate_insurance", 0, 20 * WAD, sender=keeper).check()
    receipt = deleverage(exchange, trader, accounts)
    assert receipt.event("AutoDeleveraging").notional == without - side * 20 * WAD


# ---- the list


@SIDES
def test_order(exchange, scene, trader, side):
    accounts = scene(side, 60, 70, 80)
    refuses(exchange, "ADL order", trader, [accounts[1], accounts[0], accounts[2]])
    refuses(exchange, "ADL order", trader, [accounts[0], accounts[2], accounts[1]])
    deleverage(exchange, trader, accounts)


@SIDES
def test_order_counts_behind_the_last_who_is_closed(exchange, scene, trader, side):
    """Else somebody could be hidden behind those who are not reached."""
    accounts = scene(side, 300, 60, 80, sizes=(12, 4, 4))
    refuses(exchange, "ADL order", trader, accounts)


@SIDES
def test_a_price_tick_does_not_break_the_order(exchange, scene, trader, side):
    """Ranks less than a hundredth apart may stand either way; by how much is measured from the lowest so far."""
    accounts = scene(side, 60, 59.6, 61)
    ranks = {rank.account: rank.rank for rank in exchange.lens.call("adl_counterparties", 0, trader, accounts)}
    first, second, third = accounts
    assert ranks[first] > ranks[second] > ranks[third]
    assert ranks[first] - ranks[second] < ranks[second] // 100 < ranks[first] - ranks[third]
    refuses(exchange, "ADL order", trader, [third, second, first])
    refuses(exchange, "ADL order", trader, [third, first, second])
    deleverage(exchange, trader, [second, first, third])


@SIDES
def test_repeats(exchange, scene, trader, side):
    accounts = scene(side, 60, 70, 80)
    for place in range(3):
        refuses(exchange, "ADL account repeated", trader, [*accounts, accounts[place]])
    refuses(exchange, "ADL account repeated", trader, [accounts[0], accounts[0], accounts[1]])


def test_repeats_are_told_apart_by_call(exchange, crowd, trader, keeper):
    """Two targets in one transaction: whom the first call has passed may be passed by the second."""
    accounts = crowd(exchange, *[(-8 * WAD, margin * WAD) for margin in (100, 110, 300)])
    for who in (trader, keeper):
        open_target(exchange, who, 1)
    crash(exchange, 1)
    batch = exchange.chain.deploy(load("MockBatch"), sender=keeper)
    data = [exchange.engine.encode("auto_deleverage", 0, who, accounts) for who in (trader, keeper)]
    receipt = batch.transact("send", [exchange.engine.address] * 2, data, sender=keeper).check()
    assert len(receipt.events("AutoDeleveraging")) == 2
    assert exchange.pos(trader).size == exchange.pos(keeper).size == 0


@SIDES
def test_ninety_nine_percent_are_enough(exchange, crowd, trader, side):
    open_target(exchange, trader, side)
    most, dust = crowd(exchange, (-side * 99 * WAD, 1_200 * WAD), (-side * WAD, 20 * WAD))
    crash(exchange, side)
    deleverage(exchange, trader, [most], parties=[dust])


@SIDES
def test_a_wei_less_is_incomplete(exchange, crowd, trader, side):
    open_target(exchange, trader, side)
    most, dust = crowd(exchange, (-side * 99 * WAD, 1_200 * WAD), (-side * (WAD + 1), 20 * WAD))
    crash(exchange, side)
    refuses(exchange, "ADL list incomplete", trader, [most])
    refuses(exchange, "ADL list incomplete", trader, [dust])
    refuses(exchange, "ADL list incomplete", trader, [])
    deleverage(exchange, trader, [most, dust])


@SIDES
def test_those_who_are_passed_over_count(exchange, crowd, trader, keeper, side):
    """The keeper would lose and is not closed; left out of the list it is missed."""
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 4 * WAD, 100 * WAD))
    crash_and_follow(exchange, side, keeper)
    refuses(exchange, "ADL list incomplete", trader, [winner])
    # wherever it stands
    deleverage(exchange, trader, [keeper, winner])


def test_a_side_of_more_holders_than_a_call_passes_is_socialised(opened_adl, crowd, trader, keeper):
    """At a thousand it is deleveraged; with one more a takeover may share the loss."""
    exchange = opened_adl(min_notional="0.01", max_open_interest=100, oracle_max_age=10**6)
    exchange.trade(trader, WAD // 10, 12 * WAD // 10)
    accounts = [exchange.chain.account(f"holder {number}") for number in range(1_001)]
    for account in accounts:
        exchange.system.fund(account, WAD)
        exchange.trade(account, -WAD // 5_000, WAD // 10)
    exchange.push(85 * WAD)
    assert exchange.state().holders_short == 1_001
    refuses(exchange, "ADL not allowed", trader, accounts[:1_000])
    with exchange.undone():
        exchange.take_over(keeper, trader, margin=10 * WAD)
        assert exchange.state().short_social_loss_index > 0
    exchange.trade(accounts[-1], WAD // 5_000)
    refusal = exchange.engine.transact("liquidate_by_takeover", 0, trader, MAX_UINT256, 10 * WAD, sender=keeper)
    assert refusal.reason == "use ADL"
    exchange.engine.transact("auto_deleverage", 0, trader, accounts[:1_000], sender=keeper).check()
    assert exchange.lens.call("health", 0, trader).equity == 0
