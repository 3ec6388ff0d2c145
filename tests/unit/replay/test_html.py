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


def test_the_vault_and_deleveraging_are_shown_where_there_are_any(defx):
    page = html.render(defx)
    for heading in ("Backstop vault", "Liquidity"):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == 9
    chart = html.price_chart(defx)
    assert chart.count('<polygon class="adl"') == len(defx.of_kind(ADL))
    assert chart.count('<polygon class="vault') == len(defx.of_kind(BACKSTOP))
    assert "12 margin calls were made" in page


def test_the_legend_names_only_kinds_that_happened(result, defx):
    assert [key.style for key in html.legend([result])] == ["takeover", "close", "takeover", "close"]
    assert {key.style for key in html.legend([defx])} >= {"vault", "adl", "close"}
    assert "takeover" not in {key.style for key in html.legend([defx])}
