"""A position, what it is worth, and the rules it must meet.

From docs/spec.md, section 5. Sizes are signed, so that one floor gives both directions written there: floor(q P) is
floor(|q| P) of a long and -ceil(|q| P) of a short, and the entry notional n counts as s n.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from nacre.model.parameters import MarketParameters
from nacre.model.rounding import ceil_div, require
from nacre.units import BPS, RAY, WAD

# A position's count of top-ups is modulo this: section 9.
TOPUP_LIMIT = 2**7


@dataclass(frozen=True, slots=True)
class Position:
    """Size signed, WAD; balance, entry notional WAD; entry carry RAY per unit."""

    size: int = 0
    balance: int = 0
    entry_notional: int = 0
    entry_carry: int = 0
    topups: int = 0

    @property
    def amount(self) -> int:
        return abs(self.size)

    @property
    def side(self) -> int:
        """+1 long, -1 short, 0 flat."""
        return (self.size > 0) - (self.size < 0)

    def price_pnl(self, price: int) -> int:
        return self.size * price // WAD - self.side * self.entry_notional

    def carry(self, index: int) -> int:
        """A charge, rounded up; `index` is K of its side."""
        return -(abs(self.size) * (self.entry_carry - index) // RAY)

    def pnl(self, price: int, index: int) -> int:
        return self.price_pnl(price) - self.carry(index)

    def equity(self, price: int, index: int) -> int:
        return self.balance + self.price_pnl(price) - self.carry(index)

    def settled(self, index: int) -> "Position":
        """The same position with its carry paid from the balance."""
        if not self.size:
            return self
        return replace(self, balance=self.balance - self.carry(index), entry_carry=index)


def notional(size: int, price: int) -> int:
    """At `price`, rounded up, of a size of either sign."""
    return -(-abs(size) * price // WAD)


def _tiered(worth: int, first_bps: int, tiers: Iterable[tuple[int, int]]) -> int:
    """Margin of a notional, rounded up: `tiers` are (lower bound, ratio) above the first."""
    ratio, deduction = first_bps, 0
    for bound, higher in tiers:
        if worth > bound:
            deduction += bound * (higher - ratio)
            ratio = higher
    return ceil_div(worth * ratio - deduction, BPS)


def initial_margin_of(worth: int, p: MarketParameters) -> int:
    return _tiered(worth, p.imr_bps, ((bound, imr) for bound, imr, _ in p.tiers))


def maintenance_margin_of(worth: int, p: MarketParameters) -> int:
    return _tiered(worth, p.mmr_bps, ((bound, mmr) for bound, _, mmr in p.tiers))


def initial_margin(size: int, price: int, p: MarketParameters) -> int:
    return initial_margin_of(notional(size, price), p)


def maintenance_margin(size: int, price: int, p: MarketParameters) -> int:
    return maintenance_margin_of(notional(size, price), p)


def split(position: Position, amount: int) -> tuple[Position, Position]:
    """(part, rest) of a settled position; the part's shares are rounded down, the rest gets what is left of them."""
    if amount == position.amount:
        return position, Position(topups=position.topups)
    part = replace(
        position,
        size=position.side * amount,
        balance=position.balance * amount // position.amount,
        entry_notional=position.entry_notional * amount // position.amount,
    )
    rest = replace(
        position,
        size=position.size - part.size,
        balance=position.balance - part.balance,
        entry_notional=position.entry_notional - part.entry_notional,
    )
    return part, rest


def combine(a: Position, b: Position, long_index: int, short_index: int) -> Position:
    """Both in one. `b` is the account's own: its count of top-ups goes on."""
    a = a.settled(long_index if a.size > 0 else short_index)
    b = b.settled(long_index if b.size > 0 else short_index)
    size, balance = a.size + b.size, a.balance + b.balance
    if a.size * b.size >= 0:
        entry_notional = a.entry_notional + b.entry_notional
    else:
        big, small = (a, b) if a.amount >= b.amount else (b, a)
        # What the closed part of the larger one stands for: up if it is long, down if it is short.
        closed = -big.side * (-big.side * big.entry_notional * small.amount // big.amount)
        balance += big.side * (small.entry_notional - closed)
        entry_notional = big.entry_notional - closed
    index = 0 if size == 0 else long_index if size > 0 else short_index
    return Position(size, balance, entry_notional, index, b.topups)


def opening_shortfall(position: Position, price: int, index: int, p: MarketParameters) -> int:
    """What the balance lacks of what the opening rule asks: unrealised profit backs no new risk."""
    position = position.settled(index)
    lacking = initial_margin(position.size, price, p) - position.balance - min(position.price_pnl(price), 0)
    if p.entry_margin_rule:
        lacking = max(lacking, initial_margin_of(position.entry_notional, p) - position.balance)
    return max(0, lacking)


def missing_margin(position: Position, price: int, index: int, p: MarketParameters) -> int:
    """What a position, or what is left of one that ended, lacks so that its account may have it."""
    return opening_shortfall(position, price, index, p) if position.size else max(0, -position.balance)


def check_opening_rule(position: Position, price: int, index: int, p: MarketParameters) -> None:
    require(opening_shortfall(position, price, index, p) == 0, "below initial margin")


def check_reduce_rule(
    position: Position, old_equity: int, old_size: int, price: int, index: int, p: MarketParameters
) -> None:
    """Maintenance margin, or a ratio of equity to it that is no worse than before, both at this price."""
    equity, required = position.equity(price, index), maintenance_margin(position.size, price, p)
    kept = equity * maintenance_margin(old_size, price, p) >= old_equity * required
    require(equity >= required or kept, "below maintenance margin")
