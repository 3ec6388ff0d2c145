"""auto_deleverage against as many as one call passes: what it costs, and that the books balance."""

import pytest
from support.exchange import PLAIN, WIDE, Exchange
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.presets import MarketConfig
from nacre.units import WAD

# What one may cost that closes a thousand positions.
MOST_GAS = 12 * 10**6
# And one that looks at as many positions in other markets on the way.
MOST_GAS_ACROSS = 2**24
COUNT = 1_000
# A mode of MockBadOracle.
BURNS_GAS = 4
SIZE = WAD // 20  # of each
FIELDS = {"loss": "adl", "min_notional": 1, "max_open_interest": 10_000, "oracle_max_age": 10**6}


def exact_exchange(**fields):
    """As `new_exchange`, but each transaction costs what it would on a chain."""
    chain = EmbeddedChain()
    system = deploy_system(chain, treasury=chain.account("treasury"))
    list_market(system, "main", MarketConfig(**PLAIN | FIELDS | fields))
    people = {name: chain.account(name) for name in ("trader", "provider")}
    exchange = Exchange(chain, system, people)
    system.fund(people["provider"], 10**6 * WAD)
    exchange.provide(people["provider"], 10**6 * WAD)
    system.fund(people["trader"], 10**4 * WAD)
    return exchange


def solvency(exchange, accounts):
    """Dust of the whole market, in calls of what the lens takes."""
    everybody = sorted([*accounts, *exchange.people.values()], key=lambda who: int(who, 16))
    equity = 0
    for start in range(0, len(everybody), 400):
        sheet = exchange.lens.call("solvency", 0, everybody[start : start + 400])
        equity += sheet.account_equity
    sheet = exchange.lens.call("solvency", 0, [], [(exchange.people["provider"], *WIDE)])
    owed = sheet.insurance_fund + sheet.protocol_fees + sheet.owed_total
    return sheet.pot + sheet.unallocated_loss - owed - equity - sheet.range_equity


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_a_thousand_are_closed_in_one_transaction(side):
    exchange = exact_exchange(funding_cap_bps=100)
    chain, trader = exchange.chain, exchange.people["trader"]
    exchange.trade(trader, side * COUNT * SIZE, 11 * COUNT * SIZE)
    accounts = [chain.account(f"winner {number}") for number in range(COUNT)]
    for number, account in enumerate(accounts):
        exchange.system.fund(account, 10 * WAD)
        exchange.trade(account, -side * SIZE, 30 * SIZE + number * 10**12)
    exchange.push((85 if side > 0 else 115) * WAD)
    queue = [rank.account for rank in exchange.lens.call("adl_counterparties", 0, trader, accounts)]
    before, mark = solvency(exchange, accounts), exchange.state().mark_price
    chain.set_next_timestamp(chain.timestamp + 60)
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, queue, sender=accounts[0]).check()
    assert receipt.gas_used < MOST_GAS, f"{receipt.gas_used:,} gas"

    events = receipt.events("Deleveraged")
    assert [event.account for event in events] == queue
    assert sum(event.notional for event in events) == receipt.event("AutoDeleveraging").notional
    assert all(event.size == -side * SIZE and event.new_size == 0 for event in events)
    assert all(exchange.pos(event.account) == Pos(0, event.new_balance) for event in events)
    assert exchange.pos(trader) == Pos()
    state = exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)
    assert (state.long_social_loss_index, state.short_social_loss_index, state.unallocated_loss) == (0, 0, 0)
    # two wei a party, and what funding of the minute rounds
    assert abs(solvency(exchange, accounts) - before) <= 4 * (COUNT + 2) + mark // WAD

    # everybody gets what it is due, to the wei
    due = sum(event.new_balance for event in events)
    free = sum(exchange.free(account) for account in accounts)
    for account in accounts:
        exchange.house.transact("settle", 0, account, sender=trader).check()
    assert sum(exchange.free(account) for account in accounts) == free + due
    assert exchange.state().owed_total == 0


@pytest.fixture(scope="module")
def across():
    """Sixteen markets, and 17 accounts with a position in each, all of them cross: 15 others to look at."""
    chain = EmbeddedChain()
    system = deploy_system(chain, treasury=chain.account("treasury"))
    people = {name: chain.account(name) for name in ("trader", "provider")}
    exchange = Exchange(chain, system, people)
    system.fund(people["provider"], 10**7 * WAD)
    system.fund(people["trader"], 10**4 * WAD)
    for number in range(16):
        name = f"market {number}" if number else "main"
        list_market(system, name, MarketConfig(**PLAIN | FIELDS | {"cross_margin": True}))
        exchange.provide(people["provider"], 10**5 * WAD, market=name)
    exchange.trade(people["trader"], 18 * SIZE, 11 * 18 * SIZE)
    accounts = [chain.account(f"wide {number}") for number in range(17)]
    for number, account in enumerate(accounts):
        system.fund(account, (100 + number) * WAD)
        for market in range(16):
            exchange.house.transact("set_margin_mode", market, True, sender=account).check()
            exchange.trade(account, -SIZE, market=market)
    single = chain.account("single")
    system.fund(single, 1_000 * WAD)
    exchange.house.transact("set_margin_mode", 0, True, sender=single).check()
    exchange.trade(single, -SIZE)
    exchange.push(85 * WAD)
    return exchange, accounts, single


def test_no_list_looks_at_more_than_250_other_positions(across):
    """16 accounts have 240 of them. The next is passed over; one without any is not."""
    exchange, accounts, single = across
    trader = exchange.people["trader"]
    queue = [rank.account for rank in exchange.lens.call("adl_counterparties", 0, trader, [*accounts, single])]
    assert queue[-1] == single
    with exchange.undone():
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, queue, sender=single).check()
        # nobody else was left to take the last of it
        assert exchange.record(trader).size == SIZE
        assert exchange.lens.call("health", 0, trader).equity == 0
    assert receipt.gas_used < MOST_GAS_ACROSS, f"{receipt.gas_used:,} gas"
    assert [event.account for event in receipt.events("Deleveraged")] == [*queue[:16], single]


@pytest.mark.parametrize(("burning", "asked"), [(15, 1), (5, 2), (2, 4), (1, 6)])
def test_feeds_that_burn_their_gas_stop_nobody(across, burning, asked):
    """However many of the other markets' feeds do so, the call fits: who has a leg there counts for the gas it took."""
    exchange, accounts, single = across
    trader = exchange.people["trader"]
    with exchange.undone():
        for number in range(1, burning + 1):
            burn(exchange, number)
        queue = [rank.account for rank in exchange.lens.call("adl_counterparties", 0, trader, [*accounts, single])]
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, queue, sender=single).check()
    assert receipt.gas_used < MOST_GAS_ACROSS, f"{receipt.gas_used:,} gas"
    closed = [event.account for event in receipt.events("Deleveraged")]
    assert closed == [*queue[:asked], single]


def burn(exchange, number):
    """That market's feed uses up whatever it is given, from now on."""
    oracle = exchange.chain.deploy(load("MockBadOracle"), 100 * WAD, sender=exchange.system.deployer)
    params = exchange.config.call("market_params", number)._asdict() | {"oracle": oracle.address}
    exchange.config.transact("set_market_params", number, params, sender=exchange.system.owner).check()
    oracle.transact("set_mode", BURNS_GAS, sender=exchange.system.deployer).check()
