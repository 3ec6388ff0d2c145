"""price() of the Chainlink adapter."""

import pytest

from nacre.artifacts import load
from nacre.chain import CallFailed, TransactionFailed
from nacre.units import WAD

UNIT = 10**8
NO_LIMIT = 2**191 - 1
PHASE = 1 << 64


def reason_of(oracle):
    with pytest.raises(CallFailed) as failure:
        oracle.call("price")
    return str(failure.value)


def test_says_what_the_feed_says(chain, oracle, aggregator, node):
    made = chain.timestamp
    chain.mine(600)
    assert oracle.call("price") == (100 * WAD, made - 1, False)
    aggregator.transact("push", 10_012_345_678, sender=node).check()
    assert oracle.call("price")[:2] == (100_123_456_780_000_000_000, chain.timestamp)


@pytest.mark.parametrize(
    ("decimals", "answer", "price"),
    [
        (0, 64_000, 64_000 * WAD),
        (6, 64_000_500_001, 64_000_500_001 * 10**12),
        (8, 1, 10**10),
        (18, 123_456_789_012_345_678_901, 123_456_789_012_345_678_901),
        (20, 12_345_678_901_234_567_890_199, 123_456_789_012_345_678_901),  # rounded down
        (36, 5 * 10**36, 5 * WAD),
        (36, 10**18, 1),
        (0, 2**191 - 2, (2**191 - 2) * WAD),
    ],
)
def test_decimals(chain, deploy_adapter, node, decimals, answer, price):
    feed = chain.deploy(load("MockAggregator"), decimals, sender=node)
    feed.transact("push", answer, sender=node).check()
    assert deploy_adapter(feed.address).call("price")[0] == price


def test_a_price_that_rounds_to_zero(chain, deploy_adapter, node):
    feed = chain.deploy(load("MockAggregator"), 36, sender=node)
    feed.transact("push", 10**18 - 1, sender=node).check()
    assert reason_of(deploy_adapter(feed.address)) == "zero price"


@pytest.mark.parametrize("answer", [0, -1, -(2**255)])
def test_no_price_at_or_below_zero(oracle, set_round, answer):
    set_round(2, answer)
    assert reason_of(oracle) == "bad answer"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (10 * UNIT, "answer at its limit"),
        (10 * UNIT + 1, ""),
        (1000 * UNIT - 1, ""),
        (1000 * UNIT, "answer at its limit"),
    ],
)
def test_an_answer_at_a_limit_is_no_price(deploy_adapter, aggregator, set_round, answer, reason):
    oracle = deploy_adapter(aggregator.address, low=10 * UNIT, high=1000 * UNIT)
    set_round(2, answer)
    if reason:
        assert reason_of(oracle) == reason
    else:
        assert oracle.call("price")[0] == answer * 10**10


@pytest.mark.parametrize("answer", [9 * UNIT, 1001 * UNIT, 2**255 - 1])
def test_an_answer_beyond_a_limit_neither(deploy_adapter, aggregator, set_round, answer):
    set_round(2, answer)
    assert reason_of(deploy_adapter(aggregator.address, low=10 * UNIT, high=1000 * UNIT)) == "answer at its limit"


def test_an_answer_that_no_aggregator_can_give(oracle, set_round):
    set_round(2, NO_LIMIT)
    assert reason_of(oracle) == "answer at its limit"


def test_incomplete_rounds(chain, oracle, aggregator, set_round, node):
    set_round(2, 100 * UNIT, answered_in=PHASE + 1)
    assert reason_of(oracle) == "incomplete round"
    set_round(2, 100 * UNIT, answered_in=PHASE + 2)
    assert oracle.call("price")[0] == 100 * WAD
    aggregator.transact("set_round", PHASE + 3, 100 * UNIT, 0, 0, PHASE + 3, sender=node).check()
    assert reason_of(oracle) == "incomplete round"


def test_the_future(oracle, set_round):
    set_round(2, 100 * UNIT, age=-1)
    assert reason_of(oracle) == "future price"
    set_round(2, 100 * UNIT, age=0)
    assert oracle.call("price")[0] == 100 * WAD


def test_old_prices_are_left_to_the_market(chain, oracle):
    made = chain.timestamp - 1
    chain.mine(10**8)
    assert oracle.call("price") == (100 * WAD, made, False)


@pytest.mark.parametrize("mode", [2, 3])
def test_a_feed_that_fails_or_says_too_little(oracle, aggregator, node, mode):
    aggregator.transact("set_mode", mode, sender=node).check()
    assert reason_of(oracle) == "feed failed"


def test_a_feed_without_rounds(chain, deploy_adapter, node):
    empty = chain.deploy(load("MockAggregator"), 8, sender=node)
    assert reason_of(deploy_adapter(empty.address)) == "bad answer"


def test_a_feed_that_answers_something_else(chain, deploy_adapter, node):
    other = chain.deploy(load("MockToken"), "Other", "OTHER", 8, sender=node)
    assert reason_of(deploy_adapter(other.address)) == "feed failed"


@pytest.mark.parametrize(
    ("answer", "age", "jumped"),
    [
        (101 * UNIT, 0, False),
        (101 * UNIT + 1, 0, True),
        (99 * UNIT, 0, False),
        (99 * UNIT - 1, 0, True),
        (200 * UNIT, 1, False),  # of an earlier block
    ],
)
def test_jumps_within_a_block(chain, oracle, set_round, answer, age, jumped):
    set_round(2, answer, age=age)
    assert oracle.call("price")[2] is jumped
    chain.mine()
    assert oracle.call("price")[2] is False


def test_several_rounds_of_one_block(chain, oracle, aggregator, node):
    with chain.block():
        for answer in (100 * UNIT + 1, 101 * UNIT, 101 * UNIT + 1):
            aggregator.transact("push", answer, sender=node).check()
        assert oracle.call("price")[2] is True  # 1 % + 1 above the last of an earlier block
        aggregator.transact("push", 101 * UNIT, sender=node).check()
        assert oracle.call("price")[2] is False
        aggregator.transact("push", 101 * UNIT, sender=node).check()
        assert oracle.call("price")[2] is True  # more rounds than it looks back over


def test_nothing_to_compare_with_counts_as_a_jump(oracle, aggregator, set_round, node):
    set_round(1, 100 * UNIT, phase=2)  # a new aggregator starts
    assert oracle.call("price")[2] is True
    set_round(3, 100 * UNIT)  # round 2 is missing
    assert oracle.call("price")[2] is True
    aggregator.transact("set_mode", 1, sender=node).check()
    set_round(3, 100 * UNIT)
    assert oracle.call("price")[2] is True


def test_neither_do_rounds_that_are_none(oracle, set_round):
    set_round(2, -5 * UNIT)
    set_round(3, 100 * UNIT)
    assert oracle.call("price")[2] is True
    set_round(4, 100 * UNIT, age=-1000)  # of the future
    set_round(5, 100 * UNIT)
    assert oracle.call("price")[2] is True


def test_without_a_limit_nothing_jumps(deploy_adapter, aggregator, set_round):
    oracle = deploy_adapter(aggregator.address, push_jump_bps=0)
    set_round(2, 10_000 * UNIT)
    assert oracle.call("price")[2] is False


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"heartbeat": 0}, "bad heartbeat"),
        ({"heartbeat": 2_592_001}, "bad heartbeat"),
        ({"push_jump_bps": 10_001}, "bad push jump"),
        ({"low": -1}, "bad answer limits"),
        ({"low": 10, "high": 10}, "bad answer limits"),
        ({"high": NO_LIMIT + 1}, "bad answer limits"),
        ({"sequencer": "0x" + "77" * 20}, "sequencer is no contract"),
        ({"feed": "0x" + "77" * 20}, "feed is no contract"),
    ],
)
def test_what_cannot_be_deployed(deploy_adapter, aggregator, wrong, reason):
    with pytest.raises(TransactionFailed, match=f"{reason}$"):
        deploy_adapter(**({"feed": aggregator.address} | wrong))


def test_too_many_decimals(chain, deploy_adapter, node):
    feed = chain.deploy(load("MockAggregator"), 37, sender=node)
    with pytest.raises(TransactionFailed, match=r"bad decimals$"):
        deploy_adapter(feed.address)


def test_the_widest_bounds_can_be_deployed(deploy_adapter, aggregator):
    oracle = deploy_adapter(aggregator.address, heartbeat=2_592_000, push_jump_bps=10_000, low=0, high=NO_LIMIT)
    assert (oracle.call("HEARTBEAT"), oracle.call("PUSH_JUMP_BPS")) == (2_592_000, 10_000)
    assert (oracle.call("MIN_ANSWER"), oracle.call("MAX_ANSWER_ALLOWED")) == (0, NO_LIMIT)
    assert oracle.call("FEED") == aggregator.address
