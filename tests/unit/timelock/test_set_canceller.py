"""The canceller is replaced as everything else changes: announced, and by the timelock itself."""

import pytest

from nacre.chain import ZERO_ADDRESS


@pytest.mark.parametrize("name", ["owner", "canceller", "deployer", "passer-by"])
def test_nobody_replaces_it(desk, name):
    assert desk.send(name, "set_canceller", desk.who(name)).reason == "not timelock"
    assert desk.timelock.call("canceller") == desk.who("canceller")


def test_but_the_timelock_itself(desk):
    another = desk.who("another")
    receipt = desk.through(*desk.own("set_canceller", another)).check()
    assert receipt.event("CancellerSet").canceller == desk.timelock.call("canceller") == another
    desk.schedule(desk.jump(70)).check()
    assert desk.cancel(desk.jump(70), name="canceller").reason == "not canceller"
    desk.cancel(desk.jump(70), name="another").check()


def test_by_nobody(desk):
    desk.through(*desk.own("set_canceller", ZERO_ADDRESS)).check()
    desk.schedule(desk.jump(70)).check()
    assert desk.cancel(desk.jump(70), name="canceller").reason == "not canceller"
    desk.cancel(desk.jump(70)).check()


def test_a_bad_one_is_got_rid_of_in_one_delay(desk):
    """It cancels whatever it sees, as long as it can."""
    desk.schedule(desk.jump(1)).check()
    desk.cancel(desk.jump(1), name="canceller").check()
    desk.through(*desk.own("set_canceller", desk.who("another"))).check()
    desk.schedule(desk.jump(1)).check()
    assert desk.cancel(desk.jump(1), name="canceller").reason == "not canceller"
