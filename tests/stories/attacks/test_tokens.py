"""Attacks by the collateral token: docs/security.md, case 79.

Deposits, withdrawals, stakes and shares in tokens that lie, take, fail or call back are tested one by one in
tests/unit/bad_tokens, tests/unit/treasury/test_treasury_tokens.py and tests/unit/backstop_vault/test_vault_attacks.py.
Here the token turns bad while positions are open.
"""

import pytest
from support.attacks import SIDES
from support.bad_money import block, open_bad_money, turn
from support.bad_token import BEHAVES, BURNS_GAS, RETURNS_FALSE, REVERTS
from support.exchange import ALL, PRICE, WIDE
from support.sheets import balanced

from nacre.units import WAD

MARKET = {"max_deviation_bps": 10_000, "force_close_band_bps": 9_999, "backstop_bps": 6_667, "protocol_fee_bps": 20}


@pytest.fixture
def opened_bad():
    """Opens an exchange over a token that misbehaves when told to; undone after the test."""
    opened = []

    def opened_with(**fields):
        exchange = open_bad_money(**MARKET | fields)
        context = exchange.undone()
        context.__enter__()
        opened.append(context)
        return exchange

    yield opened_with
    for context in reversed(opened):
        context.__exit__(None, None, None)


def fill_vault(exchange, who, amount=3_000 * WAD):
    system, vault = exchange.system, exchange.system.vault
    tokens = system.to_tokens(amount)
    exchange.config.transact("set_backstop_delays", vault.address, 0, 0, sender=system.owner).check()
    exchange.config.transact("set_backstop_loss_cap", vault.address, 0, 10**5 * WAD, sender=system.owner).check()
    exchange.token.transact("mint", who, tokens, sender=who).check()
    exchange.token.transact("approve", vault.address, tokens, sender=who).check()
    return vault.transact("deposit", tokens, who, sender=who).check().value


def targets(exchange, side, count):
    """Accounts about to fail, with fifteen on each unit."""
    accounts = []
    for number in range(count):
        account = exchange.chain.account(f"target {number}")
        exchange.system.fund(account, 200 * WAD)
        exchange.trade(account, side * 10 * WAD, 150 * WAD)
        accounts.append(account)
    return accounts


def bring_down(exchange, who):
    """To where a third of maintenance margin is left."""
    prices = [exchange.lens.call(name, 0, who) for name in ("bankruptcy_price", "liquidation_price")]
    exchange.push((2 * prices[0] + prices[1]) // 3)


def go_on(exchange, side, accounts, keeper):
    """All that liquidation, funding and a market's end need, while the token moves for nobody."""
    first, second, third, fourth = accounts
    house, engine, people = exchange.house, exchange.engine, exchange.people
    bring_down(exchange, first)
    exchange.take_over(keeper, first, ALL, 150 * WAD)
    bring_down(exchange, second)
    exchange.force_close(keeper, second)
    bring_down(exchange, third)
    assert exchange.lens.call("health", 0, third).stage == 3
    engine.transact("liquidate_by_backstop", 0, third, sender=keeper).check()
    exchange.push(PRICE - side * 25 * WAD)
    exchange.take_over(keeper, fourth, ALL, 500 * WAD)
    engine.transact("call_margin", 0, list(accounts), sender=keeper).check()
    for account in accounts:
        assert exchange.record(account).size == 0
    exchange.trade(people["counterparty"], side * 5 * WAD)
    house.transact("settle", 0, people["counterparty"], sender=keeper).check()
    house.transact("adjust_margin", 0, WAD, sender=keeper).check()
    house.transact("donate_insurance", 0, 100 * WAD, sender=keeper).check()
    exchange.config.transact("collect_fees", 0, sender=keeper).check()


def end(exchange, accounts):
    """The market settles: everybody's claim becomes free collateral."""
    house, provider = exchange.house, exchange.people["provider"]
    exchange.config.transact("settle_market", 0, 0, sender=exchange.system.owner).check()
    exchange.venue.transact("remove_liquidity", *WIDE, provider, sender=provider).check()
    holders = [*exchange.people.values(), exchange.system.vault.address, *accounts]
    for who in holders:
        if exchange.record(who).size:
            house.transact("settle_account", 0, who, sender=provider).check()
    for who in holders:
        if house.call("owed", 0, who):
            house.transact("claim", 0, who, sender=provider).check()
    return holders


@pytest.mark.parametrize("mode", [REVERTS, RETURNS_FALSE, BURNS_GAS], ids=["reverts", "returns false", "burns gas"])
@SIDES
def test_attack_79_a_token_that_moves_for_nobody(opened_bad, counterparty, keeper, outsider, side, mode):
    """Paused, as it were: liquidations of every kind, funding, fees, the end of the market and all claims go on, by
    credit. When it works again everybody takes out what is free, to the wei."""
    exchange = opened_bad()
    fill_vault(exchange, outsider)
    accounts = targets(exchange, side, 4)
    exchange.trade(counterparty, -side * 40 * WAD, 4_000 * WAD)
    turn(exchange, mode)
    go_on(exchange, side, accounts, keeper)
    holders = end(exchange, accounts)
    refusal = exchange.house.transact("withdraw", WAD, sender=keeper)
    assert refusal.reason == {REVERTS: "token says no"}.get(mode, "transfer failed")
    turn(exchange, BEHAVES)
    balanced(exchange, *accounts)
    for who in holders:
        if (free := exchange.free(who)) and who != exchange.system.vault.address:
            exchange.house.transact("withdraw", free, sender=who).check()
            assert exchange.free(who) == 0


@SIDES
def test_attack_79_accounts_that_the_issuer_has_blocked(opened_bad, counterparty, keeper, outsider, provider, side):
    """A blocked target, keeper, winner, depositor, treasury: everything that concerns them goes on, nobody else waits,
    and each may have its own paid to an address that is not blocked."""
    exchange = opened_bad(token="BlockingToken")
    vault = exchange.system.vault
    shares = fill_vault(exchange, outsider)
    accounts = targets(exchange, side, 4)
    exchange.trade(counterparty, -side * 40 * WAD, 4_000 * WAD)
    block(exchange, *accounts, keeper, counterparty, outsider, vault.address, exchange.system.treasury)
    go_on(exchange, side, accounts, keeper)
    balanced(exchange, *accounts)
    held = exchange.token.call("balanceOf", provider)
    for who in (keeper, counterparty):
        refused = exchange.house.transact("withdraw", 10 * WAD, sender=who)
        assert refused.reason == "account is blocked"
        exchange.house.transact("withdraw", 10 * WAD, provider, sender=who).check()
    assert vault.transact("redeem", shares // 10, outsider, outsider, sender=outsider).reason == "account is blocked"
    paid = vault.transact("redeem", shares // 10, provider, outsider, sender=outsider).check().value
    assert exchange.token.call("balanceOf", provider) == held + 20 * WAD + paid
    # the treasury's income waits for it in the clearinghouse
    fees, treasury = exchange.free(exchange.system.treasury), exchange.system.treasury_contract
    assert fees > 0
    assert treasury.transact("collect", sender=keeper).reason == "account is blocked"
    block(exchange, treasury.address, blocked=False)
    assert treasury.transact("collect", sender=keeper).check().value == fees


def test_attack_79_nothing_is_never_transferred(opened_bad, keeper, outsider):
    """Some tokens refuse to move nothing: no call of the contracts tries."""
    exchange = opened_bad(token="BlockingToken")
    vault, treasury = exchange.system.vault, exchange.system.treasury_contract
    fill_vault(exchange, outsider)
    for contract, call, reason in (
        (exchange.house, ("deposit", 0), "zero amount"),
        (exchange.house, ("withdraw", 0), "zero amount"),
        (vault, ("deposit", 0, keeper), ""),
        (vault, ("redeem", 0, keeper, keeper), ""),
        (vault, ("redeem_available",), ""),
        (treasury, ("collect",), ""),
        (treasury, ("claim",), "nothing to claim"),
        (exchange.config, ("collect_fees", 0), ""),
    ):
        receipt = contract.transact(*call, sender=keeper)
        assert receipt.reason == reason, call
        assert receipt.ok == (not reason)


def test_attack_79_an_allowance_that_must_be_zero_first(opened_bad, keeper, outsider):
    """USDT's approve: the vault allows exactly what it deposits, so that the next deposit finds nothing left."""
    exchange = opened_bad(token="MockSilentToken", min_notional=0)
    vault = exchange.system.vault
    for _ in range(3):
        shares = fill_vault(exchange, outsider)
        assert shares == 3_000 * 10**12
        assert exchange.token.call("allowance", vault.address, exchange.house.address) == 0
    held = exchange.token.call("balanceOf", outsider)
    paid = vault.transact("redeem", shares, outsider, outsider, sender=outsider).check().value
    assert exchange.token.call("balanceOf", outsider) == held + paid
    assert paid == 3_000 * 10**6
    assert exchange.house.transact("withdraw", 10**6, sender=keeper).ok


@SIDES
def test_attack_79_a_token_that_calls_back_from_the_middle(opened_bad, counterparty, keeper, outsider, side):
    """It re-enters the engine, the vault, the venue, the lens and Config while the clearinghouse pays or is paid: what
    moves anything is refused, and afterwards all books are as if it had not tried."""
    exchange = opened_bad()
    fill_vault(exchange, outsider)
    (target,) = targets(exchange, side, 1)
    exchange.trade(counterparty, -side * 10 * WAD, 1_000 * WAD)
    bring_down(exchange, target)
    calls = (
        (exchange.engine, "liquidate_by_takeover", (0, target, ALL, 0)),
        (exchange.engine, "force_close", (0, target, ALL, 0)),
        (exchange.engine, "liquidate_by_backstop", (0, target)),
        (exchange.engine, "call_margin", (0, [target])),
        (exchange.venue, "sync", ()),
        (exchange.venue, "remove_liquidity", (*WIDE, exchange.people["provider"])),
        (exchange.system.vault, "redeem_available", ()),
        (exchange.config, "collect_fees", (0,)),
        (exchange.lens, "health", (0, target)),
    )
    for contract, function, arguments in calls:
        for way in ("deposit", "withdraw"):
            with exchange.undone():
                held = exchange.record(target)
                data = contract.encode(function, *arguments)
                exchange.token.transact("mint", keeper, WAD, sender=keeper).check()
                exchange.token.transact("set_reentry", contract.address, data, sender=keeper).check()
                exchange.house.transact(way, WAD, sender=keeper).check()
                assert exchange.token.call("reentries") == 1
                assert exchange.token.call("successes") == 0, (function, way)
                assert exchange.record(target) == held
                turn(exchange, BEHAVES)
                balanced(exchange, target)
