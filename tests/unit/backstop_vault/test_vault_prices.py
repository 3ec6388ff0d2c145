"""What the vault is worth: free collateral and the equity of each position at mark. Nobody comes or goes at a price
that is stale, has just jumped, or is not there."""

from typing import Any

import pytest
from vault_desk import ALL, OFFSET, VaultDesk

from nacre.chain import restored
from nacre.units import MAX_UINT256, WAD

M = 10**6
OBSTACLES: list[tuple[dict[str, Any], str, int]] = [
    ({"broken": True}, "no price", 1),
    ({"stale": True}, "stale price", 2),
    ({"jumped": True}, "price just jumped", 3),
]


@pytest.fixture
def holding(desk: VaultDesk) -> VaultDesk:
    """Ann's 1,000; long 10 in market 0, short 10 in market 1, both from 100 with 200 of margin."""
    desk.seed("ann", 1_000 * M)
    for market, size in ((0, 10 * WAD), (1, -10 * WAD)):
        desk.market(market)
        desk.back_up(market, size=size, margin=200 * WAD).check()
    return desk


def test_it_is_free_collateral_and_equity(holding: VaultDesk) -> None:
    assert holding.view("appraisal") == (600 * WAD, 400 * WAD, 0, 0)
    assert holding.view("totalAssets") == 1_000 * M
    holding.mark(0, 107 * WAD)
    assert holding.view("appraisal") == (600 * WAD, 470 * WAD, 0, 0)
    holding.mark(1, 103 * WAD)
    assert holding.view("appraisal") == (600 * WAD, 440 * WAD, 0, 0)
    holding.tell("set_carry", 0, holding.vault.address, 15 * WAD)
    assert holding.view("totalAssets") == 1_025 * M


def test_a_position_is_never_worth_less_than_nothing(holding: VaultDesk) -> None:
    """Its margin is all that the vault can lose in it."""
    holding.mark(0, 80 * WAD)
    assert holding.view("totalAssets") == 800 * M
    holding.mark(0, 30 * WAD)
    assert holding.view("totalAssets") == 800 * M
    holding.mark(1, 150 * WAD)
    assert holding.view("totalAssets") == 600 * M


def test_assets_are_rounded_down_for_who_leaves_and_up_for_who_comes(desk: VaultDesk) -> None:
    desk.seed("ann", 1_000 * M)
    supply = 1_000 * M * OFFSET
    desk.tell("give", desk.vault.address, 1)
    assert desk.view("totalAssets") == 1_000 * M
    assert desk.view("previewRedeem", supply) == supply * (1_000 * M + 1) // (supply + OFFSET)
    assert desk.view("previewDeposit", 10**12) == 10**12 * (supply + OFFSET) // (1_000 * M + 2)
    assert desk.view("previewMint", 10**18) == -(-(10**18) * (1_000 * M + 2) // (supply + OFFSET))
    assert desk.view("convertToShares", 10**12) == 10**12 * (supply + OFFSET) // (1_000 * M + 1)


@pytest.mark.parametrize(("state", "reason", "number"), OBSTACLES)
def test_nobody_comes_or_goes(holding: VaultDesk, state: dict[str, Any], reason: str, number: int) -> None:
    holding.fund("ann", M)
    holding.mark(1, 100 * WAD, **state)
    ann = holding.who("ann")
    holding.refuses(reason, "ann", "deposit", 1, ann)
    holding.refuses(reason, "ann", "mint", 1, ann)
    holding.refuses(reason, "ann", "withdraw", 1, ann, ann)
    holding.refuses(reason, "ann", "redeem", 1, ann, ann)
    holding.refuses(reason, "ann", "redeem_available")
    for name in ("previewDeposit", "previewMint", "previewWithdraw", "previewRedeem"):
        assert holding.reason(name, 1) == reason
    for name in ("maxDeposit", "maxMint", "maxWithdraw", "maxRedeem"):
        assert holding.view(name, ann) == 0
    assert holding.view("appraisal").obstacle == number
    holding.mark(1, 100 * WAD)
    assert holding.ok("ann", "deposit", M, ann) == M * OFFSET
    assert holding.ok("ann", "redeem", M * OFFSET, ann, ann) == M


@pytest.mark.parametrize(("state", "reason", "number"), OBSTACLES)
def test_no_position_no_obstacle(holding: VaultDesk, state: dict[str, Any], reason: str, number: int) -> None:
    """A market in which the vault has nothing may be as it likes, even while it is on the list."""
    holding.house.transact("deleverage", holding.vault.address, 1, False, sender=holding.owner).check()
    holding.mark(1, 100 * WAD, **state)
    holding.mark(2, 100 * WAD, **state)
    assert sorted(holding.view("active_markets")) == [0, 1]
    ann = holding.who("ann")
    assert holding.ok("ann", "redeem", OFFSET, ann, ann) == 1
    holding.ok("kim", "release", 1)


def test_the_worst_of_several_is_named(holding: VaultDesk) -> None:
    ann = holding.who("ann")
    for first, second, reason in (
        ("stale", "broken", "no price"),
        ("broken", "stale", "no price"),
        ("stale", "jumped", "stale price"),
        ("jumped", "stale", "price just jumped"),
    ):
        holding.mark(0, 100 * WAD, **{first: True})
        holding.mark(1, 100 * WAD, **{second: True})
        holding.refuses(reason, "ann", "redeem", 1, ann, ann)


def test_views_answer_at_the_last_price(holding: VaultDesk) -> None:
    """What the standard wants never to revert does not, whatever the oracle does."""
    holding.mark(0, 105 * WAD, stale=True)
    assert holding.view("totalAssets") == 1_050 * M
    assert holding.view("convertToAssets", 1_000 * M * OFFSET) == 1_000 * M * OFFSET * (1_050 * M + 1) // (
        1_000 * M * OFFSET + OFFSET
    )
    holding.mark(0, 105 * WAD, broken=True)
    assert holding.view("totalAssets") == 800 * M
    assert holding.view("convertToShares", M) == M * (1_000 * M * OFFSET + OFFSET) // (800 * M + 1)


def test_too_little_gas_is_no_lower_price(holding: VaultDesk) -> None:
    """Whoever starves the call to the lens gets no answer, rather than a share price without the position."""
    data = holding.vault.encode("totalAssets")
    full = holding.chain.raw_call(holding.vault.address, data)
    seen = set()
    for gas in range(4_000, 200_000, 1_500):
        answer = call_with_gas(holding, data, gas)
        if answer is not None:
            seen.add(answer)
    assert seen == {full}


def call_with_gas(desk: VaultDesk, data: bytes, gas: int) -> bytes | None:
    """None if it ran out of gas."""
    evm = desk.chain._evm
    checkpoint = evm.snapshot()
    try:
        return bytes(evm.message_call(desk.who("ann"), desk.vault.address, data, gas=gas + 21_000))
    except RuntimeError:
        return None
    finally:
        evm.revert(checkpoint)


def test_requests_need_no_price() -> None:
    desk = VaultDesk.open(delay=10, lock_up=10)
    desk.fund("ann", 100 * M)
    ann = desk.who("ann")
    desk.ok("ann", "request_deposit", 100 * M)
    desk.chain.mine(10)
    desk.ok("ann", "deposit", 60 * M, ann)
    desk.market(0)
    desk.back_up(0, size=WAD, margin=10 * WAD).check()
    desk.mark(0, 100 * WAD, broken=True)
    desk.ok("ann", "request_redeem", 20 * M * OFFSET)
    desk.ok("ann", "cancel_redeem", 5 * M * OFFSET)
    desk.ok("ann", "cancel_deposit", ALL)
    desk.fund("ann", M)
    desk.ok("ann", "request_deposit", M)
    desk.chain.mine(10)
    desk.refuses("no price", "ann", "redeem", 1, ann, ann)
    desk.refuses("no price", "ann", "deposit", 1, ann)


def test_no_more_leaves_than_the_outflow_limit_lets_go(desk: VaultDesk) -> None:
    """The most that can be withdrawn is exactly that, and who asks for all that is available gets it."""
    shares = desk.seed("ann", 1_000 * M)
    ann = desk.who("ann")
    desk.tell("set_outflow_room", 400 * WAD + desk.scale - 1)
    assert desk.view("maxWithdraw", ann) == 400 * M
    most = desk.view("maxRedeem", ann)
    assert most < shares
    desk.refuses("withdrawal limit", "ann", "withdraw", 400 * M + 1, ann, ann)
    with restored(desk.chain):
        assert desk.ok("ann", "redeem", most, ann, ann) <= 400 * M
    assert desk.ok("ann", "redeem_available", ann) == 400 * M
    desk.tell("set_outflow_room", 0)
    assert desk.view("maxWithdraw", ann) == 0
    assert desk.view("previewRedeem", desk.view("maxRedeem", ann)) == 0
    desk.tell("set_outflow_room", MAX_UINT256)
    assert desk.view("maxWithdraw", ann) == 600 * M
