"""What an audit found by reading the contracts: each told as it would have been played."""

import pytest
from support.exchange import ALL, LIQUIDITY, PRICE, WIDE, bare_house, new_exchange, open_exchange
from support.market_life import REVERTS_SILENTLY
from support.ruin import open_target

from nacre.artifacts import load
from nacre.units import MAX_UINT256, WAD

ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
NARROW = (45_550, 46_550)
CROSS = {"cross_margin": True, "max_deviation_bps": 10_000}
BACKSTOP = {"backstop_bps": 10_000, "backstop_loss_cap": 50_000, "last_resort_seconds": 600}
BACKSTOP_STAGE = 3
# A mode of MockBadOracle.
BURNS_GAS = 4
# What the vault of these stories has.
DEPOSIT = 50_000 * WAD


def touch(exchange, who):
    exchange.house.transact("accrue", 0, sender=who).check()


@pytest.mark.parametrize("wait", [False, True], ids=["same block", "next block"])
def test_a_touch_before_the_fall_keeps_no_better_mark(wait):
    """Somebody touches the market, the price falls, a bankrupt range is removed, all in one block. Its deficit was
    absorbed at the mark of that block: neither in it nor in the next is its provider closed at the mark from before."""
    exchange = new_exchange(adl_price="previous_mark", **ADL)
    trader, _, keeper, _, outsider = exchange.people.values()
    open_target(exchange, trader, 1)
    exchange.provide(trader, 500 * WAD, *NARROW)
    exchange.lead_venue(outsider, 92 * WAD, 9_000 * WAD)
    with exchange.chain.block():
        exchange.push(92 * WAD)
        touch(exchange, keeper)
    before = exchange.wealth(trader) + exchange.venue.call("range_of", trader, *NARROW).equity
    with exchange.chain.block():
        touch(exchange, trader)
        exchange.push(75 * WAD)
        exchange.venue.transact("remove_liquidity", *NARROW, trader, sender=keeper).check()
        if not wait:
            receipt = exchange.engine.transact("auto_deleverage", 0, trader, [outsider], sender=keeper).check()
    if wait:
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, [outsider], sender=keeper).check()
    assert receipt.event("AutoDeleveraging").surplus == 0
    assert exchange.wealth(trader) < before


def test_no_put_above_the_entry():
    """Bought after a fall, in a block that was touched before it, and bankrupt in the next: closed at the mark it was
    bought at, not at the one before."""
    exchange = new_exchange(adl_price="previous_mark", **ADL)
    trader, counterparty, keeper, _, outsider = exchange.people.values()
    exchange.trade(counterparty, -50 * WAD, 5_000 * WAD)
    exchange.lead_venue(outsider, 92 * WAD, 9_000 * WAD)
    for price in (98, 97):
        with exchange.chain.block():
            exchange.push(price * WAD)
            touch(exchange, keeper)
    before = exchange.wealth(trader)
    with exchange.chain.block():
        touch(exchange, trader)
        exchange.push(92 * WAD)
        exchange.trade(trader, 10 * WAD, 100 * WAD)
    exchange.push(80 * WAD)
    with exchange.chain.block():
        queue = exchange.lens.call("adl_counterparties", 0, trader, sorted([counterparty, outsider]))
        listed = [rank.account for rank in queue]
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, listed, sender=keeper).check()
    assert receipt.event("AutoDeleveraging").notional <= 920 * WAD
    assert exchange.wealth(trader) < before


@pytest.mark.parametrize("looked_at", [False, True])
def test_a_due_that_could_not_be_collected_still_counts(looked_at):
    """A liquidation of another leg asks a leg that deleveraging closed for what it is due, and its pot has nothing: the
    market can be settled and claimed all the same."""
    bare = bare_house(cross_margin=True)
    for _ in range(2):
        bare.list_market(bare.chain.account("venue"), cross_margin=True)
    trader, keeper, outsider, taker = (bare.chain.account(n) for n in ("trader", "keeper", "outsider", "counterparty"))
    for market in range(3):
        bare.send(trader, "set_margin_mode", market, True).check()
    bare.send(trader, "withdraw", bare.house.call("free_collateral", trader)).check()

    def hand(market, who, balance, size):
        removed = (0, balance * WAD, size * WAD, abs(size) * 100 * WAD, PRICE)
        bare.send(bare.venue, "venue_absorb", market, who, who, removed).check()

    for market, who, balance, size in (
        *((0, trader, 10, -2), (0, keeper, 5, 2), (1, trader, 10, 2)),
        *((2, trader, 10, -2), (2, outsider, 50, 2)),
    ):
        hand(market, who, balance, size)
    bare.send(outsider, "adjust_margin", 2, 100 * WAD).check()
    bare.oracle.transact("set_price", 75 * WAD, sender=bare.chain.account("deployer")).check()
    deleveraging = open_exchange(loss="adl", min_notional=10, max_open_interest=100_000).engine.call("policy", 0)
    bare.send(bare.engine, "deleverage", 0, keeper, deleveraging, [trader]).check()
    due = bare.house.call("position", 0, trader).balance
    assert due > 0
    assert bare.house.call("pot", 0) == 0
    if looked_at:
        policy = open_exchange().engine.call("policy", 0) | 65_535 << 16
        bare.send(bare.engine, "take_over", 1, taker, trader, ALL, 50 * WAD, policy, 0).check()
        assert bare.house.call("position", 0, trader).balance == due
    bare.send(outsider, "donate_insurance", 0, 100 * WAD).check()
    bare.send(bare.config, "settle_market", 0, 75 * WAD).check()
    assert bare.send(keeper, "claim", 0, trader).reason == "nothing owed"
    bare.send(outsider, "settle_account", 0, trader).check()
    bare.send(outsider, "claim", 0, trader).check()
    assert bare.house.call("owed", 0, trader) == 0


def test_claims_wait_for_ranges_without_margin():
    """Social loss took all of the ranges' margin, but they hold the largest claim: nobody is paid ahead of them."""
    exchange = new_exchange(liquidity=0, free=50_000 * WAD, max_deviation_bps=10_000)
    trader, _, keeper, provider, outsider = exchange.people.values()
    exchange.provide(provider, 10_000 * WAD)
    exchange.trade(trader, -50 * WAD, 2_000 * WAD)
    exchange.push(1_000 * WAD)
    exchange.take_over(keeper, trader, ALL, 5_500 * WAD)
    state = exchange.state()
    assert (state.lp_margin, state.ranges) == (0, 1)
    exchange.config.transact("settle_market", 0, 1_000 * WAD, sender=exchange.system.owner).check()
    exchange.house.transact("settle_account", 0, keeper, sender=keeper).check()
    exchange.refuses("market is settling", exchange.house, "claim", 0, keeper, sender=keeper)
    exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=outsider).check()
    exchange.house.transact("settle_account", 0, provider, sender=outsider).check()
    assert exchange.state().ranges == 0
    pot = exchange.house.call("pot", 0)
    debts = {who: exchange.house.call("owed", 0, who) for who in (keeper, provider)}
    assert pot < sum(debts.values())
    for who in (keeper, provider):
        free = exchange.free(who)
        exchange.house.transact("claim", 0, who, sender=who).check()
        assert abs(exchange.free(who) - free - debts[who] * pot // sum(debts.values())) <= 1


def test_money_in_and_out_fills_no_withdrawal_limit():
    """A deposit and its withdrawal are no outflow, in this order either: others can still withdraw."""
    exchange = new_exchange()
    trader, _, _, _, outsider = exchange.people.values()
    limit = 5_000 * WAD
    exchange.config.transact("set_withdrawal_limit", limit, 86_400, sender=exchange.system.owner).check()
    exchange.system.mint(outsider, limit)
    exchange.token.transact("approve", exchange.house.address, MAX_UINT256, sender=outsider).check()
    with exchange.chain.block():
        exchange.house.transact("deposit", limit, sender=outsider).check()
        assert exchange.house.call("outflow_room") == 2 * limit
        exchange.house.transact("withdraw", limit, sender=outsider).check()
        assert exchange.house.call("outflow_room") == limit
        exchange.house.transact("withdraw", limit, sender=trader).check()
        assert exchange.house.call("outflow_room") == 0
        exchange.refuses("withdrawal limit", exchange.house, "withdraw", 1, sender=trader)


def test_credit_for_what_came_in_fades_like_what_left():
    exchange = new_exchange()
    outsider = exchange.people["outsider"]
    limit, period = 5_000 * WAD, 10_000
    exchange.config.transact("set_withdrawal_limit", limit, period, sender=exchange.system.owner).check()
    exchange.system.fund(outsider, limit)
    start = exchange.chain.timestamp
    assert exchange.house.call("outflow_room") == 2 * limit
    exchange.chain.set_next_timestamp(start + period // 4)
    exchange.chain.mine(0)
    assert exchange.house.call("outflow_room") == 2 * limit - limit // 4
    exchange.chain.mine(period)
    assert exchange.house.call("outflow_room") == limit


def test_an_operator_is_no_shield_from_the_backstop():
    """A target that makes the vault its operator is taken over all the same."""
    exchange = new_exchange(backstop_bps=10_000, backstop_loss_cap=2_000, takeover=False, last_resort_seconds=600)
    trader, _, keeper, _, outsider = exchange.people.values()
    system, vault = exchange.system, exchange.system.vault
    system.mint(keeper, 50_000 * WAD)
    system.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    system.token.transact("approve", vault.address, MAX_UINT256, sender=keeper).check()
    vault.transact("deposit", system.to_tokens(50_000 * WAD), keeper, sender=keeper).check()
    exchange.trade(trader, 20 * WAD, 220 * WAD)
    exchange.house.transact("set_operator", vault.address, True, sender=trader).check()
    exchange.house.transact("set_operator", outsider, True, sender=trader).check()
    exchange.push(92 * WAD)
    exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
    assert exchange.pos(trader).size == 0
    assert exchange.pos(vault.address).size == 20 * WAD


# ---- the end of a market, and accounts that have more than one


def two_markets(**fields):
    """With a second one, `other`, that is like it."""
    exchange = new_exchange(**CROSS | fields)
    exchange.list_market("other", **CROSS | fields)
    provider = exchange.people["provider"]
    exchange.system.fund(provider, LIQUIDITY)
    exchange.provide(provider, LIQUIDITY, market="other")
    return exchange


def legs(exchange, who, free, *sizes):
    """An account with that much, and a cross position of each size in the markets in order."""
    exchange.house.transact("withdraw", exchange.free(who) - free, sender=who).check()
    for market, size in enumerate(sizes):
        exchange.house.transact("set_margin_mode", market, True, sender=who).check()
        exchange.trade(who, size, market=market)


def account(exchange, who):
    return exchange.house.call("account_state", who)


def ended(exchange, price):
    """The first market settles there; both have a fund, and both prices are there."""
    keeper = exchange.people["keeper"]
    for market in (0, 1):
        exchange.house.transact("donate_insurance", market, 1_000 * WAD, sender=keeper).check()
    exchange.push(price)
    exchange.system.push_price(exchange.system.markets["other"], price)
    exchange.config.transact("settle_market", 0, price, sender=exchange.system.owner).check()


def funds(exchange):
    return [exchange.house.call("insurance_fund", market) for market in (0, 1)]


def test_a_hedge_pays_the_loss_of_the_leg_that_ends():
    """Long here and short there, and the price falls: the loss comes out of the gain, not out of the fund."""
    exchange = two_markets()
    trader, _, keeper, *_ = exchange.people.values()
    legs(exchange, trader, 420 * WAD, 20 * WAD, -20 * WAD)
    ended(exchange, 60 * WAD)
    before, free, pot = account(exchange, trader), exchange.free(trader), exchange.state(1).pot
    lost = -exchange.lens.call("health", 0, trader).pnl - exchange.record(trader).balance
    event = exchange.house.transact("settle_account", 0, trader, sender=keeper).check().event("AccountSettled")
    after = account(exchange, trader)
    assert lost > free > 0
    assert (after.equity, event.claim, exchange.free(trader)) == (before.equity, 0, 0)
    assert exchange.state(1).pot == pot - (lost - free)
    assert funds(exchange) == [1_000 * WAD, 1_000 * WAD]
    assert exchange.house.call("cross_markets", trader)[1] == 2


def test_a_claim_goes_on_backing_the_other_leg():
    """The price rises instead: nobody can have the account taken over by settling the leg that gained. When the claim
    is paid it is free collateral, and the account is worth what it was."""
    exchange = two_markets()
    trader, _, keeper, provider, _ = exchange.people.values()
    legs(exchange, trader, 420 * WAD, 20 * WAD, -20 * WAD)
    ended(exchange, 140 * WAD)
    before = account(exchange, trader)
    assert before.equity > before.maintenance_margin
    exchange.house.transact("settle_account", 0, trader, sender=keeper).check()
    claim = exchange.house.call("owed", 0, trader)
    assert claim > before.equity
    assert account(exchange, trader).equity == before.equity
    take = ("liquidate_by_takeover", 1, trader, ALL, 400 * WAD)
    exchange.refuses("not liquidatable", exchange.engine, *take, sender=keeper)
    exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=keeper).check()
    exchange.house.transact("settle_account", 0, provider, sender=keeper).check()
    free = exchange.free(trader)
    exchange.house.transact("claim", 0, trader, sender=keeper).check()
    assert exchange.free(trader) == free + claim
    assert account(exchange, trader).equity == before.equity
    assert exchange.house.call("cross_markets", trader)[1] == 2
    assert funds(exchange) == [1_000 * WAD, 1_000 * WAD]


def bad_oracle(exchange, market=0):
    """In the place of the market's own, at the same price, well behaved so far."""
    oracle = exchange.chain.deploy(load("MockBadOracle"), PRICE, sender=exchange.system.deployer)
    params = exchange.config.call("market_params", market)._asdict() | {"oracle": oracle.address}
    exchange.config.transact("set_market_params", market, params, sender=exchange.system.owner).check()
    exchange.house.transact("accrue", market, sender=exchange.people["keeper"]).check()
    return oracle


def test_one_failing_block_ends_no_market():
    """Nobody touched it for hours, its feed was well all that time: the first failure is only noted."""
    delay = 7_200
    exchange = new_exchange(settlement_delay=delay)
    trader, _, keeper, _, outsider = exchange.people.values()
    oracle = bad_oracle(exchange)
    exchange.trade(trader, -20 * WAD, 900 * WAD)
    exchange.chain.mine(3_600 + delay)
    oracle.transact("set_price", 140 * WAD, exchange.chain.timestamp, False, 0, sender=keeper).check()
    assert exchange.lens.call("health", 0, trader).stage == 2
    oracle.transact("set_mode", REVERTS_SILENTLY, sender=keeper).check()
    noted = exchange.house.transact("settle_dead_market", 0, sender=trader).check()
    assert (noted.event("OracleFailing").market, noted.event("OracleFailing").since) == (0, noted.timestamp)
    exchange.refuses("market is alive", exchange.house, "settle_dead_market", 0, sender=trader)
    oracle.transact("set_mode", 0, sender=keeper).check()
    assert exchange.state().final_price == 0
    exchange.take_over(outsider, trader, ALL, 2_000 * WAD)
    assert exchange.record(trader).size == 0


# ---- the backstop and its vault


def with_vault(exchange):
    """The keeper has brought all that it has."""
    system, keeper = exchange.system, exchange.people["keeper"]
    system.config.transact("set_backstop_delays", system.vault.address, 0, 0, sender=system.owner).check()
    system.mint(keeper, DEPOSIT)
    system.token.transact("approve", system.vault.address, ALL, sender=keeper).check()
    system.vault.transact("deposit", system.to_tokens(DEPOSIT), keeper, sender=keeper).check()
    return system.vault


@pytest.mark.parametrize("obstacle", ["stale", "no cap", "settling"])
def test_a_crumb_shields_nobody_from_the_backstop(obstacle):
    """A leg of a hundredth in a market where the vault can take nothing: the others go, and it goes when it can."""
    exchange = two_markets(takeover=False, **BACKSTOP)
    trader, _, keeper, _, outsider = exchange.people.values()
    system, vault = exchange.system, with_vault(exchange)
    legs(exchange, trader, 400 * WAD, 30 * WAD, WAD // 100)
    crumb = exchange.record(trader, 1)
    if obstacle == "stale":
        exchange.chain.mine(3_700)
    elif obstacle == "no cap":
        system.config.transact("set_backstop_loss_cap", vault.address, 1, 0, sender=system.owner).check()
    else:
        system.config.transact("settle_market", 1, PRICE, sender=system.owner).check()
    exchange.push(90 * WAD)
    assert exchange.lens.call("health", 0, trader).stage == BACKSTOP_STAGE
    receipt = exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
    assert [(event.market, event.size, event.left) for event in receipt.events("Takeover")] == [(0, 30 * WAD, 0)]
    assert exchange.record(vault.address).size == 30 * WAD
    assert (exchange.record(trader, 1), exchange.record(vault.address, 1).size) == (crumb, 0)
    assert (vault.call("committed", 1), list(vault.call("active_markets"))) == (0, [0])
    # asked for in the market where it cannot be
    reason = {"stale": "stale price", "no cap": "below initial margin", "settling": "market is settling"}[obstacle]
    exchange.refuses(reason, exchange.engine, "liquidate_by_backstop", 1, trader, sender=keeper)


@pytest.mark.parametrize("direct", [True, False])
def test_who_fetches_what_the_vault_is_due_does_not_matter(direct):
    """A position of the vault that deleveraging closed: its margin is back, whoever has the clearinghouse pay it."""
    exchange = new_exchange(**ADL, backstop_bps=10_000, backstop_loss_cap=2_000)
    trader, counterparty, _, _, outsider = exchange.people.values()
    vault = with_vault(exchange)
    exchange.trade(trader, -20 * WAD, 220 * WAD)
    exchange.trade(counterparty, 30 * WAD, 400 * WAD)
    exchange.push(107 * WAD)
    exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
    committed = vault.call("committed", 0)
    exchange.push(84 * WAD)
    exchange.engine.transact("auto_deleverage", 0, counterparty, [vault.address], sender=outsider).check()
    due = exchange.record(vault.address).balance
    assert due > committed == vault.call("committed", 0) > 0
    if direct:
        exchange.house.transact("settle", 0, vault.address, sender=outsider).check()
    else:
        vault.transact("settle", 0, sender=outsider).check()
    assert (vault.call("committed", 0), vault.call("admit", 0)) == (0, 2_000 * WAD)


# ---- what is told, old marks, and feeds that burn


def test_a_trade_of_a_cross_account_tells_where_it_fails():
    """Where the market shows it: as `announce` in the same block, ahead of the trade."""
    exchange = new_exchange(cross_margin=True, show_liquidation_price=True)
    trader, _, keeper, *_ = exchange.people.values()
    exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    for size in (50 * WAD, -20 * WAD, -60 * WAD):
        with exchange.chain.block():
            traded = exchange.trade(trader, size)
            announced = exchange.house.transact("announce", 0, trader, sender=keeper).check()
        assert traded.event("LiquidationPrice") == announced.event("LiquidationPrice")
        assert traded.event("LiquidationPrice").account == trader


def test_a_mark_of_hours_ago_is_not_the_previous_one():
    """Nobody touches the market while it falls from 97 to 74; whoever is bankrupt is not closed where it was."""
    exchange = new_exchange(adl_price="previous_mark", **ADL)
    trader, counterparty, _, _, outsider = exchange.people.values()
    exchange.trade(counterparty, -10 * WAD, 1_000 * WAD)
    exchange.push(97 * WAD)
    exchange.lead_venue(outsider, 97 * WAD, 9_000 * WAD)
    exchange.trade(trader, 10 * WAD, 110 * WAD)
    for step in range(24):
        exchange.chain.mine(900)
        exchange.push((97 - step) * WAD)
    held, free = exchange.pos(trader), exchange.free(trader)
    assert exchange.state().previous_mark == 0
    queue = exchange.lens.call("adl_counterparties", 0, trader, sorted([counterparty, outsider]))
    listed = [rank.account for rank in queue]
    event = exchange.engine.transact("auto_deleverage", 0, trader, listed, sender=trader).check()
    assert event.event("AutoDeleveraging").notional == held.notional - held.balance
    assert (exchange.free(trader), exchange.record(trader).size) == (free, 0)


def test_a_feed_that_burns_its_gas_keeps_nobody_bankrupt():
    """Forty who stand opposite have a leg in a market whose feed burns all it gets. Each counts for the legs that might
    be looked at for so much gas: eight are closed, what they leave is absorbed, and the call fits a transaction."""
    exchange = two_markets(loss="adl", min_notional=10, max_open_interest=100_000)
    trader, _, keeper, *_ = exchange.people.values()
    opposite = [exchange.chain.account(f"winner {number}") for number in range(40)]
    for who in opposite:
        exchange.system.fund(who, 1_001 * WAD)
        legs(exchange, who, 1_000 * WAD, -WAD, WAD // 5)
    exchange.trade(trader, 50 * WAD, 550 * WAD)
    oracle = bad_oracle(exchange, 1)
    exchange.push(70 * WAD)
    oracle.transact("set_mode", BURNS_GAS, sender=keeper).check()
    queue = [rank.account for rank in exchange.lens.call("adl_counterparties", 0, trader, opposite)]
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, queue, sender=keeper).check()
    assert receipt.gas_used < 2**24
    assert [event.account for event in receipt.events("Deleveraged")] == queue[:8]
    assert exchange.lens.call("health", 0, trader).equity == 0
