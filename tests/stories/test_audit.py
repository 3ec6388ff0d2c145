"""What an audit found, as it should be: claims stay payable, a fall is made good once, nobody shuts the vault out."""

from support.exchange import ALL, PRICE, WAD, WIDE, bare_house, open_exchange

ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
LOSING, PAYING = 1, 2


def test_a_due_that_pays_nothing_stays_counted():
    """A liquidation passes over what an owing market has for the account; when that settles, its claims are paid."""
    bare = bare_house(cross_margin=True)
    for _ in range(2):
        bare.list_market(bare.chain.account("venue"), cross_margin=True)
    who = {name: bare.chain.account(name) for name in ("trader", "counterparty", "outsider", "provider", "keeper")}
    house, trader, outsider = bare.house, who["trader"], who["outsider"]
    for market in range(3):
        bare.send(trader, "set_margin_mode", market, True).check()
    bare.send(trader, "withdraw", house.call("free_collateral", trader)).check()

    def hand_out(market, account, balance, size):
        """A range of the least margin, removed with that."""
        bare.send(bare.venue, "venue_provide", market, who["provider"], 1, PRICE).check()
        removed = (1, balance * WAD, size * WAD, abs(size) * PRICE, PRICE)
        bare.send(bare.venue, "venue_absorb", market, account, account, removed).check()

    hand_out(0, trader, 10, -2)
    hand_out(0, who["keeper"], 5, 2)
    hand_out(LOSING, trader, 10, 2)
    hand_out(PAYING, trader, 10, -2)
    hand_out(PAYING, outsider, 50, 2)
    bare.send(outsider, "adjust_margin", PAYING, 100 * WAD).check()
    bare.oracle.transact("set_price", 75 * WAD, sender=bare.chain.account("deployer")).check()
    policy = open_exchange(**ADL).engine.call("policy", 0)
    bare.send(bare.engine, "deleverage", 0, who["keeper"], policy, [trader]).check()
    due = house.call("position", 0, trader).balance
    # the market owes from now on
    hand_out(0, outsider, 100, 0)
    assert house.call("owed", 0, outsider) > 0 < due
    policy = open_exchange().engine.call("policy", 0)
    # at a trigger above what the account has
    call = ("take_over", LOSING, who["counterparty"], trader, ALL, 50 * WAD, policy | 0xFFFF << 16, 0)
    bare.send(bare.engine, *call).check()
    assert house.call("position", PAYING, trader).balance < 10 * WAD
    assert house.call("position", 0, trader).balance == due
    bare.send(bare.config, "settle_market", 0, 75 * WAD).check()
    bare.send(outsider, "settle_account", 0, trader).check()
    assert house.call("owed", 0, trader) == due
    assert bare.send(trader, "claim", 0).reason == ""


def test_no_claim_is_paid_while_a_range_stands(opened, trader, keeper, provider, outsider):
    """Social loss took all the ranges' margin; what their inventory has gained is a claim like any."""
    exchange = opened(liquidity=0, free=50_000 * WAD, max_deviation_bps=10_000)
    exchange.provide(provider, 10_000 * WAD)
    exchange.trade(trader, -50 * WAD, 2_000 * WAD)
    exchange.push(1_000 * WAD)
    exchange.take_over(keeper, trader, margin=5_500 * WAD)
    assert exchange.state().lp_margin == 0
    exchange.config.transact("settle_market", 0, 1_000 * WAD, sender=exchange.system.owner).check()
    exchange.house.transact("settle_account", 0, keeper, sender=keeper).check()
    exchange.refuses("market is settling", exchange.house, "claim", 0, keeper, sender=keeper)
    exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=outsider).check()
    exchange.house.transact("settle_account", 0, provider, sender=outsider).check()
    pot, owed = exchange.state().pot, exchange.house.call("owed", 0, keeper)
    before, total = exchange.free(keeper), exchange.state().owed_total
    exchange.house.transact("claim", 0, keeper, sender=keeper).check()
    assert exchange.free(keeper) - before == owed * pot // total < owed


def test_nobody_shuts_the_vault_out(opened, trader, keeper, outsider):
    """Whoever makes it an operator is taken over all the same."""
    exchange = opened(backstop_bps=10_000, backstop_loss_cap=2_000, takeover=False, last_resort_seconds=600)
    system, vault = exchange.system, exchange.system.vault
    system.mint(keeper, 5_000 * WAD)
    system.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    system.token.transact("approve", vault.address, ALL, sender=keeper).check()
    vault.transact("deposit", system.to_tokens(5_000 * WAD), keeper, sender=keeper).check()
    exchange.trade(trader, 20 * WAD, 220 * WAD)
    exchange.push(92 * WAD)
    exchange.house.transact("set_operator", vault.address, True, sender=trader).check()
    assert exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).reason == ""
    assert exchange.pos(vault.address).size == 20 * WAD


def test_a_touch_before_the_fall_makes_nothing_good_twice(opened, trader, outsider, keeper):
    """The mark before the next block is the last of this one, after the fall: not the first, before it."""
    exchange = opened(adl_price="previous_mark", **ADL)
    exchange.trade(trader, 10 * WAD, 110 * WAD)
    exchange.provide(trader, 500 * WAD, 45_550, 46_550)
    exchange.lead_venue(outsider, 92 * WAD, 9_000 * WAD)
    with exchange.chain.block():
        exchange.push(92 * WAD)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    with exchange.chain.block():
        exchange.house.transact("accrue", 0, sender=trader).check()
        exchange.push(75 * WAD)
        removal = exchange.venue.transact("remove_liquidity", 45_550, 46_550, trader, sender=keeper).check()
        assert removal.event("DeficitAbsorbed").deficit > 0
    receipt = exchange.engine.transact("auto_deleverage", 0, trader, [outsider], sender=keeper).check()
    assert receipt.event("AutoDeleveraging").surplus == 0


def test_who_brings_and_takes_the_same_stops_nobody(opened, trader, outsider):
    """A withdrawal limit counts what leaves net of deposits."""
    exchange = opened()
    system, limit = exchange.system, 5_000 * WAD
    system.config.transact("set_withdrawal_limit", limit, 86_400, sender=system.owner).check()
    system.mint(outsider, limit)
    system.token.transact("approve", exchange.house.address, ALL, sender=outsider).check()
    with exchange.chain.block():
        exchange.house.transact("deposit", system.to_tokens(limit), sender=outsider).check()
        exchange.house.transact("withdraw", system.to_tokens(limit), sender=outsider).check()
        assert exchange.house.transact("withdraw", system.to_tokens(limit), sender=trader).reason == ""
