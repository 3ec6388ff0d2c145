"""withdraw: free collateral becomes tokens of whoever is named; nothing else of an account can leave this way."""

import pytest
from support.exchange import ALL, FREE

from nacre.chain import ZERO_ADDRESS
from nacre.units import WAD


def test_it_pays_the_caller(exchange, trader):
    receipt = exchange.house.transact("withdraw", 3 * WAD, sender=trader).check()
    assert exchange.free(trader) == FREE - 3 * WAD
    assert exchange.token.call("balanceOf", trader) == 3 * WAD
    event = receipt.event("Withdraw")
    assert (event.account, event.receiver, event.amount) == (trader, trader, 3 * WAD)
    assert event.free_collateral == FREE - 3 * WAD


def test_it_pays_somebody_else(exchange, trader, outsider):
    receipt = exchange.house.transact("withdraw", WAD, outsider, sender=trader).check()
    assert exchange.token.call("balanceOf", outsider) == WAD
    assert exchange.token.call("balanceOf", trader) == 0
    assert (exchange.free(trader), exchange.free(outsider)) == (FREE - WAD, FREE)
    assert receipt.event("Withdraw").receiver == outsider


def test_everything_and_one_wei_more(exchange, trader):
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", FREE + 1, sender=trader)
    exchange.house.transact("withdraw", FREE, sender=trader).check()
    assert exchange.free(trader) == 0
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", 1, sender=trader)


def test_an_operator_draws_on_the_account_it_serves(exchange, trader, keeper, outsider):
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    receipt = exchange.house.transact("withdraw", WAD, outsider, trader, sender=keeper).check()
    assert (exchange.free(trader), exchange.free(keeper)) == (FREE - WAD, FREE)
    assert exchange.token.call("balanceOf", outsider) == WAD
    assert receipt.event("Withdraw").account == trader
    # and not the other way round
    exchange.refuses("not operator", exchange.house, "withdraw", WAD, trader, keeper, sender=trader)


def test_a_stranger_does_not(exchange, trader, outsider):
    exchange.refuses("not operator", exchange.house, "withdraw", 1, outsider, trader, sender=outsider)


def test_a_dismissed_operator_does_not(exchange, trader, keeper):
    for approved in (True, False):
        exchange.house.transact("set_operator", keeper, approved, sender=trader).check()
    exchange.refuses("not operator", exchange.house, "withdraw", 1, keeper, trader, sender=keeper)


def test_nothing_is_no_withdrawal(exchange, trader):
    exchange.refuses("zero amount", exchange.house, "withdraw", 0, sender=trader)


def test_nobody_is_no_receiver(exchange, trader):
    exchange.refuses("bad receiver", exchange.house, "withdraw", WAD, ZERO_ADDRESS, sender=trader)


@pytest.mark.parametrize("decimals", [0, 18])
@pytest.mark.parametrize("amount", [ALL, 2**255, 2**128, 2**128 - 1, (2**256) // 10**18 + 1])
def test_amounts_out_of_this_world(opened, trader, decimals, amount):
    """None of them wraps around into something the account has."""
    exchange = opened(decimals=decimals)
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", amount, sender=trader)


def test_margin_of_a_position_is_not_free(exchange, trader):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", FREE - 300 * WAD + 1, sender=trader)
    exchange.house.transact("withdraw", FREE - 300 * WAD, sender=trader).check()
    assert exchange.free(trader) == 0
    assert exchange.pos(trader).balance == 300 * WAD


def test_being_an_operator_is_no_collateral(exchange, trader, keeper, outsider):
    """The count of accounts that one serves stands beside its free collateral: it must not be mistaken for any."""
    for account in (trader, outsider):
        exchange.house.transact("set_operator", keeper, True, sender=account).check()
    assert exchange.free(keeper) == FREE
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", FREE + 1, sender=keeper)
    exchange.house.transact("withdraw", FREE, sender=keeper).check()
    assert exchange.free(keeper) == 0
