"""The order in which counterparties are to be deleveraged: docs/spec.md section 14."""

from fractions import Fraction

from nacre.chain import CallFailed
from nacre.fuzz.system.world import World
from nacre.units import WAD


def deleveraging_order(world: World, number: int, target: str) -> list[str]:
    """As the lens lists them; nobody for a target that cannot be deleveraged."""
    try:
        ranks = world.lens.call("adl_counterparties", number, world.address[target], world.everybody)
    except CallFailed:
        return []
    return [world.name[entry.account] for entry in ranks]


def rank(size: int, entry_notional: int, balance: Fraction, price: Fraction) -> Fraction | None:
    """None for who is not eligible. `balance` is settled, with free collateral if it backs the position."""
    notional = abs(size) * price / WAD
    profit = notional - entry_notional if size > 0 else entry_notional - notional
    equity = balance + profit
    if profit < 0 or equity <= 0 or not entry_notional:
        return None
    return profit / entry_notional * notional / equity
