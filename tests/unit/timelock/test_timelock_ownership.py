"""Who owns the timelock, and how it comes to own what had an owner before."""

import pytest
from support.timelock import DELAY, NOT_OWNER

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, EmbeddedChain, TransactionFailed


def test_what_a_deployment_knows(desk):
    call = desk.timelock.call
    assert (call("owner"), call("canceller"), call("delay")) == (desk.who("owner"), desk.who("canceller"), DELAY)
    assert call("pending_owner") == ZERO_ADDRESS


@pytest.mark.parametrize(
    ("owner", "delay", "reason"),
    [(None, DELAY, "zero owner"), ("owner", 3_599, "bad delay"), ("owner", 30 * 86_400 + 1, "bad delay")],
)
def test_deployments_refused(owner, delay, reason):
    chain = EmbeddedChain(exact_gas=False)
    address = chain.account(owner) if owner else ZERO_ADDRESS
    with pytest.raises(TransactionFailed, match=rf": {reason}$"):
        chain.deploy(load("Timelock"), address, address, delay, sender=chain.account("deployer"))


def test_the_owner_changes_in_two_steps(desk):
    """And is the one who executes what the last one announced."""
    ready_at = desk.schedule(desk.jump(70)).check().event("Scheduled").ready_at
    desk.send("owner", "transfer_ownership", desk.who("heir")).check()
    assert desk.schedule(desk.jump(71), name="heir").reason == NOT_OWNER
    assert desk.send("owner", "accept_ownership").reason == "not pending owner"
    desk.send("heir", "accept_ownership").check()
    desk.at(ready_at)
    assert desk.execute(desk.jump(70)).reason == NOT_OWNER
    desk.execute(desk.jump(70), name="heir").check()


def test_it_takes_over_what_has_a_two_step_owner(desk):
    former = desk.who("former")
    terms = (10**20, former, former, 0, 3_600)
    oracle = desk.chain.deploy(load("MockOracle"), *terms, sender=former)
    oracle.transact("transfer_ownership", desk.timelock.address, sender=former).check()
    desk.through(oracle.encode("accept_ownership"), oracle.address).check()
    assert oracle.call("owner") == desk.timelock.address
    assert oracle.transact("set_push_jump", 5, sender=former).reason == NOT_OWNER
    desk.through(oracle.encode("set_push_jump", 5), oracle.address).check()
    assert oracle.call("push_jump_bps") == 5


def test_it_gives_away_what_it_owns(desk):
    desk.through(desk.oracle.encode("transfer_ownership", desk.who("heir"))).check()
    desk.oracle.transact("accept_ownership", sender=desk.who("heir")).check()
    assert desk.oracle.call("owner") == desk.who("heir")
    assert desk.through(desk.jump(70)).reason == NOT_OWNER


def test_nothing_else_changes_it():
    """A new function must say here whose it is."""
    changing = [entry for entry in load("Timelock").abi if entry.get("stateMutability") == "nonpayable"]
    functions = {entry["name"] for entry in changing if entry["type"] == "function"}
    owner = {"schedule", "execute", "transfer_ownership"}
    assert functions == owner | {"accept_ownership", "cancel", "set_delay", "set_canceller"}
