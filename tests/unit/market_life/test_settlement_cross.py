"""Legs of cross accounts in a market that settles: their losses come from free collateral and then from the account's
other profits, their own profits become claims that go on backing it, and its other markets go on."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import pytest
from support import spec
from support.exchange import LIQUIDITY, PRICE, WIDE, BareHouse, Exchange, bare_house
from support.spec import Pos

from nacre.units import MAX_UINT256, WAD

MAIN, OTHER, THIRD = 0, 1, 2
LOW = 50 * WAD
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@dataclass
class Two:
    exchange: Exchange

    def cross(self, who: str, free: int, main: int, other: int = 0) -> None:
        """An account of so much with legs of these sizes."""
        house = self.exchange.house
        house.transact("withdraw", self.exchange.free(who) - free, sender=who).check()
        for market, size in ((MAIN, main), (OTHER, other)):
            if size:
                house.transact("set_margin_mode", market, True, sender=who).check()
                self.exchange.trade(who, size, market=market)

    def end(self, price: int) -> None:
        self.exchange.config.transact("settle_market", MAIN, price, sender=self.exchange.system.owner).check()

    def settle(self, who: str):
        sender = self.exchange.people["outsider"]
        return self.exchange.house.transact("settle_account", MAIN, who, sender=sender).check()

    def owed(self, who: str) -> int:
        return self.exchange.house.call("owed", MAIN, who)

    def legs(self, who: str) -> int:
        return self.exchange.house.call("cross_markets", who)[1]

    def worth(self, who: str, price: int, market: int = MAIN) -> int:
        return spec.equity(self.exchange.pos(who, market), price)

    def push(self, price: int, market: str = "other") -> None:
        self.exchange.system.push_price(self.exchange.system.markets[market], price)

    def account(self, who: str) -> Any:
        return self.exchange.house.call("account_state", who)

    def clear(self, who: str) -> None:
        """Nobody but `who` may be left in the market that settles."""
        provider = self.exchange.people["provider"]
        self.exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=who).check()
        if self.exchange.pos(provider) != Pos():
            self.settle(provider)

    def claim(self, who: str) -> None:
        self.exchange.house.transact("claim", MAIN, who, sender=self.exchange.people["outsider"]).check()


@pytest.fixture
def two(opened) -> Two:
    exchange = opened(cross_margin=True, max_deviation_bps=10_000)
    exchange.list_market("other", cross_margin=True, max_deviation_bps=10_000)
    provider = exchange.people["provider"]
    exchange.system.fund(provider, LIQUIDITY)
    exchange.provide(provider, LIQUIDITY, market="other")
    return Two(exchange)


@SIDES
def test_a_loss_is_paid_by_free_collateral(two, trader, side):
    """To the wei, into the pot; nothing is left owing, and the leg is gone."""
    two.cross(trader, 1_000 * WAD, side * 20 * WAD)
    price = (100 - 12 * side) * WAD
    two.end(price)
    worth, free, pot = two.worth(trader, price), two.exchange.free(trader), two.exchange.state().pot
    assert -1_000 * WAD < worth <= -240 * WAD
    event = two.settle(trader).event("AccountSettled")
    assert (event.claim, event.size) == (0, side * 20 * WAD)
    assert two.exchange.free(trader) == free + worth
    assert two.exchange.state().pot == pot - worth
    assert (two.owed(trader), two.legs(trader), two.exchange.state().unallocated_loss) == (0, 0, 0)


@SIDES
def test_what_free_collateral_lacks_is_the_funds(two, trader, keeper, side):
    two.cross(trader, 400 * WAD, side * 20 * WAD)
    two.exchange.house.transact("donate_insurance", MAIN, 25 * WAD, sender=keeper).check()
    price = (100 - 30 * side) * WAD
    two.end(price)
    lacking = -two.worth(trader, price) - two.exchange.free(trader)
    event = two.settle(trader).event("DeficitAbsorbed")
    assert (event.deficit, event.from_insurance, event.unallocated_loss) == (lacking, 25 * WAD, lacking - 25 * WAD)
    assert (two.exchange.free(trader), two.owed(trader)) == (0, 0)
    state = two.exchange.state()
    assert state.long_social_loss_index == state.short_social_loss_index == 0


@SIDES
def test_a_profit_is_a_claim_and_no_free_collateral(two, trader, side):
    two.cross(trader, 1_000 * WAD, side * 20 * WAD)
    price = (100 + 12 * side) * WAD
    two.end(price)
    worth, free = two.worth(trader, price), two.exchange.free(trader)
    assert worth > 0
    two.settle(trader)
    assert (two.owed(trader), two.exchange.free(trader), two.legs(trader)) == (worth, free, 1 << MAIN)
    two.clear(trader)
    assert two.account(trader).full_equity == free + worth
    two.claim(trader)
    assert (two.owed(trader), two.exchange.free(trader), two.legs(trader)) == (0, free + worth, 0)
    assert two.account(trader).full_equity == free + worth


@SIDES
def test_the_other_market_goes_on(two, trader, side):
    """The leg counts at the final price, whatever its oracle says now; the account trades and withdraws."""
    two.cross(trader, 1_000 * WAD, side * 20 * WAD, 5 * WAD)
    price = (100 + 2 * side) * WAD
    two.end(price)
    two.exchange.push(10**12)
    house = two.exchange.house
    for settled in (False, True):
        account = house.call("account_state", trader)
        worth = two.owed(trader) if settled else two.worth(trader, price)
        assert worth > 0
        free = two.exchange.free(trader)
        assert account.full_equity == free + worth + two.worth(trader, 100 * WAD, OTHER)
        assert (account.stale, account.jumped) == (False, False)
        two.exchange.trade(trader, WAD, market=OTHER)
        house.transact("withdraw", WAD, sender=trader).check()
        if not settled:
            two.settle(trader)
    assert two.legs(trader) == 1 << OTHER | 1 << MAIN


@SIDES
def test_a_settling_leg_no_longer_collects_or_pays_for_others(two, trader, keeper, side):
    """A profit there is a claim on its own pot: the loss in another market is that market's."""
    two.cross(trader, 320 * WAD, side * 20 * WAD, 10 * WAD)
    two.end((100 + 10 * side) * WAD)
    pot = two.exchange.state().pot
    other = two.exchange.system.markets["other"]
    two.exchange.system.push_price(other, 40 * WAD)
    account = two.exchange.house.call("account_state", trader)
    assert account.full_equity < 0
    lacking = -two.worth(trader, 40 * WAD, OTHER) - two.exchange.free(trader)
    engine = two.exchange.engine
    receipt = engine.transact("liquidate_by_takeover", OTHER, trader, MAX_UINT256, 500 * WAD, sender=keeper).check()
    assert receipt.event("Takeover").deficit == lacking
    assert (two.exchange.free(trader), two.exchange.state().pot) == (0, pot)
    worth = two.worth(trader, (100 + 10 * side) * WAD)
    two.settle(trader)
    assert two.owed(trader) == worth > 0


@SIDES
def test_a_removed_range_is_a_leg(two, provider, trader, outsider, side):
    """What is removed of a provider with cross mode is a cross leg, settled like any."""
    exchange = two.exchange
    exchange.house.transact("set_margin_mode", MAIN, True, sender=outsider).check()
    exchange.system.fund(outsider, 20_000 * WAD)
    exchange.provide(outsider, 20_000 * WAD, 45_050, 47_050)
    exchange.trade(trader, side * 50 * WAD, 2_000 * WAD)
    held = exchange.venue.call("range_of", outsider, 45_050, 47_050)
    price = (100 + 20 * side) * WAD
    two.end(price)
    exchange.venue.transact("remove_liquidity", 45_050, 47_050, outsider, sender=trader).check()
    leg = exchange.pos(outsider)
    assert leg == Pos(held.size, held.balance, held.entry_notional)
    assert exchange.record(outsider).cross
    two.settle(outsider)
    assert two.owed(outsider) == spec.equity(leg, price)


def test_all_are_paid_whatever_mode_they_had(two, trader, counterparty, provider):
    """A cross loser's cash and an isolated loser's margin make the winner's claim whole."""
    two.cross(trader, 1_000 * WAD, 20 * WAD)
    two.exchange.trade(counterparty, -20 * WAD, 400 * WAD)
    two.end(85 * WAD)
    won, lost = two.worth(counterparty, 85 * WAD), two.worth(trader, 85 * WAD)
    free = {who: two.exchange.free(who) for who in (trader, counterparty)}
    assert lost < 0 < won
    two.exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=trader).check()
    for who in (counterparty, provider, trader):
        if two.exchange.pos(who) != Pos():
            two.settle(who)
    state = two.exchange.state()
    assert state.owed_total <= state.pot
    two.exchange.house.transact("claim", MAIN, counterparty, sender=trader).check()
    assert two.exchange.free(counterparty) == free[counterparty] + won
    assert two.exchange.free(trader) == free[trader] + lost


# ---- losses, and profits elsewhere


@pytest.fixture
def three(opened) -> Two:
    """With a market more."""
    fields = {"cross_margin": True, "max_deviation_bps": 10_000}
    exchange = opened(**fields)
    for name in ("other", "third"):
        exchange.list_market(name, **fields)
        exchange.system.fund(exchange.people["provider"], LIQUIDITY)
        exchange.provide(exchange.people["provider"], LIQUIDITY, market=name)
    return Two(exchange)


def losing(two: Two, who: str, *others: str) -> int:
    """Twenty long in the market that ends at 50, ten short in each of the others, which fall as far: what the leg lacks
    beyond free collateral."""
    two.cross(who, 430 * WAD, 20 * WAD, -10 * WAD)
    if "third" in others:
        two.exchange.house.transact("set_margin_mode", THIRD, True, sender=who).check()
        two.exchange.trade(who, -10 * WAD, market=THIRD)
    for name in others:
        two.push(LOW, name)
    two.exchange.house.transact("donate_insurance", MAIN, 1_000 * WAD, sender=two.exchange.people["keeper"]).check()
    two.end(LOW)
    return -two.worth(who, LOW) - two.exchange.free(who)


def gains(two: Two, who: str) -> list[int]:
    return [two.worth(who, LOW, market) for market in (OTHER, THIRD)]


def pots(two: Two) -> list[int]:
    return [two.exchange.house.call("pot", market) for market in (MAIN, OTHER, THIRD)]


def test_profits_pay_in_order_of_market_and_no_more_than_is_missing(three, trader):
    lacking = losing(three, trader, "other", "third")
    before, gained, had = three.exchange.free(trader), gains(three, trader), pots(three)
    equity = three.account(trader).equity
    assert gained[0] < lacking < sum(gained)
    receipt = three.settle(trader)
    assert receipt.events("DeficitAbsorbed") == []
    assert (receipt.event("AccountSettled").claim, three.exchange.free(trader)) == (0, 0)
    assert gains(three, trader) == [0, sum(gained) - lacking]
    assert pots(three) == [had[0] + before + lacking, had[1] - gained[0], had[2] - (lacking - gained[0])]
    assert three.account(trader).equity == equity
    assert three.legs(trader) == 1 << OTHER | 1 << THIRD


def test_what_they_lack_is_the_funds(two, trader):
    """The account has nothing then but the leg that paid; nobody else pays anything."""
    lacking = losing(two, trader, "other")
    gained, pot = two.worth(trader, LOW, OTHER), two.exchange.state(OTHER).pot
    assert 0 < gained < lacking
    event = two.settle(trader).event("DeficitAbsorbed")
    assert event.deficit == event.from_insurance == lacking - gained
    assert two.exchange.state(OTHER).pot == pot - gained
    assert two.worth(trader, LOW, OTHER) == 0
    assert (two.exchange.free(trader), two.legs(trader)) == (0, 1 << OTHER)


@pytest.mark.parametrize("why", ["stale", "settling"])
def test_some_profits_cannot_pay(why, three, trader):
    """At a stale price, or of a market that settles: the next market pays instead, then the fund."""
    lacking = losing(three, trader, "other", "third")
    exchange, gained, had = three.exchange, gains(three, trader), pots(three)
    if why == "stale":
        exchange.chain.mine(3_700)
        three.push(LOW, "third")
    else:
        exchange.config.transact("settle_market", OTHER, LOW, sender=exchange.system.owner).check()
    held = exchange.record(trader, OTHER)
    event = three.settle(trader).event("DeficitAbsorbed")
    assert event.deficit == event.from_insurance == lacking - gained[1] > 0
    assert exchange.record(trader, OTHER) == held
    assert pots(three)[1] == had[1]
    assert three.worth(trader, LOW, THIRD) == 0


# ---- positions out of nowhere, in three markets at 75


def handed(house: BareHouse, who: str, market: int, balance: int, size: int) -> None:
    """By the venue, entered at 100; whoever removes it is somebody else."""
    removed = (0, balance * WAD, size * WAD, abs(size) * PRICE, PRICE)
    house.send(house.venue, "venue_absorb", market, who, house.chain.account("keeper"), removed).check()


def three_legs(trader: str, free: int = 0) -> BareHouse:
    """The trader has that free; long 2 in the first, with 10, short 2 in the others, with 10 each."""
    house = bare_house(cross_margin=True)
    for _ in range(2):
        house.list_market(house.venue, cross_margin=True)
    for market in range(3):
        house.send(trader, "set_margin_mode", market, True).check()
    house.send(trader, "withdraw", house.house.call("free_collateral", trader) - free).check()
    for market, size in ((MAIN, 2), (OTHER, -2), (THIRD, -2)):
        handed(house, trader, market, 10, size)
    house.oracle.transact("set_price", 75 * WAD, sender=house.chain.account("deployer")).check()
    return house


@pytest.fixture
def bare(trader) -> BareHouse:
    return three_legs(trader)


@pytest.mark.parametrize("pots", [(100, 100), (15, 100), (0, 100), (15, 5)])
@pytest.mark.parametrize("owing", [False, True])
def test_pots_pay_what_they_have_and_nothing_while_they_owe(bare, trader, outsider, pots, owing):
    """Forty are missing; each of the others has sixty."""
    for market, pot in zip((OTHER, THIRD), pots, strict=True):
        handed(bare, outsider, market, 1_000, 1)
        if owing and market == OTHER:
            bare.send(outsider, "adjust_margin", market, -7 * WAD).check()
            assert bare.house.call("owed", market, outsider) == 7 * WAD
        if pot:
            bare.send(outsider, "adjust_margin", market, pot * WAD).check()
    bare.send(bare.config, "settle_market", MAIN, 75 * WAD).check()
    receipt = bare.send(outsider, "settle_account", MAIN, trader).check()
    first = 0 if owing else min(pots[0], 40)
    second = min(pots[1], 40 - first)
    left = 40 - first - second
    assert sum(event.deficit for event in receipt.events("DeficitAbsorbed")) == left * WAD
    assert [bare.house.call("pot", market) for market in range(3)] == [
        (first + second) * WAD,
        (pots[0] - first) * WAD,
        (pots[1] - second) * WAD,
    ]
    balances = [bare.house.call("position", market, trader).balance for market in (OTHER, THIRD)]
    assert balances == [(10 - first) * WAD, (10 - second) * WAD]
    assert bare.house.call("market_state", MAIN).unallocated_loss == left * WAD


@pytest.mark.parametrize("size", [2, 1])
def test_a_range_that_ends_the_leg_leaves_a_claim_that_counts(bare, trader, outsider, size):
    """What it leaves of a leg is a leg; where it closes it to the wei, the claim backs the account as that of a settled
    one does."""
    bare.send(bare.config, "settle_market", OTHER, 75 * WAD).check()
    before = bare.house.call("account_state", trader)
    handed(bare, trader, OTHER, 60, size)
    after = bare.house.call("account_state", trader)
    # short from 100 and long from 100: what the range brings is its balance, less what it lost
    assert after.equity == before.equity + (60 - 25 * size) * WAD
    assert bare.house.call("cross_markets", trader)[1] == 0b111
    owed = bare.house.call("owed", OTHER, trader)
    assert owed == (0 if size == 1 else 70 * WAD)
    if size == 2:
        assert after.opening == before.opening - 10 * WAD
        assert bare.house.call("position", OTHER, trader).size == 0


@pytest.mark.parametrize("mode", ["cross", "isolated"])
def test_what_a_range_alone_leaves_backs_a_cross_account(bare, outsider, mode):
    """Without inventory, and without a position before: a claim at once."""
    if mode == "cross":
        bare.send(outsider, "set_margin_mode", MAIN, True).check()
    free = bare.house.call("free_collateral", outsider)
    bare.send(bare.config, "settle_market", MAIN, 75 * WAD).check()
    handed(bare, outsider, MAIN, 30, 0)
    counts = mode == "cross"
    assert bare.house.call("owed", MAIN, outsider) == 30 * WAD
    assert bare.house.call("cross_markets", outsider)[1] == int(counts)
    assert bare.house.call("account_state", outsider).equity == free + counts * 30 * WAD


@pytest.mark.parametrize("price", [75, 95, 125], ids=["winning", "less", "losing"])
def test_what_a_market_owed_before_counts_with_the_leg(trader, outsider, price):
    """What its pot could not pay when a leg ended backs the account as soon as the market settles, with another leg
    there and after that, whether it wins or loses; nobody sees a difference when it is settled."""
    bare = three_legs(trader, 100 * WAD)
    account, owed = partial(bare.house.call, "account_state", trader), partial(bare.house.call, "owed", OTHER, trader)
    handed(bare, trader, OTHER, 50, 2)
    # all that the leg was worth; the range was worth nothing
    claim = 60 * WAD
    assert (owed(), bare.house.call("cross_markets", trader)[1]) == (claim, 0b101)
    handed(bare, trader, OTHER, 10, -2)
    before = account()
    bare.send(bare.config, "settle_market", OTHER, price * WAD).check()
    leg = (10 + 2 * (100 - price)) * WAD
    settling = account()
    assert settling.equity == before.equity - 60 * WAD + leg + claim
    assert settling.opening == before.opening + min(leg - 10 * WAD, 0)
    assert settling.lacking == before.lacking + max(0, -leg - claim)
    bare.send(outsider, "settle_account", OTHER, trader).check()
    assert (account().equity, owed()) == (settling.equity, claim + max(0, leg))
    assert bare.house.call("cross_markets", trader)[1] == 0b111


def test_nothing_left_is_no_leg(bare, trader, outsider):
    """A leg worth exactly nothing at the final price is gone."""
    bare.send(bare.config, "settle_market", MAIN, 95 * WAD).check()
    event = bare.send(outsider, "settle_account", MAIN, trader).check().event("AccountSettled")
    assert event.claim == 0
    assert bare.house.call("cross_markets", trader)[1] == 0b110


# ---- ranges that close a leg with a loss


CLOSING = (0, -50 * WAD, -2 * WAD, 2 * PRICE, PRICE)


@pytest.mark.parametrize("settling", [True, False], ids=["settling", "alive"])
@pytest.mark.parametrize("own", [False, True], ids=["by others", "by itself"])
def test_a_losing_leg_that_others_back_goes_before_the_range_that_closes_it(bare, trader, keeper, settling, own):
    """The range is worth nothing, the leg forty less: no fund pays that while the account has other legs. Settled
    first, those pay as far as they can."""
    handed(bare, keeper, OTHER, 1_000, 1)
    bare.send(keeper, "adjust_margin", OTHER, 15 * WAD).check()
    bare.send(keeper, "donate_insurance", MAIN, 100 * WAD).check()
    if settling:
        bare.send(bare.config, "settle_market", MAIN, 75 * WAD).check()
    remover = trader if own else keeper
    closing = ("venue_absorb", MAIN, trader, remover, CLOSING)
    assert bare.send(bare.venue, *closing).reason == "close leaves a deficit"
    if settling:
        bare.send(keeper, "settle_account", MAIN, trader).check()
        assert bare.house.call("insurance_fund", MAIN) == (100 - 25) * WAD
        bare.send(bare.venue, *closing).check()
        assert bare.house.call("cross_markets", trader)[1] == 0b111


@pytest.mark.parametrize("settling", [True, False], ids=["settling", "alive"])
@pytest.mark.parametrize("own", [False, True], ids=["by others", "by itself"])
@pytest.mark.parametrize("free", [40, 39])
def test_free_collateral_pays_for_an_only_leg_and_then_the_fund(trader, keeper, settling, own, free):
    """But not where the provider removes the range."""
    bare = three_legs(trader, free * WAD)
    for market in (OTHER, THIRD):
        handed(bare, trader, market, 50, 2)
    bare.send(keeper, "donate_insurance", MAIN, 100 * WAD).check()
    if settling:
        bare.send(bare.config, "settle_market", MAIN, 75 * WAD).check()
    left = 40 - free
    receipt = bare.send(bare.venue, "venue_absorb", MAIN, trader, trader if own else keeper, CLOSING)
    if own and left:
        assert receipt.reason == "close leaves a deficit"
        return
    receipt.check()
    assert (bare.house.call("free_collateral", trader), bare.house.call("pot", MAIN)) == (0, (100 + free) * WAD)
    assert bare.house.call("insurance_fund", MAIN) == (100 - left) * WAD
    assert bare.house.call("cross_markets", trader)[1] == 0


# ---- claims that back others


def holding(two: Two, who: str, free: int, other: int) -> int:
    """A claim, and a leg in the other market; the claim."""
    two.cross(who, free, 20 * WAD, other)
    two.end(120 * WAD)
    two.settle(who)
    return two.owed(who)


def test_a_claim_backs_no_new_risk(two, trader):
    """It counts in the equity, not in what opens, and it pays for nothing that is withdrawn."""
    claim = holding(two, trader, 500 * WAD, 10 * WAD)
    account, free = two.account(trader), two.exchange.free(trader)
    leg = two.worth(trader, 100 * WAD, OTHER)
    assert account.equity == account.full_equity == free + claim + leg
    assert account.opening == free + leg
    size = 45 * WAD
    assert free < (size + 10 * WAD) * 100 // 10 < free + claim
    order = ("trade", OTHER, size, 0, 0, 0)
    two.exchange.refuses("below initial margin", two.exchange.house, *order, sender=trader)
    amount = free - 99 * WAD
    two.exchange.refuses("below account margin", two.exchange.house, "withdraw", amount, sender=trader)


def test_a_claim_shields_from_liquidation_and_not_from_failing(two, trader, keeper):
    """The stage goes by free collateral, leg and claim together. Who is solvent only by the claim waits for it; what
    the leg of a bankrupt account lacks its market bears, and the claim stays."""
    claim = holding(two, trader, 500 * WAD, 20 * WAD)
    engine, take = two.exchange.engine, ("liquidate_by_takeover", OTHER, trader, MAX_UINT256, 1_000 * WAD)
    free, cost = two.exchange.free(trader), two.worth(trader, 100 * WAD, OTHER)
    # twenty of size: MM is the notional over 20
    price = 100 * WAD - (free + claim + cost) // 19 + 6 * WAD
    assert price < 100 * WAD - free // 20
    two.push(price)
    account = two.account(trader)
    assert account.equity >= account.maintenance_margin
    two.exchange.refuses("not liquidatable", engine, *take, sender=keeper)
    two.push(price - 3 * WAD)
    account = two.account(trader)
    assert 0 <= account.equity < account.maintenance_margin
    two.exchange.refuses("pot is short", engine, *take, sender=keeper)
    with two.exchange.undone():
        two.clear(trader)
        two.claim(trader)
        event = engine.transact(*take, sender=keeper).check().event("Takeover")
        assert event.deficit == 0
        assert two.account(trader).equity == 0
    two.push(price - 20 * WAD)
    assert two.account(trader).equity < 0
    lacking = -two.worth(trader, price - 20 * WAD, OTHER) - free
    event = engine.transact(*take, sender=keeper).check().event("Takeover")
    assert event.deficit == lacking > claim
    assert (two.owed(trader), two.exchange.free(trader)) == (claim, 0)
    assert two.account(trader).equity == claim


def test_the_mode_stays_while_it_waits(two, trader, keeper):
    """Nobody gives up that its claim counts, or has one counted that it made as an isolated account."""
    holding(two, trader, 500 * WAD, 10 * WAD)
    mode = ("set_margin_mode", MAIN)
    two.exchange.refuses("market is settling", two.exchange.house, *mode, False, sender=trader)
    two.exchange.refuses("market is settling", two.exchange.house, *mode, True, sender=keeper)
