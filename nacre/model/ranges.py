"""Liquidity ranges: how much liquidity a margin buys, what a range holds, earns and owes. Spec section 11."""

from dataclasses import dataclass

from nacre.model.positions import Position
from nacre.model.rounding import Q96, RAY, bps_up, ceil_div, clamp, floor_div
from nacre.model.ticks import base_between, quote_between, sqrt_price_at

EPOCH_UNIT = 10**9
# Epochs after its own in which a range may still have margin.
LONGEST_MEMORY = 2


@dataclass(frozen=True, slots=True)
class Growth:
    """What one unit of liquidity has gathered somewhere.

    fee       WAD * 2^96
    funding   RAY, the funding index's growth
    ratio     RAY * 2^19, growth of the funding index divided by the square root price
    """

    fee: int = 0
    funding: int = 0
    ratio: int = 0

    def __add__(self, other: "Growth") -> "Growth":
        return Growth(self.fee + other.fee, self.funding + other.funding, self.ratio + other.ratio)

    def __sub__(self, other: "Growth") -> "Growth":
        return Growth(self.fee - other.fee, self.funding - other.funding, self.ratio - other.ratio)


# Funding growth counts in RAY * 2^19 of cash per unit of liquidity.
FUNDING_SCALE = 2**115
FUNDING_UNIT = RAY * 2**19


def over_sqrt(funding: int, sqrt_price: int, round_up: bool) -> int:
    """Funding on what one unit of liquidity holds: 1 / sqrt price."""
    division = ceil_div if round_up else floor_div
    return division(funding * FUNDING_SCALE, sqrt_price)


@dataclass(frozen=True, slots=True)
class Span:
    """Growth below, inside and above a range with these edges."""

    lower: int
    upper: int
    below: Growth
    inside: Growth
    above: Growth

    def funding_growth(self, entry_sqrt: int, round_up: bool) -> int:
        """Funding on one unit of liquidity of a range entered at `entry_sqrt`, since ever. Differences count."""
        total = self.below.funding + self.inside.funding + self.above.funding
        return (
            self.inside.ratio
            + over_sqrt(self.below.funding, sqrt_price_at(self.lower), round_up)
            + over_sqrt(self.above.funding, sqrt_price_at(self.upper), round_up)
            - over_sqrt(total, entry_sqrt, not round_up)
        )


@dataclass(frozen=True, slots=True)
class Range:
    """One provider's range. `entry_*` is what stood when it was added."""

    lower: int
    upper: int
    liquidity: int
    margin: int
    entry_sqrt: int
    entry_factor: int
    entry_epoch: int
    entry_fee: int
    entry_funding: int

    def inventory(self, sqrt_price: int) -> tuple[int, int]:
        """Size and cash if the venue stood at `sqrt_price`. Never more than the venue got."""
        price = clamp(sqrt_price, sqrt_price_at(self.lower), sqrt_price_at(self.upper))
        if price < self.entry_sqrt:
            size = base_between(self.liquidity, price, self.entry_sqrt, round_up=False)
            return size, -quote_between(self.liquidity, price, self.entry_sqrt, round_up=True)
        size = -base_between(self.liquidity, self.entry_sqrt, price, round_up=True)
        return size, quote_between(self.liquidity, self.entry_sqrt, price, round_up=False)

    def margin_now(self, factor: int, epoch: int) -> int:
        """Margin after the social losses since; each new epoch counts in billionths of the last."""
        passed = epoch - self.entry_epoch
        return 0 if passed > LONGEST_MEMORY else floor_div(self.margin * factor, self.entry_factor * EPOCH_UNIT**passed)

    def fees(self, span: Span) -> int:
        return floor_div(self.liquidity * (span.inside.fee - self.entry_fee), Q96)

    def funding(self, span: Span) -> int:
        """What the range pays on the inventory it had all the time; negative is received."""
        grown = span.funding_growth(self.entry_sqrt, round_up=True) - self.entry_funding
        return ceil_div(self.liquidity * grown, FUNDING_UNIT)

    def as_position(self, sqrt_price: int, span: Span, factor: int, epoch: int) -> Position:
        """The range as a position at the inventory it has at `sqrt_price`; settled, so without carry."""
        size, cash = self.inventory(sqrt_price)
        balance = self.margin_now(factor, epoch) + self.fees(span) - self.funding(span)
        if size == 0:
            return Position(balance=balance + cash)
        return Position(size=size, balance=balance, entry_notional=-cash if size > 0 else cash)


def liquidity_for_margin(margin: int, sqrt_price: int, lower: int, upper: int, imr_bps: int) -> int:
    """The liquidity whose position meets the initial margin at either edge; an edge at the price asks nothing."""
    low, high = sqrt_price_at(lower), sqrt_price_at(upper)
    sides = []
    for edge, distance in ((high, high - sqrt_price), (low, sqrt_price - low)):
        if distance > 0:
            depth = floor_div(margin * sqrt_price, distance)
            sides.append(floor_div(depth * Q96, distance + bps_up(edge, imr_bps)))
    return min(sides)
