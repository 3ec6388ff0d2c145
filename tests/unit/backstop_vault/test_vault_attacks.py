"""What somebody might try: inflate the share price, come for a profit at hand, leave ahead of a loss, re-enter."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from test_vault_standard import enter, opened, ready
from vault_desk import ALL, OFFSET, VaultDesk

from nacre.chain import restored
from nacre.units import DAY, WAD

M = 10**6


# ---- inflation


@pytest.mark.parametrize(("decimals", "delay"), [(0, 0), (6, 0), (18, 0), (0, 60), (18, 60)])
@settings(max_examples=60)
@given(
    first=st.integers(0, 10**4),
    gift=st.one_of(st.integers(0, 100), st.integers(0, 10**12)),
    deposit=st.one_of(st.integers(1, 100), st.integers(1, 10**12)),
    late_gift=st.one_of(st.just(0), st.integers(0, 10**6)),
)
def test_a_gift_never_pays(decimals: int, delay: int, first: int, gift: int, deposit: int, late_gift: int) -> None:
    """The attacker is first, gives, lets the victim in, may give again, and leaves: with less than it brought."""
    desk = opened(decimals, delay)
    kim, ann = desk.who("kim"), desk.who("ann")
    with restored(desk.chain):
        had, victim_had = desk.tokens("kim"), desk.tokens("ann")
        enter(desk, "kim", first)
        if gift:
            desk.token.transact("approve", desk.house.address, ALL, sender=kim).check()
            desk.house.transact("deposit", gift, desk.vault.address, sender=kim).check()
        price = (first + gift + 1) / (first * OFFSET + OFFSET)
        ready(desk, "ann", deposit, 0)
        accepted = desk.send("ann", "deposit", deposit, ann)
        assert accepted.ok or accepted.reason == "zero shares"
        if late_gift:
            desk.gift(late_gift)
            desk.token.transact("transfer", desk.who("giver"), late_gift, sender=kim).check()
        for name in ("kim", "ann"):
            if shares := desk.shares(name):
                ready(desk, name, 0, shares)
                desk.ok(name, "redeem", shares, desk.who(name), desk.who(name))
        if not accepted.ok and delay:
            desk.ok("ann", "cancel_deposit", ALL)
        assert desk.tokens("kim") <= had
        # The victim loses less than a share, and a unit by rounding.
        assert victim_had - desk.tokens("ann") <= price + 1


def test_what_a_gift_costs_and_does() -> None:
    """To take a hundredth of a deposit from its owner costs ten thousand times the deposit."""
    desk = opened(6, 0)
    ann, kim = desk.who("ann"), desk.who("kim")
    with restored(desk.chain):
        deposit = 1_000 * M
        had = desk.tokens("kim")
        enter(desk, "kim", 1)
        gift = 10_000 * deposit * 2
        desk.token.transact("approve", desk.house.address, ALL, sender=kim).check()
        desk.house.transact("deposit", gift, desk.vault.address, sender=kim).check()
        shares = desk.ok("ann", "deposit", deposit, ann)
        worth = desk.view("previewRedeem", shares)
        assert deposit * 98 // 100 <= worth <= deposit
        desk.ok("kim", "redeem", OFFSET, kim, kim)
        assert had - desk.tokens("kim") > gift * 49 // 100


# ---- a profit at hand, a loss at hand


def test_nobody_comes_for_a_profit_at_hand(waiting: VaultDesk) -> None:
    """A position worth 300 is about to be taken over for 50: who asks now is a day late."""
    waiting.fund("ann", 1_000 * M)
    waiting.fund("kim", 1_000 * M)
    ann, kim = waiting.who("ann"), waiting.who("kim")
    waiting.ok("ann", "request_deposit", 1_000 * M)
    waiting.chain.mine(DAY)
    waiting.ok("ann", "deposit", 1_000 * M, ann)
    waiting.market(0)
    waiting.ok("kim", "request_deposit", 1_000 * M)
    waiting.refuses("deposit not matured", "kim", "deposit", 1_000 * M, kim)
    waiting.back_up(0, size=10 * WAD, balance=300 * WAD, margin=50 * WAD).check()
    waiting.chain.mine(DAY)
    waiting.mark(0, 100 * WAD)
    shares = waiting.ok("kim", "deposit", 1_000 * M, kim)
    assert waiting.view("previewRedeem", shares) <= 1_000 * M
    assert waiting.view("convertToAssets", waiting.shares("ann")) >= 1_300 * M - 1


def test_nobody_leaves_ahead_of_a_loss(waiting: VaultDesk) -> None:
    for name in ("ann", "kim"):
        waiting.fund(name, 1_000 * M)
        waiting.ok(name, "request_deposit", 1_000 * M)
    waiting.chain.mine(DAY)
    for name in ("ann", "kim"):
        waiting.ok(name, "deposit", 1_000 * M, waiting.who(name))
    waiting.market(0)
    waiting.back_up(0, size=50 * WAD, margin=600 * WAD).check()
    kim = waiting.who("kim")
    waiting.ok("kim", "request_redeem", waiting.shares("kim"))
    waiting.refuses("shares not matured", "kim", "redeem", 1, kim, kim)
    waiting.mark(0, 90 * WAD)
    waiting.chain.mine(2 * DAY)
    assert waiting.ok("kim", "redeem_available") == 750 * M


def test_nobody_leaves_in_the_block_of_a_jump(desk: VaultDesk) -> None:
    """Who pushes a price may ruin the vault's counterparty: leaving before that is absorbed waits, as for traders."""
    desk.seed("kim", 1_000 * M)
    desk.market(0)
    desk.back_up(0, size=10 * WAD, margin=100 * WAD).check()
    kim = desk.who("kim")
    desk.mark(0, 130 * WAD, jumped=True)
    desk.refuses("price just jumped", "kim", "redeem", 1, kim, kim)
    desk.mark(0, 130 * WAD)
    assert desk.ok("kim", "redeem", 100 * M * OFFSET, kim, kim) == 130 * M - 1


# ---- total losses


def test_after_a_total_loss_there_is_another_start() -> None:
    """The shares that are left are worth next to nothing; who comes later owns what it brings."""
    desk = VaultDesk.open(decimals=18)
    desk.seed("ann", 10**25)
    desk.tell("lose", desk.vault.address, 10**25)
    assert desk.view("convertToAssets", desk.shares("ann")) == 0
    shares = desk.seed("bea", 10**25)
    bea, ann = desk.who("bea"), desk.who("ann")
    assert shares == 10**25 * (10**31 + OFFSET)
    assert desk.view("previewRedeem", shares) >= 10**25 - 1
    assert desk.ok("ann", "redeem", desk.shares("ann"), ann, ann) <= 1
    desk.tell("lose", desk.vault.address, desk.free)
    assert desk.ok("bea", "redeem", 1, bea, bea) == 0
    # all shares there may be: 2^192
    desk.fund("kim", 10**25)
    kim = desk.who("kim")
    room = 2**192 - desk.view("totalSupply")
    assert desk.view("maxDeposit", kim) == room // (desk.view("totalSupply") + OFFSET)
    assert desk.view("maxMint", kim) == desk.view("maxDeposit", kim) * (desk.view("totalSupply") + OFFSET)
    desk.refuses("too many shares", "kim", "deposit", desk.view("maxDeposit", kim) + 1, kim)
    desk.ok("kim", "deposit", desk.view("maxDeposit", kim), kim)
    assert desk.view("maxDeposit", kim) == desk.view("maxMint", kim) == 0
    room = 2**192 - desk.view("totalSupply")
    desk.refuses("too many shares", "kim", "mint", room + 1, kim)
    desk.ok("kim", "mint", room, kim)
    assert desk.view("totalSupply") == 2**192
    assert desk.view("maxDeposit", kim) == desk.view("maxMint", kim) == 0


# ---- tokens that misbehave, and re-entrance


FALSE, LIES, REVERTS, SILENT, FEE, MORE, REENTERS = (1 << bit for bit in range(7))


@pytest.mark.parametrize(
    ("mode", "reason"),
    [
        (FALSE, "transfer failed"),
        (LIES, "fee on transfer"),
        (REVERTS, "token says no"),
        (SILENT, "transfer failed"),
        (FEE, "fee on transfer"),
        (MORE, "fee on transfer"),
    ],
)
def test_bad_tokens(mode: int, reason: str) -> None:
    for delay, function in ((0, "deposit"), (10, "request_deposit")):
        desk = VaultDesk.open(token="MockBadToken", delay=delay)
        desk.fund("ann", 1_000 * M)
        desk.token.transact("set_mode", mode, sender=desk.owner).check()
        desk.refuses(reason, "ann", function, 1_000 * M, desk.who("ann"))


@pytest.mark.parametrize(("mode", "reason"), [(FALSE, "transfer failed"), (REVERTS, "token says no")])
def test_bad_tokens_on_the_way_back(mode: int, reason: str) -> None:
    desk = VaultDesk.open(token="MockBadToken", delay=10)
    desk.fund("ann", 1_000 * M)
    desk.ok("ann", "request_deposit", 1_000 * M)
    desk.token.transact("set_mode", mode, sender=desk.owner).check()
    desk.refuses(reason, "ann", "cancel_deposit", ALL)
    desk.token.transact("set_mode", 0, sender=desk.owner).check()
    desk.ok("ann", "cancel_deposit", ALL)
    assert desk.tokens("ann") == 1_000 * M


@pytest.mark.parametrize(
    "call",
    [
        ("totalAssets",),
        ("maxRedeem", "ann"),
        ("deposit", 1, "ann"),
        ("redeem", 1, "ann", "ann"),
        ("request_deposit", 1),
        ("cancel_deposit", 1),
        ("request_redeem", 1),
        ("transfer", "ann", 1),
        ("unwind", 0, 1),
        ("release", 0),
        ("admit", 0),
    ],
)
def test_nothing_is_entered_twice(call: tuple[object, ...]) -> None:
    """Not even a view answers in the middle of a deposit: nobody is told a share price that is none."""
    desk = VaultDesk.open(token="MockBadToken", delay=10, lock_up=10)
    desk.fund("ann", 1_000 * M)
    ann = desk.who("ann")
    desk.ok("ann", "request_deposit", 500 * M)
    desk.chain.mine(10)
    name, *arguments = [ann if part == "ann" else part for part in call]
    data = desk.vault.encode(str(name), *arguments)
    desk.token.transact("set_reentry", desk.vault.address, data, sender=desk.owner).check()
    desk.ok("ann", "deposit", 500 * M, ann)
    assert desk.token.call("reentries") >= 1
    assert desk.token.call("successes") == 0
    assert desk.shares("ann") == 500 * M * OFFSET
