"""Attacks on the backstop vault and on what counts money: docs/security.md. The vault is the deployed one.

ERC-4626 itself, case 78, is tested in tests/unit/backstop_vault.
"""

import pytest
from support.attacks import SIDES, policy_exchange
from support.deleveraging import deleverage
from support.exchange import ALL, PRICE, open_exchange
from support.ruin import SIZE, crash, open_target
from support.sheets import balanced

from nacre.units import WAD

# Shares for a token unit, at first.
OFFSET = 10**6


@pytest.fixture
def backed():
    """Hyperliquid's market, without funding: a day until a deposit takes part, four until a redemption is paid."""
    exchange = policy_exchange("hyperliquid", max_deviation_bps=10_000, funding_cap_bps=0)
    with exchange.undone():
        yield exchange


def tokens(exchange, who):
    return exchange.token.call("balanceOf", who)


def bring(exchange, who, amount):
    """Mints tokens and lets vault and clearinghouse take them."""
    if amount:
        exchange.token.transact("mint", who, amount, sender=who).check()
    for spender in (exchange.system.vault, exchange.house):
        exchange.token.transact("approve", spender.address, ALL, sender=who).check()


def enter(exchange, who, amount):
    """Shares for so many token units, after the delay."""
    vault = exchange.system.vault
    bring(exchange, who, amount)
    vault.transact("request_deposit", amount, sender=who).check()
    exchange.chain.mine(vault.call("deposit_delay"))
    return vault.transact("deposit", amount, who, sender=who).check().value


def leave(exchange, who):
    """Token units for all shares, after the lock-up."""
    vault, shares = exchange.system.vault, exchange.system.vault.call("balanceOf", who)
    vault.transact("request_redeem", shares, sender=who).check()
    exchange.chain.mine(vault.call("lock_up"))
    return vault.transact("redeem", shares, who, who, sender=who).check().value


# ---- 74


@pytest.mark.parametrize("multiple", [0, 1, 1_000], ids=["nothing", "as much", "a thousand times"])
@pytest.mark.parametrize("decimals", [6, 18])
def test_attack_74_the_first_depositor_inflates_the_share(backed, keeper, outsider, decimals, multiple):
    """One unit in, a gift by every way there is, and the next depositor's shares rounded down. It costs the gift: the
    victim loses a millionth of that at most, and the attacker has less than it brought."""
    exchange = open_exchange(decimals=6) if decimals == 6 else backed
    attacker, victim, vault = keeper, outsider, exchange.system.vault
    unit = 10**decimals
    deposit, gift = 1_000 * unit, 1_000 * unit * multiple
    with exchange.undone():
        bring(exchange, attacker, 3 * gift)
        before = tokens(exchange, attacker)
        assert enter(exchange, attacker, 1) == OFFSET
        if gift:
            for address in (vault.address, exchange.house.address):
                exchange.token.transact("transfer", address, gift, sender=attacker).check()
            assert vault.call("totalAssets") == 1
            exchange.house.transact("deposit", gift, vault.address, sender=attacker).check()
            assert vault.call("totalAssets") == gift + 1
        had = tokens(exchange, victim)
        enter(exchange, victim, deposit)
        paid = leave(exchange, victim)
        assert tokens(exchange, victim) == had + paid
        assert 0 <= deposit - paid <= gift // OFFSET + 2
        leave(exchange, attacker)
        # half of the gift is the ghosts' who hold the first million of shares
        assert before - tokens(exchange, attacker) >= 2 * gift + gift // 2 - gift // OFFSET - 1


# ---- 75


@SIDES
def test_attack_75_tokens_sent_to_distort_the_books(opened, trader, counterparty, keeper, side):
    """Tokens that arrive without a deposit, at any contract, are nobody's: no pot, fund, share price, mark or stage
    moves."""
    exchange = opened()
    exchange.trade(trader, side * SIZE, 110 * WAD)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    system, vault = exchange.system, exchange.system.vault
    enter(exchange, keeper, 1_000 * WAD)
    exchange.push(PRICE)

    def seen():
        names = ("totalAssets", "totalSupply")
        figures = [*(vault.call(name) for name in names), *(vault.call("admit", 0), exchange.state())]
        return [*figures, *(exchange.free(who) for who in (trader, counterparty, vault.address, system.treasury))]

    bring(exchange, keeper, 10**12 * WAD)
    with exchange.chain.block():
        before = seen()
        for contract in (exchange.house, exchange.engine, exchange.venue, exchange.lens, exchange.config, vault):
            exchange.token.transact("transfer", contract.address, 10**11 * WAD, sender=keeper).check()
        assert seen() == before
    sheet = exchange.lens.call("assets", [])
    assert sheet.unassigned == sheet.assets - sheet.pots
    assert sheet.assets >= 10**11 * WAD


@SIDES
def test_attack_75_a_wei_in_the_fund_stops_no_deleveraging(opened, trader, counterparty, keeper, side):
    """An empty fund opens it; a wei donated ahead of every call is spent like any, and the rest goes on."""
    exchange = opened(loss="adl", min_notional=10, max_open_interest=100_000, max_deviation_bps=10_000)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    crash(exchange, side)
    exchange.house.transact("donate_insurance", 0, 1, sender=keeper).check()
    receipt = deleverage(exchange, trader, [counterparty])
    assert receipt.event("AutoDeleveraging").from_insurance == 1
    assert exchange.state().insurance_fund == 0
    balanced(exchange)


@SIDES
def test_attack_75_dust_in_the_vault_keeps_nothing_from_it(backed, trader, counterparty, keeper, outsider, side):
    """A wei in the vault and a wei given to it change neither whom it takes over nor what a share is worth after."""
    exchange, vault = backed, backed.system.vault
    enter(exchange, keeper, 10_000 * WAD)
    exchange.push(PRICE)
    exchange.trade(trader, side * SIZE, 60 * WAD)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    start, results = exchange.chain.timestamp, []
    for dust in (0, 1):
        with exchange.undone():
            if dust:
                enter(exchange, outsider, 1)
                bring(exchange, outsider, 1)
                exchange.house.transact("deposit", 1, vault.address, sender=outsider).check()
            # as late in both: the mark follows the venue's premium in time
            exchange.chain.set_next_timestamp(start + 2 * vault.call("deposit_delay"))
            exchange.push(PRICE)
            price = exchange.lens.call("bankruptcy_price", 0, trader) + side * 4 * WAD // 10
            exchange.push(price)
            assert exchange.lens.call("health", 0, trader).stage == 3
            exchange.engine.transact("liquidate_by_backstop", 0, trader, sender=outsider).check()
            assert exchange.pos(trader).size == 0
            results.append((exchange.pos(vault.address).size, vault.call("convertToAssets", OFFSET * WAD)))
            balanced(exchange)
    clean, dusted = results
    assert clean[0] == dusted[0] == side * SIZE
    assert clean[1] > WAD
    assert abs(clean[1] - dusted[1]) <= 1
