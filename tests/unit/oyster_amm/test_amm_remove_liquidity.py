"""OysterAmm.remove_liquidity: what a range has become, who may remove it, and what is reported."""

from fractions import Fraction
from math import ceil, floor

import pytest
from venue_desk import MARKET, WIDE
from venue_reference import sqrt_at, sqrt_of

from nacre.units import Q96, RAY, WAD

CENTRE = 46_050
NARROW = (CENTRE - 500, CENTRE + 500)


@pytest.fixture
def narrow(desk, provider, second) -> tuple[int, int]:
    """1,000 of margin within 5 % of the price, inside somebody's wide range."""
    desk.add(second, *WIDE, 100_000 * WAD).check()
    desk.add(provider, *NARROW, 1000 * WAD).check()
    return NARROW


def test_untouched_range_gives_its_margin_back(desk, provider, narrow):
    before = desk.liquidity
    depth = desk.range_of(provider, *narrow).liquidity
    receipt = desk.remove(provider, *narrow).check()
    report = receipt.event("Absorbed")
    assert tuple(report.args) == (MARKET, provider, provider, 1000 * WAD, 1000 * WAD, 0, 0, 100 * WAD)
    assert desk.liquidity == before - depth
    assert tuple(desk.venue.call("edge", narrow[0])) == (0, 0)
    assert not any(desk.range_of(provider, *narrow))
    assert desk.remove(provider, *narrow).reason == "no range"


@pytest.mark.parametrize("size", [50 * WAD, -50 * WAD, 400 * WAD, -400 * WAD])
def test_inventory_becomes_a_position(desk, provider, narrow, size):
    desk.swap(size, 30).check()
    held = desk.range_of(provider, *narrow)
    entry = 10 * Q96
    at = min(max(desk.sqrt_price, sqrt_at(narrow[0])), sqrt_at(narrow[1]))
    base = held.liquidity * (Fraction(Q96, at) - Fraction(Q96, entry))
    cash = Fraction(held.liquidity * (at - entry), Q96)
    report = desk.remove(provider, *narrow).check().event("Absorbed")
    assert report.size == floor(base) == held.size
    assert report.size * size < 0
    assert report.entry_notional == (floor(cash) if cash > 0 else ceil(-cash)) == held.entry_notional
    assert report.balance == 1000 * WAD + held.fees == held.balance
    assert held.fees > 0


def test_cash_that_no_size_explains_goes_to_the_balance(desk, provider):
    desk.add(provider, *NARROW, WAD).check()
    desk.swap(-1).check()
    held = desk.range_of(provider, *NARROW)
    # It bought not quite one wei for not quite 100.
    assert (held.size, held.entry_notional, held.balance) == (0, 0, WAD - 100)
    assert desk.remove(provider, *NARROW).check().event("Absorbed").balance == WAD - 100


def test_social_losses_lower_the_margin(desk, provider, second, narrow):
    desk.set(lp_factor=RAY // 4)
    assert desk.range_of(provider, *narrow).margin == 250 * WAD
    desk.add(provider, CENTRE - 50, CENTRE + 50, 100 * WAD).check()
    desk.set(lp_factor=RAY // 8)
    assert desk.remove(provider, *narrow).check().event("Absorbed").margin == 125 * WAD
    assert desk.remove(provider, CENTRE - 50, CENTRE + 50).check().event("Absorbed").margin == 50 * WAD
    margin = desk.range_of(second, *WIDE).margin * 8
    desk.set(lp_epoch=1, lp_factor=RAY // 2)  # 5e-10 of what it was worth at factor 1
    assert desk.range_of(second, *WIDE).margin == margin // (2 * 10**9)
    desk.set(lp_epoch=2)
    assert desk.range_of(second, *WIDE).margin == margin // (2 * 10**18)
    desk.set(lp_epoch=3, lp_factor=RAY)
    assert desk.range_of(second, *WIDE).margin == 0
    assert desk.remove(second, *WIDE).check().event("Absorbed").balance == 0


def test_margin_of_a_range_entered_in_a_later_epoch(desk, provider):
    desk.set(lp_epoch=5, lp_factor=RAY // 10)
    desk.add(provider, *NARROW, 7 * WAD).check()
    for epoch, left in ((5, 35 * WAD // 10), (6, 35 * 10**8), (7, 3), (8, 0), (4, 0)):
        desk.set(lp_epoch=epoch, lp_factor=RAY // 20)
        assert desk.range_of(provider, *NARROW).margin == left


def test_margin_share_is_rounded_down(desk, provider):
    desk.set(lp_factor=3)
    desk.add(provider, *NARROW, 10**9 + 1).check()
    desk.set(lp_factor=2)
    assert desk.remove(provider, *NARROW).check().event("Absorbed").margin == (10**9 + 1) * 2 // 3


def test_somebody_else_may_not_remove_a_healthy_range(desk, provider, keeper, narrow):
    assert desk.venue.call("range_health", provider, *narrow)[2:] == (True, False)
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    assert desk.remove(keeper, *narrow).reason == "no range"


@pytest.mark.parametrize("size", [500 * WAD, -500 * WAD])
def test_anyone_removes_a_range_out_of_range_for_a_tip(desk, provider, keeper, narrow, size):
    desk.swap(size).check()
    assert desk.venue.call("range_health", provider, *narrow)[2:] == (False, True)
    before = desk.liquidity
    receipt = desk.remove(keeper, *narrow, provider).check()
    assert receipt.value == WAD
    event = receipt.event("RangeRemoved")
    assert (event.provider, event.remover, event.tip) == (provider, keeper, WAD)
    assert event.liquidity_in_range == before == desk.liquidity
    assert event.mid_price == desk.venue.call("mid_price") == receipt.event("Absorbed").mid_price


def test_edges_of_being_in_range(desk, provider, keeper, narrow):
    """Standing on the lower edge is inside; below it is not."""
    depth = desk.liquidity
    exact = depth * (Fraction(Q96, sqrt_at(narrow[0])) - Fraction(Q96, desk.sqrt_price))
    desk.swap(-ceil(exact)).check()
    assert desk.state[:2] == (sqrt_at(narrow[0]), narrow[0])
    assert desk.venue.call("range_health", provider, *narrow)[2]
    desk.swap(-1).check()
    assert not desk.venue.call("range_health", provider, *narrow)[2]


def health(desk, who, lower, upper) -> tuple[int, int]:
    """Equity and maintenance margin of a range if the venue stood at mark, to the wei."""
    held, mark = desk.range_of(who, lower, upper), desk.context.mark_price
    root, entry = min(max(sqrt_of(mark), sqrt_at(lower)), sqrt_at(upper)), held.entry_sqrt_price
    size = floor(held.liquidity * (Fraction(Q96, root) - Fraction(Q96, entry)))
    cash = floor(Fraction(held.liquidity * (root - entry), Q96))
    value = floor(Fraction(size * mark, WAD))
    notional = ceil(Fraction(abs(size) * mark, WAD))
    return held.balance + value + cash, ceil(Fraction(notional * desk.context.mmr_bps, 10_000))


@pytest.mark.parametrize("direction", [1, -1])
def test_failing_range_may_be_removed_by_anyone(desk, provider, keeper, narrow, direction):
    """Health is that of the inventory it would have at mark; the price just jumped, so nothing else counts."""
    desk.set(tradable=False, open=False)
    passes, fails = 100 * WAD, 100 * WAD + direction * 60 * WAD
    while abs(fails - passes) > 1:
        mark = (passes + fails) // 2
        desk.set(mark_price=mark)
        equity, maintenance, in_range, removable = desk.venue.call("range_health", provider, *narrow)
        assert in_range
        assert removable == (equity < maintenance)
        assert (equity, maintenance) == health(desk, provider, *narrow)
        assert desk.range_of(provider, *narrow).size == 0
        passes, fails = (passes, mark) if removable else (mark, fails)
    desk.set(mark_price=passes)
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    desk.set(mark_price=fails)
    receipt = desk.remove(keeper, *narrow, provider).check()
    assert receipt.event("Absorbed").size == 0


@pytest.mark.parametrize("mark", [91, 108])
def test_exactly_maintenance_margin_is_healthy(desk, provider, keeper, narrow, mark):
    """The providers' factor makes margin what the test wants it to be."""
    desk.set(mark_price=mark * WAD, tradable=False)
    equity, maintenance = health(desk, provider, *narrow)
    margin = 1000 * WAD - equity + maintenance
    for less, reason in ((0, "range is healthy"), (1, "")):
        desk.set(lp_factor=ceil(Fraction((margin - less) * RAY, 1000 * WAD)))
        shown = desk.venue.call("range_health", provider, *narrow)
        assert shown == (maintenance - less, maintenance, True, bool(less))
        assert desk.remove(keeper, *narrow, provider).reason == reason


def test_own_range_waits_while_the_price_jumped(desk, provider, keeper, narrow):
    desk.set(tradable=False)
    assert desk.remove(provider, *narrow).reason == "price just jumped"
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    desk.set(tradable=True, open=False)
    assert desk.remove(provider, *narrow).ok


def test_out_of_range_waits_while_the_price_jumped(desk, provider, keeper, narrow):
    """Else a provider's second account takes the range out ahead of a loss."""
    desk.swap(500 * WAD).check()
    desk.set(tradable=False)
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    desk.set(tradable=True)
    assert desk.remove(keeper, *narrow, provider).ok


@pytest.mark.parametrize("side", [1, -1])
def test_a_range_that_holds_the_venue_back_may_be_removed(desk, provider, keeper, narrow, side):
    """Mark outside of it, and the venue further from mark than MMR: nothing else could bring the venue back."""
    lower, upper = (sqrt_at(tick) ** 2 * WAD // Q96**2 for tick in narrow)
    inside, outside = (upper - WAD, upper + WAD) if side > 0 else (lower + WAD, lower - WAD)
    desk.set(mark_price=inside)
    assert desk.venue.call("range_health", provider, *narrow)[3] is False
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    # the venue is within MMR of mark: arbitrage does the rest
    desk.set(mark_price=outside, mmr_bps=2_000, lp_factor=100 * RAY)
    assert desk.venue.call("range_health", provider, *narrow)[3] is False
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    desk.set(mmr_bps=300)
    assert desk.venue.call("range_health", provider, *narrow)[3] is True
    assert desk.remove(keeper, *narrow, provider).ok
    assert desk.range_of(provider, *narrow).liquidity == 0


def test_operator_acts_for_the_provider(desk, provider, keeper, narrow):
    desk.house.transact("set_operator", provider, keeper, True, sender=desk.owner).check()
    receipt = desk.remove(keeper, *narrow, provider).check()
    assert receipt.value == 0
    assert receipt.event("RangeRemoved").remover == provider


def test_other_ranges_of_an_edge_keep_their_liquidity(desk, provider, second):
    first = desk.add(provider, *NARROW, 10 * WAD).check().value
    other = desk.add(second, *NARROW, 7 * WAD).check().value
    assert tuple(desk.venue.call("edge", NARROW[1])) == (first + other, -first - other)
    desk.swap(WAD // 100, 100).check()
    earned = desk.range_of(second, *NARROW).fees
    desk.remove(provider, *NARROW).check()
    assert tuple(desk.venue.call("edge", NARROW[1])) == (other, -other)
    assert tuple(desk.venue.call("edge", NARROW[0])) == (other, other)
    assert desk.liquidity == other
    assert desk.range_of(second, *NARROW).fees == earned > 0


def test_one_edge_may_be_lower_and_upper(desk, provider, second):
    """Ranges that meet: the net of their common edge is the difference."""
    desk.add(second, *WIDE, 1000 * WAD).check()
    left = desk.add(provider, CENTRE - 50, CENTRE + 50, WAD).check().value
    desk.swap(WAD).check()
    desk.set(mark_price=desk.venue.call("mid_price"))
    assert desk.tick >= CENTRE + 50
    right = desk.add(provider, CENTRE + 50, CENTRE + 1000, WAD).check().value
    assert tuple(desk.venue.call("edge", CENTRE + 50)) == (left + right, right - left)
    desk.remove(provider, CENTRE + 50, CENTRE + 1000).check()
    assert tuple(desk.venue.call("edge", CENTRE + 50)) == (left, -left)


def test_last_range_leaves_no_mid(desk, provider):
    desk.add(provider, *WIDE, WAD).check()
    report = desk.remove(provider, *WIDE).check().event("Absorbed")
    assert report.mid_price == 0 == desk.venue.call("mid_price")


@pytest.mark.parametrize("edges", [(0, 2**255 - 1), (-(2**255), 0), (230_350, 230_400), (1, 2)])
def test_no_range_beyond_the_ticks(desk, provider, edges):
    assert desk.remove(provider, *edges).reason == "no range"
    assert not any(desk.range_of(provider, *edges))


@pytest.mark.parametrize("tradable", [True, False])
def test_anyone_removes_any_range_of_a_market_that_settles(desk, provider, keeper, narrow, tradable):
    """A healthy one in range too, whatever the price does; its provider is not the remover then."""
    desk.set(open=False, tradable=tradable)
    assert desk.remove(keeper, *narrow, provider).reason == "range is healthy"
    desk.set(settling=True)
    removed = desk.remove(keeper, *narrow, provider).check()
    assert removed.event("RangeRemoved").remover == keeper
    assert not any(desk.range_of(provider, *narrow))


def test_own_range_leaves_a_market_that_settles(desk, provider, narrow):
    desk.set(open=False, tradable=False)
    assert desk.remove(provider, *narrow).reason == "price just jumped"
    desk.set(settling=True)
    assert desk.remove(provider, *narrow).check().event("RangeRemoved").remover == provider


def test_venue_without_liquidity_stays_when_its_market_settles(desk, provider, second, keeper, narrow):
    """Its ranges end at the inventory they have where the venue stands."""
    desk.swap(500 * WAD).check()
    assert desk.tick >= narrow[1]
    desk.remove(second, *WIDE).check()
    stood, size = desk.state, desk.range_of(provider, *narrow).size
    desk.set(open=False, tradable=False, settling=True)
    removed = desk.remove(keeper, *narrow, provider).check().event("RangeRemoved")
    assert removed.size == size < 0
    assert desk.state == stood
