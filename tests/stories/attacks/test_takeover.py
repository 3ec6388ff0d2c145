"""Taking over from oneself, with friends, or from the vault."""

import pytest
from support import spec
from support.attacks import POLICIES, SIDES, check_books, holdings, no_gain
from support.exchange import ALL, FREE, PRICE, Exchange
from support.spec import Pos

from nacre.units import WAD

UNDER_ALL = pytest.mark.parametrize("policy", POLICIES)
# How far the price goes against somebody with a margin of 13 %: below maintenance margin, near nothing, far beyond.
FALLS = pytest.mark.parametrize("fall", [9, 11, 13, 20])


# ---- 37. Oneself through a second wallet


@FALLS
@SIDES
@UNDER_ALL
def test_attack_37_a_second_wallet_gains_nothing(under, policy, side, fall, trader, keeper, counterparty, outsider):
    """Both wallets together, by every way there is: at most what they had, where a bankrupt position counts as nothing,
    since its owner could just leave it. The venue stands at mark: nothing is to be gained from providers either."""
    exchange = failing(under, policy, side, fall, (trader, counterparty, outsider))
    attempts = [
        ("liquidate_by_takeover", 0, trader, ALL, 400 * WAD),
        ("liquidate_by_takeover", 0, trader, 7 * WAD, 200 * WAD),
        ("force_close", 0, trader, ALL, 0),
        ("force_close", 0, trader, 7 * WAD, 0),
        ("liquidate_by_backstop", 0, trader),
        ("auto_deleverage", 0, trader, [counterparty, outsider]),
    ]
    health = exchange.lens.call("health", 0, trader)
    done = set()
    for call in attempts:
        with exchange.undone(), exchange.chain.block(), no_gain(exchange, trader, keeper):
            receipt = exchange.engine.transact(*call, sender=keeper)
            if receipt.ok:
                done.add(call[0])
            direct = exchange.engine.transact(*call, sender=trader)
            if call[0] in ("liquidate_by_takeover", "force_close") and exchange.pos(trader).size:
                assert direct.reason in ("self liquidation", "force close not allowed")
    assert health.stage < 4 or done, "a bankrupt position that nobody could end proves nothing"
    assert health.stage != 3 or "liquidate_by_backstop" in done


def failing(under, policy: str, side: int, fall: int, people: tuple[str, str, str]) -> Exchange:
    """20 with a margin of 13 % of its notional; venue and mark went `fall` % against it. The vault has money."""
    trader, counterparty, outsider = people
    exchange = under(policy, max_deviation_bps=10_000)
    backed(exchange, exchange.people["provider"])
    exchange.trade(trader, side * 20 * WAD, 263 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 3_000 * WAD)
    mark = exchange.pos(trader).notional * (100 - fall * side) // 2_000
    exchange.lead_venue(outsider, mark)
    for _ in range(2):
        exchange.push(mark)
        exchange.house.transact("accrue", 0, sender=outsider).check()
    return exchange


# ---- 41. Both sides of a bet


@SIDES
@pytest.mark.parametrize("fall", [20, 45, 80])
@UNDER_ALL
def test_attack_41_a_hedged_pair_wins_at_most_what_the_fund_may_give(
    under, policy, side, fall, trader, counterparty, keeper, outsider
):
    """One account of the attacker wins, the other leaves its deficit. Nothing of the profit is withdrawn ahead of it;
    the deficit comes out of the winner again, but for what may be drawn from the insurance fund: 5 % of it."""
    exchange = under(policy, push_jump_bps=100, max_deviation_bps=10_000, insurance_draw_bps=500)
    exchange.house.transact("donate_insurance", 0, 5_000 * WAD, sender=outsider).check()
    pair = (trader, counterparty)
    before = holdings(exchange, *pair)
    exchange.trade(trader, side * 40 * WAD, 800 * WAD)
    exchange.trade(counterparty, -side * 40 * WAD, 800 * WAD)
    fund = exchange.state().insurance_fund
    with exchange.chain.block():
        exchange.push(PRICE * (100 - fall * side) // 100)
        for call in (("adjust_margin", 0, -1), ("trade", 0, side * 40 * WAD, 0, 0, 0)):
            exchange.refuses("price just jumped", exchange.house, *call, sender=counterparty)
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, [counterparty], sender=keeper)
        if not receipt.ok:
            assert receipt.reason in ("ADL not allowed", "insurance pays")
            exchange.take_over(keeper, trader, margin=50_000 * WAD)
    drawn = fund - exchange.state().insurance_fund
    assert drawn <= fund * 500 // 10_000
    assert exchange.pos(trader) == Pos()
    assert holdings(exchange, *pair) <= before + max(drawn, 0)
    check_books(exchange)


@SIDES
def test_attack_41_profit_that_nobody_has_paid(opened, trader, counterparty, outsider, side):
    """It backs no withdrawal and no new position; and a close is paid by this market's pot alone."""
    exchange = opened(free=50 * FREE, max_deviation_bps=10_000)
    exchange.list_market("other", max_deviation_bps=10_000)
    exchange.house.transact("donate_insurance", 1, 500 * WAD, sender=counterparty).check()
    exchange.trade(trader, side * 40 * WAD, 800 * WAD)
    exchange.trade(counterparty, -side * 40 * WAD, 800 * WAD)
    mark = PRICE * (100 - 40 * side) // 100
    exchange.lead_venue(outsider, mark)
    exchange.push(mark)
    position = exchange.pos(counterparty)
    assert spec.equity(position, mark) > 2_000 * WAD
    most = spec.opening_excess(position, mark, 1_000)
    assert most < 800 * WAD
    refused = ("adjust_margin", 0, -most - 1)
    exchange.refuses("below initial margin", exchange.house, *refused, sender=counterparty)
    more = ("trade", 0, -side * 200 * WAD, 0, 0, 0)
    exchange.refuses("below initial margin", exchange.house, *more, sender=counterparty)
    pot = exchange.house.call("pot", 0)
    exchange.trade(counterparty, side * 40 * WAD)
    assert exchange.free(counterparty) - (50 * FREE - 1_300 * WAD) <= pot
    assert exchange.house.call("pot", 1) == 500 * WAD
    check_books(exchange)


# ---- 42. To the edge, and over to the backstop


@pytest.mark.parametrize("cross", [False, True], ids=["isolated", "cross"])
@SIDES
def test_attack_42_withdrawing_down_to_the_edge(under, trader, keeper, outsider, side, cross):
    """A large position with a profit: all that may be withdrawn is, and the vault is not next. Of a cross account a
    tenth of the notional stays, far more than its maintenance margin; and its profit counts for nothing."""
    exchange = under("hyperliquid", max_deviation_bps=10_000, push_jump_bps=0)
    backed(exchange, outsider)
    if cross:
        exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
        exchange.house.transact("withdraw", exchange.free(trader) - 60_000 * WAD, sender=trader).check()
    exchange.trade(trader, side * 200 * WAD, 0 if cross else 60_000 * WAD)
    mark = exchange.pos(trader).notional * (100 + 10 * side) // 20_000
    for _ in range(2):
        exchange.push(mark)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    with exchange.chain.block():
        if cross:
            account = exchange.house.call("account_state", trader)
            most = account.opening - spec.ceil(account.notional, 10)
            assert account.opening <= 60_000 * WAD < account.equity
            exchange.refuses("below account margin", exchange.house, "withdraw", most + 1, sender=trader)
            exchange.house.transact("withdraw", most, sender=trader).check()
        else:
            settled = exchange.lens.call("health", 0, trader)
            most = settled.balance - settled.carry - settled.initial_margin
            call = ("adjust_margin", 0, -most - 1)
            exchange.refuses("below initial margin", exchange.house, *call, sender=trader)
            exchange.house.transact("adjust_margin", 0, -most, sender=trader).check()
        health = exchange.lens.call("health", 0, trader)
        assert health.equity >= 2 * health.maintenance_margin
        for call in (("liquidate_by_backstop", 0, trader), ("force_close", 0, trader, ALL, 0)):
            exchange.refuses("not liquidatable", exchange.engine, *call, sender=keeper)
    check_books(exchange)


def backed(exchange: Exchange, depositor: str) -> None:
    """A vault of 50,000 that waits for nobody."""
    system, vault = exchange.system, exchange.system.vault
    system.mint(depositor, 50_000 * WAD)
    system.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    system.token.transact("approve", vault.address, ALL, sender=depositor).check()
    vault.transact("deposit", system.to_tokens(50_000 * WAD), depositor, sender=depositor).check()


@SIDES
def test_attack_42_the_whale_and_the_vault_are_one(under, trader, keeper, counterparty, outsider, side):
    """The attacker owns the vault's shares too, and hands it his failing position: together no richer than before."""
    exchange = under("hyperliquid", max_deviation_bps=10_000, push_jump_bps=0, funding_cap_bps=0)
    backed(exchange, outsider)
    exchange.trade(trader, side * 20 * WAD, 80 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 4_000 * WAD)
    mark = exchange.lens.call("bankruptcy_price", 0, trader) * (1_000 + 4 * side) // 1_000
    for _ in range(2):
        exchange.push(mark)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    vault = exchange.system.vault

    def together() -> int:
        shares = vault.call("balanceOf", outsider)
        return holdings(exchange, trader, outsider) + vault.call("convertToAssets", shares)

    # in one block, for the median mark still moves
    with exchange.chain.block():
        assert exchange.lens.call("health", 0, trader).stage == 3
        before = together()
        exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=keeper).check()
        assert together() <= before
    assert exchange.pos(trader) == Pos()
    assert exchange.pos(vault.address).size == side * 20 * WAD
    check_books(exchange, vault.address)


# ---- 44. All in one block


@SIDES
@UNDER_ALL
def test_attack_44_borrowed_money_for_one_block(under, policy, side, trader, keeper, outsider):
    """In, open, provide, add, reduce, flip, close, out again: with borrowed money and three wallets, in one block."""
    exchange = under(policy, max_deviation_bps=10_000)
    exchange.system.mint(trader, 10**6 * WAD)
    for _ in range(2):
        exchange.push(PRICE)
        exchange.house.transact("accrue", 0, sender=outsider).check()
    gang = (trader, keeper, outsider)
    with no_gain(exchange, *gang), exchange.chain.block():
        exchange.house.transact("deposit", exchange.system.to_tokens(10**6 * WAD), sender=trader).check()
        exchange.venue.transact("add_liquidity", 45_000, 47_000, 10**5 * WAD, 0, 0, sender=trader).check()
        for who, size in ((keeper, 40), (outsider, -60), (trader, 30), (keeper, -70), (outsider, 90)):
            exchange.trade(who, side * size * WAD, 20_000 * WAD)
        for target in gang:
            for call in (("liquidate_by_takeover", 0, target, ALL, 0), ("force_close", 0, target, ALL, 0)):
                other = keeper if target != keeper else trader
                exchange.refuses("not liquidatable", exchange.engine, *call, sender=other)
        exchange.venue.transact("remove_liquidity", 45_000, 47_000, sender=trader).check()
        for who in gang:
            exchange.trade(who, -exchange.pos(who).size)
        exchange.house.transact("withdraw", exchange.system.to_tokens(exchange.free(trader)), sender=trader).check()
