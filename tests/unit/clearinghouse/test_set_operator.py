"""set_operator: who may act for an account; and that it counts as the account when it liquidates."""

from support.exchange import FREE, PRICE

from nacre.chain import ZERO_ADDRESS
from nacre.units import WAD


def test_it_appoints_and_dismisses(exchange, trader, keeper, outsider):
    for approved in (True, False):
        receipt = exchange.house.transact("set_operator", keeper, approved, sender=trader).check()
        assert exchange.house.call("is_operator", trader, keeper) is approved
        assert exchange.house.call("is_operator", keeper, trader) is False
        assert exchange.house.call("is_operator", outsider, keeper) is False
        event = receipt.event("OperatorSet")
        assert (event.account, event.operator, event.approved) == (trader, keeper, approved)
    assert (exchange.free(trader), exchange.free(keeper)) == (FREE, FREE)


def test_appointing_oneself_or_nobody_changes_nothing(exchange, trader, outsider):
    """An account may act for itself anyway, and the zero address cannot call."""
    for operator in (trader, ZERO_ADDRESS):
        exchange.house.transact("set_operator", operator, True, sender=trader).check()
    assert exchange.free(trader) == FREE
    exchange.refuses("insufficient collateral", exchange.house, "withdraw", FREE + 1, sender=trader)
    exchange.refuses("not operator", exchange.house, "withdraw", 1, outsider, trader, sender=outsider)
    exchange.house.transact("set_operator", trader, False, sender=trader).check()
    exchange.house.transact("withdraw", FREE, sender=trader).check()


def test_once_is_enough(exchange, trader, keeper):
    exchange.refuses("operator unchanged", exchange.house, "set_operator", keeper, False, sender=trader)
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    exchange.refuses("operator unchanged", exchange.house, "set_operator", keeper, True, sender=trader)


def test_it_trades_for_the_account_with_the_accounts_money(exchange, trader, keeper):
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    exchange.house.transact("trade", 0, WAD, 20 * WAD, 0, 0, trader, sender=keeper).check()
    exchange.house.transact("adjust_margin", 0, 5 * WAD, trader, sender=keeper).check()
    assert exchange.pos(trader).size == WAD
    assert exchange.pos(trader).balance == 25 * WAD
    assert exchange.pos(keeper).size == 0
    assert (exchange.free(trader), exchange.free(keeper)) == (FREE - 25 * WAD, FREE)


def test_a_stranger_does_not(exchange, trader, outsider):
    exchange.trade(trader, WAD, 20 * WAD)
    exchange.refuses("not operator", exchange.house, "trade", 0, WAD, 20 * WAD, 0, 0, trader, sender=outsider)
    exchange.refuses("not operator", exchange.house, "adjust_margin", 0, -WAD, trader, sender=outsider)


def test_it_counts_as_the_account_when_it_liquidates(exchange, trader, keeper, outsider):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.push(PRICE * 8 // 10)
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    takeover = ("liquidate_by_takeover", 0, trader, WAD, 100 * WAD)
    close = ("force_close", 0, trader, WAD, 0)
    exchange.refuses("self liquidation", exchange.engine, *takeover, sender=keeper)
    exchange.refuses("self liquidation", exchange.engine, *close, sender=keeper)
    exchange.refuses("self liquidation", exchange.engine, *takeover, sender=trader)
    # serving somebody else is no obstacle
    exchange.house.transact("set_operator", outsider, True, sender=keeper).check()
    exchange.take_over(outsider, trader, WAD, 100 * WAD)
    exchange.house.transact("set_operator", keeper, False, sender=trader).check()
    exchange.take_over(keeper, trader, WAD, 100 * WAD)
