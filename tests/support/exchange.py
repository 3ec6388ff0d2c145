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

from support.houses import deploy_house
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt, restored
from nacre.deploy import Market, System, deploy_system, list_market
from nacre.presets import MarketConfig
from nacre.units import MAX_UINT256, WAD

ALL = MAX_UINT256
PRICE = 100 * WAD
# Prices of about 50 and 200.
WIDE = (39_100, 53_000)
LIQUIDITY = 100_000 * WAD
FREE = 10_000 * WAD
PEOPLE = ("trader", "counterparty", "keeper", "provider", "outsider")
# Every field that matters, so that other defaults change nothing here.
PLAIN: dict[str, Any] = {
    "price": 100,
    "imr_bps": 1000,
    "mmr_bps": 500,
    "trading_fee_bps": 0,
    "protocol_fee_bps": 0,
    "penalty": [0, 0, 0, 0],
    "funding_cap_bps": 0,
    "borrow_rate_bps": 0,
    "borrow_share_bps": 0,
    "mark_mode": "index",
    "tiers": [],
    "cross_margin": False,
    "show_liquidation_price": False,
    "tip": 0,
    "max_deviation_bps": 0,
    "max_open_interest": 0,
    "min_notional": 0,
    "oracle_max_age": 3_600,
    "push_jump_bps": 0,
    "entry_margin_rule": False,
    "trigger_bps": 10_000,
    "backstop_bps": 0,
    "margin_call_bps": 0,
    "takeover": True,
    "force_close": True,
    "force_close_fees": True,
    "force_close_band_bps": 0,
    "min_slice_bps": 0,
    "large_notional": 0,
    "chunk_bps": 0,
    "cooldown_seconds": 0,
    "liquidation_fee_bps": 0,
    "reward_share_bps": 0,
    "residue": "insurance",
    "loss": "social",
    "adl_price": "bankruptcy",
    "insurance_draw_bps": 10_000,
    "last_resort_seconds": 0,
    "grace_seconds": 0,
    "settlement_delay": 0,
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

    def wealth(self, *people: str, market: int = 0) -> int:
        """Free collateral, equity at mark and what is owed, without ranges."""
        seen = [self.lens.call("health", market, who) for who in people]
        return sum(health.free_collateral + health.equity + health.owed for health in seen)

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
    system = deploy_system(chain, decimals=decimals, treasury=chain.account("treasury"))
    list_market(system, "main", MarketConfig(**PLAIN | fields))
    exchange = Exchange(chain, system, {name: chain.account(name) for name in PEOPLE})
    for account in exchange.people.values():
        if free:
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


SHORT_POT_MARKET: dict[str, Any] = {"free": 10 * FREE, "max_deviation_bps": 10_000}


def short_pot(**fields: Any) -> Exchange:
    """A market whose pot holds some 1,843 while the outsider and the provider may ask for 3,000.

    The trader is short 200 from 100 and bankrupt at 150, and nobody has dealt with it. The counterparty, who was on the
    other side, left with its profit at the provider's expense; the outsider bought what it sold: the provider's range
    was flat again and was removed. Of its margin the provider left 1,000 in: two wei of size, from rounding, are its
    position now.
    """
    exchange = open_exchange(**SHORT_POT_MARKET, **fields)
    trader, counterparty, _, provider, outsider = exchange.people.values()
    exchange.trade(trader, -200 * WAD, 4_000 * WAD)
    exchange.trade(counterparty, 200 * WAD, 4_000 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    exchange.push(150 * WAD)
    exchange.provide(provider, LIQUIDITY)
    exchange.trade(counterparty, -200 * WAD)
    exchange.trade(outsider, 200 * WAD, 6_000 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    back = exchange.pos(provider).balance - 1_000 * WAD
    exchange.house.transact("adjust_margin", 0, -back, sender=provider).check()
    return exchange


@dataclass(frozen=True)
class BareHouse:
    """A clearinghouse whose engine, Config and venues are mere accounts: a test can send what only they may send."""

    chain: EmbeddedChain
    house: Contract
    oracle: Contract
    engine: str
    config: str
    venue: str

    def send(self, sender: str, function: str, *arguments: Any) -> Receipt:
        return self.house.transact(function, *arguments, sender=sender)

    def list_market(self, venue: str, **fields: Any) -> int:
        """With parameters as an exchange's, but its own oracle and venue."""
        like = open_exchange(**fields).house
        risk, trading, limits = like.call("market_words", 0)
        number = self.house.call("market_count")
        risk = risk % 2**96 | int(self.oracle.address, 16) << 96
        trading = trading % 2**96 | int(venue, 16) << 96
        self.send(self.config, "set_market", number, risk, trading, limits, like.call("extras_word", 0)).check()
        return number


def bare_house(**fields: Any) -> BareHouse:
    """With one market at 100, number 0."""
    chain = EmbeddedChain(exact_gas=False)
    deployer, engine, config, venue = (chain.account(name) for name in ("deployer", "engine", "config", "venue"))
    token = chain.deploy(load("MockToken"), "Collateral", "COL", 18, sender=deployer)
    house = deploy_house(chain, token.address, engine, config, deployer)
    oracle = chain.deploy(load("MockOracle"), PRICE, deployer, deployer, 100, 3_600, sender=deployer)
    for name in PEOPLE:
        account = chain.account(name)
        token.transact("mint", account, FREE, sender=account).check()
        token.transact("approve", house.address, FREE, sender=account).check()
        house.transact("deposit", FREE, sender=account).check()
    bare = BareHouse(chain, house, oracle, engine, config, venue)
    bare.list_market(venue, **fields)
    return bare
