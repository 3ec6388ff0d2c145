"""The command, as a user runs it: what it prints and writes, and what it says of wrong arguments."""

import json

import pytest
from click.testing import CliRunner
from support.commands import script
from support.scenario_files import write

from nacre.artifacts import ROOT
from nacre.scenario.snapshot import ACCOUNT_FIELDS, MARKET_FIELDS, SOLVENCY_FIELDS

WORKED = ROOT / "scenarios" / "worked_example.yaml"


@pytest.fixture
def command():
    return script("scenario").cli


def test_command_writes_every_field(command, tmp_path):
    out = tmp_path / "out.json"
    result = CliRunner().invoke(command, [str(WORKED), "--json", str(out)])
    assert result.exit_code == 0, result.output
    assert "ok  16 steps, 11 numbers compared" in result.output

    data = json.loads(out.read_text())
    assert (data["ok"], data["policy"], len(data["steps"])) == (True, "oyster", 16)
    for number, step in enumerate(data["steps"], 1):
        assert step["number"] == number
        assert tuple(step["market"]) == MARKET_FIELDS
        assert all(tuple(account) == ACCOUNT_FIELDS for account in step["accounts"].values())
        assert tuple(step["solvency"]) == SOLVENCY_FIELDS
    takeover = data["steps"][9]
    assert takeover["step"] == {"do": "takeover", "who": "kim", "target": "ann", "size": "10", "margin": "200"}
    assert takeover["ok"]
    assert takeover["reason"] is None
    assert 70_000 < takeover["gas_used"] < 250_000
    assert set(takeover["accounts"]) == {"lp", "ann", "bea", "kim"}
    assert takeover["accounts"]["kim"]["size"] == "10"
    assert takeover["accounts"]["kim"]["stage"] == "healthy"
    assert takeover["market"]["short_social_loss_index"].startswith("2.73224")
    refused = data["steps"][13]
    assert (refused["ok"], refused["reason"]) == (False, "insufficient collateral")


def test_command_with_several_files(command, tmp_path):
    wrong = write(tmp_path, "name: wrong\nsteps:\n  - {expect: {who: ann, size: 1}}\n", "wrong.yaml")
    write(tmp_path, "name: right\nsteps:\n  - {expect: {who: ann, size: 0}}\n", "right.yaml")
    out = tmp_path / "out.json"
    result = CliRunner().invoke(command, [str(tmp_path), "--json", str(out)])
    assert result.exit_code == 1
    assert f"{wrong}:3: step 1 (expect): ann size is 0, expected 1" in result.output
    assert "2 scenarios, 2 steps: 1 failed" in result.output
    data = json.loads(out.read_text())
    assert [item["ok"] for item in data["scenarios"]] == [True, False]
    assert not data["ok"]


def test_command_with_several_markets_tells_of_all(command, tmp_path):
    text = (
        "markets: {btc: {price: 100}, eth: {price: 10}}\nsteps:\n"
        "  - {do: deposit, who: ann, amount: 5}\n  - {do: price, market: eth, to: 11}\n"
        "  - {expect: {market: eth, state: {index: 11}}}\n"
    )
    out = tmp_path / "out.json"
    result = CliRunner().invoke(command, [str(write(tmp_path, text)), "--json", str(out)])
    assert result.exit_code == 0, result.output
    step = json.loads(out.read_text())["steps"][1]
    assert step["market"]["index"] == "11"
    assert step["markets"]["btc"]["market"]["index"] == "100"
    assert step["markets"]["btc"]["accounts"]["ann"]["free_collateral"] == "5"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["nowhere.yaml"], "nowhere.yaml: there is no such file or folder"),
        ([str(WORKED), "--policy", "binance"], "there is no policy 'binance'"),
        ([str(WORKED), "--json", "/nowhere/out.json"], "cannot write /nowhere/out.json"),
        ([], "Missing argument"),
    ],
)
def test_command_says_what_is_wrong(command, arguments, reason):
    result = CliRunner().invoke(command, arguments)
    assert result.exit_code != 0
    assert reason in result.output
    assert "Traceback" not in result.output


def test_a_wrong_policy_is_said_once_for_all_files(command):
    result = CliRunner().invoke(command, [str(WORKED.parent), "--policy", "binance"])
    assert result.exit_code != 0
    assert result.output.count("there is no policy 'binance'") == 1
