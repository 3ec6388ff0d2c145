"""What a venue should hold, in exact fractions: ranges in real numbers, and the walk of a trade along them.

Square root prices are the contract's integers (Q64.96); nothing else is rounded.
"""

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache
from math import isqrt

from nacre.units import Q96, RAY, WAD

SPACING = 50
MAX_TICK = 230_300


@cache
def sqrt_at(tick: int) -> int:
    """Square root price of a tick, to the nearest unit (tests/unit/lib/test_tick_math.py has the contract agree)."""
    bits = 400
    root = isqrt((10_001 << (2 * bits)) // 10_000)
    value, power, left = 1 << bits, root, abs(tick)
    while left:
        if left & 1:
            value = value * power >> bits
        power, left = power * power >> bits, left >> 1
    if tick < 0:
        value = (1 << (2 * bits)) // value
    return (value + (1 << (bits - 97))) >> (bits - 96)


def tick_at(sqrt_price: int) -> int:
    low, high = -MAX_TICK, MAX_TICK
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if sqrt_at(middle) <= sqrt_price else (low, middle - 1)
    return low


def align(tick: int) -> int:
    return tick // SPACING * SPACING


@dataclass
class Held:
    """One range."""

    lower: int
    upper: int
    liquidity: int
    entry: int  # square root price
    margin: int
    funding: Fraction = Fraction(0)  # to pay, integral of inventory dF

    def clamped(self, sqrt_price: int | Fraction) -> int | Fraction:
        return min(max(sqrt_price, sqrt_at(self.lower)), sqrt_at(self.upper))

    def size(self, sqrt_price: int | Fraction) -> Fraction:
        return self.liquidity * (Fraction(Q96) / self.clamped(sqrt_price) - Fraction(Q96, self.entry))

    def cash(self, sqrt_price: int | Fraction) -> Fraction:
        return Fraction(self.liquidity * (self.clamped(sqrt_price) - self.entry), Q96)


@dataclass
class Books:
    """All live ranges, and what went in and out."""

    ranges: dict[tuple[str, int, int], Held] = field(default_factory=dict)
    base: Fraction = Fraction(0)  # what the venue has: sold to it minus bought, minus what removed ranges took
    cash: Fraction = Fraction(0)
    funding_index: int = 0

    def accrue(self, funding_index: int, sqrt_price: int) -> None:
        """Every range pays for the inventory it held."""
        change = Fraction(funding_index - self.funding_index, RAY)
        self.funding_index = funding_index
        for held in self.ranges.values():
            held.funding += held.size(sqrt_price) * change

    def base_dust(self, sqrt_price: int) -> Fraction:
        return self.base - sum(held.size(sqrt_price) for held in self.ranges.values())

    def cash_dust(self, sqrt_price: int) -> Fraction:
        return self.cash - sum(held.cash(sqrt_price) for held in self.ranges.values())

    def liquidity_at(self, tick: int) -> int:
        return sum(held.liquidity for held in self.ranges.values() if held.lower <= tick < held.upper)

    def walk(self, sqrt_price: int, size: int) -> tuple[Fraction, Fraction] | None:
        """End (square root price) and notional of a trade in real numbers; None if it cannot be filled."""
        edges = sorted({sqrt_at(t) for held in self.ranges.values() for t in (held.lower, held.upper)})
        buy, left = size > 0, Fraction(abs(size))
        at, notional = Fraction(sqrt_price), Fraction(0)
        if not size:
            return at, notional
        for edge in [e for e in edges if e > at] if buy else [e for e in reversed(edges) if e < at]:
            middle = (at + edge) / 2
            depth = sum(
                held.liquidity for held in self.ranges.values() if sqrt_at(held.lower) < middle < sqrt_at(held.upper)
            )
            full = depth * abs(Q96 / at - Fraction(Q96, edge))
            if left <= full:
                end = Q96 / (Q96 / at + (-left if buy else left) / depth)
                return end, notional + depth * abs(end - at) / Q96
            notional += depth * abs(edge - at) / Q96
            left -= full
            at = Fraction(edge)
        return None


def sqrt_of(price: int) -> int:
    """Square root price of a WAD price, at 80 bits behind the point, rounded up."""
    scaled = -(-(price << 160) // WAD)
    root = isqrt(scaled)
    root += root * root < scaled
    return max(sqrt_at(-MAX_TICK), min(root << 16, sqrt_at(MAX_TICK)))


def price_of(sqrt_price: int) -> int:
    return (sqrt_price * sqrt_price * WAD) >> 192
