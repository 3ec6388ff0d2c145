"""./run bench gas | size | growth | profile."""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path

from nacre.artifacts import CompileError

GAS, SIZE, GROWTH, PROFILE = "gas", "size", "growth", "profile"
DRIFTED = "docs/gas.md says otherwise (-) than measured (+); if the change is meant: ./run bench {} --write"


def main(arguments: Sequence[str]) -> int:
    options = _parser().parse_args(arguments)
    # Imported here: two EVMs and a compiler take a second, help should not.
    from nacre.bench.document import DocumentError
    from nacre.bench.trace import TraceError
    from nacre.chain import ChainError
    from nacre.deploy import DeployError

    try:
        return {GAS: _gas, SIZE: _size, GROWTH: _growth, PROFILE: _profile}[options.command](options)
    except (TraceError, ChainError, CompileError, DeployError, DocumentError, OSError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./run bench", description="What the contracts cost; see docs/gas.md.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    tables = (
        (GAS, "gas of each operation against its arithmetic floor"),
        (SIZE, "bytes of each contract"),
        (GROWTH, "gas of liquidations with few and with many open positions"),
    )
    for name, text in tables:
        command = commands.add_parser(name, help=text, description=text)
        command.add_argument("--json", metavar="FILE", type=Path, help="write the numbers there as well")
        either = command.add_mutually_exclusive_group()
        either.add_argument("--check", action="store_true", help="fail when docs/gas.md says otherwise")
        either.add_argument("--write", action="store_true", help="bring the tables of docs/gas.md up to date")
    command = commands.add_parser(PROFILE, help="where the gas of one operation goes")
    command.add_argument("operation", metavar="OPERATION", help="a name that `bench gas` lists")
    return parser


def _gas(options: argparse.Namespace) -> int:
    from nacre.bench.document import gas_tables
    from nacre.bench.measure import measure_all
    from nacre.bench.report import show_gas

    measured = measure_all()
    show_gas(measured)
    _save(options.json, {"operations": [item.as_json() for item in measured]})
    return _compare(options, gas_tables(measured))


def _size(options: argparse.Namespace) -> int:
    from nacre.bench.document import size_tables
    from nacre.bench.report import show_sizes
    from nacre.bench.size import LIMIT, sizes

    found = sizes()
    show_sizes(found)
    _save(options.json, {"contracts": [size.as_json() for size in found]})
    status = _compare(options, size_tables(found))
    large = [size.name for size in found if size.too_large]
    if large:
        print(f"bench: above {LIMIT:,} bytes: {', '.join(large)}", file=sys.stderr)
    return 1 if large else status


def _growth(options: argparse.Namespace) -> int:
    from nacre.bench.document import growth_tables
    from nacre.bench.growth import growth
    from nacre.bench.report import show_growth

    found = growth()
    show_growth(found)
    _save(options.json, {"operations": [{"operation": item.operation, "gas": item.gas} for item in found]})
    return _compare(options, growth_tables(found))


def _profile(options: argparse.Namespace) -> int:
    from nacre.bench.measure import Bench, named
    from nacre.bench.profile import profile
    from nacre.bench.report import show_profile

    bench, operation = Bench(), named(options.operation)
    show_profile(operation.name, profile(bench.stage(operation.setting), bench.recorded(operation)))
    return 0


def _save(file: Path | None, content: dict[str, object]) -> None:
    if file is not None:
        file.write_text(json.dumps(content, indent=2) + "\n")


def _compare(options: argparse.Namespace, tables: dict[str, str]) -> int:
    from nacre.bench.document import DOCUMENT, drift, write

    if options.write:
        print(f"{DOCUMENT.name}: {'brought up to date' if write(tables) else 'is up to date'}")
    elif options.check and (lines := drift(tables)):
        print("\n".join([DRIFTED.format(options.command), *lines]), file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
