"""The share as an ERC-20 token."""

import pytest
from vault_desk import ALL, OFFSET, VaultDesk

from nacre.chain import ZERO_ADDRESS

M = 10**6


@pytest.fixture
def shared(desk: VaultDesk) -> VaultDesk:
    """Ann has 100 whole shares."""
    desk.seed("ann", 100 * M)
    return desk


@pytest.mark.parametrize(("decimals", "share_decimals"), [(0, 6), (6, 12), (18, 24)])
def test_it_says_what_it_is(decimals: int, share_decimals: int) -> None:
    desk = VaultDesk.open(decimals=decimals)
    assert (desk.view("name"), desk.view("symbol")) == ("Nacre backstop", "nBACK")
    assert desk.view("decimals") == share_decimals
    assert desk.view("asset") == desk.token.address == desk.house.call("collateral")
    assert desk.view("totalSupply") == 0


def test_transfer(shared: VaultDesk) -> None:
    ann, bea = shared.who("ann"), shared.who("bea")
    receipt = shared.send("ann", "transfer", bea, 30 * M * OFFSET).check()
    assert receipt.value is True
    event = receipt.event("Transfer")
    assert (event.sender, event.receiver, event.value) == (ann, bea, 30 * M * OFFSET)
    assert (shared.shares("ann"), shared.shares("bea")) == (70 * M * OFFSET, 30 * M * OFFSET)
    shared.ok("ann", "transfer", ann, 70 * M * OFFSET)
    shared.ok("ann", "transfer", bea, 0)
    assert shared.shares("ann") == 70 * M * OFFSET
    shared.refuses("insufficient shares", "ann", "transfer", bea, 70 * M * OFFSET + 1)
    shared.refuses("bad receiver", "ann", "transfer", ZERO_ADDRESS, 1)
    shared.refuses("bad receiver", "ann", "transfer", shared.vault.address, 1)


def test_transfer_from(shared: VaultDesk) -> None:
    ann, bea, kim = (shared.who(name) for name in ("ann", "bea", "kim"))
    receipt = shared.send("ann", "approve", kim, 50).check()
    event = receipt.event("Approval")
    assert (receipt.value, event.owner, event.spender, event.value) == (True, ann, kim, 50)
    assert shared.view("allowance", ann, kim) == 50
    shared.refuses("insufficient allowance", "kim", "transferFrom", ann, bea, 51)
    assert shared.ok("kim", "transferFrom", ann, bea, 20) is True
    assert (shared.view("allowance", ann, kim), shared.shares("bea")) == (30, 20)
    shared.refuses("insufficient allowance", "kim", "transferFrom", ann, bea, 31)
    shared.refuses("bad receiver", "kim", "transferFrom", ann, shared.vault.address, 1)
    shared.refuses("insufficient allowance", "ann", "transferFrom", ann, bea, 1)
    shared.ok("ann", "approve", kim, ALL)
    shared.ok("kim", "transferFrom", ann, bea, 20)
    assert shared.view("allowance", ann, kim) == ALL
    shared.refuses("insufficient shares", "kim", "transferFrom", ann, bea, 100 * M * OFFSET)
    shared.ok("ann", "approve", kim, 0)
    shared.refuses("insufficient allowance", "kim", "transferFrom", ann, bea, 1)
    shared.refuses("zero spender", "ann", "approve", ZERO_ADDRESS, 1)


def test_what_the_library_could_do_besides_is_not_there(shared: VaultDesk) -> None:
    """No minter, no burning, no permit."""
    for signature in ("mint(address,uint256)", "burn(uint256)", "set_minter(address,bool)", "renounce_ownership()"):
        assert not [name for name in shared.vault.abi.functions.values() if name.signature == signature]
    for name in ("permit", "burn_from", "is_minter", "set_minter"):
        assert not shared.vault.abi.has(name)


def test_minting_and_burning_are_transfers_from_and_to_nobody(shared: VaultDesk) -> None:
    ann = shared.who("ann")
    shared.fund("ann", M)

    def moves(function: str, *arguments: object) -> list[tuple[str, str, int]]:
        logs = shared.send("ann", function, *arguments).check().logs
        own = [log for log in logs if log.name == "Transfer" and log.address == shared.vault.address]
        return [(log.sender, log.receiver, log.value) for log in own]

    assert moves("deposit", M, ann) == [(ZERO_ADDRESS, ann, M * OFFSET)]
    assert moves("redeem", M * OFFSET, ann, ann) == [(ann, ZERO_ADDRESS, M * OFFSET)]
    shared.ok("owner", "set_delays", 0, 1)
    vault = shared.vault.address
    assert moves("request_redeem", 5 * M * OFFSET) == [(ann, vault, 5 * M * OFFSET)]
    assert moves("cancel_redeem", M * OFFSET) == [(vault, ann, M * OFFSET)]
    shared.chain.mine(5)
    assert moves("redeem", 4 * M * OFFSET, ann, ann) == [(vault, ZERO_ADDRESS, 4 * M * OFFSET)]
