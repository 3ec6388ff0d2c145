"""A provider's range: the liquidity that its margin buys, its inventory, and what it earns and pays.

From docs/spec.md, section 11 (Adding, Inventory, and the table after it); margin under social loss: section 7.
"""

from dataclasses import dataclass
from typing import NamedTuple

from nacre.model.positions import Position
from nacre.model.rounding import bps_up, ceil_div, clamp
from nacre.model.ticks import base_between, quote_between, sqrt_price_at
from nacre.units import BPS, Q96, RAY

# Bits behind the point of a sum of dF / sqrt(P): 115 of them over a root with 96 leave 19.
FUNDING_BITS = 115
FUNDING_UNIT = RAY << (FUNDING_BITS - 96)

# After more epochs than this nothing is left of a margin; each stands for a factor of 1e9.
OLDEST_EPOCH = 2
EPOCH_STEP = 10**9


class Inside(NamedTuple):
    """What grew while the venue stood inside a range: fees per liquidity, and ceil(dF 2^115 / s)."""

    fee: int
    weighted: int


class Span(NamedTuple):
    """The growths around a range as they are now. `funding` is F, `below` and `above` what of it grew there."""

    inside: Inside
    below: int
    above: int
    funding: int


def liquidity_for_margin(margin: int, sqrt_price: int, lower: int, upper: int, imr_bps: int) -> int:
    """What the margin buys so that the range meets the initial margin at either edge."""
    low, high = sqrt_price_at(lower), sqrt_price_at(upper)
    bounds = [
        (margin * sqrt_price // distance) * Q96 // (distance + bps_up(edge, imr_bps))
        for edge, distance in ((high, high - sqrt_price), (low, sqrt_price - low))
        if distance
    ]
    return min(bounds)


def depth(liquidity: int, sqrt_price: int, mmr_bps: int) -> int:
    """Notional that moves the price by about half of the maintenance margin ratio."""
    return liquidity * (sqrt_price * mmr_bps // (4 * BPS)) // Q96


def funding_growth(span: Span, lower: int, upper: int, entry_sqrt: int, *, round_up: bool) -> int:
    """g: what the inventory of a range pays, per liquidity and with FUNDING_BITS."""
    total = span.inside.weighted
    terms = ((span.below, sqrt_price_at(lower)), (span.above, sqrt_price_at(upper)), (-span.funding, entry_sqrt))
    for grown, root in terms:
        # -(-a // b) is the ceiling, for either sign of a.
        total += -((-grown << FUNDING_BITS) // root) if round_up else (grown << FUNDING_BITS) // root
    return total


@dataclass(frozen=True, slots=True)
class Range:
    """As it was added."""

    lower: int
    upper: int
    liquidity: int
    margin: int
    entry_sqrt: int
    entry_factor: int
    entry_epoch: int
    entry_fee: int
    entry_funding: int

    def margin_now(self, factor: int, epoch: int) -> int:
        """What social losses left of it."""
        age = epoch - self.entry_epoch
        if age > OLDEST_EPOCH:
            return 0
        return self.margin * factor // (self.entry_factor * EPOCH_STEP**age)

    def inventory(self, sqrt_price: int) -> tuple[int, int]:
        """(size, cash) it would have if the venue stood there. What rounding takes from it stays with the venue."""
        there = clamp(sqrt_price, sqrt_price_at(self.lower), sqrt_price_at(self.upper))
        if there < self.entry_sqrt:
            size = base_between(self.liquidity, there, self.entry_sqrt, round_up=False)
            return size, -quote_between(self.liquidity, there, self.entry_sqrt, round_up=True)
        size = base_between(self.liquidity, self.entry_sqrt, there, round_up=True)
        return -size, quote_between(self.liquidity, self.entry_sqrt, there, round_up=False)

    def fees(self, span: Span) -> int:
        return self.liquidity * (span.inside.fee - self.entry_fee) // Q96

    def funding(self, span: Span) -> int:
        """Paid; negative is received."""
        grown = funding_growth(span, self.lower, self.upper, self.entry_sqrt, round_up=True) - self.entry_funding
        return ceil_div(self.liquidity * grown, FUNDING_UNIT)

    def as_position(self, sqrt_price: int, span: Span, factor: int, epoch: int) -> Position:
        """What its provider would get, settled, if the venue stood there."""
        size, cash = self.inventory(sqrt_price)
        balance = self.margin_now(factor, epoch) + self.fees(span) - self.funding(span)
        if size == 0:
            return Position(0, balance + cash)
        return Position(size, balance, abs(cash))
