"""A whole system on the embedded chain: what unit tests and stories of the clearinghouse and the engine stand on.

    exchange = open_exchange(trading_fee_bps=30)     # one market at 100, plain but for what is given; deployed once
    with exchange.undone():                          # whatever happens inside is rolled back
        exchange.trade(trader, 20 * WAD, 300 * WAD)

Market `main`: IMR 10 %, MMR 5 %, no fees, no penalty, no funding, no tip. The provider has a range of 100,000 from
about 50 to about 200; everybody has 10,000 in free collateral.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import lru_cache
from math import isqrt
from typing import Any

from support.spec import WAD, Pos

from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt, restored
from nacre.deploy import MAX_UINT256, Market, System, deploy_system, list_market
from nacre.presets import MarketConfig

ALL = MAX_UINT256
PRICE = 100 * WAD
# Prices of about 50 and 200.
WIDE = (39_100, 53_000)
LIQUIDITY = 100_000 * WAD
FREE = 10_000 * WAD
PEOPLE = ("trader", "counterparty", "keeper", "provider", "outsider")
PLAIN: dict[str, Any] = {
    "price": 100,
    "imr_bps": 1000,
    "mmr_bps": 500,
    "trading_fee_bps": 0,
    "protocol_fee_bps": 0,
    "penalty": [0, 0, 0, 0],
    "funding_cap_bps": 0,
    "tip": 0,
}


@dataclass
class Exchange:
    """One clearinghouse with its people, and short names for what tests do most."""

    chain: EmbeddedChain
    system: System
    people: dict[str, str]

    # ---- parts

    @property
    def house(self) -> Contract:
        return self.system.clearinghouse

    @property
    def engine(self) -> Contract:
        return self.system.engine

    @property
    def config(self) -> Contract:
        return self.system.config

    @property
    def lens(self) -> Contract:
        return self.system.lens

    @property
    def token(self) -> Contract:
        return self.system.token

    @property
    def main(self) -> Market:
        return self.system.markets["main"]

    @property
    def venue(self) -> Contract:
        return self.main.venue

    @property
    def oracle(self) -> Contract:
        return self.main.oracle

    # ---- doing

    def trade(self, who: str, size: int, margin: int = 0, limit: int = 0, market: int = 0) -> Receipt:
        return self.house.transact("trade", market, size, margin, limit, 0, sender=who).check()

    def lead_venue(self, who: str, price: int, margin: int = 100_000 * WAD) -> Receipt:
        """Trades as much as brings the venue to a price, within one range; to about 1e-9 of it."""
        root, _, liquidity = self.venue.call("state")
        target = isqrt((price << 192) // WAD)
        return self.trade(who, (liquidity * (target - root) << 96) // (root * target), margin)

    def push(self, price: int, updated_at: int | None = None) -> None:
        """A price for the market `main`, in a block of its own."""
        self.system.push_price(self.main, price, updated_at)

    def take_over(self, who: str, target: str, size: int = ALL, margin: int = 0) -> Receipt:
        return self.engine.transact("liquidate_by_takeover", 0, target, size, margin, sender=who).check()

    def force_close(self, who: str, target: str, size: int = ALL, limit: int = 0) -> Receipt:
        return self.engine.transact("force_close", 0, target, size, limit, sender=who).check()

    # ---- reading

    def free(self, who: str) -> int:
        return self.house.call("free_collateral", who)

    def record(self, who: str, market: int = 0) -> Any:
        """As the clearinghouse stores it, carry included."""
        return self.house.call("position", market, who)

    def pos(self, who: str, market: int = 0) -> Pos:
        record = self.record(who, market)
        return Pos(record.size, record.balance, record.entry_notional)

    def state(self, market: int = 0) -> Any:
        return self.house.call("market_state", market)

    def quote(self, size: int) -> tuple[int, int]:
        """Notional and mid afterwards of a trade, without fees."""
        return tuple(self.venue.call("quote", size))

    def books(self) -> tuple[Any, ...]:
        """Everything anybody has or owes, in all markets. Needs no price."""
        house = self.house
        names = ("pot", "insurance_fund", "open_interest", "long_social_loss_index", "short_social_loss_index")
        everybody = [*self.people.values(), self.system.treasury]
        found: list[Any] = [house.call(name, market.id) for market in self.system.markets.values() for name in names]
        found += [market.venue.call("state") for market in self.system.markets.values()]
        for who in everybody:
            found += [self.free(who), self.token.call("balanceOf", who)]
            for market in self.system.markets.values():
                found += [house.call(name, market.id, who) for name in ("position", "owed")]
                found.append(self.engine.call("liquidatable_since", market.id, who))
        return (*found, self.token.call("balanceOf", house.address))

    # ---- checking

    def refuses(self, reason: str, contract: Contract, function: str, *arguments: Any, sender: str) -> None:
        """The call reverts for that reason, and nobody has gained or lost anything."""
        before = self.books()
        receipt = contract.transact(function, *arguments, sender=sender)
        assert not receipt.ok, f"{receipt.what} went through instead of refusing with {reason!r}"
        assert receipt.reason == reason
        assert self.books() == before

    @contextmanager
    def undone(self) -> Iterator[None]:
        markets = dict(self.system.markets)
        with restored(self.chain):
            yield
        self.system.markets = markets

    def list_market(self, name: str, **fields: Any) -> Market:
        return list_market(self.system, name, MarketConfig(**PLAIN | fields))

    def provide(
        self, who: str, margin: int, lower: int = WIDE[0], upper: int = WIDE[1], market: str = "main"
    ) -> Receipt:
        venue = self.system.markets[market].venue
        return venue.transact("add_liquidity", lower, upper, margin, sender=who).check()


def reason_of(contract: Contract, function: str, *arguments: Any, sender: str | None = None) -> str:
    """Why a view reverts; fails if it does not."""
    try:
        value = contract.call(function, *arguments, sender=sender)
    except CallFailed as error:
        return str(error)
    raise AssertionError(f"{contract.name}.{function} returned {value} instead of reverting")


def new_exchange(decimals: int = 18, liquidity: int = LIQUIDITY, free: int = FREE, **fields: Any) -> Exchange:
    """A fresh one; tests that share one take `open_exchange`."""
    chain = EmbeddedChain(exact_gas=False)
    system = deploy_system(chain, decimals=decimals)
    list_market(system, "main", MarketConfig(**PLAIN | fields))
    exchange = Exchange(chain, system, {name: chain.account(name) for name in PEOPLE})
    for account in exchange.people.values():
        system.fund(account, free)
    if liquidity:
        system.fund(exchange.people["provider"], liquidity)
        exchange.provide(exchange.people["provider"], liquidity)
    return exchange


@lru_cache(maxsize=64)
def _shared(fields: tuple[tuple[str, Any], ...]) -> Exchange:
    return new_exchange(**dict(fields))


def open_exchange(**fields: Any) -> Exchange:
    """The one with these parameters, as deployed; the caller undoes what it does."""
    return _shared(tuple(sorted((name, tuple(v) if isinstance(v, list) else v) for name, v in fields.items())))
