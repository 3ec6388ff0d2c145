"""The Oyster AMM: concentrated liquidity with fees, funding and a walk over ticks. Spec 11, DESIGN section 6."""

from dataclasses import dataclass, field, replace

from nacre.model import ticks as tick_math
from nacre.model.ranges import Growth, Range, Span, liquidity_for_margin, over_sqrt
from nacre.model.rounding import BPS, Q96, Revert, ceil_div, floor_div, require

MAX_TICKS_CROSSED = 64
MAX_SWAP_NOTIONAL = 2**114
NO_GROWTH = Growth()

RangeKey = tuple[str, int, int]


@dataclass(frozen=True, slots=True)
class Tick:
    """Where ranges begin or end."""

    gross: int = 0
    net: int = 0
    outside: Growth = NO_GROWTH


@dataclass(frozen=True, slots=True)
class Order:
    """What a swap is told. `budget` is what the taker has besides the notional: the fee never exceeds what is left."""

    size: int
    mark: int
    funding_index: int
    fee_bps: int
    budget: int


@dataclass(frozen=True, slots=True)
class Fill:
    """What a swap answers."""

    notional: int
    fee: int
    mid_before: int
    mid_after: int


@dataclass(frozen=True, slots=True)
class _Step:
    """A stretch of the walk inside which liquidity did not change."""

    notional: int
    liquidity: int
    crossed: int | None


@dataclass(slots=True)
class Venue:
    """Owns the curve; margin and money are the clearinghouse's."""

    sqrt_price: int = Q96
    tick: int = 0
    liquidity: int = 0
    funding_index: int = 0
    growth: Growth = NO_GROWTH
    ticks: dict[int, Tick] = field(default_factory=dict)
    ranges: dict[RangeKey, Range] = field(default_factory=dict)

    def copy(self) -> "Venue":
        return replace(self, ticks=dict(self.ticks), ranges=dict(self.ranges))

    # ---- reading

    def mid(self) -> int:
        """WAD; 0 if no liquidity is in range."""
        return tick_math.price_of_sqrt(self.sqrt_price) if self.liquidity else 0

    def _current_growth(self, funding_index: int) -> Growth:
        step = funding_index - self.funding_index
        return self.growth + Growth(0, step, over_sqrt(step, self.sqrt_price, round_up=True))

    def span(self, lower: int, upper: int, funding_index: int) -> Span:
        """Growth below, inside and above [lower, upper) if the funding index stood at `funding_index`."""
        total = self._current_growth(funding_index)
        low = self.ticks.get(lower, Tick()).outside
        high = self.ticks.get(upper, Tick()).outside
        below = low if self.tick >= lower else total - low
        above = high if self.tick < upper else total - high
        return Span(lower, upper, below, total - below - above, above)

    def next_tick(self, upward: bool) -> int | None:
        """The next initialised tick: above, or at and below."""
        if upward:
            return min((tick for tick in self.ticks if tick > self.tick), default=None)
        return max((tick for tick in self.ticks if tick <= self.tick), default=None)

    # ---- moving

    def accrue(self, funding_index: int) -> None:
        """Gives the liquidity in range its part of the funding since the last call."""
        self.growth = self._current_growth(funding_index)
        self.funding_index = funding_index

    def _cross(self, tick: int, upward: bool) -> None:
        state = self.ticks[tick]
        self.ticks[tick] = replace(state, outside=self.growth - state.outside)
        self.liquidity += state.net if upward else -state.net
        self.tick = tick if upward else tick - 1

    def drift(self, mark: int) -> bool:
        """Without liquidity in range the price follows mark, as far as the next edge, which it crosses; says if so."""
        if self.liquidity:
            return False
        target = tick_math.sqrt_of_price(mark)
        upward = target > self.sqrt_price
        tick = self.next_tick(upward)
        edge = tick_math.sqrt_price_at(tick) if tick is not None else target
        if tick is not None and (edge <= target if upward else edge >= target):
            self.sqrt_price = edge
            self._cross(tick, upward)
            return True
        if target != self.sqrt_price:
            self.sqrt_price, self.tick = target, tick_math.tick_at(target)
        return False

    def _end(self, size: int, upward: bool) -> int | None:
        """Where the rest would take the price if liquidity went on for ever; None: beyond everything."""
        depth, moved = self.liquidity * Q96, size * self.sqrt_price
        if upward and moved >= depth:
            return None
        return tick_math.next_sqrt_price(self.sqrt_price, self.liquidity, size if upward else -size) if depth else None

    def _walk(self, size: int, crossed: int) -> list[_Step]:
        """Moves price, tick and liquidity until `size` is filled; growths wait until the fee is known."""
        upward = size > 0
        remaining = abs(size)
        steps: list[_Step] = []
        while True:
            tick, start = self.next_tick(upward), self.sqrt_price
            if tick is None:
                raise Revert("no liquidity")
            edge, end = tick_math.sqrt_price_at(tick), self._end(remaining, upward)
            inside = end is not None and (end < edge if upward else end >= edge)
            self.sqrt_price = end if end is not None and inside else edge
            low, high = min(start, self.sqrt_price), max(start, self.sqrt_price)
            filled = tick_math.base_between(self.liquidity, low, high, round_up=not upward)
            notional = tick_math.quote_between(self.liquidity, low, high, round_up=upward)
            if inside or filled >= remaining:
                # A trade that ends on a tick does not cross it, nor does one that leaves the price where it was.
                self.tick = min(tick_math.tick_at(self.sqrt_price), tick - 1 if upward else self.tick)
                steps.append(_Step(notional, self.liquidity, None))
                return steps
            remaining -= filled
            require(crossed + len(steps) < MAX_TICKS_CROSSED, "too many ticks")
            steps.append(_Step(notional, self.liquidity, tick))
            net = self.ticks[tick].net
            self.liquidity += net if upward else -net
            self.tick = tick if upward else tick - 1

    def _distribute(self, steps: list[_Step], notional: int, fee: int) -> None:
        """The fee goes to the steps pro rata to their notional; the last step takes what rounding leaves."""
        so_far = 0
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            share = fee - so_far if last else floor_div(fee * step.notional, notional) if notional else 0
            so_far += share
            if step.liquidity:
                grown = floor_div(share * Q96, step.liquidity)
                self.growth = replace(self.growth, fee=self.growth.fee + grown)
            if step.crossed is not None:
                state = self.ticks[step.crossed]
                self.ticks[step.crossed] = replace(state, outside=self.growth - state.outside)

    def swap(self, order: Order) -> Fill:
        """Fills the whole size or refuses."""
        self.accrue(order.funding_index)
        crossed = int(self.drift(order.mark))
        mid_before = self.mid()
        steps = self._walk(order.size, crossed)
        notional = sum(step.notional for step in steps)
        require(notional < MAX_SWAP_NOTIONAL, "size too large")
        left = order.budget + (-notional if order.size > 0 else notional)
        fee = min(ceil_div(notional * order.fee_bps, BPS), max(left, 0))
        self._distribute(steps, notional, fee)
        return Fill(notional, fee, mid_before, self.mid())

    # ---- ranges

    def add(self, provider: str, lower: int, upper: int, margin: int, imr_bps: int, factor: int, epoch: int) -> Range:
        """A new range around the current tick; its liquidity follows from the margin."""
        require(lower <= self.tick < upper, "range not around price")
        require((provider, lower, upper) not in self.ranges, "range exists")
        liquidity = liquidity_for_margin(margin, self.sqrt_price, lower, upper, imr_bps)
        require(liquidity > 0, "range too small")
        for tick, net in ((lower, liquidity), (upper, -liquidity)):
            # Growth before a tick was initialised counts as below it.
            fresh = Tick(outside=self.growth if tick <= self.tick else Growth())
            state = self.ticks.get(tick, fresh)
            self.ticks[tick] = replace(state, gross=state.gross + liquidity, net=state.net + net)
        self.liquidity += liquidity
        span = self.span(lower, upper, self.funding_index)
        growth = span.funding_growth(self.sqrt_price, round_up=False)
        entry = (self.sqrt_price, factor, epoch, span.inside.fee, growth)
        added = Range(lower, upper, liquidity, margin, *entry)
        self.ranges[provider, lower, upper] = added
        return added

    def remove(self, key: RangeKey) -> Range:
        """Takes a range out; the caller has read what it is worth before."""
        gone = self.ranges.pop(key)
        for tick, net in ((gone.lower, gone.liquidity), (gone.upper, -gone.liquidity)):
            state = self.ticks[tick]
            if state.gross == gone.liquidity:
                del self.ticks[tick]
            else:
                self.ticks[tick] = replace(state, gross=state.gross - gone.liquidity, net=state.net - net)
        if gone.lower <= self.tick < gone.upper:
            self.liquidity -= gone.liquidity
        return gone
