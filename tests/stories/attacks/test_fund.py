"""Attacks on insurance funds: docs/security.md, cases 50 to 53."""

import pytest
from support import spec
from support.attacks import SIDES, policy_exchange
from support.exchange import ALL, FREE, LIQUIDITY, PRICE, WIDE
from support.sheets import balanced, worth

from nacre.artifacts import load
from nacre.units import WAD

FEES = {"trading_fee_bps": 30, "protocol_fee_bps": 20, "liquidation_fee_bps": 100, "reward_share_bps": 4_000}
FUND = 5_000 * WAD


def donate(exchange, who, amount, market=0):
    exchange.house.transact("donate_insurance", market, amount, sender=who).check()


def books_of(exchange, market):
    """What may not move by what happens elsewhere."""
    state = exchange.state(market)
    names = ("insurance_fund", "pot", "long_social_loss_index", "short_social_loss_index", "unallocated_loss")
    return {name: getattr(state, name) for name in (*names, "lp_margin", "owed_total", "protocol_fees")}


# ---- 50


@pytest.mark.parametrize("gains", [False, True], ids=["flat there", "gains there"])
@SIDES
def test_attack_50_one_market_pays_for_another(opened, trader, counterparty, keeper, outsider, side, gains):
    """A cross account is ruined in a market without a fund while another market has a rich one. Of that other market
    it gets its own profit there and nothing else: neither fund nor those who trade there give anything."""
    fields = {"cross_margin": True, "max_deviation_bps": 10_000}
    exchange = opened(**fields)
    other = exchange.list_market("other", **fields)
    exchange.system.fund(exchange.people["provider"], LIQUIDITY)
    exchange.provide(exchange.people["provider"], LIQUIDITY, market="other")
    donate(exchange, outsider, FUND, market=1)
    exchange.house.transact("withdraw", exchange.free(trader) - 400 * WAD, sender=trader).check()
    for market in (0, 1):
        exchange.house.transact("set_margin_mode", market, True, sender=trader).check()
    exchange.trade(trader, side * 20 * WAD)
    if gains:
        exchange.trade(trader, -side * 5 * WAD, market=1)
        exchange.system.push_price(other, PRICE - side * 10 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.push(PRICE - side * 30 * WAD)
    gain = spec.equity(exchange.pos(trader, 1), exchange.state(1).mark_price) if gains else 0
    assert (gain > 40 * WAD) == gains
    missing = -exchange.house.call("account_state", trader).full_equity
    before = books_of(exchange, 1)
    receipt = exchange.take_over(keeper, trader, ALL, 3_000 * WAD)
    assert abs(receipt.event("DeficitAbsorbed").deficit - missing) <= 2
    assert receipt.event("DeficitAbsorbed").from_insurance == 0
    assert books_of(exchange, 1) == before | {"pot": before["pot"] - gain}
    assert exchange.state(1).insurance_fund == FUND
    balanced(exchange)


@pytest.mark.parametrize("left", [1, 5 * WAD, 60 * WAD])
@SIDES
def test_attack_50_the_fund_is_credited_what_came_and_not_what_was_asked(
    opened, trader, counterparty, keeper, provider, side, left
):
    """Fees of a force close are cut to what the position still has: what providers, treasury, keeper and fund got adds
    up to that, to the wei."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000, **FEES)

    def scene(margin):
        exchange.trade(trader, side * 20 * WAD, margin)
        exchange.lead_venue(counterparty, 80 * WAD if side > 0 else 125 * WAD, 400_000 * WAD)
        exchange.push(exchange.venue.call("mid_price"))
        target, (notional, _) = exchange.pos(trader), exchange.quote(-side * 20 * WAD)
        return target.balance + side * (notional - target.notional)

    with exchange.undone():
        margin = 1_200 * WAD + left - scene(1_200 * WAD)
    assert scene(margin) == left
    before, earned = exchange.state(), exchange.venue.call("range_of", provider, *WIDE).fees
    free = exchange.free(keeper)
    event = exchange.force_close(keeper, trader).event("ForceClose")
    after = exchange.state()
    provided = exchange.venue.call("range_of", provider, *WIDE).fees - earned
    fund, protocol = (getattr(after, n) - getattr(before, n) for n in ("insurance_fund", "protocol_fees"))
    assert exchange.free(keeper) - free == event.reward
    assert 0 <= left - (fund + protocol + event.reward + provided) <= 2
    assert fund <= left
    assert (fund > 0) == (left == 60 * WAD)
    assert after.unallocated_loss == 0
    balanced(exchange)


# ---- 51


@pytest.mark.parametrize("parts", [1, 4])
@pytest.mark.parametrize("fund", [0, 1, 100 * WAD, 10_000 * WAD], ids=["none", "a wei", "some", "all"])
@SIDES
def test_attack_51_the_fund_runs_dry_in_the_middle(opened, trader, counterparty, keeper, side, fund, parts):
    """It pays what it has, the other side pays the rest in the same call, once; also if the position goes in parts, of
    which one empties it."""
    exchange = opened(free=5 * FREE, max_deviation_bps=10_000)
    if fund:
        donate(exchange, exchange.people["outsider"], fund)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.push(PRICE - side * 30 * WAD)
    missing = -exchange.lens.call("health", 0, trader).equity
    had = worth(exchange, counterparty)
    paid = 0
    for number in range(parts):
        with exchange.chain.block():
            size = ALL if number == parts - 1 else 20 * WAD // parts
            receipt = exchange.take_over(keeper, trader, size, 5_000 * WAD // parts)
            paid += receipt.event("DeficitAbsorbed").from_insurance
    state = exchange.state()
    assert 0 <= paid - min(fund, missing) <= parts - 1
    assert state.insurance_fund == fund - paid
    assert 0 <= (had - worth(exchange, counterparty)) - (missing - paid) <= 2 * parts
    assert state.unallocated_loss == 0
    assert exchange.pos(trader).size == 0
    balanced(exchange)


# ---- 52


@SIDES
def test_attack_52_putting_a_liquidation_off_to_milk_the_fund(opened, trader, counterparty, keeper, outsider, side):
    """The owner of a failing position tries everything that is cheap to keep the others' calls from going through: a
    wei of margin, a wei taken over by a friend, settling, a margin call, a partial close. Each time a keeper may go on
    in the same block, and no such call is a step that must be made first."""
    exchange = opened(max_deviation_bps=10_000)
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 900 * WAD)
    exchange.push(PRICE - side * 12 * WAD)
    assert exchange.lens.call("health", 0, trader).stage == 2
    house, engine = exchange.house, exchange.engine
    tricks = (
        lambda: house.transact("adjust_margin", 0, 1, sender=trader).check(),
        lambda: exchange.take_over(outsider, trader, 1, WAD),
        lambda: house.transact("settle", 0, trader, sender=trader).check(),
        lambda: engine.transact("call_margin", 0, [trader], sender=trader).check(),
        lambda: exchange.trade(trader, -side, 0),
        lambda: house.transact("accrue", 0, sender=trader).check(),
        lambda: donate(exchange, trader, 1),
    )
    for trick in tricks:
        with exchange.undone(), exchange.chain.block():
            trick()
            exchange.take_over(keeper, trader, ALL, 300 * WAD)
            assert exchange.pos(trader).size == 0
    with exchange.chain.block():
        for trick in tricks:
            trick()
        exchange.take_over(keeper, trader, ALL, 300 * WAD)
    assert exchange.pos(trader).size == 0
    assert exchange.state().insurance_fund == 1
    balanced(exchange)


@SIDES
def test_attack_52_a_keeper_that_was_asleep(trader, counterparty, keeper, outsider, side):
    """Hours late, and the loss has grown to many times the margin: what the fund gives in an hour is bounded by the
    draw limit, however large the deficit and however many positions have piled up."""
    exchange = policy_exchange("oyster", insurance_draw_bps=1_000, funding_cap_bps=0, max_deviation_bps=10_000)
    with exchange.undone():
        donate(exchange, outsider, FUND)
        people = (trader, keeper)
        for who in people:
            exchange.trade(who, side * 10 * WAD, 150 * WAD)
        exchange.trade(counterparty, -side * 30 * WAD, 9_000 * WAD)
        exchange.chain.mine(6 * 3_600)
        fund = exchange.state().insurance_fund
        exchange.push(PRICE - side * 60 * WAD)
        drawn = 0
        with exchange.chain.block():
            for who in people:
                drawn += exchange.take_over(outsider, who, ALL, 3_000 * WAD).event("DeficitAbsorbed").from_insurance
        assert 0 < drawn <= fund // 10
        assert exchange.state().insurance_fund == fund - drawn
        balanced(exchange)


# ---- 53


def owner_calls(exchange):
    """Every function of Config, as the owner would call it, but those that end the market."""
    config = exchange.config
    params, policy = (config.call(name, 0) for name in ("market_params", "policy_params"))
    vault, owner = exchange.system.vault.address, exchange.system.owner
    return (
        ("set_market_params", 0, params._asdict() | {"insurance_draw_bps": 1}),
        ("set_market_params", 0, params._asdict() | {"borrow_rate_bps": 10_000}),
        ("set_policy_params", 0, policy._asdict() | {"residue": 2}),
        ("set_reduce_only", 0, True),
        ("pause", 0),
        ("unpause", 0),
        ("set_treasury", owner),
        ("set_guardian", owner),
        ("set_backstop", vault),
        ("set_backstop_loss_cap", vault, 0, 10**6 * WAD),
        ("set_backstop_band", vault, 1_000),
        ("set_backstop_delays", vault, 0, 0),
        ("set_withdrawal_limit", 10**6 * WAD, 3_600),
        ("collect_fees", 0),
        ("list_market", params._asdict() | {"venue": exchange.token.address}, policy),
    )


@pytest.mark.parametrize("debts", [False, True], ids=["all is well", "bad debt"])
def test_attack_53_the_owner_takes_the_fund(trader, counterparty, keeper, outsider, debts):
    """No call of the owner takes a wei out of it, with or without bad debt waiting: there is no way from a fund to
    anybody but by a deficit, or by the end of the market."""
    exchange = policy_exchange("satoshiswap", max_deviation_bps=10_000)
    with exchange.undone():
        donate(exchange, outsider, FUND)
        exchange.trade(trader, 20 * WAD, 300 * WAD)
        exchange.trade(counterparty, -20 * WAD, 9_000 * WAD)
        if debts:
            exchange.push(PRICE * 6 // 10)
            assert exchange.lens.call("health", 0, trader).stage == 4
        owner, treasury = exchange.system.owner, exchange.system.treasury
        names = {call[0] for call in owner_calls(exchange)}
        functions = [entry for entry in load("Config").abi if entry["type"] == "function"]
        has = {entry["name"] for entry in functions if entry["stateMutability"] == "nonpayable"}
        assert has - names == {"settle_market", "end_listing", "transfer_ownership", "accept_ownership"}
        for function, *arguments in owner_calls(exchange):
            fund, held = exchange.state().insurance_fund, exchange.free(owner) + exchange.free(treasury)
            fees = exchange.state().protocol_fees + exchange.state().borrow_fees
            exchange.config.transact(function, *arguments, sender=owner).check()
            assert exchange.state().insurance_fund >= fund >= FUND, function
            assert exchange.free(owner) + exchange.free(treasury) - held <= (fees if "fees" in function else 0)
        balanced(exchange, owner)
