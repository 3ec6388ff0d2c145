"""A closed leg that lacks more than free collateral has is paid for by the account's other legs, in their order."""

from dataclasses import dataclass

import pytest
from support.exchange import ALL, LIQUIDITY, PRICE, Exchange, bare_house, open_exchange
from unit.cross_margin.conftest import MAIN, START

from nacre.units import WAD

LOSING, FIRST, SECOND = MAIN, 1, 2
TERMS = {"cross_margin": True, "max_deviation_bps": 10_000, "force_close_band_bps": 2_000, "oracle_max_age": 3_600}


@dataclass
class Account:
    """Long in three markets: 50, 20 and 20."""

    exchange: Exchange
    who: str

    @property
    def house(self):
        return self.exchange.house

    def push(self, market: int, price: int) -> None:
        names = ("main", "first", "second")
        self.exchange.system.push_price(self.exchange.system.markets[names[market]], price * WAD)

    def worth(self, market: int) -> int:
        record, mark = self.exchange.pos(self.who, market), self.house.call("mark_price", market)
        return record.balance + record.size * mark // WAD - record.notional

    def close(self):
        return self.house.transact("trade", LOSING, -50 * WAD, 0, 0, 0, sender=self.who)

    def pots(self) -> list[int]:
        return [self.house.call("pot", market) for market in (LOSING, FIRST, SECOND)]

    def lacks(self) -> int:
        """What the losing leg lacks beyond free collateral when it is closed at the venue."""
        notional, _ = self.exchange.quote(-50 * WAD)
        leg = self.exchange.pos(self.who)
        return leg.notional - notional - leg.balance - self.exchange.free(self.who)


@pytest.fixture
def account(opened, trader, outsider):
    exchange = opened(free=100_000 * WAD, **TERMS)
    provider = exchange.people["provider"]
    for name in ("first", "second"):
        exchange.list_market(name, **TERMS)
        exchange.system.fund(provider, LIQUIDITY)
        exchange.provide(provider, LIQUIDITY, market=name)
    exchange.house.transact("withdraw", exchange.free(trader) - START, sender=trader).check()
    for market in (LOSING, FIRST, SECOND):
        exchange.house.transact("set_margin_mode", market, True, sender=trader).check()
    for market, size in ((LOSING, 50), (FIRST, 20), (SECOND, 20)):
        exchange.trade(trader, size * WAD, market=market)
    # the venue, too, is where the price falls to
    exchange.lead_venue(outsider, 75 * WAD)
    account = Account(exchange, trader)
    account.push(LOSING, 75)
    return account


def test_the_first_leg_pays_and_the_next_what_it_cannot(account):
    account.push(FIRST, 105)
    account.push(SECOND, 150)
    lacking, first, second = account.lacks(), account.worth(FIRST), account.worth(SECOND)
    assert 0 < first < lacking < first + second
    before = account.pots()
    receipt = account.close()
    assert receipt.reason == ""
    assert account.exchange.free(account.who) == 0
    assert (account.worth(FIRST), account.worth(SECOND)) == (0, second - (lacking - first))
    after = account.pots()
    assert (before[FIRST] - after[FIRST], before[SECOND] - after[SECOND]) == (first, lacking - first)
    assert account.house.call("cross_markets", account.who)[1] == 1 << FIRST | 1 << SECOND


@pytest.mark.parametrize("why", ["it lost", "its price is stale", "its market is settled"])
def test_a_leg_that_cannot_pay_is_passed_over(account, why):
    exchange, system = account.exchange, account.exchange.system
    account.push(FIRST, 99 if why == "it lost" else 120)
    if why == "its market is settled":
        system.config.transact("settle_market", FIRST, 120 * WAD, sender=system.owner).check()
    if why == "its price is stale":
        exchange.chain.mine(3_700)
        account.push(LOSING, 75)
    account.push(SECOND, 150)
    lacking, second = account.lacks(), account.worth(SECOND)
    leg, pots = exchange.record(account.who, FIRST), account.pots()
    assert account.close().reason == ""
    assert account.worth(SECOND) == second - lacking
    assert exchange.record(account.who, FIRST) == leg
    assert account.pots()[FIRST] == pots[FIRST]


def test_nobody_pays(account):
    """What settled markets owe counts for the account, but pays nothing at once: nothing moves, the leg stays open."""
    exchange, system = account.exchange, account.exchange.system
    for market in (FIRST, SECOND):
        system.config.transact("settle_market", market, 150 * WAD, sender=system.owner).check()
    assert account.worth(FIRST) + account.worth(SECOND) > account.lacks() > 0
    exchange.refuses("close leaves a deficit", exchange.house, "trade", LOSING, -50 * WAD, 0, 0, 0, sender=account.who)


def test_an_empty_pot_is_passed_over():
    """A liquidation asks the legs for what they can pay: by a venue that hands out what nobody paid in."""
    bare = bare_house(cross_margin=True)
    for _ in range(2):
        bare.list_market(bare.chain.account("venue"), cross_margin=True)
    trader, keeper, outsider = (bare.chain.account(name) for name in ("trader", "keeper", "outsider"))
    house = bare.house
    for market in (LOSING, FIRST, SECOND):
        bare.send(trader, "set_margin_mode", market, True).check()
    bare.send(trader, "withdraw", house.call("free_collateral", trader)).check()

    def hand_out(market, who, balance):
        """Two units, bought at mark."""
        gift = (0, balance * WAD, 2 * WAD, 200 * WAD, PRICE)
        bare.send(bare.venue, "venue_absorb", market, who, who, gift).check()

    for market, balance in ((LOSING, 0), (FIRST, 8), (SECOND, 8)):
        hand_out(market, trader, balance)
    hand_out(SECOND, outsider, 50)
    bare.send(outsider, "adjust_margin", SECOND, 100 * WAD).check()
    assert [house.call("pot", market) for market in (LOSING, FIRST, SECOND)] == [0, 0, 100 * WAD]
    # a third of the maintenance margin takes a third of the equity along
    policy = open_exchange().engine.call("policy", 0)
    call = ("take_over", LOSING, keeper, trader, ALL, 50 * WAD, policy, 0)
    receipt = bare.send(bare.engine, *call).check()
    taken = 16 * WAD // 3
    assert [house.call("position", market, trader).balance for market in (FIRST, SECOND)] == [8 * WAD, 8 * WAD - taken]
    assert [house.call("pot", market) for market in (FIRST, SECOND)] == [0, 100 * WAD - taken]
    event = receipt.event("Takeover")
    assert (event.deficit, event.new_balance) == (0, 50 * WAD + taken)
