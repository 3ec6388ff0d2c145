"""What the owner may do, and what it takes to deploy a vault."""

import pytest
from vault_desk import VaultDesk

from nacre.artifacts import load
from nacre.chain import ZERO_ADDRESS, TransactionFailed
from nacre.units import DAY, WAD

SETTERS = [("set_loss_cap", 0, WAD), ("set_band", 50), ("set_delays", 1, 2)]


@pytest.mark.parametrize("call", SETTERS)
def test_only_the_owner_sets(desk: VaultDesk, call: tuple[str, ...]) -> None:
    desk.refuses("ownable: caller is not the owner", "kim", *call)
    desk.ok("owner", *call)


def test_loss_caps(desk: VaultDesk) -> None:
    event = desk.send("owner", "set_loss_cap", 7, 5 * WAD).check().event("LossCapSet")
    assert (event.market, event.loss_cap, event.committed) == (7, 5 * WAD, 0)
    assert desk.view("loss_cap", 7) == 5 * WAD
    desk.ok("owner", "set_loss_cap", 7, 2**104 - 1)
    desk.refuses("bad loss cap", "owner", "set_loss_cap", 7, 2**104)


def test_the_band(desk: VaultDesk) -> None:
    assert desk.view("band_bps") == 100
    assert desk.send("owner", "set_band", 1).check().event("BandSet").band_bps == 1
    desk.ok("owner", "set_band", 1_000)
    assert desk.view("band_bps") == 1_000
    desk.refuses("bad band", "owner", "set_band", 0)
    desk.refuses("bad band", "owner", "set_band", 1_001)


def test_delays(desk: VaultDesk) -> None:
    event = desk.send("owner", "set_delays", 30 * DAY, 30 * DAY).check().event("DelaysSet")
    assert (event.deposit_delay, event.lock_up) == (30 * DAY, 30 * DAY)
    desk.ok("owner", "set_delays", 5, 6)
    assert (desk.view("deposit_delay"), desk.view("lock_up")) == (5, 6)
    desk.refuses("bad deposit delay", "owner", "set_delays", 30 * DAY + 1, 0)
    desk.refuses("bad lock-up", "owner", "set_delays", 0, 30 * DAY + 1)


def test_ownership_takes_two_steps(desk: VaultDesk) -> None:
    kim = desk.who("kim")
    assert desk.view("owner") == desk.owner
    desk.ok("owner", "transfer_ownership", kim)
    assert (desk.view("owner"), desk.view("pending_owner")) == (desk.owner, kim)
    desk.refuses("not pending owner", "ann", "accept_ownership")
    desk.ok("kim", "accept_ownership")
    desk.refuses("ownable: caller is not the owner", "owner", "set_band", 5)
    desk.ok("kim", "set_band", 5)


def test_the_deployer_has_no_role(desk: VaultDesk) -> None:
    desk.refuses("ownable: caller is not the owner", "deployer", "set_band", 5)


def test_who_it_belongs_to(desk: VaultDesk) -> None:
    for name in ("CLEARINGHOUSE", "LENS", "ENGINE"):
        assert desk.view(name) == desk.house.address


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({0: "nobody"}, "no clearinghouse"),
        ({0: "token"}, "no clearinghouse"),
        ({1: ZERO_ADDRESS}, "zero address"),
        ({2: ZERO_ADDRESS}, "zero address"),
        ({3: ZERO_ADDRESS}, "zero owner"),
        ({4: 30 * DAY + 1}, "bad deposit delay"),
        ({5: 30 * DAY + 1}, "bad lock-up"),
        ({6: 0}, "bad band"),
        ({6: 1_001}, "bad band"),
    ],
)
def test_what_deployment_refuses(desk: VaultDesk, changed: dict[int, object], reason: str) -> None:
    house, known = desk.house.address, {"nobody": desk.who("nobody"), "token": desk.token.address}
    arguments: list[object] = [house, house, house, desk.owner, 0, 0, 100, "Nacre backstop", "nBACK"]
    for place, value in changed.items():
        arguments[place] = known.get(str(value), value)
    with pytest.raises(TransactionFailed, match=reason):
        desk.chain.deploy(load("BackstopVault"), *arguments, sender=desk.who("deployer"))
