"""Numbers for people: exact where it is a proof, short where it is a picture."""

import pytest

from nacre import figures
from nacre.units import WAD


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0"),
        (1, "0.000000000000000001"),
        (-1, "-0.000000000000000001"),
        (1_500_000_000_000_000_000, "1.5"),
        (-20 * WAD, "-20"),
        (10**31 + 7, "10000000000000.000000000000000007"),
    ],
)
def test_exact_keeps_every_digit(amount, text):
    assert figures.exact(amount) == text


@pytest.mark.parametrize(
    ("amount", "digits", "text"),
    [
        (0, 0, "0"),
        (50, 0, "50"),
        (12_340_000, 6, "12.34"),
        (7, 27, "0.000000000000000000000000007"),
    ],
)
def test_exact_knows_other_units(amount, digits, text):
    assert figures.exact(amount, digits) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "0.000000000000000000"),
        (-1, "−0.000000000000000001"),
        (1_234_567 * WAD + 5, "1,234,567.000000000000000005"),
    ],
)
def test_full_shows_all_decimals(amount, text):
    assert figures.full(amount) == text


@pytest.mark.parametrize(
    ("amount", "signed", "text"),
    [
        (0, True, "0"),
        (1_234, False, "1,234 wei"),
        (-1_234, True, "−1,234 wei"),
        (10**9, False, "<0.000001"),
        (10**12, False, "0.000001"),
        (56 * WAD // 1_000, False, "0.0560"),
        (5 * WAD, False, "5.00"),
        (999_990 * WAD // 1_000, True, "+999.99"),
        (-1_234_567 * WAD, True, "−1,234,567"),
    ],
)
def test_money_has_as_many_decimals_as_it_deserves(amount, signed, text):
    assert figures.money(amount, signed) == text


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (5_276_97 * WAD // 100, "5,276.97"),
        (9_130 * WAD, "9,130"),
        (8_712 * WAD // 100, "87.120"),
        (40_000_000_000_000, "0.000040000"),
        (WAD, "1.0000"),
        (0, "0"),
    ],
)
def test_price_keeps_significant_digits(amount, text):
    assert figures.price(amount) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0"),
        (0.25, "0.25"),
        (-0.5, "−0.5"),
        (9_000, "9,000"),
        (20_000, "20,000"),
        (150_000, "150k"),
        (2.5e6, "2.5M"),
    ],
)
def test_short_labels_axes(value, text):
    assert figures.short(value) == text


def test_percent_rounds_to_the_nearest_tenth_and_knows_nothing_of_an_empty_whole():
    assert figures.percent(1, 3) == "33.3 %"
    assert figures.percent(2, 3) == "66.7 %"
    assert figures.percent(-1, 8, signed=True) == "−12.5 %"
    assert figures.percent(3, 2, signed=True) == "+150.0 %"
    assert figures.percent(-1, 10**6, signed=True) == "0.0 %"
    assert figures.percent(1, 0) == "–"


def test_count_knows_one_from_many():
    assert figures.count(1, "account") == "1 account"
    assert figures.count(2_000, "account") == "2,000 accounts"
    assert figures.count(2, "position is", "positions are") == "2 positions are"
