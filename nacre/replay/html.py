"""report.html: one file with everything in it, made of a Result."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from nacre import figures
from nacre.prices import Candle
from nacre.replay import charts
from nacre.replay.result import ADL, BACKSTOP, FORCE_CLOSE, KINDS, TAKEOVER, Liquidation, Result

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


def has_vault(result: Result) -> bool:
    return any(party.role == "backstop vault" for party in result.parties)


def moment(time: int) -> str:
    return f"{datetime.fromtimestamp(time, UTC):%Y-%m-%d %H:%M}"


# ---- words

RESIDUES = {"insurance": "insurance fund", "trader": "trader", "treasury": "treasury"}


def interval_text(seconds: int) -> str:
    for unit, name in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return figures.count(seconds // unit, name)
    return figures.count(seconds, "second")


def trader_text(result: Result) -> str:
    traders = result.traders
    text = (
        f"Of {figures.count(result.party('traders').members, 'trader')} {traders.in_profit:,} ended in profit and "
        f"{traders.in_loss:,} in loss; {traders.emptied:,} kept less than a hundredth of what they brought. "
    )
    if not traders.liquidated:
        return text + "Nobody was liquidated."
    kept = figures.percent(traders.kept_by_liquidated, traders.brought_by_liquidated)
    return (
        text + f"{traders.liquidated:,} were liquidated at least once; together these kept {kept} of what they brought."
    )


@dataclass(frozen=True)
class Fact:
    """One figure at the top of the page."""

    name: str
    value: str
    note: str
    style: str = ""


def story(result: Result) -> list[str]:
    """What happened, in sentences."""
    first, last = result.candles[0], result.candles[-1]
    low = min(result.candles, key=lambda candle: candle.low)
    high = max(result.candles, key=lambda candle: candle.high)
    bankrupt = [item for item in result.liquidations if item.bankrupt]
    deficit = result.total("deficit")
    sentences = [
        f"Between {moment(first.timestamp)} and {moment(last.timestamp + result.interval)} UTC the price went from "
        f"{figures.price(first.open)} to {figures.price(last.close)}, between {figures.price(low.low)} and "
        f"{figures.price(high.high)}."
    ]
    if result.liquidations:
        shares = listed([f"{len(found):,} by {kind}" for kind in KINDS if (found := result.of_kind(kind))])
        sentences.append(
            f"{figures.count(len(result.liquidations), 'liquidation')}: {shares}. "
            + (
                f"In {len(bankrupt):,} of them the position was bankrupt: its loss was larger than its margin."
                if bankrupt
                else "None of the positions was bankrupt: each was liquidated while it still had margin."
            )
        )
    else:
        sentences.append("Nobody had to be liquidated.")
    if deficit:
        parts = [
            (result.total("from_insurance"), "the insurance fund"),
            (result.total("from_providers"), "the liquidity providers' margin"),
            (result.socialised("long"), "the shorts"),
            (result.socialised("short"), "the longs"),
            (result.total("unallocated"), "nobody (unallocated, first claim on new money)"),
        ]
        payers = ", ".join(f"{figures.money(amount)} by {who}" for amount, who in parts if amount)
        sentences.append(f"The deficits of {figures.money(deficit)} {result.symbol} were covered: {payers}.")
    elif not result.given_up():
        sentences.append("No deficit had to be absorbed.")
    if deleveraged := result.of_kind(ADL):
        closed = figures.count(len(deleveraged), "bankrupt position was", "bankrupt positions were")
        against = figures.count(sum(item.counterparties for item in deleveraged), "position")
        sentences.append(
            f"{closed} closed against {against} of the other side, which gave up {figures.money(result.given_up())} "
            f"{result.symbol} of profit."
        )
        if more := result.given_up() - result.borne():
            sentences.append(
                f"{figures.money(more)} of that is more than the loss: the policy closes at the previous mark, and "
                "what that leaves is the bankrupt traders'."
            )
    return sentences


def listed(parts: Sequence[str]) -> str:
    """ "a", "a and b", "a, b and c"."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]] if len(parts) > 1 else parts)


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


def gain(amount: int) -> str:
    return figures.money(amount, signed=True)


@dataclass(frozen=True)
class KindRow:
    """A line of the table of kinds."""

    name: str
    count: int
    notional: int
    deficit: int
    rewards: int
    residue: int


def kinds(result: Result) -> list[KindRow]:
    rows = []
    happened = {item.kind for item in result.liquidations}
    for kind in KINDS:
        if kind not in (TAKEOVER, FORCE_CLOSE) and kind not in happened:
            continue
        for bankrupt in (False, True):
            found = [item for item in result.of_kind(kind) if item.bankrupt is bankrupt]
            if kind == ADL and not found:
                continue
            rows.append(
                KindRow(
                    f"{kind}, {'bankrupt' if bankrupt else 'solvent'}",
                    len(found),
                    sum(item.notional for item in found),
                    sum(item.loss for item in found),
                    sum(item.reward if kind == FORCE_CLOSE else max(item.equity, 0) for item in found),
                    sum(max(item.residue, 0) for item in found),
                )
            )
    ranges = [loss for loss in result.absorptions if loss.cause not in KINDS]
    tips = KindRow("failing range removed", len(result.removals), 0, sum(loss.deficit for loss in ranges), 0, 0)
    return [*rows, tips]


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
