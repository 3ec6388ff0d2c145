"""Steps and fields of the scenario runner for cross accounts, backstop, deleveraging, settlement and treasury."""

import json

import pytest
import yaml
from support.scenario_files import write

from nacre.presets import preset_names
from nacre.scenario import load_scenario, run_file

PLAIN = "trading_fee_bps: 0, penalty: [0, 0, 0, 0], funding_cap_bps: 0"
SEED = """
  - {do: deposit, who: lp, amount: 30000000000}
  - {do: add_liquidity, who: lp, lower: 95, upper: 105, margin: 10000000000}
  - {do: deposit, who: ann, amount: 1000}
  - {do: deposit, who: bea, amount: 1000}
"""


def run(folder, steps, policy="hyperliquid", fields=""):
    head = f"policy: {policy}\nmarket: {{price: 100, {PLAIN}{fields}}}\nsteps:"
    return run_file(write(folder, head + SEED + steps))


def last(result, who, market="main"):
    return result.steps[-1].after["markets"][market]["accounts"][who]


# ---- names of contracts


def test_the_vault_is_looked_at_by_name(tmp_path):
    result = run(tmp_path, "  - {do: backstop_deposit, who: dora, amount: 70}\n  - {expect: {who: vault, size: 0}}\n")
    assert result.ok, result.error
    assert last(result, "vault")["free_collateral"] == "70"
    assert last(result, "dora")["backstop"] == "70"


def test_somebody_who_acts_keeps_the_name(tmp_path):
    result = run(tmp_path, "  - {do: deposit, who: vault, amount: 5}\n  - {do: deposit, who: treasury, amount: 6}\n")
    assert result.ok, result.error
    assert (last(result, "vault")["free_collateral"], last(result, "treasury")["free_collateral"]) == ("5", "6")
    scenario = load_scenario(result.path)
    assert scenario.people >= {"vault", "treasury", "ann"}


def test_contracts_are_no_accounts_until_they_are_named(tmp_path):
    result = run(tmp_path, "  - {do: price, to: 100}\n")
    assert set(result.steps[-1].after["markets"]["main"]["accounts"]) == {"lp", "ann", "bea"}


# ---- fields


def test_what_a_cross_account_is_worth_shows_in_each_of_its_markets(tmp_path):
    text = (
        f"policy: hyperliquid\nmarkets: {{btc: {{price: 100, {PLAIN}}}, eth: {{price: 10, {PLAIN}}}}}\nsteps:\n"
        "  - {do: deposit, who: lp, amount: 30000000000}\n"
        "  - {do: add_liquidity, who: lp, market: btc, lower: 95, upper: 105, margin: 10000000000}\n"
        "  - {do: deposit, who: ann, amount: 1000}\n"
        "  - {do: set_margin_mode, who: ann, market: btc, cross: true}\n"
        "  - {do: set_margin_mode, who: ann, market: eth, cross: true}\n"
        "  - {do: trade, who: ann, market: btc, size: 100}\n"
        "  - {do: price, market: btc, to: 91}\n"
        "  - {expect: {who: ann, market: btc, equity: 100, mm: 113.75, stage: liquidatable}, tolerance: 1e-5}\n"
        "  - {expect: {who: ann, market: eth, equity: 100, mm: 113.75, stage: liquidatable}, tolerance: 1e-5}\n"
        "  - {do: price, market: btc, to: 90.7}\n"
        "  - {expect: {who: ann, market: eth, equity: 70, stage: backstop}, tolerance: 1e-5}\n"
        "  - {do: price, market: btc, to: 89}\n"
        "  - {expect: {who: ann, market: eth, equity: -100, stage: bankrupt}, tolerance: 1e-5}\n"
    )
    result = run_file(write(tmp_path, text))
    assert result.ok, result.error


def test_an_isolated_account_shows_its_position_only(tmp_path):
    steps = (
        "  - {do: trade, who: ann, size: 5, margin: 50}\n  - {expect: {who: ann, equity: 50, free_collateral: 950}}\n"
    )
    assert run(tmp_path, steps).ok


def test_what_the_treasury_got_counts_collected_or_not(tmp_path):
    steps = (
        "  - {do: set, protocol_fee_bps: 100, borrow_rate_bps: 10000, borrow_share_bps: 2500}\n"
        "  - {do: trade, who: ann, size: 10, margin: 900}\n"
        "  - {expect: {market: {treasury: 10}}}\n"
        "  - {do: wait, seconds: 3153600}\n"  # a tenth of a year: 100, of which the fund gets a quarter
        "  - {expect: {market: {treasury: 85, insurance_fund: 0}}, tolerance: 1e-5}\n"
        "  - {do: settle, target: ann}\n"
        "  - {do: collect_fees}\n"
        "  - {expect: {market: {treasury: 85, insurance_fund: 25}}, tolerance: 1e-5}\n"
        "  - {do: trade, who: ann, size: -10}\n"
        "  - {expect: {market: {treasury: 95}}, tolerance: 1e-5}\n"
    )
    result = run(tmp_path, steps, "oyster")
    assert result.ok, result.error


def test_stakers_see_their_rewards(tmp_path):
    steps = (
        "  - {do: stake, who: hal, amount: 3}\n"
        "  - {do: set, protocol_fee_bps: 100}\n"
        "  - {do: trade, who: ann, size: 10, margin: 900}\n"
        "  - {do: collect_fees, who: kim}\n"
        "  - {do: wait, seconds: 604800}\n"
        "  - {expect: {who: hal, rewards: 10}}\n"
        "  - {do: claim_rewards, who: hal}\n"
        "  - {expect: {who: hal, rewards: 0}}\n"
        '  - {do: claim_rewards, who: hal, revert: "nothing to claim"}\n'
        '  - {do: unstake, who: hal, amount: 4, revert: "insufficient stake"}\n'
        "  - {do: unstake, who: hal, amount: 3}\n"
    )
    result = run(tmp_path, steps, "oyster")
    assert result.ok, result.error


# ---- steps


def test_settle_means_what_the_market_is_at(tmp_path):
    steps = (
        "  - {do: trade, who: ann, size: 5, margin: 100}\n"
        "  - {do: trade, who: bea, size: -5, margin: 100}\n"
        "  - {do: settle, target: ann}\n"
        "  - {expect: {who: ann, size: 5, owed: 0}}\n"
        "  - {do: settle_market}\n"  # at mark
        "  - {expect: {market: {final_price: 100}}}\n"
        "  - {do: settle, target: ann, who: kim}\n"
        "  - {expect: {who: ann, size: 0, owed: 100}}\n"
    )
    result = run(tmp_path, steps, "injective")
    assert result.ok, result.error


def test_a_cap_rises_after_the_policy_and_falls_before_it(tmp_path):
    steps = (
        "  - {do: set, loss: social, max_open_interest: 5000000}\n"
        "  - {do: set, loss: adl, max_open_interest: 900000}\n"
        "  - {do: set, min_notional: 200, max_open_interest: 2000000, backstop_loss_cap: 5}\n"
        "  - {do: set, max_open_interest: 0}\n"
    )
    result = run(tmp_path, steps)
    assert result.ok, result.error


def test_backstop_shares_come_and_go_at_once(tmp_path):
    steps = (
        "  - {do: backstop_deposit, who: dora, amount: 100}\n"
        "  - {do: backstop_withdraw, who: dora, amount: 40}\n"
        "  - {expect: {who: dora, backstop: 60}}\n"
        '  - {do: backstop_withdraw, who: dora, amount: 61, revert: "insufficient shares"}\n'
        "  - {do: backstop_withdraw, who: dora, amount: all}\n"
        "  - {expect: {who: dora, backstop: 0}}\n"
        '  - {do: backstop_unwind, revert: "no position"}\n'
        '  - {do: backstop, target: ann, revert: "no position"}\n'
        '  - {do: adl, target: ann, revert: "no position"}\n'
    )
    result = run(tmp_path, steps)
    assert result.ok, result.error


@pytest.mark.parametrize("policy", preset_names())
def test_any_file_runs_under_any_policy(tmp_path, policy):
    path = write(tmp_path, f"market: {{price: 100, {PLAIN}}}\nsteps:" + SEED)
    result = run_file(path, policy)
    assert result.ok, result.error
    assert result.policy == policy


def test_everything_is_json(tmp_path):
    steps = (
        "  - {do: adl, target: ann, counterparties: [bea], revert: position}\n"
        "  - {do: backstop_deposit, who: d, amount: 1}\n"
    )
    result = run(tmp_path, steps)
    assert result.ok, result.error
    step = json.loads(json.dumps(result.as_json()))["steps"][-2]["step"]
    assert step == {"do": "adl", "target": "ann", "counterparties": ["bea"], "revert": "position"}
    assert yaml.safe_load(result.path.read_text())["policy"] == "hyperliquid"


# ---- counterparties of a deleveraging


def test_all_counterparties_are_listed_by_rank_the_vault_too(tmp_path):
    """The vault is 100 short with 255.5 and bea with 900: the vault has more leverage."""
    steps = (
        "  - {do: backstop_deposit, who: dora, amount: 1000}\n"
        "  - {do: deposit, who: cat, amount: 9000}\n"
        "  - {do: trade, who: ann, size: 150, margin: 500}\n"
        "  - {do: trade, who: bea, size: -100, margin: 900}\n"
        "  - {do: trade, who: cat, size: -100, margin: 300}\n"
        "  - {do: price, to: 102.2}\n"
        "  - {do: backstop, target: cat}\n"
        "  - {do: price, to: 97}\n"
        "  - {do: settle, target: bea}\n"
        "  - {do: price, to: 96}\n"
        "  - {expect: {who: ann, stage: bankrupt}}\n"
        '  - {do: adl, target: ann, counterparties: [bea], revert: "incomplete"}\n'
        '  - {do: adl, target: ann, counterparties: [bea, vault], revert: "order"}\n'
        "  - {do: adl, target: ann}\n"
        "  - {expect: {who: ann, size: 0}}\n"
        "  - {expect: {who: vault, size: 0}}\n"
        "  - {expect: {who: bea, size: -50}}\n"
    )
    result = run(tmp_path, steps)
    assert result.ok, result.error
