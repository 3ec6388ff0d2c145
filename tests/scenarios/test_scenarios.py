"""Every scenario holds and its books balance after every step; wrong files are refused for the right reason."""

import re
from decimal import Decimal, localcontext
from pathlib import Path

import pytest

from nacre.artifacts import ROOT
from nacre.presets import preset_names
from nacre.scenario import find_files, load_scenario, run_file

SCENARIOS = find_files([ROOT / "scenarios"])
REFUSED = find_files([Path(__file__).parent / "refused"])
# What rounding may leave over in one scenario: some wei an operation, and indices move by whole RAY units per unit of
# size. With at most 250 units open and tens of operations, nano-units are far above it.
MOST_DUST = Decimal("1e-9")


def _name(path):
    return path.relative_to(path.parent.parent).with_suffix("").as_posix()


@pytest.mark.parametrize("path", SCENARIOS, ids=_name)
def test_scenario(path):
    result = run_file(path)
    assert not result.error
    for step in result.steps:
        after = step.after["solvency"]
        if after["dust"] is not None:  # an invalid price leaves nothing to count
            assert 0 <= Decimal(after["dust"]) < MOST_DUST, f"step {step.step.number}"
            with localcontext(prec=60):
                assert Decimal(after["assets"]) == Decimal(after["claims"]) + Decimal(after["dust"])


@pytest.mark.parametrize("path", REFUSED, ids=_name)
def test_refused(path):
    expected = path.read_text().splitlines()[0].removeprefix("# refused: ")
    result = run_file(path)
    assert expected in result.error
    assert result.error.startswith(str(path))


@pytest.mark.parametrize("policy", preset_names())
def test_each_system_is_shown_by_its_own_words(policy):
    """At least six files under its policy, each with a sentence of its page; the README's table names them all."""
    files = find_files([ROOT / "scenarios" / policy])
    assert len(files) >= 6
    table = (ROOT / "scenarios" / "README.md").read_text()
    for path in files:
        assert load_scenario(path).policy == policy, path
        head = path.read_text().partition("\nname:")[0]
        assert re.search(r'"[^"]{20,}"', head.replace("\n# ", " ")), f"{path} quotes nothing"
        assert path.stem in table or (path.stem.startswith("cause_") and "cause_*" in table), f"{path} is in no row"


def test_the_table_names_files_that_are_there():
    rows = (ROOT / "scenarios" / "README.md").read_text().partition("## Where each row")[2].splitlines()
    cells = [line.strip("|").split("|") for line in rows if line.startswith("|")]
    folders = [cell.strip().rstrip("/") for cell in cells[0][1:]]
    for row in cells[2:]:
        for folder, cell in zip(folders, row[1:], strict=True):
            for name in re.findall(r"[a-z_]{4,}\*?", re.sub(r"\([^)]*\)", "", cell)):
                assert list((ROOT / "scenarios" / folder).glob(f"{name}.yaml")), f"{folder}/{name}"


def test_there_are_enough():
    assert len(SCENARIOS) >= 80
    numbers = sum(1 for path in SCENARIOS for step in load_scenario(path).steps if step.title == "expect")
    assert numbers >= 400
