"""Announces, lists, executes and cancels what the owner of a deployment does through its timelock."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from nacre.artifacts import CompileError
from nacre.chain import PRIVATE_KEY_VARIABLE, AbiError, CallFailed, ChainError, Contract
from nacre.chain.connect import connected
from nacre.chain.logs import node_logs
from nacre.chain.node import NodeChain
from nacre.command_line import deployment_option, network_option, url_option
from nacre.deploy import DeployError, System, load_system
from nacre.deploy.announcements import Announcement, announcements, changes, told, typed
from nacre.deploy.timelock import CallState, call_state, utc
from nacre.units import MAX_UINT256

COMMAND = "./run timelock"


@dataclass
class Place:
    """Where the timelock is, and who speaks."""

    deployment: Path | None
    network: str
    url: str | None
    from_block: int
    console: Console


@click.group()
@deployment_option
@url_option
@network_option
@click.option(
    "--from-block", type=click.IntRange(min=0), default=0, show_default=True, help="Look for announced calls from here."
)
@click.pass_context
def cli(context: click.Context, deployment: Path | None, url: str | None, network: str, from_block: int) -> None:
    """Change what belongs to the timelock of a deployment: announce a call, execute it after the delay."""
    context.obj = Place(deployment, network, url, from_block, Console(soft_wrap=True))


@cli.command()
@click.argument("function", metavar="CONTRACT.FUNCTION")
@click.argument("arguments", nargs=-1)
@click.option(
    "--salt",
    type=click.IntRange(0, MAX_UINT256),
    default=0,
    show_default=True,
    help="Another one to announce it again.",
)
@click.option("--anyway", is_flag=True, help="Also what would fail now.")
@click.pass_obj
def schedule(place: Place, function: str, arguments: tuple[str, ...], salt: int, anyway: bool) -> None:
    """Announce a call.

    Of a struct it is enough to name what changes: schedule Config.set_market_params 0 imr_bps=600 mmr_bps=300. Amounts
    are WAD, as 500e18.
    """
    with _opened(place) as (chain, system, timelock):
        contract, data = typed(system, function, arguments)
        try:
            chain.raw_call(contract.address, data, sender=timelock.address)
        except CallFailed as error:
            if not anyway:
                raise DeployError(f"it would fail now: {error} (--anyway announces it all the same)") from None
        word = salt.to_bytes(32, "big")
        receipt = timelock.transact("schedule", contract.address, data, word, sender=_owner(chain, timelock)).check()
        event = receipt.event("Scheduled")
        _tell(place, system, contract.address, data)
        place.console.print(f"announced; to be executed from {utc(event.ready_at)} until {utc(event.expires_at)}:")
        place.console.print(f"  {COMMAND} execute 0x{event.id.hex()}")


@cli.command(name="list")
@click.option("--all", "everything", is_flag=True, help="Also what was executed or cancelled, or has expired.")
@click.pass_obj
def list_calls(place: Place, everything: bool) -> None:
    """Show what is announced."""
    with _opened(place) as (chain, system, timelock):
        shown = 0
        for item in _announced(place, chain, timelock):
            state, ready_at = call_state(chain, timelock, item.id)
            if everything or state in (CallState.WAITING, CallState.READY):
                shown += 1
                name = "cancelled" if state == CallState.UNKNOWN else str(state)
                when = f" until {utc(ready_at)}" if state == CallState.WAITING else ""
                place.console.print(f"0x{item.id.hex()}  {name}{when}")
                _tell(place, system, item.target, item.data, "  ")
        if not shown:
            place.console.print("Nothing is announced.")


@cli.command()
@click.argument("call_id", metavar="ID")
@click.pass_obj
def execute(place: Place, call_id: str) -> None:
    """Execute an announced call; the beginning of its id is enough."""
    with _opened(place) as (chain, system, timelock):
        item = _chosen(_announced(place, chain, timelock), call_id)
        arguments = (item.target, item.data, item.salt)
        timelock.transact("execute", *arguments, sender=_owner(chain, timelock)).check()
        place.console.print(f"executed: {escape(told(system, item.target, item.data))}")


@cli.command()
@click.argument("call_id", metavar="ID")
@click.pass_obj
def cancel(place: Place, call_id: str) -> None:
    """Drop an announced call, as its owner or canceller."""
    with _opened(place) as (chain, system, timelock):
        item = _chosen(_announced(place, chain, timelock), call_id)
        roles = [timelock.call("canceller"), timelock.call("owner")]
        sender = next((account for account in roles if chain.can_send(account)), None)
        if sender is None:
            raise ChainError(f"only {roles[0]} and {roles[1]} may cancel, and neither has a key here")
        timelock.transact("cancel", item.id, sender=sender).check()
        place.console.print(f"cancelled: {escape(told(system, item.target, item.data))}")


@contextmanager
def _opened(place: Place) -> Iterator[tuple[NodeChain, System, Contract]]:
    try:
        with connected(place.network, place.url) as chain:
            system = load_system(chain, place.deployment)
            if system.timelock is None:
                raise DeployError("this deployment has no timelock: its owner acts at once")
            yield chain, system, system.timelock
    except (AbiError, ChainError, CompileError, DeployError) as error:
        raise click.ClickException(str(error)) from None


def _announced(place: Place, chain: NodeChain, timelock: Contract) -> list[Announcement]:
    return announcements(timelock, node_logs(chain.rpc), place.from_block, chain.block_number)


def _tell(place: Place, system: System, target: str, data: bytes, indent: str = "") -> None:
    place.console.print(indent + escape(told(system, target, data)))
    for change in changes(system, target, data):
        place.console.print(f"{indent}  {escape(change)}")


def _chosen(items: list[Announcement], call_id: str) -> Announcement:
    found = [item for item in items if item.id.hex().startswith(call_id.lower().removeprefix("0x"))]
    if len(found) != 1:
        raise DeployError(
            f"{len(found) or 'no'} announced calls begin with {call_id}: `{COMMAND} list --all` shows them"
        )
    return found[0]


def _owner(chain: NodeChain, timelock: Contract) -> str:
    owner = timelock.call("owner")
    if not chain.can_send(owner):
        raise ChainError(f"only the owner {owner} may do that, and has no key here: {PRIVATE_KEY_VARIABLE}")
    return owner


if __name__ == "__main__":
    sys.exit(cli())
