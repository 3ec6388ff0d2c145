"""The whole system as one object whose calls either happen or leave everything as it was."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

from nacre.model import engine, liquidity
from nacre.model import ticks as tick_math
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.oracle import Oracle
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.rounding import Revert
from nacre.model.venue import Venue
from nacre.units import MAX_UINT256

TREASURY = "treasury"


class World:
    """Clearinghouse, engine, venues and oracles with a clock. Amounts WAD, except `deposit` and `withdraw`."""

    def __init__(self, decimals: int = 18, now: int = 1) -> None:
        self.house = Clearinghouse(decimals=decimals, now=now)

    def copy(self) -> "World":
        """Another one in the same state."""
        other = World()
        other.house = self.house.copy()
        return other

    def add_market(self, parameters: MarketParameters, policy: Policy, price: int) -> int:
        """Lists a market whose oracle stands at `price`."""
        now = self.house.now
        oracle = Oracle(price, now, price, 0, parameters.push_jump_bps, now, parameters.oracle_max_age)
        start = tick_math.sqrt_of_price(price)
        market = Market(parameters, policy, oracle, Venue(start, tick_math.tick_at(start)))
        market.funding = replace(market.funding, time=now)
        market.draw_time = market.idle_since = now
        self.house.markets.append(market)
        return len(self.house.markets) - 1

    def market(self, number: int = 0) -> Market:
        return self.house.markets[number]

    def atomically(self, action: Callable[[Clearinghouse], Any]) -> Any:
        """Runs `action`; a Revert leaves no trace."""
        before = self.house.copy()
        try:
            return action(self.house)
        except Revert:
            self.house = before
            raise

    # ---- time and prices

    def wait(self, seconds: int) -> None:
        self.house.now += seconds

    def push_price(self, price: int, number: int = 0, updated_at: int | None = None) -> None:
        self.market(number).oracle.push(price, self.house.now, updated_at)

    def set_parameters(self, parameters: MarketParameters, number: int = 0) -> None:
        """New parameters; what has passed accrues by the old ones, if there is a price. The clock starts anew."""
        with suppress(Revert):
            self.accrue(number)
        market = self.market(number)
        market.was_cross |= market.parameters.cross_margin
        market.parameters, market.failing_since = parameters, 0
        market.funding = replace(market.funding, time=self.house.now)

    # ---- what users call; `sender` defaults to the account

    def deposit(self, account: str, amount: int) -> None:
        self.atomically(lambda h: h.deposit(account, amount))

    def withdraw(self, account: str, amount: int, sender: str | None = None) -> None:
        self.atomically(lambda h: h.withdraw(account, amount, sender or account))

    def trade(
        self,
        account: str,
        size: int,
        margin: int = 0,
        limit_price: int = 0,
        deadline: int = 0,
        number: int = 0,
        sender: str | None = None,
    ) -> Any:
        return self.atomically(
            lambda h: h.trade(number, account, size, margin, limit_price, deadline, sender or account)
        )

    def adjust_margin(self, account: str, delta: int, number: int = 0, sender: str | None = None) -> None:
        self.atomically(lambda h: h.adjust_margin(number, account, delta, sender or account))

    def take_over(self, caller: str, target: str, size: int = MAX_UINT256, margin: int = 0, number: int = 0) -> Any:
        return self.atomically(lambda h: engine.liquidate_by_takeover(h, number, caller, target, size, margin))

    def force_close(
        self, keeper: str, target: str, size: int = MAX_UINT256, limit_price: int = 0, number: int = 0
    ) -> Any:
        return self.atomically(lambda h: engine.force_close(h, number, keeper, target, size, limit_price))

    def call_margin(self, accounts: list[str], number: int = 0) -> Any:
        return self.atomically(lambda h: engine.call_margin(h, number, accounts))

    def add_liquidity(self, provider: str, lower: int, upper: int, margin: int, number: int = 0) -> Any:
        return self.atomically(lambda h: liquidity.add_liquidity(h, number, provider, lower, upper, margin, provider))

    def remove_liquidity(
        self, provider: str, lower: int, upper: int, number: int = 0, sender: str | None = None
    ) -> Any:
        return self.atomically(
            lambda h: liquidity.remove_liquidity(h, number, provider, lower, upper, sender or provider)
        )

    def sync(self, number: int = 0) -> None:
        self.atomically(lambda h: liquidity.sync(h, number))

    def donate_insurance(self, account: str, amount: int, number: int = 0) -> None:
        self.atomically(lambda h: h.donate_insurance(number, account, amount))

    def settle(self, account: str, number: int = 0) -> None:
        self.atomically(lambda h: h.settle(number, account))

    def claim(self, account: str, number: int = 0) -> Any:
        return self.atomically(lambda h: h.claim(number, account))

    def accrue(self, number: int = 0) -> None:
        self.atomically(lambda h: h.accrue(number))

    def collect_protocol_fees(self, number: int = 0) -> Any:
        return self.atomically(lambda h: h.collect_protocol_fees(number, TREASURY))
