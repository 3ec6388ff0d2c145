"""Takeover and force close where a comparison turns: equity of exactly nothing, the least and the most that goes."""

import pytest
from support.exchange import ALL, PRICE, bare_house, open_exchange, reason_of

from nacre.units import RAY, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# lib/policy_word
AUTO_MARGIN = 1 << 15
MAX_MARGIN = 2**104


# ---- force close


CHUNKS = {
    "large_notional": 10_000,
    "chunk_bps": 2_000,
    "cooldown_seconds": 30,
    "residue": "trader",
    "max_deviation_bps": 10_000,
    "force_close_band_bps": 3_000,
    "liquidity": 1_000_000 * WAD,
    "free": 100_000 * WAD,
}


def pushed_to(exchange, trader, provider, side, size, margin, final, equity):
    """A position opened at 100 that is worth exactly `equity` at the price pushed, and a provider who can move the
    venue."""
    exchange.trade(trader, side * size, margin)
    held = exchange.pos(trader)
    surplus = held.balance + side * (size // WAD * final - held.notional) - equity
    exchange.house.transact("adjust_margin", 0, -surplus, sender=trader).check()
    exchange.system.fund(provider, 10**8 * WAD)
    exchange.push(final)


@SIDES
@pytest.mark.parametrize("equity", [1, 0, -1])
def test_a_large_position_goes_by_chunks_until_it_is_bankrupt(opened, trader, keeper, provider, side, equity):
    """Worth exactly nothing it is not."""
    exchange = opened(**CHUNKS)
    size, final = 150 * WAD, (100 - 11 * side) * WAD
    pushed_to(exchange, trader, provider, side, size, 3_000 * WAD, final, equity)
    # where the whole brings a little more than at mark
    exchange.lead_venue(provider, final * (100 + 4 * side) // 100, 10**6 * WAD)
    assert exchange.lens.call("health", 0, trader).equity == equity
    receipt = exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper).check()
    whole = equity < 0
    assert receipt.event("ForceClose").size == side * (size if whole else size // 5)
    assert exchange.pos(trader).size == (0 if whole else side * size * 4 // 5)
    assert exchange.engine.call("liquidatable_since", 0, trader) == 0
    again = exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper)
    assert again.reason == ("no position" if whole else "cooldown")


def test_what_is_not_large_waits_for_nothing(opened, trader, keeper, provider):
    """Parts of it go one after the other in one block."""
    exchange = opened(**CHUNKS)
    exchange.trade(trader, 20 * WAD, 250 * WAD)
    exchange.system.fund(provider, 10**8 * WAD)
    exchange.push(88 * WAD)
    exchange.lead_venue(provider, 88 * WAD, 10**6 * WAD)
    with exchange.chain.block():
        for left in (15, 10, 0):
            size = 5 * WAD if left else ALL
            receipt = exchange.engine.transact("force_close", 0, trader, size, 0, sender=keeper).check()
            assert receipt.event("ForceClose").left == left * WAD
    assert exchange.pos(trader).size == 0


# ---- takeover


def test_the_most_that_a_liquidator_may_name(exchange, trader, keeper):
    exchange.trade(trader, 20 * WAD, 250 * WAD)
    exchange.push(90 * WAD)
    preview = ("preview_takeover", 0, trader, ALL)
    seen = exchange.engine.call(*preview, MAX_MARGIN, sender=keeper)
    assert seen.new_equity - seen.part_equity == MAX_MARGIN
    assert reason_of(exchange.engine, *preview, MAX_MARGIN + 1, sender=keeper) == "amount too large"
    for margin, reason in ((MAX_MARGIN, "insufficient collateral"), (MAX_MARGIN + 1, "amount too large")):
        exchange.refuses(reason, exchange.engine, "liquidate_by_takeover", 0, trader, ALL, margin, sender=keeper)


def test_margin_of_a_cross_position_in_the_first_market_buys_no_isolated_one(opened, trader, keeper):
    """Whoever has one cross position, in market 0, spends what it does not need, to the wei."""
    exchange = opened(cross_margin=True)
    other = exchange.list_market("other")
    house = exchange.house
    house.transact("set_margin_mode", 0, True, sender=keeper).check()
    exchange.trade(keeper, 100 * WAD)
    assert house.call("cross_markets", keeper)[1] == 1
    exchange.system.fund(exchange.people["provider"], 100_000 * WAD)
    exchange.provide(exchange.people["provider"], 100_000 * WAD, market="other")
    house.transact("trade", other.id, 20 * WAD, 250 * WAD, 0, 0, sender=trader).check()
    exchange.system.push_price(other, 90 * WAD)
    state = house.call("account_state", keeper)
    spare = state.opening - state.initial_margin
    assert state.initial_margin == 1_000 * WAD
    # what would be left, without its lowest bits
    rounder = (house.call("free_collateral", keeper) - spare) % 2**16 or 2**16
    for more, reason in ((1, "below account margin"), (rounder, "below account margin"), (0, "")):
        with exchange.undone():
            receipt = exchange.engine.transact(
                "liquidate_by_takeover", other.id, trader, ALL, spare + more, sender=keeper
            )
            assert receipt.reason == reason
            assert (house.call("position", other.id, keeper).size > 0) == (not reason)


@SIDES
@pytest.mark.parametrize("offered", [0, 7, 8, 9, 100])
def test_auto_margin_puts_in_what_the_opening_rule_asks_for(trader, keeper, side, offered):
    """Two units worth 95 (105) each need 19 (21) of margin and bring 11 (13): 8 are lacking, no more goes in."""
    bare = bare_house()
    house, mark = bare.house, PRICE - side * 5 * WAD
    gift = (0, 10 * WAD - side * WAD, side * 2 * WAD, 200 * WAD, PRICE)
    bare.send(bare.venue, "venue_absorb", 0, trader, trader, gift).check()
    bare.oracle.transact("set_price", mark, sender=bare.oracle.call("feeder")).check()
    equity = 10 * WAD - side * WAD - 10 * WAD
    lacking = 2 * mark // 10 - equity
    policy = open_exchange().engine.call("policy", 0) | AUTO_MARGIN
    if equity < 0:
        equity, lacking = 0, 2 * mark // 10
    had = house.call("free_collateral", keeper)
    margin = lacking + (offered - 8) * WAD
    receipt = bare.send(bare.engine, "take_over", 0, keeper, trader, ALL, margin, policy, 0)
    if margin < lacking:
        assert receipt.reason == "below initial margin"
        return
    event = receipt.check().event("Takeover")
    assert receipt.value == event.margin == lacking
    assert event.free_collateral == house.call("free_collateral", keeper) == had - lacking
    record = house.call("position", 0, keeper)
    assert (record.size, record.balance) == (event.new_size, event.new_balance)
    assert record.balance + side * (2 * mark - record.entry_notional) == 2 * mark // 10


@SIDES
@pytest.mark.parametrize("rate", [0, 500])
def test_whoever_takes_over_the_other_side_pays_its_share_first(opened, trader, counterparty, keeper, side, rate):
    """The deficit moves the index of the liquidator's own side, beside borrow that has run up."""
    exchange = opened(borrow_rate_bps=rate, max_deviation_bps=10_000, oracle_max_age=86_400)
    exchange.trade(trader, side * 20 * WAD, 250 * WAD)
    exchange.trade(keeper, -side * 40 * WAD, 5_000 * WAD)
    exchange.chain.mine(36_000)
    exchange.push((100 - 30 * side) * WAD)
    before = exchange.state()
    assert (before.borrow_index > 0) == (rate > 0)
    old = exchange.record(keeper)
    receipt = exchange.take_over(keeper, trader, margin=0)
    after = exchange.state()
    deficit = receipt.event("DeficitAbsorbed")
    assert deficit.deficit > 0
    rise = after.short_social_loss_index if side > 0 else after.long_social_loss_index
    assert rise > 0
    # its own position pays borrow and loss up to now, whatever of it is left
    funding = after.funding_index if side < 0 else -after.funding_index
    index = rise + after.borrow_index + funding
    record = exchange.record(keeper)
    assert record.size == old.size + side * 20 * WAD
    assert record.entry_carry == index
    carried = -(-(index - old.entry_carry) * abs(old.size) // RAY)
    settled = old.balance - carried
    equity = settled + side * (old.entry_notional - 40 * after.mark_price)
    new_equity = record.balance + side * (record.entry_notional - 20 * after.mark_price)
    assert abs(new_equity - equity) <= 1


@SIDES
@pytest.mark.parametrize(("equity", "reason"), [(1, "takeover not allowed"), (0, "takeover not allowed"), (-1, "")])
def test_only_a_bankrupt_position_is_for_everybody(opened, trader, keeper, side, equity, reason):
    """Where takeovers are not allowed: worth exactly nothing it is not bankrupt yet."""
    exchange = opened(takeover=False)
    size, final = 20 * WAD, (100 - 11 * side) * WAD
    exchange.trade(trader, side * size, 400 * WAD)
    held = exchange.pos(trader)
    surplus = held.balance + side * (size // WAD * final - held.notional) - equity
    exchange.house.transact("adjust_margin", 0, -surplus, sender=trader).check()
    exchange.push(final)
    receipt = exchange.engine.transact("liquidate_by_takeover", 0, trader, ALL, 1_000 * WAD, sender=keeper)
    assert receipt.reason == reason
    if not reason:
        assert receipt.event("DeficitAbsorbed").deficit == -equity


@SIDES
@pytest.mark.parametrize(("equity", "reason"), [(0, "beyond liquidation price"), (-1, "")])
def test_only_a_bankrupt_position_goes_below_its_liquidation_price(
    opened, trader, keeper, provider, side, equity, reason
):
    """Worth exactly nothing it is still to bring what it had at that price."""
    exchange = opened(force_close_at_liquidation_price=True, **CHUNKS | {"large_notional": 0})
    size, final = 20 * WAD, (100 - 11 * side) * WAD
    pushed_to(exchange, trader, provider, side, size, 400 * WAD, final, equity)
    exchange.lead_venue(provider, final * (100 + side) // 100, 10**6 * WAD)
    assert exchange.engine.transact("force_close", 0, trader, ALL, 0, sender=keeper).reason == reason
    assert (exchange.pos(trader).size == 0) == (not reason)
