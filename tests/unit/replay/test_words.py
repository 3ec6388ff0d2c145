"""What happened, in sentences and in rows: they name who paid, and add up."""

from dataclasses import replace

import pytest

from nacre.replay import words
from nacre.replay.result import ADL


def test_the_kinds_add_up(result):
    rows = words.kinds(result)
    assert sum(row.count for row in rows[:4]) == len(result.liquidations)
    assert sum(row.deficit for row in rows[:4]) == sum(item.deficit for item in result.liquidations)


def test_the_story_names_all_payers(result):
    text = " ".join(words.story(result))
    assert "30 by takeover and 30 by force close" in text
    assert "by the insurance fund" in text
    assert "by the liquidity providers' margin" in text


def test_the_story_says_when_nobody_was_bankrupt(result):
    solvent = replace(result, liquidations=[item for item in result.liquidations if not item.bankrupt], absorptions=[])
    text = " ".join(words.story(solvent))
    assert "None of the positions was bankrupt" in text
    assert "In 0" not in text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86_400, "1 day"), (14_400, "4 hours"), (300, "5 minutes"), (60, "1 minute"), (90, "90 seconds")],
)
def test_intervals_in_words(seconds, text):
    assert words.interval_text(seconds) == text


def test_the_story_of_deleveraging_says_who_gave_up_what(defx):
    text = " ".join(words.story(defx))
    count = len(defx.of_kind(ADL))
    assert f"{count} bankrupt positions were closed against {2 * count} positions of the other side" in text
    assert "by force close" in text
    assert f"and {count} by ADL" in text


@pytest.mark.parametrize(
    ("parts", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"), ([], "")]
)
def test_lists_in_words(parts, text):
    assert words.listed(parts) == text


def test_what_counterparties_bore_is_the_deficit_of_deleveraging(defx):
    (row,) = [row for row in words.kinds(defx) if row.name == "ADL, bankrupt"]
    assert row.deficit == defx.borne() == sum(item.given_up for item in defx.of_kind(ADL))
    assert row.residue == 0
