"""The terminal summary fits 80 columns and ends with the proof."""

from io import StringIO

from rich.console import Console

from nacre.replay.summary import show


def _shown(result, width=80):
    console = Console(width=width, record=True, file=StringIO(), force_terminal=False)
    show(console, result)
    return console.export_text()


def test_fits_a_small_terminal_without_cutting_a_number(result):
    text = _shown(result)
    assert max(map(len, text.splitlines())) <= 80
    assert "…" not in text
    assert "5,020,000.000000000000000000" in text


def test_says_what_happened_who_paid_and_that_it_adds_up(result):
    text = _shown(result)
    for part in (
        "60 liquidations",
        "Who paid, who earned",
        "−182,345",
        "assets = claims + dust",
        "0.000000000000001234",
    ):
        assert part in text


def test_positions_that_nobody_could_liquidate_are_not_hidden(result):
    result.left_liquidatable, result.left_bankrupt = 3, 1
    assert "3 positions are still below maintenance margin, 1 of them bankrupt" in _shown(result)
