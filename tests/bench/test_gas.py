"""The gas table of docs/gas.md holds, and its numbers are those of other chains too."""

import json

import pytest

from nacre.artifacts import ROOT, load
from nacre.bench.__main__ import main
from nacre.bench.document import TARGETS, drift, gas_tables, write
from nacre.bench.measure import Bench, measure_all, named
from nacre.bench.operations import OPERATIONS
from nacre.bench.profile import profile
from nacre.bench.replica import MirroredChain
from nacre.bench.source_map import source_map
from nacre.bench.stage import Stage
from nacre.bench.trace import record
from nacre.chain import EmbeddedChain, NodeChain, restored
from nacre.chain.eth_tester import EthTesterRpc

REQUIRED = {
    *("takeover_solvent", "takeover_partial", "takeover_bankrupt", "force_close", "trade_open", "trade_increase"),
    *("trade_close", "deposit", "withdraw", "adjust_margin", "add_liquidity", "remove_liquidity", "accrue"),
}
# What an operation creates by its nature; everything else finds its slots in use.
NEW_SLOTS = {"trade_open": 2, "add_liquidity": 3, "call_margin": 1, "trade_crossing": 2}


@pytest.fixture(scope="module")
def measured():
    return measure_all()


def test_document_is_up_to_date(measured):
    lines = drift(gas_tables(measured))
    assert not lines, "renew it with ./run bench gas --write:\n" + "\n".join(lines)


def test_all_operations_are_there(measured):
    names = [item.operation.name for item in measured]
    assert len(set(names)) == len(names)
    assert {*names} >= REQUIRED | TARGETS.keys()


def test_accounts_and_balances_exist(measured):
    found = {item.operation.name: item.floor.counts["slots_set"] for item in measured}
    assert {name: count for name, count in found.items() if count} == NEW_SLOTS


def test_floor_is_below_gas(measured):
    assert all(item.floor.total < item.gas < 2 * item.floor.total for item in measured)


def test_causes_add_up(measured):
    assert all(sum(item.causes.values()) == item.gas for item in measured)


def test_drift_is_found_and_repaired(measured, tmp_path):
    document = tmp_path / "gas.md"
    tables = gas_tables(measured)
    document.write_text("".join(f"# {name}\n<!-- {name} -->\nold\n<!-- end of {name} -->\n" for name in tables))
    found = drift(tables, document)
    assert "- old" in found
    assert any(line.startswith("+ | takeover_solvent | ") for line in found)
    assert write(tables, document)
    assert drift(tables, document) == []
    assert not write(tables, document)


def test_command_writes_json(tmp_path, capsys):
    file = tmp_path / "gas.json"
    assert main(["gas", "--json", str(file)]) == 0
    content = json.loads(file.read_text())
    assert list(content) == ["operations"]
    assert [item["operation"] for item in content["operations"]] == [item.name for item in OPERATIONS]
    for item in content["operations"]:
        parts = ("intrinsic", "calldata", "cold_accounts", "cold_slots", "writes", "logs")
        assert sum(item[part] for part in parts) - item["refund"] == item["floor"] < item["gas"]
    assert "takeover_solvent" in capsys.readouterr().out


def test_unknown_operation(capsys):
    assert main(["profile", "levitate"]) == 1
    assert "there is no operation levitate; there are takeover_solvent," in capsys.readouterr().err


def test_profile_names_every_slot():
    bench, operation = Bench(), named("force_close")
    found = profile(bench.stage("oyster"), bench.recorded(operation), by_line=False)
    assert sum(found.kinds.values()) - found.refund == found.gas
    names = [use.name for use in found.slots]
    assert "Clearinghouse.positions.records[target]" in names
    assert "OysterAmm.curve.pair" in names
    assert not [name for name in names if "0x" in name]


def test_source_map_knows_functions_and_lines():
    chain = MirroredChain()
    ann = chain.account("ann")
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    done = record(chain, token.address, token.encode("mint", ann, 5), ann)
    places = [source_map("MockToken").at(step.pc) for step in done.steps if step.opcode == "SSTORE"]
    source = (ROOT / load("MockToken").path).read_text().splitlines()
    assert [place.function for place in places] == ["MockToken.mint"] * 2
    assert [source[place.line - 1].strip() for place in places] == [
        "self.totalSupply += _amount",
        "self.balanceOf[_to] += _amount",
    ]


@pytest.mark.parametrize("name", ["takeover_solvent", "force_close"])
def test_other_chain_comes_to_the_same_gas(name, networks):
    """From the first deployment on, on Ape's test chain."""
    provider = networks.provider
    node = NodeChain(rpc=EthTesterRpc(provider.tester.ethereum_tester, provider.chain_id))
    with restored(node):
        embedded = SameAccounts(node.accounts, node.timestamp, node.chain_id)
        used = []
        for chain in (node, embedded):
            call = named(name).prepare(Stage(chain))
            receipt = call.contract.transact(call.function, *call.arguments, sender=call.sender).check()
            used.append(receipt.gas_used)
    assert used[0] == used[1]


class SameAccounts(EmbeddedChain):
    """Has the accounts of another chain: addresses count in calldata."""

    def __init__(self, accounts, timestamp, chain_id):
        super().__init__(timestamp=timestamp, chain_id=chain_id)
        self._accounts = accounts

    @property
    def accounts(self):
        return self._accounts
