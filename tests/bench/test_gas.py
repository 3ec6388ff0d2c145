"""The gas table of docs/gas.md holds, and its numbers are those of other chains too."""

import json
import re

import pytest

from nacre.artifacts import ROOT, load
from nacre.bench.__main__ import main
from nacre.bench.costs import costs_table, largest
from nacre.bench.document import DOCUMENT, drift, gas_tables, write
from nacre.bench.measure import Bench, measure_all, named
from nacre.bench.operations import OPERATIONS
from nacre.bench.profile import profile
from nacre.bench.replica import MirroredChain
from nacre.bench.source_map import source_map
from nacre.bench.stage import REST, Stage
from nacre.bench.targets import TARGETS
from nacre.bench.trace import record
from nacre.chain import EmbeddedChain, NodeChain, restored
from nacre.chain.eth_tester import EthTesterRpc

REQUIRED = {
    *("takeover_solvent", "takeover_partial", "takeover_bankrupt", "force_close", "trade_open", "trade_increase"),
    *("trade_close", "deposit", "withdraw", "adjust_margin", "add_liquidity", "remove_liquidity", "accrue"),
    *("adl_one", "takeover_cross", "account_health", "backstop", "vault_deposit", "vault_redeem", "vault_unwind"),
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


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_is_met(measured, name):
    gas = next(item.gas for item in measured if item.operation.name == name)
    assert gas <= TARGETS[name]


def test_a_thousand_counterparties_fit_a_block(measured):
    gas = next(item.gas for item in measured if item.operation.name == "adl_thousand")
    assert gas <= 12_000_000


@pytest.mark.parametrize("name", TARGETS)
def test_every_target_says_why_its_largest_costs_cannot_go(measured, name):
    """In the words below the table, which are nobody's but the author's: cause by cause, in order of the table."""
    item = next(item for item in measured if item.operation.name == name)
    section = DOCUMENT.read_text().split(f"\n### {name}\n")[1].split("\n#")[0]
    words = section.split(f"<!-- end of costs of {name} -->\n")[1]
    reasons = re.findall(r"^- \*\*(.+?)\*\*: (.+?)(?=^- |\Z)", words, re.MULTILINE | re.DOTALL)
    assert [cause for cause, _ in reasons] == [cause for cause, _ in largest(item)]
    assert all(len(reason) > 60 for _, reason in reasons)


def test_costs_name_what_they_are_of(measured):
    tables = {item.operation.name: costs_table(item) for item in measured if item.profile}
    assert tables.keys() == TARGETS.keys()
    rows = tables["takeover_bankrupt"].splitlines()
    assert rows[2].startswith("| storage reads | 27,300 | 13 slots: ")
    assert "`markets.losses[0]`" in rows[2]
    assert "2 cleared: `positions.records[target]`, `positions.records[target].1`; refund -9,600" in rows[4]
    assert "`positions.records[target]` x 16, " in tables["account_health"]
    assert "17 cold accounts: `ClearinghouseCross`, `MockOracle` x 16; 17 calls in all" in tables["account_health"]
    assert not [table for table in tables.values() if "0x" in table]


def test_health_is_that_of_sixteen_legs_a_minute_after_the_last_touch():
    stage = Bench().stage(named("account_health").setting)
    touched = stage.chain.timestamp
    call = named("account_health").prepare(stage)
    state = call.contract.transact(call.function, *call.arguments, sender=call.sender).check().value
    assert stage.chain.timestamp == touched + REST
    assert stage.house.call("cross_markets", stage.cast.target)[1] == 2**16 - 1
    legs = [stage.house.call("position", market.id, stage.cast.target).size for market in stage.markets]
    assert len(legs) == 16
    assert all(legs)
    marks = [stage.house.call("mark_price", market.id) for market in stage.markets]
    assert state.notional == sum(-(-size * mark // 10**18) for size, mark in zip(legs, marks, strict=True))
    # The clock of funding runs in each, and its premium stands.
    assert all(stage.house.call("market_state", market.id).premium_ema != 0 for market in stage.markets)


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


def test_command_writes_json(measured, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr("nacre.bench.measure.measure_all", lambda: measured)
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


@pytest.mark.parametrize(
    ("name", "slots"),
    [
        ("force_close", ["Clearinghouse.positions.records[target]", "OysterAmm.curve.pair"]),
        ("takeover_cross", ["Clearinghouse.positions.records[1, target]", "Clearinghouse.markets.extras_words[1]"]),
        ("backstop", ["BackstopVault.vault_markets._committed[0]", "Clearinghouse.positions.records[BackstopVault]"]),
    ],
)
def test_profile_names_every_slot(name, slots):
    bench, operation = Bench(), named(name)
    found = profile(bench.stage(operation.setting), bench.recorded(operation), by_line=False)
    assert sum(found.kinds.values()) - found.refund == found.gas
    names = [use.name for use in found.slots]
    assert {*slots} <= {*names}
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
