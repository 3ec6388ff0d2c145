"""What a replay found out, for a terminal."""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nacre import figures
from nacre.replay.result import Result
from nacre.replay.words import kinds, story, trader_text

# Gas of what matters to users; the report lists all.
SHOWN_GAS = ("trade", "takeover", "force close", "backstop", "ADL", "adjust margin", "add range", "remove range")


def show(console: Console, result: Result) -> None:
    """Five short parts: what happened, liquidations, who paid, gas, the balance sheet."""
    console.print()
    console.print(Panel(Group(*[Text(sentence) for sentence in story(result)]), title="What happened", padding=(0, 1)))
    console.print(_liquidations(result))
    console.print(_parties(result))
    console.print(Text(trader_text(result), style="dim"))
    console.print(_gas(result))
    console.print(_balance(result))
    if result.left_liquidatable:
        left = figures.count(result.left_liquidatable, "position is", "positions are")
        console.print(
            f"[yellow]{left} still below maintenance margin, {result.left_bankrupt} of them bankrupt.[/yellow]"
        )


def _table(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(columns[0])
    for column in columns[1:]:
        table.add_column(column, justify="right")
    return table


def _liquidations(result: Result) -> Table:
    table = _table("\nLiquidations", "kind", "number", "notional", "to the liquidator", "deficit")
    for row in kinds(result):
        if row.count:
            cells = (figures.money(row.notional), figures.money(row.rewards), figures.money(row.deficit))
            table.add_row(row.name, f"{row.count:,}", *cells)
    if not result.liquidations:
        table.add_row("none", "", "", "", "")
    return table


def _parties(result: Result) -> Table:
    table = _table(
        f"\nWho paid, who earned ({result.symbol})", "role", "members", "brought", "has at the end", "result"
    )
    for party in result.parties:
        style = "red" if party.result < 0 else "green" if party.result > 0 else ""
        table.add_row(
            party.role,
            str(party.members or ""),
            figures.money(party.brought),
            figures.money(party.final),
            Text(figures.money(party.result, signed=True), style=style),
        )
    return table


def _gas(result: Result) -> Table:
    table = _table("\nGas", "transaction", "number", "mean", "highest")
    for gas in result.gas:
        if gas.operation in SHOWN_GAS:
            table.add_row(gas.operation, f"{gas.count:,}", f"{gas.mean:,}", f"{gas.highest:,}")
    return table


def _balance(result: Result) -> Table:
    """Every digit: this is the proof."""
    sheet = result.balance
    table = _table(f"\nBalance sheet, to the last wei ({result.symbol})", "", "")
    table.show_header = False
    table.add_row("assets: tokens in the clearinghouse", Text(figures.full(sheet.assets), style="bold"))
    for name, amount in sheet.claims:
        table.add_row(f"  {name}", figures.full(amount))
    table.add_row("claims", Text(figures.full(sheet.total_claims), style="bold"))
    table.add_row("dust of rounding", figures.full(sheet.dust))
    verdict = "assets = claims + dust" if sheet.balances else "ASSETS AND CLAIMS DIFFER"
    table.add_row(Text(verdict, style="bold green" if sheet.balances else "bold red"), "")
    return table
