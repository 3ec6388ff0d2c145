"""Deposits take part after a delay; redemptions wait for a lock-up, during which they bear losses."""

import pytest
from vault_desk import ALL, OFFSET, VaultDesk

from nacre.chain import ZERO_ADDRESS
from nacre.units import DAY, WAD

M = 10**6  # a whole token


@pytest.fixture
def entered(waiting: VaultDesk) -> VaultDesk:
    """Ann and bea hold shares for 100 each."""
    for name in ("ann", "bea"):
        waiting.fund(name, 100 * M)
        waiting.ok(name, "request_deposit", 100 * M)
    waiting.chain.mine(DAY)
    for name in ("ann", "bea"):
        waiting.ok(name, "deposit", 100 * M, waiting.who(name))
    return waiting


# ---- deposits


def test_a_deposit_waits_outside_of_everything(waiting: VaultDesk) -> None:
    waiting.fund("ann", 100 * M)
    receipt = waiting.send("ann", "request_deposit", 60 * M).check()
    ann = waiting.who("ann")
    event = receipt.event("DepositRequested")
    assert (event.receiver, event.sender, event.assets) == (ann, ann, 60 * M)
    assert (event.waiting, event.matured, event.matures_at) == (60 * M, 0, receipt.timestamp + DAY)
    assert waiting.view("deposit_request", ann) == (60 * M, receipt.timestamp + DAY, 0)
    assert waiting.view("requested_assets") == waiting.token.call("balanceOf", waiting.vault.address) == 60 * M
    assert waiting.view("totalAssets") == waiting.view("totalSupply") == 0
    assert waiting.view("maxDeposit", ann) == waiting.view("maxMint", ann) == 0
    waiting.refuses("deposit not matured", "ann", "deposit", 1, ann)


def test_it_matures_to_the_second(waiting: VaultDesk) -> None:
    waiting.fund("ann", M)
    ann = waiting.who("ann")
    at = waiting.send("ann", "request_deposit", M).check().timestamp
    waiting.chain.set_next_timestamp(at + DAY - 1)
    waiting.refuses("deposit not matured", "ann", "deposit", M, ann)
    assert waiting.view("maxDeposit", ann) == 0
    waiting.chain.mine()
    assert waiting.chain.timestamp == at + DAY
    assert waiting.view("deposit_request", ann) == (0, 0, M)
    assert waiting.view("maxDeposit", ann) == M
    assert waiting.ok("ann", "deposit", M, ann) == M * OFFSET


def test_matured_assets_become_shares_in_parts(waiting: VaultDesk) -> None:
    waiting.fund("ann", 100 * M)
    ann = waiting.who("ann")
    waiting.ok("ann", "request_deposit", 100 * M)
    waiting.chain.mine(DAY)
    receipt = waiting.send("ann", "deposit", 40 * M, ann).check()
    event = receipt.event("Deposit")
    assert receipt.value == 40 * M * OFFSET
    logged = [log for log in receipt.logs if log.name == "Deposit" and log.address == waiting.vault.address]
    assert [(log.sender, log.owner, log.assets, log.shares) for log in logged] == [(ann, ann, 40 * M, 40 * M * OFFSET)]
    assert event.address == waiting.vault.address
    assert waiting.ok("ann", "mint", 10 * M * OFFSET, ann) == 10 * M
    assert waiting.view("deposit_request", ann) == (0, 0, 50 * M)
    assert waiting.view("totalAssets") == waiting.view("requested_assets") == 50 * M
    assert waiting.free == 50 * WAD
    waiting.refuses("deposit not matured", "ann", "deposit", 50 * M + 1, ann)
    waiting.refuses("deposit not matured", "ann", "mint", 50 * M * OFFSET + 1, ann)


def test_anyone_may_have_matured_assets_deposited(waiting: VaultDesk) -> None:
    """They are the receiver's, and so are the shares: whoever sends the call neither pays nor gets."""
    waiting.fund("ann", M)
    ann, kim = waiting.who("ann"), waiting.who("kim")
    waiting.ok("ann", "request_deposit", M)
    waiting.chain.mine(DAY)
    waiting.refuses("deposit not matured", "kim", "deposit", M, kim)
    receipt = waiting.send("kim", "deposit", M, ann).check()
    assert (waiting.shares("ann"), waiting.shares("kim"), waiting.tokens("kim")) == (M * OFFSET, 0, 0)
    assert (receipt.event("Deposit").sender, receipt.event("Deposit").owner) == (kim, ann)


def test_the_receiver_owns_what_others_bring(waiting: VaultDesk) -> None:
    waiting.fund("ann", 5 * M)
    bea = waiting.who("bea")
    waiting.ok("ann", "request_deposit", 5 * M, bea)
    assert waiting.view("deposit_request", bea).waiting == 5 * M
    waiting.refuses("zero amount", "ann", "cancel_deposit", ALL)
    waiting.ok("bea", "cancel_deposit", 5 * M)
    assert waiting.tokens("bea") == 5 * M


def test_nobody_makes_somebody_else_wait_anew(waiting: VaultDesk) -> None:
    """Asking for more starts the time of all that waits anew: only the receiver itself may."""
    waiting.fund("ann", 10 * M)
    waiting.fund("kim", 10 * M)
    ann = waiting.who("ann")
    waiting.ok("kim", "request_deposit", 1, ann)
    first = waiting.send("ann", "request_deposit", M).check().timestamp
    waiting.refuses("receiver has a request", "kim", "request_deposit", 1, ann)
    waiting.chain.mine(DAY // 2)
    later = waiting.send("ann", "request_deposit", M).check().timestamp
    assert later > first
    assert waiting.view("deposit_request", ann) == (2 * M + 1, later + DAY, 0)
    waiting.chain.mine(DAY)
    waiting.ok("kim", "request_deposit", 7, ann)
    request = waiting.view("deposit_request", ann)
    assert (request.waiting, request.matured) == (7, 2 * M + 1)


def test_a_request_is_taken_back_what_waits_first(waiting: VaultDesk) -> None:
    waiting.fund("ann", 10 * M)
    ann = waiting.who("ann")
    waiting.ok("ann", "request_deposit", 4 * M)
    waiting.chain.mine(DAY)
    second = waiting.send("ann", "request_deposit", 3 * M).check().timestamp
    receipt = waiting.send("ann", "cancel_deposit", 2 * M).check()
    event = receipt.event("DepositCancelled")
    assert (event.receiver, event.assets, event.waiting, event.matured) == (ann, 2 * M, M, 4 * M)
    assert waiting.view("deposit_request", ann) == (M, second + DAY, 4 * M)
    waiting.ok("ann", "cancel_deposit", 2 * M)
    assert waiting.view("deposit_request", ann) == (0, 0, 3 * M)
    waiting.refuses("more than requested", "ann", "cancel_deposit", 3 * M + 1)
    waiting.refuses("zero amount", "ann", "cancel_deposit", 0)
    waiting.ok("ann", "cancel_deposit", ALL)
    assert waiting.tokens("ann") == 10 * M
    assert waiting.view("requested_assets") == 0
    waiting.refuses("zero amount", "ann", "cancel_deposit", ALL)


def test_what_a_deposit_request_refuses(waiting: VaultDesk) -> None:
    waiting.fund("ann", M)
    waiting.refuses("zero amount", "ann", "request_deposit", 0)
    waiting.refuses("bad receiver", "ann", "request_deposit", 1, ZERO_ADDRESS)
    waiting.refuses("bad receiver", "ann", "request_deposit", 1, waiting.vault.address)
    waiting.refuses("insufficient balance", "ann", "request_deposit", M + 1)
    waiting.refuses("insufficient allowance", "kim", "request_deposit", 1)


def test_without_a_delay_there_is_nothing_to_request(desk: VaultDesk) -> None:
    desk.fund("ann", M)
    desk.refuses("no delay", "ann", "request_deposit", M)
    assert desk.ok("ann", "deposit", M, desk.who("ann")) == M * OFFSET
    desk.refuses("no lock-up", "ann", "request_redeem", 1)


# ---- redemptions


def test_a_redemption_waits_with_the_vault(entered: VaultDesk) -> None:
    ann = entered.who("ann")
    receipt = entered.send("ann", "request_redeem", 30 * M * OFFSET).check()
    event = receipt.event("RedeemRequested")
    assert (event.owner, event.shares) == (ann, 30 * M * OFFSET)
    assert (event.waiting, event.matured, event.matures_at) == (30 * M * OFFSET, 0, receipt.timestamp + 2 * DAY)
    assert entered.shares("ann") == 70 * M * OFFSET
    assert entered.view("queued_shares") == entered.view("balanceOf", entered.vault.address) == 30 * M * OFFSET
    assert entered.view("totalSupply") == 200 * M * OFFSET
    assert entered.view("maxRedeem", ann) == entered.view("maxWithdraw", ann) == 0
    entered.refuses("shares not matured", "ann", "redeem", 1, ann, ann)
    entered.chain.set_next_timestamp(receipt.timestamp + 2 * DAY - 1)
    entered.refuses("shares not matured", "ann", "withdraw", 1, ann, ann)
    entered.chain.mine()
    assert entered.view("maxRedeem", ann) == 30 * M * OFFSET
    assert entered.view("maxWithdraw", ann) == 30 * M


def test_matured_shares_are_paid_from_the_clearinghouse(entered: VaultDesk) -> None:
    ann, kim = entered.who("ann"), entered.who("kim")
    entered.ok("ann", "request_redeem", 30 * M * OFFSET)
    entered.chain.mine(2 * DAY)
    receipt = entered.send("ann", "redeem", 10 * M * OFFSET, kim, ann).check()
    event = receipt.event("Withdraw")
    assert (event.sender, event.receiver, event.owner) == (ann, kim, ann)
    assert (event.assets, event.shares) == (receipt.value, 10 * M * OFFSET) == (10 * M, 10 * M * OFFSET)
    assert entered.tokens("kim") == 10 * M
    assert entered.ok("ann", "withdraw", 20 * M, kim, ann) == 20 * M * OFFSET
    assert entered.tokens("kim") == 30 * M
    assert entered.view("redeem_request", ann) == (0, 0, 0)
    assert entered.view("totalSupply") == 170 * M * OFFSET
    assert entered.free == 170 * WAD
    entered.refuses("shares not matured", "ann", "redeem", 1, ann, ann)


def test_what_waits_bears_losses(entered: VaultDesk) -> None:
    """Both halves lose the same, queued or not."""
    entered.ok("ann", "request_redeem", 100 * M * OFFSET)
    entered.tell("lose", entered.vault.address, 50 * WAD)
    entered.chain.mine(2 * DAY)
    ann = entered.who("ann")
    assert entered.ok("ann", "redeem", 100 * M * OFFSET, ann, ann) == 75 * M
    assert entered.view("convertToAssets", 100 * M * OFFSET) == 75 * M


def test_asking_for_more_starts_only_what_waits_anew(entered: VaultDesk) -> None:
    ann = entered.who("ann")
    entered.ok("ann", "request_redeem", 10 * M * OFFSET)
    entered.chain.mine(2 * DAY)
    at = entered.send("ann", "request_redeem", 5 * M * OFFSET).check().timestamp
    assert entered.view("redeem_request", ann) == (5 * M * OFFSET, at + 2 * DAY, 10 * M * OFFSET)
    entered.chain.mine(DAY)
    at = entered.send("ann", "request_redeem", 5 * M * OFFSET).check().timestamp
    assert entered.view("redeem_request", ann) == (10 * M * OFFSET, at + 2 * DAY, 10 * M * OFFSET)


def test_queued_shares_are_taken_back(entered: VaultDesk) -> None:
    ann = entered.who("ann")
    entered.ok("ann", "request_redeem", 10 * M * OFFSET)
    entered.chain.mine(2 * DAY)
    entered.ok("ann", "request_redeem", 5 * M * OFFSET)
    receipt = entered.send("ann", "cancel_redeem", 6 * M * OFFSET).check()
    event = receipt.event("RedeemCancelled")
    assert (event.owner, event.shares, event.waiting, event.matured) == (ann, 6 * M * OFFSET, 0, 9 * M * OFFSET)
    assert entered.shares("ann") == 91 * M * OFFSET
    entered.refuses("more than requested", "ann", "cancel_redeem", 9 * M * OFFSET + 1)
    entered.refuses("zero amount", "ann", "cancel_redeem", 0)
    entered.ok("ann", "cancel_redeem", ALL)
    assert (entered.shares("ann"), entered.view("queued_shares")) == (100 * M * OFFSET, 0)


def test_what_a_redeem_request_refuses(entered: VaultDesk) -> None:
    entered.refuses("zero amount", "ann", "request_redeem", 0)
    entered.refuses("insufficient shares", "ann", "request_redeem", 100 * M * OFFSET + 1)
    entered.refuses("insufficient shares", "kim", "request_redeem", 1)


# ---- what is not free


def test_redemptions_get_what_is_free_and_the_rest_stays_queued(entered: VaultDesk) -> None:
    entered.market(0, mark=100)
    entered.back_up(0, size=15 * WAD, margin=150 * WAD).check()
    ann = entered.who("ann")
    entered.ok("ann", "request_redeem", 100 * M * OFFSET)
    entered.chain.mine(2 * DAY)
    assert entered.view("totalAssets") == 200 * M
    assert entered.view("maxWithdraw", ann) == 50 * M
    most = entered.view("maxRedeem", ann)
    assert entered.view("convertToAssets", most) == 50 * M
    assert entered.view("convertToAssets", most + 1) == 50 * M + 1
    entered.refuses("insufficient collateral", "ann", "redeem", most + 1, ann, ann)
    entered.refuses("insufficient collateral", "ann", "withdraw", 50 * M + 1, ann, ann)
    assert entered.ok("ann", "redeem_available") == 50 * M
    assert entered.view("redeem_request", ann).matured == 50 * M * OFFSET
    assert entered.ok("ann", "redeem_available") == 0
    assert entered.view("redeem_request", ann).matured == 50 * M * OFFSET
    entered.ok("kim", "unwind", 0, ALL)
    assert entered.ok("ann", "redeem_available", entered.who("kim")) == 50 * M
    assert (entered.tokens("ann"), entered.tokens("kim"), entered.view("queued_shares")) == (50 * M, 50 * M, 0)


# ---- changed delays


def test_a_new_delay_counts_for_later_requests(waiting: VaultDesk) -> None:
    waiting.fund("ann", 10 * M)
    ann = waiting.who("ann")
    at = waiting.send("ann", "request_deposit", M).check().timestamp
    waiting.ok("owner", "set_delays", 10 * DAY, 20 * DAY)
    assert waiting.view("deposit_request", ann).matures_at == at + DAY
    waiting.chain.mine(DAY)
    waiting.ok("ann", "deposit", M, ann)
    again = waiting.send("ann", "request_deposit", M).check().timestamp
    assert waiting.view("deposit_request", ann).matures_at == again + 10 * DAY


def test_without_delays_old_requests_are_taken_back(entered: VaultDesk) -> None:
    ann = entered.who("ann")
    entered.fund("ann", 5 * M)
    entered.ok("ann", "request_deposit", 5 * M)
    entered.ok("ann", "request_redeem", 40 * M * OFFSET)
    entered.ok("owner", "set_delays", 0, 0)
    assert entered.view("maxRedeem", ann) == 60 * M * OFFSET
    entered.refuses("insufficient shares", "ann", "redeem", 60 * M * OFFSET + 1, ann, ann)
    entered.ok("ann", "cancel_redeem", ALL)
    entered.ok("ann", "cancel_deposit", ALL)
    assert entered.ok("ann", "redeem", 100 * M * OFFSET, ann, ann) == 100 * M
    assert entered.tokens("ann") == 105 * M
