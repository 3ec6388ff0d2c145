"""What a step does and what an expectation compares."""

import pytest
from support.scenario_files import FREE, write

from nacre.scenario import run_file

PLAIN = f"market: {{price: 100, {FREE}}}\n"


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
        f"market: {{price: 100, oracle_max_age: 4, {FREE}}}\nsteps:\n"
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
