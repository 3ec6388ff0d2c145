"""The owner's limit on what may leave the clearinghouse, net of what comes, in a period: to the wei, in any token,
whoever takes it out and from whichever market it came; and nothing but leaving is ever held up by it."""

import random
from dataclasses import dataclass
from functools import lru_cache

import pytest
from life_operations import OPERATIONS
from support.exchange import ALL, FREE, Exchange, new_exchange
from support.market_life import State, open_life

from nacre.chain import EmbeddedChain, restored
from nacre.deploy import deploy_system, list_market
from nacre.presets import MarketConfig
from nacre.units import WAD

LIMIT, HOUR, DAY = 1_000 * WAD, 3_600, 86_400
DECIMALS = pytest.mark.parametrize("decimals", [0, 6, 18])


@dataclass
class Bucket:
    """Spec section 15: what left lately, falling by limit / period a second."""

    limit: int
    period: int
    time: int
    level: int = 0

    def left(self, now: int) -> int:
        return self.limit - self._level(now)

    def _level(self, now: int) -> int:
        faded = max(self.limit, -self.level) * (now - self.time) // self.period
        return max(self.level - faded, 0) if self.level > 0 else min(self.level + faded, 0)

    def move(self, amount: int, now: int) -> None:
        """Out if positive."""
        self.level, self.time = self._level(now) + amount, now


@lru_cache(maxsize=3)
def exchange_of(decimals: int) -> Exchange:
    return new_exchange(decimals=decimals)


def limited(exchange: Exchange, limit: int = LIMIT, period: int = DAY) -> Bucket:
    exchange.config.transact("set_withdrawal_limit", limit, period, sender=exchange.system.owner).check()
    return Bucket(limit, period, exchange.chain.timestamp)


def withdraws(exchange: Exchange, who: str, tokens: int) -> str:
    return exchange.house.transact("withdraw", tokens, sender=who).reason


@DECIMALS
def test_all_of_it_and_not_a_unit_more(decimals):
    exchange = exchange_of(decimals)
    trader, keeper = exchange.people["trader"], exchange.people["keeper"]
    whole = exchange.system.to_tokens(LIMIT)
    with exchange.undone():
        limited(exchange)
        exchange.refuses("withdrawal limit", exchange.house, "withdraw", whole + 1, sender=trader)
        with exchange.chain.block():
            assert withdraws(exchange, trader, whole - 1) == ""
            assert withdraws(exchange, keeper, 2) == "withdrawal limit"
            assert withdraws(exchange, keeper, 1) == ""
            exchange.refuses("withdrawal limit", exchange.house, "withdraw", 1, sender=trader)


@DECIMALS
def test_it_refills_evenly(decimals):
    """After so many seconds exactly floor(limit x seconds / period) may leave, as far as that makes whole units."""
    exchange = exchange_of(decimals)
    trader = exchange.people["trader"]
    for seconds in (1, 2, 7, 86, 87, HOUR, DAY // 2 + 1, DAY - 1, DAY, DAY + 1, 10 * DAY):
        with exchange.undone():
            limited(exchange)
            assert withdraws(exchange, trader, exchange.system.to_tokens(LIMIT)) == ""
            back = exchange.system.to_tokens(min(LIMIT, LIMIT * seconds // DAY))
            with exchange.chain.block(seconds):
                assert withdraws(exchange, trader, back + 1) == "withdrawal limit"
                assert withdraws(exchange, trader, back) == ("" if back else "zero amount")


@DECIMALS
def test_any_sequence_is_as_the_bucket_says(decimals):
    """400 deposits and withdrawals by three people at random times, many of them at the very edge of what may leave."""
    exchange = exchange_of(decimals)
    people = [exchange.people[name] for name in ("trader", "keeper", "outsider")]
    dice, unit = random.Random(f"outflow {decimals}"), exchange.system.unit
    refused = 0
    with exchange.undone():
        for who in people:
            exchange.system.fund(who, 200_000 * WAD)
        bucket = limited(exchange, 777 * WAD, HOUR + 1)
        for _ in range(400):
            assert exchange.house.call("outflow_room") == bucket.left(exchange.chain.timestamp)
            now = exchange.chain.timestamp + dice.choice((1, 1, 1, 13, 600, 2 * HOUR))
            edge = bucket.left(now) // unit
            tokens = max(1, dice.choice((edge, edge + 1, edge // 3, dice.randrange(1, 900 * WAD // unit))))
            exchange.chain.set_next_timestamp(now)
            if dice.random() < 0.3:
                who = dice.choice(people)
                exchange.system.token.transact("mint", who, tokens, sender=who).check()
                exchange.chain.set_next_timestamp(now + 1)
                exchange.house.transact("deposit", tokens, sender=who).check()
                bucket.move(-tokens * unit, now + 1)
                continue
            allowed = tokens * unit <= bucket.left(now)
            assert withdraws(exchange, dice.choice(people), tokens) == ("" if allowed else "withdrawal limit")
            refused += not allowed
            if allowed:
                bucket.move(tokens * unit, now)
    assert 50 < refused < 250


def test_what_comes_may_go_and_is_no_credit_tomorrow(exchange, trader, keeper):
    """A deposit takes back what left; who brings much today cannot take more than the limit a period later."""
    with exchange.chain.block():
        limited(exchange)
        exchange.system.fund(keeper, 5_000 * WAD)
        assert withdraws(exchange, keeper, LIMIT) == ""
        exchange.system.fund(keeper, 300 * WAD)
        assert withdraws(exchange, trader, 300 * WAD) == ""
        exchange.system.fund(keeper, 7 * LIMIT)
        assert exchange.house.call("outflow_room") == 7 * LIMIT + 5_000 * WAD
    exchange.chain.mine(DAY)
    with exchange.chain.block():
        assert withdraws(exchange, keeper, LIMIT + 1) == "withdrawal limit"
        assert withdraws(exchange, keeper, LIMIT) == ""


def test_a_refusal_counts_for_nothing(exchange, trader, keeper):
    """Neither by the limit nor for want of collateral."""
    with exchange.chain.block():
        limited(exchange, 20 * FREE)
        assert withdraws(exchange, trader, 20 * FREE + 1) == "withdrawal limit"
        assert withdraws(exchange, trader, FREE + 1) == "insufficient collateral"
        exchange.system.fund(keeper, 19 * FREE)
        assert withdraws(exchange, keeper, 20 * FREE) == ""


def test_an_operator_and_another_receiver_count(exchange, trader, keeper, outsider):
    exchange.house.transact("set_operator", keeper, True, sender=trader).check()
    limited(exchange)
    with exchange.chain.block():
        exchange.house.transact("withdraw", LIMIT, outsider, trader, sender=keeper).check()
        for who in (trader, keeper, outsider):
            assert withdraws(exchange, who, 1) == "withdrawal limit"


def test_another_limit_begins_anew(exchange, trader):
    """The owner's word replaces limit, period and what counted so far; none lets everything out."""
    with exchange.chain.block():
        limited(exchange)
        assert withdraws(exchange, trader, LIMIT) == ""
        limited(exchange, 2 * LIMIT, HOUR)
        assert withdraws(exchange, trader, 2 * LIMIT) == ""
        assert withdraws(exchange, trader, 1) == "withdrawal limit"
        limited(exchange, 0, 0)
        assert exchange.house.call("outflow_room") == ALL
        assert withdraws(exchange, trader, exchange.free(trader)) == ""


def test_only_the_owner_within_bounds(exchange, guardian, owner):
    config = exchange.config
    for limit, period, reason in (
        (WAD - 1, DAY, "bad withdrawal limit"),
        (WAD, HOUR - 1, "bad withdrawal period"),
        (WAD, 30 * DAY + 1, "bad withdrawal period"),
        (1_234_567 * WAD, DAY, "amount not representable"),
    ):
        exchange.refuses(reason, config, "set_withdrawal_limit", limit, period, sender=owner)
    exchange.refuses("ownable: caller is not the owner", config, "set_withdrawal_limit", WAD, DAY, sender=guardian)
    exchange.refuses("not config", exchange.house, "set_outflow_limit", 0, sender=owner)
    receipt = config.transact("set_withdrawal_limit", WAD, HOUR, sender=owner).check()
    assert (receipt.event("OutflowLimitSet").limit, receipt.event("OutflowLimitSet").period) == (WAD, HOUR)
    assert (receipt.event("WithdrawalLimitSet").limit, receipt.event("WithdrawalLimitSet").period_seconds) == (
        WAD,
        HOUR,
    )


def test_the_largest_limit_after_the_longest_time(exchange, trader):
    """The products stay far from 256 bits: the bucket is right after a century, too."""
    largest = 999_999 * 10**25
    bucket = limited(exchange, largest, 30 * DAY)
    exchange.system.fund(trader, 10**30)
    exchange.house.transact("withdraw", 10**30, sender=trader).check()
    bucket.move(10**30, exchange.chain.timestamp)
    exchange.chain.set_next_timestamp(2**32 - 2)
    assert bucket.left(2**32 - 2) == largest
    exchange.house.transact("withdraw", FREE, sender=trader).check()


# ---- several pots


def test_one_limit_for_all_markets_and_accounts(opened):
    """Profits of two markets leave through one bucket; neither a pot nor an account has its own."""
    exchange = opened()
    trader, keeper = exchange.people["trader"], exchange.people["keeper"]
    with exchange.undone():
        exchange.list_market("other")
        exchange.system.fund(exchange.people["provider"], 100_000 * WAD)
        exchange.provide(exchange.people["provider"], 100_000 * WAD, market="other")
        exchange.trade(trader, 20 * WAD, 400 * WAD)
        exchange.trade(keeper, 20 * WAD, 400 * WAD, market=1)
        limited(exchange)
        with exchange.chain.block():
            exchange.trade(trader, -20 * WAD)
            exchange.trade(keeper, -20 * WAD, market=1)
            assert withdraws(exchange, trader, 600 * WAD) == ""
            assert withdraws(exchange, keeper, 400 * WAD + 1) == "withdrawal limit"
            assert withdraws(exchange, keeper, 400 * WAD) == ""


def test_a_claim_comes_in_full_and_leaves_by_the_limit(short, trader, keeper, outsider, provider):
    """Paying a debt moves it within the clearinghouse, whatever has left; taking it out is another matter."""
    for who, amount in ((outsider, 2_000 * WAD), (provider, 900 * WAD)):
        short.house.transact("adjust_margin", 0, -amount, sender=who).check()
    bucket = limited(short)
    withdraws(short, outsider, LIMIT)
    bucket.move(LIMIT, short.chain.timestamp)
    short.take_over(keeper, trader, margin=4_000 * WAD)
    for who in (outsider, provider):
        debt, free = short.house.call("owed", 0, who), short.free(who)
        assert debt > 0
        short.house.transact("claim", 0, who, sender=keeper).check()
        assert short.free(who) == free + debt
    with short.chain.block():
        left = bucket.left(short.chain.timestamp)
        assert withdraws(short, outsider, left + 1) == "withdrawal limit"
        assert withdraws(short, outsider, left) == ""


# ---- vault and treasury


def test_the_vault_is_an_account_like_any():
    """Its deposits count as coming and its redemptions as leaving; what may not leave stays queued, share for share."""
    life = open_life()
    exchange, vault, saver = life.exchange, life.vault, life.who("saver")
    with exchange.undone():
        bucket = limited(exchange, 1_000 * WAD)
        life.must("keeper", exchange.house, "withdraw", 1_000 * WAD)
        bucket.move(1_000 * WAD, exchange.chain.timestamp)
        life.must("saver", vault, "deposit", 400 * WAD, saver)
        bucket.move(-400 * WAD, exchange.chain.timestamp)
        queued = vault.call("redeem_request", saver).matured
        assert vault.call("previewRedeem", queued) > 1_000 * WAD
        for call in (("redeem", queued, saver, saver), ("withdraw", 1_000 * WAD, saver, saver)):
            exchange.refuses("withdrawal limit", vault, *call, sender=saver)
        assert vault.call("redeem_request", saver).matured == queued
        with exchange.chain.block():
            left = bucket.left(exchange.chain.timestamp)
            exchange.refuses("withdrawal limit", vault, "withdraw", left + 1, saver, saver, sender=saver)
            before = life.tokens("saver")
            # of what has matured as much as may go
            assert life.must("saver", vault, "redeem_available").value == left
            assert life.tokens("saver") == before + left
            assert 0 < vault.call("redeem_request", saver).matured < queued
            assert life.act("keeper", exchange.house, "withdraw", 1).reason == "withdrawal limit"


def test_the_vault_promises_no_more_than_may_leave():
    """maxWithdraw and maxRedeem go through in full, limit or not: they are what `withdraw` and `redeem` pay now."""
    life = open_life()
    exchange, vault, saver = life.exchange, life.vault, life.who("saver")
    with exchange.undone():
        limited(exchange, 100 * WAD)
        with exchange.chain.block():
            most = vault.call("maxWithdraw", saver)
            assert 0 < most <= 100 * WAD
            with exchange.undone():
                life.must("saver", vault, "redeem", vault.call("maxRedeem", saver), saver, saver)
            life.must("saver", vault, "withdraw", most, saver, saver)
            assert vault.call("maxWithdraw", saver) <= 1


def test_the_treasury_collects_in_parts_and_pays_what_it_has():
    """Its stakers are paid from what it fetched before; a full bucket stops fetching more, not claiming."""
    chain = EmbeddedChain(exact_gas=False)
    system = deploy_system(chain)
    treasury, staker = system.treasury_contract, chain.account("staker")
    list_market(system, "main", MarketConfig())
    system.governance_token.transact("mint", staker, WAD, sender=staker).check()
    system.governance_token.transact("approve", treasury.address, WAD, sender=staker).check()
    treasury.transact("stake", WAD, sender=staker).check()
    system.mint(staker, 3_000 * WAD)
    system.approve(staker)
    system.clearinghouse.transact("deposit", 3_000 * WAD, treasury.address, sender=staker).check()
    system.config.transact("set_withdrawal_limit", LIMIT, DAY, sender=system.owner).check()
    bucket = Bucket(LIMIT, DAY, chain.timestamp)

    assert treasury.transact("collect", sender=staker).reason == "withdrawal limit"
    assert treasury.call("collectable") == 3_000 * WAD
    assert treasury.transact("collect", LIMIT, sender=staker).check().value == LIMIT
    bucket.move(LIMIT, chain.timestamp)
    chain.mine(HOUR)
    assert treasury.transact("collect", LIMIT, sender=staker).reason == "withdrawal limit"
    paid = treasury.transact("claim", sender=staker).check().value
    assert paid == system.token.call("balanceOf", staker) > 0
    with chain.block():
        left = bucket.left(chain.timestamp)
        assert treasury.transact("collect", left + 1, sender=staker).reason == "withdrawal limit"
        assert treasury.transact("collect", left, sender=staker).check().value == left


# ---- what it does not touch


# The limit comes before what the account's positions ask for, and after what the vault's price does.
LEAVING = {"withdraw", "withdraw, cross"}
LEAVING_THE_VAULT = {"vault: withdraw", "vault: redeem"}
LIVES = [
    State(status, paused, grace, oracle)
    for status, paused, grace, oracle in (
        ("active", False, False, "fresh"),
        ("reduce-only", True, True, "fresh"),
        ("active", False, False, "jumped"),
        ("active", False, False, "gone"),
        ("settling", False, False, "stale"),
        ("settled", True, False, "fresh"),
    )
]


@pytest.mark.parametrize("state", LIVES, ids=str)
def test_only_leaving_is_held_up(state):
    """Every other operation in this state goes through, or is refused, as it is without a limit: liquidations, claims,
    settlement, liquidity, and all that moves between accounts and pots."""
    life = open_life()
    found: dict[bool, dict[str, str]] = {}
    for full in (False, True):
        with life.brought_into(state):
            if full:
                limited(life.exchange, WAD, 30 * DAY)
                life.must("keeper", life.exchange.house, "withdraw", WAD)
            found[full] = {}
            for name, send in OPERATIONS.items():
                with restored(life.exchange.chain):
                    found[full][name] = send(life).reason
    changed = {name: reason for name, reason in found[True].items() if reason != found[False][name]}
    held_up = LEAVING | {name for name in LEAVING_THE_VAULT if found[False][name] == ""}
    assert changed == dict.fromkeys(held_up, "withdrawal limit")
