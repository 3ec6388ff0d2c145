"""Views: they tell what is stored, accrued to this moment, and refuse markets that are not there."""

import pytest
from support.exchange import ALL, FREE, LIQUIDITY, PRICE, WIDE, reason_of

from nacre.chain import CallFailed
from nacre.units import WAD

BY_MARKET = (
    "market_state",
    "market_words",
    "insurance_fund",
    "long_social_loss_index",
    "short_social_loss_index",
    "open_interest",
    "pot",
    "mark_price",
)
UNKNOWN = [1, 1023, 1024, 2**96, 2**128, ALL]


@pytest.fixture
def crashed(exchange, trader, counterparty, keeper, outsider):
    """A long of 20 was bankrupt, half of it was taken over; fees, fund, indices and totals all stand somewhere."""
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -25 * WAD, 500 * WAD)
    exchange.push(80 * WAD)
    exchange.house.transact("donate_insurance", 0, 5 * WAD, sender=outsider).check()
    exchange.take_over(keeper, trader, 10 * WAD, 200 * WAD)
    return exchange


def test_single_views_agree_with_the_whole(crashed):
    house, state = crashed.house, crashed.state()
    assert house.call("insurance_fund", 0) == state.insurance_fund == 0
    assert house.call("pot", 0) == state.pot == LIQUIDITY + 1_005 * WAD
    assert house.call("mark_price", 0) == state.mark_price == state.index_price == 80 * WAD
    assert house.call("long_social_loss_index", 0) == state.long_social_loss_index == 0
    assert house.call("short_social_loss_index", 0) == state.short_social_loss_index > 0
    assert house.call("open_interest", 0) == max(state.total_long, state.total_short) == 25 * WAD
    assert (state.total_long, state.holders_long, state.holders_short) == (20 * WAD, 2, 1)
    assert state.mid_price == crashed.venue.call("mid_price")
    assert (state.stale, state.jumped, state.status) == (False, False, 1)
    assert state.price_time == crashed.chain.timestamp - 2


def test_positions_and_free_collateral(crashed, keeper, outsider):
    record = crashed.house.call("position", 0, keeper)
    assert (record.size, record.balance) != (0, 0)
    assert record.cross is False
    assert record.topups < 128  # starts anywhere
    assert crashed.house.call("position", 0, outsider) == (0, 0, 0, 0, False, 0)
    assert crashed.house.call("free_collateral", keeper) == FREE - 200 * WAD
    assert crashed.house.call("owed", 0, keeper) == 0
    assert crashed.house.call("collateral") == crashed.token.address
    assert crashed.house.call("market_count") == 1


def test_a_stale_market_is_shown_at_its_last_price(opened, trader):
    exchange = opened(funding_cap_bps=10_000)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.chain.mine(150)
    exchange.house.transact("accrue", 0, sender=trader).check()
    before = exchange.state()
    assert before.funding_index > 0
    exchange.chain.mine(10_000)
    stale = exchange.state()
    assert stale.stale is True
    assert (stale.mark_price, stale.funding_index, stale.accrued_at) == (
        PRICE,
        before.funding_index,
        before.accrued_at,
    )
    assert exchange.house.call("mark_price", 0) == PRICE


@pytest.mark.parametrize(("price", "reason"), [(0, "price out of bounds"), (10**25 + 1, "price out of bounds")])
def test_a_market_whose_price_is_none_says_so(exchange, price, reason):
    exchange.push(price, exchange.chain.timestamp)
    assert reason_of(exchange.house, "market_state", 0) == reason
    assert reason_of(exchange.house, "mark_price", 0) == reason


@pytest.mark.parametrize("market", UNKNOWN)
@pytest.mark.parametrize("view", BY_MARKET)
def test_unknown_markets(exchange, view, market):
    assert reason_of(exchange.house, view, market) == "unknown market"


@pytest.mark.parametrize("market", [1, 1024, 2**96, 2**255, ALL])
def test_nobody_has_anything_in_an_unknown_market(short, outsider, market):
    """Records lie under market << 160 | account: numbers from 2**96 on must not look like another."""
    short.house.transact("adjust_margin", 0, -2_000 * WAD, sender=outsider).check()
    assert short.house.call("owed", 0, outsider) > 0
    for view, nothing in (("owed", 0), ("position", (0, 0, 0, 0, False, 0))):
        assert shown(short, view, market, outsider) in (nothing, "unknown market")


def shown(exchange, view, market, who):
    try:
        return exchange.house.call(view, market, who)
    except CallFailed as refusal:
        return str(refusal)


def test_the_sheet_balances(crashed, provider):
    """Lens.solvency: pot and unallocated loss against everything anybody may claim."""
    people = sorted(crashed.people.values(), key=lambda address: int(address, 16))
    sheet = crashed.lens.call("solvency", 0, people, [(provider, *WIDE)])
    assert (sheet.missing_long, sheet.missing_short) == (0, 0)
    assert 0 <= sheet.dust <= 10**4
