"""Positions that are backed by all free collateral of their account: modes, trades, liquidations, closed legs.

From docs/spec.md, section 12.
"""

from dataclasses import replace
from typing import TYPE_CHECKING

from nacre.model.portfolio import MOST_CROSS_MARKETS, Leg, Portfolio, collect, cover, is_cross, portfolio_of
from nacre.model.positions import Position, initial_margin, maintenance_margin, split
from nacre.model.rounding import require, trunc_div

if TYPE_CHECKING:
    from nacre.model.clearinghouse import Clearinghouse
    from nacre.model.market import Market

MOST_EQUITY = 2**127
# What a part of a solvent account may lack: a wei for each leg.
ROUNDING = MOST_CROSS_MARKETS


def set_margin_mode(house: "Clearinghouse", number: int, account: str, cross: bool) -> None:
    market = house.market(number)
    require(not market.final_price, "market is settling")
    if cross:
        require(number < MOST_CROSS_MARKETS, "too many cross markets")
        require(market.parameters.cross_margin, "isolated only")
    require(is_cross(market, account) != cross, "margin mode unchanged")
    held = market.position_of(account)
    require(held.size == 0 and held.balance == 0, "position is open")
    market.legs.discard(account)
    if cross:
        market.cross.add(account)
    else:
        market.cross.discard(account)


# ---- rules


def check_opening_rule(others: Portfolio, new: Position, price: int, market: "Market") -> None:
    """A profit counts for its own market only. `new` is settled."""
    others.require_tradable()
    equity = new.balance + new.price_pnl(price)
    required = others.initial_margin + initial_margin(new.size, price, market.parameters)
    require(others.opening + equity >= required, "below initial margin")


def check_reduce_rule(others: Portfolio, old: Position, new: Position, price: int, market: "Market") -> None:
    """Maintenance margin of the account, or no worse than before."""
    p = market.parameters
    before = others.equity + old.balance + old.price_pnl(price)
    after = others.equity + new.balance + (new.price_pnl(price) if new.size else 0)
    had = others.maintenance_margin + maintenance_margin(old.size, price, p)
    has = others.maintenance_margin + maintenance_margin(new.size, price, p)
    require(after >= has or after * had >= before * has, "below maintenance margin")


# ---- after a trade


def finish_trade(
    house: "Clearinghouse", number: int, account: str, others: Portfolio, old: Position, new: Position, price: int
) -> None:
    """Pays what a leg lacks, or pays out what it realised, and writes it."""
    market = house.markets[number]
    if new.size == 0:
        end_leg(house, market, account, others, new.balance)
        return
    new = cover(house, market, account, new, price)
    if new.side == old.side and new.amount < old.amount:
        realised = new.balance - old.balance * new.amount // old.amount
        realised = min(realised, new.balance + new.price_pnl(price))
        paid = min(realised, 0 if market.owed_total else market.pot)
        if paid > 0:
            house.pay_out(market, account, paid)
            new = replace(new, balance=new.balance - paid)
    market.store(account, new)


def end_leg(house: "Clearinghouse", market: "Market", account: str, others: Portfolio, balance: int) -> None:
    """A leg of size 0."""
    market.store(account, Position())
    if balance >= 0:
        house.pay_out(market, account, balance)
        return
    found = collect(house, others, market, account, -balance)
    require(found == -balance, "close leaves a deficit")


def settle(house: "Clearinghouse", market: "Market", account: str, price: int) -> None:
    """Pays the carry, and what the leg then lacks."""
    held = market.position_of(account)
    settled = held.settled(market.index_of(held.size))
    market.store(account, cover(house, market, account, settled, price))


# ---- liquidation


class Failing:
    """A leg that is liquidated, with its account as the call found it."""

    def __init__(self, house: "Clearinghouse", number: int, account: str) -> None:
        self.house, self.number, self.account = house, number, account
        self.market = house.markets[number]
        self.before = portfolio_of(house, account)
        leg = self.before.leg(number)
        assert leg is not None
        self.leg: Leg = leg
        self.bankrupt = self.before.full_equity < 0

    def fund(self, part: Position, rest: Position) -> tuple[Position, Position]:
        """(part, rest) with the part's share of the account on it; what it still lacks is the market's."""
        price = self.leg.quote.price
        worth = part.balance + part.price_pnl(price)
        if self.bankrupt and worth < 0:
            have = self.before.free + self.before.collectable
            return self._lacks(part, rest, -worth * have // self.before.lacking)
        due = self._due(rest, price)
        if worth > due:
            return self._return(part, rest, worth - due)
        part, rest = self._lacks(part, rest, due - worth)
        # No waterfall runs for what a profit may yet cover that cannot pay now; a wei a leg is another matter.
        lacks = not self.bankrupt and part.balance + part.price_pnl(price) < -ROUNDING
        require(not lacks, "pot is short" if self.before.equity == self.before.full_equity else "stale price")
        return part, rest

    def _due(self, rest: Position, price: int) -> int:
        if self.bankrupt:
            return 0
        left = maintenance_margin(rest.size, price, self.market.parameters)
        share = self.leg.maintenance_margin - left
        equity = max(min(self.before.equity, MOST_EQUITY), 0)
        return trunc_div(equity * share, self.before.maintenance_margin)

    def _return(self, part: Position, rest: Position, excess: int) -> tuple[Position, Position]:
        part = replace(part, balance=part.balance - excess)
        if rest.size:
            return part, replace(rest, balance=rest.balance + excess)
        self.house.pay_out(self.market, self.account, excess)
        return part, rest

    def _lacks(self, part: Position, rest: Position, missing: int) -> tuple[Position, Position]:
        found = collect(self.house, self.before.without(self.number), self.market, self.account, missing)
        if rest.size and found < missing:
            profit = max(0, rest.balance + rest.price_pnl(self.leg.quote.price))
            more = min(missing - found, profit)
            rest = replace(rest, balance=rest.balance - more)
            found += more
        return replace(part, balance=part.balance + found), rest


def split_leg(
    house: "Clearinghouse", number: int, account: str, held: Position, amount: int
) -> tuple[Position, Position]:
    """(part, rest) of a settled position; that of a cross account with what is due to it."""
    part, rest = split(held, amount)
    if is_cross(house.markets[number], account):
        return Failing(house, number, account).fund(part, rest)
    return part, rest
