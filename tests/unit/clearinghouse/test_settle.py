"""settle: anybody may have an account's carry paid; what the account is worth stays the same."""

import pytest
from support import spec
from support.exchange import ALL, PRICE
from support.spec import Pos

from nacre.units import WAD


@pytest.fixture
def funded(opened, trader, counterparty):
    """Long 20 against short 5 and the venue's 15; funding has run for half an hour."""
    exchange = opened(funding_cap_bps=10_000)
    exchange.trade(trader, 20 * WAD, 600 * WAD)
    exchange.trade(counterparty, -5 * WAD, 600 * WAD)
    exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.chain.mine(1800)
    return exchange


@pytest.mark.parametrize("who", ["trader", "counterparty"])
def test_it_pays_the_carry_and_keeps_the_equity(funded, who, outsider):
    account = funded.people[who]
    old = funded.record(account)
    receipt = funded.house.transact("settle", 0, account, sender=outsider).check()
    funding = spec.accrual(receipt.event("FundingAccrued").accrual).funding_index
    index = funding if old.size > 0 else -funding
    carry = spec.carry(old.size, index - old.entry_carry)
    assert carry > 0 if who == "trader" else carry < 0
    assert funded.pos(account) == Pos(old.size, old.balance - carry, old.entry_notional)
    assert funded.record(account).entry_carry == index
    before = Pos(old.size, old.balance, old.entry_notional)
    assert spec.equity(before, PRICE, carry) == spec.equity(funded.pos(account), PRICE)
    changed = receipt.event("PositionChanged")
    assert (changed.account, changed.balance, changed.entry_carry) == (account, old.balance - carry, index)


def test_only_the_carry_moves(funded, trader, outsider):
    """Neither pot nor free collateral nor anybody else."""
    before = funded.books()
    old = funded.record(trader)
    funded.house.transact("settle", 0, trader, sender=outsider).check()
    new = funded.record(trader)
    assert old != new
    after = list(funded.books())
    after[after.index(new)] = old
    assert tuple(after) == before


def test_twice_in_a_block_is_once(funded, trader, outsider):
    with funded.chain.block():
        funded.house.transact("settle", 0, trader, sender=outsider).check()
        once = funded.record(trader)
        funded.house.transact("settle", 0, trader, sender=outsider).check()
    assert funded.record(trader) == once


def test_often_costs_at_most_a_wei_each_time(opened, trader, outsider):
    """Every charge is rounded up: touching an account is no gift to it, and hardly a loss. Funding is at its cap."""
    exchange = opened(funding_cap_bps=10)
    exchange.trade(trader, 20 * WAD + 1, 600 * WAD)
    for _ in range(2):
        exchange.chain.mine(150)
        exchange.house.transact("accrue", 0, sender=trader).check()
    with exchange.undone():
        exchange.chain.set_next_timestamp(exchange.chain.timestamp + 10)
        exchange.house.transact("settle", 0, trader, sender=outsider).check()
        seldom = exchange.pos(trader).balance
    for _ in range(10):
        exchange.house.transact("settle", 0, trader, sender=outsider).check()
    assert 0 <= seldom - exchange.pos(trader).balance <= 9


def test_bad_input(funded, trader, outsider):
    funded.refuses("no position", funded.house, "settle", 0, outsider, sender=trader)
    funded.push(PRICE, 1)
    funded.refuses("stale price", funded.house, "settle", 0, trader, sender=outsider)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(exchange, trader, market):
    exchange.trade(trader, WAD, 20 * WAD)
    exchange.refuses("unknown market", exchange.house, "settle", market, trader, sender=trader)
