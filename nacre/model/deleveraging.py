"""Closing a bankrupt position against those opposite to it, at a price without a loss, in order of rank.

From docs/spec.md, section 14.
"""

from dataclasses import dataclass, field, replace

from nacre.model.clearinghouse import Clearinghouse
from nacre.model.cross_margin import Failing
from nacre.model.liquidation import MOST_DELEVERAGED
from nacre.model.market import Market
from nacre.model.portfolio import is_cross, leg_bits, portfolio_of
from nacre.model.positions import Position, combine
from nacre.model.rounding import ceil_div, floor_div, require
from nacre.model.vault import Vault
from nacre.model.vault_books import VAULT
from nacre.model.waterfall import Absorbed, absorb, draw, drawable
from nacre.units import WAD

HIGHEST_NOTIONAL = 2**128 - 1
MOST_EQUITY = 2**104
HIGHEST_RANK = 2**256 - 1
RANK_UNIT = 2**80
RANK_LIMIT = 2**128 - 1
# In percent: how much of a side must be listed, and how far a rank may stand above one before it.
LISTED = 99
TOLERANCE = 100
# Legs in other markets that one call looks at; what they cost besides the model does not know.
MOST_OTHER_LEGS = 250


def scaled(amount: int, part: int, whole: int, side: int) -> int:
    """amount part / whole, up where a long is closed, down where a short is: what counterparties pay."""
    return ceil_div(amount * part, whole) if side > 0 else floor_div(amount * part, whole)


@dataclass(frozen=True, slots=True)
class Match:
    """(Part of) a counterparty that was closed: its signed size, at what notional, and what it has left."""

    account: str
    size: int
    notional: int
    position: Position


@dataclass(frozen=True, slots=True)
class Deleveraged:
    """What became of the target: its signed size that was closed, at what notional, and what it has left."""

    size: int
    notional: int
    at_previous_mark: bool
    from_insurance: int
    surplus: int
    position: Position
    absorbed: Absorbed
    matches: tuple[Match, ...]


@dataclass(slots=True)
class Run:
    """One deleveraging. `target` is settled and funded; `notional` that of all of it."""

    house: Clearinghouse
    number: int
    price: int
    target: Position
    notional: int
    at_previous_mark: bool = False
    from_insurance: int = 0
    closed: int = 0
    other_legs: int = 0
    matches: list[Match] = field(default_factory=list)

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


def auto_deleverage(
    house: Clearinghouse, number: int, target: str, counterparties: list[str], vault: Vault | None = None
) -> Deleveraged:
    """`vault` is that of the engine: it is told what it is paid."""
    market = house.market(number)
    require(market.policy.loss_adl, "ADL not allowed")
    if vault is None or VAULT not in (target, *counterparties):
        return _deleverage(house, number, target, counterparties)
    vault.watch(number)
    done = _deleverage(house, number, target, counterparties)
    vault.came_back(number)
    return done


def _deleverage(house: Clearinghouse, number: int, target: str, counterparties: list[str]) -> Deleveraged:
    market = house.markets[number]
    quote = house.fresh_price(market)
    held = market.position_of(target)
    require(held.size != 0, "no position")
    opposite = market.totals.holders_short if held.size > 0 else market.totals.holders_long
    require(opposite <= MOST_DELEVERAGED, "ADL not allowed")
    cut = _cut(house, number, target, held)
    equity = cut.balance + cut.price_pnl(quote.price)
    require(equity < 0, "not bankrupt")
    require(drawable(market, house.now) < -equity, "insurance pays")
    run = _priced(house, number, target, cut, quote.price)
    _close(run, counterparties)
    return _finish(run, target)


def _cut(house: Clearinghouse, number: int, target: str, held: Position) -> Position:
    """The settled position; the leg of a bankrupt account with what that gives along."""
    market = house.markets[number]
    settled = held.settled(market.index_of(held.size))
    if not is_cross(market, target):
        return settled
    failing = Failing(house, number, target)
    require(failing.bankrupt, "not bankrupt")
    return failing.fund(settled, Position(topups=held.topups))[0]


def _priced(house: Clearinghouse, number: int, target: str, cut: Position, price: int) -> Run:
    """At the previous mark if the policy has it and that leaves no deficit, else at the bankruptcy price."""
    market = house.markets[number]
    earlier = market.previous_mark_at(house.now)
    made_good = market.made_good.get(target) == house.now
    if market.policy.adl_previous_mark and not made_good and earlier > 0 and cut.balance + cut.price_pnl(earlier) >= 0:
        return Run(house, number, price, cut, scaled(earlier, cut.amount, WAD, cut.side), at_previous_mark=True)
    payable = drawable(market, house.now)
    paid = draw(market, payable, house.now) if payable else 0
    cut = replace(cut, balance=cut.balance + paid)
    return Run(house, number, price, cut, cut.entry_notional - cut.side * cut.balance, from_insurance=paid)


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
    market = run.market
    part = min(settled.amount, run.target.amount - run.closed)
    notional = run.at(run.closed + part) - run.at(run.closed)
    leg = Position(run.side * part, 0, notional, market.index_of(run.target.size))
    new = combine(leg, settled, market.long_index, market.short_index)
    if is_cross(market, account):
        covered = _covered(run, account, new)
        if covered is None:
            return
        new = covered
    run.closed += part
    run.matches.append(Match(account, settled.side * part, notional, new))
    market.store_record(account, new)


def _covered(run: Run, account: str, leg: Position) -> Position | None:
    """A leg as its account would have it, with what free collateral pays of what it lacks; None if that is bankrupt."""
    count = len([number for number in leg_bits(run.house, account) if number != run.number])
    run.other_legs += count
    if count and run.other_legs > MOST_OTHER_LEGS:
        return None
    others = portfolio_of(run.house, account).without(run.number)
    worth = leg.balance + (leg.price_pnl(run.price) if leg.size else 0)
    if worth + others.full_equity < 0:
        return None
    paid = min(run.house.free_of(account), max(0, -worth))
    if paid:
        run.house.pay_in(run.market, account, paid)
    return replace(leg, balance=leg.balance + paid)


# ---- what is left


def _finish(run: Run, target: str) -> Deleveraged:
    market, cut = run.market, run.target
    leg = Position(-run.side * run.closed, 0, run.at(run.closed), market.index_of(-run.side))
    left = combine(leg, cut, market.long_index, market.short_index) if run.closed else cut
    market.store(target, left)
    surplus, absorbed = 0, Absorbed()
    if left.size == 0:
        surplus, left = left.balance, Position()
        run.house.pay_out(market, target, surplus)
    elif (deficit := -(left.balance + left.price_pnl(run.price))) > 0:
        absorbed = absorb(market, left, deficit, market.totals, run.price, run.house.now)
        left = replace(left, balance=left.balance + deficit)
        market.store(target, left)
        market.made_good[target] = run.house.now
    size, paid, matches = run.side * run.closed, run.at(run.closed), tuple(run.matches)
    return Deleveraged(size, paid, run.at_previous_mark, run.from_insurance, surplus, left, absorbed, matches)
