"""The delay changes as everything else does: announced, and by the timelock itself."""

import pytest
from support.timelock import DELAY

from nacre.units import MAX_UINT256

HOUR = 3_600
MONTH = 30 * 86_400


@pytest.mark.parametrize("name", ["owner", "canceller", "deployer", "passer-by"])
def test_nobody_sets_it(desk, name):
    assert desk.send(name, "set_delay", HOUR).reason == "not timelock"
    assert desk.timelock.call("delay") == DELAY


@pytest.mark.parametrize("delay", [HOUR, MONTH])
def test_but_the_timelock_itself(desk, delay):
    receipt = desk.through(*desk.own("set_delay", delay)).check()
    assert receipt.event("DelaySet").delay == desk.timelock.call("delay") == delay
    scheduled = desk.schedule(desk.jump(70)).check()
    assert scheduled.event("Scheduled").ready_at == scheduled.timestamp + delay


@pytest.mark.parametrize("delay", [0, HOUR - 1, MONTH + 1, MAX_UINT256])
def test_bounds(desk, delay):
    assert desk.through(*desk.own("set_delay", delay)).reason == "bad delay"
    assert desk.timelock.call("delay") == DELAY
    assert (desk.timelock.call("MIN_DELAY"), desk.timelock.call("MAX_DELAY")) == (HOUR, MONTH)
