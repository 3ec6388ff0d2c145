"""A comparison for a terminal: one table that fits 80 columns."""

from rich.console import Console, Group
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from nacre.replay.compare import Comparison, Measure


def show(console: Console, comparison: Comparison) -> None:
    """What stands out, the table, and whether the books balance."""
    console.print()
    sentences = [Text(sentence) for sentence in comparison.story()]
    console.print(Panel(Group(*sentences), title="What happened", padding=(0, 1)))
    console.print(_table(comparison))
    for result in comparison.results:
        if result.left_liquidatable:
            console.print(
                f"[yellow]{result.policy}: {result.left_liquidatable} below maintenance margin at the end, "
                f"{result.left_bankrupt} of them bankrupt.[/yellow]"
            )
    balanced = all(result.balance.balances for result in comparison.results)
    verdict = "assets = claims + dust under every policy" if balanced else "ASSETS AND CLAIMS DIFFER"
    console.print(Text(verdict, style="bold green" if balanced else "bold red"))


def _table(comparison: Comparison) -> Table:
    table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0), title_justify="left")
    table.add_column(comparison.first.symbol)
    for name in comparison.names:
        table.add_column(name, justify="right", no_wrap=True)
    for group in comparison.groups():
        table.add_row(Text(f"\n{group.title}", style="bold"))
        for measure in group.telling().measures:
            table.add_row(measure.name, *_cells(measure))
    dust = Measure("dust of rounding, wei", [result.balance.dust for result in comparison.results], "wei")
    table.add_row(Text("\nbalance sheet", style="bold"))
    table.add_row(dust.name, *_cells(dust))
    return table


def _cells(measure: Measure) -> list[Text]:
    styles = ["red" if value < 0 else "green" if value > 0 else "" for value in measure.values]
    return [Text(cell, style if measure.signed else "") for cell, style in zip(measure.cells(), styles, strict=True)]
