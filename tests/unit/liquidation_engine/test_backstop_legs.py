"""liquidate_by_backstop of an account with several cross positions: the one in the market that is named must go, of the
others those that the vault may take."""

from collections.abc import Iterator
from functools import lru_cache

import pytest
from support.exchange import ALL, LIQUIDITY, Exchange, new_exchange

from nacre.chain import restored
from nacre.units import WAD

FIELDS = {
    "cross_margin": True,
    "max_deviation_bps": 10_000,
    "backstop_bps": 10_000,
    "backstop_loss_cap": 50_000,
    "grace_seconds": 60,
}
OTHER, MAIN, THIRD = 1, 0, 2
SIZES = {MAIN: 30 * WAD, OTHER: 5 * WAD, THIRD: -4 * WAD}
DEPOSIT = 50_000 * WAD


@lru_cache(maxsize=1)
def three_legs() -> Exchange:
    """Three markets; the trader has a position in each and fails when two of them are at 90."""
    exchange = new_exchange(**FIELDS)
    system, trader = exchange.system, exchange.people["trader"]
    provider, keeper, vault = exchange.people["provider"], exchange.people["keeper"], system.vault
    for name in ("other", "third"):
        exchange.list_market(name, **FIELDS)
        system.fund(provider, LIQUIDITY)
        exchange.provide(provider, LIQUIDITY, market=name)
    system.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    system.mint(keeper, DEPOSIT)
    system.token.transact("approve", vault.address, ALL, sender=keeper).check()
    vault.transact("deposit", DEPOSIT, keeper, sender=keeper).check()
    exchange.house.transact("withdraw", exchange.free(trader) - 460 * WAD, sender=trader).check()
    for market, size in SIZES.items():
        exchange.house.transact("set_margin_mode", market, True, sender=trader).check()
        exchange.trade(trader, size, market=market)
    return exchange


@pytest.fixture
def holding() -> Iterator[Exchange]:
    with restored(three_legs().chain):
        yield three_legs()


@pytest.fixture
def failing(holding) -> Exchange:
    fall(holding)
    return holding


def fall(exchange: Exchange) -> None:
    for name, price in (("main", 90), ("other", 90), ("third", 100)):
        exchange.system.push_price(exchange.system.markets[name], price * WAD)


def taken(exchange: Exchange, market: int) -> dict[int, int]:
    """By market: sizes that go to the vault if that is named."""
    trader, keeper = exchange.people["trader"], exchange.people["keeper"]
    receipt = exchange.engine.transact("liquidate_by_backstop", market, trader, sender=keeper).check()
    events = receipt.events("Takeover")
    vault = exchange.system.vault.address
    assert all((event.left, event.liquidator) == (0, vault) for event in events)
    assert [event.market for event in events] == sorted(event.market for event in events)
    return {event.market: event.size for event in events}


@pytest.mark.parametrize("market", SIZES)
def test_all_go_whichever_is_named(failing, trader, market):
    assert taken(failing, market) == SIZES
    vault = failing.system.vault
    assert [failing.record(vault.address, number).size for number in sorted(SIZES)] == [
        SIZES[number] for number in sorted(SIZES)
    ]
    assert [failing.record(trader, number).size for number in SIZES] == [0, 0, 0]
    assert failing.house.call("cross_markets", trader)[1] == 0


def obstruct(exchange: Exchange, why: str, market: int) -> str:
    """Why nothing is taken over there; everything else goes on."""
    system, config = exchange.system, exchange.config
    name = ("main", "other", "third")[market]
    if why == "stale":
        exchange.chain.mine(3_700)
        for other in ("main", "other", "third"):
            if other != name:
                system.push_price(system.markets[other], (100 if other == "third" else 90) * WAD)
        # the feeds come back after an outage
        exchange.chain.mine(60)
        return "stale price"
    if why == "no cap":
        config.transact("set_backstop_loss_cap", system.vault.address, market, 0, sender=system.owner).check()
        return "below initial margin"
    if why == "settling":
        price = exchange.state(market).mark_price
        config.transact("settle_market", market, price, sender=system.owner).check()
        return "market is settling"
    if why == "no backstop":
        policy = config.call("policy_params", market)._asdict() | {"backstop_bps": 0}
        config.transact("set_policy_params", market, policy, sender=system.owner).check()
        return "no backstop"
    raise ValueError(why)


@pytest.mark.parametrize("why", ["stale", "no cap", "settling", "no backstop"])
@pytest.mark.parametrize("blocked", [OTHER, THIRD])
def test_what_cannot_go_stays(failing, trader, keeper, why, blocked):
    """Its record, and what the vault has committed there, are as they were. Named itself it says why."""
    reason, held = obstruct(failing, why, blocked), failing.record(trader, blocked)
    failing.refuses(reason, failing.engine, "liquidate_by_backstop", blocked, trader, sender=keeper)
    assert taken(failing, MAIN) == {market: size for market, size in SIZES.items() if market != blocked}
    vault = failing.system.vault
    assert failing.record(trader, blocked) == held
    assert failing.record(vault.address, blocked).size == 0
    assert vault.call("committed", blocked) == 0
    assert sorted(vault.call("active_markets")) == [market for market in sorted(SIZES) if market != blocked]


def test_what_stayed_goes_when_it_can(failing, trader):
    """Each leg leaves with its share: what is left is in the stage that the account was in."""
    obstruct(failing, "no cap", OTHER)
    before = failing.house.call("account_state", trader)
    taken(failing, MAIN)
    after = failing.house.call("account_state", trader)
    assert abs(after.equity * before.maintenance_margin - before.equity * after.maintenance_margin) <= 4 * (
        before.equity + before.maintenance_margin
    )
    system = failing.system
    failing.config.transact("set_backstop_loss_cap", system.vault.address, OTHER, DEPOSIT, sender=system.owner).check()
    assert taken(failing, OTHER) == {OTHER: SIZES[OTHER]}


def test_without_a_position_in_the_market_that_is_named(holding, trader, keeper):
    holding.trade(trader, -SIZES[OTHER], market=OTHER)
    fall(holding)
    holding.push(86 * WAD)
    assert holding.lens.call("health", MAIN, trader).stage >= 3
    holding.refuses("no position", holding.engine, "liquidate_by_backstop", OTHER, trader, sender=keeper)
    assert taken(holding, MAIN) == {MAIN: SIZES[MAIN], THIRD: SIZES[THIRD]}


def test_nobody_chooses_by_the_gas_that_is_sent(failing, trader, keeper):
    """Either all go, or nothing: a leg for which there was not enough was not refused."""
    engine, data = failing.engine, failing.engine.encode("liquidate_by_backstop", MAIN, trader)
    reasons = set()
    with failing.undone():
        needed = engine.transact("liquidate_by_backstop", MAIN, trader, sender=keeper).check().gas_used
    for gas in range(needed // 3, 2 * needed, needed // 60):
        with failing.undone():
            try:
                failing.chain._evm.message_call(keeper, engine.address, data, gas=gas)
            except RuntimeError as error:
                reasons.add(b"leg ran out of gas".hex() in str(error))
                assert [failing.record(trader, market).size for market in SIZES] == list(SIZES.values())
            else:
                assert [failing.record(trader, market).size for market in SIZES] == [0, 0, 0]
                reasons.add(None)
    assert reasons == {True, False, None}


def test_one_leg_alone_is_for_the_engine_itself(failing, trader, keeper, owner):
    for who in (keeper, owner, trader):
        failing.refuses("not engine", failing.engine, "take_over_leg", MAIN, trader, sender=who)
