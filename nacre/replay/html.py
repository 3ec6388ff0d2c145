"""report.html: one file with everything in it, made of a Result."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nacre import figures
from nacre.prices import Candle
from nacre.replay import charts
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE, KINDS, TAKEOVER, Liquidation, Result
from nacre.replay.words import RESIDUES, gain, has_vault, interval_text, kinds, moment, story, trader_text

FOLDER = Path(__file__).resolve().parent
# More candles than this are drawn in groups; the page stays readable and small.
MOST_BARS = 360
LARGEST_EVENTS = 10


# Class of the style sheet and shape on the price chart, by kind.
STYLES = {TAKEOVER: "takeover", FORCE_CLOSE: "close", BACKSTOP: "vault", ADL: "adl"}
SHAPES = {TAKEOVER: "circle", FORCE_CLOSE: "square", BACKSTOP: "diamond", ADL: "triangle"}


def environment() -> Environment:
    """Templates of this folder, and how they write figures."""
    made = Environment(
        loader=FileSystemLoader(FOLDER),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "money": figures.money,
        "gain": gain,
        "full": figures.full,
        "price": figures.price,
        "moment": moment,
    }
    return made


def render(result: Result) -> str:
    """The page."""
    return (
        environment()
        .get_template("report.html.j2")
        .render(
            result=result,
            facts=facts(result),
            story=story(result),
            kinds=kinds(result),
            largest=largest_events(result),
            parameters=parameters(result),
            charts={name: Markup(draw(result)) for name, draw in CHARTS.items()},
            vault_chart=Markup(vault_chart(result)) if has_vault(result) else "",
            liquidity_chart=Markup(liquidity_chart(result)),
            styles=STYLES,
            legend=legend([result]),
            figures=figures,
            interval_text=interval_text(result.interval),
            residue_text=RESIDUES[result.parameters["residue"]],
            trader_text=trader_text(result),
            brought=sum(party.brought for party in result.parties),
            final=sum(party.final for party in result.parties),
        )
    )


@dataclass(frozen=True)
class Key:
    """An entry of the legend of kinds."""

    style: str
    shape: str
    text: str
    broke: bool


def legend(results: Sequence[Result]) -> list[Key]:
    """The kinds that happened; both of the commonest if none did."""
    happened = {(item.kind, item.bankrupt) for result in results for item in result.liquidations}
    shown = happened or {(TAKEOVER, False), (FORCE_CLOSE, False)}
    names = {BACKSTOP: "taken over by the backstop vault", ADL: "auto-deleveraged"}
    return [
        Key(STYLES[kind], SHAPES[kind], _legend_text(names, kind, bankrupt), bankrupt and kind != ADL)
        for bankrupt in (False, True)
        for kind in KINDS
        if (kind, bankrupt) in shown
    ]


def _legend_text(names: dict[str, str], kind: str, bankrupt: bool) -> str:
    text = names.get(kind, kind)
    return f"{text}, bankrupt" if bankrupt and kind != ADL else text


@dataclass(frozen=True)
class Fact:
    """One figure at the top of the page."""

    name: str
    value: str
    note: str
    style: str = ""


def facts(result: Result) -> list[Fact]:
    liquidations = result.liquidations
    bankrupt = sum(item.bankrupt for item in liquidations)
    keepers, fund = result.party("keepers"), result.party("insurance fund")
    traders = result.party("traders")
    socialised = result.socialised("long") + result.socialised("short") + result.total("from_providers")
    return [
        Fact("liquidations", f"{len(liquidations):,}", f"{bankrupt:,} of bankrupt positions"),
        Fact(
            "traders kept", figures.percent(traders.final, traders.brought), f"{gain(traders.result)} {result.symbol}"
        ),
        Fact("keepers earned", gain(keepers.result), result.symbol),
        Fact("insurance fund", figures.money(fund.final), f"{gain(fund.result)} since the start"),
        Fact(
            "shared as social loss", figures.money(socialised), f"of {figures.money(result.total('deficit'))} deficits"
        ),
        *_further_facts(result),
        Fact("assets − claims", f"{result.balance.dust:,} wei", "dust of rounding, left in the pot"),
    ]


def _further_facts(result: Result) -> list[Fact]:
    """Of what only some policies have."""
    found = []
    if has_vault(result):
        vault = result.party("backstop vault")
        found.append(Fact("backstop vault", figures.money(vault.final), f"{gain(vault.result)} for its depositors"))
    if deleveraged := result.of_kind(ADL):
        found.append(
            Fact(
                "given up in ADL",
                figures.money(result.given_up()),
                figures.count(len(deleveraged), "position") + " closed",
            )
        )
    if income := result.party("treasury").result:
        found.append(Fact("treasury", figures.money(income), "income"))
    return found


def largest_events(result: Result) -> list[Liquidation]:
    """By notional at mark; equals in time order."""
    return sorted(result.liquidations, key=lambda item: -item.notional)[:LARGEST_EVENTS]


def parameters(result: Result) -> list[tuple[str, str]]:
    """Name and value as a person writes them."""

    def text(value: object) -> str:
        if isinstance(value, bool):
            return "yes" if value else "no"
        if isinstance(value, list | tuple):
            return ", ".join(map(str, value)) or "none"
        return str(value)

    return [(name, text(value)) for name, value in result.parameters.items()]


# ---- charts


def style_of(item: Liquidation) -> str:
    return f"{STYLES[item.kind]}{' broke' if item.bankrupt and item.kind != ADL else ''}"


def describe(item: Liquidation) -> str:
    text = (
        f"{moment(item.time)}: {item.kind} of {item.target}, {item.side} {figures.money(item.size)} at "
        f"{figures.price(item.mark_price)}, notional {figures.money(item.notional)}"
    )
    return f"{text}, deficit {figures.money(item.loss)}" if item.loss else text


def grouped(candles: Sequence[Candle], most: int = MOST_BARS) -> list[charts.Bar]:
    """Neighbouring candles as one, so that there are at most `most`."""
    size = -(-len(candles) // most)
    bars = []
    for start in range(0, len(candles), size):
        group = candles[start : start + size]
        bars.append(
            charts.Bar(
                time=(group[0].timestamp + group[-1].timestamp) / 2,
                open=group[0].open / 1e18,
                high=max(candle.high for candle in group) / 1e18,
                low=min(candle.low for candle in group) / 1e18,
                close=group[-1].close / 1e18,
            )
        )
    return bars


def price_chart(result: Result) -> str:
    half = result.interval / 2
    bars = [charts.Bar(bar.time + half, bar.open, bar.high, bar.low, bar.close) for bar in grouped(result.candles)]
    largest = max((item.notional for item in result.liquidations), default=1)
    marks = [
        charts.Mark(
            item.time,
            item.mark_price / 1e18,
            item.notional / largest,
            style_of(item),
            SHAPES[item.kind],
            describe(item),
        )
        for item in result.liquidations
    ]
    return charts.price_chart(bars, marks, f"index price, {result.symbol}")


def liquidation_columns(result: Result, unit: str = "", top: float = 0.0, dates: bool = True) -> str:
    """Liquidated notional by kind, in as many columns as there are bars above. With a `top` it is one of several."""
    start, end = result.candles[0].timestamp, result.candles[-1].timestamp + result.interval
    width, sums = _columns(result)
    columns = []
    for slot, pieces in sorted(sums.items()):
        when = moment(start + slot * width)
        columns.append(
            (
                start + (slot + 0.5) * width,
                [
                    (pieces.get(style, 0) / 1e18, style, f"{when}, {name}: {figures.money(pieces.get(style, 0))}")
                    for style, name in COLUMN_STYLES.items()
                ],
            )
        )
    unit = unit or f"liquidated notional, {result.symbol}"
    return charts.stacked_columns((start, end), columns, width, unit, top, dates)


def tallest_column(result: Result) -> float:
    return max((sum(pieces.values()) for pieces in _columns(result)[1].values()), default=0) / 1e18


# From the bottom up.
COLUMN_STYLES = {
    **{STYLES[kind]: f"{kind}, solvent" for kind in (TAKEOVER, FORCE_CLOSE, BACKSTOP)},
    **{f"{STYLES[kind]} broke": f"{kind}, bankrupt" for kind in (TAKEOVER, FORCE_CLOSE, BACKSTOP)},
    STYLES[ADL]: "auto-deleveraged",
}


def _columns(result: Result) -> tuple[int, dict[int, dict[str, int]]]:
    """The width of a column in seconds, and notional by style in each."""
    start = result.candles[0].timestamp
    width = -(-len(result.candles) // MOST_BARS) * 2 * result.interval
    sums: dict[int, dict[str, int]] = {}
    for item in result.liquidations:
        column = sums.setdefault((item.time - start) // width, {})
        column[style_of(item)] = column.get(style_of(item), 0) + item.notional
    return width, sums


def fund_chart(result: Result) -> str:
    fund = [(sample.time, sample.insurance_fund / 1e18) for sample in result.samples]
    lines = [charts.Line(fund, "fund", filled=True)]
    if any(sample.unallocated_loss for sample in result.samples):
        lines.append(charts.Line([(s.time, s.unallocated_loss / 1e18) for s in result.samples], "unallocated"))
    return charts.line_chart("Insurance fund", lines, f"insurance fund, {result.symbol}")


def vault_chart(result: Result) -> str:
    """What deposits are worth."""
    points = [(sample.time, sample.vault / 1e18) for sample in result.samples]
    return charts.line_chart("Backstop vault", [charts.Line(points, "vault", filled=True)], f"worth, {result.symbol}")


def liquidity_chart(result: Result) -> str:
    points = [(sample.time, sample.lp_margin / 1e18) for sample in result.samples]
    return charts.line_chart("Liquidity", [charts.Line(points, "fund", filled=True)], f"margin, {result.symbol}")


def social_chart(result: Result) -> str:
    lines = [
        charts.Line([(s.time, s.long_social_loss_index / 1e18) for s in result.samples], "longs"),
        charts.Line([(s.time, s.short_social_loss_index / 1e18) for s in result.samples], "shorts"),
    ]
    return charts.line_chart("Social loss per unit of size", lines, f"social loss a unit of size, {result.symbol}")


def interest_chart(result: Result) -> str:
    points = [(s.time, s.open_interest / 1e18 * s.index_price / 1e18) for s in result.samples]
    lines = [charts.Line(points, "interest", filled=True, stepped=False)]
    return charts.line_chart("Open interest", lines, f"open interest, {result.symbol}")


def deviation_chart(result: Result) -> str:
    """Where there is no liquidity there is no mid, and the line stays at zero."""
    points = [(s.time, (s.mid_price / s.index_price - 1) * 100 if s.mid_price else 0.0) for s in result.samples]
    return charts.line_chart(
        "Venue against index", [charts.Line(points, "deviation", stepped=False)], "mid over index, %"
    )


def parties_chart(result: Result) -> str:
    rows = [
        (party.role, party.result / 1e18, f"{gain(party.result)}")
        for party in sorted(result.parties, key=lambda party: party.result)
    ]
    return charts.result_bars(rows, f"result over the whole replay, {result.symbol}; open positions at mark")


CHARTS = {
    "price": price_chart,
    "columns": liquidation_columns,
    "fund": fund_chart,
    "social": social_chart,
    "interest": interest_chart,
    "deviation": deviation_chart,
    "parties": parties_chart,
}
