"""adjust_margin: margin between free collateral and an open position, both ways."""

import pytest
from support import spec
from support.exchange import ALL, FREE, LIQUIDITY, PRICE
from support.spec import Pos

from nacre.units import WAD

INT_MIN, INT_MAX = -(2**255), 2**255 - 1


def refuses(exchange, reason, who, delta, market=0):
    exchange.refuses(reason, exchange.house, "adjust_margin", market, delta, sender=who)


@pytest.fixture
def long(exchange, trader):
    """20 at 100.46 with a margin of 400."""
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    return exchange.pos(trader)


def test_topping_up(exchange, trader, long):
    receipt = exchange.house.transact("adjust_margin", 0, 7 * WAD, sender=trader).check()
    assert exchange.pos(trader) == Pos(long.size, long.balance + 7 * WAD, long.notional)
    assert exchange.free(trader) == FREE - 407 * WAD
    assert exchange.house.call("pot", 0) == LIQUIDITY + 407 * WAD
    event = receipt.event("MarginAdjusted")
    assert (event.market, event.account, event.delta) == (0, trader, 7 * WAD)
    assert event.free_collateral == FREE - 407 * WAD
    assert receipt.event("PositionChanged").balance == 407 * WAD


def test_taking_out_down_to_initial_margin(exchange, trader, long):
    spare = spec.opening_excess(long, PRICE, 1000)
    refuses(exchange, "below initial margin", trader, -spare - 1)
    receipt = exchange.house.transact("adjust_margin", 0, -spare, sender=trader).check()
    assert exchange.pos(trader) == Pos(long.size, long.balance - spare, long.notional)
    assert exchange.free(trader) == FREE - 400 * WAD + spare
    assert exchange.house.call("pot", 0) == LIQUIDITY + 400 * WAD - spare
    assert receipt.event("MarginAdjusted").delta == -spare


def test_unrealised_profit_is_not_there_to_take(exchange, trader, long):
    exchange.push(PRICE * 12 // 10)
    spare = long.balance - spec.margin(long.size, PRICE * 12 // 10, 1000)
    refuses(exchange, "below initial margin", trader, -spare - 1)
    exchange.house.transact("adjust_margin", 0, -spare, sender=trader).check()


def test_margin_at_the_entry_price_where_the_market_says_so(opened, trader):
    exchange = opened(entry_margin_rule=True)
    exchange.trade(trader, -20 * WAD, 400 * WAD)
    exchange.push(PRICE * 9 // 10)
    short = exchange.pos(trader)
    needed = spec.ceil(short.notional * 1000, 10_000)
    assert needed > spec.margin(short.size, PRICE * 9 // 10, 1000)
    refuses(exchange, "below initial margin", trader, needed - short.balance - 1)
    exchange.house.transact("adjust_margin", 0, needed - short.balance, sender=trader).check()


def test_carry_is_paid_before_margin_leaves(opened, trader, counterparty):
    exchange = opened(funding_cap_bps=10_000)
    exchange.trade(trader, 20 * WAD, 600 * WAD)
    exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.chain.mine(3000)
    old = exchange.record(trader)
    with exchange.undone():
        receipt = exchange.house.transact("adjust_margin", 0, -WAD, sender=trader).check()
        index = spec.accrual(receipt.event("FundingAccrued").accrual).funding_index
        carry = spec.carry(20 * WAD, index - old.entry_carry)
        assert carry > 0
        assert exchange.pos(trader) == Pos(old.size, old.balance - WAD - carry, old.entry_notional)
        assert exchange.record(trader).entry_carry == index
    # the same second from the same past: the same index
    settled = Pos(old.size, old.balance - carry, old.entry_notional)
    spare = spec.opening_excess(settled, PRICE, 1000)
    with exchange.undone():
        assert exchange.house.transact("adjust_margin", 0, -spare - 1, sender=trader).reason == "below initial margin"
    exchange.house.transact("adjust_margin", 0, -spare, sender=trader).check()


@pytest.mark.parametrize("price", [0, PRICE, 10**26])
def test_topping_up_needs_no_price(exchange, trader, long, price):
    exchange.push(price, 1)
    reason = "stale price" if price == PRICE else "price out of bounds"
    refuses(exchange, reason, trader, -1)
    exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    assert exchange.pos(trader).balance == 401 * WAD


def test_a_jump_keeps_margin_in_and_lets_it_in(opened, trader):
    exchange = opened(push_jump_bps=500)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    with exchange.chain.block():
        exchange.push(PRICE * 11 // 10)
        refuses(exchange, "price just jumped", trader, -WAD)
        exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    exchange.house.transact("adjust_margin", 0, -WAD, sender=trader).check()


@pytest.mark.parametrize("how", ["pause", "set_reduce_only"])
def test_a_closed_market_keeps_nobodys_margin(exchange, trader, owner, long, how):
    exchange.config.transact(how, 0, *[True] * (how != "pause"), sender=owner).check()
    exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    exchange.house.transact("adjust_margin", 0, -WAD, sender=trader).check()


def test_a_bankrupt_position_may_be_saved(exchange, trader, keeper, long):
    exchange.push(PRICE * 7 // 10)
    equity = spec.equity(long, PRICE * 7 // 10)
    assert equity < 0
    needed = spec.margin(long.size, PRICE * 7 // 10, 500) - equity
    exchange.house.transact("adjust_margin", 0, needed - 1, sender=trader).check()
    with exchange.undone():
        exchange.take_over(keeper, trader, margin=200 * WAD)
    exchange.house.transact("adjust_margin", 0, 1, sender=trader).check()
    exchange.refuses(
        "not liquidatable", exchange.engine, "liquidate_by_takeover", 0, trader, ALL, 200 * WAD, sender=keeper
    )


def test_bad_input(exchange, trader, outsider, long):
    refuses(exchange, "zero amount", trader, 0)
    refuses(exchange, "no position", outsider, WAD)
    refuses(exchange, "no position", outsider, -WAD)
    refuses(exchange, "insufficient collateral", trader, FREE - 400 * WAD + 1)
    exchange.refuses("not operator", exchange.house, "adjust_margin", 0, WAD, trader, sender=outsider)


@pytest.mark.parametrize("delta", [2**104, -(2**104), INT_MAX, INT_MIN])
def test_margin_out_of_this_world(exchange, trader, long, delta):
    refuses(exchange, "amount too large", trader, delta)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**95, ALL])
@pytest.mark.parametrize("delta", [WAD, -WAD])
def test_unknown_market(exchange, trader, long, market, delta):
    refuses(exchange, "unknown market", trader, delta, market)


@pytest.mark.parametrize("market", [2**96, 2**255, 5 * 2**96])
@pytest.mark.parametrize("delta", [WAD, -WAD])
def test_a_number_that_only_looks_like_this_market(exchange, trader, long, market, delta):
    """Records are kept under market << 160 | account: numbers from 2**96 on lose their upper bits in that."""
    refuses(exchange, "unknown market", trader, delta, market)
    assert exchange.pos(trader) == long
