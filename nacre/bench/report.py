"""Tables for the terminal."""

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from nacre.artifacts import CODE_SIZE_LIMIT
from nacre.bench.growth import Growth
from nacre.bench.measure import Measured
from nacre.bench.profile import Profile
from nacre.bench.size import LIMIT, Size
from nacre.bench.targets import TARGETS

WIDTH = 150  # where there is no terminal to ask
SHOWN = 25


def console() -> Console:
    terminal = Console()
    return terminal if terminal.is_terminal else Console(width=WIDTH)


def show_gas(measured: Sequence[Measured]) -> None:
    table = Table(title="Gas of one transaction and its arithmetic floor")
    table.add_column("operation", no_wrap=True)
    for head in ("gas", "floor", "ratio", "intrinsic", "calldata", "accounts", "slots", "writes", "logs", "refund"):
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column("target", justify="right", no_wrap=True)
    for item in measured:
        floor, target = item.floor, TARGETS.get(item.operation.name)
        numbers = (item.gas, floor.total, None, floor.base, floor.calldata, floor.accounts, floor.slots, floor.writes)
        cells = [f"{item.ratio:.2f}" if number is None else f"{number:,}" for number in numbers]
        goal = "" if target is None else f"[{'red' if item.gas > target else 'green'}]{target:,}[/]"
        table.add_row(item.operation.name, *cells, f"{floor.logs:,}", f"{-floor.refund:,}", goal)
    console().print(table)


def show_sizes(sizes: Sequence[Size]) -> None:
    table = Table(title=f"Bytes of code, at most {LIMIT:,} (the chain allows {CODE_SIZE_LIMIT:,})")
    for head, justify in (("contract", "left"), ("bytes", "right"), ("left", "right")):
        table.add_column(head, justify=justify)  # type: ignore[arg-type]
    for size in sizes:
        style = "red" if size.too_large else ""
        table.add_row(size.name, f"{size.code_bytes:,}", f"{LIMIT - size.code_bytes:,}", style=style)
    console().print(table)


def show_growth(found: Sequence[Growth]) -> None:
    table = Table(title="Gas by number of open positions")
    table.add_column("operation", no_wrap=True)
    for count in found[0].gas:
        table.add_column(f"{count:,}", justify="right")
    for item in found:
        table.add_row(item.operation, *(f"{gas:,}" for gas in item.gas.values()))
    console().print(table)


def show_profile(name: str, found: Profile) -> None:
    out = console()
    out.print(f"[bold]{name}[/]: {found.gas:,} gas, of which a refund of {found.refund:,} is taken off")
    _list("by kind", [(gas, kind) for kind, gas in found.kinds.most_common()])
    _list("storage", [(use.gas, f"{use.name}: {use.reads} r {use.writes} w {use.change}") for use in found.slots])
    _list("calls", [(gas, text) for text, gas in found.calls])
    _list("events", [(gas, text) for text, gas in found.events])
    _list("computing by function", [(gas, name) for name, gas in found.functions.most_common(SHOWN)])
    _list("computing by line", [(gas, name) for name, gas in found.lines.most_common(SHOWN)])


def _list(title: str, rows: Sequence[tuple[int, str]]) -> None:
    table = Table(title=title, title_justify="left", show_header=False, box=None)
    table.add_column(justify="right")
    table.add_column()
    for gas, text in rows:
        table.add_row(f"{gas:,}", Text(text))  # names have brackets, which are no markup
    console().print(table)
