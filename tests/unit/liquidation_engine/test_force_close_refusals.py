"""force_close: every refusal beside the close that just passes; the preview refuses for the same reasons."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, WIDE, reason_of
from support.liquidations import close
from support.spec import Pos

from nacre.units import WAD

FAILING, BANKRUPT = 88 * WAD, 80 * WAD
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def refuses(exchange, reason, who, target, size=ALL, limit=0, market=0):
    arguments = (market, target, size, limit)
    exchange.refuses(reason, exchange.engine, "force_close", *arguments, sender=who)
    assert reason_of(exchange.engine, "preview_force_close", *arguments, sender=who) == reason


@pytest.fixture
def failing(opened, trader, counterparty):
    """20 with 300 at 100.46; venue and mark stand at 88."""
    return led_to(opened, 1, FAILING)


def led_to(opened, side, price, margin=300 * WAD, **fields):
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000, **fields)
    exchange.trade(exchange.people["trader"], side * 20 * WAD, margin)
    exchange.lead_venue(exchange.people["counterparty"], price)
    exchange.push(price)
    return exchange


# ---- the band around mark, and deficits that would grow


@SIDES
@pytest.mark.parametrize("band", [0, 1, 50])
def test_the_band(opened, trader, keeper, side, band):
    """The average may be worse than mark by the band; 0 is a fifth of MMR: 1 %."""
    exchange = led_to(opened, side, 88 * WAD if side > 0 else 112 * WAD, force_close_band_bps=band)
    notional, _ = exchange.quote(-side * 20 * WAD)
    bps = band or 100
    if side > 0:  # N 1e18 1e4 >= x P (1e4 - band)
        just = notional * WAD * 10_000 // (20 * WAD * (10_000 - bps))
    else:  # N 1e18 1e4 <= x P (1e4 + band)
        just = spec.ceil(notional * WAD * 10_000, 20 * WAD * (10_000 + bps))
    beyond = just + side
    exchange.push(beyond)
    assert spec.equity(exchange.pos(trader), beyond) > 0
    refuses(exchange, "venue too far", keeper, trader)
    exchange.push(just)
    close(exchange, keeper, trader)


def test_a_fifth_of_a_tiny_mmr_is_still_a_basis_point(opened, trader, keeper):
    """MMR of 4 bps: a fifth of it would be none, and no close could ever be in it."""
    exchange = led_to(opened, 1, FAILING, imr_bps=1000, mmr_bps=4, margin=250 * WAD)
    notional, _ = exchange.quote(-20 * WAD)
    just = notional * WAD * 10_000 // (20 * WAD * 9_999)
    exchange.push(just + 1)
    set_equity(exchange, trader, WAD // 2 - spec.equity(exchange.pos(trader), just + 1))
    refuses(exchange, "venue too far", keeper, trader)
    exchange.push(just)
    close(exchange, keeper, trader)


@SIDES
def test_a_deficit_must_not_grow(opened, trader, keeper, side):
    """The venue pays no less than mark for what is bankrupt, to the wei."""
    exchange = led_to(opened, side, BANKRUPT if side > 0 else 120 * WAD)
    notional, _ = exchange.quote(-side * 20 * WAD)
    # the last mark at which 20 are worth no more (for a short: cost no less) than what the venue pays
    just = notional // 20 if side > 0 else spec.ceil(notional, 20)
    exchange.push(just + side)
    assert spec.equity(exchange.pos(trader), just) < 0
    refuses(exchange, "venue too far", keeper, trader)
    exchange.push(just)
    close(exchange, keeper, trader)


@SIDES
def test_no_deficit_may_arise(opened, trader, keeper, side):
    """Solvent at mark by less than what the close would cost: takeover is open."""
    exchange = led_to(opened, side, FAILING if side > 0 else 112 * WAD)
    mark = exchange.state().mark_price
    old = exchange.pos(trader)
    notional, _ = exchange.quote(-side * 20 * WAD)
    cost = side * (20 * mark - notional)  # against mark
    assert cost > WAD
    for lacking, passes in ((1, False), (0, True)):
        with exchange.undone():
            set_equity(exchange, trader, cost - lacking - spec.equity(old, mark))
            assert spec.equity(exchange.pos(trader), mark) == cost - lacking > 0
            if passes:
                close(exchange, keeper, trader)
            else:
                refuses(exchange, "venue too far", keeper, trader)
                exchange.take_over(keeper, trader, margin=400 * WAD)


def set_equity(exchange, who, change):
    """By margin: more of it, or (through a healthy moment) less."""
    if change < 0:
        mark = exchange.state().mark_price
        exchange.push(PRICE)
        exchange.house.transact("adjust_margin", 0, change, sender=who).check()
        exchange.push(mark)
    elif change > 0:
        exchange.house.transact("adjust_margin", 0, change, sender=who).check()


@SIDES
def test_limit_price(opened, trader, keeper, side):
    """For the target's sake: a long sells at no less, a short buys at no more, on average and without fees."""
    exchange = led_to(opened, side, 88 * WAD if side > 0 else 112 * WAD, trading_fee_bps=30)
    notional, _ = exchange.quote(-side * 20 * WAD)
    just = notional // 20 if side > 0 else spec.ceil(notional, 20)
    refuses(exchange, "price limit", keeper, trader, limit=just + side)
    refuses(exchange, "price limit", keeper, trader, limit=ALL if side > 0 else 1)
    close(exchange, keeper, trader, limit=just)


def test_no_liquidity(exchange, trader, counterparty, keeper, provider):
    exchange.trade(trader, 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -20 * WAD, 900 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    for price in (FAILING, BANKRUPT):
        exchange.push(price)
        refuses(exchange, "no liquidity", keeper, trader)
    exchange.take_over(keeper, trader, margin=300 * WAD)


# ---- target, caller, size


def test_liquidating_oneself(failing, trader, keeper):
    refuses(failing, "self liquidation", trader, trader)
    failing.house.transact("set_operator", keeper, True, sender=trader).check()
    refuses(failing, "self liquidation", keeper, trader)
    failing.house.transact("set_operator", keeper, False, sender=trader).check()
    close(failing, keeper, trader)


def test_who_has_no_position(failing, trader, keeper, outsider):
    refuses(failing, "no position", keeper, outsider)
    close(failing, keeper, trader)
    refuses(failing, "no position", keeper, trader)


def test_the_edge_of_health(failing, trader, keeper):
    needed = spec.margin(20 * WAD, FAILING, 500) - spec.equity(failing.pos(trader), FAILING)
    with failing.undone():
        failing.house.transact("adjust_margin", 0, needed, sender=trader).check()
        refuses(failing, "not liquidatable", keeper, trader)
    failing.house.transact("adjust_margin", 0, needed - 1, sender=trader).check()
    close(failing, keeper, trader)


def test_sizes(opened, trader, keeper):
    exchange = led_to(opened, 1, FAILING, min_slice_bps=2_500)
    refuses(exchange, "zero size", keeper, trader, 0)
    for size in (20 * WAD + 1, 2**128, 2**255, ALL - 1):
        refuses(exchange, "size too large", keeper, trader, size)
    refuses(exchange, "slice too small", keeper, trader, 5 * WAD - 1)
    refuses(exchange, "slice too small", keeper, trader, 1)
    close(exchange, keeper, trader, 5 * WAD)


# ---- market and policy


@pytest.mark.parametrize("market", [1, 1023, 1024, 2**96, ALL])
def test_unknown_market(failing, trader, keeper, market):
    refuses(failing, "unknown market", keeper, trader, market=market)


def test_no_price(failing, trader, keeper):
    for price, time, reason in (
        (FAILING, 1, "stale price"),
        (0, 1, "price out of bounds"),
        (10**25 + 1, 1, "price out of bounds"),
        (FAILING, failing.chain.timestamp + 10_000, "future price"),
    ):
        failing.push(price, time)
        refuses(failing, reason, keeper, trader)
    failing.push(FAILING)
    close(failing, keeper, trader)


def test_a_policy_without_force_close(opened, trader, keeper):
    """Not even the bankrupt: the takeover of those is open everywhere."""
    exchange = led_to(opened, 1, FAILING, force_close=False)
    refuses(exchange, "force close not allowed", keeper, trader)
    exchange.push(70 * WAD)
    refuses(exchange, "force close not allowed", keeper, trader)
    exchange.take_over(keeper, trader, margin=300 * WAD)


def test_grace_after_an_outage(opened, trader, keeper):
    """Ten minutes from the push that ended the silence; the bankrupt have none."""
    exchange = led_to(opened, 1, FAILING, grace_seconds=600)
    exchange.chain.mine(3_700)
    exchange.push(FAILING)
    ended = exchange.oracle.call("outage_end")
    refuses(exchange, "grace period", keeper, trader)
    with exchange.undone():
        exchange.push(75 * WAD)
        close(exchange, keeper, trader)
    exchange.chain.set_next_timestamp(ended + 599)
    exchange.refuses("grace period", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)
    exchange.force_close(keeper, trader)
    assert exchange.chain.timestamp == ended + 600
    assert exchange.pos(trader) == Pos()


def test_which_reason_comes_first(opened, trader, keeper, outsider):
    exchange = led_to(opened, 1, FAILING, force_close=False)
    refuses(exchange, "unknown market", trader, trader, 0, 1, market=9)
    refuses(exchange, "force close not allowed", trader, trader, 0, 1)
    exchange = led_to(opened, 1, FAILING, min_slice_bps=2_500)
    refuses(exchange, "self liquidation", outsider, outsider, 0, ALL)
    refuses(exchange, "no position", keeper, outsider, 0, ALL)
    exchange.push(PRICE)
    refuses(exchange, "not liquidatable", keeper, trader, 0, ALL)
    exchange.push(FAILING)
    refuses(exchange, "zero size", keeper, trader, 0, ALL)
    refuses(exchange, "slice too small", keeper, trader, 1, ALL)
    refuses(exchange, "price limit", keeper, trader, ALL, ALL)
