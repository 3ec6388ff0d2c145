"""What an audit found by reading the contracts: each told as it would have been played."""

import pytest
from support.exchange import ALL, PRICE, WIDE, bare_house, new_exchange, open_exchange
from support.ruin import open_target

from nacre.units import WAD

ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
NARROW = (45_550, 46_550)


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
    exchange.token.transact("approve", exchange.house.address, 2**256 - 1, sender=outsider).check()
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
    system.token.transact("approve", vault.address, 2**256 - 1, sender=keeper).check()
    vault.transact("deposit", system.to_tokens(50_000 * WAD), keeper, sender=keeper).check()
    exchange.trade(trader, 20 * WAD, 220 * WAD)
    exchange.house.transact("set_operator", vault.address, True, sender=trader).check()
    exchange.house.transact("set_operator", outsider, True, sender=trader).check()
    exchange.push(92 * WAD)
    exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
    assert exchange.pos(trader).size == 0
    assert exchange.pos(vault.address).size == 20 * WAD
