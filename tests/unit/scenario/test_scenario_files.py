"""Scenario files as they are read: which files, with all their digits, under which policy."""

from decimal import Decimal

import pytest
from support.scenario_files import write

from nacre.scenario import ScenarioError, find_files, load_scenario


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
