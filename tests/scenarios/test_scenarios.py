"""Every scenario holds and its books balance after every step; wrong files are refused for the right reason."""

from decimal import Decimal
from pathlib import Path

import pytest

from nacre.artifacts import ROOT
from nacre.scenario import find_files, load_scenario, run_file

SCENARIOS = find_files([ROOT / "scenarios"])
REFUSED = find_files([Path(__file__).parent / "refused"])
# What rounding may leave over in one scenario: some wei an operation, and indices move by whole RAY units per unit of
# size. With at most 250 units open and tens of operations, nano-units are far above it.
MOST_DUST = Decimal("1e-9")


def _name(path):
    return path.relative_to(path.parent.parent).with_suffix("").as_posix()


def haircut(step):
    """What a settled market's claims may be paid short of, all together: it stays on the list of losses."""
    markets = [here["market"] for here in step.after["markets"].values()]
    return sum(Decimal(market["unallocated_loss"]) for market in markets if market["final_price"])


@pytest.mark.parametrize("path", SCENARIOS, ids=_name)
def test_scenario(path):
    result = run_file(path)
    assert not result.error
    for step in result.steps:
        after = step.after["solvency"]
        if after["dust"] is not None:  # an invalid price leaves nothing to count
            assert 0 <= Decimal(after["dust"]) < MOST_DUST + haircut(step), f"step {step.step.number}"
            assert Decimal(after["assets"]) == Decimal(after["claims"]) + Decimal(after["dust"])


@pytest.mark.parametrize("path", REFUSED, ids=_name)
def test_refused(path):
    expected = path.read_text().splitlines()[0].removeprefix("# refused: ")
    result = run_file(path)
    assert expected in result.error
    assert result.error.startswith(str(path))


def test_there_are_enough():
    assert len(SCENARIOS) >= 40
    numbers = sum(1 for path in SCENARIOS for step in load_scenario(path).steps if step.title == "expect")
    assert numbers >= 150
