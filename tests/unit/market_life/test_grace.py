"""After an outage of its oracle a market leaves solvent accounts some time to top up: to the second, against every way
to liquidate, and for nothing else."""

from collections.abc import Iterator

import pytest
from life_operations import OPERATIONS
from support.exchange import ALL, reason_of
from support.market_life import BEFORE, FINAL, GRACE, MAIN, MAX_AGE, SIZE, Life, open_life

from nacre.chain import restored
from nacre.units import WAD

HELD_UP = (
    "take over",
    "take over, part",
    "take over, cross",
    "take over to become smaller",
    "force close",
    "force close, part",
    "force close, cross",
    "backstop",
    "backstop, cross",
)
EXEMPT = (
    "take over, bankrupt",
    "force close, bankrupt",
    "backstop, bankrupt",
    "deleverage",
    "remove a failing range",
    "remove an idle range",
    "call margin",
)


@pytest.fixture
def life() -> Iterator[Life]:
    life = open_life()
    with life.exchange.undone():
        yield life


def outage(life: Life, seconds: int = MAX_AGE + 1, price: int = FINAL) -> int:
    """A silence of so long; when it ended."""
    made = life.exchange.oracle.call("price")[1]
    life.exchange.chain.set_next_timestamp(made + seconds)
    life.exchange.system.push_price(life.exchange.main, price)
    now = life.exchange.chain.timestamp
    life.keep_other_fresh()
    return now


def fresh_at(life: Life, moment: int, price: int = FINAL) -> None:
    """Both prices, in one block; no outage ends."""
    life.exchange.chain.set_next_timestamp(moment)
    with life.exchange.chain.block():
        life.push(price)


def reason_at(life: Life, moment: int, operation: str) -> str:
    """As the only call of a block at that time, the price being fresh."""
    with restored(life.exchange.chain):
        fresh_at(life, moment - 1)
        with life.exchange.chain.block():
            assert life.exchange.chain.timestamp == moment
            return OPERATIONS[operation](life).reason


@pytest.mark.parametrize("operation", HELD_UP)
def test_to_the_second(life, operation):
    ended = outage(life)
    assert life.exchange.oracle.call("outage_end") == ended
    assert reason_at(life, ended + 3, operation) == "grace period"
    assert reason_at(life, ended + GRACE - 1, operation) == "grace period"
    assert reason_at(life, ended + GRACE, operation) == ""


@pytest.mark.parametrize("operation", EXEMPT)
def test_what_waits_for_nothing(life, operation):
    """The bankrupt, whose loss is others' already; ranges; and records, which only begin to count."""
    ended = outage(life)
    assert reason_at(life, ended + 3, operation) == ""


def test_who_becomes_bankrupt_meanwhile_loses_it(life):
    """Of the failing one 30 are left at FINAL: three lower there is nothing, and a wei of price more is a deficit."""
    outage(life)
    keeper, engine = life.who("keeper"), life.exchange.engine
    life.must("keeper", life.exchange.house, "donate_insurance", MAIN, 100 * WAD)
    arguments = ("liquidate_by_takeover", MAIN, life.who("failing"), ALL, 200 * WAD)
    zero = FINAL - life.exchange.lens.call("health", MAIN, life.who("failing")).equity // 10
    for price, reason in ((zero, "grace period"), (zero - 1, "")):
        with life.exchange.undone():
            life.push(price)
            assert engine.transact(*arguments, sender=keeper).reason == reason


def test_time_enough_to_top_up_or_to_close(life):
    """Who uses it is not liquidatable after it; who does not, is."""
    ended = outage(life)
    house, engine = life.exchange.house, life.exchange.engine
    # its own way out is open all the time
    with life.exchange.undone():
        life.must("failing", house, "trade", MAIN, -SIZE, 0, 0, 0)
        assert life.size("failing") == 0
    life.must("failing", house, "adjust_margin", MAIN, 20 * WAD)
    life.fund("sinking", 20 * WAD)
    fresh_at(life, ended + GRACE)
    for who in ("failing", "sinking"):
        for call in (
            ("liquidate_by_takeover", MAIN, life.who(who), ALL, 100 * WAD),
            ("force_close", MAIN, life.who(who), ALL, 0),
        ):
            life.exchange.refuses("not liquidatable", engine, *call, sender=life.who("keeper"))


def test_a_silence_within_the_heartbeat_is_no_outage(life):
    before = life.exchange.oracle.call("outage_end")
    outage(life, MAX_AGE)
    assert life.exchange.oracle.call("outage_end") == before
    assert OPERATIONS["take over"](life).reason == ""


def test_a_second_outage_begins_it_anew(life):
    first = outage(life)
    fresh_at(life, first + GRACE - MAX_AGE, BEFORE)
    second = outage(life)
    assert second == first + GRACE + 1
    assert reason_at(life, second + 3, "take over") == "grace period"
    assert reason_at(life, second + GRACE - 1, "force close") == "grace period"
    assert reason_at(life, second + GRACE, "force close") == ""


def test_it_is_the_markets_own(life):
    """An outage of the oracle of another market holds nothing up here."""
    other = life.exchange.system.markets["other"]
    params = life.exchange.config.call("policy_params", other.id)._asdict() | {"grace_seconds": GRACE}
    life.own("set_policy_params", other.id, params)
    chain, system = life.exchange.chain, life.exchange.system
    made = other.oracle.call("price")[1]
    chain.set_next_timestamp(made + MAX_AGE)
    system.push_price(life.exchange.main, FINAL, made + MAX_AGE)
    system.push_price(other, 100 * WAD)
    assert other.oracle.call("outage_end") == made + MAX_AGE + 1
    assert life.exchange.oracle.call("outage_end") == 0
    assert OPERATIONS["take over, cross"](life).reason == ""


def test_the_owner_lengthens_and_ends_it(life):
    """It is part of the policy: what counts is how long it is now."""
    ended = outage(life)
    params = life.exchange.config.call("policy_params", MAIN)._asdict()
    for seconds in (0, 60, 86_400):
        with life.exchange.undone():
            life.own("set_policy_params", MAIN, params | {"grace_seconds": seconds})
            later = ended + max(seconds, 5)
            if seconds:
                assert reason_at(life, ended + seconds - 1, "take over") == "grace period"
            assert reason_at(life, later, "take over") == ""


def test_previews_say_the_same(life):
    """In the same block as the call, for both ways that have one."""
    ended = outage(life)
    engine, failing, keeper = life.exchange.engine, life.who("failing"), life.who("keeper")
    for moment, held_up in ((ended + GRACE - 1, True), (ended + GRACE, False)):
        with life.exchange.undone():
            fresh_at(life, moment - 1)
            with life.exchange.chain.block():
                for preview, amount in (("preview_takeover", 100 * WAD), ("preview_force_close", 0)):
                    call = (preview, MAIN, failing, ALL, amount)
                    if held_up:
                        assert reason_of(engine, *call, sender=keeper) == "grace period"
                    else:
                        assert engine.call(*call, sender=keeper).size == SIZE
