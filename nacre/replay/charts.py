"""Charts as inline SVG: no library in the page, colours from its style sheet, so that they follow light and dark.

Every function returns the text of one <svg>. Numbers become floats here and only here: a pixel needs no more.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape

from nacre.figures import short
from nacre.units import DAY

WIDTH = 1060
LEFT, RIGHT, TOP, BOTTOM = 66, 16, 14, 30
HOUR = 3600
TIME_STEPS = (
    60,
    300,
    900,
    HOUR,
    3 * HOUR,
    6 * HOUR,
    12 * HOUR,
    DAY,
    2 * DAY,
    7 * DAY,
    14 * DAY,
    30 * DAY,
    91 * DAY,
    365 * DAY,
)
MOST_TIME_LABELS = 15


@dataclass(frozen=True)
class Scale:
    """Maps [low, high] to pixels [start, end]; logarithmic if asked."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, value = (
            (math.log10(x) for x in (self.low, self.high, value)) if self.log else (self.low, self.high, value)
        )
        return self.start + (value - low) / (high - low) * (self.end - self.start)


@dataclass(frozen=True)
class Frame:
    """The plot area with its two scales and what is drawn into it."""

    x: Scale
    y: Scale
    width: int
    height: int
    parts: list[str] = field(default_factory=list)

    def add(self, text: str) -> None:
        self.parts.append(text)

    def svg(self, title: str) -> str:
        return (
            f'<svg viewBox="0 0 {self.width} {self.height}" role="img" aria-label="{escape(title)}">'
            f"<title>{escape(title)}</title>{''.join(self.parts)}</svg>"
        )


def nice_ticks(low: float, high: float, most: int = 6) -> list[float]:
    """Round numbers that cover [low, high]."""
    if high <= low:
        high = low + (abs(low) or 1.0)
    rough = (high - low) / max(most - 1, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [round(number * step, 12) for number in range(first, last + 1)]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten, with 2 and 5 between them over a short span."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 2 else (1,)
    ticks = [factor * 10.0**power for power in range(first, last + 1) for factor in factors]
    inside = [tick for tick in ticks if low * 0.999 <= tick <= high * 1.001]
    return inside if len(inside) >= 2 else [low, high]


def time_ticks(start: int, end: int, most: int = MOST_TIME_LABELS) -> list[tuple[int, str]]:
    """Round moments, at most `most`, with labels: days as "12 Mar", hours as "14:00"."""
    span = max(end - start, 1)
    step = next((step for step in TIME_STEPS if span / step <= most), span // most)
    ticks = []
    for moment in range(-(-start // step) * step, end + 1, step):
        date = datetime.fromtimestamp(moment, UTC)
        midnight = moment % DAY == 0
        label = f"{date.day} {date:%b}" if midnight else f"{date:%H:%M}"
        if step >= 91 * DAY:
            label = f"{date:%b %Y}"
        ticks.append((moment, label))
    return ticks


def frame(
    times: tuple[int, int],
    values: Sequence[float],
    height: int,
    unit: str,
    log: bool = False,
    width: int = WIDTH,
    most: int = 6,
    dates: bool = True,
) -> Frame:
    """Axes with a grid, a unit and labels; the vertical one covers `values` and a little more."""
    bottom = BOTTOM if dates else 8
    low, high = min(values), max(values)
    if high <= low:
        high = low + (abs(low) or 1.0)
    room = 0.0 if log else (high - low) * 0.04
    y_low, y_high = (low if low == 0 else low - room), (high if high == 0 else high + room)
    steps = log_ticks(low, high) if log else nice_ticks(low, high, most)
    ticks = [tick for tick in steps if y_low <= tick <= y_high or log]
    if log:
        y_low, y_high = min(low, ticks[0]), max(high, ticks[-1])
    end = times[1] if times[1] > times[0] else times[0] + 1
    right = width - RIGHT
    x = Scale(times[0], end, LEFT, right)
    y = Scale(y_low, y_high, height - bottom, TOP + 8, log)
    plot = Frame(x, y, width, height)
    for tick in ticks:
        at = y(tick)
        kind = "zero" if tick == 0 else "grid"
        plot.add(f'<line class="{kind}" x1="{LEFT}" x2="{right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        plot.add(f'<text class="tick end" x="{LEFT - 8}" y="{at + 4:.1f}">{short(tick)}</text>')
    for moment, label in time_ticks(times[0], end, MOST_TIME_LABELS * width // WIDTH):
        at = x(moment)
        if at > right - 4:
            continue
        plot.add(f'<line class="grid faint" x1="{at:.1f}" x2="{at:.1f}" y1="{TOP + 8}" y2="{height - bottom}"/>')
        if dates:
            plot.add(f'<text class="tick mid" x="{at:.1f}" y="{height - 10}">{label}</text>')
    plot.add(f'<text class="unit" x="{LEFT}" y="{TOP}">{escape(unit)}</text>')
    return plot


def line_path(plot: Frame, points: Sequence[tuple[float, float]]) -> str:
    return "M" + "L".join(f"{plot.x(time):.1f} {plot.y(value):.1f}" for time, value in points)


def step_path(plot: Frame, points: Sequence[tuple[float, float]]) -> str:
    """A path that stays level until the next point: for what changes in jumps."""
    out = [f"M{plot.x(points[0][0]):.1f} {plot.y(points[0][1]):.1f}"]
    for time, value in points[1:]:
        out.append(f"H{plot.x(time):.1f}V{plot.y(value):.1f}")
    return "".join(out)


@dataclass(frozen=True)
class Bar:
    """A candle or a group of neighbours as one."""

    time: float  # of its middle
    open: float
    high: float
    low: float
    close: float


@dataclass(frozen=True)
class Mark:
    """A liquidation on the price chart."""

    time: float
    price: float
    weight: float  # 0 to 1, the area
    style: str  # classes of the style sheet
    shape: str  # "circle", "square", "diamond" or "triangle"
    text: str


def price_chart(bars: Sequence[Bar], marks: Sequence[Mark], unit: str, height: int = 400) -> str:
    """Candles with liquidations on them."""
    values = [value for bar in bars for value in (bar.high, bar.low)] + [mark.price for mark in marks]
    log = max(values) / min(values) > 20
    spacing = (bars[-1].time - bars[0].time) / max(len(bars) - 1, 1) or HOUR
    times = (int(bars[0].time - spacing / 2), int(bars[-1].time + spacing / 2))
    plot = frame(times, values, height, unit + (", logarithmic" if log else ""), log)
    body = max(0.8, (plot.x(times[0] + spacing) - plot.x(times[0])) * 0.62)
    for style, chosen in (
        ("up", [b for b in bars if b.close >= b.open]),
        ("down", [b for b in bars if b.close < b.open]),
    ):
        wicks = "".join(f"M{plot.x(b.time):.1f} {plot.y(b.high):.1f}V{plot.y(b.low):.1f}" for b in chosen)
        bodies = "".join(
            f"M{plot.x(b.time):.1f} {plot.y(b.open):.1f}V{plot.y(b.close) + (0.4 if b.open == b.close else 0):.1f}"
            for b in chosen
        )
        plot.add(
            f'<path class="wick {style}" d="{wicks}"/>'
            f'<path class="body {style}" stroke-width="{body:.1f}" d="{bodies}"/>'
        )
    for mark in sorted(marks, key=lambda mark: -mark.weight):
        radius = 2.6 + 6.5 * math.sqrt(max(mark.weight, 0))
        at_x, at_y = plot.x(mark.time), plot.y(mark.price)
        title = f"<title>{escape(mark.text)}</title>"
        plot.add(_shape(mark, at_x, at_y, radius, title))
    return plot.svg("Price with liquidations" if marks else "Price")


def _shape(mark: Mark, x: float, y: float, radius: float, title: str) -> str:
    """All shapes of one weight have about the same area."""
    if mark.shape == "circle":
        return f'<circle class="{mark.style}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}">{title}</circle>'
    if mark.shape == "square":
        side = radius * 1.77
        corner = f'x="{x - side / 2:.1f}" y="{y - side / 2:.1f}" width="{side:.1f}" height="{side:.1f}"'
        return f'<rect class="{mark.style}" {corner}>{title}</rect>'
    half = radius * 1.25
    if mark.shape == "diamond":
        points = [(x, y - half), (x + half, y), (x, y + half), (x - half, y)]
    else:
        points = [(x, y - half * 1.1), (x + half * 1.15, y + half * 0.9), (x - half * 1.15, y + half * 0.9)]
    path = " ".join(f"{px:.1f},{py:.1f}" for px, py in points)
    return f'<polygon class="{mark.style}" points="{path}">{title}</polygon>'


def stacked_columns(
    times: tuple[int, int],
    columns: Sequence[tuple[float, Sequence[tuple[float, str, str]]]],
    width: float,
    unit: str,
    top: float = 0.0,
    dates: bool = True,
) -> str:
    """Columns of (value, class, text) pieces on a time axis; `width` is a column's in seconds. With a `top` the chart
    is one of several below each other: all reach as high, and only the last has `dates`."""
    tallest = max((sum(value for value, _, _ in pieces) for _, pieces in columns), default=0.0)
    tallest = max(tallest, top)
    height = 130 if not top else 96 if dates else 74
    plot = frame(times, [0.0, tallest or 1.0], height, unit, most=3 if top else 6, dates=dates)
    pixels = max(1.5, (plot.x(times[0] + width) - plot.x(times[0])) * 0.85)
    for time, pieces in columns:
        base = 0.0
        for value, style, text in pieces:
            if value <= 0:
                continue
            top = plot.y(base + value)
            plot.add(
                f'<rect class="{style}" x="{plot.x(time) - pixels / 2:.1f}" y="{top:.1f}" width="{pixels:.1f}" '
                f'height="{max(plot.y(base) - top, 0.7):.1f}"><title>{escape(text)}</title></rect>'
            )
            base += value
    return plot.svg("Liquidated notional over time")


@dataclass(frozen=True)
class Line:
    """One series."""

    points: Sequence[tuple[float, float]]
    style: str
    filled: bool = False
    stepped: bool = True


def line_chart(title: str, lines: Sequence[Line], unit: str, height: int = 230, width: int = WIDTH // 2) -> str:
    """Series over the same time, from zero."""
    values = [0.0] + [value for line in lines for _, value in line.points]
    times = (int(lines[0].points[0][0]), int(lines[0].points[-1][0]))
    plot = frame(times, values, height, unit, width=width)
    for line in lines:
        path = step_path(plot, line.points) if line.stepped else line_path(plot, line.points)
        if line.filled:
            base = plot.y(max(plot.y.low, 0.0))
            closed = f"{path}V{base:.1f}H{plot.x(line.points[0][0]):.1f}Z"
            plot.add(f'<path class="fill {line.style}" d="{closed}"/>')
        plot.add(f'<path class="line {line.style}" d="{path}"/>')
    return plot.svg(title)


def result_bars(rows: Sequence[tuple[str, float, str]], unit: str) -> str:
    """Horizontal bars from a zero line: (name, value, label). Gains go right, losses left."""
    row_height, name_width, label_width = 34, 170, 120
    height = TOP + 26 + row_height * len(rows) + 8
    values = [value for _, value, _ in rows]
    low, high = min(0.0, *values), max(0.0, *values)
    if high == low:
        high = 1.0
    left = name_width + (label_width if low < 0 else 0)
    x = Scale(low, high, left, WIDTH - RIGHT - (label_width if high > 0 else 0))
    zero = x(0)
    parts = [f'<text class="unit" x="{name_width}" y="{TOP}">{escape(unit)}</text>']
    for row, (name, value, label) in enumerate(rows):
        top = TOP + 18 + row * row_height
        middle = top + row_height / 2 + 4
        start, end = min(zero, x(value)), max(zero, x(value))
        style = "gain" if value >= 0 else "loss"
        size = f'width="{max(end - start, 1.0):.1f}" height="{row_height - 12}"'
        outside, anchor = (end + 8, "start") if value >= 0 else (start - 8, "end")
        parts.append(f'<text class="name end" x="{name_width - 12}" y="{middle:.1f}">{escape(name)}</text>')
        parts.append(f'<rect class="{style}" x="{start:.1f}" y="{top + 6}" {size} rx="2"/>')
        parts.append(f'<text class="value {anchor}" x="{outside:.1f}" y="{middle:.1f}">{escape(label)}</text>')
    parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{TOP + 12}" y2="{height - 6}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Who paid and who earned">{"".join(parts)}</svg>'


def grouped_bars(groups: Sequence[tuple[str, Sequence[tuple[float, str, str]]]], unit: str) -> str:
    """Horizontal bars from a zero line, several (value, class, label) to a name. Gains go right, losses left."""
    bar, gap, name_width, label_width = 15, 14, 170, 96
    height = TOP + 26 + sum(bar * len(bars) + gap for _, bars in groups)
    values = [value for _, bars in groups for value, _, _ in bars]
    low, high = min(0.0, *values), max(0.0, *values)
    if high == low:
        high = 1.0
    left = name_width + (label_width if low < 0 else 0)
    x = Scale(low, high, left, WIDTH - RIGHT - (label_width if high > 0 else 0))
    zero = x(0)
    parts = [f'<text class="unit" x="{name_width}" y="{TOP}">{escape(unit)}</text>']
    top = TOP + 18.0
    for name, bars in groups:
        middle = top + bar * len(bars) / 2 + 5
        parts.append(f'<text class="name end" x="{name_width - 12}" y="{middle:.1f}">{escape(name)}</text>')
        for value, style, label in bars:
            start, end = min(zero, x(value)), max(zero, x(value))
            size = f'width="{max(end - start, 1.0):.1f}" height="{bar - 3}"'
            outside, anchor = (end + 6, "start") if value >= 0 else (start - 6, "end")
            parts.append(f'<rect class="{style}" x="{start:.1f}" y="{top:.1f}" {size} rx="1.5"/>')
            parts.append(f'<text class="small {anchor}" x="{outside:.1f}" y="{top + 10:.1f}">{escape(label)}</text>')
            top += bar
        top += gap
    parts.append(f'<line class="zero" x1="{zero:.1f}" x2="{zero:.1f}" y1="{TOP + 10}" y2="{height - 6}"/>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="Who lost what">{"".join(parts)}</svg>'


def stacked_bars(rows: Sequence[tuple[str, Sequence[tuple[float, str, str]], str]], unit: str, title: str) -> str:
    """Horizontal bars of (value, class, text) pieces, each with a label behind it; the longest fills the width."""
    row_height, name_width, label_width = 34, 130, 130
    height = TOP + 26 + row_height * len(rows)
    longest = max((sum(value for value, _, _ in pieces) for _, pieces, _ in rows), default=0.0) or 1.0
    x = Scale(0.0, longest, name_width, WIDTH - RIGHT - label_width)
    parts = [f'<text class="unit" x="{name_width}" y="{TOP}">{escape(unit)}</text>']
    for row, (name, pieces, label) in enumerate(rows):
        top = TOP + 14 + row * row_height
        middle = top + row_height / 2 + 4
        parts.append(f'<text class="name end" x="{name_width - 12}" y="{middle:.1f}">{escape(name)}</text>')
        base = 0.0
        for value, style, text in pieces:
            if value <= 0:
                continue
            start, end = x(base), x(base + value)
            size = f'width="{max(end - start, 0.7):.1f}" height="{row_height - 12}"'
            parts.append(
                f'<rect class="{style}" x="{start:.1f}" y="{top + 6}" {size}><title>{escape(text)}</title></rect>'
            )
            base += value
        parts.append(f'<text class="value start" x="{x(base) + 8:.1f}" y="{middle:.1f}">{escape(label)}</text>')
    return f'<svg viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{escape(title)}">{"".join(parts)}</svg>'
