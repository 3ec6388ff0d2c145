"""The vault where an amount is one, or where two amounts are equal."""

import pytest
from vault_desk import ALL, VaultDesk

from nacre.units import WAD

M = 10**6
# Virtual shares.
OFFSET = 10**6


@pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
def test_a_position_of_one_wei_is_closed(desk: VaultDesk, side: int) -> None:
    desk.seed("ann", 5_000 * M)
    desk.market(0)
    desk.back_up(0, size=side, margin=WAD).check()
    receipt = desk.send("kim", "unwind", 0, ALL).check()
    assert (receipt.event("Unwound").size, receipt.event("Unwound").position) == (-side, 0)
    assert not desk.view("active_markets")


@pytest.mark.parametrize("lacking", [1, 2])
def test_a_debt_of_one_wei_that_others_had_paid_counts_once(desk: VaultDesk, lacking: int) -> None:
    desk.seed("ann", 5_000 * M)
    desk.market(0)
    desk.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    desk.tell("set_pot", 0, 50 * WAD - lacking)
    desk.ok("kim", "unwind", 0, ALL)
    assert desk.view("committed", 0) == lacking
    desk.tell("set_pot", 0, lacking)
    desk.house.transact("claim", 0, desk.vault.address, sender=desk.who("kim")).check()
    assert desk.view("committed", 0) == 0
    assert desk.view("admit", 0) == 1_000 * WAD


@pytest.mark.parametrize("short_of_it", [0, 1])
def test_shares_that_just_can_be_paid_all_go(desk: VaultDesk, short_of_it: int) -> None:
    """With a unit less that is free those stay which it does not take."""
    desk.seed("ann", 5_000 * M)
    desk.gift(30 * M)
    desk.market(0)
    shares = desk.shares("ann")
    worth = desk.view("previewRedeem", shares)
    # the last unit is the virtual shares'
    assert worth == 5_030 * M - 1
    desk.back_up(0, size=1, margin=(1 + short_of_it) * desk.scale).check()
    assert desk.view("previewRedeem", shares) == worth
    assert desk.ok("ann", "redeem_available") == worth - short_of_it
    least = -(-(worth - short_of_it) * (shares + OFFSET) // (5_030 * M + 1))
    assert least < shares
    assert desk.shares("ann") == (shares - least if short_of_it else 0)
