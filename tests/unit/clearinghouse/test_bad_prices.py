"""What a market does with the answers of a real feed that went wrong: it waits, says why, and loses nobody's money.

The adapter alone: tests/unit/chainlink_oracle. Adapters that misbehave as contracts: tests/unit/bad_oracles.
"""

import pytest
from support.exchange import ALL, PRICE, WIDE, Exchange, reason_of

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, Contract
from nacre.deploy import market_params
from nacre.units import WAD

UNIT = 10**8
HEARTBEAT = 3_600


@pytest.fixture
def feed(exchange: Exchange, trader, owner) -> Contract:
    """Market `main` over a Chainlink feed of 8 decimals; the trader is long 20, failing at 88."""
    chain = exchange.chain
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    made = chain.deploy(load("MockAggregator"), 8, sender=trader)
    made.transact("push", 100 * UNIT, sender=trader).check()
    adapter = chain.deploy(
        load("ChainlinkOracle"), made.address, HEARTBEAT, 500, UNIT, 10**6 * UNIT, ZERO_ADDRESS, sender=trader
    )
    params = market_params(exchange.main.config, adapter.address, exchange.venue.address)
    exchange.config.transact("set_market_params", 0, params, sender=owner).check()
    return made


def needs_a_price(exchange: Exchange, trader: str, keeper: str):
    """Every kind of call that depends on the price; contract, function, arguments, sender."""
    house, engine, venue = exchange.house, exchange.engine, exchange.venue
    return [
        (house, "accrue", (0,), keeper),
        (house, "trade", (0, WAD, 20 * WAD, 0, 0), trader),
        (house, "trade", (0, -WAD, 0, 0, 0), trader),
        (house, "adjust_margin", (0, -WAD), trader),
        (house, "settle", (0, trader), keeper),
        (engine, "liquidate_by_takeover", (0, trader, ALL, 300 * WAD), keeper),
        (engine, "force_close", (0, trader, ALL, 0), keeper),
        (engine, "call_margin", (0, [trader]), keeper),
        (venue, "add_liquidity", (45_000, 47_000, WAD, 0, 0), keeper),
        (venue, "remove_liquidity", WIDE, exchange.people["provider"]),
        (venue, "sync", (), keeper),
    ]


def answer(feed, exchange, value, age=0, answered_in=None):
    round_id = feed.call("latest_round") + 1
    made = exchange.chain.timestamp + 1 - age
    feed.transact(
        "set_round", round_id, value, made, made, answered_in or round_id, sender=feed_owner(exchange)
    ).check()


def feed_owner(exchange):
    return exchange.people["trader"]


@pytest.mark.parametrize(
    ("value", "age", "reason"),
    [
        (0, 0, "bad answer"),
        (-1, 0, "bad answer"),
        (-100 * UNIT, 0, "bad answer"),
        (-(2**191), 0, "bad answer"),
        (UNIT, 0, "answer at its limit"),
        (10**6 * UNIT, 0, "answer at its limit"),
        (100 * UNIT, HEARTBEAT + 1, "stale price"),
        (100 * UNIT, -10_000, "future price"),
    ],
)
def test_it_waits_and_says_why(feed, exchange, trader, keeper, value, age, reason):
    answer(feed, exchange, value, age)
    for contract, function, arguments, sender in needs_a_price(exchange, trader, keeper):
        exchange.refuses(reason, contract, function, *arguments, sender=sender)
    if reason != "stale price":
        assert reason_of(exchange.house, "market_state", 0) == reason
        assert reason_of(exchange.lens, "health", 0, trader) == reason
    # what needs no price
    exchange.house.transact("withdraw", WAD, sender=trader).check()
    exchange.house.transact("adjust_margin", 0, WAD, sender=trader).check()
    exchange.house.transact("donate_insurance", 0, WAD, sender=trader).check()
    # and a good answer ends it
    answer(feed, exchange, 100 * UNIT)
    exchange.trade(trader, -WAD)


def test_an_unfinished_round(feed, exchange, trader, keeper):
    answer(feed, exchange, 100 * UNIT, answered_in=1)
    exchange.refuses("incomplete round", exchange.house, "accrue", 0, sender=keeper)


def test_a_feed_that_fails(feed, exchange, trader, keeper):
    for mode in (2, 3):
        feed.transact("set_mode", mode, sender=trader).check()
        exchange.refuses("feed failed", exchange.house, "accrue", 0, sender=keeper)
    feed.transact("set_mode", 0, sender=trader).check()
    exchange.house.transact("accrue", 0, sender=keeper).check()


def test_a_jump_within_the_block(feed, exchange, trader, keeper):
    """More than 5 % from what it was before this block: whoever pushed it cannot leave ahead of the loss."""
    with exchange.chain.block():
        answer(feed, exchange, 88 * UNIT, age=1)
        assert exchange.state().jumped
        exchange.refuses("price just jumped", exchange.house, "trade", 0, -WAD, 0, 0, 0, sender=trader)
        exchange.refuses("price just jumped", exchange.house, "adjust_margin", 0, -WAD, sender=trader)
        provider = exchange.people["provider"]
        exchange.refuses("price just jumped", exchange.venue, "remove_liquidity", *WIDE, sender=provider)
        exchange.take_over(keeper, trader, margin=300 * WAD)
    assert exchange.pos(trader).size == 0
    assert exchange.state().mark_price == 88 * PRICE // 100
