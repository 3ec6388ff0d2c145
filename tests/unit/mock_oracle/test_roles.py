"""Who may change the feeder, the jump limit and the owner."""

ZERO = "0x" + "00" * 20
NOT_OWNER = "ownable: caller is not the owner"


def test_the_owner_replaces_the_feeder(oracle, oracle_owner, feeder, stranger):
    receipt = oracle.transact("set_feeder", stranger, sender=oracle_owner).check()
    assert receipt.event("FeederSet").feeder == stranger
    assert oracle.call("feeder") == stranger
    assert oracle.transact("set_price", 1, sender=feeder).reason == "not feeder"
    assert oracle.transact("set_price", 1, sender=stranger).ok


def test_nobody_else_does(oracle, feeder, stranger):
    for sender in (feeder, stranger):
        assert oracle.transact("set_feeder", stranger, sender=sender).reason == NOT_OWNER
        assert oracle.transact("set_push_jump", 1, sender=sender).reason == NOT_OWNER
        assert oracle.transact("transfer_ownership", stranger, sender=sender).reason == NOT_OWNER


def test_bounds(oracle, oracle_owner):
    assert oracle.transact("set_feeder", ZERO, sender=oracle_owner).reason == "zero feeder"
    assert oracle.transact("set_push_jump", 10_001, sender=oracle_owner).reason == "bad push jump"
    receipt = oracle.transact("set_push_jump", 10_000, sender=oracle_owner).check()
    assert receipt.event("PushJumpSet").push_jump_bps == 10_000
    assert oracle.call("push_jump_bps") == 10_000


def test_a_new_limit_keeps_the_price(chain, oracle, oracle_owner, feeder):
    oracle.transact("set_price", 10**20 + 7, sender=feeder).check()
    before = oracle.call("price")
    oracle.transact("set_push_jump", 9_999, sender=oracle_owner).check()
    assert oracle.call("price") == before
    assert oracle.call("previous_price") == 10**20


def test_ownership_moves_in_two_steps(oracle, oracle_owner, stranger, feeder):
    oracle.transact("transfer_ownership", stranger, sender=oracle_owner).check()
    assert (oracle.call("owner"), oracle.call("pending_owner")) == (oracle_owner, stranger)
    assert oracle.transact("accept_ownership", sender=feeder).reason == "not pending owner"
    oracle.transact("accept_ownership", sender=stranger).check()
    assert (oracle.call("owner"), oracle.call("pending_owner")) == (stranger, ZERO)
    assert oracle.transact("set_push_jump", 1, sender=oracle_owner).reason == NOT_OWNER


def test_the_deployer_has_no_role(chain, oracle):
    deployer = chain.account("deployer")
    assert oracle.call("owner") != deployer
    assert oracle.transact("set_price", 1, sender=deployer).reason == "not feeder"
