"""Closing a bankrupt position against those opposite to it, at a price without a loss, in order of rank.

From docs/spec.md, section 14.
"""

from dataclasses import dataclass, replace

from nacre.model.clearinghouse import Clearinghouse
from nacre.model.cross_margin import Failing
from nacre.model.liquidation import MOST_DELEVERAGED
from nacre.model.market import Market
from nacre.model.portfolio import is_cross, portfolio_of
from nacre.model.positions import Position, combine
from nacre.model.rounding import WAD, ceil_div, floor_div, require
from nacre.model.waterfall import absorb, draw, drawable

HIGHEST_NOTIONAL = 2**128 - 1
MOST_EQUITY = 2**104
HIGHEST_RANK = 2**256 - 1
RANK_UNIT = 2**80
RANK_LIMIT = 2**128 - 1
# In percent: how much of a side must be listed, and how far a rank may stand above one before it.
LISTED = 99
TOLERANCE = 100


def scaled(amount: int, part: int, whole: int, side: int) -> int:
    """amount part / whole, up where a long is closed, down where a short is: what counterparties pay."""
    return ceil_div(amount * part, whole) if side > 0 else floor_div(amount * part, whole)


@dataclass(slots=True)
class Run:
    """One deleveraging. `target` is settled and funded; `notional` that of all of it."""

    house: Clearinghouse
    number: int
    price: int
    target: Position
    notional: int
    closed: int = 0

    @property
    def market(self) -> Market:
        return self.house.markets[self.number]

    @property
    def side(self) -> int:
        return self.target.side

    def at(self, size: int) -> int:
        """C."""
        return scaled(self.notional, size, self.target.amount, self.side)

    @property
    def possible(self) -> bool:
        """Whether there is a price at all."""
        return 0 <= self.notional < HIGHEST_NOTIONAL


def auto_deleverage(house: Clearinghouse, number: int, target: str, counterparties: list[str]) -> None:
    market = house.market(number)
    require(market.policy.loss_adl, "ADL not allowed")
    quote = house.fresh_price(market)
    held = market.position_of(target)
    require(held.size != 0, "no position")
    opposite = market.totals.holders_short if held.size > 0 else market.totals.holders_long
    require(opposite <= MOST_DELEVERAGED, "ADL not allowed")
    cut = _cut(house, number, target, held)
    equity = cut.balance + cut.price_pnl(quote.price)
    require(equity < 0, "not bankrupt")
    require(drawable(market, house.now) < -equity, "insurance pays")
    run = _priced(house, number, cut, quote.price)
    _close(run, counterparties)
    _finish(run, target)


def _cut(house: Clearinghouse, number: int, target: str, held: Position) -> Position:
    """The settled position; the leg of a bankrupt account with what that gives along."""
    market = house.markets[number]
    settled = held.settled(market.index_of(held.size))
    if not is_cross(market, target):
        return settled
    failing = Failing(house, number, target)
    require(failing.bankrupt, "not bankrupt")
    return failing.fund(settled, Position(topups=held.topups))[0]


def _priced(house: Clearinghouse, number: int, cut: Position, price: int) -> Run:
    """At the previous mark if the policy has it and that leaves no deficit, else at the bankruptcy price."""
    market = house.markets[number]
    earlier = market.previous_mark_at(house.now)
    if market.policy.adl_previous_mark and earlier > 0 and cut.balance + cut.price_pnl(earlier) >= 0:
        return Run(house, number, price, cut, scaled(earlier, cut.amount, WAD, cut.side))
    if payable := drawable(market, house.now):
        cut = replace(cut, balance=cut.balance + draw(market, payable, house.now))
    return Run(house, number, price, cut, cut.entry_notional - cut.side * cut.balance)


# ---- counterparties


def _close(run: Run, counterparties: list[str]) -> None:
    market, seen = run.market, set[str]()
    total, listed, lowest = market.totals.of_side(-run.side), 0, HIGHEST_RANK
    for account in counterparties:
        require(account not in seen, "ADL account repeated")
        seen.add(account)
        held = market.position_of(account)
        if held.size * run.target.size >= 0:
            continue
        listed += held.amount
        settled = held.settled(market.index_of(held.size))
        rank = rank_of(run, account, settled) if run.possible else None
        if rank is None:
            continue
        require(rank <= lowest + lowest // TOLERANCE, "ADL order")
        lowest = min(lowest, rank)
        if run.closed < run.target.amount:
            _close_one(run, account, settled)
    require(100 * listed >= LISTED * total, "ADL list incomplete")


def rank_of(run: Run, account: str, settled: Position) -> int | None:
    """None for who is not eligible."""
    worth = scaled(run.notional, settled.amount, run.target.amount, run.side)
    gain = settled.side * (worth - settled.entry_notional)
    backing = run.house.free_of(account) if is_cross(run.market, account) else 0
    equity = settled.balance + gain + backing
    if gain < 0 or not 0 <= equity < MOST_EQUITY:
        return None
    if settled.entry_notional == 0 or equity == 0:
        return HIGHEST_RANK
    profit = min(gain * RANK_UNIT // settled.entry_notional, RANK_LIMIT)
    return profit * min(worth * RANK_UNIT // equity, RANK_LIMIT)


def _close_one(run: Run, account: str, settled: Position) -> None:
    """As much of it as is still needed, unless its account could not bear that."""
    market, house = run.market, run.house
    part = min(settled.amount, run.target.amount - run.closed)
    notional = run.at(run.closed + part) - run.at(run.closed)
    leg = Position(run.side * part, 0, notional, market.index_of(run.target.size))
    new = combine(leg, settled, market.long_index, market.short_index)
    if is_cross(market, account):
        left = new.balance + (new.price_pnl(run.price) if new.size else 0)
        others = portfolio_of(house, account).without(run.number)
        if left + others.full_equity < 0:
            return
        paid = min(house.free_of(account), max(0, -left))
        if paid:
            house.pay_in(market, account, paid)
            new = replace(new, balance=new.balance + paid)
    run.closed += part
    market.store_record(account, new)


# ---- what is left


def _finish(run: Run, target: str) -> None:
    market, house, cut = run.market, run.house, run.target
    leg = Position(-run.side * run.closed, 0, run.at(run.closed), market.index_of(-run.side))
    left = combine(leg, cut, market.long_index, market.short_index) if run.closed else cut
    market.store(target, left)
    if left.size == 0:
        house.pay_out(market, target, left.balance)
        return
    equity = left.balance + left.price_pnl(run.price)
    if equity < 0:
        absorb(market, left, -equity, market.totals, run.price, house.now)
        market.store(target, replace(left, balance=left.balance - equity))
