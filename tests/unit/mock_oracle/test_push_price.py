"""set_price, set_price_at and what price() and outage_end() say after them."""

import pytest

from nacre.artifacts import load
from nacre.chain import TransactionFailed
from nacre.units import WAD

MAX_PRICE = 2**88 - 1


def test_starts_with_a_price(chain, oracle):
    assert oracle.call("price") == (100 * WAD, chain.timestamp, False)
    assert oracle.call("previous_price") == 100 * WAD
    assert oracle.call("push_jump_bps") == 100
    assert oracle.call("HEARTBEAT") == 3600
    assert oracle.call("outage_end") == 0


def test_a_push_replaces_the_price(chain, oracle, feeder):
    receipt = oracle.transact("set_price", 105 * WAD, sender=feeder).check()
    assert receipt.event("PricePushed").args == (105 * WAD, chain.timestamp, 0)
    value, updated_at, _ = oracle.call("price")
    assert (value, updated_at) == (105 * WAD, chain.timestamp)
    assert oracle.call("previous_price") == 100 * WAD


def test_only_the_feeder_pushes(oracle, oracle_owner, stranger):
    for sender in (oracle_owner, stranger):
        assert oracle.transact("set_price", 105 * WAD, sender=sender).reason == "not feeder"
        assert oracle.transact("set_price_at", 105 * WAD, 1, sender=sender).reason == "not feeder"


def test_bounds_of_a_price(oracle, feeder):
    assert oracle.transact("set_price", 0, sender=feeder).reason == "zero price"
    assert oracle.transact("set_price", MAX_PRICE + 1, sender=feeder).reason == "price too large"
    assert oracle.transact("set_price", 1, sender=feeder).ok
    assert oracle.transact("set_price", MAX_PRICE, sender=feeder).ok
    assert oracle.call("price")[0] == MAX_PRICE


@pytest.mark.parametrize(
    ("pushes", "jumped"),
    [
        ([101 * WAD], False),  # exactly the limit
        ([101 * WAD + 1], True),
        ([99 * WAD], False),
        ([99 * WAD - 1], True),
        ([200 * WAD, 100 * WAD + 1], False),  # there and back within the block
        ([100 * WAD + 1, 200 * WAD], True),
        ([100 * WAD + WAD // 2] * 3 + [101 * WAD + 1], True),  # small steps add up
    ],
)
def test_jump_is_measured_from_the_last_earlier_block(chain, oracle, feeder, pushes, jumped):
    with chain.block():
        for value in pushes:
            oracle.transact("set_price", value, sender=feeder).check()
        assert oracle.call("price")[2] is jumped
        assert oracle.call("previous_price") == 100 * WAD
    chain.mine()
    assert oracle.call("price")[2] is False


def test_the_next_block_compares_with_the_end_of_this_one(chain, oracle, feeder):
    with chain.block():
        oracle.transact("set_price", 150 * WAD, sender=feeder).check()
        oracle.transact("set_price", 200 * WAD, sender=feeder).check()
    with chain.block():
        oracle.transact("set_price", 201 * WAD, sender=feeder).check()
        assert oracle.call("previous_price") == 200 * WAD
        assert oracle.call("price")[2] is False


def test_without_a_limit_nothing_jumps(chain, oracle, feeder, oracle_owner):
    oracle.transact("set_push_jump", 0, sender=oracle_owner).check()
    oracle.transact("set_price", 10_000 * WAD, sender=feeder).check()
    assert oracle.call("price") == (10_000 * WAD, chain.timestamp, False)


@pytest.mark.parametrize(("silence", "outage"), [(3599, False), (3600, False), (3601, True)])
def test_a_silence_beyond_the_heartbeat_is_an_outage(chain, oracle, feeder, silence, outage):
    with chain.block(seconds=silence):
        receipt = oracle.transact("set_price", 100 * WAD, sender=feeder).check()
    ended = chain.timestamp if outage else 0
    assert oracle.call("outage_end") == ended
    assert receipt.event("PricePushed").outage_end == ended


def test_the_end_of_an_outage_is_kept(chain, oracle, feeder):
    chain.mine(5000)
    oracle.transact("set_price", 100 * WAD, sender=feeder).check()
    ended = chain.timestamp
    oracle.transact("set_price", 100 * WAD, sender=feeder).check()
    assert oracle.call("outage_end") == ended


def test_without_a_heartbeat_there_is_no_outage(chain, feeder, oracle_owner):
    oracle = chain.deploy(load("MockOracle"), WAD, feeder, oracle_owner, 0, 0, sender=feeder)
    chain.mine(10**7)
    oracle.transact("set_price", WAD, sender=feeder).check()
    assert oracle.call("outage_end") == 0


def test_any_time_and_a_zero_price_can_be_set(chain, oracle, feeder):
    future = chain.timestamp + 1000
    oracle.transact("set_price_at", 0, future, sender=feeder).check()
    assert oracle.call("price")[:2] == (0, future)
    oracle.transact("set_price_at", 90 * WAD, 0, sender=feeder).check()
    assert oracle.call("price")[:2] == (90 * WAD, 0)
    oracle.transact("set_price_at", MAX_PRICE, 2**32 - 1, sender=feeder).check()
    assert oracle.call("price")[:2] == (MAX_PRICE, 2**32 - 1)
    assert oracle.transact("set_price_at", MAX_PRICE + 1, 1, sender=feeder).reason == "price too large"
    assert oracle.transact("set_price_at", 1, 2**32, sender=feeder).reason == "time too large"
    oracle.transact("set_price", WAD, sender=feeder).check()  # a time ahead of now is no obstacle
    assert oracle.call("outage_end") == 0


def test_reading_costs_one_storage_access(chain, oracle, feeder):
    receipt = oracle.transact("price", sender=feeder).check()
    assert receipt.gas_used < 21_064 + 2_100 + 700


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ((0, "feeder", "owner", 0, 0), "zero price"),
        ((MAX_PRICE + 1, "feeder", "owner", 0, 0), "price too large"),
        ((WAD, None, "owner", 0, 0), "zero feeder"),
        ((WAD, "feeder", None, 0, 0), "zero owner"),
        ((WAD, "feeder", "owner", 10_001, 0), "bad push jump"),
    ],
)
def test_what_cannot_be_deployed(chain, arguments, reason):
    price, feeder, owner, *rest = arguments
    roles = [chain.account(name) if name else "0x" + "00" * 20 for name in (feeder, owner)]
    with pytest.raises(TransactionFailed, match=f"{reason}$"):
        chain.deploy(load("MockOracle"), price, *roles, *rest, sender=chain.account("deployer"))
