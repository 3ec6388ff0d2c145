"""Legs of cross accounts in a market that settles: their losses come from free collateral, their profits become claims,
and the account's other markets go on."""

from dataclasses import dataclass

import pytest
from support import spec
from support.exchange import LIQUIDITY, WIDE, Exchange
from support.spec import Pos

from nacre.units import WAD

MAIN, OTHER = 0, 1
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
    two.settle(trader)
    assert (two.owed(trader), two.exchange.free(trader), two.legs(trader)) == (worth, free, 0)
    assert worth > 0


@SIDES
def test_the_other_market_goes_on(two, trader, side):
    """The leg counts at the final price, whatever its oracle says now; the account trades and withdraws."""
    two.cross(trader, 1_000 * WAD, side * 20 * WAD, 5 * WAD)
    price = (100 + 2 * side) * WAD
    two.end(price)
    two.exchange.push(10**12)
    house = two.exchange.house
    for worth in (two.worth(trader, price), 0):
        account = house.call("account_state", trader)
        free = two.exchange.free(trader)
        assert account.full_equity == free + worth + two.worth(trader, 100 * WAD, OTHER)
        assert (account.stale, account.jumped) == (False, False)
        two.exchange.trade(trader, WAD, market=OTHER)
        house.transact("withdraw", WAD, sender=trader).check()
        if worth:
            two.settle(trader)
    assert two.legs(trader) == 1 << OTHER


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
    receipt = engine.transact("liquidate_by_takeover", OTHER, trader, 2**256 - 1, 500 * WAD, sender=keeper).check()
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
