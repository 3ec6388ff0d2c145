"""The order in which counterparties are deleveraged, of the accounts that a scenario knows."""

from fractions import Fraction
from typing import Any

from nacre.deploy import WAD, Market, System


def adl_order(system: System, market: Market, target: str, accounts: list[str]) -> list[str]:
    """Accounts of the side opposite to the target by falling (profit / entry notional) x (notional / equity) at the
    price of execution; who is not eligible comes last."""
    failed = system.lens.call("health", market.id, target)
    price = failed.bankruptcy_price
    if market.config.adl_price == "previous_mark":
        price = system.clearinghouse.call("market_state", market.id).previous_mark or price
    held = {account: system.lens.call("health", market.id, account) for account in accounts}
    opposite = [account for account, health in held.items() if health.size * failed.size < 0]
    return sorted(opposite, key=lambda account: _rank(held[account], price), reverse=True)


def _rank(health: Any, price: int) -> Fraction:
    """-1 for who is not eligible."""
    side = 1 if health.size > 0 else -1
    notional = Fraction(abs(health.size) * price, WAD)
    profit = side * (notional - health.entry_notional)
    equity = health.balance + profit - health.carry + (health.free_collateral if health.cross else 0)
    if profit < 0 or equity <= 0 or not health.entry_notional:
        return Fraction(-1)
    return profit / health.entry_notional * notional / equity
