"""Prices that are old, wrong, moved or missing."""

from typing import Any

import pytest
from support.attacks import POLICIES, SIDES, check_books, holdings, no_gain
from support.exchange import ALL, PLAIN, PRICE, WIDE, Exchange, new_exchange, reason_of
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, Contract
from nacre.units import MAX_UINT256, RAY, WAD

MAX_AGE = 60
# contracts/mocks/MockBadOracle.vy: what it does instead of answering.
FAILURES = ("reverts", "reverts silently", "burns gas", "", "returns nothing", "returns short", "", "returns garbage")


def new_oracle(exchange: Exchange, owner: str, oracle: Contract, market: int = 0) -> None:
    params = exchange.config.call("market_params", market)._asdict() | {"oracle": oracle.address}
    exchange.config.transact("set_market_params", market, params, sender=owner).check()


# ---- 8. Stale prices


@pytest.fixture
def ageing(opened, trader, counterparty, provider) -> Exchange:
    """Two markets whose prices may be 60 and 3,600 seconds old, the trader failing in both at 88."""
    exchange = opened(oracle_max_age=MAX_AGE, free=100_000 * WAD, max_deviation_bps=10_000, force_close_band_bps=2_000)
    other = exchange.list_market("other", oracle_max_age=3_600, max_deviation_bps=10_000, force_close_band_bps=2_000)
    exchange.provide(provider, 50_000 * WAD, market="other")
    for market in (0, 1):
        exchange.trade(trader, 20 * WAD, 300 * WAD, market=market)
        exchange.trade(counterparty, -20 * WAD, 3_000 * WAD, market=market)
    for market in (exchange.main, other):
        exchange.system.push_price(market, 88 * WAD)
    return exchange


def dated_calls(exchange: Exchange, market: int) -> list[tuple[Any, ...]]:
    """What goes by the price: contract, sender, function, arguments."""
    trader, counterparty, keeper = (exchange.people[name] for name in ("trader", "counterparty", "keeper"))
    return [
        (exchange.house, counterparty, "trade", market, WAD, 0, 0, 0),
        (exchange.house, counterparty, "adjust_margin", market, -WAD),
        (exchange.engine, keeper, "liquidate_by_takeover", market, trader, 5 * WAD, 300 * WAD),
        (exchange.engine, keeper, "force_close", market, trader, ALL, 0),
    ]


@pytest.mark.parametrize("late", [0, 1])
def test_attack_08_a_price_that_has_its_age(ageing, late):
    """At the second of its age it counts, a second later not; the other market's price has an age of its own."""
    limit = ageing.oracle.call("price")[1] + MAX_AGE
    for contract, sender, function, market, *arguments in dated_calls(ageing, 0):
        with ageing.undone():
            ageing.chain.set_next_timestamp(limit + late)
            receipt = contract.transact(function, market, *arguments, sender=sender)
            assert receipt.reason == ("stale price" if late else ""), function
    ageing.chain.set_next_timestamp(limit + 1)
    ageing.chain.mine()
    for contract, sender, function, *arguments in dated_calls(ageing, 1):
        contract.transact(function, *arguments, sender=sender).check()
    for who in ageing.people.values():
        ageing.house.transact("withdraw", ageing.free(who), sender=who).check()


def test_attack_08_a_cross_account_waits_for_all_its_prices(opened, trader, provider):
    """Else it would leave before the market whose price is missing shows the loss."""
    exchange = opened(cross_margin=True, oracle_max_age=MAX_AGE)
    exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, 20 * WAD)
    exchange.chain.mine(MAX_AGE + 1)
    exchange.refuses("stale price", exchange.house, "withdraw", 1, sender=trader)
    exchange.push(PRICE)
    exchange.house.transact("withdraw", WAD, sender=trader).check()


# ---- 11. Decimals


def life_at(decimals: int, feed_decimals: int) -> tuple[Any, ...]:
    """The same few days of a market, whatever the decimals of collateral and feed. All amounts are whole tokens."""
    exchange = new_exchange(decimals=decimals, **PLAIN | {"trading_fee_bps": 30, "protocol_fee_bps": 20})
    trader, counterparty, keeper, _, outsider = exchange.people.values()
    feed = exchange.chain.deploy(load("MockAggregator"), feed_decimals, sender=trader)
    feed.transact("push", 100 * 10**feed_decimals, sender=trader).check()
    limits = (3_600, 0, 0, 10**6 * 10**feed_decimals)
    adapter = exchange.chain.deploy(load("ChainlinkOracle"), feed.address, *limits, ZERO_ADDRESS, sender=trader)
    new_oracle(exchange, exchange.system.owner, adapter)
    exchange.trade(trader, 20 * WAD, 320 * WAD)
    exchange.trade(counterparty, -17 * WAD, 400 * WAD)
    feed.transact("push", 79 * 10**feed_decimals, sender=trader).check()
    exchange.take_over(keeper, trader, margin=400 * WAD)
    exchange.house.transact("withdraw", exchange.system.to_tokens(77 * WAD), sender=outsider).check()
    state = exchange.state()
    assert state.short_social_loss_index > 0
    everybody = exchange.people.values()
    books = [(exchange.free(who), exchange.pos(who)) for who in everybody]
    check_books(exchange)
    return (books, *state[:2], *state[16:29], exchange.venue.call("state"))


@pytest.mark.parametrize("decimals", [0, 6, 18])
@pytest.mark.parametrize("feed_decimals", [6, 8, 18])
def test_attack_11_decimals_change_nothing(decimals, feed_decimals):
    assert life_at(decimals, feed_decimals) == life_at(18, 8)


# ---- 12. A jump in one block


@SIDES
@pytest.mark.parametrize("factor", [(1, 2), (2, 1), (10, 1)], ids=["halved", "doubled", "tenfold"])
@pytest.mark.parametrize("policy", POLICIES)
def test_attack_12_a_jump_in_one_block(under, policy, factor, side, trader, counterparty, keeper, outsider):
    """Nobody trades or withdraws at it in its block; whoever it ruins is dealt with once, and every wei has a payer."""
    exchange = under(policy, push_jump_bps=500, max_deviation_bps=10_000)
    exchange.house.transact("donate_insurance", 0, 50 * WAD, sender=outsider).check()
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 60_000 * WAD)
    mark = PRICE * factor[0] // factor[1]
    house, engine = exchange.house, exchange.engine
    with exchange.chain.block():
        exchange.push(mark)
        for who in (trader, counterparty):
            for size in (-exchange.record(who).size, WAD, -WAD):
                exchange.refuses("price just jumped", house, "trade", 0, size, 0, 0, 0, sender=who)
            exchange.refuses("price just jumped", house, "adjust_margin", 0, -1, sender=who)
        exchange.refuses("price just jumped", exchange.venue, "add_liquidity", *WIDE, WAD, 0, 0, sender=keeper)
        ruined = (mark < PRICE) == (side > 0) and exchange.lens.call("health", 0, trader).stage == 4
        if ruined and exchange.main.config.loss == "social":
            engine.transact("liquidate_by_takeover", 0, trader, ALL, 50_000 * WAD, sender=keeper).check()
        elif ruined:
            engine.transact("auto_deleverage", 0, trader, [counterparty], sender=keeper).check()
        else:
            exchange.refuses("not liquidatable", engine, "liquidate_by_takeover", 0, trader, ALL, WAD, sender=keeper)
    assert ruined is (exchange.pos(trader) == Pos())
    check_books(exchange)
    exchange.refuses(
        "no position" if ruined else "not liquidatable",
        engine,
        "liquidate_by_takeover",
        0,
        trader,
        ALL,
        WAD,
        sender=keeper,
    )


@SIDES
def test_attack_12_the_loss_of_a_jump_is_taken_once(opened, trader, counterparty, keeper, outsider, side):
    exchange = opened(push_jump_bps=500, max_deviation_bps=10_000)
    exchange.house.transact("donate_insurance", 0, 50 * WAD, sender=outsider).check()
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 3_000 * WAD)
    with exchange.chain.block():
        exchange.push(PRICE // 2 if side > 0 else 2 * PRICE)
        before = exchange.lens.call("health", 0, trader)
        receipt = exchange.take_over(keeper, trader, margin=5_000 * WAD)
    event, state = receipt.event("DeficitAbsorbed"), exchange.state()
    assert event.deficit == -before.equity > 0
    assert (event.from_insurance, state.insurance_fund, state.unallocated_loss) == (50 * WAD, 0, 0)
    index = state.short_social_loss_index if side > 0 else state.long_social_loss_index
    collected = index * 20 * WAD // RAY
    assert 0 <= collected - (event.deficit - 50 * WAD) <= 1


# ---- 15. The venue pushed away


@SIDES
@pytest.mark.parametrize("mark_mode", ["index", "median"])
def test_attack_15_pushing_the_venue_moves_no_margin(opened, trader, keeper, outsider, side, mark_mode):
    """Borrowed money moves the venue far away and back within a block: nobody's health has moved, nobody can be
    liquidated, nothing more can be withdrawn; and the way costs its fees."""
    exchange = opened(free=50 * 10_000 * WAD, mark_mode=mark_mode, max_deviation_bps=10_000, trading_fee_bps=5)
    exchange.trade(trader, side * 20 * WAD, 230 * WAD)
    exchange.chain.mine(600)
    exchange.push(PRICE)
    with no_gain(exchange, outsider, keeper), exchange.chain.block():
        before = exchange.lens.call("health", 0, trader)
        exchange.trade(outsider, -side * 400 * WAD, 60_000 * WAD)
        mid = exchange.venue.call("mid_price")
        assert (mid < PRICE * 85 // 100) if side > 0 else (mid > PRICE * 115 // 100)
        assert exchange.lens.call("health", 0, trader) == before
        for function in ("liquidate_by_takeover", "force_close"):
            arguments = (function, 0, trader, ALL, 0)
            exchange.refuses("not liquidatable", exchange.engine, *arguments, sender=keeper)
        mine = exchange.pos(outsider)
        assert exchange.lens.call("health", 0, outsider).equity < 60_000 * WAD
        exchange.refuses("below initial margin", exchange.house, "adjust_margin", 0, -mine.balance, sender=outsider)
        exchange.trade(outsider, side * 400 * WAD)


@SIDES
def test_attack_15_holding_the_venue_away_for_ten_minutes(opened, trader, keeper, outsider, side):
    """The median mark goes at most as far as the EMA of what the venue shows; holding it there is at everybody else's
    service. Here nobody trades against it, and it still costs."""
    exchange = opened(free=50 * 10_000 * WAD, mark_mode="median", max_deviation_bps=10_000, trading_fee_bps=5)
    exchange.trade(trader, side * 20 * WAD, 1_200 * WAD)
    before = exchange.lens.call("health", 0, trader).equity
    with no_gain(exchange, outsider, keeper):
        exchange.trade(outsider, -side * 200 * WAD, 40_000 * WAD)
        exchange.chain.mine(600)
        exchange.push(PRICE)
        mark, mid = exchange.state().mark_price, exchange.venue.call("mid_price")
        assert min(mid, PRICE) <= mark <= max(mid, PRICE)
        assert exchange.lens.call("health", 0, trader).equity <= before
        exchange.trade(outsider, side * 200 * WAD)
        exchange.chain.mine(600)
        exchange.push(PRICE)
        exchange.chain.mine()


# ---- 17. A sequencer that was down


@pytest.fixture
def rollup(opened, owner, trader, keeper) -> tuple[Exchange, Contract, Contract]:
    """A market over a feed and the sequencer's uptime feed, ten minutes of grace; the trader fails at 88."""
    exchange = opened(grace_seconds=600)
    made = [exchange.chain.deploy(load("MockAggregator"), 8, sender=keeper) for _ in range(2)]
    feed, sequencer = made
    feed.transact("push", 100 * 10**8, sender=keeper).check()
    sequencer.transact("push", 0, sender=keeper).check()
    exchange.chain.mine(601)
    limits = (3_600, 0, 0, 10**14)
    adapter = exchange.chain.deploy(load("ChainlinkOracle"), feed.address, *limits, sequencer.address, sender=keeper)
    new_oracle(exchange, owner, adapter)
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    return exchange, feed, sequencer


def test_attack_17_liquidated_before_anybody_could_top_up(rollup, trader, keeper):
    exchange, feed, sequencer = rollup
    sequencer.transact("push", 1, sender=keeper).check()
    feed.transact("push", 88 * 10**8, sender=keeper).check()
    arguments = ("liquidate_by_takeover", 0, trader, ALL, 300 * WAD)
    exchange.refuses("sequencer down", exchange.engine, *arguments, sender=keeper)
    exchange.refuses("sequencer down", exchange.house, "trade", 0, -WAD, 0, 0, 0, sender=trader)
    sequencer.transact("push", 0, sender=keeper).check()
    restarted = exchange.chain.timestamp
    exchange.refuses("grace period", exchange.engine, *arguments, sender=keeper)
    exchange.refuses("grace period", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)
    with exchange.undone():
        exchange.house.transact("adjust_margin", 0, 100 * WAD, sender=trader).check()
        exchange.chain.set_next_timestamp(restarted + 600)
        exchange.refuses("not liquidatable", exchange.engine, *arguments, sender=keeper)
    exchange.chain.set_next_timestamp(restarted + 599)
    exchange.refuses("grace period", exchange.engine, *arguments, sender=keeper)
    exchange.engine.transact(*arguments, sender=keeper).check()
    assert exchange.chain.timestamp == restarted + 600


# ---- 18., 19. A feed that fails, or says nothing useful, in one market of several


@pytest.fixture
def two_legs(opened, owner, trader, provider) -> tuple[Exchange, Contract]:
    """A cross account long 45 in two markets on 1,000 of collateral; the oracle of the second can misbehave."""
    exchange = opened(cross_margin=True, max_deviation_bps=10_000)
    exchange.list_market("other", cross_margin=True, max_deviation_bps=10_000)
    exchange.system.fund(provider, 100_000 * WAD)
    exchange.provide(provider, 100_000 * WAD, market="other")
    exchange.house.transact("withdraw", exchange.free(trader) - 1_000 * WAD, sender=trader).check()
    for market in (0, 1):
        exchange.house.transact("set_margin_mode", market, True, sender=trader).check()
        exchange.trade(trader, 45 * WAD, market=market)
    bad = exchange.chain.deploy(load("MockBadOracle"), PRICE, sender=trader)
    new_oracle(exchange, owner, bad, market=1)
    exchange.house.transact("accrue", 1, sender=trader).check()
    return exchange, bad


@pytest.mark.parametrize("failure", [name for name in FAILURES if name])
def test_attack_18_a_failing_feed_shields_nobody_elsewhere(two_legs, trader, keeper, failure):
    """Its own market waits; the account is liquidated in the other, at that leg's last price."""
    exchange, bad = two_legs
    bad.transact("set_mode", 1 << FAILURES.index(failure), sender=keeper).check()
    assert not exchange.house.transact("accrue", 1, sender=keeper).ok
    exchange.push(88 * WAD)
    exchange.take_over(keeper, trader, margin=2_000 * WAD)
    assert exchange.pos(trader) == Pos()
    assert exchange.pos(trader, 1).size == 45 * WAD
    bad.transact("set_mode", 0, sender=keeper).check()
    exchange.house.transact("accrue", 1, sender=keeper).check()
    check_books(exchange)


@pytest.mark.parametrize("price", [0, 1, 10**12 - 1, 10**25 + 1, MAX_UINT256])
def test_attack_19_a_price_of_nothing(two_legs, trader, keeper, outsider, price):
    """It is no price: that market waits at its last one, and the other goes on for everybody, this account too."""
    exchange, bad = two_legs
    bad.transact("set_price", price, 0, False, 0, sender=keeper).check()
    assert reason_of(exchange.house, "market_state", 1) == "price out of bounds"
    exchange.trade(outsider, WAD, 20 * WAD)
    exchange.trade(trader, -10 * WAD)
    exchange.push(80 * WAD)
    exchange.take_over(keeper, trader, margin=2_000 * WAD)
    assert (exchange.pos(trader).size, exchange.pos(trader, 1).size) == (0, 45 * WAD)
    exchange.house.transact("withdraw", exchange.free(outsider), sender=outsider).check()
    bad.transact("set_price", PRICE, 0, False, 0, sender=keeper).check()
    exchange.engine.transact("liquidate_by_takeover", 1, trader, ALL, 2_000 * WAD, sender=keeper).check()
    check_books(exchange)
    assert holdings(exchange, trader) >= 0
