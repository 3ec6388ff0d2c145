"""The order in which counterparties are deleveraged, of the accounts that a scenario knows."""

from fractions import Fraction
from typing import Any

from nacre.deploy import WAD, Market, System

INELIGIBLE = Fraction(-1)
FIRST = Fraction(2**256)


def adl_order(system: System, market: Market, target: str, accounts: list[str]) -> list[str]:
    """Accounts of the side opposite to the target by falling (profit / entry notional) x (notional / equity) at the
    price of execution; who is not eligible comes last."""
    failed = system.lens.call("health", market.id, target)
    price = _price(system, market, failed)
    held = {account: system.lens.call("health", market.id, account) for account in accounts}
    opposite = [account for account, health in held.items() if health.size * failed.size < 0]
    return sorted(opposite, key=lambda account: _rank(held[account], price), reverse=True)


def _price(system: System, market: Market, failed: Any) -> Fraction:
    """The previous mark where the policy says so and it leaves no deficit, else where the target, with what is in the
    fund, is worth nothing."""
    state = system.clearinghouse.call("market_state", market.id)
    if market.config.adl_price == "previous_mark" and state.previous_mark:
        past = failed.size > 0 and state.previous_mark >= failed.bankruptcy_price
        if past or (failed.size < 0 and state.previous_mark <= failed.bankruptcy_price):
            return Fraction(state.previous_mark)
    return failed.bankruptcy_price - Fraction(state.insurance_fund * WAD, failed.size or 1)


def _rank(health: Any, price: Fraction) -> Fraction:
    side = 1 if health.size > 0 else -1
    notional = abs(health.size) * price / WAD
    profit = side * (notional - health.entry_notional)
    equity = health.balance + profit - health.carry + (health.free_collateral if health.cross else 0)
    if profit < 0 or equity < 0:
        return INELIGIBLE
    if not equity or not health.entry_notional:
        return FIRST
    return profit / health.entry_notional * notional / equity
