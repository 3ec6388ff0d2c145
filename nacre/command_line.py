"""What the commands of scripts/ have in common: options, and words that become addresses, amounts and markets."""

from decimal import Decimal, InvalidOperation
from pathlib import Path

import click

from nacre.chain import PRIVATE_KEY_VARIABLE
from nacre.chain.abi import checksum
from nacre.chain.connect import DEFAULT_NETWORK
from nacre.deploy import DeployError, Market, System
from nacre.presets.market import wad


class Address(click.ParamType):
    name = "address"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        try:
            return checksum(value)
        except ValueError:
            self.fail(f"{value!r} is not an address", param, ctx)


class Amount(click.ParamType):
    """A decimal in units of the collateral, as WAD."""

    name = "amount"

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> int:
        try:
            number = Decimal(value)
            if not number.is_finite() or number < 0:
                raise ValueError
            return wad(number)
        except (InvalidOperation, ValueError):
            self.fail(f"{value!r} is not an amount of at most 18 decimals", param, ctx)


deployment_option = click.option(
    "--deployment", type=click.Path(path_type=Path, dir_okay=False), help="Record of `deploy`."
)
market_option = click.option("--market", "market_name", default="main", show_default=True, help="Name of the market.")
url_option = click.option("--url", help=f"A node by URL; signs with the key in {PRIVATE_KEY_VARIABLE} if there is one.")
network_option = click.option(
    "--network", default=DEFAULT_NETWORK, show_default=True, help="A network of Ape's, if there is no URL."
)


def market_named(system: System, name: str) -> Market:
    if name not in system.markets:
        known = ", ".join(system.markets) or "none"
        raise DeployError(f"there is no market {name!r} in this deployment; there are: {known}")
    return system.markets[name]
