"""claim: what a market owes because its pot was short, and how it comes to owe."""

import pytest
from support import spec
from support.exchange import ALL, FREE

from nacre.units import WAD


def take_out(exchange, who, amount):
    return exchange.house.transact("adjust_margin", 0, -amount, sender=who).check()


@pytest.fixture
def owing(short, outsider, provider):
    """The outsider took 2,000 out of a pot that held less; then the provider asked for 500."""
    had = short.house.call("pot", 0)
    receipt = take_out(short, outsider, 2_000 * WAD)
    return short, had, receipt


def test_what_the_pot_lacks_is_owed(owing, outsider):
    exchange, had, receipt = owing
    debt = 2_000 * WAD - had
    assert 0 < debt < 2_000 * WAD
    assert exchange.free(outsider) == 10 * FREE - 6_000 * WAD + had
    assert exchange.house.call("pot", 0) == 0
    assert exchange.house.call("owed", 0, outsider) == debt
    assert exchange.state().owed_total == debt
    event = receipt.event("Owed")
    assert (event.market, event.account, event.owed, event.owed_total) == (0, outsider, debt, debt)
    assert receipt.event("MarginAdjusted").free_collateral == exchange.free(outsider)


def test_while_anything_is_owed_everything_is(owing, trader, outsider, provider):
    """Money that comes in belongs to those who wait: nobody is paid past them."""
    exchange, had, _ = owing
    first = 2_000 * WAD - had
    exchange.house.transact("adjust_margin", 0, 100 * WAD, sender=trader).check()
    before = exchange.free(provider)
    receipt = take_out(exchange, provider, 500 * WAD)
    assert exchange.free(provider) == before
    assert exchange.house.call("owed", 0, provider) == 500 * WAD
    assert exchange.house.call("pot", 0) == 100 * WAD
    assert receipt.event("Owed").owed_total == first + 500 * WAD
    # and what is owed to one account adds up
    receipt = take_out(exchange, outsider, WAD)
    event = receipt.event("Owed")
    assert (event.owed, event.owed_total) == (first + WAD, first + 501 * WAD)


def test_while_anything_is_owed_there_is_no_opening(owing, provider, keeper):
    exchange, _, _ = owing
    exchange.refuses("market is reduce-only", exchange.venue, "add_liquidity", 39_100, 53_000, WAD, 0, 0, sender=keeper)


def test_it_pays_all_once_the_pot_covers_all(owing, trader, outsider, provider):
    exchange, had, _ = owing
    first, second = 2_000 * WAD - had, 500 * WAD
    take_out(exchange, provider, second)
    exchange.house.transact("adjust_margin", 0, first + second - 1, sender=trader).check()
    for who in (outsider, provider):
        exchange.refuses("pot is short", exchange.house, "claim", 0, sender=who)
    exchange.house.transact("adjust_margin", 0, 1, sender=trader).check()

    before = exchange.free(provider)
    receipt = exchange.house.transact("claim", 0, sender=provider).check()
    assert exchange.free(provider) == before + second
    assert exchange.house.call("owed", 0, provider) == 0
    assert exchange.house.call("pot", 0) == first
    assert exchange.state().owed_total == first
    event = receipt.event("Owed")
    assert (event.account, event.owed, event.owed_total) == (provider, 0, first)
    exchange.refuses("nothing owed", exchange.house, "claim", 0, sender=provider)

    # still owing, still reduce-only; the last claim opens the market
    exchange.house.transact("claim", 0, outsider, sender=trader).check()  # anyone, to the account's own credit
    assert exchange.free(outsider) == 10 * FREE - 6_000 * WAD + had + first
    assert exchange.house.call("pot", 0) == exchange.state().owed_total == 0
    exchange.provide(provider, 1_000 * WAD)


def test_owed_money_is_a_claim_on_the_pot_like_any_other(owing, outsider):
    """The sheet balances: what the market has, with the deficit nobody took yet, is what people have."""
    exchange, _, _ = owing
    people = sorted(exchange.people.values(), key=lambda address: int(address, 16))
    sheet = exchange.lens.call("solvency", 0, people, [])
    assert sheet.owed_total == exchange.house.call("owed", 0, outsider)
    equities = [spec.equity(exchange.pos(who), 150 * WAD) for who in people if exchange.pos(who).size]
    assert sheet.account_equity == sum(equities)
    assert 0 <= sheet.pot - sheet.owed_total - sheet.account_equity <= 10**5


def test_nothing_to_claim(exchange, trader, outsider):
    exchange.refuses("nothing owed", exchange.house, "claim", 0, sender=trader)
    exchange.refuses("nothing owed", exchange.house, "claim", 0, trader, sender=outsider)


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(owing, outsider, market):
    exchange, _, _ = owing
    exchange.refuses("unknown market", exchange.house, "claim", market, sender=outsider)
