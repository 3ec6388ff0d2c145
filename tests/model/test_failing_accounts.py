"""Model and contracts side by side where storms hardly get: what the backstop admits, whom deleveraging cannot close,
and what it leaves."""

from decimal import Decimal
from typing import Any

import pytest
from side_by_side import Walk

from nacre.deploy import BackstopTerms
from nacre.fuzz.system.choices import tick_of
from nacre.fuzz.system.settings import KEEPER, VAULT, Settings
from nacre.model import engine
from nacre.model.market import Market
from nacre.model.positions import Position, initial_margin, maintenance_margin
from nacre.presets import MarketConfig, preset
from nacre.units import BPS, WAD

PRICE = 100
TWO_THIRDS = 6667
MONEY = 100_000
PLAIN: dict[str, Any] = {
    "price": Decimal(PRICE),
    "imr_bps": 1000,
    "mmr_bps": 500,
    "tiers": [],
    "trading_fee_bps": 0,
    "penalty": [0, 0, 0, 0],
    "backstop_bps": TWO_THIRDS,
    "max_open_interest": Decimal(0),
    "oracle_max_age": 100_000,
    "max_deviation_bps": 9000,
    "push_jump_bps": 0,
    "funding_cap_bps": 0,
}


def plain(**fields: Any) -> MarketConfig:
    return preset("defx").changed(**(PLAIN | fields))


class Desk(Walk):
    """Everybody has money, the vault as much; each market a wide range."""

    def __init__(self, *markets: MarketConfig) -> None:
        terms = BackstopTerms(0, 0, 1000)
        super().__init__(Settings(0, 18, ("defx",) * len(markets), markets, terms))
        for name in ("ann", "bea", "cal", "lou", KEEPER):
            self.ok("deposit", who=name, tokens=MONEY * WAD * (1000 if name == "lou" else 1))
        self.ok("vault", who="dan", what="deposit", args=[MONEY * WAD, "dan"])
        for number in range(len(markets)):
            self.provide(number)

    def ok(self, what: str, market: int = 0, /, **more: Any) -> None:
        assert self.do(what, market, **more) is None

    def trade(self, who: str, size: int, margin: int, market: int = 0) -> None:
        self.ok("trade", market, who=who, size=size * WAD, margin=margin * WAD)

    def price(self, to: float, market: int = 0) -> None:
        self.ok("price", market, to=int(to * 10**6) * 10**12)

    def provide(self, number: int = 0) -> None:
        around = tick_of(self.world.price[number])
        place = {"lower": around - 12_000, "upper": around + 12_000, "margin": 100 * MONEY * WAD}
        self.ok("add_range", number, who="lou", **place)

    def lead_venue(self, to: float) -> None:
        """Index and venue go there at once: the provider leaves and comes back."""
        ((_, lower, upper),) = self.world.ranges[0]
        self.ok("remove_range", who="lou", target="lou", lower=lower, upper=upper)
        self.price(to)
        self.provide()

    def market(self, number: int = 0) -> Market:
        return self.twin.house.markets[number]

    def held(self, who: str, market: int = 0) -> Position:
        return self.market(market).position_of(who)

    def settled(self, who: str) -> Position:
        """With what has accrued so far."""
        market = self.market().copy()
        market.accrue(self.twin.house.now)
        held = market.position_of(who)
        return held.settled(market.index_of(held.size))

    def backstop(self, target: str) -> str | None:
        return self.do("backstop", who=KEEPER, target=target)

    def deleverage(self, target: str, *listed: str) -> str | None:
        return self.do("adl", who=KEEPER, target=target, list=list(listed))


@pytest.fixture
def desk() -> Desk:
    """`ann` is long 50 with little margin, `bea` short 50 with plenty."""
    found = Desk(plain())
    found.trade("bea", -50, 5_000)
    found.trade("ann", 50, 700)
    return found


# ---- the backstop


def backstop_edge(desk: Desk, who: str) -> int:
    """The lowest price, WAD, at which a long is not yet the backstop's."""
    low, high = 50 * WAD, 200 * WAD
    held, market = desk.held(who), desk.market()
    while low < high:
        middle = (low + high) // 2
        needed = maintenance_margin(held.size, middle, market.parameters)
        safe = (held.balance + held.price_pnl(middle)) * BPS >= needed * TWO_THIRDS
        low, high = (low, middle) if safe else (middle + 1, high)
    return low


def test_two_thirds_of_maintenance_margin_are_enough(desk: Desk) -> None:
    edge = backstop_edge(desk, "ann")
    desk.ok("price", to=edge)
    assert desk.backstop("ann") == "not liquidatable"
    desk.ok("price", to=edge - 1)
    assert desk.backstop("ann") is None
    assert desk.held("ann").size == 0
    assert desk.held(VAULT).size == 50 * WAD


def test_the_loss_cap_is_exact(desk: Desk) -> None:
    desk.ok("price", to=backstop_edge(desk, "ann") - 1)
    market, held = desk.market(), desk.held("ann")
    price = market.oracle.price
    needed = initial_margin(held.size, price, market.parameters) - held.balance - held.price_pnl(price)
    desk.ok("vault_terms", what="cap", args=[0, needed - 1])
    assert desk.backstop("ann") == "below initial margin"
    desk.ok("vault_terms", what="cap", args=[0, needed])
    assert desk.backstop("ann") is None
    assert desk.twin.vault.committed(0) == needed
    assert desk.twin.vault.admit(0) == 0


def test_the_vault_may_end_with_nothing(desk: Desk) -> None:
    """What it takes over stands against what it has: it needs no margin, and what was in comes back."""
    desk.trade("cal", -50, 900)
    desk.price(backstop_edge(desk, "ann") / WAD - 0.01)
    assert desk.backstop("ann") is None
    committed = desk.twin.vault.committed(0)
    assert committed > 0
    short = desk.held("cal")
    # where nearly all of its margin is lost, but not all
    desk.price((short.entry_notional + short.balance) / short.amount - 1)
    assert desk.backstop("cal") is None
    assert desk.held(VAULT).size == 0
    assert desk.twin.vault.active == []
    assert desk.twin.vault.committed(0) == 0


# ---- deleveraging


def test_a_short_that_lacks_more_than_all_its_worth_closes_nobody() -> None:
    """No price leaves it without a loss. The others share that, and deleveraging ends all the same."""
    desk = Desk(plain(borrow_rate_bps=50_000))
    desk.trade("bea", 50, 5_000)
    desk.trade("ann", -50, 700)
    desk.ok("wait", after=120 * 86_400)
    settled = desk.settled("ann")
    assert settled.entry_notional + settled.balance < 0
    assert desk.deleverage("ann", "bea") is None
    assert desk.twin.outcome.matches == ()
    assert desk.twin.outcome.absorbed.index_step > 0
    assert desk.held("ann").size == -50 * WAD
    assert engine.health(desk.twin.house, 0, "ann").equity == 0


def test_where_the_venue_alone_stands_opposite_its_ranges_pay() -> None:
    desk = Desk(plain())
    desk.trade("ann", 50, 700)
    desk.price(80)
    before = desk.market().lp_margin
    assert desk.deleverage("ann") is None
    outcome = desk.twin.outcome
    assert (outcome.size, outcome.matches) == (0, ())
    assert before - desk.market().lp_margin == outcome.absorbed.from_providers > 0


def test_what_was_closed_whole_is_a_claim_until_it_is_settled(desk: Desk) -> None:
    desk.price(80)
    assert desk.deleverage("ann", "bea") is None
    due = desk.held("bea")
    assert (due.size, due.entry_notional) == (0, 0)
    match = desk.twin.outcome.matches[0]
    assert match.position.balance == due.balance > 0
    free = desk.twin.house.free_of("bea")
    desk.ok("settle", who=KEEPER, target="bea")
    assert desk.twin.house.free_of("bea") == free + due.balance
    assert desk.do("settle", who=KEEPER, target="bea") == "no position"


def test_the_next_trade_takes_the_claim_in(desk: Desk) -> None:
    desk.price(80)
    assert desk.deleverage("ann", "bea") is None
    due = desk.held("bea").balance
    desk.price(100)
    desk.trade("bea", 10, 0)
    assert desk.held("bea").balance == due


def test_claims_of_a_settled_market_wait_for_it(desk: Desk) -> None:
    """All that is open is settled first, and a record without size is open."""
    desk.trade("cal", 10, 900)
    desk.price(80)
    assert desk.deleverage("ann", "bea") is None
    desk.ok("settle_market", price=0)
    desk.ok("settle_account", who=KEEPER, target="cal")
    ((_, lower, upper),) = desk.world.ranges[0]
    desk.ok("remove_range", who=KEEPER, target="lou", lower=lower, upper=upper)
    if desk.held("lou").size:
        desk.ok("settle_account", who=KEEPER, target="lou")
    assert not desk.market().totals.open_interest
    assert desk.do("claim", who=KEEPER, target="lou") == "market is settling"
    desk.ok("settle_account", who=KEEPER, target="bea")
    desk.ok("claim", who=KEEPER, target="lou")


def test_an_account_that_would_be_bankrupt_is_passed_over() -> None:
    """It has a profit here, but less than it lacks elsewhere; its rank counts all the same."""
    desk = Desk(plain(), plain())
    for number in (0, 1):
        desk.ok("mode", number, who="bea", cross=True)
    desk.trade("ann", 50, 700)
    desk.ok("trade", who="bea", size=-50 * WAD, margin=0)
    desk.ok("trade", 1, who="bea", size=800 * WAD, margin=0)
    desk.ok("withdraw", who="bea", tokens=90_000 * WAD)
    desk.price(60)
    desk.price(80, 1)
    assert desk.deleverage("ann", "bea") is None
    assert desk.twin.outcome.matches == ()
    assert desk.held("bea").size == -50 * WAD
    desk.price(100, 1)
    desk.price(55)
    assert desk.deleverage("ann", "bea") is None
    assert desk.held("bea").size == desk.held("ann").size == 0


def test_free_collateral_pays_what_a_closed_leg_lacks() -> None:
    """The price it is closed at gives it a profit, but less than it owes for the time."""
    desk = Desk(plain(borrow_rate_bps=50_000))
    desk.ok("mode", who="bea", cross=True)
    desk.lead_venue(120)
    desk.ok("trade", who="bea", size=-50 * WAD, margin=0)
    desk.lead_venue(100)
    desk.trade("ann", 50, 700)
    free = desk.twin.house.free_of("bea")
    desk.ok("wait", after=15 * 86_400)
    desk.ok("accrue", who=KEEPER)
    leg = desk.settled("bea")
    assert desk.do("adl", who=KEEPER, target="ann", list=["bea"], after=0) is None
    match = desk.twin.outcome.matches[0]
    assert (match.size, match.position.balance) == (-50 * WAD, 0)
    profit = leg.entry_notional - match.notional
    assert free - desk.twin.house.free_of("bea") == -leg.balance - profit > 0 < profit
    assert "bea" not in desk.market().positions


def test_the_vaults_claim_counts_for_who_comes() -> None:
    """Its position was closed whole: who deposits before that is settled does not share in it for nothing."""
    desk = Desk(plain())
    desk.trade("bea", -50, 5_000)
    desk.trade("cal", 50, 700)
    desk.trade("ann", -50, 700)
    desk.trade("bea", 50, 0)
    desk.price(110.5)
    assert desk.backstop("ann") is None
    desk.price(75)
    assert desk.deleverage("cal", VAULT) is None
    due, vault = desk.held(VAULT), desk.world.vault
    assert due.size == 0
    assert due.balance == desk.twin.outcome.matches[0].position.balance > 0
    tokens, shares = 10_000 * WAD, vault.call("balanceOf", desk.world.address["deb"])
    desk.ok("vault", who="deb", what="deposit", args=[tokens, "deb"])
    bought = vault.call("balanceOf", desk.world.address["deb"]) - shares
    desk.ok("vault", who=KEEPER, what="settle", args=[0])
    assert desk.held(VAULT) == Position()
    assert vault.call("previewRedeem", bought) <= tokens, "a round trip pays"


def test_who_brings_no_margin_need_not_have_any() -> None:
    """A takeover without margin spends no free collateral: a leg elsewhere at a stale price does not matter."""
    desk = Desk(plain(), plain())
    desk.ok("mode", 1, who="cal", cross=True)
    desk.ok("trade", 1, who="cal", size=10 * WAD, margin=0)
    desk.trade("bea", -50, 5_000)
    desk.trade("ann", 50, 700)
    desk.trade("cal", -50, 5_000)
    desk.price(89)
    desk.ok("price_at", 1, to=PRICE * WAD, shift=-200_000)
    takeover = {"who": "cal", "target": "ann", "size": 10 * WAD}
    assert desk.do("takeover", margin=WAD, **takeover) == "stale price"
    assert desk.do("takeover", margin=0, **takeover) is None
