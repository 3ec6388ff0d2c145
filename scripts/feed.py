"""Pushes prices into the mock oracle of a deployment."""

import hashlib
import json
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from nacre.artifacts import CompileError
from nacre.chain import PRIVATE_KEY_VARIABLE, AbiError, ChainError
from nacre.chain.connect import connected
from nacre.command_line import deployment_option, market_named, market_option, network_option, url_option
from nacre.deploy import DeployError, Market, System, load_system, record_path
from nacre.figures import price as shown_price
from nacre.prices import BadPrices, Candle, PricePoint, candle_seconds, crash_path, read_candles


@click.command()
@click.option("--prices", type=click.Path(path_type=Path), metavar="CSV", help="timestamp,open,high,low,close,volume.")
@click.option("--step", type=click.IntRange(min=1), metavar="N", help="Push the next N prices, then stop.")
@click.option("--interval", type=click.FloatRange(min=0), metavar="SECONDS", help="Push one price every so often.")
@click.option(
    "--start", type=click.IntRange(min=0), metavar="K", help="Begin with price K (default: after the last run)."
)
@click.option("--closes", is_flag=True, help="Only the close of each candle, not its open and extremes.")
@click.option("--warp", is_flag=True, help="Let as much time pass as between the prices (anvil only).")
@deployment_option
@market_option
@url_option
@network_option
def cli(
    prices: Path | None,
    step: int | None,
    interval: float | None,
    start: int | None,
    closes: bool,
    warp: bool,
    deployment: Path | None,
    market_name: str,
    url: str | None,
    network: str,
) -> None:
    """Push a price history into the mock oracle: in steps, as a stream, or all at once.

    Without --prices the embedded crash of March 2020 is used. A second run goes on where the last one stopped; the
    place is remembered beside the deployment's record.
    """
    console = Console()
    if step is not None and interval is not None:
        raise click.UsageError("--step and --interval exclude each other")
    try:
        candles = read_candles(prices) if prices else crash_path()
        points = _points(candles, closes)
        with connected(network, url) as chain:
            system = load_system(chain, deployment)
            market = market_named(system, market_name)
            if not chain.can_send(system.feeder):
                raise ChainError(
                    f"only the feeder {system.feeder} may push, and has no key here: {PRIVATE_KEY_VARIABLE}"
                )
            place = Place(deployment or record_path(chain), market_name, points)
            first = place.next if start is None else start
            chosen = points[first : first + step] if step else points[first:]
            if not chosen:
                raise DeployError(f"nothing left to push: there are {len(points)} prices; --start 0 begins again")
            pushed = 0
            try:
                for pushed in _push(console, system, market, chosen, interval, warp):
                    place.save(first + pushed)
            except KeyboardInterrupt:
                console.print("Stopped.")
    except (AbiError, BadPrices, ChainError, CompileError, DeployError, OSError) as error:
        raise click.ClickException(str(error)) from None
    if pushed:
        console.print(
            f"Pushed {pushed} of {len(points)} prices, the last {shown_price(chosen[pushed - 1].price)}; "
            f"next is number {first + pushed}."
        )


@dataclass
class Place:
    """Where in which history the last run stopped."""

    record: Path
    market: str
    points: Sequence[PricePoint]

    @property
    def _file(self) -> Path:
        return self.record.with_suffix(".feed")

    @property
    def _history(self) -> str:
        text = "\n".join(f"{point.timestamp},{point.price}" for point in self.points)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _read(self) -> dict[str, dict[str, int]]:
        try:
            content = json.loads(self._file.read_text())
        except (FileNotFoundError, ValueError):
            return {}
        return content if isinstance(content, dict) else {}

    @property
    def next(self) -> int:
        """0 for a history that was never fed to this market."""
        return self._read().get(self.market, {}).get(self._history, 0)

    def save(self, index: int) -> None:
        content = self._read()
        content[self.market] = {self._history: index}
        self._file.write_text(json.dumps(content) + "\n")


def _points(candles: Sequence[Candle], closes: bool) -> list[PricePoint]:
    seconds = candle_seconds(candles)
    if closes:
        return [PricePoint(candle.timestamp + seconds, candle.close) for candle in candles]
    return [point for candle in candles for point in candle.points(seconds)]


def _push(
    console: Console,
    system: System,
    market: Market,
    points: Sequence[PricePoint],
    interval: float | None,
    warp: bool,
) -> Iterator[int]:
    """Pushes one by one; yields how many are done."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Pushing", total=len(points))
        for number, point in enumerate(points):
            if number and interval:
                time.sleep(interval)
            if number and warp:
                system.chain.set_next_timestamp(system.chain.timestamp + point.timestamp - points[number - 1].timestamp)
            system.push_price(market, point.price)
            bar.update(task, completed=number + 1, description=f"Price {shown_price(point.price)}")
            yield number + 1


if __name__ == "__main__":
    sys.exit(cli())
