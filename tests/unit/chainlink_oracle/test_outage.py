"""outage_end(), record_outage and the sequencer's uptime feed."""

import pytest

from nacre.artifacts import load
from nacre.chain import CallFailed
from nacre.units import MAX_UINT256

UNIT = 10**8
PHASE = 1 << 64


@pytest.mark.parametrize(("silence", "outage"), [(3600, False), (3601, True)])
def test_a_gap_longer_than_the_heartbeat(chain, oracle, set_round, silence, outage):
    set_round(2, 100 * UNIT)
    chain.mine(silence - 1)
    set_round(3, 100 * UNIT)
    assert oracle.call("outage_end") == (chain.timestamp if outage else 0)


@pytest.mark.parametrize("mode", [0, 1])
def test_a_gap_before_a_missing_round_is_not_seen(chain, oracle, aggregator, set_round, node, mode):
    aggregator.transact("set_mode", mode, sender=node).check()
    chain.mine(10_000)
    set_round(3, 100 * UNIT)
    assert oracle.call("outage_end") == 0


def test_neither_is_one_between_phases(chain, oracle, set_round):
    chain.mine(10_000)
    set_round(1, 100 * UNIT, phase=2)
    assert oracle.call("outage_end") == 0


def test_a_phase_starts_with_its_first_round(chain, oracle, set_round):
    set_round(0, 100 * UNIT, phase=2)
    chain.mine(10_000)
    set_round(1, 100 * UNIT, phase=2)
    assert oracle.call("outage_end") == 0


def test_a_failing_feed_has_no_gap(oracle, aggregator, node):
    aggregator.transact("set_mode", 2, sender=node).check()
    assert oracle.call("outage_end") == 0


def test_a_round_of_the_future_has_none(chain, oracle, set_round):
    set_round(2, 100 * UNIT, age=-10_000)
    assert oracle.call("outage_end") == 0


def test_a_gap_is_recorded_before_later_rounds_hide_it(chain, oracle, aggregator, set_round, node):
    stranger = chain.account("stranger")
    chain.mine(10_000)
    set_round(2, 100 * UNIT)
    ended = chain.timestamp
    set_round(3, 100 * UNIT)
    assert oracle.call("outage_end") == 0  # hidden
    assert oracle.transact("record_outage", PHASE + 3, sender=stranger).reason == "no outage"
    receipt = oracle.transact("record_outage", PHASE + 2, sender=stranger).check()
    assert receipt.event("OutageRecorded").args == (PHASE + 2, ended)
    assert oracle.call("outage_end") == ended
    assert oracle.transact("record_outage", PHASE + 2, sender=stranger).reason == "older than recorded"
    aggregator.transact("set_mode", 2, sender=node).check()
    assert oracle.call("outage_end") == ended


def test_only_newer_outages_are_recorded(chain, oracle, set_round):
    stranger = chain.account("stranger")
    chain.mine(10_000)
    set_round(2, 100 * UNIT)
    chain.mine(10_000)
    set_round(3, 100 * UNIT)
    ended = chain.timestamp
    oracle.transact("record_outage", PHASE + 3, sender=stranger).check()
    assert oracle.transact("record_outage", PHASE + 2, sender=stranger).reason == "older than recorded"
    assert oracle.call("outage_end") == ended


@pytest.mark.parametrize("round_id", [0, PHASE, PHASE + 1, PHASE + 9, 2**80 - 1, MAX_UINT256])
def test_no_outage_from_rounds_that_do_not_exist(chain, oracle, aggregator, node, round_id):
    assert oracle.transact("record_outage", round_id, sender=node).reason == "no outage"
    aggregator.transact("set_mode", 1, sender=node).check()
    assert oracle.transact("record_outage", round_id, sender=node).reason == "no outage"


@pytest.fixture
def sequencer(chain, node):
    feed = chain.deploy(load("MockAggregator"), 0, sender=node)
    feed.transact("push", 0, sender=node).check()
    return feed


@pytest.fixture
def rollup_oracle(deploy_adapter, aggregator, sequencer):
    return deploy_adapter(aggregator.address, sequencer=sequencer.address)


def reason_of(oracle):
    with pytest.raises(CallFailed) as failure:
        oracle.call("price")
    return str(failure.value)


def test_no_price_while_the_sequencer_is_down(chain, rollup_oracle, sequencer, node):
    started = chain.timestamp
    assert rollup_oracle.call("price")[0] == 100 * 10**18
    assert rollup_oracle.call("outage_end") == started - 1  # when the sequencer feed says it came up
    sequencer.transact("push", 1, sender=node).check()
    assert reason_of(rollup_oracle) == "sequencer down"
    assert rollup_oracle.call("outage_end") == 0
    sequencer.transact("push", 0, sender=node).check()
    assert rollup_oracle.call("price")[0] == 100 * 10**18
    assert rollup_oracle.call("outage_end") == chain.timestamp


def test_the_newest_outage_counts(chain, rollup_oracle, sequencer, set_round, node):
    chain.mine(10_000)
    set_round(2, 100 * UNIT)
    assert rollup_oracle.call("outage_end") == chain.timestamp
    sequencer.transact("push", 0, sender=node).check()
    assert rollup_oracle.call("outage_end") == chain.timestamp


def test_a_sequencer_feed_that_says_nothing(chain, rollup_oracle, sequencer, node):
    sequencer.transact("set_round", PHASE + 2, 0, 0, 0, PHASE + 2, sender=node).check()
    assert reason_of(rollup_oracle) == "no sequencer status"
    sequencer.transact("set_mode", 2, sender=node).check()
    assert reason_of(rollup_oracle) == "no sequencer status"
    assert rollup_oracle.call("outage_end") == 0
