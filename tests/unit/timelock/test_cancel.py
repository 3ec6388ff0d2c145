"""Dropping a call that was announced."""

import pytest
from eth_utils import keccak
from support.timelock import DELAY, GRACE


@pytest.fixture
def scheduled(desk):
    return desk.jump(70), desk.schedule(desk.jump(70)).check().event("Scheduled").ready_at


@pytest.mark.parametrize("name", ["owner", "canceller"])
@pytest.mark.parametrize("late", [1 - DELAY, 0, GRACE - 1], ids=["at once", "ready", "last moment"])
def test_it_is_not_executed_then(desk, scheduled, name, late):
    data, ready_at = scheduled
    desk.at(ready_at + late)
    event = desk.cancel(data, name=name).check().event("Cancelled")
    assert (event.id, event.sender) == (desk.id(data), desk.who(name))
    assert desk.timelock.call("calls", desk.id(data)) == (0, False, False)
    if late < 0:
        desk.at(ready_at)
    assert desk.execute(data).reason == "not scheduled"
    assert desk.oracle.call("push_jump_bps") == 0


def test_nobody_else(desk, scheduled):
    data, _ = scheduled
    for name in ("deployer", "feeder", "passer-by"):
        assert desk.cancel(data, name=name).reason == "not canceller"


def test_what_was_never_announced(desk, scheduled):
    data, _ = scheduled
    assert desk.cancel(data, salt=keccak(b"another")).reason == "not scheduled"
    desk.cancel(data).check()
    assert desk.cancel(data).reason == "not scheduled"


def test_what_is_over(desk, scheduled):
    data, ready_at = scheduled
    desk.at(ready_at)
    desk.execute(data).check()
    assert desk.cancel(data).reason == "already executed"
    other = desk.jump(71)
    desk.at(desk.schedule(other).check().event("Scheduled").expires_at)
    assert desk.cancel(other).reason == "call expired"


def test_announced_again_it_takes_the_whole_delay_again(desk, scheduled):
    data, ready_at = scheduled
    desk.at(ready_at - 1)
    desk.cancel(data, name="canceller").check()
    again = desk.schedule(data).check()
    assert again.event("Scheduled").ready_at == again.timestamp + DELAY
    assert desk.execute(data).reason == "too early"


def test_of_the_call_that_replaces_it_the_canceller_is_no_judge(desk):
    """Else a bad one would stay for ever, and nothing would ever change again."""
    call = desk.own("set_canceller", desk.who("another"))
    ready_at = desk.schedule(*call).check().event("Scheduled").ready_at
    assert desk.timelock.call("calls", desk.id(*call)).names_canceller
    assert desk.cancel(*call, name="canceller").reason == "only the owner cancels this"
    assert desk.cancel(*call, name="passer-by").reason == "not canceller"
    desk.cancel(*call, name="owner").check()
    desk.at(ready_at)
    desk.through(*call).check()
    assert desk.timelock.call("canceller") == desk.who("another")


def test_what_only_looks_like_it_the_canceller_cancels(desk):
    """The same calldata for another target, another function of the timelock, and less than a selector."""
    data, timelock = desk.own("set_canceller", desk.who("another"))
    for call in ((data, desk.oracle.address), desk.own("set_delay", DELAY), (data[:3], timelock)):
        desk.schedule(*call).check()
        assert not desk.timelock.call("calls", desk.id(*call)).names_canceller
        desk.cancel(*call, name="canceller").check()
    longer = (data[:4], timelock)
    desk.schedule(*longer).check()
    assert desk.cancel(*longer, name="canceller").reason == "only the owner cancels this"
