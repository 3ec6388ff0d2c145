"""The owner and the one thing it sets; what a deployment refuses."""

import pytest
from support.treasury import HOUR, PRECISION, WEEK

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, TransactionFailed

NOT_OWNER = "ownable: caller is not the owner"
MONTH = 30 * 86_400


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [(0, "bad period"), (HOUR - 1, "bad period"), (HOUR, ""), (MONTH, ""), (MONTH + 1, "bad period")],
)
def test_bounds(desk, seconds, reason):
    receipt = desk.send("owner", "set_period", seconds)
    assert receipt.reason == reason
    if receipt.ok:
        assert receipt.event("PeriodSet").period_seconds == seconds
        assert desk.treasury.call("period_seconds") == seconds
    else:
        assert desk.treasury.call("period_seconds") == 10_000


def test_it_counts_from_the_next_distribution_on(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    with desk.chain.block(seconds=1_000):
        desk.send("owner", "set_period", 40_000).check()
        assert tuple(desk.treasury.call("distribution")) == (PRECISION, 9_000, 9_000)
    desk.distribute(10_000)
    desk.wait(9_000)
    assert desk.claimable("ann") == 10_000
    assert desk.collect().event("DistributionStarted").args == (10_000, PRECISION // 4, 40_000)
    desk.wait(100)
    assert desk.claimable("ann") == 10_025


def test_only_the_owner(desk):
    for name in ("ann", "deployer", "passer-by"):
        assert desk.send(name, "set_period", WEEK).reason == NOT_OWNER
    assert desk.treasury.call("owner") == desk.owner


def test_the_owner_changes_in_two_steps(desk):
    desk.send("owner", "transfer_ownership", desk.who("bea")).check()
    assert desk.treasury.call("pending_owner") == desk.who("bea")
    assert desk.send("bea", "set_period", WEEK).reason == NOT_OWNER
    assert desk.send("owner", "accept_ownership").reason == "not pending owner"
    desk.send("bea", "accept_ownership").check()
    assert desk.send("owner", "set_period", WEEK).reason == NOT_OWNER
    desk.send("bea", "set_period", WEEK).check()


def test_nothing_else_is_the_owner_s(desk):
    """What stakers and passers-by may call is all there is besides."""
    changing = [entry for entry in load("Treasury").abi if entry.get("stateMutability") == "nonpayable"]
    functions = {entry["name"] for entry in changing if entry["type"] == "function"}
    anybody = {"stake", "unstake", "claim", "collect", "accept_ownership"}
    assert functions == anybody | {"set_period", "transfer_ownership"}


def test_what_a_deployment_knows(desk):
    call = desk.treasury.call
    assert call("clearinghouse") == desk.custody.address
    assert call("collateral") == desk.collateral.address
    assert call("governance_token") == desk.share.address


def test_deployments_refused(desk):
    nobody, share, custody = desk.who("nobody"), desk.share.address, desk.custody.address
    # Reverts with one word, whatever it is asked: no answer, though as long as one.
    refuser = desk.chain._create(bytes.fromhex("6460206000fd6000526005601bf3"), desk.owner, "refuser")
    cases = [
        ((ZERO_ADDRESS, custody, share, WEEK), "zero owner"),
        ((desk.owner, nobody, share, WEEK), "no clearinghouse"),
        ((desk.owner, share, share, WEEK), "no clearinghouse"),
        ((desk.owner, refuser, share, WEEK), "no clearinghouse"),
        ((desk.owner, custody, nobody, WEEK), "balance unknown"),
        ((desk.owner, custody, custody, WEEK), "balance unknown"),
        ((desk.owner, custody, refuser, WEEK), f"reverted with 0x{'00' * 32}"),
        ((desk.owner, custody, share, HOUR - 1), "bad period"),
        ((desk.owner, custody, share, MONTH + 1), "bad period"),
    ]
    for arguments, reason in cases:
        with pytest.raises(TransactionFailed, match=rf": {reason}$"):
            desk.chain.deploy(load("Treasury"), *arguments, sender=desk.owner)
    made = desk.chain.deploy(load("Treasury"), desk.owner, custody, share, MONTH, sender=nobody)
    assert made.call("owner") == desk.owner
