"""The page holds everything, asks nobody for anything, and says what the result says."""

import re
from dataclasses import replace

import pytest

from nacre.replay import html
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE, TAKEOVER, BalanceSheet


@pytest.fixture
def page(result):
    return html.render(result)


def test_needs_nothing_from_outside(page):
    assert not re.search(r"https?://", page)
    assert not re.search(r"<(script|link|img|iframe|object)\b", page)
    assert not re.search(r"@import|url\(", page)


def test_is_small_enough_to_mail(page):
    assert len(page.encode()) < 500_000


def test_reads_in_light_and_dark(page):
    assert "prefers-color-scheme: dark" in page
    assert "color-scheme: light dark" in page


def test_has_all_its_parts(page):
    for heading in (
        "Price and liquidations",
        "Who paid, who earned",
        "Insurance fund",
        "Social loss indices",
        "Open interest",
        "Venue against index",
        "The 10 largest liquidations",
        "Balance sheet, to the last wei",
        "Parameters",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == page.count("</svg>") == 7


def test_every_liquidation_is_on_the_chart(result, page):
    dots = page.count('<circle class="takeover')
    assert dots == len(result.of_kind(TAKEOVER))
    chart = html.price_chart(result)
    assert chart.count('<rect class="close') == len(result.of_kind(FORCE_CLOSE))
    broke = sum(item.bankrupt for item in result.liquidations)
    assert chart.count(" broke") == broke


def test_the_balance_sheet_shows_every_digit(result, page):
    assert f"{result.balance.assets // 10**18:,}.{result.balance.assets % 10**18:018d}" in page
    assert "0.000000000000001234" in page
    assert "Assets = claims + dust holds exactly" in page


def test_books_that_do_not_balance_are_not_praised(result):
    result.balance = BalanceSheet(10, (("free collateral of accounts", 11),), -1)
    page = html.render(result)
    assert "holds exactly" not in page
    assert "Assets and claims differ" in page


def test_the_largest_ten_are_sorted(result):
    largest = html.largest_events(result)
    assert len(largest) == 10
    assert [item.notional for item in largest] == sorted((i.notional for i in result.liquidations), reverse=True)[:10]


def test_the_kinds_add_up(result):
    rows = html.kinds(result)
    assert sum(row.count for row in rows[:4]) == len(result.liquidations)
    assert sum(row.deficit for row in rows[:4]) == sum(item.deficit for item in result.liquidations)


def test_the_story_names_all_payers(result):
    text = " ".join(html.story(result))
    assert "30 by takeover and 30 by force close" in text
    assert "by the insurance fund" in text
    assert "by the liquidity providers' margin" in text


def test_the_story_says_when_nobody_was_bankrupt(result):
    solvent = replace(result, liquidations=[item for item in result.liquidations if not item.bankrupt], absorptions=[])
    text = " ".join(html.story(solvent))
    assert "None of the positions was bankrupt" in text
    assert "In 0" not in text


def test_a_quiet_replay_has_a_page_too(result):
    quiet = replace(result, liquidations=[], absorptions=[], removals=[], refused={})
    page = html.render(quiet)
    assert "Nobody had to be liquidated." in page
    assert "No deficit had to be absorbed." in page
    assert "largest liquidations" not in page


def test_foreign_names_are_escaped(result):
    result.source = "<script>alert(1)</script>"
    assert "<script" not in html.render(result)


def test_long_histories_are_drawn_in_groups(result):
    candles = result.candles * 5
    bars = html.grouped(candles)
    assert len(bars) <= html.MOST_BARS
    assert max(bar.high for bar in bars) == max(candle.high for candle in candles) / 1e18
    assert bars[0].open == candles[0].open / 1e18
    assert bars[-1].close == candles[-1].close / 1e18


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(86_400, "1 day"), (14_400, "4 hours"), (300, "5 minutes"), (60, "1 minute"), (90, "90 seconds")],
)
def test_intervals_in_words(seconds, text):
    assert html.interval_text(seconds) == text


def test_the_vault_and_deleveraging_are_shown_where_there_are_any(defx):
    page = html.render(defx)
    for heading in ("Backstop vault", "Liquidity"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == 9
    chart = html.price_chart(defx)
    assert chart.count('<polygon class="adl"') == len(defx.of_kind(ADL))
    assert chart.count('<polygon class="vault') == len(defx.of_kind(BACKSTOP))
    assert "12 margin calls were made" in page


def test_the_story_of_deleveraging_says_who_gave_up_what(defx):
    text = " ".join(html.story(defx))
    count = len(defx.of_kind(ADL))
    assert f"{count} bankrupt positions were closed against {2 * count} positions of the other side" in text
    assert "by force close" in text
    assert f"and {count} by ADL" in text


def test_the_legend_names_only_kinds_that_happened(result, defx):
    assert [key.style for key in html.legend([result])] == ["takeover", "close", "takeover", "close"]
    assert {key.style for key in html.legend([defx])} >= {"vault", "adl", "close"}
    assert "takeover" not in {key.style for key in html.legend([defx])}


@pytest.mark.parametrize(
    ("parts", "text"), [(["a"], "a"), (["a", "b"], "a and b"), (["a", "b", "c"], "a, b and c"), ([], "")]
)
def test_lists_in_words(parts, text):
    assert html.listed(parts) == text


def test_what_counterparties_bore_is_the_deficit_of_deleveraging(defx):
    (row,) = [row for row in html.kinds(defx) if row.name == "ADL, bankrupt"]
    assert row.deficit == defx.borne() == sum(item.given_up for item in defx.of_kind(ADL))
    assert row.residue == 0
