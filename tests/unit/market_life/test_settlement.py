"""The end of a market in two phases: everything becomes a claim at the final price, then claims are paid."""

import random
from collections.abc import Sequence
from itertools import permutations

import pytest
from support import spec
from support.exchange import LIQUIDITY, WIDE, Exchange
from support.spec import Pos

from nacre.units import WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
PEOPLE = ("trader", "counterparty", "keeper", "outsider", "provider")
NARROW = (45_600, 46_600)


def dust_bound(calls: int) -> int:
    """docs/derivations.md section 5: a swap or removal leaves less than a wei of size, here worth up to 125, and 5."""
    return 130 * calls


def settle_market(exchange: Exchange, price: int = 0) -> None:
    exchange.config.transact("settle_market", 0, price, sender=exchange.system.owner).check()


def settle_account(exchange: Exchange, who: str):
    return exchange.house.transact("settle_account", 0, who, sender=exchange.people["outsider"]).check()


def remove_range(exchange: Exchange, edges: tuple[int, int] = WIDE, who: str = "provider"):
    arguments = (*edges, exchange.people[who])
    return exchange.venue.transact("remove_liquidity", *arguments, sender=exchange.people["outsider"]).check()


def claim(exchange: Exchange, who: str) -> int:
    """What was paid."""
    free = exchange.free(who)
    exchange.house.transact("claim", 0, who, sender=exchange.people["outsider"]).check()
    return exchange.free(who) - free


def debt(exchange: Exchange, who: str) -> int:
    return exchange.house.call("owed", 0, who)


def settle_all(exchange: Exchange, order: Sequence[str] = PEOPLE) -> dict[str, int]:
    """Ranges first; the claims by name."""
    if exchange.venue.call("range_of", exchange.people["provider"], *WIDE).liquidity:
        remove_range(exchange)
    for name in order:
        if exchange.pos(exchange.people[name]) != Pos():
            settle_account(exchange, exchange.people[name])
    return {name: debt(exchange, exchange.people[name]) for name in order if debt(exchange, exchange.people[name])}


# ---- the final price


def test_the_owner_ends_it_at_mark_or_at_any_price_within_bounds(exchange, owner, outsider):
    call = (exchange.config, "settle_market", 0)
    exchange.refuses("ownable: caller is not the owner", *call, 0, sender=outsider)
    exchange.refuses("not config", exchange.house, "settle_market", 0, 0, sender=owner)
    exchange.refuses("unknown market", exchange.config, "settle_market", 1, 0, sender=owner)
    exchange.refuses("price out of bounds", *call, 10**12 - 1, sender=owner)
    exchange.refuses("price out of bounds", *call, 10**25 + 1, sender=owner)
    exchange.push(97 * WAD)
    for price in (0, 10**12, 10**25):
        with exchange.undone():
            receipt = exchange.config.transact("settle_market", 0, price, sender=owner).check()
            assert receipt.event("MarketSettling").final_price == (price or 97 * WAD)
            assert exchange.state().final_price == exchange.state().mark_price == (price or 97 * WAD)
            exchange.refuses("market is settling", *call, price, sender=owner)


def test_without_a_price_only_at_one_given(exchange, owner):
    exchange.chain.mine(3_601)
    exchange.refuses("stale price", exchange.config, "settle_market", 0, 0, sender=owner)
    settle_market(exchange, 88 * WAD)
    assert exchange.state().final_price == 88 * WAD


@SIDES
def test_what_has_passed_accrues_and_nothing_later(opened, side):
    """Funding and borrow fees up to the block of the end are carry of every claim; a year more is not."""
    exchange = opened(funding_cap_bps=100, borrow_rate_bps=1_000, oracle_max_age=10**6)
    trader, _, keeper, _, _ = exchange.people.values()
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    exchange.chain.mine(86_400)
    exchange.push(100 * WAD)
    exchange.house.transact("accrue", 0, sender=keeper).check()
    exchange.chain.mine(86_400)
    exchange.push(100 * WAD)
    with exchange.chain.block():
        settle_market(exchange)
        state = exchange.state()
        assert state.accrued_at == exchange.chain.timestamp
    assert state.funding_index * side > 0
    assert state.borrow_index > 0
    exchange.chain.mine(10**6)
    exchange.push(50 * WAD)
    later = exchange.state()
    assert (later.funding_index, later.borrow_index) == (state.funding_index, state.borrow_index)
    held = exchange.record(trader)
    index = state.borrow_index + side * state.funding_index
    worth = spec.equity(exchange.pos(trader), 100 * WAD, spec.carry(held.size, index - held.entry_carry))
    receipt = settle_account(exchange, trader)
    assert (receipt.event("AccountSettled").size, receipt.event("AccountSettled").claim) == (side * 20 * WAD, worth)
    assert debt(exchange, trader) == worth < 400 * WAD


# ---- phase one


@SIDES
def test_positions_become_claims_one_by_one(exchange, trader, counterparty, side):
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    exchange.trade(counterparty, -side * 5 * WAD, 200 * WAD)
    pos = {who: exchange.pos(who) for who in (trader, counterparty)}
    settle_market(exchange, (100 + 7 * side) * WAD)
    before = exchange.state()
    for left, who in ((1, trader), (0, counterparty)):
        worth = spec.equity(pos[who], (100 + 7 * side) * WAD)
        free = exchange.free(who)
        settle_account(exchange, who)
        assert (debt(exchange, who), exchange.pos(who), exchange.free(who)) == (worth, Pos(), free)
        state = exchange.state()
        assert state.holders_long + state.holders_short == left
        exchange.refuses("no position", exchange.house, "settle_account", 0, who, sender=who)
    assert (state.total_long, state.total_short, state.pot) == (0, 0, before.pot)
    assert state.owed_total == sum(debt(exchange, who) for who in pos)


def test_a_live_market_settles_nobody(exchange, trader):
    exchange.trade(trader, WAD, 50 * WAD)
    exchange.refuses("market is not settling", exchange.house, "settle_account", 0, trader, sender=trader)


@SIDES
@pytest.mark.parametrize("fund", [0, 40, 140])
def test_a_deficit_is_the_funds_then_nobodys_and_never_an_indexs(opened, side, fund):
    """Whatever the draw limit says: in a market that ends nothing is kept for later."""
    exchange = opened(insurance_draw_bps=100)
    trader, counterparty, keeper, _, _ = exchange.people.values()
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 800 * WAD)
    if fund:
        exchange.house.transact("donate_insurance", 0, fund * WAD, sender=keeper).check()
    price = (100 - 20 * side) * WAD
    deficit = -spec.equity(exchange.pos(trader), price)
    settle_market(exchange, price)
    event = settle_account(exchange, trader).event("DeficitAbsorbed")
    paid = min(deficit, fund * WAD)
    assert (event.deficit, event.from_insurance, event.unallocated_loss) == (deficit, paid, deficit - paid)
    state = exchange.state()
    assert (state.insurance_fund, state.unallocated_loss) == (fund * WAD - paid, deficit - paid)
    assert state.long_social_loss_index == state.short_social_loss_index == 0
    assert debt(exchange, trader) == 0


@SIDES
def test_the_order_of_settling_does_not_matter(opened, side):
    """Losers first or winners first: the same claims, the same fund, the same loss without a payer."""
    exchange = opened()
    _mixed(exchange, side)
    settle_market(exchange, (100 - 20 * side) * WAD)
    seen = set()
    for order in permutations(PEOPLE):
        with exchange.undone():
            claims = settle_all(exchange, order)
            state = exchange.state()
            seen.add((*sorted(claims.items()), state.insurance_fund, state.unallocated_loss, state.pot))
    assert len(seen) == 1


def _mixed(exchange: Exchange, side: int = 1) -> None:
    """One bankrupt, two who win, one who loses, a provider, and a fund that is too small."""
    trader, counterparty, keeper, provider, outsider = exchange.people.values()
    exchange.trade(trader, side * 20 * WAD, 300 * WAD)
    exchange.trade(counterparty, -side * 20 * WAD, 800 * WAD)
    exchange.trade(keeper, side * 10 * WAD, 777 * WAD + 1)
    exchange.trade(outsider, -side * 10 * WAD, 333 * WAD + 7)
    exchange.house.transact("donate_insurance", 0, 40 * WAD, sender=keeper).check()
    exchange.venue.transact("remove_liquidity", *WIDE, sender=provider).check()
    exchange.house.transact("adjust_margin", 0, 500 * WAD - exchange.pos(provider).balance, sender=provider).check()


# ---- ranges


def test_anyone_removes_a_range_without_tip_and_without_drift(opened):
    """Healthy as it is. The venue stays where it is, far from the final price, at which the range is settled."""
    exchange = opened(tip=5, max_deviation_bps=10_000)
    trader, _, _, provider, outsider = exchange.people.values()
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    before, held = exchange.venue.call("state"), exchange.venue.call("range_of", provider, *WIDE)
    settle_market(exchange, 90 * WAD)
    free = exchange.free(outsider)
    assert remove_range(exchange).value == 0
    assert exchange.venue.call("state") == (*before[:2], 0)
    assert exchange.free(outsider) == free
    assert exchange.pos(provider) == Pos(held.size, held.balance, held.entry_notional)
    assert exchange.state().lp_margin == 0
    settle_account(exchange, provider)
    assert debt(exchange, provider) == spec.equity(Pos(held.size, held.balance, held.entry_notional), 90 * WAD)


@SIDES
def test_a_range_with_a_deficit_costs_the_fund_and_no_index(opened, side):
    """A narrow range that a jump has left far behind: the fund pays what it lacks, then it is worth nothing."""
    exchange = opened(max_deviation_bps=10_000)
    trader, _, keeper, provider, _ = exchange.people.values()
    exchange.provide(keeper, 500 * WAD, *NARROW)
    exchange.trade(trader, side * 100 * WAD, 5_000 * WAD)
    exchange.house.transact("donate_insurance", 0, 30 * WAD, sender=provider).check()
    held = exchange.venue.call("range_of", keeper, *NARROW)
    price = (100 + 40 * side) * WAD
    lacking = -spec.equity(Pos(held.size, held.balance, held.entry_notional), price)
    assert lacking > 30 * WAD
    settle_market(exchange, price)
    event = remove_range(exchange, NARROW, "keeper").event("DeficitAbsorbed")
    assert (event.deficit, event.from_insurance) == (lacking, 30 * WAD)
    assert spec.equity(exchange.pos(keeper), price) == 0
    settle_account(exchange, keeper)
    state = exchange.state()
    assert (state.unallocated_loss, state.insurance_fund) == (lacking - 30 * WAD, 0)
    assert state.long_social_loss_index == state.short_social_loss_index == 0
    assert debt(exchange, keeper) == 0


def test_a_flat_range_is_a_claim_at_once(exchange, provider):
    """Without inventory there is no position to settle: its margin is owed."""
    margin = exchange.venue.call("range_of", provider, *WIDE).balance
    settle_market(exchange)
    remove_range(exchange)
    assert (debt(exchange, provider), exchange.pos(provider)) == (margin, Pos())
    assert claim(exchange, provider) == margin == LIQUIDITY


@SIDES
def test_a_range_joins_its_providers_position(exchange, trader, provider, side):
    exchange.trade(trader, side * 20 * WAD, 400 * WAD)
    exchange.trade(provider, side * 5 * WAD, 300 * WAD)
    held = exchange.venue.call("range_of", provider, *WIDE)
    part = Pos(held.size, held.balance, held.entry_notional)
    whole = spec.combine(part, exchange.pos(provider))
    settle_market(exchange, (100 + 3 * side) * WAD)
    remove_range(exchange)
    assert exchange.pos(provider) == whole
    settle_account(exchange, provider)
    assert debt(exchange, provider) == spec.equity(whole, (100 + 3 * side) * WAD)


# ---- phase two


def test_no_claim_before_everything_is_one(exchange, trader, counterparty, keeper):
    """Neither while a position is left nor while a range is, whoever has been settled."""
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.trade(counterparty, -20 * WAD, 400 * WAD)
    settle_market(exchange)
    exchange.refuses("nothing owed", exchange.house, "claim", 0, trader, sender=keeper)
    settle_account(exchange, trader)
    exchange.refuses("market is settling", exchange.house, "claim", 0, trader, sender=keeper)
    settle_account(exchange, counterparty)
    exchange.refuses("market is settling", exchange.house, "claim", 0, trader, sender=keeper)
    remove_range(exchange)
    provider = exchange.people["provider"]
    if exchange.pos(provider).size:
        exchange.refuses("market is settling", exchange.house, "claim", 0, trader, sender=keeper)
        settle_account(exchange, provider)
    owed = debt(exchange, trader)
    assert claim(exchange, trader) == owed > 0
    exchange.refuses("nothing owed", exchange.house, "claim", 0, trader, sender=keeper)


def test_all_in_full_where_the_pot_covers_all(exchange, trader, counterparty):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.trade(counterparty, -20 * WAD, 400 * WAD)
    settle_market(exchange, 95 * WAD)
    claims = settle_all(exchange)
    state = exchange.state()
    dust = state.pot - state.owed_total
    assert 0 <= dust <= dust_bound(3)
    assert sum(claims.values()) == state.owed_total
    for name, owed in claims.items():
        assert claim(exchange, exchange.people[name]) == owed
    assert (exchange.state().pot, exchange.state().owed_total) == (dust, 0)


@SIDES
def test_all_the_same_share_where_it_is_short(opened, side):
    """Whoever comes first or last: within a wei a claim, floor(debt x pot / all debts), and the pot is empty then."""
    exchange = opened()
    _mixed(exchange, side)
    settle_market(exchange, (100 - 20 * side) * WAD)
    claims = settle_all(exchange)
    state = exchange.state()
    pot, owed = state.pot, state.owed_total
    missing = state.unallocated_loss
    assert len(claims) == 4
    assert 0 <= missing - (owed - pot) <= dust_bound(5)
    for order in permutations(claims):
        with exchange.undone():
            left, total = pot, owed
            for name in order:
                due = claims[name] * left // total
                assert claim(exchange, exchange.people[name]) == due
                assert 0 <= due - claims[name] * pot // owed <= len(claims)
                left, total = left - due, total - claims[name]
            assert left == exchange.state().pot == 0
            assert exchange.state().owed_total == 0
            # what all have given up was the loss without a payer
            assert exchange.state().unallocated_loss == missing - (owed - pot)


def test_a_donation_makes_claims_whole(opened):
    """New money reaches the loss without a payer first, and raises every share; the rest of it is the fund's."""
    exchange = opened()
    _mixed(exchange)
    settle_market(exchange, 80 * WAD)
    claims = settle_all(exchange)
    missing = exchange.state().unallocated_loss
    keeper = exchange.people["keeper"]
    exchange.house.transact("donate_insurance", 0, missing + WAD, sender=keeper).check()
    state = exchange.state()
    assert (state.unallocated_loss, state.insurance_fund) == (0, WAD)
    assert 0 <= state.pot - state.owed_total - WAD <= dust_bound(5)
    for name, owed in claims.items():
        assert claim(exchange, exchange.people[name]) == owed


def test_earlier_debts_rank_with_the_others(short, trader, outsider, provider, counterparty):
    """What the market owed before it ended is cut by the same share as what it owes since."""
    for who, amount in ((outsider, 2_000 * WAD), (provider, 900 * WAD)):
        short.house.transact("adjust_margin", 0, -amount, sender=who).check()
    old = {who: debt(short, who) for who in (outsider, provider)}
    assert all(old.values())
    settle_market(short)
    for who in (trader, outsider, provider):
        settle_account(short, who)
    new = {who: debt(short, who) for who in (outsider, provider)}
    assert all(new[who] > old[who] for who in old)
    pot, total = short.state().pot, short.state().owed_total
    assert pot < total == sum(new.values())
    paid = {who: claim(short, who) for who in (outsider, provider)}
    assert paid[outsider] == new[outsider] * pot // total
    assert paid[outsider] + paid[provider] == pot


def test_fees_come_after_all_claims(opened):
    exchange = opened(protocol_fee_bps=100)
    trader, counterparty, _, _, outsider = exchange.people.values()
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    exchange.trade(counterparty, -20 * WAD, 400 * WAD)
    fees = exchange.state().protocol_fees
    treasury = exchange.system.treasury
    settle_market(exchange)

    def collected() -> int:
        free = exchange.free(treasury)
        exchange.config.transact("collect_fees", 0, sender=outsider).check()
        return exchange.free(treasury) - free

    assert (fees > 0, collected()) == (True, 0)
    claims = settle_all(exchange)
    for name, owed in claims.items():
        assert collected() == 0
        assert claim(exchange, exchange.people[name]) == owed
    assert collected() == fees
    assert exchange.state().pot <= dust_bound(3)


def test_what_deleveraging_left_is_settled_too(opened):
    """A record without size but with what it is due: no claim is paid before it is one, and it is cut like any."""
    exchange = opened(loss="adl", min_notional=10, max_open_interest=100_000)
    trader, counterparty, keeper, provider, _ = exchange.people.values()
    exchange.trade(trader, 10 * WAD, 110 * WAD)
    exchange.trade(counterparty, -10 * WAD, 300 * WAD)
    exchange.push(85 * WAD)
    exchange.engine.transact("auto_deleverage", 0, trader, [counterparty], sender=keeper).check()
    due = exchange.pos(counterparty)
    assert due.size == 0 < due.balance
    settle_market(exchange)
    remove_range(exchange)
    if exchange.pos(provider) != Pos():
        settle_account(exchange, provider)
    assert (exchange.state().total_long, exchange.state().total_short) == (0, 0)
    exchange.refuses("market is settling", exchange.house, "claim", 0, provider, sender=keeper)
    settle_account(exchange, counterparty)
    assert debt(exchange, counterparty) == due.balance == claim(exchange, counterparty)


def test_parameters_and_status_revive_nothing(exchange, trader, owner, guardian):
    exchange.trade(trader, 20 * WAD, 400 * WAD)
    settle_market(exchange, 90 * WAD)
    config = exchange.config
    config.transact("set_market_params", 0, config.call("market_params", 0), sender=owner).check()
    config.transact("pause", 0, sender=guardian).check()
    config.transact("unpause", 0, sender=owner).check()
    for reduce_only in (True, False):
        config.transact("set_reduce_only", 0, reduce_only, sender=owner).check()
    exchange.refuses("market is settling", exchange.house, "trade", 0, -WAD, 0, 0, 0, sender=trader)
    assert exchange.state().final_price == 90 * WAD
    settle_account(exchange, trader)


@pytest.mark.parametrize("seed", range(6))
def test_any_market_pays_out_what_it_has(opened, seed):
    """Eight positions and two ranges at random, ended at a random price and settled in random order: what is paid and
    what stays add up, and all claims are cut by the same share."""
    exchange = opened(max_deviation_bps=10_000, trading_fee_bps=10, protocol_fee_bps=5)
    dice = random.Random(f"settlement {seed}")
    crowd = [exchange.chain.account(f"settler {number}") for number in range(8)]
    keeper, provider = exchange.people["keeper"], exchange.people["provider"]
    exchange.provide(keeper, 900 * WAD, *NARROW)
    for who in crowd:
        exchange.system.fund(who, 2_000 * WAD)
        size = dice.choice((-1, 1)) * dice.randrange(WAD, 40 * WAD)
        exchange.trade(who, size, abs(size) * dice.randrange(12, 40))
    exchange.house.transact("donate_insurance", 0, dice.randrange(1, 50 * WAD), sender=keeper).check()
    free = {who: exchange.free(who) for who in (*crowd, keeper, provider)}
    before = exchange.state()
    settle_market(exchange, dice.randrange(75 * WAD, 125 * WAD))
    work = [lambda: remove_range(exchange), lambda: remove_range(exchange, NARROW, "keeper")]
    work += [lambda who=who: settle_account(exchange, who) for who in crowd]
    dice.shuffle(work)
    for step in work:
        step()
    for who in (keeper, provider):
        if exchange.pos(who) != Pos():
            settle_account(exchange, who)
    state = exchange.state()
    assert (state.pot, state.total_long, state.total_short, state.lp_margin) == (before.pot, 0, 0, 0)
    debts = {who: debt(exchange, who) for who in free if debt(exchange, who)}
    assert sum(debts.values()) == state.owed_total
    rest = state.pot - state.owed_total - state.insurance_fund - state.protocol_fees + state.unallocated_loss
    assert 0 <= rest <= dust_bound(len(crowd) + 2)
    paid = {who: claim(exchange, who) for who in dice.sample(list(debts), len(debts))}
    share = min(state.pot, state.owed_total)
    for who, owed in debts.items():
        assert 0 <= paid[who] - owed * share // state.owed_total <= len(debts)
    assert sum(paid.values()) == share
    assert exchange.state().pot == state.pot - share
    assert all(exchange.free(who) == free[who] + paid.get(who, 0) for who in free)
