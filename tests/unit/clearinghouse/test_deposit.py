"""deposit: tokens of the caller become free collateral of whoever is named. Bad tokens: tests/unit/bad_tokens."""

import pytest
from support.exchange import ALL, FREE

from nacre.chain import ZERO_ADDRESS
from nacre.units import WAD

# 10**30 wei is what one deposit may bring.
LIMIT = 10**30


@pytest.fixture
def holding(exchange, trader):
    """The trader has tokens outside, enough for anything here."""
    exchange.token.transact("mint", trader, 2 * LIMIT, sender=trader).check()
    return 2 * LIMIT


def test_it_credits_the_caller(exchange, trader, holding):
    receipt = exchange.house.transact("deposit", 7 * WAD + 1, sender=trader).check()
    assert exchange.free(trader) == FREE + 7 * WAD + 1
    assert exchange.token.call("balanceOf", trader) == holding - 7 * WAD - 1
    event = receipt.event("Deposit")
    assert (event.account, event.sender, event.amount) == (trader, trader, 7 * WAD + 1)
    assert event.free_collateral == FREE + 7 * WAD + 1


def test_it_credits_somebody_else(exchange, trader, outsider, holding):
    receipt = exchange.house.transact("deposit", WAD, outsider, sender=trader).check()
    assert (exchange.free(outsider), exchange.free(trader)) == (FREE + WAD, FREE)
    assert exchange.token.call("balanceOf", trader) == holding - WAD
    event = receipt.event("Deposit")
    assert (event.account, event.sender, event.free_collateral) == (outsider, trader, FREE + WAD)


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_one_unit_of_the_token_counts_as_it_should(opened, trader, decimals):
    exchange = opened(decimals=decimals)
    exchange.token.transact("mint", trader, 1, sender=trader).check()
    receipt = exchange.house.transact("deposit", 1, sender=trader).check()
    assert receipt.event("Deposit").amount == 10 ** (18 - decimals)
    assert exchange.free(trader) == FREE + 10 ** (18 - decimals)


def test_nothing_is_no_deposit(exchange, trader, holding):
    exchange.refuses("zero amount", exchange.house, "deposit", 0, sender=trader)


def test_the_largest_deposit_and_one_wei_more(exchange, trader, holding):
    exchange.refuses("amount too large", exchange.house, "deposit", LIMIT + 1, sender=trader)
    exchange.house.transact("deposit", LIMIT, sender=trader).check()
    assert exchange.free(trader) == FREE + LIMIT


@pytest.mark.parametrize(("decimals", "limit"), [(0, 10**12), (6, 10**18)])
def test_the_limit_counts_in_wad(opened, trader, decimals, limit):
    exchange = opened(decimals=decimals)
    exchange.token.transact("mint", trader, limit + 1, sender=trader).check()
    exchange.refuses("amount too large", exchange.house, "deposit", limit + 1, sender=trader)
    exchange.house.transact("deposit", limit, sender=trader).check()
    assert exchange.free(trader) == FREE + LIMIT


@pytest.mark.parametrize("amount", [ALL, ALL - 1, 2**255, 2**128])
def test_amounts_out_of_this_world(exchange, trader, amount):
    exchange.refuses("amount too large", exchange.house, "deposit", amount, sender=trader)


def test_nobody_is_no_receiver(exchange, trader, holding):
    exchange.refuses("bad receiver", exchange.house, "deposit", WAD, ZERO_ADDRESS, sender=trader)


def test_more_than_the_caller_has(exchange, trader, holding):
    exchange.refuses("insufficient balance", exchange.house, "deposit", LIMIT, sender=exchange.people["keeper"])


def test_more_than_the_caller_allowed(exchange, chain_account):
    stranger = chain_account("stranger")
    exchange.token.transact("mint", stranger, WAD, sender=stranger).check()
    exchange.token.transact("approve", exchange.house.address, WAD - 1, sender=stranger).check()
    exchange.refuses("insufficient allowance", exchange.house, "deposit", WAD, sender=stranger)
    exchange.house.transact("deposit", WAD - 1, sender=stranger).check()
    assert exchange.free(stranger) == WAD - 1
