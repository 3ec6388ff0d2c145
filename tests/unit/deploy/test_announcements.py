"""Calls as a person types them, and as a timelock's events tell them."""

import pytest

from nacre.chain import EmbeddedChain, restored
from nacre.chain.abi import checksum
from nacre.deploy import DeployError, deploy_system, list_market
from nacre.deploy.announcements import Announcement, announcements, changes, contract_named, told, typed
from nacre.deploy.timelock import NO_SALT
from nacre.presets import preset
from nacre.units import WAD

DELAY = 86_400
SOMEBODY = checksum("0x" + "5e" * 20)


@pytest.fixture(scope="module")
def system():
    system = deploy_system(EmbeddedChain(), timelock=DELAY)
    list_market(system, "main", preset("oyster"))
    return system


def data_of(system, what, *words):
    return typed(system, what, words)[1]


# ---- typed


@pytest.mark.parametrize(
    ("what", "words", "values"),
    [
        ("Config.set_withdrawal_limit", ("500e18", "7_200"), (500 * WAD, 7_200)),
        ("Config.set_withdrawal_limit", ("1.5e18", "3600"), (3 * WAD // 2, 3_600)),
        ("Config.set_reduce_only", ("0", "true"), (0, True)),
        ("Config.set_reduce_only", ("0", "False"), (0, False)),
        ("Config.set_guardian", (SOMEBODY.lower(),), (SOMEBODY,)),
        ("Treasury.set_period", ("7200",), (7_200,)),
        ("Config.end_listing", (), ()),
    ],
)
def test_plain_arguments(system, what, words, values):
    contract, data = typed(system, what, words)
    assert contract.name == what.split(".")[0]
    assert data == contract.encode(what.split(".")[1], *values)


def test_contracts_by_name(system):
    by_name = data_of(system, "Config.set_backstop_loss_cap", "BackstopVault", "0", "5e18")
    assert by_name == system.config.encode("set_backstop_loss_cap", system.vault.address, 0, 5 * WAD)
    contract, data = typed(system, "main.oracle.set_push_jump", ["55"])
    oracle = system.markets["main"].oracle
    assert (contract.address, data) == (oracle.address, oracle.encode("set_push_jump", 55))


def test_a_contract_that_is_not_of_the_system(system):
    contract, data = typed(system, f"SignedOracle@{SOMEBODY}.set_push_jump", ["9"])
    assert (contract.name, contract.address) == ("SignedOracle", SOMEBODY)
    assert data == contract.encode("set_push_jump", 9)


def test_single_fields_of_a_struct(system):
    now = system.config.call("market_params", 0)
    data = data_of(system, "Config.set_market_params", "0", "imr_bps=600", "tip=0.5e18", "cross_margin=true")
    changed = now._replace(imr_bps=600, tip=WAD // 2, cross_margin=True)
    assert data == system.config.encode("set_market_params", 0, changed)


def test_a_field_that_is_a_list(system):
    tiers = [[10**23, 1_500, 750], [0, 0, 0], [0, 0, 0]]
    data = data_of(system, "Config.set_market_params", "0", f"tiers={tiers}")
    changed = system.config.call("market_params", 0)._asdict() | {"tiers": tiers}
    assert data == system.config.encode("set_market_params", 0, changed)


@pytest.mark.parametrize(
    ("what", "words", "reason"),
    [
        ("Confg.pause", ("0",), "there is no contract 'Confg'; there are: Config, "),
        ("pause", ("0",), "there is no contract ''"),
        (f"Nonsense@{SOMEBODY}.pause", ("0",), "there is no contract Nonsense"),
        ("SignedOracle@0x12.push", (), "SignedOracle@0x12: "),
        ("Config.puase", ("0",), "there is no Config.puase"),
        ("Config.pause", (), "Config.pause takes 1 arguments, not 0"),
        ("Config.pause", ("0", "1"), "Config.pause takes 1 arguments, not 2"),
        ("Config.pause", ("first",), "'first' is no uint256 for market"),
        ("Config.pause", ("0.5",), "'0.5' is no uint256 for market"),
        ("Config.pause", ("inf",), "'inf' is no uint256 for market"),
        ("Config.set_reduce_only", ("0", "yes"), "'yes' is no bool for reduce_only"),
        ("Config.set_guardian", ("0x12",), "'0x12' is no address for guardian"),
        ("Config.pause", ("market=0",), "Config.pause has no fields to change"),
        ("Config.set_market_params", ("0", "imr=5"), "there is no field imr; there are: oracle, venue, imr_bps"),
        ("Config.set_market_params", ("0", "imr_bps=high"), "'high' is no uint256 for imr_bps"),
        ("Config.set_market_params", ("0", "tiers=none"), r"'none' is no tuple\[3\] for tiers"),
    ],
)
def test_what_is_mistyped(system, what, words, reason):
    with pytest.raises(DeployError, match=reason):
        typed(system, what, words)


def test_a_struct_that_nobody_tells(system):
    with pytest.raises(DeployError, match="Config does not say what list_market is now: give the struct whole"):
        typed(system, "Config.list_market", ["{}", "imr_bps=5"])


# ---- told


def test_what_was_typed_is_told(system):
    for what, words, expected in (
        ("Config.set_reduce_only", ("0", "true"), "Config.set_reduce_only(0, True)"),
        ("main.oracle.set_push_jump", ("55",), "main.oracle.set_push_jump(55)"),
        ("Timelock.set_canceller", (SOMEBODY,), f"Timelock.set_canceller({SOMEBODY})"),
    ):
        contract, data = typed(system, what, words)
        assert told(system, contract.address, data) == expected


def test_every_field_of_a_struct_is_told(system):
    contract, data = typed(system, "Config.set_market_params", ["0", "imr_bps=600"])
    text = told(system, contract.address, data)
    assert text.startswith("Config.set_market_params(0, (oracle=0x")
    assert " imr_bps=600, " in text
    assert all(f"{name}=" in text for name in system.config.call("market_params", 0)._fields)


def test_what_nobody_knows_is_told_as_it_is(system):
    assert told(system, SOMEBODY, b"\x01\x02") == f"{SOMEBODY} 0x0102"
    assert told(system, system.config.address, b"\x01\x02\x03\x04") == "Config 0x01020304"


def test_of_a_struct_what_it_changes_is_told(system):
    config, now = system.config, system.config.call("market_params", 0)
    contract, data = typed(system, "Config.set_market_params", ["0", "imr_bps=600", "cross_margin=true"])
    expected = [f"imr_bps: {now.imr_bps} -> 600", "cross_margin: False -> True"]
    assert changes(system, contract.address, data) == expected
    with restored(system.chain):
        # another change in between: executed, the call takes it back
        other = typed(system, "Config.set_market_params", ["0", f"tip={WAD}"])[1]
        arguments = (config.address, other, NO_SALT)
        system.timelock.transact("schedule", *arguments, sender=system.owner).check()
        system.chain.mine(DELAY)
        system.timelock.transact("execute", *arguments, sender=system.owner).check()
        assert sorted(changes(system, contract.address, data)) == sorted([*expected, f"tip: {WAD} -> {now.tip}"])
    for what, words in (("Config.pause", ["0"]), ("Config.set_reduce_only", ["0", "true"]), ("Config.end_listing", [])):
        contract, data = typed(system, what, words)
        assert changes(system, contract.address, data) == []
    assert changes(system, SOMEBODY, data) == changes(system, config.address, b"\x01\x02\x03\x04") == []


# ---- found


def test_calls_are_found_in_events(system):
    chain, timelock = system.chain, system.timelock
    logs = []

    def scheduled(data, salt=NO_SALT):
        receipt = timelock.transact("schedule", system.config.address, data, salt, sender=system.owner).check()
        logs.extend((receipt.block_number, raw) for raw in receipt.raw_logs)
        return Announcement(receipt.event("Scheduled").id, system.config.address, data, salt)

    def source(address, topics, first, last):
        """As eth_getLogs."""
        assert address == timelock.address
        return [raw for block, raw in logs if first <= block <= last and "0x" + raw.topics[0].hex() in topics[0]]

    first, second = scheduled(b"first"), scheduled(b"second", b"\x01" * 32)
    timelock.transact("cancel", first.id, sender=system.owner).check()
    assert scheduled(b"first") == first
    assert announcements(timelock, source, 0, chain.block_number) == [first, second]
    assert announcements(timelock, source, 0, logs[0][0]) == [first]
    assert announcements(timelock, source, chain.block_number + 1, chain.block_number + 9) == []


def test_known_contracts_have_an_address_each(system):
    assert contract_named(system, "Timelock").address == system.timelock.address
    assert contract_named(system, "main.venue").address == system.markets["main"].venue.address
    assert contract_named(system, f"Config@{SOMEBODY}").address == SOMEBODY
