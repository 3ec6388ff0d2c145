"""The lens on real contracts: the balance sheet holds after every step, and health tells what a liquidation does."""

import pytest

from nacre.chain import EmbeddedChain
from nacre.deploy import deploy_system, list_market
from nacre.model.rounding import ceil_div
from nacre.presets import preset
from nacre.units import MAX_UINT256, WAD

HEALTHY, MARGIN_CALL, LIQUIDATABLE, BACKSTOP, BANKRUPT = range(5)
# -1 to 2.5 times 100, rounded to ticks of 50
LOWER, UPPER = 39_100, 53_000
PEOPLE = ("provider", "second provider", "ann", "bea", "kim", "donor")


class Books:
    """A market with people in it, and the check of its balance sheet after every step."""

    def __init__(self, decimals: int, **fields: object):
        self.chain = EmbeddedChain()
        self.system = deploy_system(self.chain, decimals=decimals)
        self.market = list_market(self.system, "main", preset("oyster", **fields))
        self.people = {name: self.chain.account(name) for name in PEOPLE}
        self.ranges: set[tuple[str, int, int]] = set()
        self.steps = 0
        self.last_dust = 0
        for account in self.people.values():
            self.system.fund(account, 100_000 * WAD)
        self.check()

    def add_range(self, who: str, lower: int, upper: int, margin: int) -> None:
        account = self.people[who]
        self.market.venue.transact("add_liquidity", lower, upper, margin, sender=account).check()
        self.ranges.add((account, lower, upper))
        self.check()

    def remove_range(self, who: str, lower: int, upper: int) -> None:
        account = self.people[who]
        self.market.venue.transact("remove_liquidity", lower, upper, sender=account).check()
        self.ranges.remove((account, lower, upper))
        self.check()

    def trade(self, who: str, size: int, margin: int) -> None:
        call = ("trade", self.market.id, size, margin, 0, 0)
        self.system.clearinghouse.transact(*call, sender=self.people[who]).check()
        self.check()

    def liquidate(self, call: str, who: str, target: str, size: int, extra: int) -> None:
        arguments = (self.market.id, self.people[target], size, extra)
        self.system.engine.transact(call, *arguments, sender=self.people[who]).check()
        self.check()

    def price(self, price: int, seconds: int = 1) -> None:
        self.chain.mine(seconds)
        self.system.push_price(self.market, price)
        self.chain.mine()
        self.check()

    def health(self, who: str) -> tuple:
        return self.system.lens.call("health", self.market.id, self.people[who])

    def solvency(self) -> tuple:
        accounts = sorted([*self.people.values()], key=lambda account: int(account, 16))
        ranges = sorted(self.ranges, key=lambda key: (int(key[0], 16), *key[1:]))
        return self.system.lens.call("solvency", self.market.id, accounts, ranges)

    def check(self) -> None:
        """Every unit of collateral is accounted for, and the pot covers its claims."""
        self.steps += 1
        accounts = sorted([*self.people.values()], key=lambda account: int(account, 16))
        assets = self.system.lens.call("assets", accounts)
        assert assets.unassigned == 0
        sheet = self.solvency()
        assert (sheet.missing_long, sheet.missing_short) == (0, 0)
        assert 0 <= sheet.missing_margin <= 10 * self.steps
        assert sheet.dust >= 0, sheet
        # docs/derivations.md: about price + open interest x 1e-9 + number of parties, in wei, for each operation
        assert sheet.dust - self.last_dust <= ceil_div(2 * sheet.mark_price, WAD) + 20, sheet
        self.last_dust = sheet.dust


@pytest.fixture(params=[6, 18])
def books(request) -> Books:
    made = Books(request.param)
    made.add_range("provider", LOWER, UPPER, 50_000 * WAD)
    made.add_range("second provider", 45_000, 47_000, 5_000 * WAD)
    return made


def test_every_step_balances(books):
    """A crash with a bankrupt long: taken over in part, closed in part, the rest socialised, all ranges removed."""
    books.trade("ann", 20 * WAD, 300 * WAD)
    books.trade("bea", -25 * WAD, 500 * WAD)
    books.trade("donor", 3 * WAD, 1000 * WAD)
    books.price(95 * WAD, seconds=3600)
    books.price(80 * WAD, seconds=7200)
    assert books.health("ann").stage == BANKRUPT
    books.liquidate("liquidate_by_takeover", "kim", "ann", 10 * WAD, 400 * WAD)
    assert books.solvency().account_equity > 0
    books.liquidate("force_close", "kim", "ann", MAX_UINT256, 0)
    assert books.health("ann").size == 0
    books.trade("kim", -10 * WAD, 0)
    books.price(81 * WAD, seconds=86_400)
    books.remove_range("second provider", 45_000, 47_000)
    books.remove_range("provider", LOWER, UPPER)
    assert books.solvency().range_equity == 0


def test_ranges_are_worth_what_the_venue_says(books):
    books.trade("ann", 20 * WAD, 500 * WAD)
    books.price(101 * WAD, seconds=3600)
    states = [books.market.venue.call("range_of", *key) for key in books.ranges]
    sheet = books.solvency()
    assert sheet.range_equity == sum(state.equity for state in states)
    assert len([state for state in states if state.size < 0]) == 2


@pytest.mark.parametrize("side", [1, -1])
def test_the_liquidation_price_is_where_liquidation_starts(books, side):
    books.trade("ann", side * 20 * WAD, 300 * WAD)
    seen = books.health("ann")
    assert seen.stage == HEALTHY
    takeover = ("liquidate_by_takeover", books.market.id, books.people["ann"], MAX_UINT256, 500 * WAD)
    kim = books.people["kim"]

    books.price(seen.liquidation_price)
    assert books.health("ann").liquidation_price == seen.liquidation_price  # no carry yet: nothing else moved
    assert books.health("ann").stage == HEALTHY
    assert books.system.engine.transact(*takeover, sender=kim).reason == "not liquidatable"

    books.price(seen.liquidation_price - side * 2)
    assert books.health("ann").stage == LIQUIDATABLE
    assert books.system.engine.transact(*takeover, sender=kim).reason == ""
    assert books.health("ann").size == 0


@pytest.mark.parametrize("side", [1, -1])
def test_the_bankruptcy_price_is_the_last_without_a_deficit(books, side):
    books.trade("ann", side * 20 * WAD, 300 * WAD)
    price = books.health("ann").bankruptcy_price
    books.price(price)
    assert books.health("ann").stage == LIQUIDATABLE
    assert 0 <= books.health("ann").equity < 20
    books.price(price - side)
    assert books.health("ann").stage == BANKRUPT
    assert -20 <= books.health("ann").equity < 0
