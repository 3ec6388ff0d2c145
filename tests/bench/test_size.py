"""Every contract that is deployed keeps the project's limit, and docs/gas.md says how large it is."""

import json

import pytest

from nacre.bench.__main__ import main
from nacre.bench.document import drift, size_tables
from nacre.bench.size import LIMIT, Size, sizes

REQUIRED = {
    *("Clearinghouse", "LiquidationEngine", "OysterAmm", "Config", "Lens"),
    *("MockOracle", "ChainlinkOracle", "SignedOracle"),
}


@pytest.fixture(scope="module")
def found():
    return sizes()


def test_limit_holds(found):
    assert {size.name: size.code_bytes for size in found if size.code_bytes > LIMIT} == {}


def test_all_deployables_are_there(found):
    assert {size.name for size in found} >= REQUIRED
    assert not [size.name for size in found if size.name in ("MockToken", "MockClearinghouse")]


def test_document_is_up_to_date(found):
    lines = drift(size_tables(found))
    assert not lines, "renew it with ./run bench size --write:\n" + "\n".join(lines)


def test_command_writes_json(found, tmp_path):
    file = tmp_path / "size.json"
    assert main(["size", "--json", str(file)]) == 0
    rows = {row["contract"]: row for row in json.loads(file.read_text())["contracts"]}
    assert rows["Clearinghouse"]["bytes"] + rows["Clearinghouse"]["left"] == LIMIT
    assert rows.keys() == {size.name for size in found}


def test_command_fails_above_the_limit(monkeypatch, capsys):
    monkeypatch.setattr("nacre.bench.size.sizes", lambda: [Size("Huge", LIMIT + 1), Size("Just", LIMIT)])
    assert main(["size"]) == 1
    assert "above 22,500 bytes: Huge\n" in capsys.readouterr().err


def test_check_fails_on_drift(monkeypatch, capsys):
    monkeypatch.setattr("nacre.bench.document.drift", lambda tables: ["- | Clearinghouse | 1 | 0.0 % |"])
    assert main(["size", "--check"]) == 1
    said = capsys.readouterr().err
    assert "if the change is meant: ./run bench size --write" in said
    assert "- | Clearinghouse | 1 |" in said
