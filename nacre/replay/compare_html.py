"""report.html of a comparison: one file with everything in it, made of a Comparison."""

from collections.abc import Callable, Sequence

from markupsafe import Markup

from nacre import figures
from nacre.replay import charts
from nacre.replay.compare import ROLES, Comparison
from nacre.replay.html import (
    COLUMN_STYLES,
    STYLES,
    environment,
    grouped,
    legend,
    liquidation_columns,
    parameters,
    tallest_column,
)
from nacre.replay.result import ADL, Result, Sample
from nacre.replay.words import gain, interval_text

# Style and text of who may bear a loss, in the order of the bars.
PAYERS = (
    ("fund", "insurance fund"),
    ("muted", "liquidity providers, social loss"),
    ("longs", "longs, social loss"),
    ("shorts", "shorts, social loss"),
    ("close", "counterparties of auto-deleveraging"),
    ("broke", "nobody"),
)
PAYER_CLASSES = ("paid-fund", "paid-providers", "paid-longs", "paid-shorts", "paid-adl", "paid-nobody")


def render(comparison: Comparison) -> str:
    """The page."""
    results = comparison.results
    tallest = max(tallest_column(result) for result in results)
    return (
        environment()
        .get_template("compare.html.j2")
        .render(
            title=f"{_number(len(results))} liquidation {'systems' if len(results) > 1 else 'system'}, one price path",
            names=comparison.names,
            first=comparison.first,
            results=results,
            story=comparison.story(),
            groups=[group.telling() for group in comparison.groups()],
            charts={name: Markup(draw(comparison)) for name, draw in CHARTS.items()},
            columns=[
                Markup(
                    liquidation_columns(result, f"{result.policy}, liquidated notional", tallest, result is results[-1])
                )
                for result in results
            ],
            policy_legend=Markup(policy_legend(comparison.names)),
            legend=legend(results),
            payers=PAYERS,
            parameters=differing(results),
            figures=figures,
            interval_text=interval_text(comparison.first.interval),
        )
    )


def _number(count: int) -> str:
    words = ("No", "One", "Two", "Three", "Four", "Five")
    return words[count] if count < len(words) else str(count)


def policy_legend(names: Sequence[str]) -> str:
    keys = "".join(
        f'<span><i class="bar" style="--c:var(--p{number})"></i>{name}</span>' for number, name in enumerate(names)
    )
    return f'<div class="legend">{keys}</div>'


def differing(results: Sequence[Result]) -> list[tuple[str, list[str]]]:
    """Parameters that are not the same everywhere."""
    tables = [dict(parameters(result)) for result in results]
    rows = [(name, [table.get(name, "") for table in tables]) for name in tables[0]]
    return [(name, values) for name, values in rows if len(set(values)) > 1]


# ---- charts


def price_chart(comparison: Comparison) -> str:
    first = comparison.first
    half = first.interval / 2
    bars = [charts.Bar(bar.time + half, bar.open, bar.high, bar.low, bar.close) for bar in grouped(first.candles)]
    return charts.price_chart(bars, [], f"index price, {first.symbol}", 260)


def roles_chart(comparison: Comparison) -> str:
    groups = []
    for name, roles in ROLES.items():
        values = [comparison.result_of(result, roles) for result in comparison.results]
        if any(values):
            groups.append((name, [(value / 1e18, f"p{at}", gain(value)) for at, value in enumerate(values)]))
    return charts.grouped_bars(
        groups, f"result over the whole replay, {comparison.first.symbol}; open positions at mark"
    )


def kinds_chart(comparison: Comparison) -> str:
    rows = []
    for result in comparison.results:
        counts = dict.fromkeys(COLUMN_STYLES, 0)
        for item in result.liquidations:
            counts[STYLES[item.kind] + (" broke" if item.bankrupt and item.kind != ADL else "")] += 1
        pieces = [(float(counts[style]), style, f"{name}: {counts[style]:,}") for style, name in COLUMN_STYLES.items()]
        rows.append((result.policy, pieces, f"{len(result.liquidations):,}"))
    return charts.stacked_bars(rows, "number of liquidations", "Liquidations by kind")


def payers_chart(comparison: Comparison) -> str:
    rows = []
    for result in comparison.results:
        amounts = (
            result.total("from_insurance"),
            result.total("from_providers"),
            result.socialised("short"),
            result.socialised("long"),
            result.borne(),
            result.total("unallocated"),
        )
        pieces = [
            (amount / 1e18, style, f"{text}: {figures.money(amount)}")
            for amount, style, (_, text) in zip(amounts, PAYER_CLASSES, PAYERS, strict=True)
        ]
        rows.append((result.policy, pieces, figures.money(sum(amounts))))
    return charts.stacked_bars(rows, f"losses beyond the margin, {comparison.first.symbol}", "Who bore the losses")


def _lines(
    title: str, unit: str, value: Callable[[Sample], float], stepped: bool = True
) -> Callable[[Comparison], str]:
    def draw(comparison: Comparison) -> str:
        lines = [
            charts.Line([(sample.time, value(sample)) for sample in result.samples], f"p{at}", stepped=stepped)
            for at, result in enumerate(comparison.results)
        ]
        return charts.line_chart(title, lines, f"{unit}, {comparison.first.symbol}")

    return draw


CHARTS: dict[str, Callable[[Comparison], str]] = {
    "price": price_chart,
    "roles": roles_chart,
    "kinds": kinds_chart,
    "payers": payers_chart,
    "fund": _lines("Insurance fund", "insurance fund", lambda sample: sample.insurance_fund / 1e18),
    "interest": _lines(
        "Open interest", "open interest", lambda sample: sample.open_interest / 1e18 * sample.index_price / 1e18, False
    ),
    "longs": _lines(
        "Social loss of the longs", "social loss a unit of size", lambda sample: sample.long_social_loss_index / 1e18
    ),
    "shorts": _lines(
        "Social loss of the shorts", "social loss a unit of size", lambda sample: sample.short_social_loss_index / 1e18
    ),
}
