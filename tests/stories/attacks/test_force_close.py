"""Force closes: the venue pushed, the venue empty, the fees."""

import pytest
from support import spec
from support.attacks import NARROW, POLICIES, SIDES, check_books, holdings
from support.exchange import ALL, FREE, PRICE, WIDE, Exchange
from support.liquidations import Fees, close, fees_of, scene
from support.spec import Pos

from nacre.units import WAD

UNDER_ALL = pytest.mark.parametrize("policy", POLICIES)
# What `close` predicts: nothing accrues meanwhile. Positions of ten units may be had.
STILL = {"funding_cap_bps": 0, "borrow_rate_bps": 0, "borrow_share_bps": 0, "max_deviation_bps": 10_000}
STILL |= {"min_notional": 10, "max_open_interest": 100_000}


def failing(exchange: Exchange, side: int, size: int, venue_bps: int = 0) -> int:
    """The trader's price is a fifth of a per cent beyond its trigger; the venue at mark, or better by `venue_bps`."""
    trader, counterparty = exchange.people["trader"], exchange.people["counterparty"]
    notional, _ = exchange.quote(side * size)
    exchange.trade(trader, side * size, notional * 14 // 100)
    mark = exchange.lens.call("liquidation_price", 0, trader) * (1_000 - 2 * side) // 1_000
    exchange.lead_venue(counterparty, mark * (10_000 + side * venue_bps) // 10_000)
    for _ in range(2):
        exchange.push(mark)
        exchange.house.transact("accrue", 0, sender=counterparty).check()
    return mark


def band_of(exchange: Exchange) -> int:
    config = exchange.main.config
    return config.force_close_band_bps or max(config.mmr_bps // 5, 1)


# ---- 46. Pushed, closed, brought back


@SIDES
@UNDER_ALL
def test_attack_46_a_close_between_two_trades(under, policy, side, trader, keeper, outsider):
    """Whoever pushes the venue, has the target closed there and goes back, in one block, whatever the push: the target
    pays at most the band, and that is the most there is to gain beside the keeper's reward; far pushes are refused.
    Where fees are above the target's own way through the venue, there is nothing."""
    exchange = under(policy, **STILL)
    mark = failing(exchange, side, 10 * WAD)
    band, refused, seen = band_of(exchange), set(), 0
    for hundredths in (0, 1, 5, 10, 20, 50, 80, 100, 200, 500):
        push = 10 * WAD * hundredths // 100
        with exchange.undone(), exchange.chain.block():
            before = holdings(exchange, outsider, keeper)
            if push and not exchange.house.transact("trade", 0, -side * push, 50_000 * WAD, 0, 0, sender=outsider).ok:
                assert push * mark < 10 * WAD**2
                continue
            receipt = exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper)
            if not receipt.ok:
                refused.add(receipt.reason)
                continue
            seen += 1
            if push:
                exchange.trade(outsider, side * push)
            event = receipt.event("ForceClose")
            worst = event.size * mark * (10_000 - side * band) // (10_000 * WAD)
            assert side * event.notional >= worst
            allowed = spec.notional(10 * WAD, mark) * band // 10_000 if policy != "oyster" else 0
            assert holdings(exchange, outsider, keeper) <= before + event.reward + allowed
            check_books(exchange)
    assert refused <= {"venue too far", "beyond liquidation price"}
    assert refused
    assert seen or policy == "defx"  # whose force close wants the liquidation price or better


@SIDES
@UNDER_ALL
def test_attack_46_against_liquidity_of_ones_own(under, policy, side, trader, keeper, outsider):
    """The pusher's own deep range stands at mark: it moves the venue nearly for nothing, has the target closed against
    itself and takes the range away. The band is the bound again; where each way pays a protocol fee, not even that."""
    exchange = under(policy, **STILL)
    mark = failing(exchange, side, 10 * WAD)
    tick = exchange.venue.call("state")[1] // 50 * 50
    edges, band, seen = (tick - 500, tick + 550), band_of(exchange), 0
    for share in (20, 50, 90, 95, 100, 150, 250):
        with exchange.undone(), exchange.chain.block():
            before = holdings(exchange, outsider, keeper)
            exchange.provide(outsider, 10_000 * WAD, *edges)
            exchange.lead_venue(outsider, mark * (10**6 - side * share * band) // 10**6, 50_000 * WAD)
            receipt = exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper)
            if not receipt.ok:
                assert receipt.reason in ("venue too far", "beyond liquidation price")
                continue
            seen += 1
            exchange.lead_venue(outsider, mark, 0)
            exchange.venue.transact("remove_liquidity", *edges, sender=outsider).check()
            allowed = spec.notional(10 * WAD, mark) * band // 10_000 if policy != "oyster" else 0
            reward = receipt.event("ForceClose").reward
            assert holdings(exchange, outsider, keeper) <= before + reward + allowed
            check_books(exchange)
    assert seen or policy == "defx"


@SIDES
def test_attack_46_the_penalty_goes_by_the_way_that_is_left(opened, trader, keeper, outsider, side):
    """Who pushes pays the penalty on its way out, and gets none of it back on the way in: it is the fund's."""
    exchange = opened(free=50 * FREE, **STILL | {"penalty": ["10.92", "1.64", "0.09", "0"]})
    failing(exchange, side, 10 * WAD)
    fund, before = exchange.state().insurance_fund, holdings(exchange, outsider, keeper)
    with exchange.chain.block():
        paid = exchange.trade(outsider, -side * 150 * WAD, 50_000 * WAD).event("Trade").penalty
        assert paid > 0
        call = ("force_close", 0, trader, ALL, 0)
        exchange.refuses("venue too far", exchange.engine, *call, sender=keeper)
        assert exchange.trade(outsider, side * 150 * WAD).event("Trade").penalty == 0
    assert exchange.state().insurance_fund == fund + paid
    assert holdings(exchange, outsider, keeper) <= before - paid


# ---- 47. Nothing to trade against


@SIDES
def test_attack_47_less_liquidity_than_the_target_needs(opened, trader, counterparty, keeper, provider, outsider, side):
    """All of it is refused and nothing has happened; what fits is traded, at a price that the curve really has; the
    rest is taken over."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000, force_close_band_bps=3_000)
    exchange.trade(trader, side * 20 * WAD, 250 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 5_000 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    exchange.provide(outsider, 100 * WAD, *NARROW)
    mark = exchange.lens.call("liquidation_price", 0, trader) * (1_000 - 2 * side) // 1_000
    exchange.push(mark)
    exchange.refuses("no liquidity", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)
    size, fits = 20 * WAD, False
    while not fits:
        size //= 2
        assert size > 10**15
        receipt = exchange.engine.transact("force_close", 0, trader, size, 0, sender=keeper)
        assert receipt.reason in ("", "no liquidity")
        fits = receipt.ok
    event = receipt.event("ForceClose")
    assert (event.size, exchange.pos(trader).size) == (side * size, side * (20 * WAD - size))
    low, high = (80 * WAD, 125 * WAD)
    assert low * size < event.notional * WAD < high * size
    state = exchange.state()
    held = exchange.venue.call("range_of", outsider, *NARROW).size
    assert abs(held - (state.total_short - state.total_long)) <= 2
    exchange.push(mark)
    exchange.take_over(keeper, trader, margin=400 * WAD)
    assert exchange.pos(trader) == Pos()
    check_books(exchange)


@SIDES
@UNDER_ALL
def test_attack_47_an_empty_venue_stops_nobody(under, policy, side, trader, counterparty, keeper, provider):
    """Bankrupt, and no liquidity at all: takeover, or deleveraging where losses go there."""
    exchange = under(policy, **STILL)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 5_000 * WAD)
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    mark = PRICE * (100 - 30 * side) // 100
    for _ in range(2):
        exchange.push(mark)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    exchange.refuses("no liquidity", exchange.engine, "force_close", 0, trader, ALL, 0, sender=keeper)
    receipt = exchange.engine.transact("liquidate_by_takeover", 0, trader, ALL, 2_000 * WAD, sender=keeper)
    if exchange.main.config.loss == "adl":
        assert receipt.reason == "use ADL"
        accounts = [counterparty, provider]
        exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=keeper).check()
    else:
        assert receipt.ok
    assert exchange.pos(trader) == Pos()
    check_books(exchange)


# ---- 48. What a close brings, to the wei


@SIDES
@pytest.mark.parametrize("part", [1, 3])
@UNDER_ALL
def test_attack_48_fees_and_residue_are_what_the_part_had(under, policy, side, part, trader, keeper):
    """Providers, treasury, keeper, fund and trader get exactly what the part is worth at the price it fetched; nobody
    gets it twice, and a close without a deficit never costs the fund."""
    exchange = under(policy, **STILL)
    failing(exchange, side, 10 * WAD, venue_bps=150)
    size = 10 * WAD // part
    before = scene(exchange, trader, size)
    notional, mid = exchange.quote(-before.part.size)
    worth = before.part.balance + side * (notional - before.part.notional)
    assert worth > 0
    fees = fees_of(exchange, before, worth, notional, mid)
    assert sum(fees) == worth
    fund = exchange.state().insurance_fund
    receipt = close(exchange, keeper, trader, size)
    event = receipt.event("ForceClose")
    assert (event.residue, event.reward) == (fees.residue, fees.reward)
    assert exchange.state().insurance_fund >= fund
    assert receipt.events("DeficitAbsorbed") == []
    check_books(exchange)


@SIDES
def test_attack_48_more_fees_than_there_is(opened, trader, keeper, side):
    """All fees at their most on a part with next to nothing: they take that, in their order, and no deficit arises.
    Case 34, too."""
    exchange = opened(
        free=50 * FREE,
        **STILL | {"trading_fee_bps": 50, "protocol_fee_bps": 30, "penalty": ["1", "1", "1", "0.01"]},
        liquidation_fee_bps=1_000,
        reward_share_bps=10_000,
        trigger_bps=500,
    )
    failing(exchange, side, 10 * WAD, venue_bps=90)
    before = scene(exchange, trader, ALL)
    notional, mid = exchange.quote(-before.part.size)
    worth = before.part.balance + side * (notional - before.part.notional)
    fees = fees_of(exchange, before, worth, notional, mid)
    unlimited = Fees(spec.fee(notional, 50), spec.fee(notional, 30), 0, notional // 10, 0, 0)
    assert 0 < worth < sum(unlimited)
    assert sum(fees) == worth
    assert fees.residue == 0 < fees.lp
    receipt = close(exchange, keeper, trader)
    assert receipt.events("DeficitAbsorbed") == []
    check_books(exchange)
