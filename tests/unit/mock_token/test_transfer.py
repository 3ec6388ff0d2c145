"""MockToken.transfer: what moves, what is announced, and what is refused."""

import ape
import pytest

from nacre.units import MAX_UINT256


@pytest.fixture
def token(project, owner, trader):
    token = project.MockToken.deploy("Test Dollar", "TUSD", 6, sender=owner)
    token.mint(trader, 1_000 * 10**6, sender=owner)
    return token


def test_moves_tokens_and_logs(token, trader, keeper):
    receipt = token.transfer(keeper, 250 * 10**6, sender=trader)

    assert token.balanceOf(trader) == 750 * 10**6
    assert token.balanceOf(keeper) == 250 * 10**6
    assert token.totalSupply() == 1_000 * 10**6
    [event] = list(receipt.decode_logs(token.Transfer))
    assert (event.sender, event.receiver, event.value) == (trader.address, keeper.address, 250 * 10**6)


def test_whole_balance_can_move(token, trader, keeper):
    token.transfer(keeper, 1_000 * 10**6, sender=trader)
    assert token.balanceOf(trader) == 0


def test_one_unit_more_than_held_reverts(token, trader, keeper):
    with ape.reverts("insufficient balance"):
        token.transfer(keeper, 1_000 * 10**6 + 1, sender=trader)


def test_transfer_to_self_changes_nothing(token, trader):
    token.transfer(trader, 400 * 10**6, sender=trader)
    assert token.balanceOf(trader) == 1_000 * 10**6


def test_zero_address_is_refused(token, trader):
    with ape.reverts("transfer to zero"):
        token.transfer("0x" + "00" * 20, 1, sender=trader)


def test_allowance_is_spent_and_enforced(token, trader, keeper):
    token.approve(keeper, 100, sender=trader)
    token.transferFrom(trader, keeper, 60, sender=keeper)

    assert token.allowance(trader, keeper) == 40
    with ape.reverts("insufficient allowance"):
        token.transferFrom(trader, keeper, 41, sender=keeper)


def test_infinite_allowance_never_runs_out(token, trader, keeper):
    token.approve(keeper, MAX_UINT256, sender=trader)
    token.transferFrom(trader, keeper, 60, sender=keeper)
    assert token.allowance(trader, keeper) == MAX_UINT256


@pytest.mark.parametrize("decimals", [0, 8, 18])
def test_decimals_are_what_the_deployer_chose(project, owner, decimals):
    assert project.MockToken.deploy("Any", "ANY", decimals, sender=owner).decimals() == decimals
