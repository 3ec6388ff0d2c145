"""The page of a comparison holds everything, asks nobody for anything, and shows each policy."""

import re
from io import StringIO

import pytest
from rich.console import Console

from nacre.replay import compare_html, compare_summary, html
from nacre.replay.compare import Comparison
from nacre.replay.result import BalanceSheet


@pytest.fixture
def page(comparison):
    return compare_html.render(comparison)


def test_needs_nothing_from_outside(page):
    assert not re.search(r"https?://", page)
    assert not re.search(r"<(script|link|img|iframe|object)\b", page)
    assert not re.search(r"@import|url\(", page)
    assert len(page.encode()) < 500_000


def test_reads_in_light_and_dark(page):
    assert "prefers-color-scheme: dark" in page
    assert "{%" not in page
    assert "{{" not in page


def test_has_all_its_parts(page, comparison):
    for heading in (
        "Side by side",
        "Who lost what",
        "One price path",
        "Liquidations by kind",
        "Who bore what the margins did not cover",
        "Insurance fund",
        "Social loss of the shorts",
        "Balance sheets, to the last wei",
        "Parameters",
    ):
        assert f"<h2>{heading}</h2>" in page
    assert page.count("<svg") == page.count("</svg>") == len(compare_html.CHARTS) + len(comparison.results)


def test_two_systems_are_called_two(page):
    assert "Two liquidation systems, one price path" in page


def test_only_parameters_that_differ_are_listed(comparison):
    rows = dict(compare_html.differing(comparison.results))
    assert rows == {"imr_bps": ["1000", "500"], "mmr_bps": ["500", "250"]}


def test_the_kinds_of_each_policy_are_in_its_bar(comparison, defx):
    chart = compare_html.kinds_chart(comparison)
    (own,) = [row for row in chart.split('class="name end"') if ">defx<" in row]
    for kind in ("backstop, solvent", "auto-deleveraged"):
        count = int(re.search(rf"{kind}: (\d+)", own)[1])
        named = [item for item in defx.liquidations if html.COLUMN_STYLES[html.style_of(item)] == kind]
        assert count == len(named) > 0


def test_who_bore_the_losses_is_in_the_bars(comparison, result, defx):
    chart = compare_html.payers_chart(comparison)
    assert chart.count('class="paid-fund"') == 2
    assert chart.count('class="paid-adl"') == 1
    assert chart.count('class="paid-nobody"') == 0


def test_books_that_do_not_balance_are_not_praised(comparison, result):
    assert "holds exactly under every policy" in compare_html.render(comparison)
    result.balance = BalanceSheet(10, (("free collateral of accounts", 11),), -1)
    page = compare_html.render(comparison)
    assert "holds exactly" not in page
    assert "Assets and claims differ" in page


def test_one_policy_alone_has_a_page_too(result):
    assert "One liquidation system, one price path" in compare_html.render(Comparison([result]))


# ---- terminal


def shown(comparison, width=80):
    console = Console(width=width, record=True, file=StringIO(), force_terminal=False)
    compare_summary.show(console, comparison)
    return console.export_text()


def test_the_table_fits_a_small_terminal_with_all_five(result, defx):
    names = ("oyster", "injective", "satoshiswap", "hyperliquid", "defx")
    five = Comparison([type(result)(**(vars(defx) | {"policy": name})) for name in names])
    text = shown(five)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    for name in names:
        assert name in text


def test_the_summary_ends_with_the_proof_and_hides_nobody(comparison, defx):
    assert shown(comparison).rstrip().endswith("assets = claims + dust under every policy")
    defx.left_liquidatable, defx.left_bankrupt = 2, 1
    assert "defx: 2 below maintenance margin at the end, 1 of them bankrupt" in shown(comparison)
    defx.balance = BalanceSheet(10, (("free collateral of accounts", 11),), -1)
    assert "ASSETS AND CLAIMS DIFFER" in shown(comparison)
