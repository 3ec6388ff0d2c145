"""Who signs, and who decides it."""

import pytest
from eth_account import Account

from nacre.units import WAD

ZERO = "0x" + "00" * 20
NOT_OWNER = "ownable: caller is not the owner"


@pytest.fixture
def successor():
    return Account.from_key("0x" + "33" * 32)


def test_the_signer_changes_in_two_steps(chain, oracle, push, key, successor, oracle_owner, stranger):
    made = chain.timestamp - 30
    receipt = oracle.transact("propose_signer", successor.address, sender=oracle_owner).check()
    assert receipt.event("SignerProposed").signer == successor.address
    assert push(WAD, made, signer=successor).reason == "bad signature"
    assert push(WAD, made).ok  # the old one counts until the new one accepts
    for sender in (oracle_owner, stranger, key.address):
        assert oracle.transact("accept_signer", sender=sender).reason == "not pending signer"
    receipt = oracle.transact("accept_signer", sender=successor.address).check()
    assert receipt.event("SignerSet").signer == successor.address
    assert (oracle.call("signer"), oracle.call("pending_signer")) == (successor.address, ZERO)
    assert push(WAD, made + 1).reason == "bad signature"
    assert push(WAD, made + 1, signer=successor).ok
    assert oracle.transact("accept_signer", sender=successor.address).reason == "not pending signer"


def test_a_proposal_can_be_taken_back(oracle, successor, oracle_owner):
    oracle.transact("propose_signer", successor.address, sender=oracle_owner).check()
    oracle.transact("propose_signer", ZERO, sender=oracle_owner).check()
    assert oracle.transact("accept_signer", sender=successor.address).reason == "not pending signer"


def test_a_leaked_key_is_revoked_at_once(chain, oracle, push, oracle_owner, successor):
    made = chain.timestamp - 30
    push(WAD, made).check()
    receipt = oracle.transact("revoke_signer", sender=oracle_owner).check()
    assert receipt.event("SignerSet").signer == ZERO
    assert push(2 * WAD, made + 1).reason == "no signer"
    assert oracle.call("price")[:2] == (WAD, made)
    oracle.transact("propose_signer", successor.address, sender=oracle_owner).check()
    oracle.transact("accept_signer", sender=successor.address).check()
    assert push(2 * WAD, made + 1, signer=successor).ok


def test_nobody_but_the_owner(oracle, key, stranger):
    for sender in (stranger, key.address):
        assert oracle.transact("propose_signer", stranger, sender=sender).reason == NOT_OWNER
        assert oracle.transact("revoke_signer", sender=sender).reason == NOT_OWNER
        assert oracle.transact("set_push_jump", 1, sender=sender).reason == NOT_OWNER


def test_the_jump_limit(oracle, oracle_owner):
    assert oracle.transact("set_push_jump", 10_001, sender=oracle_owner).reason == "bad push jump"
    receipt = oracle.transact("set_push_jump", 10_000, sender=oracle_owner).check()
    assert receipt.event("PushJumpSet").push_jump_bps == 10_000
    assert oracle.call("push_jump_bps") == 10_000


def test_the_owner_changes_in_two_steps(oracle, oracle_owner, stranger):
    oracle.transact("transfer_ownership", stranger, sender=oracle_owner).check()
    assert oracle.transact("accept_ownership", sender=oracle_owner).reason == "not pending owner"
    oracle.transact("accept_ownership", sender=stranger).check()
    assert oracle.call("owner") == stranger
    assert oracle.transact("revoke_signer", sender=oracle_owner).reason == NOT_OWNER
