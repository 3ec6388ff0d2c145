"""The order in which counterparties are to be deleveraged: docs/spec.md section 14."""

from fractions import Fraction
from typing import Any

from nacre.fuzz.system.settings import NAMES
from nacre.fuzz.system.world import WAD, World


def deleveraging_order(world: World, number: int, target: str) -> list[str]:
    """Accounts of the side opposite to the target by falling (profit / entry notional) x (notional / equity) at the
    price of execution; who is not eligible comes last."""
    failed = world.health(number, target)
    if failed is None or not failed.size:
        return []
    price = failed.bankruptcy_price
    if world.configs[number].adl_price == "previous_mark":
        price = world.state(number).previous_mark or price
    found = []
    for name in NAMES:
        if world.held(number, name).size * failed.size < 0:
            found.append((_rank(world.health(number, name), price), name))
    return [name for _, name in sorted(found, reverse=True)]


def _rank(health: Any, price: int) -> Fraction:
    """-1 for who is not eligible."""
    side = 1 if health.size > 0 else -1
    notional = Fraction(abs(health.size) * price, WAD)
    profit = side * (notional - health.entry_notional)
    equity = health.balance + profit - health.carry + (health.free_collateral if health.cross else 0)
    if profit < 0 or equity <= 0 or not health.entry_notional:
        return Fraction(-1)
    return profit / health.entry_notional * notional / equity
