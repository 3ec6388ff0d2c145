"""`./run fuzz` as a user runs it."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from nacre.fuzz.__main__ import main
from nacre.model import liquidation


def test_a_clean_run_tells_its_coverage(tmp_path: Path) -> None:
    arguments = ["--seed", "21", "--actions", "60", "--policy", "oyster", "--decimals", "6", "--chunk", "40"]
    result = CliRunner().invoke(main, [*arguments, "--story", str(tmp_path / "story.json")])
    assert result.exit_code == 0, result.output
    assert "clean" in result.output
    assert "deposit" in result.output
    assert not (tmp_path / "story.json").exists()


def test_a_failure_is_cut_down_kept_and_replayed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "story.json"
    # Without the check that anything is left, a part of nothing is closed.
    monkeypatch.setattr(liquidation, "notional", lambda size, price: 10**60)
    arguments = ["--seed", "0", "--actions", "3000", "--policy", "oyster", "--decimals", "18", "--story", str(path)]
    result = CliRunner().invoke(main, [*arguments, "--shrink-seconds", "3"])
    assert result.exit_code == 1, result.output
    assert "actions are enough" in result.output
    assert path.exists()
    again = CliRunner().invoke(main, ["--replay", str(path)])
    assert again.exit_code == 1
    monkeypatch.undo()
    fixed = CliRunner().invoke(main, ["--replay", str(path)])
    assert fixed.exit_code == 0
    assert "no failure" in fixed.output


def test_a_missing_story_is_one_clear_sentence(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["--replay", str(tmp_path / "nothing.json")])
    assert result.exit_code == 1
    assert "cannot be read" in result.output


@pytest.mark.parametrize("kinds", [("--system", "--free-money"), ("--system", "--model-only")])
def test_two_kinds_of_campaign_at_once_are_refused(kinds: tuple[str, str]) -> None:
    result = CliRunner().invoke(main, kinds)
    assert result.exit_code == 2
    assert "exclude each other" in result.output
