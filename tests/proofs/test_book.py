"""The book of docs/derivations.md section 4, in fractions, after every action of random walks on the Python model.

    C = B(0) + G    cash that rounding left in the pot           r    size that rounding left with the venue

Neither ever falls, and no action adds more to them than sections 5 to 9 say. The model equals the contracts to the wei:
`./run fuzz` compares them.
"""

from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from nacre.fuzz import model_driver
from nacre.fuzz.generator import Generator
from nacre.fuzz.settings import make
from nacre.model import World
from nacre.model.market import Market
from nacre.model.ranges import Range
from nacre.model.rounding import clamp
from nacre.model.ticks import sqrt_of_price, sqrt_price_at
from nacre.model.venue import RangeKey
from nacre.units import Q96, RAY, WAD

ACTIONS = 400
FINE = 2**200
# What cutting fractions at 2^-200 may add up to.
NOISE = Fraction(1, 2**150)


def cut(value: Fraction) -> Fraction:
    """Keeps denominators from growing without bound."""
    return Fraction(value.numerator * FINE // value.denominator, FINE)


def inventory(held: Range, sqrt_price: int) -> tuple[Fraction, Fraction]:
    """Size and cash of a range in real numbers."""
    price = clamp(sqrt_price, sqrt_price_at(held.lower), sqrt_price_at(held.upper))
    size = Fraction(held.liquidity * Q96, price) - Fraction(held.liquidity * Q96, held.entry_sqrt)
    return size, Fraction(held.liquidity * (price - held.entry_sqrt), Q96)


@dataclass
class Book:
    """One market's exact balance sheet, kept beside the model's."""

    paid: dict[RangeKey, Fraction] = field(default_factory=dict)
    unfunded: Fraction = Fraction(0)
    index: int = 0
    sizes: dict[RangeKey, Fraction] = field(default_factory=dict)
    residue: Fraction = Fraction(0)

    def fund(self, market: Market) -> None:
        """Funding since the last look: it accrued before anything of the action moved."""
        rise = market.funding.index - self.index
        self.index = market.funding.index
        for key, size in self.sizes.items():
            self.paid[key] = cut(self.paid.get(key, Fraction(0)) + size * Fraction(rise, RAY))
        self.unfunded = cut(self.unfunded + self.residue * Fraction(rise, RAY))

    def look(self, market: Market) -> tuple[Fraction, Fraction]:
        """(C, r) now."""
        self.fund(market)
        venue = market.venue
        self.paid = {key: self.paid.get(key, Fraction(0)) for key in venue.ranges}
        self.sizes = {key: inventory(held, venue.sqrt_price)[0] for key, held in venue.ranges.items()}
        self.residue = cut(market.inventory - sum(self.sizes.values()))
        claims = market.insurance_fund + market.protocol_fees + market.owed_total + market.lp_margin
        book = Fraction(market.pot + market.unallocated_loss - claims)
        for held in market.positions.values():
            carry = Fraction(held.amount * (market.index_of(held.size) - held.entry_carry), RAY)
            book -= held.balance - held.side * held.entry_notional - carry
        for key, held in venue.ranges.items():
            span = venue.span(held.lower, held.upper, market.funding.index)
            fees = Fraction(held.liquidity * (span.inside.fee - held.entry_fee), Q96)
            book -= fees - self.paid[key] + inventory(held, venue.sqrt_price)[1]
        return cut(book + self.unfunded), self.residue


@dataclass(frozen=True)
class Scene:
    """What a market looked like before an action."""

    cash: Fraction
    size: Fraction
    interest: int
    liquidity: int
    sqrt_price: int
    edges: int


def scene(book: Book, market: Market) -> Scene:
    cash, size = book.look(market)
    venue = market.venue
    liquidity = sum(held.liquidity for held in venue.ranges.values())
    return Scene(cash, size, market.totals.open_interest, liquidity, venue.sqrt_price, len(venue.ticks))


def most(before: Scene, after: Scene, mark: int, actions: int) -> tuple[Fraction, Fraction]:
    """What one action may add to C and r: its stretches, three absorptions, a removed range, three settled accounts."""
    liquidity = max(before.liquidity, after.liquidity)
    lowest = min(before.sqrt_price, after.sqrt_price, sqrt_of_price(mark)) - 1
    stretches = 2 + before.edges
    left_size = stretches * max(Fraction(1), Fraction(liquidity * Q96, lowest * lowest))
    left_cash = stretches * (1 + Fraction(liquidity, Q96))
    absorbed = 3 * max(Fraction(1), Fraction(max(before.interest, after.interest), RAY))
    growth = Fraction(liquidity * (6 + actions), 2**108)
    return left_cash + absorbed + 3 + 3 + growth, left_size + 1


def claimable(market: Market) -> int:
    """Margin of all ranges as they would get it."""
    held = market.venue.ranges.values()
    return sum(each.margin_now(market.lp_factor, market.lp_epoch) for each in held)


def check(book: Book, market: Market, before: Scene, actions: int) -> None:
    after = scene(book, market)
    more_cash, more_size = most(before, after, market.oracle.price or WAD, actions)
    assert after.cash >= before.cash - NOISE, "cash fell"
    assert after.size >= before.size - NOISE, "the venue's ranges hold more than it has"
    assert after.cash - before.cash < more_cash + NOISE, "cash grew too much"
    assert after.size - before.size < more_size + NOISE, "residue grew too much"
    assert claimable(market) <= market.lp_margin, "ranges claim more than their margin"


@pytest.mark.parametrize(("seed", "policy", "decimals"), [(1, "oyster", 18), (2, "injective", 6), (3, "oyster", 0)])
def test_rounding_only_ever_leaves_something_behind(seed: int, policy: str, decimals: int) -> None:
    settings = make(seed, policy, decimals)
    world: World = model_driver.new_world(settings)
    generator = Generator(settings, world)
    books = [Book() for _ in settings.markets]
    setup = generator.setup()
    done = 0
    for number in range(ACTIONS):
        action = setup.pop(0) if setup else generator.draw()
        before = [scene(book, world.market(i)) for i, book in enumerate(books)]
        model_driver.advance(world, action)
        done += model_driver.send(world, action) is None
        for i, book in enumerate(books):
            check(book, world.market(i), before[i], number)
    assert done > ACTIONS // 3
