"""The Oyster AMM: a curve of ranges that a swap walks along.

From docs/spec.md, section 11 (A swap, Drift, Adding) and section 6 (what a swap costs, and which the venue refuses).

Growths are kept in another way than by flipping a tick's outside values: for every edge, what grew while the venue
stood below it. Then what grew inside a range is the difference of its edges' values, and crossing an edge changes
nothing. All that grew before an edge had liquidity counts as grown below it.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

from nacre.model.ranges import FUNDING_BITS, Inside, Range, Span, funding_growth, liquidity_for_margin
from nacre.model.rounding import Revert, bps_up, ceil_div, require
from nacre.model.ticks import base_between, price_of_sqrt, quote_between, sqrt_of_price, sqrt_price_at, tick_at
from nacre.units import BPS, MAX_UINT256, Q96, WAD

RangeKey = tuple[str, int, int]

MAX_CROSSED = 64
# A deviation counts as this much in the penalty at most.
HIGHEST_DEVIATION = 1000 * WAD


class Edge(NamedTuple):
    """Liquidity of the ranges that begin or end at a tick; `net` comes into range when it is crossed upward."""

    gross: int
    net: int


class Stretch(NamedTuple):
    """Part of a swap between two edges."""

    tick: int
    liquidity: int
    notional: int


@dataclass(frozen=True, slots=True)
class Order:
    """A swap of signed size. None is no limit of distance from mark; 0 turns the limit of price and the band off."""

    size: int
    mark_price: int
    funding_index: int
    trading_fee_bps: int
    fee_budget: int
    protocol_fee_bps: int = 0
    penalty: tuple[int, int, int, int] = (0, 0, 0, 0)
    mmr_bps: int = 0
    max_deviation_bps: int | None = None
    limit_price: int = 0
    band_bps: int = 0


@dataclass(frozen=True, slots=True)
class Fill:
    """What it cost; `fee` goes to the liquidity in range."""

    notional: int
    fee: int
    protocol_fee: int
    penalty: int

    @property
    def fees(self) -> int:
        return self.fee + self.protocol_fee + self.penalty


def deviation(mid: int, mark: int) -> int:
    """D, in WAD; 0 without a mid."""
    if mid == 0:
        return 0
    low, high = sorted((mid, mark))
    return ceil_div((high - low) * WAD, low)


def penalty_ratio(coefficients: tuple[int, int, int, int], grown: int) -> int:
    """a d^3 + b d^2 + c d + d0, in WAD."""
    d = min(grown, HIGHEST_DEVIATION)
    power, ratio = WAD, 0
    for coefficient in reversed(coefficients):
        ratio += coefficient * power // WAD
        power = power * d // WAD
    return ratio


@dataclass(slots=True)
class Venue:
    """State of the curve. The three `_below` say of every edge what grew while the venue stood below it."""

    sqrt_price: int = Q96
    tick: int = 0
    liquidity: int = 0
    ticks: dict[int, Edge] = field(default_factory=dict)
    ranges: dict[RangeKey, Range] = field(default_factory=dict)
    funding_index: int = 0
    fee_growth: int = 0
    weighted_growth: int = 0
    fee_below: dict[int, int] = field(default_factory=dict)
    weighted_below: dict[int, int] = field(default_factory=dict)
    index_below: dict[int, int] = field(default_factory=dict)

    def copy(self) -> "Venue":
        return Venue(
            self.sqrt_price,
            self.tick,
            self.liquidity,
            dict(self.ticks),
            dict(self.ranges),
            self.funding_index,
            self.fee_growth,
            self.weighted_growth,
            dict(self.fee_below),
            dict(self.weighted_below),
            dict(self.index_below),
        )

    def mid(self) -> int:
        return price_of_sqrt(self.sqrt_price) if self.liquidity else 0

    def next_tick(self, upward: bool) -> int | None:
        """The next edge above the present tick, or at or below it."""
        if upward:
            return min((tick for tick in self.ticks if tick > self.tick), default=None)
        return max((tick for tick in self.ticks if tick <= self.tick), default=None)

    # ---- growths

    def _weighted(self, step: int) -> int:
        """ceil(dF 2^115 / s) where the venue stands."""
        return -((-step << FUNDING_BITS) // self.sqrt_price)

    def accrue(self, index: int) -> None:
        """Takes over the funding since the last time, before anything moves."""
        step = index - self.funding_index
        if step == 0:
            return
        weighted = self._weighted(step)
        self.funding_index = index
        self.weighted_growth += weighted
        for tick in self.ticks:
            if tick > self.tick:
                self.index_below[tick] += step
                self.weighted_below[tick] += weighted

    def _grow_fees(self, tick: int, growth: int) -> None:
        """At this tick, whatever the present one is."""
        self.fee_growth += growth
        for edge in self.ticks:
            if edge > tick:
                self.fee_below[edge] += growth

    def span(self, lower: int, upper: int, index: int) -> Span:
        """The growths around a range at funding index `index`."""
        step = index - self.funding_index
        weighted = self._weighted(step)
        below, above = self.tick < lower, self.tick >= upper
        inside = Inside(
            self.fee_below[upper] - self.fee_below[lower],
            self.weighted_below[upper] - self.weighted_below[lower] + (0 if below or above else weighted),
        )
        index_below = self.index_below[lower] + (step if below else 0)
        return Span(inside, index_below, index - self.index_below[upper] - (0 if above else step), index)

    # ---- moving

    def _cross(self, edge: int, upward: bool) -> None:
        net = self.ticks[edge].net
        self.sqrt_price = sqrt_price_at(edge)
        self.liquidity += net if upward else -net
        self.tick = edge if upward else edge - 1

    def drift(self, mark: int) -> bool:
        """Without liquidity in range the price goes to mark, at most over one edge. Returns whether anything moved."""
        target = sqrt_of_price(mark)
        if self.liquidity or target == self.sqrt_price:
            return False
        upward = target > self.sqrt_price
        edge = self.next_tick(upward)
        if edge is not None:
            there = sqrt_price_at(edge)
            if there <= target if upward else there >= target:
                self._cross(edge, upward)
                return True
        self.sqrt_price, self.tick = target, tick_at(target)
        return True

    def _walk(self, size: int) -> list[Stretch]:
        """Moves the price and the liquidity; the parts between edges that were traded in."""
        buying, rest, crossed = size > 0, abs(size), 0
        stretches: list[Stretch] = []
        while True:
            edge = self.next_tick(buying)
            if edge is None:
                raise Revert("no liquidity")
            rest -= self._stretch(rest, edge, buying, stretches)
            if rest == 0:
                return stretches
            crossed += 1
            require(crossed <= MAX_CROSSED, "too many ticks")
            self._cross(edge, buying)

    def _stretch(self, rest: int, edge: int, buying: bool, stretches: list[Stretch]) -> int:
        """To where the whole rest leads if that is not beyond the edge, else to the edge; returns what was traded."""
        here, there, liquidity = self.sqrt_price, sqrt_price_at(edge), self.liquidity
        end = self._end(rest, buying)
        ends = end <= there if buying else end >= there
        self.sqrt_price = there = end if ends else there
        # The largest tick of the stretch whose price is not above: an edge that is bought up to is not in it.
        self.tick = min(tick_at(there), edge - 1 if buying else self.tick)
        low, high = (here, there) if buying else (there, here)
        if liquidity:
            cost = quote_between(liquidity, low, high, round_up=buying)
            stretches.append(Stretch(edge - 1 if buying else edge, liquidity, cost))
        return rest if ends else base_between(liquidity, low, high, round_up=not buying)

    def _end(self, rest: int, buying: bool) -> int:
        """Where all of the rest leads with this liquidity; beyond every price if it is more than there is."""
        depth, moved = self.liquidity * Q96, rest * self.sqrt_price
        left = depth - moved if buying else depth + moved
        return ceil_div(depth * self.sqrt_price, left) if left > 0 else MAX_UINT256

    # ---- a swap

    def swap(self, order: Order) -> Fill:
        """Trades all of it, or refuses."""
        self.accrue(order.funding_index)
        self.drift(order.mark_price)
        before = deviation(self.mid(), order.mark_price)
        stretches = self._walk(order.size)
        total = sum(stretch.notional for stretch in stretches)
        after = deviation(self.mid(), order.mark_price)
        grown = after if after > before else 0
        _check_limits(order, total, grown)
        fill = _charged(order, total, grown)
        self._credit(stretches, fill.fee, total)
        return fill

    def _credit(self, stretches: list[Stretch], fee: int, total: int) -> None:
        """Splits the fee by notional; the last stretch takes what is left of it."""
        left = fee
        for number, stretch in enumerate(stretches, 1):
            share = left if number == len(stretches) else fee * stretch.notional // total if total else 0
            left -= share
            if share:
                self._grow_fees(stretch.tick, share * Q96 // stretch.liquidity)

    # ---- ranges

    def add(self, provider: str, lower: int, upper: int, margin: int, imr_bps: int, factor: int, epoch: int) -> Range:
        """A range around the present price; funding must have been accrued."""
        require(lower <= self.tick < upper, "range not around price")
        key = (provider, lower, upper)
        require(key not in self.ranges, "range exists")
        liquidity = liquidity_for_margin(margin, self.sqrt_price, lower, upper, imr_bps)
        require(liquidity > 0, "range too small")
        self._change_edges(lower, upper, liquidity)
        span = self.span(lower, upper, self.funding_index)
        entry = funding_growth(span, lower, upper, self.sqrt_price, round_up=False)
        added = Range(lower, upper, liquidity, margin, self.sqrt_price, factor, epoch, span.inside.fee, entry)
        self.ranges[key] = added
        self.liquidity += liquidity
        return added

    def remove(self, key: RangeKey) -> None:
        """Takes its liquidity away; what it is worth must have been asked before."""
        gone = self.ranges.pop(key)
        if gone.lower <= self.tick < gone.upper:
            self.liquidity -= gone.liquidity
        self._change_edges(gone.lower, gone.upper, -gone.liquidity)

    def _change_edges(self, lower: int, upper: int, change: int) -> None:
        for tick, net in ((lower, change), (upper, -change)):
            old = self.ticks.get(tick)
            if old is None:
                old = Edge(0, 0)
                self.fee_below[tick] = self.fee_growth
                self.weighted_below[tick] = self.weighted_growth
                self.index_below[tick] = self.funding_index
            self.ticks[tick] = Edge(old.gross + change, old.net + net)
            if self.ticks[tick].gross == 0:
                for values in (self.ticks, self.fee_below, self.weighted_below, self.index_below):
                    del values[tick]


def _check_limits(order: Order, notional: int, grown: int) -> None:
    """Deviation, the caller's limit, and the band of a force close, in this order."""
    amount, buying = abs(order.size), order.size > 0
    if order.max_deviation_bps is not None:
        require(grown <= order.max_deviation_bps * 10**14, "venue too far from mark")
    if order.limit_price:
        paid, asked = notional * WAD, order.limit_price * amount
        require(paid <= asked if buying else paid >= asked, "price limit")
    if order.band_bps:
        paid, worth = notional * WAD * BPS, amount * order.mark_price
        within = paid <= worth * (BPS + order.band_bps) if buying else paid >= worth * (BPS - order.band_bps)
        require(within, "venue too far")


def _charged(order: Order, notional: int, grown: int) -> Fill:
    """The fees, each at most what the ones before left of the taker's budget."""
    left = max(0, order.fee_budget - notional if order.size > 0 else order.fee_budget + notional)
    ratio = penalty_ratio(order.penalty, grown) if grown > order.mmr_bps * 10**14 else 0
    wanted = (
        bps_up(notional, order.trading_fee_bps),
        bps_up(notional, order.protocol_fee_bps),
        ceil_div(notional * ratio, WAD),
    )
    fees = []
    for amount in wanted:
        fees.append(min(amount, left))
        left -= fees[-1]
    return Fill(notional, *fees)
