"""Parts of the scenario runner: edges to ticks, digits, comparison, what the snapshot holds, and the command."""

import json
from decimal import Decimal
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st
from support.commands import script

from nacre.artifacts import ROOT
from nacre.scenario import ScenarioError, find_files, load_scenario, run_file
from nacre.scenario.snapshot import ACCOUNT_FIELDS, MARKET_FIELDS, SOLVENCY_FIELDS
from nacre.scenario.world import tick_above, tick_below

WORKED = ROOT / "scenarios" / "worked_example.yaml"
FEES = "trading_fee_bps: 0, protocol_fee_bps: 0, penalty: [0, 0, 0, 0], funding_cap_bps: 0"
PLAIN = f"market: {{price: 100, {FEES}}}\n"


def write(folder: Path, text: str, name: str = "case.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path


# ---- edges and digits


@given(st.decimals(min_value="0.000001", max_value="10000000", places=6))
def test_edges_are_rounded_outward(price):
    lower, upper = tick_below(price), tick_above(price)
    assert lower % 50 == upper % 50 == 0
    assert upper - lower in (0, 50)
    assert Decimal("1.0001") ** lower <= price * Decimal("1.000000000000001")
    assert Decimal("1.0001") ** upper >= price * Decimal("0.999999999999999")


def test_price_of_a_tick_is_its_own_edge():
    assert (tick_below(Decimal(1)), tick_above(Decimal(1))) == (0, 0)
    price = Decimal("1.0001") ** 5  # 1.00050010001000050001, exact
    assert (tick_below(price), tick_above(price)) == (0, 50)
    assert (tick_below(Decimal(100)), tick_above(Decimal(100))) == (46_050, 46_100)


# ---- files


def test_numbers_keep_their_digits(tmp_path):
    text = "steps:\n  - {do: deposit, who: ann, amount: 123456789012.123456789012345678}\n"
    scenario = load_scenario(write(tmp_path, text))
    assert scenario.steps[0].content.amount == Decimal("123456789012.123456789012345678")
    assert (scenario.name, scenario.policy, scenario.steps[0].line) == ("case", "oyster", 2)


def test_policy_of_the_command_line_wins(tmp_path):
    path = write(tmp_path, "policy: oyster\nsteps:\n  - {do: deposit, who: ann, amount: 1}\n")
    assert load_scenario(path).markets["main"].imr_bps == 1000
    assert load_scenario(path, "injective").markets["main"].imr_bps == 500


def test_folders_are_walked(tmp_path):
    (tmp_path / "inner").mkdir()
    files = [write(tmp_path, "", "b.yaml"), write(tmp_path, "", "a.yml"), write(tmp_path / "inner", "", "c.yaml")]
    write(tmp_path, "", "notes.txt")
    assert find_files([tmp_path]) == sorted(files)
    assert find_files([files[0]]) == [files[0]]
    with pytest.raises(ScenarioError, match="there is no such file or folder"):
        find_files([tmp_path / "nothing"])
    (tmp_path / "empty").mkdir()
    with pytest.raises(ScenarioError, match=r"no \.yaml file in this folder"):
        find_files([tmp_path / "empty"])


# ---- expectations


@pytest.mark.parametrize(
    ("expected", "holds"),
    [
        ("free_collateral: 1000.000999", True),  # a relative millionth of 1000
        ("free_collateral: 1000.002", False),
        ("size: 0.000001", True),  # an absolute millionth
        ("size: 0.000002", False),
        ("size: 0.1}, tolerance: 0.1, market: {pot: 0", None),
        ("liquidation_price: null", True),
        ("free_collateral: null", False),
        ("stage: healthy", True),
        ("stage: margin call", False),
    ],
)
def test_tolerance(tmp_path, expected, holds):
    text = PLAIN + f"steps:\n  - {{do: deposit, who: ann, amount: 1000}}\n  - {{expect: {{who: ann, {expected}}}}}\n"
    result = run_file(write(tmp_path, text))
    if holds is None:
        assert "there is no such field" in result.error  # tolerance stands beside expect, fields do not
    else:
        assert result.ok == holds, result.error


def test_expectation_takes_no_block(tmp_path):
    plain = "steps:\n  - {do: deposit, who: ann, amount: 1}\n"
    step = "  - {expect: {who: ann, free_collateral: 1, size: 0}}\n"
    result = run_file(write(tmp_path, PLAIN + plain + step * 3))
    assert result.ok
    assert [item.gas_used for item in result.steps[1:]] == [0, 0, 0]
    assert [item.compared for item in result.steps] == [0, 2, 2, 2]


# ---- steps


def test_each_step_is_one_block_a_second_later(tmp_path):
    """Prices grow stale by the second: a market with three seconds of patience."""
    text = (
        f"market: {{price: 100, oracle_max_age: 4, {FEES}}}\nsteps:\n"
        "  - {do: deposit, who: lp, amount: 2000}\n"
        "  - {do: price, to: 100}\n"
        "  - {do: add_liquidity, who: lp, lower: 80, upper: 125, margin: 1000}\n"
        "  - {do: deposit, who: lp, amount: 1}\n"
        "  - {do: deposit, who: lp, amount: 1}\n"
        "  - {do: trade, who: lp, size: 1, margin: 100}\n"  # four seconds old
        '  - {do: trade, who: lp, size: 1, margin: 100, revert: "stale price"}\n'  # five
    )
    result = run_file(write(tmp_path, text))
    assert result.ok, result.error


def test_set_takes_fields_beside_or_below(tmp_path):
    text = PLAIN + (
        "steps:\n"
        "  - {do: deposit, who: ann, amount: 1000}\n"
        "  - {do: set, tip: 1, trigger_bps: 9000}\n"
        "  - {do: set, fields: {imr_bps: 2000, push_jump_bps: 50}}\n"
        '  - {do: set, mmr_bps: 0, revert: "bad mmr"}\n'
        "  - {do: set, mmr_bps: 1500}\n"
    )
    result = run_file(write(tmp_path, text))
    assert result.ok, result.error


def test_revert_is_part_of_the_reason_in_any_case(tmp_path):
    text = 'steps:\n  - {do: withdraw, who: ann, amount: 1, revert: "INSUFFICIENT"}\n'
    result = run_file(write(tmp_path, text))
    assert result.ok
    assert not result.steps[0].ok
    assert result.steps[0].reason == "insufficient collateral"


# ---- the command


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
