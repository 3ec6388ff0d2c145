"""One market: its indices, totals, funds, positions and venue."""

from dataclasses import dataclass, field, replace

from nacre.model import accrual
from nacre.model.accrual import Funding
from nacre.model.oracle import HIGHEST_PRICE, LOWEST_PRICE, Oracle, Quote, read
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import TOPUP_LIMIT, Position, notional
from nacre.model.rounding import Revert, clamp, require
from nacre.model.venue import Venue
from nacre.units import BPS, RAY

# What a stored position has room for.
MAX_BALANCE = 2**127
MAX_STORED_NOTIONAL = 2**120
# B, and RAY of it in a WAD of price.
BORROW_LIMIT = 2**124
BORROW_UNIT = 10**9
YEAR = 365 * 86_400


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
    # For a median mark, since it is one: the mid as the venue told it last, when, and what it was before that block.
    seen_mid: int = 0
    kept_mid: int = 0
    mid_time: int = 0
    # Since when there is no mid.
    idle_since: int = 0
    borrow_index: int = 0
    borrow_fees: int = 0
    # The mark of the last block that was accrued, and of the one before, and when.
    kept_mark: int = 0
    earlier_mark: int = 0
    mark_time: int = 0
    earlier_time: int = 0
    # Whether earlier parameters allowed cross margin.
    was_cross: bool = False
    # Accounts whose position here is backed by all that they have.
    cross: set[str] = field(default_factory=set)
    # Those of them who have a leg here, had one until deleveraging closed it, or have a claim that was one.
    legs: set[str] = field(default_factory=set)
    # When the engine closed a chunk of an account's position last.
    chunk_stamps: dict[str, int] = field(default_factory=dict)
    # When the deficit of a range was last absorbed: at an earlier mark it must not gain again.
    made_good: dict[str, int] = field(default_factory=dict)
    # At which positions become claims; 0 while the market is alive.
    final_price: int = 0
    # When somebody first noted that the oracle fails; counts if later than the last touch.
    failing_since: int = 0

    def copy(self) -> "Market":
        return replace(
            self,
            oracle=replace(self.oracle),
            venue=self.venue.copy(),
            positions=dict(self.positions),
            owed=dict(self.owed),
            liquidatable_since=dict(self.liquidatable_since),
            cross=set(self.cross),
            legs=set(self.legs),
            chunk_stamps=dict(self.chunk_stamps),
            made_good=dict(self.made_good),
        )

    def glimpse(self) -> "Market":
        """The same market for accruing in memory: its dictionaries and its venue are not to be changed."""
        return replace(self)

    # ---- prices and indices

    def accrue(self, now: int) -> Quote:
        """Reads the oracle and, unless the price is stale or final, brings everything up to date."""
        if self.final_price:
            return Quote(self.final_price, False, False, now, self.final_price)
        quote = read(self.oracle, now, self.parameters.oracle_max_age)
        if quote.stale:
            return replace(quote, price=self.mark_at(quote.index, now))
        p, before = self.parameters, self.funding.time
        self.funding = accrual.accrued(
            self.funding, quote.index, self.mid, now, p.funding_cap_bps, p.funding_period_seconds, self.clock_runs
        )
        mark = self.mark_at(quote.index, now)
        if now > before:
            self._borrow(mark, now - before)
        if self.clock_runs:
            self._keep_mark(mark, now)
        return replace(quote, price=mark)

    @property
    def clock_runs(self) -> bool:
        """Whether premium, time and mark are kept even without funding; also for cross positions of earlier times."""
        return self.parameters.clock_runs or self.was_cross

    def oracle_answers(self, now: int) -> bool:
        """Whether there is a price at all, however old."""
        try:
            read(self.oracle, now, self.parameters.oracle_max_age)
        except Revert:
            return False
        return True

    def _borrow(self, mark: int, elapsed: int) -> None:
        """Both sides' accounts owe for the time; who gets it is decided when the fees are collected."""
        step = self.parameters.borrow_rate_bps * mark * elapsed * BORROW_UNIT // (BPS * YEAR)
        step = min(step, BORROW_LIMIT - self.borrow_index)
        self.borrow_index += step
        self.borrow_fees += step * (self.totals.long + self.totals.short) // RAY

    def mark_at(self, index: int, now: int) -> int:
        """What margin is measured at while the oracle says `index`."""
        if not self.parameters.mark_median:
            return index
        mid = (self.kept_mid if self.mid_time == now else self.seen_mid) or index
        with_premium = index * max(0, accrual.UNIT + self.funding.ema) // accrual.UNIT
        return clamp(sorted((index, with_premium, mid))[1], LOWEST_PRICE, HIGHEST_PRICE)

    def _keep_mark(self, mark: int, now: int) -> None:
        """That of the last touch of a block."""
        if self.mark_time < now:
            self.earlier_mark, self.earlier_time, self.mark_time = self.kept_mark, self.mark_time, now
        self.kept_mark = mark

    def previous_mark_at(self, now: int) -> int:
        """The mark of the last touch in an earlier block, unless that is longer ago than a price may be."""
        mark, time = (self.kept_mark, self.mark_time)
        if time >= now:
            mark, time = self.earlier_mark, self.earlier_time
        return mark if now - time <= self.parameters.oracle_max_age else 0

    def set_mid(self, mid: int, now: int) -> None:
        """As the venue tells it; that of the end of the earlier block is kept for the rest of this one."""
        if self.parameters.mark_median:
            if self.mid_time < now:
                self.kept_mid, self.mid_time = self.seen_mid, now
            self.seen_mid = mid
        if mid:
            self.idle_since = 0
        elif self.mid:
            self.idle_since = now
        self.mid = mid

    @property
    def long_index(self) -> int:
        return self.funding.index + self.borrow_index + self.long_social_loss

    @property
    def short_index(self) -> int:
        return self.short_social_loss + self.borrow_index - self.funding.index

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
        return held if held.size else Position(balance=held.balance, topups=now % TOPUP_LIMIT)

    def store(self, account: str, position: Position) -> None:
        """Writes a position and keeps the totals; a flat one must not hold a balance."""
        fits = abs(position.balance) < MAX_BALANCE and position.entry_notional < MAX_STORED_NOTIONAL
        require(fits, "position too large")
        self.totals = self.totals.replacing(self.position_of(account).size, position.size)
        if position.size:
            self.positions[account] = position
            self.legs |= {account} & self.cross
        else:
            self.positions.pop(account, None)
            self.legs.discard(account)

    def store_record(self, account: str, position: Position) -> None:
        """As `store`, but what a flat one is due stays on its record; a cross one remains a leg, with or without it."""
        legs = set(self.legs)
        self.store(account, position)
        if position.size == 0:
            self.legs = legs
            if position.balance:
                self.positions[account] = Position(balance=position.balance)

    def credit_insurance(self, amount: int) -> None:
        """New money for the fund pays unallocated loss first."""
        covered = min(amount, self.unallocated_loss)
        self.unallocated_loss -= covered
        self.insurance_fund += amount - covered

    @property
    def open(self) -> bool:
        """Whether new risk is allowed."""
        return not (self.reduce_only or self.paused or self.owed_total or self.final_price)

    def exceeds_cap(self, interest: int, price: int) -> bool:
        cap = self.parameters.max_open_interest
        return cap > 0 and notional(interest, price) > cap
