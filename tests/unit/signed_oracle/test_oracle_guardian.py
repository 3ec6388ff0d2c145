"""The guardian of a signed oracle stops a signer whose key leaked, without waiting for the owner; nothing else."""

import pytest
from eth_account import Account

from nacre.artifacts import load

WAD = 10**18
DAY = 86_400
ZERO = "0x" + "00" * 20
NOT_OWNER, NOT_GUARDIAN = "ownable: caller is not the owner", "not oracle guardian"


@pytest.fixture
def successor():
    return Account.from_key("0x" + "33" * 32)


@pytest.fixture
def guardian(chain, oracle, oracle_owner):
    named = chain.account("oracle guardian")
    receipt = oracle.transact("set_guardian", named, sender=oracle_owner).check()
    assert receipt.event("GuardianSet").guardian == named
    return named


def test_the_guardian_revokes_the_signer_at_once(chain, oracle, push, key, guardian):
    made = chain.timestamp - 30
    push(WAD, made).check()
    receipt = oracle.transact("revoke_as_guardian", key.address, sender=guardian).check()
    assert receipt.event("SignerSet").signer == ZERO
    assert oracle.call("signer") == ZERO
    assert push(2 * WAD, made + 1).reason == "no signer"
    assert oracle.call("price")[:2] == (WAD, made)
    assert oracle.transact("revoke_as_guardian", key.address, sender=guardian).reason == "not the signer"


def test_a_successor_who_was_proposed_before_signs_at_once(chain, oracle, push, key, guardian, oracle_owner, successor):
    made = chain.timestamp - 30
    oracle.transact("propose_signer", successor.address, sender=oracle_owner).check()
    oracle.transact("revoke_as_guardian", key.address, sender=guardian).check()
    assert oracle.call("pending_signer") == successor.address
    oracle.transact("accept_signer", sender=successor.address).check()
    assert push(WAD, made).reason == "bad signature"
    assert push(WAD, made, signer=successor).ok


def test_a_successor_who_accepted_meanwhile_stays(oracle, key, guardian, oracle_owner, successor):
    """Two people answer one leak: the later transaction must not stop the feed."""
    oracle.transact("propose_signer", successor.address, sender=oracle_owner).check()
    oracle.transact("accept_signer", sender=successor.address).check()
    assert oracle.transact("revoke_as_guardian", key.address, sender=guardian).reason == "not the signer"
    assert oracle.call("signer") == successor.address
    oracle.transact("revoke_as_guardian", successor.address, sender=guardian).check()
    assert oracle.call("signer") == ZERO


def test_nobody_but_the_guardian(oracle, key, guardian, oracle_owner, stranger):
    for sender in (stranger, key.address, oracle_owner):  # the owner has revoke_signer
        assert oracle.transact("revoke_as_guardian", key.address, sender=sender).reason == NOT_GUARDIAN
    assert oracle.call("signer") == key.address
    assert oracle.transact("revoke_as_guardian", key.address, sender=guardian).ok


def test_the_guardian_may_nothing_else(oracle, guardian):
    for name, argument in (("propose_signer", guardian), ("set_guardian", guardian), ("set_push_jump", 1)):
        assert oracle.transact(name, argument, sender=guardian).reason == NOT_OWNER
    assert oracle.transact("transfer_ownership", guardian, sender=guardian).reason == NOT_OWNER
    assert oracle.transact("revoke_signer", sender=guardian).reason == NOT_OWNER
    assert oracle.transact("accept_signer", sender=guardian).reason == "not pending signer"
    assert oracle.transact("accept_ownership", sender=guardian).reason == "not pending owner"


def test_nobody_is_guardian_until_one_is_named_and_the_owner_replaces_it(chain, oracle, key, oracle_owner, stranger):
    first, second = chain.account("first guardian"), chain.account("second guardian")
    assert oracle.call("guardian") == ZERO
    assert oracle.transact("revoke_as_guardian", key.address, sender=first).reason == NOT_GUARDIAN
    for sender in (stranger, key.address, first):
        assert oracle.transact("set_guardian", first, sender=sender).reason == NOT_OWNER
    oracle.transact("set_guardian", first, sender=oracle_owner).check()
    oracle.transact("set_guardian", second, sender=oracle_owner).check()
    assert oracle.call("guardian") == second
    assert oracle.transact("revoke_as_guardian", key.address, sender=first).reason == NOT_GUARDIAN
    receipt = oracle.transact("set_guardian", ZERO, sender=oracle_owner).check()
    assert receipt.event("GuardianSet").guardian == ZERO
    assert oracle.transact("revoke_as_guardian", key.address, sender=second).reason == NOT_GUARDIAN
    assert oracle.call("signer") == key.address


def test_behind_a_timelock_the_guardian_need_not_wait(chain, oracle, push, key, guardian, oracle_owner, stranger):
    """As docs/runbook.md hands an adapter over: the owner's own revocation is announced for the delay, this one not."""
    timelock = chain.deploy(load("Timelock"), oracle_owner, guardian, 2 * DAY, sender=chain.account("deployer"))

    def through(data):
        call = (oracle.address, data, bytes(32))
        timelock.transact("schedule", *call, sender=oracle_owner).check()
        assert timelock.transact("execute", *call, sender=oracle_owner).reason == "too early"
        return call

    oracle.transact("transfer_ownership", timelock.address, sender=oracle_owner).check()
    taking = through(oracle.encode("accept_ownership"))
    chain.mine(2 * DAY)
    timelock.transact("execute", *taking, sender=oracle_owner).check()
    assert oracle.call("owner") == timelock.address
    through(oracle.encode("revoke_signer"))
    made = chain.timestamp - 30
    assert push(WAD, made).ok  # the leaked key still counts
    oracle.transact("revoke_as_guardian", key.address, sender=guardian).check()
    assert push(2 * WAD, made + 1).reason == "no signer"
