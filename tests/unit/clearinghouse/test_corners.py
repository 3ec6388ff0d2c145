"""A life at the corners of what a market is made for: prices 1e-6 to 1e7, sizes 1e-6 to 1e9, notionals to 1e12.

After every step the balance sheet is checked: never short, and no more over than docs/derivations.md section 5 allows.
"""

from decimal import Decimal
from math import floor, log

import pytest
from support import spec
from support.exchange import ALL, Exchange, new_exchange

from nacre.units import RAY, WAD

# What one deposit may bring.
DEPOSIT = 10**30
CORNERS = [
    ("0.000002", "0.000001"),  # it falls to half: the least there is
    ("0.000002", 10**9),
    (1, "0.000001"),
    (1, 1),
    (1, 10**9),
    (1_000, 10**9),
    (10**7, "0.000001"),
    (10**7, 1),
    (10**7, 10**5),
]


def wad(number) -> int:
    return int(Decimal(number) * WAD)


class Market:
    """An exchange whose sheet is checked after every step."""

    def __init__(self, price: int, size: int, decimals: int):
        self.price, self.size, self.notional = price, size, spec.notional(size, price)
        whole = Decimal(price) / WAD
        self.exchange: Exchange = new_exchange(
            decimals=decimals,
            liquidity=0,
            free=0,
            price=whole,
            trading_fee_bps=30,
            protocol_fee_bps=20,
            penalty=["10.92", "1.64", "0.09", "0"],
            max_deviation_bps=10_000,
            liquidation_fee_bps=50,
            reward_share_bps=5_000,
            tip="0.2",
        )
        self.people = self.exchange.people
        self.deposited = 0
        self.ranges: list[tuple[str, int, int]] = []
        self.allowed = 0
        for name, times in (("trader", 4), ("counterparty", 8), ("keeper", 8), ("outsider", 12), ("provider", 12)):
            self.deposit(self.people[name], times * self.notional + 10 * self.exchange.system.unit)
        self.middle = floor(log(float(whole), 1.0001))

    def deposit(self, who: str, amount: int) -> None:
        unit = self.exchange.system.unit
        amount = -(-amount // unit) * unit
        self.deposited += amount
        while amount > 0:
            self.exchange.system.fund(who, min(amount, DEPOSIT))
            amount -= DEPOSIT

    def edges(self, width: int) -> tuple[int, int]:
        return (self.middle - width) // 50 * 50, -(-(self.middle + width) // 50) * 50

    def add(self, name: str, width: int, margin: int) -> None:
        edges = self.edges(width)
        self.exchange.provide(self.people[name], margin, *edges)
        self.ranges.append((self.people[name], *edges))
        self.check()

    def remove(self, name: str, width: int, by: str | None = None) -> None:
        edges, owner = self.edges(width), self.people[name]
        who = self.people[by or name]
        self.exchange.venue.transact("remove_liquidity", *edges, owner, sender=who).check()
        self.ranges.remove((owner, *edges))
        self.check()

    def trade(self, name: str, size: int, margin: int = 0) -> None:
        self.exchange.trade(self.people[name], size, margin)
        self.check()

    def set_price(self, price: int) -> None:
        self.exchange.push(price)
        self.price = price
        self.check()

    def check(self) -> None:
        exchange = self.exchange
        everybody = [*self.people.values(), exchange.system.treasury]
        accounts = sorted(everybody, key=lambda who: int(who, 16))
        ranges = sorted(self.ranges, key=lambda key: (int(key[0], 16), *key[1:]))
        sheet = exchange.lens.call("solvency", 0, accounts, ranges)
        assert (sheet.missing_long, sheet.missing_short) == (0, 0)
        assets = exchange.lens.call("assets", accounts)
        assert (assets.assets, assets.unassigned) == (self.deposited, 0)
        # What this step may have left behind, at most.
        state = exchange.state()
        interest = max(state.total_long, state.total_short)
        liquidity = exchange.venue.call("state")[2]
        self.allowed += (
            6 * spec.ceil(self.price, WAD)
            + spec.ceil(4 * interest, RAY)
            + spec.ceil(state.lp_margin, state.lp_factor)
            + 4 * spec.ceil(liquidity, 2**96)
            + 4 * (len(accounts) + len(ranges))
        )
        # Claims of winners on losers who were not liquidated yet are in the sum with their sign.
        assert 0 <= sheet.dust <= self.allowed, sheet


@pytest.mark.parametrize("decimals", [0, 6, 18])
@pytest.mark.parametrize(("price", "size"), CORNERS)
def test_a_life_in_the_corner(price, size, decimals):
    market = Market(wad(price), wad(size), decimals)
    exchange, q, n = market.exchange, market.size, market.notional
    trader, keeper = market.people["trader"], market.people["keeper"]

    # Sellers first: a buyer would pay more than the largest notional for the largest size.
    market.add("provider", 1_000, 5 * n)
    market.add("outsider", 2_000, 5 * n)
    market.trade("counterparty", -q, n)
    market.trade("counterparty", q // 2)
    market.trade("counterparty", -(q // 2), n)
    market.trade("trader", q - q // 3, n * 15 // 100 + 100)
    market.trade("trader", q // 3, n * 7 // 100 + 100)
    market.trade("trader", -(q // 7))
    market.trade("trader", q // 7)
    market.trade("keeper", -(q // 4), n)
    market.trade("keeper", q // 2, n)  # a flip
    market.remove("outsider", 2_000)
    start = market.price

    # Failing, not bankrupt: between a quarter and a third less.
    equity = spec.equity(exchange.pos(trader), start)
    market.set_price(start - (equity - n * 3 // 100) * WAD // q)
    assert exchange.lens.call("health", 0, trader).stage == 2
    exchange.take_over(keeper, trader, q // 3, n)
    market.check()

    # Bankrupt: the venue, still near where it was, pays more than mark.
    market.set_price(market.price * 9 // 10)
    assert exchange.lens.call("health", 0, trader).stage == 4
    exchange.force_close(keeper, trader, q // 7)
    market.check()
    market.set_price(start // 2)
    receipt = exchange.take_over(keeper, trader, exchange.pos(trader).size // 2, 2 * n)
    assert receipt.event("DeficitAbsorbed").deficit > 0
    market.check()
    exchange.force_close(market.people["outsider"], trader, ALL)
    market.check()
    assert exchange.pos(trader).size == 0

    # Everybody leaves.
    market.set_price(start)
    for name in ("keeper", "counterparty"):
        market.trade(name, -exchange.pos(market.people[name]).size)
        assert exchange.pos(market.people[name]).size == 0
    exchange.config.transact("collect_fees", 0, sender=keeper).check()
    market.remove("provider", 1_000)
    for who in market.people.values():
        unit = exchange.system.unit
        units = exchange.free(who) // unit
        if units:
            exchange.house.transact("withdraw", units, sender=who).check()
            market.deposited -= units * unit
        assert exchange.free(who) < unit
    market.check()
