"""Puts a clearinghouse on a chain and lists a market in it."""

import os
import sys
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nacre.artifacts import CompileError, load_all
from nacre.chain import AbiError, ChainError
from nacre.chain.connect import connected
from nacre.chain.node import NodeChain
from nacre.command_line import Address, network_option, url_option
from nacre.deploy import (
    FOLDER,
    MAX_DELAY,
    MIN_DELAY,
    Announced,
    BackstopTerms,
    DeployError,
    Record,
    System,
    deploy_system,
    end_listing,
    list_market,
    record_path,
)
from nacre.presets import MarketConfig, PresetError, load_file, preset, preset_names

TERMS = BackstopTerms()


def _price(ctx: click.Context, param: click.Parameter, value: str | None) -> Decimal | None:
    try:
        return Decimal(value) if value is not None else None
    except InvalidOperation:
        raise click.BadParameter(f"{value!r} is not a number", ctx, param) from None


@click.command()
@click.option("--policy", metavar="NAME", help=f"Preset to deploy: {', '.join(preset_names())}.")
@click.option("--config", "config_path", type=click.Path(path_type=Path), metavar="FILE", help="TOML file of your own.")
@click.option("--market", default="main", show_default=True, help="Name of the market.")
@click.option("--price", callback=_price, help="First price of the market (default: that of the preset or file).")
@click.option("--collateral", type=Address(), help="ERC-20 to use (default: a mock token that anyone may mint).")
@click.option("--decimals", type=click.IntRange(0, 18), default=18, show_default=True, help="Of the mock token.")
@click.option(
    "--oracle",
    type=Address(),
    help="Price adapter to use; give a SignedOracle its guardian before (default: a mock one for scripts to feed).",
)
@click.option("--owner", type=Address(), help="Who may set parameters (default: the node's second account).")
@click.option(
    "--timelock",
    type=click.IntRange(MIN_DELAY, MAX_DELAY),
    metavar="SECONDS",
    help="Put a Timelock with that delay between the owner and what it would own (default: none).",
)
@click.option(
    "--guardian",
    type=Address(),
    help="Who may pause, and cancel what the timelock announces (default: the owner, or the third account).",
)
@click.option("--treasury", type=Address(), help="Who gets the fees (default: a new Treasury, for its stakers).")
@click.option("--governance-token", type=Address(), help="ERC-20 that they stake (default: a mock token).")
@click.option("--feeder", type=Address(), help="Who feeds the mock oracle (default: the owner, or the fifth account).")
@click.option(
    "--deposit-delay",
    type=click.IntRange(0),
    default=TERMS.deposit_delay,
    show_default=True,
    help="Seconds until a deposit takes part in the backstop vault.",
)
@click.option(
    "--lock-up",
    type=click.IntRange(0),
    default=TERMS.lock_up,
    show_default=True,
    help="Seconds until whoever asked may leave the backstop vault.",
)
@network_option
@url_option
@click.option(
    "--out",
    type=click.Path(path_type=Path, file_okay=False),
    default=FOLDER,
    help="Folder of the record (deployments/).",
)
def cli(
    policy: str | None,
    config_path: Path | None,
    market: str,
    price: Decimal | None,
    collateral: str | None,
    decimals: int,
    oracle: str | None,
    owner: str | None,
    timelock: int | None,
    guardian: str | None,
    treasury: str | None,
    feeder: str | None,
    governance_token: str | None,
    deposit_delay: int,
    lock_up: int,
    network: str,
    url: str | None,
    out: Path,
) -> None:
    """Deploy Config, Clearinghouse, LiquidationEngine, Lens, Treasury, BackstopVault, tokens, and a market.

    A market comes with its oracle and venue. Addresses, parameters and code hashes go to deployments/<network>.json. A
    second run finds what is there and does nothing; one that was interrupted goes on; another --market joins the first
    (behind a timelock that takes two runs, with the delay in between). The deployer ends with no role.
    """
    console = Console(soft_wrap=True)
    try:
        config = _parameters(policy, config_path, price)
        with console.status("Compiling"):
            load_all()
        with connected(network, url) as chain, console.status("Deploying"):
            path = record_path(chain, out)
            given = {"owner": owner, "guardian": guardian, "treasury": treasury, "token": collateral}
            record = _record(chain, path, console, given | {"governance token": governance_token, "timelock": timelock})
            say = lambda text: console.print(f"  {escape(text)}")  # noqa: E731
            system = deploy_system(
                chain,
                decimals=decimals,
                token=collateral,
                owner=owner,
                guardian=guardian,
                treasury=treasury,
                feeder=feeder,
                governance_token=governance_token,
                terms=BackstopTerms(deposit_delay, lock_up),
                timelock=timelock,
                record=record,
                progress=say,
            )
            list_market(system, market, config, oracle=oracle, record=record, progress=say)
            end_listing(system)
    except Announced as waiting:
        console.print(f"[yellow]{escape(str(waiting))}[/yellow]")
        return
    except (AbiError, ChainError, CompileError, DeployError, PresetError, ValueError) as error:
        raise click.ClickException(str(error)) from None
    _show(console, system, path)


def _parameters(policy: str | None, path: Path | None, price: Decimal | None) -> MarketConfig:
    if (policy is None) == (path is None):
        raise PresetError("name either --policy or --config")
    fields = {} if price is None else {"price": price}
    return load_file(path, **fields) if path else preset(str(policy), **fields)


def _record(chain: NodeChain, path: Path, console: Console, given: dict[str, Any]) -> Record:
    """The one that is there, if it speaks of this chain; chains in a process start empty each time."""
    record = Record.load(path)
    if record is None:
        return Record({}, path)
    own = [entry for name, entry in record.contracts.items() if name not in ("Token", "GovernanceToken")]
    gone = all(not chain.code(entry["address"]) for entry in own)
    started = any(entry.get("code_hash") for entry in record.contracts.values())
    if record.data["chain_id"] != chain.chain_id or (gone and started):
        console.print(f"  [yellow]{path} is about a chain that is gone: starting anew[/yellow]")
        return Record({}, path)
    governance = record.contracts.get("GovernanceToken", {"address": "none"})
    tokens = {"token": record.contracts["Token"]["address"], "governance token": governance["address"]}
    recorded = {"timelock": None} | tokens | record.data
    for role, wanted in given.items():
        if wanted is not None and recorded[role] != wanted:
            found = recorded[role] if recorded[role] is not None else "none"
            raise DeployError(f"{path} has another {role}, {found}; move it away to start anew")
    return record


def _show(console: Console, system: System, path: Path) -> None:
    table = Table(box=None, pad_edge=False, show_header=False)
    rows = [
        ("collateral", f"{system.token.address}  {system.decimals} decimals"),
        ("config", system.config.address),
        ("clearinghouse", system.clearinghouse.address),
        ("engine", system.engine.address),
        ("lens", system.lens.address),
        ("backstop vault", system.vault.address),
    ]
    for market in system.markets.values():
        rows.append((f"market {market.name}", f"number {market.id}, IMR {market.config.imr_bps / 100:g} %"))
        rows.append(("  oracle", market.oracle.address))
        rows.append(("  venue", market.venue.address))
    if system.timelock is not None:
        rows.append(("timelock", f"{system.timelock.address}  {system.timelock.call('delay')} seconds"))
    rows += [("owner", system.owner), ("guardian", system.guardian), ("treasury", system.treasury)]
    if system.governance_token is not None:
        rows.append(("governance token", system.governance_token.address))
    for title, value in rows:
        table.add_row(title, value)
    console.print(table)
    shown = os.path.relpath(path) if path.is_relative_to(Path.cwd()) else path
    console.print(f"[green]Deployed.[/green] Record: {shown}")


if __name__ == "__main__":
    sys.exit(cli())
