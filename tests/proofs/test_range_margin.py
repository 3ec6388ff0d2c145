"""Section 9 of docs/derivations.md: ranges never claim more than `lp_margin`, and no loss takes more than its share."""

import random
from dataclasses import dataclass, field
from fractions import Fraction

import pytest

from nacre.model.market import Market
from nacre.model.oracle import Oracle
from nacre.model.parameters import OYSTER, MarketParameters
from nacre.model.ranges import Range
from nacre.model.waterfall import _charge_providers
from nacre.units import RAY, WAD


def empty_market() -> Market:
    return Market(MarketParameters(), OYSTER, Oracle(100 * WAD, 1, 100 * WAD, 0, 0, 1, 3_600))


@dataclass
class Pool:
    """Ranges of nothing but margin, and what exact shares would leave each."""

    market: Market = field(default_factory=empty_market)
    ranges: list[Range] = field(default_factory=list)
    exact: list[Fraction] = field(default_factory=list)

    def add(self, margin: int) -> None:
        factor, epoch = self.market.lp_factor, self.market.lp_epoch
        self.ranges.append(Range(-50, 50, 1, margin, 2**96, factor, epoch, 0, 0))
        self.exact.append(Fraction(margin))
        self.market.lp_margin += margin

    def margin(self, number: int) -> int:
        return self.ranges[number].margin_now(self.market.lp_factor, self.market.lp_epoch)

    def remove(self, number: int) -> None:
        self.market.lp_margin -= self.margin(number)
        self.ranges.pop(number)
        self.exact.pop(number)

    def charge(self, loss: int) -> int:
        """Returns what the charge may take too much, wei."""
        before, factor = self.market.lp_margin, self.market.lp_factor
        self.exact = [each * (before - loss) / before for each in self.exact]
        _charge_providers(self.market, loss)
        return before // factor + 1

    def check(self) -> None:
        claims = sum(self.margin(number) for number in range(len(self.ranges)))
        assert 0 <= claims <= self.market.lp_margin
        assert 10**18 <= self.market.lp_factor <= RAY


def test_claims_never_exceed_the_margin_whatever_is_lost() -> None:
    rng = random.Random("margins")
    epochs = 0
    for _ in range(60):
        pool = Pool()
        for _ in range(60):
            kind = rng.random()
            if kind < 0.3 or not pool.ranges:
                pool.add(rng.choice((1, 7, WAD, rng.randint(1, 10**30))))
            elif kind < 0.4:
                pool.remove(rng.randrange(len(pool.ranges)))
            elif pool.market.lp_margin:
                margin = pool.market.lp_margin
                left = rng.choice((0, 1, margin // 10**9, margin // 10**20, margin // 2, margin * 99 // 100))
                pool.charge(margin - min(left, margin))
            pool.check()
        epochs += pool.market.lp_epoch
    assert epochs > 60


@pytest.mark.parametrize("left", [10**9 + 1, 10**9 - 1, 10, 1])
def test_who_comes_after_a_near_total_loss_pays_only_for_later_ones(left: int) -> None:
    """`left` of 1e27 is what somebody's range keeps. Then a provider adds, and bears two losses of a hundredth."""
    pool = Pool()
    pool.add(RAY)
    pool.charge(RAY - left)
    pool.add(10**6 * WAD)
    for _ in range(2):
        pool.charge(pool.market.lp_margin // 100)
        pool.check()
    assert abs(pool.margin(1) - Fraction(99, 100) ** 2 * 10**6 * WAD) < 10**7


def test_a_charge_takes_at_most_margin_over_factor_too_much() -> None:
    rng = random.Random("over")
    pool = Pool()
    for _ in range(8):
        pool.add(rng.randint(1, 10**27))
    allowed = Fraction(0)
    for _ in range(40):
        allowed += pool.charge(pool.market.lp_margin * rng.randint(1, 30) // 100)
        claims = sum(pool.margin(number) for number in range(len(pool.ranges)))
        assert sum(pool.exact) - claims < allowed + len(pool.ranges)
        assert all(pool.margin(i) <= share for i, share in enumerate(pool.exact))


def test_nothing_is_left_of_ranges_that_lost_everything() -> None:
    pool = Pool()
    pool.add(5 * WAD)
    pool.charge(5 * WAD)
    pool.add(3 * WAD)
    assert pool.margin(0) == 0
    assert pool.margin(1) == pool.market.lp_margin == 3 * WAD
