"""settle_dead_market: open to anyone once a market had no liquidity, or no price, for its settlement delay."""

import pytest
from support.exchange import PRICE, WIDE, Exchange
from support.market_life import REVERTS_SILENTLY

from nacre.artifacts import load
from nacre.units import WAD

DELAY, MAX_AGE = 7_200, 3_600


@pytest.fixture
def mortal(opened) -> Exchange:
    exchange = opened(settlement_delay=DELAY)
    exchange.push(PRICE)
    return exchange


def dies(exchange: Exchange) -> str:
    """Why it may not be settled; empty if it was."""
    return exchange.house.transact("settle_dead_market", 0, sender=exchange.people["outsider"]).reason


def at(exchange: Exchange, moment: int) -> str:
    with exchange.undone():
        exchange.chain.set_next_timestamp(moment)
        return dies(exchange)


def empty(exchange: Exchange) -> int:
    """Takes the only range away; when."""
    receipt = exchange.venue.transact("remove_liquidity", *WIDE, sender=exchange.people["provider"]).check()
    assert exchange.state().idle_since == receipt.timestamp
    return receipt.timestamp


def with_bad_oracle(exchange: Exchange):
    """In the place of its own, at the same price, well behaved so far."""
    oracle = exchange.chain.deploy(load("MockBadOracle"), PRICE, sender=exchange.system.deployer)
    params = exchange.config.call("market_params", 0)._asdict() | {"oracle": oracle.address}
    exchange.config.transact("set_market_params", 0, params, sender=exchange.system.owner).check()
    return oracle


def fresh(exchange: Exchange, moment: int, price: int = PRICE) -> None:
    exchange.chain.set_next_timestamp(moment)
    exchange.push(price)


def test_not_a_second_before_the_delay_without_liquidity(mortal):
    since = empty(mortal)
    fresh(mortal, since + DELAY - 2, 98 * WAD)
    assert at(mortal, since + DELAY - 1) == "market is alive"
    assert at(mortal, since + DELAY) == ""
    mortal.chain.set_next_timestamp(since + DELAY)
    assert dies(mortal) == ""
    assert mortal.state().final_price == 98 * WAD


def test_not_a_second_before_the_delay_without_a_price(mortal):
    """It counts from the moment in which the last price has become too old."""
    made = mortal.state().price_time
    assert at(mortal, made + MAX_AGE + DELAY - 1) == "market is alive"
    assert at(mortal, made + MAX_AGE + DELAY) == ""
    mortal.push(93 * WAD)
    made = mortal.state().price_time
    mortal.chain.set_next_timestamp(made + MAX_AGE + DELAY)
    assert dies(mortal) == ""
    assert mortal.state().final_price == 93 * WAD


# ---- an oracle that fails


def note(exchange: Exchange) -> int:
    """Somebody says so; when. The market goes on."""
    before = exchange.house.call("market_words", 0)
    receipt = exchange.house.transact("settle_dead_market", 0, sender=exchange.people["outsider"]).check()
    event = receipt.event("OracleFailing")
    assert (event.market, event.since) == (0, receipt.timestamp)
    assert receipt.events("MarketSettling") == []
    assert exchange.house.call("market_words", 0) == before
    return receipt.timestamp


@pytest.fixture
def failing(mortal, keeper):
    """Touched at 91 for the last time, then its oracle reverts: sets its mode."""
    oracle = with_bad_oracle(mortal)
    oracle.transact("set_price", 91 * WAD, 0, False, 0, sender=keeper).check()
    mortal.house.transact("accrue", 0, sender=keeper).check()

    def fail(mode: int = REVERTS_SILENTLY) -> None:
        oracle.transact("set_mode", mode, sender=keeper).check()

    fail()
    return fail


@pytest.mark.parametrize("unseen", [0, DELAY, 10**6])
def test_not_a_second_before_the_delay_of_an_oracle_that_fails(mortal, failing, unseen):
    """It counts from when it was first noted, however long it failed before; the mark of the last touch is final."""
    if unseen:
        mortal.chain.mine(unseen)
    since = note(mortal)
    assert dies(mortal) == "market is alive"
    assert at(mortal, since + DELAY - 1) == "market is alive"
    mortal.chain.set_next_timestamp(since + DELAY)
    receipt = mortal.house.transact("settle_dead_market", 0, sender=mortal.people["outsider"]).check()
    assert receipt.events("OracleFailing") == []
    assert receipt.event("MarketSettling").final_price == mortal.state().final_price == 91 * WAD


def test_a_touch_after_the_note_begins_it_anew(mortal, failing, keeper):
    """Whoever trades or accrues proves that there was a price; it must be seen failing again, for the whole delay."""
    since = note(mortal)
    failing(0)
    touched = mortal.house.transact("accrue", 0, sender=keeper).check().timestamp
    failing()
    assert since < touched < since + DELAY
    mortal.chain.set_next_timestamp(since + DELAY)
    again = note(mortal)
    assert again == since + DELAY
    assert at(mortal, again + DELAY - 1) == "market is alive"
    assert at(mortal, again + DELAY) == ""


def test_a_note_and_a_touch_of_one_second(mortal, failing, keeper):
    """Whichever came first, the note does not count."""
    for first_noted in (True, False):
        with mortal.undone():
            if not first_noted:
                failing(0)
            with mortal.chain.block():
                if first_noted:
                    note(mortal)
                    failing(0)
                mortal.house.transact("accrue", 0, sender=keeper).check()
                failing()
                if not first_noted:
                    note(mortal)
            since = mortal.chain.timestamp
            mortal.chain.set_next_timestamp(since + DELAY)
            assert note(mortal) == since + DELAY


def test_a_price_that_came_back_in_between_untouched(mortal, failing):
    """Nobody asked the market then, so that the note stands; while the oracle answers it ends nothing."""
    since = note(mortal)
    failing(0)
    mortal.chain.set_next_timestamp(since + DELAY)
    assert dies(mortal) == "market is alive"
    failing()
    assert dies(mortal) == ""


def test_no_liquidity_does_not_hurry_it(mortal, failing):
    """Without a price nobody knows what an idle market is worth: failing counts alone."""
    failing(0)
    since = empty(mortal)
    failing()
    mortal.chain.set_next_timestamp(since + DELAY)
    noted = note(mortal)
    assert at(mortal, noted + DELAY - 1) == "market is alive"
    assert at(mortal, noted + DELAY) == ""


def test_failing_is_not_noted_without_a_delay(opened, keeper):
    exchange = opened()
    oracle = with_bad_oracle(exchange)
    oracle.transact("set_mode", REVERTS_SILENTLY, sender=keeper).check()
    assert dies(exchange) == "market is alive"


def test_only_the_owner_ends_a_market_that_never_kept_a_mark(opened, owner, keeper):
    """Its delay was set when the oracle failed already."""
    exchange = opened()
    oracle = with_bad_oracle(exchange)
    oracle.transact("set_mode", REVERTS_SILENTLY, sender=keeper).check()
    params = exchange.config.call("market_params", 0)._asdict() | {"settlement_delay": DELAY}
    exchange.config.transact("set_market_params", 0, params, sender=owner).check()
    since = note(exchange)
    assert at(exchange, since + DELAY) == "price out of bounds"
    exchange.config.transact("settle_market", 0, PRICE, sender=owner).check()


# ---- what revives it


def test_never_without_a_delay(opened):
    exchange = opened()
    empty(exchange)
    exchange.chain.mine(10**8)
    assert dies(exchange) == "market is alive"


def test_unknown(mortal, outsider):
    mortal.refuses("unknown market", mortal.house, "settle_dead_market", 1, sender=outsider)


def test_new_liquidity_revives_it(mortal, provider):
    """However little time it stood: the delay begins anew."""
    since = empty(mortal)
    fresh(mortal, since + DELAY - 10)
    mortal.provide(provider, 1_000 * WAD)
    assert mortal.state().idle_since == 0
    assert at(mortal, since + DELAY) == "market is alive"
    again = empty(mortal)
    fresh(mortal, again + DELAY - 2)
    assert at(mortal, again + DELAY - 1) == "market is alive"
    assert at(mortal, again + DELAY) == ""


def test_idle_for_long_enough_whatever_the_price_does(mortal):
    """No liquidity for the delay is enough: also while the price has just become too old, then at the last one."""
    since = empty(mortal)
    made = mortal.state().price_time
    assert made + MAX_AGE + 1 < since + DELAY
    mortal.chain.set_next_timestamp(since + DELAY)
    assert dies(mortal) == ""
    assert mortal.state().final_price == PRICE


def test_a_new_price_revives_it(mortal):
    made = mortal.state().price_time
    fresh(mortal, made + MAX_AGE + DELAY - 1)
    assert dies(mortal) == "market is alive"


def test_not_while_the_price_has_just_jumped(opened):
    """Nobody pushes a price and ends the market at it in one block; in the next it is a price like any."""
    exchange = opened(settlement_delay=DELAY, push_jump_bps=100)
    since = empty(exchange)
    exchange.chain.mine(DELAY)
    exchange.push(PRICE)
    with exchange.chain.block():
        exchange.system.push_price(exchange.main, 90 * WAD)
        assert exchange.state().jumped
        assert dies(exchange) == "market is alive"
    assert exchange.chain.timestamp > since + DELAY
    assert dies(exchange) == ""
    assert exchange.state().final_price == 90 * WAD


def test_a_range_that_the_price_has_left_is_no_liquidity(mortal, trader, outsider):
    """Nobody can trade with it: the market is idle while the range is still there."""
    edges = (45_950, 46_150)
    mortal.provide(outsider, 1_000 * WAD, *edges)
    mortal.lead_venue(trader, 101 * WAD, 5_000 * WAD)
    mortal.lead_venue(trader, 102 * WAD, 5_000 * WAD)
    assert not mortal.venue.call("range_of", outsider, *edges).in_range
    since = empty(mortal)
    assert mortal.state().lp_margin == 1_000 * WAD
    fresh(mortal, since + DELAY - 2)
    assert at(mortal, since + DELAY - 1) == "market is alive"
    assert at(mortal, since + DELAY) == ""


def test_what_has_passed_accrues_where_there_is_a_price(opened, trader):
    """Borrow fees of the last touch until the end are charged; without a price nothing of the time since is."""
    exchange = opened(settlement_delay=DELAY, borrow_rate_bps=1_000)
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    since = empty(exchange)
    state = exchange.state()
    for silent in (False, True):
        with exchange.undone():
            moment = since + DELAY if not silent else state.price_time + MAX_AGE + DELAY
            if not silent:
                fresh(exchange, moment - 1)
            exchange.chain.set_next_timestamp(moment)
            assert dies(exchange) == ""
            ended = exchange.state()
            passed = 0 if silent else moment - state.accrued_at
            rise = 1_000 * PRICE * passed * 10**9 // (10_000 * 31_536_000)
            assert ended.borrow_index == state.borrow_index + rise
            assert ended.accrued_at == state.accrued_at + passed
