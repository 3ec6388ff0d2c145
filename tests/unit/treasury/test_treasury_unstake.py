"""unstake: a stake can be withdrawn at any time, and what it earned stays."""

import pytest
from support.treasury import TreasuryDesk

from nacre.chain import ZERO_ADDRESS
from nacre.units import MAX_UINT256

REVERTS = 1 << 2
BALANCE_REVERTS_SILENTLY = 1 << 13


def test_what_it_changes(desk):
    desk.stake("ann", 100)
    receipt = desk.send("ann", "unstake", 30, desk.who("bea")).check()
    assert receipt.event("Unstaked").args == (desk.who("ann"), desk.who("bea"), 30, 70, 70, 0)
    assert (desk.staked("ann"), desk.treasury.call("total_staked")) == (70, 70)
    assert desk.share.call("balanceOf", desk.who("bea")) == 30
    desk.send("ann", "unstake", 70).check()
    assert desk.share.call("balanceOf", desk.who("ann")) == 70
    assert desk.share.call("balanceOf", desk.treasury.address) == 0


def test_what_was_earned_stays_claimable_for_ever(desk):
    desk.stake("ann", 100)
    desk.stake("bea", 100)
    desk.distribute(10_000)
    with desk.chain.block(seconds=1_000):
        desk.send("ann", "unstake", 100).check()
        assert (desk.claimable("ann"), desk.claimable("bea")) == (500, 500)
    for _ in range(3):
        desk.wait(365 * 86_400)
        desk.distribute(10_000)
    desk.wait(10_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (500, 39_500)
    desk.send("ann", "claim").check()
    assert desk.wallet("ann") == 500


def test_a_part_goes_on_earning(desk):
    desk.stake("ann", 400)
    desk.stake("bea", 100)
    desk.distribute(10_000)
    with desk.chain.block(seconds=1_000):
        desk.send("ann", "unstake", 300).check()
        assert (desk.claimable("ann"), desk.claimable("bea")) == (800, 200)
    desk.wait(1_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (1_300, 700)


@pytest.mark.parametrize(
    ("amount", "receiver", "reason"),
    [
        (0, "bea", "zero amount"),
        (1, "nobody", "bad receiver"),
        (1, "treasury", "bad receiver"),
        (101, "bea", "insufficient stake"),
        (MAX_UINT256, "bea", "insufficient stake"),
    ],
)
def test_refused(desk, amount, receiver, reason):
    desk.stake("ann", 100)
    desk.stake("bea", 5)
    named = {"nobody": ZERO_ADDRESS, "treasury": desk.treasury.address, "bea": desk.who("bea")}
    before = desk.books("ann", "bea")
    assert desk.send("ann", "unstake", amount, named[receiver]).reason == reason
    assert desk.books("ann", "bea") == before
    assert desk.send("ann", "unstake", 100, named["bea"]).ok


def test_zero_comes_before_everything_else(desk):
    assert desk.send("ann", "unstake", 0, ZERO_ADDRESS).reason == "zero amount"
    assert desk.send("ann", "unstake", 1, ZERO_ADDRESS).reason == "bad receiver"
    assert desk.send("ann", "unstake", 1).reason == "insufficient stake"


def test_the_way_out_asks_nobody_but_the_governance_token():
    """Collateral that is paused, a clearinghouse that does not pay, a share that knows no balance: stakes go out."""
    desk = TreasuryDesk.open(share="MockBadToken", collateral="MockBadToken")
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(1_000)
    desk.collateral.transact("set_mode", REVERTS, sender=desk.owner).check()
    desk.share.transact("set_mode", BALANCE_REVERTS_SILENTLY, sender=desk.owner).check()
    desk.give(5 * desk.scale)
    assert not desk.send("ann", "collect").ok
    assert not desk.send("ann", "claim").ok
    desk.send("ann", "unstake", 40).check()
    desk.send("ann", "unstake", 60).check()
    desk.share.transact("set_mode", 0, sender=desk.owner).check()
    assert desk.balance(desk.share, desk.who("ann")) == 100
    earned = desk.claimable("ann")
    desk.collateral.transact("set_mode", 0, sender=desk.owner).check()
    desk.send("ann", "claim").check()
    assert desk.wallet("ann") == earned > 0
