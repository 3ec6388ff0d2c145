"""Replays a price history against freshly deployed contracts."""

import os
import sys
import time
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nacre.artifacts import CompileError, load_all
from nacre.chain import AbiError, Chain, ChainError
from nacre.chain.connect import connected
from nacre.deploy import DeployError
from nacre.presets import MarketConfig, PresetError, preset, preset_names
from nacre.prices import BadPrices, crash_path, read_candles
from nacre.replay import compare_html, compare_summary, html, summary
from nacre.replay.audit import AuditError
from nacre.replay.compare import Comparison, common_leverage, configs
from nacre.replay.result import Result
from nacre.replay.run import Replay, Settings
from nacre.replay.several import ReplayError, run_several

EMBEDDED = "embedded"
ALL = "all"
POLICIES = f"{', '.join(preset_names())}, or {ALL} of them."
DEFAULT_OUT = Path("out/replay")
# What a user can do something about.
EXPECTED = (AbiError, AuditError, BadPrices, ChainError, CompileError, DeployError, OSError, PresetError)


@click.command()
@click.option("--prices", type=click.Path(path_type=Path), metavar="CSV", help="timestamp,open,high,low,close,volume.")
@click.option("--candles", type=click.IntRange(min=1), metavar="N", help="Only the first N candles.")
@click.option(
    "--policy",
    default="oyster",
    show_default=True,
    metavar="NAME",
    help=POLICIES,
)
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

    With --policy all the same accounts meet the same prices under every policy, with at most the leverage that all of
    them allow, and one report compares them.
    """
    console = Console()
    started = time.monotonic()
    try:
        settings = _settings(prices, candles, policy, accounts, seed, network)
        out.mkdir(parents=True, exist_ok=True)
        with console.status("Compiling"):
            load_all()
        if policy == ALL:
            comparison = Comparison(_run_all(console, settings))
            _write(out, comparison.as_json(), compare_html.render(comparison))
        else:
            with _chain(network) as chain:
                result = _run(console, settings[0], chain)
            _write(out, result.as_json(), html.render(result))
    except (*EXPECTED, ReplayError) as error:
        raise click.ClickException(str(error)) from None
    if policy == ALL:
        compare_summary.show(console, comparison)
    else:
        summary.show(console, result)
    shown = os.path.relpath(out) if out.resolve().is_relative_to(Path.cwd()) else str(out)
    console.print(f"\n[bold]{shown}/report.html[/bold] shows it with charts, {shown}/report.json holds every figure.")
    console.print(f"[dim]{time.monotonic() - started:.0f} s[/dim]")


def _settings(
    prices: Path | None, candles: int | None, policy: str, accounts: int, seed: int, network: str
) -> list[Settings]:
    """One, or one a preset, in the order of the comparison."""
    wanted = configs(preset_names()) if policy == ALL else {policy: _preset(policy)}
    path = read_candles(prices) if prices else crash_path()
    common = Settings(
        candles=path[:candles],
        config=next(iter(wanted.values())),
        policy=policy,
        source=prices.stem if prices else "the embedded crash of March 2020",
        accounts=accounts,
        seed=seed,
        network=network,
        most_leverage_bps=common_leverage(list(wanted.values())) if policy == ALL else None,
    )
    return [replace(common, config=config, policy=name) for name, config in wanted.items()]


def _preset(policy: str) -> MarketConfig:
    try:
        return preset(policy)
    except PresetError as error:
        if policy in preset_names():
            raise
        raise PresetError(f"{error}, and {ALL} to compare them") from None


def _chain(network: str) -> AbstractContextManager[Chain | None]:
    """None stands for a chain of its own in this process."""
    return nullcontext(None) if network == EMBEDDED else connected(network)


COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())


def _run(console: Console, settings: Settings, chain: Chain | None) -> Result:
    with Progress(*COLUMNS, console=console, transient=True) as bar:
        task = bar.add_task("Opening the market", total=len(settings.candles))
        replay = Replay(settings, chain)

        def progress(done: int, total: int) -> None:
            found = len(replay.world.journal.liquidations)
            bar.update(task, completed=done, total=total, description=f"Candles, {found} liquidations")

        return replay.run(progress)


def _run_all(console: Console, settings: list[Settings]) -> list[Result]:
    """In processes of their own; on a node one after the other."""
    if settings[0].network != EMBEDDED:
        with _chain(settings[0].network) as chain:
            return [_run(console, one, chain) for one in settings]
    with Progress(*COLUMNS, console=console, transient=True) as bar:
        tasks = [bar.add_task(one.policy, total=len(one.candles)) for one in settings]
        return run_several(settings, lambda number, done, total: bar.update(tasks[number], completed=done, total=total))


def _write(out: Path, report: str, page: str) -> None:
    (out / "report.json").write_text(report)
    (out / "report.html").write_text(page)


if __name__ == "__main__":
    sys.exit(cli())
