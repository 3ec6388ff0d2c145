"""Announcing a call: by whom, of what, and what everybody sees of it."""

import pytest
from eth_utils import keccak
from support.timelock import DELAY, GRACE, NOT_OWNER, SALT

LONGEST = 2_048


def test_everybody_sees_the_whole_call(desk):
    data = desk.jump(70)
    receipt = desk.schedule(data).check()
    event = receipt.event("Scheduled")
    assert (event.id, event.target, event.data, event.salt) == (desk.id(data), desk.oracle.address, data, SALT)
    assert event.ready_at == receipt.timestamp + DELAY
    assert event.expires_at == event.ready_at + GRACE
    assert desk.timelock.call("GRACE") == GRACE
    assert desk.timelock.call("calls", event.id) == (event.ready_at, False, False)
    assert desk.oracle.call("push_jump_bps") == 0, "nothing has happened yet"


@pytest.mark.parametrize("name", ["canceller", "deployer", "passer-by"])
def test_only_the_owner(desk, name):
    assert desk.schedule(desk.jump(70), name=name).reason == NOT_OWNER
    assert desk.timelock.call("calls", desk.id(desk.jump(70))).ready_at == 0


def test_not_even_the_timelock(desk):
    inner = desk.timelock.encode("schedule", desk.oracle.address, desk.jump(70), SALT)
    receipt = desk.through(inner, desk.timelock.address)
    assert receipt.reason == "call failed", "the lock is held: it has no words"


def test_a_target_without_code(desk):
    assert desk.schedule(b"", desk.who("nobody")).reason == "target is no contract"


def test_the_longest_call(desk):
    longest = bytes(range(256)) * (LONGEST // 256)
    assert desk.schedule(longest).check().event("Scheduled").data == longest
    assert not desk.schedule(longest + b"\0").ok


def test_twice(desk):
    data = desk.jump(70)
    ready_at = desk.schedule(data).check().event("Scheduled").ready_at
    for when in (ready_at - 1, ready_at, ready_at + GRACE - 1):
        desk.at(when)
        assert desk.schedule(data).reason == "already scheduled"
    assert desk.timelock.call("calls", desk.id(data)).ready_at == ready_at, "and has not been put off"
    desk.schedule(data, salt=keccak(b"another")).check()


def test_again_when_it_has_expired(desk):
    data = desk.jump(70)
    expires_at = desk.schedule(data).check().event("Scheduled").expires_at
    desk.at(expires_at)
    again = desk.schedule(data).check().event("Scheduled")
    assert again.ready_at == expires_at + DELAY
    assert desk.execute(data).reason == "too early"
    desk.at(again.ready_at)
    desk.execute(data).check()


def test_never_again_when_it_was_executed(desk):
    data = desk.jump(70)
    executed = desk.through(data).check()
    assert desk.schedule(data).reason == "already executed"
    desk.at(executed.timestamp + GRACE + DELAY)
    assert desk.schedule(data).reason == "already executed"
    desk.through(data, salt=keccak(b"another")).check()
