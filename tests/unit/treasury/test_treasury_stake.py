"""stake: who earns from when on."""

import pytest
from support.treasury import BOUND

from nacre.chain import ZERO_ADDRESS
from nacre.units import MAX_UINT256

PEOPLE = ("ann", "bea")


def test_what_a_stake_changes(desk):
    desk.arm("ann", 100)
    receipt = desk.send("ann", "stake", 70).check()
    ann = desk.who("ann")
    assert receipt.event("Staked").args == (ann, ann, 70, 70, 70, 0)
    assert (desk.staked("ann"), desk.treasury.call("total_staked")) == (70, 70)
    assert desk.share.call("balanceOf", ann) == 30
    assert desk.share.call("balanceOf", desk.treasury.address) == 70


def test_the_event_says_how_things_stand_after(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(999)
    desk.stake("ann", 10)  # with minting and approving four seconds
    desk.arm("ann", 5)
    receipt = desk.send("ann", "stake", 5).check()
    staked = receipt.event("Staked")
    assert (staked.amount, staked.staked, staked.total_staked) == (5, 115, 115)
    assert staked.reward_per_share == desk.treasury.call("reward_per_share") > 0


def test_somebody_else_s_stake(desk):
    """Pays one, earns and leaves the other."""
    desk.arm("ann", 100)
    receipt = desk.send("ann", "stake", 100, desk.who("bea")).check()
    assert receipt.event("Staked").args[:3] == (desk.who("bea"), desk.who("ann"), 100)
    assert (desk.staked("ann"), desk.staked("bea")) == (0, 100)
    assert desk.send("ann", "unstake", 100).reason == "insufficient stake"
    desk.distribute(10_000)
    desk.wait(500)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (0, 500)
    desk.send("bea", "unstake", 100).check()
    assert desk.share.call("balanceOf", desk.who("bea")) == 100


def test_who_comes_late_gets_nothing_of_the_past(desk):
    desk.stake("ann", 400)
    desk.distribute(10_000)
    desk.arm("bea", 100)
    with desk.chain.block(seconds=4_997):  # 5,000 after the start
        desk.send("bea", "stake", 100).check()
        assert (desk.claimable("ann"), desk.claimable("bea")) == (5_000, 0)
    desk.wait(1_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (5_800, 200)
    desk.wait(9_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (9_000, 1_000)


def test_a_second_stake_earns_for_its_own_time_only(desk):
    desk.stake("ann", 100)
    desk.stake("bea", 100)
    desk.distribute(10_000)
    desk.arm("ann", 200)
    with desk.chain.block(seconds=1_997):
        desk.send("ann", "stake", 200).check()
        assert (desk.claimable("ann"), desk.claimable("bea")) == (1_000, 1_000)
    desk.wait(400)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (1_300, 1_100)


@pytest.mark.parametrize(
    ("amount", "receiver", "reason"),
    [
        (0, "bea", "zero amount"),
        (1, "nobody", "bad receiver"),
        (1, "treasury", "bad receiver"),
        (BOUND - 99, "bea", "too much staked"),
        (MAX_UINT256, "bea", "too much staked"),
        (102, "bea", "insufficient balance"),
    ],
)
def test_refused(desk, amount, receiver, reason):
    desk.stake("ann", 100)
    desk.arm("ann", 101)
    named = {"nobody": ZERO_ADDRESS, "treasury": desk.treasury.address, "bea": desk.who("bea")}
    before = desk.books(*PEOPLE)
    assert desk.send("ann", "stake", amount, named[receiver]).reason == reason
    assert desk.books(*PEOPLE) == before
    assert desk.send("ann", "stake", 101, named["bea"]).ok


def test_zero_comes_before_everything_else(desk):
    assert desk.send("ann", "stake", 0, ZERO_ADDRESS).reason == "zero amount"
    assert desk.send("ann", "stake", MAX_UINT256, ZERO_ADDRESS).reason == "bad receiver"


def test_without_an_allowance(desk):
    desk.share.transact("mint", desk.who("ann"), 10, sender=desk.owner).check()
    assert desk.send("ann", "stake", 10).reason == "insufficient allowance"
    assert desk.staked("ann") == 0


def test_all_that_may_be_staked(desk):
    """To the bound, and one account's full bound earns everything."""
    desk.stake("ann", BOUND - 1)
    desk.stake("bea", 1)
    desk.arm("bea", 1)
    assert desk.send("bea", "stake", 1).reason == "too much staked"
    desk.distribute(10_000)
    desk.wait(10_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (9_999, 0)
    assert desk.treasury.call("entitlement", desk.who("bea")) == 10_000
    assert desk.ledger(*PEOPLE) == 0
    desk.send("ann", "unstake", BOUND - 1).check()
    desk.stake("bea", BOUND - 1)
