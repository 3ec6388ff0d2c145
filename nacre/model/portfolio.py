"""All that an account with cross margin has: its free collateral and its legs, one a market.

From docs/spec.md, section 12 (Portfolio). Other markets than the one of the call are brought up to now in memory only.
"""

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

from nacre.model.oracle import Quote
from nacre.model.positions import Position, initial_margin, maintenance_margin, notional
from nacre.model.rounding import Revert, require

if TYPE_CHECKING:
    from nacre.model.clearinghouse import Clearinghouse
    from nacre.model.market import Market

# Markets whose positions may be backed by free collateral.
MOST_CROSS_MARKETS = 16


@dataclass(frozen=True)
class Leg:
    """A settled position at the mark of this moment; of a market with a stale price, at the last one. With what a
    market that settles owes the account: `claim`."""

    number: int
    market: "Market"
    position: Position
    quote: Quote
    claim: int = 0

    @cached_property
    def pnl(self) -> int:
        """u."""
        return self.position.price_pnl(self.quote.price)

    @property
    def stale(self) -> bool:
        """A final price is as good as a fresh one."""
        return self.quote.stale and not self.market.final_price

    @property
    def jumped(self) -> bool:
        return self.quote.jumped and not self.market.final_price

    @property
    def full_equity(self) -> int:
        return self.position.balance + self.pnl + self.claim

    @property
    def equity(self) -> int:
        """No profit counts at a stale price."""
        return self.full_equity - (max(self.pnl, 0) if self.stale else 0)

    @property
    def opening(self) -> int:
        return self.position.balance + min(self.pnl, 0)

    @property
    def notional(self) -> int:
        return notional(self.position.size, self.quote.price)

    @property
    def initial_margin(self) -> int:
        return initial_margin(self.position.size, self.quote.price, self.market.parameters)

    @property
    def maintenance_margin(self) -> int:
        return maintenance_margin(self.position.size, self.quote.price, self.market.parameters)

    @property
    def collectable(self) -> int:
        """What of it may pay for other legs."""
        if self.stale or self.market.owed_total or self.market.final_price:
            return 0
        return max(0, min(self.full_equity, self.market.pot))


@dataclass(frozen=True)
class Portfolio:
    """Sums over an account, WAD."""

    free: int
    legs: tuple[Leg, ...]

    @cached_property
    def equity(self) -> int:
        return self.free + sum(leg.equity for leg in self.legs)

    @cached_property
    def full_equity(self) -> int:
        return self.free + sum(leg.full_equity for leg in self.legs)

    @cached_property
    def opening(self) -> int:
        return self.free + sum(leg.opening for leg in self.legs)

    @cached_property
    def initial_margin(self) -> int:
        return sum(leg.initial_margin for leg in self.legs)

    @cached_property
    def maintenance_margin(self) -> int:
        return sum(leg.maintenance_margin for leg in self.legs)

    @cached_property
    def notional(self) -> int:
        return sum(leg.notional for leg in self.legs)

    @cached_property
    def lacking(self) -> int:
        return sum(max(0, -leg.equity) for leg in self.legs)

    @cached_property
    def collectable(self) -> int:
        return sum(leg.collectable for leg in self.legs)

    @property
    def stale(self) -> bool:
        return any(leg.stale for leg in self.legs)

    @property
    def jumped(self) -> bool:
        return any(leg.jumped for leg in self.legs)

    def leg(self, number: int) -> Leg | None:
        return next((leg for leg in self.legs if leg.number == number), None)

    def without(self, number: int) -> "Portfolio":
        return Portfolio(self.free, tuple(leg for leg in self.legs if leg.number != number))

    def require_tradable(self) -> None:
        """Every leg has a price at which risk may be taken."""
        require(not self.stale, "stale price")
        require(not self.jumped, "price just jumped")


def is_cross(market: "Market", account: str) -> bool:
    return account in market.cross


def leg_of(house: "Clearinghouse", number: int, account: str) -> Leg:
    """Its position in one market, which need not be cross."""
    market = house.markets[number].glimpse()
    quote = seen(market, house.now)
    held = market.position_of(account)
    claim = market.owed.get(account, 0) if market.final_price else 0
    return Leg(number, market, held.settled(market.index_of(held.size)), quote, claim)


def seen(market: "Market", now: int) -> Quote:
    """A market whose oracle fails stands at the last mark."""
    try:
        return market.accrue(now)
    except Revert:
        return Quote(market.kept_mark, True, False, market.mark_time, market.kept_mark)


def portfolio_of(house: "Clearinghouse", account: str) -> Portfolio:
    """Everything that backs the account's legs, and the legs."""
    legs = [
        leg_of(house, number, account)
        for number in leg_bits(house, account)
        if account in house.markets[number].positions or house.markets[number].final_price
    ]
    return Portfolio(house.free_of(account), tuple(legs))


def leg_bits(house: "Clearinghouse", account: str) -> list[int]:
    """Markets in which it has a leg, or had one that may still count."""
    return [number for number, market in enumerate(house.markets[:MOST_CROSS_MARKETS]) if account in market.legs]


# ---- paying


def collect(house: "Clearinghouse", payers: Portfolio, into: "Market", account: str, wanted: int) -> int:
    """Takes from free collateral, then from profits in order of market, into a pot; returns what was found.

    `payers` are legs in other markets. Those that are asked have their markets accrued, those that pay are settled.
    """
    found = min(wanted, house.free_of(account))
    house.free[account] = house.free_of(account) - found
    into.pot += found
    for leg in payers.legs:
        if found == wanted:
            break
        market = house.markets[leg.number]
        if not leg.stale:
            market.accrue(house.now)
        amount = min(wanted - found, leg.collectable)
        if amount == 0:
            continue
        market.store_record(account, replace(leg.position, balance=leg.position.balance - amount))
        market.pot -= amount
        into.pot += amount
        found += amount
    return found


def cover(house: "Clearinghouse", market: "Market", account: str, position: Position, price: int) -> Position:
    """What a leg lacks comes out of free collateral, as far as there is any."""
    lacking = max(0, -(position.balance + position.price_pnl(price)))
    paid = min(house.free_of(account), lacking)
    if paid:
        house.pay_in(market, account, paid)
    return replace(position, balance=position.balance + paid)


def check_spending(house: "Clearinghouse", account: str) -> None:
    """Free collateral spent on something else than the account's own legs leaves what they need."""
    left = portfolio_of(house, account)
    if not left.legs:
        return
    left.require_tradable()
    floor = max(left.initial_margin, -(-left.notional // 10))
    require(left.opening >= floor, "below account margin")
