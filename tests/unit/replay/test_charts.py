"""Axes cover what they show, in round numbers, and the drawing stays inside."""

import re
import xml.etree.ElementTree as ElementTree
from itertools import pairwise

import pytest

from nacre.replay import charts

HOUR, DAY = 3_600, 86_400
MIDNIGHT = 1_583_539_200  # 7 March 2020


@pytest.mark.parametrize(("low", "high"), [(0, 1), (0, 97_123), (3_782.13, 9_155.13), (-0.55, 0.55), (1e-5, 3e-5)])
def test_ticks_are_round_and_cover_the_values(low, high):
    ticks = charts.nice_ticks(low, high)
    assert ticks[0] <= low
    assert ticks[-1] >= high
    assert 2 <= len(ticks) <= 9
    steps = {round((b - a) / (ticks[1] - ticks[0]), 6) for a, b in pairwise(ticks)}
    assert steps == {1.0}


def test_ticks_of_a_single_value_still_make_an_axis():
    assert len(charts.nice_ticks(5, 5)) >= 2


def test_logarithmic_ticks_are_powers_inside():
    assert charts.log_ticks(0.00004, 87) == [0.0001, 0.001, 0.01, 0.1, 1.0, 10.0]
    assert charts.log_ticks(1, 30) == [1, 2, 5, 10, 20]


def test_days_are_labelled_by_date_and_hours_by_clock():
    days = charts.time_ticks(MIDNIGHT, MIDNIGHT + 14 * DAY)
    assert [label for _, label in days][:3] == ["7 Mar", "8 Mar", "9 Mar"]
    hours = charts.time_ticks(MIDNIGHT + HOUR, MIDNIGHT + 13 * HOUR)
    assert "06:00" in [label for _, label in hours]
    assert "7 Mar" not in [label for _, label in hours]


@pytest.mark.parametrize("span", [60, HOUR, DAY, 30 * DAY, 3_000 * DAY])
def test_there_is_never_a_crowd_of_time_labels(span):
    assert 1 <= len(charts.time_ticks(MIDNIGHT, MIDNIGHT + span)) <= charts.MOST_TIME_LABELS + 1


def _bars(prices):
    return [charts.Bar(MIDNIGHT + HOUR * i, p, p * 1.01, p * 0.99, p * 1.005) for i, p in enumerate(prices)]


def test_marks_stay_inside_the_price_chart():
    marks = [
        charts.Mark(MIDNIGHT + HOUR, 50.0, 1.0, "takeover", "circle", "one"),
        charts.Mark(MIDNIGHT, 120.0, 0.1, "close", "square", "two"),
    ]
    svg = charts.price_chart(_bars([100.0, 101.0, 99.0]), marks, "price")
    root = ElementTree.fromstring(svg)
    (circle,) = [node for node in root.iter() if node.tag == "circle"]
    assert charts.LEFT <= float(circle.get("cx")) <= charts.WIDTH
    assert 0 <= float(circle.get("cy")) <= 400
    assert circle.find("title").text == "one"
    assert len([node for node in root.iter() if node.tag == "rect"]) == 1


def test_a_price_that_falls_by_orders_of_magnitude_gets_a_logarithmic_axis():
    assert "logarithmic" in charts.price_chart(_bars([80.0, 1.0, 0.00005]), [], "price")
    assert "logarithmic" not in charts.price_chart(_bars([80.0, 70.0]), [], "price")


def test_one_candle_is_enough():
    root = ElementTree.fromstring(charts.price_chart(_bars([100.0]), [], "price"))
    bodies = [node.get("d") for node in root.iter("path") if "body" in node.get("class")]
    assert sum(path.count("M") for path in bodies) == 1


def test_larger_liquidations_have_larger_marks_and_lie_below():
    marks = [charts.Mark(MIDNIGHT, 100.0, weight, "takeover", "circle", "") for weight in (0.1, 1.0, 0.5)]
    svg = charts.price_chart(_bars([100.0, 100.0]), marks, "price")
    radii = [float(radius) for radius in re.findall(r'r="([\d.]+)"', svg)]
    assert radii == sorted(radii, reverse=True)


def test_bars_of_gains_go_right_of_zero_and_losses_left():
    root = ElementTree.fromstring(
        charts.result_bars([("a", -50.0, "−50"), ("b", 100.0, "+100"), ("c", 0.0, "0")], "USD")
    )
    zero = next(float(node.get("x1")) for node in root.iter("line"))
    loss, gain, nothing = list(root.iter("rect"))
    assert float(loss.get("x")) + float(loss.get("width")) == pytest.approx(zero, abs=0.2)
    assert float(gain.get("x")) == pytest.approx(zero, abs=0.2)
    assert float(gain.get("width")) == pytest.approx(2 * float(loss.get("width")), rel=0.01)
    assert float(nothing.get("width")) == 1.0


def test_names_are_escaped():
    assert "<b>" not in charts.result_bars([("<b>", 1.0, "1")], "USD")


def test_a_series_that_never_changes_still_draws():
    points = [(MIDNIGHT, 0.0), (MIDNIGHT + DAY, 0.0)]
    root = ElementTree.fromstring(charts.line_chart("nothing", [charts.Line(points, "fund", filled=True)], "USD"))
    (line,) = [node.get("d") for node in root.iter("path") if node.get("class") == "line fund"]
    assert re.match(r"M[\d.]+ ([\d.]+)H[\d.]+V\1$", line)  # level


@pytest.mark.parametrize(("shape", "points"), [("diamond", 4), ("triangle", 3)])
def test_each_kind_has_a_shape_around_its_point(shape, points):
    mark = charts.Mark(MIDNIGHT + HOUR, 100.0, 0.5, "vault", shape, "three")
    root = ElementTree.fromstring(charts.price_chart(_bars([100.0, 101.0, 99.0]), [mark], "price"))
    (polygon,) = root.iter("polygon")
    corners = [tuple(map(float, corner.split(","))) for corner in polygon.get("points").split()]
    assert len(corners) == points
    low, high = min(corners), max(corners)
    assert 2 < high[0] - low[0] < 30
    assert polygon.find("title").text == "three"


def test_columns_below_each_other_reach_as_high_and_only_the_last_has_dates():
    column = [(MIDNIGHT + HOUR, [(10.0, "takeover", "ten")])]
    times = (MIDNIGHT, MIDNIGHT + 12 * HOUR)
    alone = ElementTree.fromstring(charts.stacked_columns(times, column, HOUR, "USD"))
    upper = ElementTree.fromstring(charts.stacked_columns(times, column, HOUR, "USD", top=100.0, dates=False))
    lower = ElementTree.fromstring(charts.stacked_columns(times, column, HOUR, "USD", top=100.0))
    tall, small, same = (float(next(chart.iter("rect")).get("height")) for chart in (alone, upper, lower))
    assert tall > 5 * small
    assert small == pytest.approx(same, rel=0.05)
    labels = [[node.text for node in chart.iter("text")] for chart in (upper, lower)]
    assert "06:00" not in labels[0]
    assert "06:00" in labels[1]


def test_grouped_bars_share_one_zero_and_one_scale():
    groups = [("a", [(-50.0, "p0", "−50"), (100.0, "p1", "+100")]), ("b", [(25.0, "p0", "+25"), (0.0, "p1", "0")])]
    root = ElementTree.fromstring(charts.grouped_bars(groups, "USD"))
    zero = next(float(node.get("x1")) for node in root.iter("line"))
    loss, gain, quarter, nothing = list(root.iter("rect"))
    assert float(loss.get("x")) + float(loss.get("width")) == pytest.approx(zero, abs=0.2)
    assert float(gain.get("width")) == pytest.approx(4 * float(quarter.get("width")), rel=0.01)
    assert float(nothing.get("width")) == 1.0
    assert max(float(bar.get("y")) for bar in root.iter("rect")) < float(root.get("viewBox").split()[3])


def test_stacked_bars_stand_on_each_other_and_the_longest_fills_the_width():
    rows = [("a", [(3.0, "takeover", "three"), (0.0, "close", "none"), (1.0, "adl", "one")], "4"), ("b", [], "0")]
    root = ElementTree.fromstring(charts.stacked_bars(rows, "number", "kinds"))
    first, second = list(root.iter("rect"))
    assert float(first.get("x")) + float(first.get("width")) == pytest.approx(float(second.get("x")), abs=0.2)
    assert float(first.get("width")) == pytest.approx(3 * float(second.get("width")), rel=0.01)
    end = float(second.get("x")) + float(second.get("width"))
    assert charts.WIDTH * 0.8 < end < charts.WIDTH
