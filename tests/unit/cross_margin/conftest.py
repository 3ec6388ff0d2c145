"""Two plain markets where cross margin is allowed: `main` and `other`, both at 100, with the same providers."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from support.exchange import LIQUIDITY, Exchange
from support.fixtures import *  # noqa: F403
from support.spec import Pos, ceil, equity, margin

from nacre.deploy import Market
from nacre.units import WAD

MAIN, OTHER = 0, 1
START = 1_000 * WAD


@dataclass
class Pair:
    """An exchange with a second market, and the portfolio of docs/spec.md section 12 in plain sums."""

    exchange: Exchange
    other: Market

    def cross(self, who: str, *markets: int) -> None:
        """Both markets if none is named, with START of free collateral."""
        self.exchange.house.transact("withdraw", self.exchange.free(who) - START, sender=who).check()
        for market in markets or (MAIN, OTHER):
            self.exchange.house.transact("set_margin_mode", market, True, sender=who).check()

    def push(self, main: int | None = None, other: int | None = None) -> None:
        if main is not None:
            self.exchange.push(main * WAD)
        if other is not None:
            self.exchange.system.push_price(self.other, other * WAD)

    def mark(self, market: int) -> int:
        return self.exchange.house.call("mark_price", market)

    def leg(self, who: str, market: int) -> Pos:
        return self.exchange.pos(who, market)

    def equity(self, who: str, market: int) -> int:
        return equity(self.leg(who, market), self.mark(market))

    def total(self, who: str) -> int:
        """Equity of the account: no carry in these markets."""
        return self.exchange.free(who) + sum(self.equity(who, market) for market in (MAIN, OTHER))

    def margin(self, who: str, ratio_bps: int = 500) -> int:
        return sum(margin(self.leg(who, m).size, self.mark(m), ratio_bps) for m in (MAIN, OTHER))

    def take_over(self, who: str, target: str, market: int, size: int, margin: int = 0) -> Any:
        return self.exchange.engine.transact("liquidate_by_takeover", market, target, size, margin, sender=who)


@pytest.fixture
def pair(opened: Callable[..., Exchange]) -> Pair:
    exchange = opened(cross_margin=True, max_deviation_bps=10_000, force_close_band_bps=2_000)
    other = exchange.list_market("other", cross_margin=True, max_deviation_bps=10_000, force_close_band_bps=2_000)
    provider = exchange.people["provider"]
    exchange.system.fund(provider, LIQUIDITY)
    exchange.provide(provider, LIQUIDITY, market="other")
    return Pair(exchange, other)


__all__ = ["MAIN", "OTHER", "START", "Pair", "ceil"]
