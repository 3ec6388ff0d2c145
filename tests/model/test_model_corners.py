"""Model and contracts side by side where random walks hardly get: edges of ticks, of records, of policies.

Every step is compared to the wei; `expect` says besides what both must answer.
"""

from dataclasses import replace
from typing import Any

import pytest

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.settings import ACCOUNTS, KEEPER, PROVIDER, Settings
from nacre.fuzz.walk import Walk, begin
from nacre.model import engine, liquidity
from nacre.model import ticks as tick_math
from nacre.model.market import Market
from nacre.model.parameters import OYSTER, MarketParameters, Policy
from nacre.model.ranges import liquidity_for_margin
from nacre.units import MAX_UINT256, WAD

MONEY = 10**29


class Desk:
    """One market on both sides, with a deep range of `depth` over `width` ticks each way unless that is 0."""

    def __init__(
        self, policy: Policy = OYSTER, price: int = 100 * WAD, depth: int = 10**6, width: int = 12_000, **fields: Any
    ) -> None:
        parameters = replace(MarketParameters(oracle_max_age=10**6), **fields)
        settings = Settings(0, "oyster", 18, 1000 * WAD, price, (parameters,), (policy,))
        self.walk: Walk = begin(settings, ChainSide(settings))
        self.walk.thorough = True
        for name in (*ACCOUNTS, KEEPER, PROVIDER):
            self.do("deposit", who=name, amount=MONEY, after=0)
        if depth:
            assert self.add(PROVIDER, width, depth * WAD) is None

    @property
    def market(self) -> Market:
        return self.walk.world.market(0)

    def do(self, what: str, **action: Any) -> str | None:
        return self.walk.step({"do": what, "market": 0, "after": 1} | action)

    def trade(self, who: str, size: int, margin: int, **more: Any) -> str | None:
        return self.do("trade", **({"who": who, "size": size, "margin": margin, "limit": 0, "deadline": 0} | more))

    def span(self, width: int) -> tuple[int, int]:
        tick = self.market.venue.tick
        return tick_math.align_down(tick - width), tick_math.align_up(tick + width)

    def add(self, who: str, width: int, margin: int) -> str | None:
        lower, upper = self.span(width)
        return self.do("add_liquidity", who=who, lower=lower, upper=upper, margin=margin)

    def remove(self, who: str, lower: int, upper: int, sender: str, **more: Any) -> str | None:
        return self.do("remove_liquidity", who=who, lower=lower, upper=upper, sender=sender, **more)

    def price(self, to: int) -> None:
        assert self.do("price", to=to) is None


# ---- ticks


def test_the_root_of_every_edge_is_the_nearest() -> None:
    chain = EmbeddedChain(exact_gas=False)
    contract = chain.deploy(load("MockVenueMath"), sender=chain.account("owner"))
    for first in range(tick_math.LOWEST_TICK, tick_math.HIGHEST_TICK + 1, 256):
        roots = contract.call("sqrt_prices_from", first)
        edge = tick_math.align_up(first)
        while edge < min(first + 256, tick_math.HIGHEST_TICK + 1):
            assert roots[edge - first] == tick_math.sqrt_price_at(edge)
            edge += tick_math.SPACING


@pytest.mark.parametrize("upward", [True, False])
def test_trades_that_end_on_an_edge_or_next_to_it(upward: bool) -> None:
    desk = Desk(depth=0, max_deviation_bps=10_000)
    for width in (100, 900, 4000):
        assert desk.add("ann", width, 10**6 * WAD) is None
    for beyond in (-1, 0, 1, 10**12):
        venue = desk.market.venue
        edge = venue.next_tick(upward)
        assert edge is not None
        there = tick_math.sqrt_price_at(edge)
        low, high = min(there, venue.sqrt_price), max(there, venue.sqrt_price)
        size = tick_math.base_between(venue.liquidity, low, high, round_up=not upward) + beyond
        assert desk.trade("bea", size if upward else -size, 10**26) is None
        after = desk.market.venue
        stays = edge - 1 if upward else edge
        assert (after.tick == stays) == (beyond <= 0)
        assert desk.trade("bea", -size if upward else size, 0) is None


@pytest.mark.parametrize(("ranges", "reason"), [(64, "no liquidity"), (65, "too many ticks")])
@pytest.mark.parametrize("side", [1, -1])
def test_sixty_four_edges_can_be_crossed(ranges: int, reason: str, side: int) -> None:
    desk = Desk(depth=0, max_deviation_bps=10_000)
    tick = tick_math.align_down(desk.market.venue.tick)
    for number in range(1, ranges + 1):
        place = {"lower": tick - 50 * number, "upper": tick + 50 * (number + 1)}
        assert desk.walk.step({"do": "add_liquidity", "market": 0, "who": "ann", "margin": 100 * WAD} | place) is None
    assert desk.trade("bea", side * 10**24, 10**26) == reason


@pytest.mark.parametrize("side", [1, -1])
def test_a_venue_that_drifts_exactly_to_an_edge_crosses_it(side: int) -> None:
    """Tick 0 is the price 1. Above (below) it lies a range; the venue stands on the other side without liquidity."""
    desk = Desk(price=WAD, depth=0, max_deviation_bps=10_000)
    desk.price(WAD + side * WAD // 50)
    desk.do("sync", who=KEEPER)
    far = {"lower": 0, "upper": 500} if side > 0 else {"lower": -500, "upper": 0}
    assert desk.do("add_liquidity", who="ann", margin=10**24, **far) is None
    assert desk.do("add_liquidity", who="bea", margin=10**21, lower=-600, upper=600) is None
    amount = 10**23
    while desk.market.venue.tick * side > -100:
        desk.price(max(desk.market.venue.mid() - side * WAD // 50, WAD // 2))
        if desk.trade("cal", -side * amount, amount) is not None:
            amount = amount * 2 // 3
    assert desk.remove("bea", -600, 600, "bea") is None
    assert desk.market.venue.liquidity == 0
    desk.price(WAD)
    assert desk.do("sync", who=KEEPER) is None
    venue = desk.market.venue
    assert (venue.sqrt_price, venue.tick) == (2**96, 0 if side > 0 else -1)
    assert venue.liquidity > 0


def test_the_liquidity_that_an_edge_may_have() -> None:
    desk = Desk(price=2 * 10**12, depth=0)
    lower, upper = desk.span(50)
    place = {"market": 0, "who": "ann", "lower": lower, "upper": upper}
    assert desk.do("deposit", who="ann", amount=10**30) is None
    low, high = 1, 10**30
    while high - low > 1:
        margin = (low + high) // 2
        bought = liquidity_for_margin(margin, desk.market.venue.sqrt_price, lower, upper, 1000)
        low, high = (margin, high) if bought <= liquidity.LARGEST_EDGE else (low, margin)
    assert desk.do("add_liquidity", margin=high, **place) == "too much liquidity"
    assert desk.do("add_liquidity", margin=low, **place) is None
    assert desk.do("add_liquidity", who="ann", lower=1, upper=2, margin=2**120 - 1) == "bad ticks"
    assert desk.do("add_liquidity", who="ann", lower=1, upper=2, margin=2**120) == "too much liquidity"


# ---- removing ranges


def test_an_operator_removes_as_the_provider_and_gets_no_tip() -> None:
    desk = Desk(tip=3 * WAD, push_jump_bps=100)
    lower, upper = desk.span(1000)
    assert desk.add("ann", 1000, 10**22) is None
    desk.do("set_operator", who="ann", operator="bea", approved=True)
    assert desk.remove("ann", lower, upper, KEEPER) == "range is healthy"
    desk.price(102 * WAD)
    assert desk.remove("ann", lower, upper, "bea", after=0) == "price just jumped"
    assert desk.remove("ann", lower, upper, "bea") is None
    assert desk.walk.world.house.free_of("bea") == MONEY


def test_a_removal_that_leaves_a_deficit_is_for_others_only() -> None:
    """Ann's range is long what her position is short; both lost."""
    desk = Desk(tip=3 * WAD, max_deviation_bps=10_000)
    lower, upper = desk.span(300)
    assert desk.add("ann", 300, 1000 * WAD) is None
    desk.price(60 * WAD)
    while desk.market.venue.mid() > 61 * WAD:
        assert desk.trade("cal", -400 * WAD, 20_000 * WAD) is None
    size = liquidity.range_position(desk.market, ("ann", lower, upper)).size
    assert desk.trade("ann", -size, size * 8) is None
    desk.price(80 * WAD)
    desk.do("set_operator", who="ann", operator="bea", approved=True)
    for sender in ("ann", "bea"):
        assert desk.remove("ann", lower, upper, sender) == "close leaves a deficit"
    assert desk.remove("ann", lower, upper, KEEPER) is None
    assert "ann" not in desk.market.positions
    assert desk.market.long_social_loss > 0 or desk.market.short_social_loss > 0


def test_both_sides_pay_for_a_range_without_size() -> None:
    """Bea's range has paid funding for hours and is back where it began, when all range margin is lost."""
    desk = Desk(
        depth=2000,
        width=2000,
        funding_cap_bps=10_000,
        funding_period_seconds=3600,
        max_deviation_bps=10_000,
        insurance_draw_bps=2000,
    )
    lower, upper = desk.span(2000)
    assert desk.trade("ann", 60 * WAD, 2500 * WAD) is None
    assert desk.trade("cal", 5 * WAD, 1600 * WAD) is None
    assert desk.trade("dot", -2 * WAD, 1600 * WAD) is None
    desk.price(desk.market.venue.mid())
    assert desk.do("add_liquidity", who="bea", lower=lower, upper=upper, margin=WAD) is None
    began = desk.market.venue.ranges["bea", lower, upper].entry_sqrt
    assert desk.trade("eve", -20 * WAD, 16_000 * WAD) is None
    desk.price(90 * WAD)
    for _ in range(4):
        desk.do("wait", seconds=7000)
        assert desk.do("accrue", who=KEEPER) is None
    venue = desk.market.venue
    back = tick_math.base_between(venue.liquidity, venue.sqrt_price, began, round_up=False)
    assert desk.trade("eve", back, 0) is None
    desk.do("donate_insurance", who=KEEPER, amount=10**12)
    desk.price(10 * WAD)
    assert desk.do("takeover", who=KEEPER, target="ann", size=MAX_UINT256, margin=5000 * WAD) is None
    assert desk.market.lp_epoch == 3
    failed = liquidity.range_position(desk.market, ("bea", lower, upper))
    assert failed.size == 0
    assert failed.balance < 0
    before = desk.market.long_social_loss, desk.market.short_social_loss
    assert desk.remove("bea", lower, upper, KEEPER) is None
    assert desk.market.long_social_loss > before[0]
    assert desk.market.short_social_loss > before[1]


# ---- liquidations


@pytest.mark.parametrize(
    ("own", "taken", "reason"),
    [(0, 20, None), (5, 20, None), (-5, 9, "price just jumped"), (-5, 10, None), (-30, 20, "price just jumped")],
)
def test_a_takeover_in_a_jump_may_not_make_the_takers_own_smaller(own: int, taken: int, reason: str | None) -> None:
    desk = Desk(push_jump_bps=100)
    assert desk.trade("ann", 20 * WAD, 250 * WAD) is None
    assert not own or desk.trade(KEEPER, own * WAD, 40_000 * WAD) is None
    desk.price(85 * WAD)
    part = {"who": KEEPER, "target": "ann", "size": taken * WAD, "margin": 5000 * WAD}
    assert desk.do("takeover", after=0, **part) == reason


def test_bounds_of_a_margin() -> None:
    desk = Desk()
    assert desk.trade("ann", 20 * WAD, 300 * WAD) is None
    for margin, reason in ((2**104 - 1, "insufficient collateral"), (2**104, "amount too large")):
        assert desk.trade(KEEPER, WAD, margin) == reason
        assert desk.do("adjust_margin", who="ann", delta=margin) == reason
    assert desk.do("adjust_margin", who="bea", delta=5, market=1) == "unknown market"
    desk.price(80 * WAD)
    part = {"who": KEEPER, "target": "ann", "size": WAD}
    assert desk.do("takeover", margin=2**104, **part) == "insufficient collateral"
    assert desk.do("takeover", margin=2**104 + 1, **part) == "amount too large"


def test_the_grace_period_ends_when_it_says() -> None:
    desk = Desk(replace(OYSTER, grace_seconds=100), oracle_max_age=1000)
    assert desk.trade("ann", 20 * WAD, 300 * WAD) is None
    desk.do("wait", seconds=1001, stale=True)
    desk.price(88 * WAD)
    part = {"who": KEEPER, "target": "ann", "size": WAD, "margin": 100 * WAD}
    assert desk.do("takeover", after=99, **part) == "grace period"
    assert desk.do("takeover", after=1, **part) is None


@pytest.mark.parametrize("delay", [0, 600])
@pytest.mark.parametrize("age", [0, 1, 599, 600, 1200, 1201])
def test_how_long_a_record_counts(delay: int, age: int) -> None:
    desk = Desk(replace(OYSTER, takeover=False, last_resort_seconds=delay))
    assert desk.trade("ann", 20 * WAD, 300 * WAD) is None
    desk.price(88 * WAD)
    desk.do("call_margin", who=KEEPER, accounts=["ann"])
    if age:
        desk.do("wait", seconds=age)
    counts = engine.counted_since(desk.walk.world.house, desk.market, "ann") is not None
    assert counts == (age <= 2 * delay)
    desk.walk.compare_all()
    part = {"who": KEEPER, "target": "ann", "size": WAD, "margin": 100 * WAD, "after": 0}
    assert desk.do("takeover", **part) == (None if delay and delay <= age <= 2 * delay else "takeover not allowed")


def test_a_margin_call_clears_who_is_only_near_liquidation() -> None:
    desk = Desk(replace(OYSTER, last_resort_seconds=600, margin_call_bps=15_000))
    assert desk.trade("ann", 20 * WAD, 300 * WAD) is None
    for price, recorded in ((88, True), (90, False), (88, True), (95, False)):
        desk.price(price * WAD)
        desk.do("call_margin", who=KEEPER, accounts=["ann", "bea"])
        assert ("ann" in desk.market.liquidatable_since) == recorded
        desk.walk.compare_all()
    desk.price(90 * WAD)
    assert engine.health(desk.walk.world.house, 0, "ann").stage == engine.Stage.MARGIN_CALL


@pytest.mark.parametrize("side", [1, -1])
def test_liquidation_prices_of_dust(side: int) -> None:
    desk = Desk(price=2 * 10**12, depth=1000, imr_bps=300, mmr_bps=150)
    for size in (1, 700_000):
        for margin in range(2, 6):
            assert desk.trade("ann", side * size, margin) is None
            desk.walk.compare_all()
            assert desk.trade("ann", -side * size, 5) is None
