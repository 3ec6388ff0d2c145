"""Attacks on auto-deleveraging: docs/security.md."""

from contextlib import ExitStack

import pytest
from support.attacks import SIDES, policy_exchange
from support.bad_money import open_bad_money, turn
from support.bad_token import BEHAVES, BURNS_GAS, REVERTS
from support.deleveraging import deleverage, refuses, winners
from support.exchange import PRICE
from support.ruin import SIZE, crash, crash_and_follow, open_target
from support.sheets import balanced, worth
from support.spec import ceil

from nacre.artifacts import load
from nacre.units import WAD

# One auto-deleveraging must be able to pass a side: hence the cap.
ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}


POLICIES = pytest.mark.parametrize("policy", ["plain", "defx", "hyperliquid"])


@pytest.fixture
def market_of(opened):
    """Plain but for deleveraging, or as a shipped policy has it."""
    with ExitStack() as stack:

        def opened_for(policy):
            if policy == "plain":
                return opened(**ADL)
            exchange = policy_exchange(policy, max_deviation_bps=10_000, funding_cap_bps=0)
            stack.enter_context(exchange.undone())
            return exchange

        yield opened_for


def queue(exchange, target, wallets):
    return [rank.account for rank in exchange.lens.call("adl_counterparties", 0, target, wallets)]


# ---- 64


@POLICIES
@SIDES
def test_attack_64_closing_a_winner_without_need(market_of, trader, counterparty, keeper, side, policy):
    """Whoever shares the failing side would have the winner closed below mark: while the target lacks nothing, while
    the fund pays, and in a market where the same account is well."""
    exchange = market_of(policy)
    exchange.list_market("other", **ADL)
    exchange.system.fund(exchange.people["provider"], 10_000 * WAD)
    exchange.provide(exchange.people["provider"], 10_000 * WAD, market="other")
    exchange.trade(trader, -side * WAD, 30 * WAD, market=1)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, -side * SIZE, 300 * WAD)
    failing = sum(exchange.lens.call(name, 0, trader) for name in ("liquidation_price", "bankruptcy_price")) // 2
    for price, stages in ((PRICE, (0, 1)), (failing, (2, 3))):
        exchange.push(price)
        assert exchange.lens.call("health", 0, trader).stage in stages
        refuses(exchange, "not bankrupt", trader, [counterparty])
    crash(exchange, side)
    missing = -exchange.lens.call("health", 0, trader).equity
    assert missing > 0
    arguments = ("auto_deleverage", 1, trader, [counterparty])
    exchange.refuses("not bankrupt", exchange.engine, *arguments, sender=keeper)
    # one wei decides, on both sides of the fund and of zero
    with exchange.undone():
        enough = ceil(missing * 10_000, exchange.main.config.insurance_draw_bps)
        exchange.house.transact("donate_insurance", 0, enough, sender=keeper).check()
        refuses(exchange, "insurance pays", trader, [counterparty])
    exchange.house.transact("adjust_margin", 0, missing, sender=trader).check()
    refuses(exchange, "not bankrupt", trader, [counterparty])
    balanced(exchange)


# ---- 65


@SIDES
def test_attack_65_naming_who_is_no_candidate(opened, trader, counterparty, keeper, outsider, side):
    """Somebody without profit, one of the target's own side, one that closed after the list was made and one that went
    over to the other side: each is looked at when it is executed, and none is touched."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    exchange.trade(counterparty, side * 2 * WAD, 100 * WAD)
    first, closed, flipped = winners(exchange, *[(-side * 4 * WAD, margin * WAD) for margin in (60, 90, 120)])
    crash_and_follow(exchange, side, keeper)
    named = queue(exchange, trader, [first, closed, flipped, keeper])
    assert named[:3] == [first, closed, flipped]
    exchange.trade(closed, side * 4 * WAD)
    exchange.trade(flipped, side * 6 * WAD, 200 * WAD)
    untouched = (counterparty, keeper, closed, flipped, outsider)
    records = [exchange.record(who) for who in untouched]
    receipt = deleverage(exchange, trader, [*named, counterparty, outsider], parties=[closed, flipped])
    assert [event.account for event in receipt.events("Deleveraged")] == [first]
    assert [exchange.record(who)[:4] for who in untouched] == [record[:4] for record in records]
    balanced(exchange, first, closed, flipped)


@SIDES
def test_attack_65_an_outdated_list_that_hides_a_newcomer(opened, trader, side):
    """Whoever came in since stands in the queue too; leaving it out is not accepted."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    early = winners(exchange, (-side * 6 * WAD, 200 * WAD))
    crash(exchange, side)
    outdated = queue(exchange, trader, early)
    newcomer = winners(exchange, (-side * 6 * WAD, 200 * WAD), prefix="newcomer")
    refuses(exchange, "ADL list incomplete", trader, outdated)
    deleverage(exchange, trader, queue(exchange, trader, [*early, *newcomer]))


# ---- 66


@pytest.mark.parametrize("insured", [0, 25])
@pytest.mark.parametrize("policy", ["plain", "defx"])
@SIDES
def test_attack_66_taking_more_than_the_deficit_needs(market_of, trader, keeper, side, insured, policy):
    """Three winners of different sizes. Together they give up what is missing, to a wei each; nobody is closed beyond
    its size or at a worse price than the others; both sides shrink by the same."""
    exchange = market_of(policy)
    open_target(exchange, trader, side)
    wallets = winners(exchange, *[(-side * size * WAD, 40 * size * WAD) for size in (1, 3, 9)])
    if insured:
        exchange.house.transact("donate_insurance", 0, insured * WAD, sender=keeper).check()
    crash(exchange, side)
    before, had = exchange.state(), {who: worth(exchange, who) for who in wallets}
    held = {who: abs(exchange.record(who).size) for who in wallets}
    missing = -exchange.lens.call("health", 0, trader).equity
    receipt = deleverage(exchange, trader, queue(exchange, trader, wallets))
    after, terms = exchange.state(), receipt.event("AutoDeleveraging")
    given = {who: had[who] - worth(exchange, who) for who in wallets}
    assert 0 <= sum(given.values()) - (missing - insured * WAD) <= 2 * len(wallets)
    for event in receipt.events("Deleveraged"):
        assert abs(event.size) <= held[event.account]
        # pro rata to what of it was closed, and nothing besides
        assert abs(given[event.account] * SIZE - sum(given.values()) * abs(event.size)) <= 4 * SIZE
        assert abs(event.notional * SIZE - terms.notional * abs(event.size)) <= SIZE
    assert before.total_long - after.total_long == before.total_short - after.total_short == SIZE
    assert after.insurance_fund == after.unallocated_loss == 0
    assert exchange.pos(trader).size == 0
    balanced(exchange, *wallets)


# ---- 67


@pytest.mark.parametrize("margin", [10, 30], ids=["first in line", "last in line"])
@SIDES
def test_attack_67_many_wallets_are_no_cheaper_than_one(opened, trader, keeper, side, margin):
    """Eight units in one wallet or in sixteen of half a unit each. The honest winner beside them has 20 a unit."""
    costs = []
    for count in (1, 16):
        exchange = opened(**ADL)
        with exchange.undone():
            open_target(exchange, trader, side)
            size = 8 * WAD // count
            wallets = winners(exchange, *[(-side * size, margin * size)] * count)
            honest = winners(exchange, (-side * 6 * WAD, 20 * 6 * WAD), prefix="honest")
            crash(exchange, side)
            had = worth(exchange, *wallets)
            named = queue(exchange, trader, [*wallets, *honest])
            assert (named[0] == honest[0]) == (margin > 20)
            deleverage(exchange, trader, named)
            costs.append(had - worth(exchange, *wallets))
            balanced(exchange, *wallets, *honest)
    one, many = costs
    assert one > 0
    assert abs(one - many) <= 16 * 2


@SIDES
def test_attack_67_a_wallet_of_dust_to_head_the_list(opened, trader, outsider, side):
    """A few wei with all the leverage there is would be first, and stand for its owner: it cannot be opened."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    for size in (1, 10**6, WAD // 10 - WAD // 1_000):
        refused = ("trade", 0, -side * size, WAD, 0, 0)
        exchange.refuses("below minimum notional", exchange.house, *refused, sender=outsider)


@SIDES
def test_attack_67_the_caller_picks_its_victim(opened, trader, counterparty, keeper, side):
    """The keeper wins on the same side as somebody with less leverage, and would have the other closed."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    exchange.trade(keeper, -side * SIZE, 12 * SIZE)
    exchange.trade(counterparty, -side * SIZE, 60 * SIZE)
    crash(exchange, side)
    assert queue(exchange, trader, [keeper, counterparty]) == [keeper, counterparty]
    for named, reason in (
        ([counterparty, keeper], "ADL order"),
        ([counterparty], "ADL list incomplete"),
        ([], "ADL list incomplete"),
        ([counterparty, counterparty], "ADL account repeated"),
    ):
        exchange.refuses(reason, exchange.engine, "auto_deleverage", 0, trader, named, sender=keeper)
    untouched = exchange.record(counterparty)
    deleverage(exchange, trader, [keeper, counterparty], who=keeper)
    assert exchange.record(counterparty) == untouched


@SIDES
def test_attack_67_margin_brought_just_before_moves_the_turn_and_not_the_sum(opened, trader, keeper, outsider, side):
    """The one in front tops up and is behind: that is what the order goes by. The winners' sum is what is missing
    either way, and no choice of whom to close makes anybody richer than not deleveraging at all."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    first, second = winners(exchange, (-side * SIZE, 12 * SIZE), (-side * SIZE, 30 * SIZE))
    crash(exchange, side)
    missing = -exchange.lens.call("health", 0, trader).equity
    for brought in (0, 1_000 * WAD):
        with exchange.undone():
            if brought:
                exchange.house.transact("adjust_margin", 0, brought, sender=first).check()
            had = {who: worth(exchange, who) for who in (first, second)}
            named = queue(exchange, trader, [first, second])
            assert named == ([second, first] if brought else [first, second])
            deleverage(exchange, trader, named)
            given = [had[who] - worth(exchange, who) for who in named]
            assert abs(given[0] - missing) <= 2
            assert given[1] == 0
            balanced(exchange, first, second)


@SIDES
def test_attack_67_margin_for_one_block(opened, trader, counterparty, side):
    """The limit of that: borrowed margin, brought and taken out again in the block in which one calls it oneself,
    leaves the turn to the next in line, who gives what is missing and no more."""
    exchange = opened(**ADL)
    open_target(exchange, trader, side)
    first, second = winners(exchange, (-side * SIZE, 12 * SIZE), (-side * SIZE, 30 * SIZE))
    crash(exchange, side)
    missing = -exchange.lens.call("health", 0, trader).equity
    had = [worth(exchange, who) for who in (first, second)]
    with exchange.chain.block():
        exchange.house.transact("adjust_margin", 0, 1_000 * WAD, sender=first).check()
        named = queue(exchange, trader, [first, second])
        exchange.engine.transact("auto_deleverage", 0, trader, named, sender=first).check()
        exchange.house.transact("adjust_margin", 0, -1_000 * WAD, sender=first).check()
    given = [before - worth(exchange, who) for before, who in zip(had, (first, second), strict=True)]
    assert given[0] == 0
    assert abs(given[1] - missing) <= 2
    balanced(exchange, first, second)


# ---- 68


@pytest.mark.parametrize("mode", [REVERTS, BURNS_GAS], ids=["reverts", "burns gas"])
@SIDES
def test_attack_68_a_receiver_that_cannot_be_paid(side, mode):
    """Collateral that moves for nobody while the market is deleveraged: nothing is transferred, each is credited, and
    is paid when the token works again."""
    exchange = open_bad_money(**ADL)
    with exchange.undone():
        trader, counterparty = exchange.people["trader"], exchange.people["counterparty"]
        open_target(exchange, trader, side)
        exchange.trade(counterparty, -side * SIZE, 300 * WAD)
        crash(exchange, side)
        turn(exchange, mode)
        receipt = exchange.engine.transact(
            "auto_deleverage", 0, trader, [counterparty], sender=exchange.people["outsider"]
        ).check()
        due = receipt.event("Deleveraged").new_balance
        assert exchange.pos(trader).size == 0
        exchange.house.transact("settle", 0, counterparty, sender=trader).check()
        free = exchange.free(counterparty)
        refusal = exchange.house.transact("withdraw", free, sender=counterparty)
        assert refusal.reason == ("token says no" if mode == REVERTS else "transfer failed")
        turn(exchange, BEHAVES)
        exchange.house.transact("withdraw", free, sender=counterparty).check()
        assert due > 290 * WAD
        assert exchange.free(counterparty) == 0


def test_attack_68_winners_that_are_contracts(opened, trader, keeper):
    """One that answers no call is closed like any: nobody is called."""
    exchange = opened(**ADL)
    batch = exchange.chain.deploy(load("MockBatch"), sender=keeper)
    open_target(exchange, trader, 1)
    exchange.token.transact("mint", keeper, 1_000 * WAD, sender=keeper).check()
    exchange.house.transact("deposit", 1_000 * WAD, batch.address, sender=keeper).check()
    opening = exchange.house.encode("trade", 0, -SIZE, 300 * WAD, 0, 0)
    batch.transact("send", [exchange.house.address], [opening], sender=keeper).check()
    crash(exchange, 1)
    receipt = deleverage(exchange, trader, [batch.address])
    assert [event.account for event in receipt.events("Deleveraged")] == [batch.address]
    balanced(exchange, batch.address)
