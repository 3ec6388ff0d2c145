"""donate_insurance: free collateral for a market's fund; a loss without a payer is filled first."""

import pytest
from support.exchange import ALL, FREE, LIQUIDITY, PRICE

from nacre.units import WAD


def refuses(exchange, reason, who, amount, market=0):
    exchange.refuses(reason, exchange.house, "donate_insurance", market, amount, sender=who)


def test_it_fills_the_fund(exchange, outsider):
    for times in (1, 2):
        receipt = exchange.house.transact("donate_insurance", 0, 3 * WAD, sender=outsider).check()
        assert exchange.free(outsider) == FREE - times * 3 * WAD
        assert exchange.house.call("insurance_fund", 0) == times * 3 * WAD
        assert exchange.house.call("pot", 0) == LIQUIDITY + times * 3 * WAD
        event = receipt.event("InsuranceChanged")
        assert (event.market, event.source, event.amount) == (0, outsider, 3 * WAD)
        assert (event.insurance_fund, event.unallocated_loss) == (times * 3 * WAD, 0)


def test_it_fills_the_fund_of_one_market_only(exchange, outsider):
    exchange.list_market("other")
    exchange.house.transact("donate_insurance", 1, 5 * WAD, sender=outsider).check()
    assert exchange.house.call("insurance_fund", 0) == 0
    assert exchange.house.call("insurance_fund", 1) == exchange.house.call("pot", 1) == 5 * WAD


def test_all_one_has_and_a_wei_more(exchange, outsider):
    refuses(exchange, "insufficient collateral", outsider, FREE + 1)
    exchange.house.transact("donate_insurance", 0, FREE, sender=outsider).check()
    assert exchange.free(outsider) == 0


def test_it_needs_no_price(exchange, outsider):
    exchange.push(0, 1)
    exchange.house.transact("donate_insurance", 0, WAD, sender=outsider).check()
    exchange.push(PRICE, 1)
    exchange.house.transact("donate_insurance", 0, WAD, sender=outsider).check()
    assert exchange.house.call("insurance_fund", 0) == 2 * WAD


def test_bad_input(exchange, outsider):
    refuses(exchange, "zero amount", outsider, 0)
    for amount in (2**104, 2**128, 2**255, ALL):
        refuses(exchange, "insufficient collateral", outsider, amount)
    for market in (1, 1023, 1024, 2**96, ALL):
        refuses(exchange, "unknown market", outsider, WAD, market)


@pytest.fixture
def unallocated(opened, trader, keeper, provider):
    """The venue alone stands against a bankrupt long and cannot pay: what is left has no payer."""
    exchange = opened(liquidity=0, max_deviation_bps=10_000)
    exchange.system.fund(provider, 1_000 * WAD)
    exchange.provide(provider, 1_000 * WAD, 45_100, 47_000)  # about 91 to 110
    exchange.trade(trader, 60 * WAD, 1_000 * WAD)
    exchange.push(PRICE // 2)
    exchange.take_over(keeper, trader, margin=1_000 * WAD)
    assert exchange.state().unallocated_loss > 0
    return exchange


def test_losses_without_a_payer_come_first(unallocated, outsider):
    exchange = unallocated
    loss, fund, pot = (getattr(exchange.state(), name) for name in ("unallocated_loss", "insurance_fund", "pot"))
    assert fund == 0

    receipt = exchange.house.transact("donate_insurance", 0, loss - 5, sender=outsider).check()
    event = receipt.event("InsuranceChanged")
    assert (event.amount, event.insurance_fund, event.unallocated_loss) == (loss - 5, 0, 5)
    assert (exchange.state().unallocated_loss, exchange.house.call("pot", 0)) == (5, pot + loss - 5)

    receipt = exchange.house.transact("donate_insurance", 0, 12, sender=outsider).check()
    event = receipt.event("InsuranceChanged")
    assert (event.amount, event.insurance_fund, event.unallocated_loss) == (12, 7, 0)
    assert exchange.state().unallocated_loss == 0

    receipt = exchange.house.transact("donate_insurance", 0, 9, sender=outsider).check()
    assert receipt.event("InsuranceChanged").insurance_fund == 16
