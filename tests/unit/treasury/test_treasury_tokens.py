"""Tokens that misbehave: a reason, or full success, and nothing lost either way."""

import pytest
from pyrevm import AccountInfo
from support.bad_token import (
    BALANCE_BREAKS,
    BALANCE_REVERTS,
    BALANCE_REVERTS_SILENTLY,
    BALANCE_SHORT,
    BEHAVES,
    FAILED_TRANSFERS,
    GIVES_MORE,
    LIES,
    TAKES_FEE,
)
from support.treasury import TreasuryDesk

from nacre.artifacts import load

OTHER_AMOUNTS = [(LIES, "fee on transfer"), (TAKES_FEE, "fee on transfer"), (GIVES_MORE, "fee on transfer")]
NO_BALANCES = [
    (BALANCE_REVERTS, "token knows no balance"),
    (BALANCE_REVERTS_SILENTLY, "balance unknown"),
    (BALANCE_SHORT, "balance unknown"),
    (BALANCE_BREAKS, "balance unknown"),
]


@pytest.fixture
def desk() -> TreasuryDesk:
    """Ann has staked 1,000, may stake 1,000 more, and has earned something."""
    made = TreasuryDesk.open(period=10_000, share="MockBadToken", collateral="MockBadToken")
    made.stake("ann", 1_000)
    made.arm("ann", 1_000)
    made.distribute(10_000)
    made.wait(5_000)
    made.earn(1_000)
    return made


def turn(token, mode):
    token.transact("set_mode", mode, sender=token.chain.account("owner")).check()


def refused(desk, token, mode, reason, function, *arguments):
    """With that mode the call changes nothing; without it it goes through."""
    before = desk.books("ann")
    turn(token, mode)
    assert desk.send("ann", function, *arguments).reason == reason
    turn(token, BEHAVES)
    after = desk.books("ann")
    assert after[2] == before[2]
    assert after[0][:4] == before[0][:4]
    assert desk.send("ann", function, *arguments).ok


@pytest.mark.parametrize(("mode", "reason"), FAILED_TRANSFERS + OTHER_AMOUNTS + NO_BALANCES)
def test_a_stake_that_does_not_arrive(desk, mode, reason):
    refused(desk, desk.share, mode, reason, "stake", 1_000)
    assert desk.staked("ann") == 2_000


@pytest.mark.parametrize(("mode", "reason"), FAILED_TRANSFERS)
def test_a_stake_that_is_not_paid_back(desk, mode, reason):
    refused(desk, desk.share, mode, reason, "unstake", 1_000)
    assert desk.staked("ann") == 0


@pytest.mark.parametrize(("mode", "reason"), FAILED_TRANSFERS)
def test_a_reward_that_is_not_paid(desk, mode, reason):
    refused(desk, desk.collateral, mode, reason, "claim")
    assert desk.claimable("ann") == 0


@pytest.mark.parametrize("mode", [BALANCE_REVERTS, BALANCE_REVERTS_SILENTLY, BALANCE_SHORT])
def test_ways_out_ask_for_no_balance(desk, mode):
    turn(desk.share, mode)
    turn(desk.collateral, mode)
    desk.send("ann", "claim").check()
    desk.send("ann", "unstake", 1_000).check()


@pytest.mark.parametrize(("mode", "reason"), NO_BALANCES)
def test_income_of_unknown_size(desk, mode, reason):
    refused(desk, desk.collateral, mode, reason, "collect")


@pytest.mark.parametrize(("mode", "arrives"), [(TAKES_FEE, 990), (GIVES_MORE, 1_000), (LIES, 0)])
def test_income_that_shrinks_on_its_way(desk, mode, arrives):
    """Collateral that took no fee when it was deposited: what arrives is what counts."""
    turn(desk.collateral, mode)
    assert desk.collect().value == arrives
    turn(desk.collateral, BEHAVES)
    assert desk.treasury.call("undistributed") == arrives
    held = desk.balance(desk.collateral, desk.treasury.address)
    assert held >= desk.treasury.call("total_received") - desk.treasury.call("total_claimed")
    assert desk.ledger("ann") == 0


def test_tokens_that_are_gone():
    """Their code vanished; an account without code takes every call. Nothing is taken off for what is not paid."""
    desk = TreasuryDesk.open(period=10_000, exact_gas=True)
    desk.stake("ann", 1_000)
    desk.arm("ann", 1)
    desk.distribute(10_000)
    desk.earn(1)
    desk.wait(10_000)
    for token in (desk.share, desk.collateral):
        desk.chain._evm.insert_account_info(token.address, AccountInfo(nonce=1))
        assert desk.chain.code(token.address) == b""
    assert desk.send("ann", "stake", 1).reason == "balance unknown"
    assert desk.send("ann", "unstake", 1_000).reason == "transfer failed"
    assert desk.send("ann", "claim").reason == "transfer failed"
    assert desk.send("ann", "collect").reason == "balance unknown"
    assert (desk.staked("ann"), desk.claimable("ann")) == (1_000, 10_000)


CALLS = [("stake", 1), ("unstake", 1), ("claim",), ("collect",), ("claimable", "ann"), ("total_staked",)]


@pytest.mark.parametrize("call", CALLS)
@pytest.mark.parametrize("entry", [("stake", 500), ("unstake", 500), ("claim",), ("collect",)])
def test_nobody_comes_back_in_the_middle(desk, call, entry):
    token = desk.share if entry[0] in ("stake", "unstake") else desk.collateral
    # The token has a stake of its own, so that nothing but the lock is in its way.
    desk.send("ann", "stake", 400, token.address).check()
    desk.wait(100)
    data = desk.treasury.encode(call[0], *[desk.who(item) if item == "ann" else item for item in call[1:]])
    token.transact("set_reentry", desk.treasury.address, data, sender=desk.owner).check()
    desk.send("ann", *entry).check()
    assert token.call("reentries") == 1
    assert token.call("successes") == 0
    assert token.call("refusal") == b""  # the lock's; every other refusal has a reason
    assert desk.ledger("ann") + desk.treasury.call("entitlement", token.address) == 0


def test_a_token_that_returns_nothing():
    desk = TreasuryDesk.open(period=10_000, share="MockSilentToken", collateral="MockSilentToken")
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(10_000)
    desk.send("ann", "claim").check()
    desk.send("ann", "unstake", 100).check()
    assert (desk.wallet("ann"), desk.balance(desk.share, desk.who("ann"))) == (10_000, 100)


def test_one_token_for_both():
    """Rewards never touch stakes, nor stakes rewards."""
    desk = TreasuryDesk.open(decimals=18, period=10_000)
    treasury = desk.chain.deploy(
        load("Treasury"), desk.owner, desk.custody.address, desk.collateral.address, 10_000, sender=desk.owner
    )
    desk.treasury, desk.share = treasury, desk.collateral
    desk.stake("ann", 100)
    desk.stake("bea", 300)
    desk.distribute(10_000)
    desk.wait(10_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (2_500, 7_500)
    desk.send("bea", "unstake", 300).check()
    desk.send("bea", "claim").check()
    desk.send("ann", "claim").check()
    desk.send("ann", "unstake", 100).check()
    assert (desk.wallet("ann"), desk.wallet("bea")) == (2_600, 7_800)
    assert desk.balance(desk.collateral, treasury.address) == 0
