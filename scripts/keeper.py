"""Watches the accounts of a deployment: liquidates for profit, and does what a market needs though it pays nobody."""

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress
from rich.table import Table

from nacre.artifacts import CompileError
from nacre.chain import PRIVATE_KEY_VARIABLE, AbiError, ChainError
from nacre.chain.connect import connected
from nacre.chain.logs import EventIndex, node_logs
from nacre.chain.node import NodeChain
from nacre.command_line import (
    Address,
    Amount,
    deployment_option,
    market_named,
    market_option,
    network_option,
    url_option,
)
from nacre.deploy import DeployError, load_system
from nacre.figures import money, price
from nacre.keeper.chain import Desk, Outcome
from nacre.keeper.chain_jobs import JobOutcome
from nacre.keeper.chain_pass import NOTHING_UNPAID, Duties, PassReport, run_pass
from nacre.keeper.chain_scan import OwedIndex, PositionIndex, RangeIndex
from nacre.keeper.view import Health, Limits

# Without a key of one's own: an account of the node that deploy gives no role.
KEEPER_ACCOUNT = 5


@click.command()
@deployment_option
@market_option
@url_option
@network_option
@click.option("--keeper", "keeper_address", type=Address(), help="Who liquidates (default: your key's, or the node's).")
@click.option("--profit-floor", type=Amount(), default="0", show_default=True, help="Leave what brings no more.")
@click.option("--capital", type=Amount(), help="Margin for takeovers in one pass (default: all free collateral).")
@click.option(
    "--from-block", type=click.IntRange(min=0), default=0, show_default=True, help="Look for accounts from here."
)
@click.option("--loop", is_flag=True, help="Go on until interrupted.")
@click.option(
    "--interval", type=click.FloatRange(min=0.1), default=5.0, show_default=True, help="Seconds between passes."
)
@click.option("--passes", type=click.IntRange(min=1), help="End after so many (default: 1; with --loop none).")
@click.option("--only-profit", is_flag=True, help="Leave what pays nothing: rescues, margin calls, settling, fees.")
@click.option(
    "--fees-above", type=Amount(), default="100", show_default=True, help="Have the treasury collect more than this."
)
@click.option("--hold", is_flag=True, help="Keep positions that were taken over; do not sell them on the venue.")
@click.option("--dry-run", is_flag=True, help="Show what would be done, send nothing.")
def cli(
    deployment: Path | None,
    market_name: str,
    url: str | None,
    network: str,
    keeper_address: str | None,
    profit_floor: int,
    capital: int | None,
    from_block: int,
    loop: bool,
    interval: float,
    passes: int | None,
    only_profit: bool,
    fees_above: int,
    hold: bool,
    dry_run: bool,
) -> None:
    """Find accounts below maintenance margin and take them over or force-close them, whichever pays more.

    What pays nobody follows, unless --only-profit or a profit floor above 0 forbid it: force closes without a reward,
    the backstop vault, auto-deleveraging; margin calls; settling, claims and fees that wait;
    ranges that failed, for the tip.

    Accounts are found in the events of the clearinghouse, measured through the lens, and every action is checked with
    the engine's preview, or simulated, before it is sent. Takeovers need free collateral of the keeper in the
    clearinghouse.
    """
    console = Console()
    limits = Limits(profit_floor=profit_floor, capital=capital)
    duties = NOTHING_UNPAID if only_profit or profit_floor else Duties(least_fees=fees_above)
    try:
        with connected(network, url) as chain:
            system = load_system(chain, deployment)
            market = market_named(system, market_name)
            keeper = _keeper(chain, keeper_address)
            desk = Desk(system, market)
            logs = node_logs(chain.rpc)
            positions = PositionIndex(system.clearinghouse, market.id, logs, from_block)
            owed = OwedIndex(system.clearinghouse, market.id, logs, from_block)
            ranges = RangeIndex(market.venue, logs, from_block)
            watch = Watch(desk, keeper, positions, owed, ranges, limits, duties, dry_run, hold)
            _greet(console, desk, keeper, dry_run)
            for number in range(passes or (sys.maxsize if loop else 1)):
                if number:
                    time.sleep(interval)
                try:
                    _one_pass(console, watch, quiet=loop)
                except ChainError as error:
                    if not loop:
                        raise
                    # A node that is busy or restarts is no reason to stop watching.
                    console.print(f"[yellow]{escape(str(error))}; trying again[/yellow]", soft_wrap=True)
    except KeyboardInterrupt:
        console.print("Stopped.")
    except (AbiError, ChainError, CompileError, DeployError) as error:
        raise click.ClickException(str(error)) from None


def _keeper(chain: NodeChain, given: str | None) -> str:
    accounts = list(chain.accounts)
    if given is None:
        if not accounts:
            raise ChainError(f"the node has no accounts: put a key into {PRIVATE_KEY_VARIABLE}")
        return accounts[KEEPER_ACCOUNT] if len(accounts) > KEEPER_ACCOUNT else accounts[0]
    if not chain.can_send(given):
        raise ChainError(f"there is no key of {given} here: put it into {PRIVATE_KEY_VARIABLE}")
    return given


def _greet(console: Console, desk: Desk, keeper: str, dry_run: bool) -> None:
    free = desk.clearinghouse.call("free_collateral", keeper)
    console.print(f"Keeper {keeper}, free collateral {money(free)}{', dry run' if dry_run else ''}", soft_wrap=True)
    if free == 0:
        console.print("[yellow]Without free collateral in the clearinghouse there are only force closes.[/yellow]")


@dataclass(frozen=True)
class Watch:
    """What stays the same from pass to pass."""

    desk: Desk
    keeper: str
    positions: PositionIndex
    owed: OwedIndex
    ranges: RangeIndex
    limits: Limits
    duties: Duties
    dry_run: bool
    hold: bool

    @property
    def indices(self) -> list[EventIndex]:
        return [self.positions, self.owed, self.ranges]

    @property
    def accounts(self) -> list[str]:
        return list(dict.fromkeys([*self.positions.accounts, *self.owed.accounts]))


def _one_pass(console: Console, watch: Watch, quiet: bool) -> None:
    desk = watch.desk
    last = desk.system.chain.block_number
    with Progress(console=console, transient=True) as bar:
        task = bar.add_task("Reading events", total=(last + 1) * len(watch.indices))
        for index in watch.indices:
            for done in index.update(last):
                bar.advance(task, done)
    report = run_pass(
        desk,
        watch.keeper,
        watch.accounts,
        watch.limits,
        watch.dry_run,
        unwind=not watch.hold,
        duties=watch.duties,
        ranges=watch.ranges.ranges,
    )
    watch.positions.forget(report.gone)
    show(console, report, quiet)


def show(console: Console, report: PassReport, quiet: bool = False) -> None:
    """One line, and a table if there is anything to tell."""
    head = f"Block {report.block}: mark {price(report.mark_price)}, {report.watched} positions"
    if report.sale:
        what = "bought" if report.sale.size > 0 else "sold"
        result = "" if report.sale.ok else f", refused: {report.sale.text}"
        console.print(f"Own position: {what} {money(abs(report.sale.size))} on the venue{result}")
    if report.waiting:
        console.print(f"{head}, {report.waiting}")
    elif report.outcomes or report.refusals or report.rescues:
        console.print(_table(report, head, quiet))
        liquidated = [*report.outcomes, *report.rescues]
        done = sum(outcome.ok and outcome.sent for outcome in liquidated)
        left = len(report.refusals) + sum(not outcome.ok for outcome in report.rescues)
        console.print(f"{done} liquidated, {left} left; expected profit {money(report.expected_profit)}")
    else:
        console.print(f"{head}, none to liquidate")
    for chore in report.chores:
        if not quiet or chore.ok:
            console.print(_chore_line(chore))


def _table(report: PassReport, head: str, quiet: bool) -> Table:
    table = Table(box=None, pad_edge=False, title=head, title_justify="left", title_style="bold")
    for column in ("account", "equity", "needs", "action", "size", "margin", "profit", "result"):
        table.add_column(
            column, justify="right" if column in ("equity", "needs", "size", "margin", "profit") else "left"
        )
    for outcome in report.outcomes:
        action = outcome.action
        row = (action.size, action.margin, action.expected_profit)
        cells = (*_health(action.health), action.kind.value, *map(money, row), _result(outcome))
        table.add_row(_short(action.target), *cells)
    for rescue in report.rescues:
        cells = (*_health(rescue.job.health), rescue.job.kind.value, "", "", "0", _result(rescue))
        table.add_row(_short(rescue.job.accounts[0]), *cells)
    for refusal in report.refusals[:3] if quiet else report.refusals:
        profit = "" if refusal.best_profit is None else money(refusal.best_profit)
        cells = (*_health(refusal.health), "[dim]none[/dim]", "", "", profit, refusal.reason)
        table.add_row(_short(refusal.target), *cells)
    return table


def _health(health: Health | None) -> tuple[str, str]:
    return (money(health.equity), money(health.maintenance_margin)) if health else ("", "")


def _result(outcome: Outcome | JobOutcome) -> str:
    return "[green]done[/green]" if outcome.sent and outcome.ok else outcome.text


def _chore_line(chore: JobOutcome) -> str:
    names = ", ".join(map(_short, chore.job.accounts[:3]))
    more = f" and {len(chore.job.accounts) - 3} more" if len(chore.job.accounts) > 3 else ""
    about = f" of {names}{more}" if names else ""
    return f"{chore.job.kind.value.capitalize()}{about}: {_result(chore)}"


def _short(address: str) -> str:
    return f"{address[:8]}…{address[-4:]}"


if __name__ == "__main__":
    sys.exit(cli())
