"""Lens.adl_terms, adl_counterparties and adl_queue: what is accepted, ranked exactly."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.deleveraging import Terms, deleverage, expected, ranked, refuses, settled
from support.exchange import reason_of
from support.ruin import SIZE, crash, crash_and_follow, open_target

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


def accounts_of(queue):
    return [rank.account for rank in queue]


@pytest.fixture
def scene(exchange, crowd, trader):
    """A target, and accounts opposite by falling rank."""

    def opened_for(side, margins=(60, 80, 100), size=4):
        open_target(exchange, trader, side)
        accounts = crowd(exchange, *[(-side * size * WAD, margin * WAD) for margin in margins])
        crash(exchange, side)
        return accounts

    return opened_for


# ---- terms


@SIDES
def test_terms_are_those_of_the_transaction(exchange, scene, trader, keeper, side):
    accounts = scene(side)
    exchange.house.transact("donate_insurance", 0, 20 * WAD, sender=keeper).check()
    with exchange.chain.block():
        terms = exchange.lens.call("adl_terms", 0, trader)
        want = expected(exchange, trader, accounts)
        receipt = exchange.engine.transact("auto_deleverage", 0, trader, accounts, sender=keeper).check()
    assert (terms.size, terms.notional, terms.feasible) == (side * SIZE, want.terms.notional, True)
    assert terms.notional == receipt.event("AutoDeleveraging").notional
    assert terms.from_insurance == receipt.event("AutoDeleveraging").from_insurance == 20 * WAD
    assert not terms.at_previous_mark
    # of a unit, against those opposite
    assert 0 <= (terms.price * 10 - terms.notional) * side < 10


@SIDES
def test_terms_say_when_insurance_pays(exchange, scene, trader, keeper, side):
    scene(side)
    deficit = exchange.lens.call("adl_terms", 0, trader).deficit
    assert deficit == -exchange.lens.call("health", 0, trader).equity
    exchange.house.transact("donate_insurance", 0, 2 * deficit, sender=keeper).check()
    terms = exchange.lens.call("adl_terms", 0, trader)
    assert (terms.deficit, terms.from_insurance) == (deficit, deficit)
    refuses(exchange, "insurance pays", trader, [])


@SIDES
def test_terms_of_who_is_not_bankrupt(exchange, trader, side):
    open_target(exchange, trader, side)
    terms = exchange.lens.call("adl_terms", 0, trader)
    assert (terms.deficit, terms.from_insurance) == (0, 0)
    assert terms.price == exchange.lens.call("bankruptcy_price", 0, trader)


@SIDES
def test_terms_at_the_previous_mark(opened_adl, crowd, trader, keeper, side):
    exchange = opened_adl(adl_price="previous_mark")
    open_target(exchange, trader, side)
    exchange.house.transact("donate_insurance", 0, 20 * WAD, sender=keeper).check()
    with exchange.chain.block():
        exchange.system.push_price(exchange.main, (100 - side * 8) * WAD)
        exchange.house.transact("accrue", 0, sender=keeper).check()
    crash(exchange, side)
    terms = exchange.lens.call("adl_terms", 0, trader)
    assert (terms.at_previous_mark, terms.from_insurance) == (True, 0)
    assert terms.price == (100 - side * 8) * WAD


@SIDES
def test_terms_of_a_cross_target_count_what_its_account_gives(opened_adl, trader, side):
    exchange = opened_adl(cross_margin=True)
    exchange.house.transact("set_margin_mode", 0, True, sender=trader).check()
    exchange.trade(trader, side * SIZE)
    crash(exchange, side)
    assert exchange.lens.call("adl_terms", 0, trader).deficit == 0, "the leg lacks 150, the account has 10,000"
    exchange.push((100 - side * 99) * WAD if side > 0 else 1_200 * WAD)
    state = exchange.house.call("account_state", trader)
    terms = exchange.lens.call("adl_terms", 0, trader)
    assert terms.deficit == max(0, -state.full_equity)
    assert (terms.deficit > 0) == (side < 0), "ten from 100 cannot lose more than a thousand"


def test_terms_refuse_what_the_transaction_refuses(exchange, scene, trader, outsider):
    scene(1)
    assert reason_of(exchange.lens, "adl_terms", 0, outsider) == "no position"
    assert reason_of(exchange.lens, "adl_terms", 1, trader) == "unknown market"
    exchange.chain.mine(3_700)
    assert reason_of(exchange.lens, "adl_terms", 0, trader) == "stale price"
    assert reason_of(exchange.lens, "adl_counterparties", 0, trader, []) == "stale price"


# ---- the list for a target


@SIDES
def test_any_order_becomes_the_right_one(exchange, scene, trader, side):
    first, second, third = scene(side)
    queue = exchange.lens.call("adl_counterparties", 0, trader, [third, first, second])
    assert accounts_of(queue) == [first, second, third]
    assert all(rank.eligible for rank in queue)
    deleverage(exchange, trader, accounts_of(queue))


@SIDES
def test_ranks_are_exact(exchange, scene, trader, side):
    accounts = scene(side)
    with exchange.chain.block():
        queue = exchange.lens.call("adl_counterparties", 0, trader, accounts)
        terms, state = exchange.lens.call("adl_terms", 0, trader), exchange.state()
        mine = Terms(side > 0, SIZE, terms.notional)
        for rank in queue:
            position = settled(exchange, state, rank.account)
            assert (rank.size, rank.rank) == (position.size, ranked(mine, position))


@SIDES
def test_who_is_not_eligible_comes_last(exchange, crowd, trader, keeper, side):
    open_target(exchange, trader, side)
    (winner,) = crowd(exchange, (-side * 4 * WAD, 100 * WAD))
    crash_and_follow(exchange, side, keeper)
    queue = exchange.lens.call("adl_counterparties", 0, trader, [keeper, winner])
    assert [(rank.account, rank.eligible) for rank in queue] == [(winner, True), (keeper, False)]
    assert queue[1].rank == 0
    deleverage(exchange, trader, accounts_of(queue))


@SIDES
def test_repeats_and_strangers_are_left_out(exchange, scene, trader, outsider, side):
    first, second, third = scene(side)
    queue = exchange.lens.call("adl_counterparties", 0, trader, [second, outsider, second, trader, first, third, first])
    assert accounts_of(queue) == [first, second, third]


def test_repeats_are_found_among_equals(exchange, crowd, trader, keeper):
    """Accounts of the same rank, each twice and apart from itself."""
    open_target(exchange, trader, 1)
    accounts = crowd(exchange, *[(-WAD, 100 * WAD)] * 5)
    # all at the same entry: each alone, then out
    exchange.push(95 * WAD)
    queue = exchange.lens.call("adl_counterparties", 0, trader, [*accounts, *reversed(accounts), *accounts])
    assert sorted(accounts_of(queue)) == sorted(accounts)


@SIDES
def test_one_transaction_asks_and_acts(exchange, scene, trader, keeper, side):
    """What the lens says in a block is accepted in it, with the accounts in any order."""
    accounts = scene(side)
    with exchange.chain.block():
        queue = exchange.lens.call("adl_counterparties", 0, trader, accounts[::-1])
        exchange.engine.transact("auto_deleverage", 0, trader, accounts_of(queue), sender=keeper).check()


POSITIONS = st.lists(st.tuples(st.integers(2, 30), st.integers(130, 4_000), st.booleans()), min_size=1, max_size=8)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(positions=POSITIONS, side=st.sampled_from([1, -1]), follow=st.booleans(), data=st.data())
def test_its_list_is_always_accepted(opened_adl, chain_account, positions, side, follow, data):
    """Whoever stands where: sizes in tenths, margins in permille of the entry, some opened after the crash."""
    exchange = opened_adl()
    trader, keeper = chain_account("trader"), chain_account("keeper")
    with exchange.undone():
        open_target(exchange, trader, side)
        accounts = [chain_account(f"winner {number}") for number in range(len(positions))]
        for account in accounts:
            exchange.system.fund(account, 20_000 * WAD)
        for account, (tenths, permille, late) in zip(accounts, positions, strict=True):
            if not late:
                exchange.trade(account, -side * tenths * WAD // 10, tenths * 10 * permille * WAD // 1_000)
        if follow:
            crash_and_follow(exchange, side, keeper)
            accounts.append(keeper)
        crash(exchange, side)
        for account, (tenths, permille, late) in zip(accounts, positions, strict=False):
            if late:
                exchange.trade(account, -side * tenths * WAD // 10, tenths * 12 * permille * WAD // 1_000)
        order = data.draw(st.permutations(accounts))
        with exchange.chain.block():
            queue = accounts_of(exchange.lens.call("adl_counterparties", 0, trader, order))
            assert sorted(queue) == sorted(accounts)
        deleverage(exchange, trader, queue)


# ---- ranks at any price


@SIDES
def test_queue_is_at_mark_unless_told(exchange, scene, trader, side):
    accounts = scene(side)
    mark = exchange.state().mark_price
    queue = exchange.lens.call("adl_queue", 0, -side, accounts[::-1])
    assert [tuple(rank) for rank in queue] == [
        tuple(rank) for rank in exchange.lens.call("adl_queue", 0, -side, accounts, mark)
    ]
    assert accounts_of(queue) == accounts
    with exchange.chain.block():
        mine, state = Terms(side > 0, WAD, mark), exchange.state()
        assert [rank.rank for rank in queue] == [ranked(mine, settled(exchange, state, who)) for who in accounts]


@SIDES
def test_queue_of_one_side_only(exchange, scene, trader, side):
    accounts = scene(side)
    assert accounts_of(exchange.lens.call("adl_queue", 0, side, [*accounts, trader])) == [trader]
    assert exchange.lens.call("adl_queue", 0, -side, []) == []


@SIDES
def test_queue_at_the_price_of_a_target_is_its_list(exchange, scene, trader, side):
    accounts = scene(side)
    with exchange.chain.block():
        terms = exchange.lens.call("adl_terms", 0, trader)
        queue = exchange.lens.call("adl_queue", 0, -side, accounts[::-1], terms.price)
        assert accounts_of(queue) == accounts_of(exchange.lens.call("adl_counterparties", 0, trader, accounts))


def test_queue_at_a_price_that_no_market_has(exchange, scene):
    accounts = scene(1)
    assert len(exchange.lens.call("adl_queue", 0, -1, accounts, 10**25)) == 3
    assert reason_of(exchange.lens, "adl_queue", 0, -1, accounts, 10**25 + 1) == "price out of bounds"


@SIDES
def test_queue_while_stale_is_at_the_last_price(exchange, scene, side):
    """Nobody is deleveraged then; traders see their rank all the same."""
    accounts = scene(side)
    exchange.chain.mine(3_700)
    assert accounts_of(exchange.lens.call("adl_queue", 0, -side, accounts)) == accounts


def test_a_thousand_can_be_asked_for(opened_adl, crowd, trader):
    """In a call of less than 60 million gas, the worst order included."""
    exchange = opened_adl(min_notional="0.01", max_open_interest=100, oracle_max_age=10**6)
    accounts = [exchange.chain.account(f"holder {number}") for number in range(1_000)]
    for number, account in enumerate(accounts):
        exchange.system.fund(account, WAD)
        exchange.trade(account, -WAD // 5_000, WAD // 10 + number * WAD // 10_000)
    exchange.push(90 * WAD)
    queue = exchange.lens.call("adl_queue", 0, -1, accounts[::-1])
    ranks = [rank.rank for rank in queue]
    assert ranks == sorted(ranks, reverse=True)
    assert sorted(accounts_of(queue)) == sorted(accounts)
    data = exchange.lens.encode("adl_queue", 0, -1, accounts[::-1])
    receipt = exchange.chain.raw_transact(exchange.lens.address, data, trader, "adl_queue")
    assert receipt.ok
    assert receipt.gas_used < 60 * 10**6
