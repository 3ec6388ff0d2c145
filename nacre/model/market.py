"""One market: its indices, totals, funds, positions and venue."""

from dataclasses import dataclass, field, replace

from nacre.model import accrual
from nacre.model.accrual import Funding
from nacre.model.oracle import Oracle, Quote, read
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import TOPUP_LIMIT, Position, notional
from nacre.model.rounding import RAY, require
from nacre.model.venue import Venue

# What a stored position has room for.
MAX_BALANCE = 2**127
MAX_STORED_NOTIONAL = 2**120


@dataclass(frozen=True, slots=True)
class Totals:
    """What accounts hold, and how many they are."""

    long: int = 0
    short: int = 0
    holders_long: int = 0
    holders_short: int = 0

    def replacing(self, old: int, new: int) -> "Totals":
        """After one account's size went from `old` to `new`."""
        return Totals(
            self.long - max(old, 0) + max(new, 0),
            self.short - max(-old, 0) + max(-new, 0),
            self.holders_long - (old > 0) + (new > 0),
            self.holders_short - (old < 0) + (new < 0),
        )

    @property
    def open_interest(self) -> int:
        return max(self.long, self.short)

    def of_side(self, side: int) -> int:
        """Accounts' total of a side, +1 long, -1 short."""
        return self.long if side > 0 else self.short


NO_FUNDING = Funding()
NO_TOTALS = Totals()


@dataclass(slots=True)
class Market:
    """All that a market stores. Amounts WAD, indices RAY."""

    parameters: MarketParameters
    policy: Policy
    oracle: Oracle
    venue: Venue = field(default_factory=Venue)
    positions: dict[str, Position] = field(default_factory=dict)
    owed: dict[str, int] = field(default_factory=dict)
    liquidatable_since: dict[str, tuple[int, int, bool]] = field(default_factory=dict)
    funding: Funding = NO_FUNDING
    mid: int = 0
    long_social_loss: int = 0
    short_social_loss: int = 0
    totals: Totals = NO_TOTALS
    insurance_fund: int = 0
    pot: int = 0
    protocol_fees: int = 0
    unallocated_loss: int = 0
    owed_total: int = 0
    lp_margin: int = 0
    lp_factor: int = RAY
    lp_epoch: int = 0
    draw_level: int = 0
    draw_time: int = 0
    reduce_only: bool = False
    paused: bool = False

    def copy(self) -> "Market":
        return replace(
            self,
            oracle=replace(self.oracle),
            venue=self.venue.copy(),
            positions=dict(self.positions),
            owed=dict(self.owed),
            liquidatable_since=dict(self.liquidatable_since),
        )

    # ---- prices and indices

    def accrue(self, now: int) -> Quote:
        """Reads the oracle and, unless the price is stale, brings funding up to date."""
        quote = read(self.oracle, now, self.parameters.oracle_max_age)
        if not quote.stale:
            p = self.parameters
            self.funding = accrual.accrued(
                self.funding, quote.price, self.mid, now, p.funding_cap_bps, p.funding_period_seconds
            )
        return quote

    @property
    def long_index(self) -> int:
        return self.funding.index + self.long_social_loss

    @property
    def short_index(self) -> int:
        return self.short_social_loss - self.funding.index

    def index_of(self, size: int) -> int:
        """Carry index of the side on which `size` stands."""
        return self.long_index if size > 0 else self.short_index

    def equity(self, position: Position, price: int) -> int:
        return position.equity(price, self.index_of(position.size))

    @property
    def inventory(self) -> int:
        """The venue's, signed."""
        return self.totals.short - self.totals.long

    # ---- changes that keep the books

    def position_of(self, account: str) -> Position:
        return self.positions.get(account, Position())

    def own_position(self, account: str, now: int) -> Position:
        """A position that its owner is about to change; the count of top-ups of a new one starts at the time."""
        held = self.position_of(account)
        return held if held.size else Position(topups=now % TOPUP_LIMIT)

    def store(self, account: str, position: Position) -> None:
        """Writes a position and keeps the totals; a flat one must not hold a balance."""
        fits = abs(position.balance) < MAX_BALANCE and position.entry_notional < MAX_STORED_NOTIONAL
        require(fits, "position too large")
        self.totals = self.totals.replacing(self.position_of(account).size, position.size)
        if position.size:
            self.positions[account] = position
        else:
            self.positions.pop(account, None)

    def credit_insurance(self, amount: int) -> None:
        """New money for the fund pays unallocated loss first."""
        covered = min(amount, self.unallocated_loss)
        self.unallocated_loss -= covered
        self.insurance_fund += amount - covered

    @property
    def open(self) -> bool:
        """Whether new risk is allowed."""
        return not (self.reduce_only or self.paused or self.owed_total)

    def exceeds_cap(self, interest: int, price: int) -> bool:
        cap = self.parameters.max_open_interest
        return cap > 0 and notional(interest, price) > cap
