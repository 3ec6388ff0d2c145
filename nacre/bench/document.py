"""The tables of docs/gas.md: made here, written between markers there, compared by `--check`."""

import re
from collections.abc import Sequence
from pathlib import Path

from nacre.artifacts import ROOT
from nacre.bench.costs import costs_table, largest
from nacre.bench.growth import Growth
from nacre.bench.measure import Measured
from nacre.bench.size import LIMIT, Size
from nacre.bench.targets import PEERS, TARGETS

DOCUMENT = ROOT / "docs" / "gas.md"


class DocumentError(Exception):
    """The document lacks its markers."""


def replaced(text: str, name: str, table: str) -> str:
    """The text with the table between the markers of that name."""
    pattern = re.compile(rf"(<!-- {name} -->\n).*?(<!-- end of {name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise DocumentError(f"no markers <!-- {name} --> and <!-- end of {name} --> in the document")
    return pattern.sub(lambda found: f"{found[1]}\n{table}\n\n{found[2]}", text)


def write(tables: dict[str, str], document: Path = DOCUMENT) -> bool:
    """Brings the tables up to date; whether that changed anything."""
    old = new = document.read_text()
    for name, table in tables.items():
        new = replaced(new, name, table)
    if new != old:
        document.write_text(new)
    return new != old


def drift(tables: dict[str, str], document: Path = DOCUMENT) -> list[str]:
    """Lines that are in the document and should not be (-), and the other way round (+)."""
    old = document.read_text()
    lines: list[str] = []
    for name, table in tables.items():
        if replaced(old, name, table) == old:
            continue
        start, end = old.index(f"<!-- {name} -->\n"), old.index(f"<!-- end of {name} -->")
        before, after = old[start:end].splitlines()[1:], table.splitlines()
        lines += [f"- {line}" for line in before if line and line not in after]
        lines += [f"+ {line}" for line in after if line not in before]
        lines += [f"{name}: order of lines"] if sorted(filter(None, before)) == sorted(after) else []
    return lines


def gas_tables(measured: Sequence[Measured]) -> dict[str, str]:
    tables = {"gas": gas_table(measured), "targets": target_table(measured), "settings": settings_list(measured)}
    costs = {
        f"costs of {item.operation.name}": costs_table(item) for item in measured if item.operation.name in TARGETS
    }
    return tables | costs


def gas_table(measured: Sequence[Measured]) -> str:
    heads = (
        "operation | gas | floor | ratio | intrinsic | calldata | cold accounts | cold slots | writes | logs | refund"
    )
    lines = [f"| {heads} |", "|---|" + "---:|" * 10]
    for item in measured:
        floor = item.floor
        parts = (floor.base, floor.calldata, floor.accounts, floor.slots, floor.writes, floor.logs, -floor.refund)
        numbers = (f"{item.gas:,}", f"{floor.total:,}", f"{item.ratio:.2f}", *(f"{part:,}" for part in parts))
        lines.append(f"| {item.operation.name} | {' | '.join(numbers)} |")
    return "\n".join(lines)


def target_table(measured: Sequence[Measured]) -> str:
    lines = ["| operation | gas | target | | cheapest peer | | largest costs |", "|---|---:|---:|---:|---|---:|---|"]
    for item in measured:
        name = item.operation.name
        if target := TARGETS.get(name):
            peer, gas = PEERS.get(name, ("", 0))
            against = f"{peer} {gas:,} | {_change(item.gas, gas)}" if peer else "none | "
            costs = ", ".join(f"{cause} {gas:,}" for cause, gas in largest(item))
            lines.append(f"| {name} | {item.gas:,} | {target:,} | {_change(item.gas, target)} | {against} | {costs} |")
    return "\n".join(lines)


def _change(gas: int, other: int) -> str:
    return f"{gas / other * 100 - 100:+.1f} %"


def settings_list(measured: Sequence[Measured]) -> str:
    return "\n".join(f"- `{item.operation.name}`: {item.operation.note}" for item in measured)


def growth_tables(found: Sequence[Growth]) -> dict[str, str]:
    counts = [f"{count:,} open positions" for count in found[0].gas]
    lines = [f"| operation | {' | '.join(counts)} |", "|---|" + "---:|" * len(counts)]
    lines += [f"| {item.operation} | {' | '.join(f'{gas:,}' for gas in item.gas.values())} |" for item in found]
    return {"growth": "\n".join(lines)}


def size_tables(sizes: Sequence[Size]) -> dict[str, str]:
    lines = [f"| contract | bytes | of {LIMIT:,} |", "|---|---:|---:|"]
    lines += [f"| {size.name} | {size.code_bytes:,} | {size.code_bytes / LIMIT * 100:.1f} % |" for size in sizes]
    return {"size": "\n".join(lines)}
