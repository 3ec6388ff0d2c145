"""ERC-4626, in whatever state the vault is: previews equal actions, limits are exact, no round trip pays.

Each vault in all decimals, with and without delays; where there are delays, everybody has asked and waited.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vault_desk import ALL, OFFSET, VaultDesk

from nacre.chain import ZERO_ADDRESS, restored
from nacre.units import MAX_UINT256, WAD

EXAMPLES = 60
KINDS = [(decimals, delay) for decimals in (0, 6, 18) for delay in (0, 60)]
OUTSIDE = 10**15  # whole tokens, more than anybody uses


@dataclass(frozen=True)
class Scene:
    """What happened before. `first` and `second` are whole tokens and units that Ann and Bea deposited."""

    first: int
    second: int
    gift: int  # token units
    stray: int  # WAD that no token unit holds
    margin_percent: int  # of the vault's collateral, in a position of ten times as much
    mark: int  # percent of the price it was entered at
    pot_percent: int  # of what a second position paid back; the rest is owed


scenes = st.builds(
    Scene,
    first=st.integers(0, 10**7),
    second=st.one_of(st.just(0), st.integers(1, 10**5)),
    gift=st.one_of(st.just(0), st.integers(1, 10**9)),
    stray=st.integers(0, WAD - 1),
    margin_percent=st.integers(0, 100),
    mark=st.integers(88, 125),
    pot_percent=st.integers(0, 100),
)
amounts = st.one_of(st.integers(0, 20), st.integers(0, 10**9), st.integers(0, 2 * 10**26))


@lru_cache
def opened(decimals: int, delay: int) -> VaultDesk:
    """Ann, Bea and Kim have more than they use; what an example does is undone."""
    desk = VaultDesk.open(decimals=decimals, delay=delay, lock_up=delay)
    for name in ("ann", "bea", "kim"):
        desk.fund(name, OUTSIDE * desk.unit)
    return desk


def enter(desk: VaultDesk, name: str, amount: int) -> None:
    """A deposit, with all that takes."""
    if desk.view("deposit_delay") and amount:
        desk.ok(name, "request_deposit", amount)
        desk.chain.mine(60)
    desk.send(name, "deposit", amount, desk.who(name))


def arrange(desk: VaultDesk, scene: Scene) -> None:
    enter(desk, "ann", scene.first * desk.unit)
    if scene.gift:
        desk.gift(scene.gift)
    enter(desk, "bea", scene.second)
    desk.tell("give", desk.vault.address, scene.stray % desk.scale)
    for market in (0, 1):
        desk.market(market, cap=10**8)
    margin = min(desk.free, 10**8 * WAD) * scene.margin_percent // 100
    desk.back_up(0, size=margin // 10, margin=margin).check()
    desk.back_up(1, size=-WAD, margin=desk.free // 10).check()
    desk.tell("set_pot", 1, desk.free // 9 * scene.pot_percent // 100)
    desk.ok("kim", "unwind", 1, ALL)
    desk.mark(0, scene.mark * WAD)


def ready(desk: VaultDesk, name: str, assets: int, shares: int) -> None:
    """Asks and waits, where there are delays: so much may be deposited, so many shares redeemed."""
    if not desk.view("deposit_delay"):
        return
    if assets:
        desk.ok(name, "request_deposit", assets)
    if shares:
        desk.ok(name, "request_redeem", shares)
    desk.chain.mine(60)


def everywhere(test: Callable[..., None]) -> Callable[..., None]:
    wrapped = settings(max_examples=EXAMPLES)(given(scene=scenes, amount=amounts)(test))
    return pytest.mark.parametrize(("decimals", "delay"), KINDS)(wrapped)


@everywhere
def test_previews_equal_actions(decimals: int, delay: int, scene: Scene, amount: int) -> None:
    desk = opened(decimals, delay)
    ann = desk.who("ann")
    with restored(desk.chain):
        arrange(desk, scene)
        amount %= 10**7 * desk.unit
        ready(desk, "ann", 2 * 10**7 * desk.unit, desk.shares("ann"))
        holds = desk.view("redeem_request", ann).matured if delay else desk.shares("ann")
        for function, asked, rest in (
            ("deposit", amount, (ann,)),
            ("mint", amount * OFFSET + amount, (ann,)),
            ("withdraw", amount, (ann, ann)),
            ("redeem", amount % (holds + 1), (ann, ann)),
        ):
            preview = desk.view("preview" + function.title(), asked)
            most = desk.view("max" + function.title(), ann)
            receipt = desk.send("ann", function, asked, *rest)
            # What buys no share is refused, whatever the limit.
            if function == "deposit" and preview == 0 < asked:
                assert receipt.reason == "zero shares"
                continue
            assert receipt.ok == (asked <= most), (function, asked, most, receipt.reason)
            assert not receipt.ok or receipt.value == preview


@everywhere
def test_limits_are_exact(decimals: int, delay: int, scene: Scene, amount: int) -> None:
    desk = opened(decimals, delay)
    ann, kim = desk.who("ann"), desk.who("kim")
    with restored(desk.chain):
        arrange(desk, scene)
        ready(desk, "ann", amount % (10**7 * desk.unit), desk.shares("ann") * (amount % 101) // 100)
        for function, rest in (("deposit", (ann,)), ("mint", (ann,)), ("withdraw", (kim, ann)), ("redeem", (kim, ann))):
            most = desk.view("max" + function.title(), ann)
            with restored(desk.chain):
                desk.ok("ann", function, most, *rest)
            with restored(desk.chain):
                receipt = desk.send("ann", function, most + 1, *rest)
                assert not receipt.ok, f"{function}: {most} is the most, and {most + 1} goes through"


@everywhere
def test_no_round_trip_pays(decimals: int, delay: int, scene: Scene, amount: int) -> None:
    """Whoever comes and goes at one price, in whatever order, by whatever function, ends with no more than before."""
    desk = opened(decimals, delay)
    ann = desk.who("ann")
    with restored(desk.chain):
        arrange(desk, scene)
        ready(desk, "ann", 10**7 * desk.unit, desk.shares("ann"))
        assets = min(amount, desk.view("maxDeposit", ann))
        shares = min(amount, desk.view("maxMint", ann))
        out = min(amount, desk.view("maxRedeem", ann))
        paid = min(amount, desk.view("maxWithdraw", ann))
        if assets and desk.view("previewDeposit", assets):
            with restored(desk.chain):
                got = desk.ok("ann", "deposit", assets, ann)
                assert desk.view("previewRedeem", got) <= assets
                assert desk.view("previewWithdraw", assets) >= got
        with restored(desk.chain):
            cost = desk.ok("ann", "mint", shares, ann)
            assert desk.view("previewRedeem", shares) <= cost
            assert desk.view("previewWithdraw", cost) >= shares
        with restored(desk.chain):
            got = desk.ok("ann", "redeem", out, ann, ann)
            assert desk.view("previewDeposit", got) <= out
            assert desk.view("previewMint", out) >= got
        with restored(desk.chain):
            burnt = desk.ok("ann", "withdraw", paid, ann, ann)
            assert desk.view("previewDeposit", paid) <= burnt
            assert desk.view("previewMint", burnt) >= paid


@everywhere
def test_who_stays_loses_nothing(decimals: int, delay: int, scene: Scene, amount: int) -> None:
    """Nobody's coming or going lowers what the others' shares are worth."""
    desk = opened(decimals, delay)
    ann = desk.who("ann")
    with restored(desk.chain):
        arrange(desk, scene)
        ready(desk, "ann", 10**7 * desk.unit, desk.shares("ann"))
        share = 10**30
        for function, most, rest in (
            ("deposit", "maxDeposit", (ann,)),
            ("mint", "maxMint", (ann,)),
            ("redeem", "maxRedeem", (ann, ann)),
            ("withdraw", "maxWithdraw", (ann, ann)),
        ):
            worth = desk.view("convertToAssets", share)
            asked = min(amount, desk.view(most, ann))
            if function != "deposit" or desk.view("previewDeposit", asked):
                desk.ok("ann", function, asked, *rest)
            assert desk.view("convertToAssets", share) >= worth


@everywhere
def test_views_never_revert(decimals: int, delay: int, scene: Scene, amount: int) -> None:
    desk = opened(decimals, delay)
    ann, kim = desk.who("ann"), desk.who("kim")
    with restored(desk.chain):
        arrange(desk, scene)
        for state in ({}, {"stale": True}, {"jumped": True}, {"broken": True}):
            desk.mark(0, scene.mark * WAD, **state)
            assert desk.view("asset") == desk.token.address
            total, supply = desk.view("totalAssets"), desk.view("totalSupply")
            shares, assets = desk.view("convertToShares", amount), desk.view("convertToAssets", amount)
            assert shares == amount * (supply + OFFSET) // (total + 1)
            assert assets == amount * (total + 1) // (supply + OFFSET)
            # the same for everybody
            assert desk.vault.call("convertToShares", amount, sender=kim) == shares
            assert desk.vault.call("convertToAssets", amount, sender=ann) == assets
            for who in (ann, kim, desk.vault.address, ZERO_ADDRESS):
                for name in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
                    assert 0 <= desk.view(name, who) <= ALL


# ---- single cases of the standard


@pytest.mark.parametrize(("decimals", "delay"), KINDS)
def test_nothing_is_allowed_and_does_nothing(decimals: int, delay: int) -> None:
    desk = opened(decimals, delay)
    ann, bea, kim = (desk.who(name) for name in ("ann", "bea", "kim"))
    with restored(desk.chain):
        enter(desk, "ann", 100 * desk.unit)
        before = desk.books()
        for call in (("deposit", 0, bea), ("mint", 0, bea), ("withdraw", 0, bea, ann), ("redeem", 0, bea, ann)):
            receipt = desk.send("ann", *call).check()
            assert receipt.value == 0
            event = receipt.event("Deposit" if len(call) == 3 else "Withdraw")
            assert (event.sender, event.assets, event.shares) == (ann, 0, 0)
        desk.ok("kim", "redeem", 0, kim, ann)
        assert desk.books() == before


@pytest.mark.parametrize(("decimals", "delay"), KINDS)
@pytest.mark.parametrize("function", ["withdraw", "redeem"])
def test_somebody_else_redeems_by_allowance(decimals: int, delay: int, function: str) -> None:
    desk = opened(decimals, delay)
    ann, bea, kim = (desk.who(name) for name in ("ann", "bea", "kim"))
    with restored(desk.chain):
        unit = desk.unit
        enter(desk, "ann", 100 * unit)
        ready(desk, "ann", 0, 60 * unit * OFFSET)
        part = 10 * unit * (OFFSET if function == "redeem" else 1)
        desk.refuses("insufficient allowance", "kim", function, part, bea, ann)
        desk.ok("ann", "approve", kim, 15 * unit * OFFSET)
        had = desk.tokens("bea")
        receipt = desk.send("kim", function, part, bea, ann).check()
        event = receipt.event("Withdraw")
        assert (event.sender, event.receiver, event.owner) == (kim, bea, ann)
        assert (event.assets, event.shares) == (10 * unit, 10 * unit * OFFSET)
        assert desk.tokens("bea") == had + 10 * unit
        assert desk.view("allowance", ann, kim) == 5 * unit * OFFSET
        desk.refuses("insufficient allowance", "kim", function, part, bea, ann)
        desk.ok("ann", "approve", kim, ALL)
        desk.ok("kim", function, part, bea, ann)
        assert desk.view("allowance", ann, kim) == ALL


@pytest.mark.parametrize(("decimals", "delay"), KINDS)
def test_receivers_that_cannot_have_it(decimals: int, delay: int) -> None:
    desk = opened(decimals, delay)
    ann, vault = desk.who("ann"), desk.vault.address
    with restored(desk.chain):
        enter(desk, "ann", 100 * desk.unit)
        for receiver in (ZERO_ADDRESS, vault):
            assert desk.view("maxDeposit", receiver) == desk.view("maxMint", receiver) == 0
            for call in (("deposit", 1, receiver), ("mint", 1, receiver)):
                desk.refuses("bad receiver", "ann", *call)
            for call in (("withdraw", 0, receiver, ann), ("redeem", 0, receiver, ann), ("redeem_available", receiver)):
                desk.refuses("bad receiver", "ann", *call)


def test_deposits_larger_than_the_clearinghouse_takes(any_desk: VaultDesk) -> None:
    desk, limit = any_desk, 10**30 // any_desk.scale
    ann = desk.who("ann")
    desk.fund("ann", 3 * limit)
    assert desk.view("maxDeposit", ann) == limit
    desk.refuses("amount too large", "ann", "deposit", limit + 1, ann)
    desk.ok("ann", "deposit", limit, ann)
    assert desk.ok("ann", "mint", desk.view("maxMint", ann), ann) == limit


def test_amounts_that_nobody_has(desk: VaultDesk) -> None:
    edge = MAX_UINT256 // OFFSET
    assert desk.view("convertToShares", edge - 1) == (edge - 1) * OFFSET
    assert desk.reason("convertToShares", edge) == "conversion too large"
    desk.seed("ann", 10**6)
    total: Any = 10**6
    most = MAX_UINT256 // (10**12 + 10**6) * (total + 1)
    assert desk.view("convertToShares", most // 2) > 0
    for name in ("convertToShares", "previewDeposit", "previewWithdraw"):
        assert desk.reason(name, ALL) == "conversion too large"
    for name in ("convertToAssets", "previewMint", "previewRedeem"):
        assert desk.view(name, ALL) in (2**256 // OFFSET, 2**256 // OFFSET + 1)
    ann = desk.who("ann")
    desk.refuses("conversion too large", "ann", "deposit", ALL, ann)
    desk.gift(10**15)
    for name in ("convertToAssets", "previewMint", "previewRedeem"):
        assert desk.reason(name, ALL) == "conversion too large"
    desk.refuses("conversion too large", "ann", "redeem", ALL, ann, ann)
