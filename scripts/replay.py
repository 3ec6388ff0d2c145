"""Replays a price history against freshly deployed contracts."""

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nacre.artifacts import CompileError, load_all
from nacre.chain import AbiError, Chain, ChainError
from nacre.chain.connect import connected
from nacre.deploy import DeployError
from nacre.presets import PresetError, preset
from nacre.prices import BadPrices, crash_path, read_candles
from nacre.replay.audit import AuditError
from nacre.replay.html import render
from nacre.replay.result import Result
from nacre.replay.run import Replay, Settings
from nacre.replay.summary import show

EMBEDDED = "embedded"
DEFAULT_OUT = Path("out/replay")


@click.command()
@click.option("--prices", type=click.Path(path_type=Path), metavar="CSV", help="timestamp,open,high,low,close,volume.")
@click.option("--candles", type=click.IntRange(min=1), metavar="N", help="Only the first N candles.")
@click.option("--policy", default="oyster", show_default=True, metavar="NAME", help="A preset.")
@click.option("--accounts", type=click.IntRange(2, 5_000), default=200, show_default=True, help="Traders.")
@click.option("--seed", type=click.IntRange(0, 2**63 - 1), default=1, show_default=True, help="Same seed, same replay.")
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_OUT,
    show_default=True,
    help="Folder of report.html and report.json.",
)
@click.option(
    "--network",
    default=EMBEDDED,
    show_default=True,
    metavar="URL",
    help="A node (anvil) instead, or a network of Ape's.",
)
def cli(
    prices: Path | None, candles: int | None, policy: str, accounts: int, seed: int, out: Path, network: str
) -> None:
    """Deploy, open positions of random leverage on both sides, feed a crash candle by candle, and show who paid.

    Without --prices the embedded path is used: 336 hours around 12 March 2020, stylised. Liquidity providers,
    arbitrageurs and keepers act after every price; at the end every unit of collateral is accounted for.
    """
    console = Console()
    started = time.monotonic()
    try:
        settings = _settings(prices, candles, policy, accounts, seed, network)
        out.mkdir(parents=True, exist_ok=True)
        with console.status("Compiling"):
            load_all()
        with _chain(network) as chain:
            result = _run(console, settings, chain)
        _write(out, result)
    except (AbiError, AuditError, BadPrices, ChainError, CompileError, DeployError, OSError, PresetError) as error:
        raise click.ClickException(str(error)) from None
    show(console, result)
    shown = os.path.relpath(out) if out.resolve().is_relative_to(Path.cwd()) else str(out)
    console.print(f"\n[bold]{shown}/report.html[/bold] shows it with charts, {shown}/report.json holds every figure.")
    console.print(f"[dim]{time.monotonic() - started:.0f} s[/dim]")


def _settings(
    prices: Path | None, candles: int | None, policy: str, accounts: int, seed: int, network: str
) -> Settings:
    path = read_candles(prices) if prices else crash_path()
    source = prices.stem if prices else "the embedded crash of March 2020"
    return Settings(
        candles=path[:candles],
        config=preset(policy),
        policy=policy,
        source=source,
        accounts=accounts,
        seed=seed,
        network=network,
    )


def _chain(network: str) -> AbstractContextManager[Chain | None]:
    """None stands for a chain of its own in this process."""
    return nullcontext(None) if network == EMBEDDED else connected(network)


def _run(console: Console, settings: Settings, chain: Chain | None) -> Result:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Opening the market", total=len(settings.candles))
        replay = Replay(settings, chain)

        def progress(done: int, total: int) -> None:
            found = len(replay.world.journal.liquidations)
            bar.update(task, completed=done, total=total, description=f"Candles, {found} liquidations")

        return replay.run(progress)


def _write(out: Path, result: Result) -> None:
    (out / "report.json").write_text(result.as_json())
    (out / "report.html").write_text(render(result))


if __name__ == "__main__":
    sys.exit(cli())
