"""Making the call: not early, not late, once, by the owner, and what the callee says."""

import pytest
from eth_abi import encode
from eth_utils import keccak
from support.timelock import DELAY, GRACE, NOT_OWNER, SALT, Desk

from nacre.artifacts import load
from nacre.chain import EmbeddedChain


@pytest.fixture
def scheduled(desk):
    """A call that is ready at a certain second."""
    return desk.jump(70), desk.schedule(desk.jump(70)).check().event("Scheduled").ready_at


@pytest.mark.parametrize("late", [0, 1, GRACE - 1])
def test_from_the_second_on_in_which_it_is_ready(desk, scheduled, late):
    data, ready_at = scheduled
    desk.at(ready_at + late)
    event = desk.execute(data).check().event("Executed")
    assert (event.id, event.target) == (desk.id(data), desk.oracle.address)
    assert desk.oracle.call("push_jump_bps") == 70
    assert desk.timelock.call("calls", desk.id(data)) == (ready_at, True, False)


def test_early(desk, scheduled):
    data, ready_at = scheduled
    assert desk.execute(data).reason == "too early"
    desk.at(ready_at - 1)
    assert desk.execute(data).reason == "too early"
    assert desk.oracle.call("push_jump_bps") == 0


@pytest.mark.parametrize("late", [0, 1, 10**9])
def test_expired(desk, scheduled, late):
    data, ready_at = scheduled
    desk.at(ready_at + GRACE + late)
    assert desk.execute(data).reason == "call expired"
    assert desk.oracle.call("push_jump_bps") == 0


def test_replayed(desk, scheduled):
    data, ready_at = scheduled
    desk.at(ready_at)
    desk.execute(data).check()
    assert desk.execute(data).reason == "already executed"
    desk.at(ready_at + GRACE)
    assert desk.execute(data).reason == "already executed"


def test_something_else(desk, scheduled):
    """Another salt, target or a byte more is another call, which nobody has announced."""
    data, ready_at = scheduled
    desk.at(ready_at)
    assert desk.execute(data, salt=keccak(b"another")).reason == "not scheduled"
    assert desk.execute(data, desk.refuser).reason == "not scheduled"
    assert desk.execute(data + b"\0").reason == "not scheduled"
    assert desk.execute(desk.jump(71)).reason == "not scheduled"
    desk.execute(data).check()


@pytest.mark.parametrize("name", ["canceller", "deployer", "passer-by"])
def test_only_the_owner(desk, scheduled, name):
    data, ready_at = scheduled
    desk.at(ready_at)
    assert desk.execute(data, name=name).reason == NOT_OWNER


def test_what_the_callee_refuses_stays_as_it_was(desk):
    """And can be tried again until it expires."""
    data = desk.jump(10_001)
    receipt = desk.through(data)
    assert (receipt.ok, receipt.reason) == (False, "bad push jump")
    assert not desk.timelock.call("calls", desk.id(data)).executed
    assert desk.execute(data).reason == "bad push jump"


@pytest.mark.parametrize("words", ["x", "somebody else's reason, longer than 32 bytes", "w" * 1_900])
def test_the_callee_s_own_words(desk, words):
    said = keccak(b"Error(string)")[:4] + encode(["string"], [words])
    assert desk.through(b"call" + said, desk.refuser).reason == words


def test_a_callee_without_words(desk):
    assert desk.through(b"call", desk.refuser).reason == "call failed"


def test_a_single_byte_is_passed_on(desk):
    assert desk.through(b"call\x07", desk.refuser).reason == "reverted with 0x07"


def test_it_sends_no_value(desk):
    """Neither takes any: there is nothing to send."""
    assert not [entry for entry in load("Timelock").abi if entry.get("stateMutability") == "payable"]


def test_out_of_order(desk):
    """Each call by itself: the owner says which comes first."""
    first, second = desk.jump(1), desk.jump(2)
    desk.schedule(first).check()
    ready_at = desk.schedule(second).check().event("Scheduled").ready_at
    desk.at(ready_at)
    desk.execute(second).check()
    desk.execute(first).check()
    assert desk.oracle.call("push_jump_bps") == 1


def test_from_within_itself():
    """An owner that is a contract, and calls from the call: the lock holds, and it has no words."""
    chain = EmbeddedChain(exact_gas=False)
    deployer = chain.account("deployer")
    batch = chain.deploy(load("MockBatch"), sender=deployer)
    timelock = chain.deploy(load("Timelock"), batch.address, deployer, DELAY, sender=deployer)

    def sent(*calls):
        return batch.transact("send", [timelock.address] * len(calls), list(calls), sender=deployer)

    again = timelock.encode("execute", batch.address, b"", SALT)
    nested = batch.encode("send", [timelock.address], [again])
    arguments = (batch.address, nested, SALT)
    sent(timelock.encode("schedule", *arguments)).check()
    chain.mine(DELAY)
    assert sent(timelock.encode("execute", *arguments)).reason == "call failed"


def test_calls_of_the_same_block(desk):
    """One delay is never none: what is scheduled in a block is not executed in it."""
    with desk.chain.block():
        desk.schedule(desk.jump(3)).check()
        assert desk.execute(desk.jump(3)).reason == "too early"


def test_a_shorter_delay_hurries_nothing_that_was_announced():
    desk = Desk.open(2 * DELAY)
    desk.schedule(*desk.own("set_delay", DELAY)).check()
    desk.chain.mine(2 * DELAY - 100)
    ready_at = desk.schedule(desk.jump(4)).check().event("Scheduled").ready_at
    desk.chain.mine(100)
    desk.execute(*desk.own("set_delay", DELAY)).check()
    desk.chain.mine(DELAY + 100)
    assert desk.execute(desk.jump(4)).reason == "too early"
    desk.at(ready_at)
    desk.execute(desk.jump(4)).check()
