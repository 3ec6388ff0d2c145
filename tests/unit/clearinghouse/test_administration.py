"""set_market, set_status, collect_protocol_fees: Config's alone, and what they leave alone."""

import pytest
from support import spec
from support.exchange import ALL, FREE, LIQUIDITY, PRICE, SHORT_POT_MARKET, bare_house, short_pot

from nacre.deploy import market_params
from nacre.units import RAY, WAD

ROLES = ("trader", "provider", "keeper", "owner", "guardian", "treasury")


def words_of(house):
    """What set_market gets besides the number."""
    return (*house.call("market_words", 0), house.call("extras_word", 0))


@pytest.mark.parametrize("role", ROLES)
def test_nobody_but_config(exchange, role):
    system = exchange.system
    roles = exchange.people | {"owner": system.owner, "guardian": system.guardian, "treasury": system.treasury}
    words = words_of(exchange.house)
    calls = [
        ("set_market", 0, *words),
        ("set_market", 1, *words),
        ("set_status", 0, 1),
        ("collect_protocol_fees", 0, roles[role]),
    ]
    for call in calls:
        exchange.refuses("not config", exchange.house, *call, sender=roles[role])
    assert words_of(exchange.house) == words
    assert exchange.house.call("market_count") == 1


def test_neither_engine_nor_venue_is_config():
    bare = bare_house()
    words = words_of(bare.house)
    for sender in (bare.engine, bare.venue):
        assert bare.send(sender, "set_market", 0, *words).reason == "not config"
        assert bare.send(sender, "set_status", 0, 1).reason == "not config"
        assert bare.send(sender, "collect_protocol_fees", 0, sender).reason == "not config"
    assert bare.send(bare.config, "set_market", 0, *words).ok


def test_as_many_markets_as_there_is_room_for():
    bare = bare_house()
    words = words_of(bare.house)
    for number in range(1, 1024):
        bare.send(bare.config, "set_market", number, *words).check()
    assert bare.house.call("market_count") == 1024
    assert bare.house.call("mark_price", 1023) == PRICE
    assert bare.send(bare.config, "set_market", 1024, *words).reason == "too many markets"


def set_params(exchange, **fields):
    config = exchange.main.config.changed(**fields)
    params = market_params(config, exchange.oracle.address, exchange.venue.address)
    return exchange.config.transact("set_market_params", 0, params, sender=exchange.system.owner).check()


# ---- set_market


def test_a_new_market_is_empty_and_leaves_the_others_alone(exchange, trader):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    before = exchange.books()
    market = exchange.list_market("second", price=7)
    assert (market.id, exchange.house.call("market_count")) == (1, 2)
    state = exchange.state(1)
    assert (state.mark_price, state.status, state.lp_factor, state.lp_epoch) == (7 * WAD, 1, RAY, 0)
    assert state.accrued_at == exchange.chain.timestamp
    money = (state.pot, state.insurance_fund, state.total_long, state.total_short, state.holders_long, state.lp_margin)
    assert money == (0, 0, 0, 0, 0, 0)
    exchange.system.markets.pop("second")
    assert exchange.books() == before


def test_changed_parameters_count_at_once_and_move_no_money(exchange, trader):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    before = exchange.books()
    receipt = set_params(exchange, imr_bps=3000, mmr_bps=2500, trading_fee_bps=100)
    assert exchange.books() == before
    event = receipt.event("MarketSet")
    words = (event.risk_word, event.trading_word, event.limits_word, event.extras_word)
    assert (event.market, *words) == (0, *words_of(exchange.house))
    assert exchange.lens.call("health", 0, trader).maintenance_margin == spec.margin(20 * WAD, PRICE, 2500)
    exchange.refuses("below initial margin", exchange.house, "trade", 0, WAD, 20 * WAD, 0, 0, sender=trader)


def test_what_has_passed_accrues_by_the_old_parameters(opened, trader):
    exchange = opened(funding_cap_bps=10_000, funding_period_seconds=28_800)
    exchange.trade(trader, 30 * WAD, 800 * WAD)
    for seconds in (1, 150):
        exchange.chain.mine(seconds)
        exchange.house.transact("accrue", 0, sender=trader).check()
    before = exchange.state()
    exchange.chain.set_next_timestamp(exchange.chain.timestamp + 1_000)
    set_params(exchange, funding_cap_bps=1, funding_period_seconds=86_400)
    state = exchange.state()
    average = spec.ema(before.premium_ema, before.premium, 1_000)
    step = spec.funding_step(average, PRICE, 1_000, 10_000, 28_800)
    assert state.funding_index == before.funding_index + step
    assert state.accrued_at == exchange.chain.timestamp
    exchange.chain.set_next_timestamp(exchange.chain.timestamp + 1_000)
    exchange.house.transact("accrue", 0, sender=trader).check()
    later = exchange.state().funding_index - state.funding_index
    assert later == spec.funding_step(10**18, PRICE, 1_000, 1, 86_400)  # at the new cap


def test_funding_that_is_switched_on_does_not_reach_back(exchange, trader):
    """With funding off the clock stands; the change sets it."""
    exchange.trade(trader, 30 * WAD, 800 * WAD)
    exchange.chain.mine(100_000)
    exchange.push(PRICE)
    set_params(exchange, funding_cap_bps=10_000)
    exchange.house.transact("accrue", 0, sender=trader).check()
    exchange.house.transact("accrue", 0, sender=trader).check()
    state = exchange.state()
    average = spec.ema(0, state.premium, 1)
    assert state.premium_ema == average
    assert state.funding_index == spec.funding_step(average, PRICE, 1, 10_000, 86_400)


# ---- set_status


def test_status_bits(exchange, trader, owner, guardian):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    before = exchange.books()
    steps = [
        (("pause", 0), guardian, 5),
        (("set_reduce_only", 0, True), owner, 7),
        (("unpause", 0), owner, 3),
        (("set_reduce_only", 0, False), owner, 1),
    ]
    for call, sender, status in steps:
        receipt = exchange.config.transact(*call, sender=sender).check()
        assert exchange.state().status == status
        event = receipt.event("StatusChanged")
        assert (event.market, event.status) == (0, status)
        assert exchange.books() == before  # funds, pot and holders share a word with the status
        state = exchange.state()
        assert (state.holders_long, state.holders_short) == (1, 0)


def test_status_does_not_clear_what_is_owed(short, outsider, guardian, owner):
    short.house.transact("adjust_margin", 0, -2_000 * WAD, sender=outsider).check()
    debt = short.state().owed_total
    assert debt > 0
    short.config.transact("pause", 0, sender=guardian).check()
    short.config.transact("unpause", 0, sender=owner).check()
    assert short.state().owed_total == debt
    short.refuses("market is reduce-only", short.venue, "add_liquidity", 39_100, 53_000, WAD, 0, 0, sender=outsider)


# ---- collect_protocol_fees


def test_fees_go_to_the_treasury_once(opened, trader, outsider):
    exchange = opened(protocol_fee_bps=20)
    notional, _ = exchange.quote(20 * WAD)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    fees = spec.fee(notional, 20)
    treasury = exchange.system.treasury
    receipt = exchange.config.transact("collect_fees", 0, sender=outsider).check()
    assert exchange.free(treasury) == fees
    assert exchange.state().protocol_fees == 0
    assert exchange.house.call("pot", 0) == LIQUIDITY + 400 * WAD - fees
    assert exchange.state().mid_price == exchange.venue.call("mid_price")
    event = receipt.event("ProtocolFeesCollected")
    assert (event.market, event.receiver, event.amount) == (0, treasury, fees)
    receipt = exchange.config.transact("collect_fees", 0, sender=outsider).check()
    assert receipt.event("ProtocolFeesCollected").amount == 0
    assert exchange.free(treasury) == fees


def test_fees_never_become_a_debt(opened, outsider):
    """Only what the pot pays now is paid: the treasury does not rank with accounts that are owed. The rest stays."""
    opened(**SHORT_POT_MARKET, protocol_fee_bps=20)
    exchange = short_pot(protocol_fee_bps=20)
    fees, pot = exchange.state().protocol_fees, exchange.house.call("pot", 0)
    assert fees > 100 * WAD
    exchange.house.transact("adjust_margin", 0, -(pot - 10 * WAD), sender=outsider).check()

    def collect():
        return exchange.config.transact("collect_fees", 0, sender=outsider).check().event("FeesCollected").amount

    treasury = exchange.system.treasury
    assert collect() == 10 * WAD
    assert (exchange.free(treasury), exchange.state().protocol_fees) == (10 * WAD, fees - 10 * WAD)
    assert collect() == 0
    # while anything is owed nothing is paid, whatever the pot holds
    exchange.house.transact("adjust_margin", 0, -5 * WAD, sender=outsider).check()
    exchange.house.transact("adjust_margin", 0, 3 * WAD, sender=exchange.people["trader"]).check()
    assert exchange.state().owed_total == 5 * WAD
    assert collect() == 0
    assert exchange.state().protocol_fees == fees - 10 * WAD
    assert exchange.house.call("owed", 0, treasury) == 0
    exchange.house.transact("adjust_margin", 0, 2 * WAD, sender=exchange.people["trader"]).check()
    exchange.house.transact("claim", 0, outsider, sender=outsider).check()
    exchange.house.transact("adjust_margin", 0, 4 * WAD, sender=exchange.people["trader"]).check()
    assert collect() == 4 * WAD


def test_fees_of_another_market_stay(opened, trader, outsider):
    exchange = opened(protocol_fee_bps=20)
    exchange.list_market("other", protocol_fee_bps=20)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    assert exchange.config.transact("collect_fees", 1, sender=outsider).check().event("FeesCollected").amount == 0
    assert exchange.free(exchange.system.treasury) == 0
    for market in (2, 1023, 1024, ALL):
        exchange.refuses("unknown market", exchange.config, "collect_fees", market, sender=outsider)


def test_fees_need_no_price(opened, trader, outsider):
    exchange = opened(protocol_fee_bps=20)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.push(0, 1)
    exchange.config.transact("collect_fees", 0, sender=outsider).check()
    assert exchange.free(exchange.system.treasury) > 0
    assert exchange.free(trader) == FREE - 400 * WAD
