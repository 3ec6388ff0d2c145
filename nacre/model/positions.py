"""Positions: spec section 5."""

from dataclasses import dataclass, replace

from nacre.model.parameters import MarketParameters
from nacre.model.rounding import RAY, WAD, bps_up, ceil_div, floor_div, require, sign

# Top-ups are counted modulo this.
TOPUP_LIMIT = 128


@dataclass(frozen=True, slots=True)
class Position:
    """A signed size with its balance, the notional it was entered at and the carry index it was last settled at."""

    size: int = 0
    balance: int = 0
    entry_notional: int = 0
    entry_carry: int = 0
    topups: int = 0

    @property
    def side(self) -> int:
        return sign(self.size)

    @property
    def amount(self) -> int:
        """Size without sign."""
        return abs(self.size)

    def price_pnl(self, price: int) -> int:
        """Profit of the price alone: worth down for a long, cost up for a short."""
        if self.size > 0:
            return floor_div(self.size * price, WAD) - self.entry_notional
        return self.entry_notional - ceil_div(-self.size * price, WAD)

    def carry(self, index: int) -> int:
        """What funding, borrowing and social loss cost since the last settlement; `index` is K of its side."""
        return ceil_div(self.amount * (index - self.entry_carry), RAY)

    def pnl(self, price: int, index: int) -> int:
        return self.price_pnl(price) - self.carry(index)

    def equity(self, price: int, index: int) -> int:
        return self.balance + self.pnl(price, index)

    def settled(self, index: int) -> "Position":
        """The same with its carry paid out of the balance."""
        return replace(self, balance=self.balance - self.carry(index), entry_carry=index)


def notional(size: int, price: int) -> int:
    """What `size` (of either sign) is worth, rounded up."""
    return ceil_div(abs(size) * price, WAD)


def initial_margin(size: int, price: int, parameters: MarketParameters) -> int:
    return bps_up(notional(size, price), parameters.imr_bps)


def maintenance_margin(size: int, price: int, parameters: MarketParameters) -> int:
    return bps_up(notional(size, price), parameters.mmr_bps)


def split(position: Position, amount: int) -> tuple[Position, Position]:
    """`amount` of the position with its share of balance and notional, and the rest."""
    part = Position(
        size=position.side * amount,
        balance=floor_div(position.balance * amount, position.amount),
        entry_notional=floor_div(position.entry_notional * amount, position.amount),
        entry_carry=position.entry_carry,
    )
    rest = replace(
        position,
        size=position.size - part.size,
        balance=position.balance - part.balance,
        entry_notional=position.entry_notional - part.entry_notional,
    )
    return part, rest


def combine(first: Position, second: Position, long_index: int, short_index: int) -> Position:
    """Adds `first` to `second`, the owner's, both settled. The entry carry is that of the new side, 0 when flat."""

    def settled(position: Position) -> Position:
        return position.settled(long_index if position.size > 0 else short_index) if position.size else position

    a, b = settled(first), settled(second)
    balance = a.balance + b.balance
    if a.side * b.side >= 0:
        size = a.size + b.size
        entry_notional = a.entry_notional + b.entry_notional
    else:
        big, small = (a, b) if a.amount >= b.amount else (b, a)
        share = big.entry_notional * small.amount
        closed_notional = ceil_div(share, big.amount) if big.size > 0 else floor_div(share, big.amount)
        balance += big.side * (small.entry_notional - closed_notional)
        size = a.size + b.size
        entry_notional = big.entry_notional - closed_notional
    index = long_index if size > 0 else short_index if size < 0 else 0
    return Position(size, balance, entry_notional, index, second.topups)


def meets_opening_rule(position: Position, price: int, index: int, parameters: MarketParameters) -> bool:
    """Enough margin for new risk, unrealised profit not counted. The position is settled first."""
    settled = position.settled(index)
    backing = settled.balance + min(settled.pnl(price, index), 0)
    if backing < initial_margin(settled.size, price, parameters):
        return False
    entry_margin = bps_up(settled.entry_notional, parameters.imr_bps)
    return not parameters.entry_margin_rule or settled.balance >= entry_margin


def check_opening_rule(position: Position, price: int, index: int, parameters: MarketParameters) -> None:
    require(meets_opening_rule(position, price, index, parameters), "below initial margin")


def check_reduce_rule(
    new: Position, old_equity: int, old_size: int, price: int, index: int, parameters: MarketParameters
) -> None:
    """Reducing needs maintenance margin, or at least not a worse ratio than before."""
    equity = new.equity(price, index)
    margin = maintenance_margin(new.size, price, parameters)
    old_margin = maintenance_margin(old_size, price, parameters)
    require(equity >= margin or equity * old_margin >= old_equity * margin, "below maintenance margin")
