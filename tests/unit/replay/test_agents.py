"""Each role does what the report says of it, on the real contracts."""

from dataclasses import replace
from decimal import Decimal

import pytest

from nacre.chain import EmbeddedChain
from nacre.keeper.view import Holding
from nacre.model import ticks as tick_math
from nacre.model.positions import initial_margin
from nacre.presets import preset
from nacre.prices.dice import Dice
from nacre.replay import agents_traders
from nacre.replay.agents_dealer import LEAST, MOST, Dealer
from nacre.replay.agents_keepers import Keeper, Operator, liquidate_all, profit_floor
from nacre.replay.agents_traders import Trader
from nacre.replay.agents_venue import Arbitrageur, Provider, keep_near_index
from nacre.replay.world import World
from nacre.units import BPS, WAD

START = 1_600_000_000


@pytest.fixture
def world():
    """A market at 100 with one wide and one narrow range."""
    config = preset("oyster", price=Decimal(100), oracle_max_age=86_400, funding_cap_bps=0)
    world = World(EmbeddedChain(timestamp=START), config, START)
    world.providers = [
        Provider(world, "wide", 100_000 * WAD, 5_000, 10_000, Dice(1, "wide")),
        Provider(world, "narrow", 20_000 * WAD, 1_000, 1_000, Dice(1, "narrow")),
    ]
    for provider in world.providers:
        provider.provide()
    return world


def mid(world):
    return world.venue.call("mid_price")


def push(world, price):
    with world.block(world.journal.time + 60):
        world.push_price(price * WAD)


# ---- world


@pytest.mark.parametrize("target", [97, 104, 89, 113, 60])
def test_depth_is_what_moves_the_venue_there(world, target):
    here = world.venue.call("state")[0]
    there = tick_math.sqrt_of_price(target * WAD)
    size = world.depth(here, there)
    _, after = world.venue.call("quote", size if target > 100 else -size)
    assert after == pytest.approx(target * WAD, rel=1e-9)


def test_accounts_bring_whole_cents(world):
    account = world.join("odd", 123_456_789_012_345_678_901)
    assert world.brought[account] == 123_450_000_000_000_000_000
    assert world.free(account) == world.brought[account]


def test_a_refused_transaction_is_counted_by_reason(world):
    account = world.join("poor", WAD)
    receipt = world.trade(account, 10 * WAD, 0)
    assert not receipt.ok
    assert world.journal.refused == {"trade: below initial margin": 1}


# ---- arbitrage


def test_arbitrage_ends_where_the_fees_begin(world):
    arbitrageur = Arbitrageur(world, "arb", 50_000 * WAD)
    for index in (90, 104):
        push(world, index)
        keep_near_index([arbitrageur])
        distance = abs(mid(world) - index * WAD) * BPS // (index * WAD)
        assert 50 <= distance <= 56
        assert not arbitrageur.arbitrage()


def test_without_a_difference_there_is_no_arbitrage(world):
    arbitrageur = Arbitrageur(world, "arb", 50_000 * WAD)
    push(world, 100)
    assert not arbitrageur.arbitrage()
    assert arbitrageur.position.size == 0


def test_capital_limits_arbitrage(world):
    arbitrageur = Arbitrageur(world, "arb", 100 * WAD)
    push(world, 90)
    assert arbitrageur.arbitrage()
    at_mark = arbitrageur.position.amount * 90
    assert at_mark <= 5 * 100 * WAD  # half of the leverage of 10
    assert mid(world) > 95 * WAD
    largest = arbitrageur.position.amount + arbitrageur.room(buy=False)
    assert largest * 90 == pytest.approx(5 * arbitrageur.wealth(), rel=1e-9)  # profit counts by now
    assert arbitrageur.room(buy=True) == pytest.approx(largest + arbitrageur.position.amount, rel=1e-9)


# ---- dealers


def dealer_with(world, size, price):
    dealer = Dealer(world, "dealer", 2_000 * WAD)
    dealer.trade(size * WAD)
    push(world, price)
    return dealer


def ratio(dealer):
    world = dealer.world
    needed = initial_margin(dealer.position.size, world.now.mark_price, world.rules.market)
    return world.equity(dealer.account) * BPS // needed


def test_a_thin_position_is_topped_up(world):
    dealer = dealer_with(world, 20, 92)
    assert ratio(dealer) < LEAST
    dealer.tend()
    assert LEAST < ratio(dealer) <= 20_000


def test_margin_that_is_not_needed_is_taken_back_but_profit_is_not(world):
    dealer = dealer_with(world, 20, 100)
    world.adjust_margin(dealer.account, 1_500 * WAD)
    assert ratio(dealer) > MOST
    dealer.tend()
    assert ratio(dealer) < MOST
    assert not world.journal.refused


def test_who_cannot_top_up_reduces(world):
    dealer = dealer_with(world, 20, 88)
    world.clearinghouse.transact("withdraw", world.free(dealer.account), sender=dealer.account).check()
    dealer.tend()
    assert 0 < dealer.position.amount <= 10 * WAD


def test_a_position_is_sold_only_at_a_fair_price(world):
    dealer = dealer_with(world, 20, 108)
    dealer.unwind()
    assert dealer.position.size == 20 * WAD  # the venue stands at 100: 8 % below mark
    push(world, 100)
    dealer.unwind()
    assert dealer.position.size == 0


# ---- providers


def test_a_range_lies_around_the_price_as_wide_as_wanted(world):
    (key,) = [key for key in world.ranges if key[0] == world.providers[1].account]
    low, high = (tick_math.price_of_sqrt(tick_math.sqrt_price_at(tick)) / WAD for tick in key[1:])
    assert 89 < low <= 90
    assert 110 <= high < 111.2


def test_a_range_is_moved_when_the_price_has_nearly_left_it(world):
    provider = world.providers[1]
    old = provider.key
    provider.act()
    assert provider.key == old
    push(world, 90)
    arbitrageurs = [Arbitrageur(world, "arb", 100_000 * WAD)]
    for _ in range(60):  # it is not always awake, and first has to sell what the old range left
        with world.block(world.journal.time + 60):
            keep_near_index(arbitrageurs)
            provider.act()
    assert provider.key is not None
    assert provider.key[1] < old[1]


def test_no_liquidity_is_added_while_the_venue_is_off_the_market(world):
    late = Provider(world, "late", 10_000 * WAD, 1_000, 1_000, Dice(1, "late"))
    push(world, 80)
    late.provide()
    assert late.key is None


# ---- traders


def test_a_trader_opens_with_its_leverage(world):
    for number in range(8):
        trader = Trader(world, f"trader {number}", Dice(number, "trader"), number % 2 == 0)
        trader.stake = min(trader.stake, 500 * WAD)
        assert trader.open(trader.stake).ok
        assert (trader.position.size > 0) is (number % 2 == 0)
        equity, at_mark = world.equity(trader.account), trader.position.amount * 100
        # Depth of the venue and halved attempts make it a little less.
        assert equity * trader.leverage_bps // BPS >= at_mark * 95 // 100


def test_a_worried_trader_defends_itself_now_and_then(world):
    trader = Trader(world, "trader", Dice(11, "trader"), True)
    trader.stake, trader.leverage_bps = 300 * WAD, 80_000
    trader.open(trader.stake)
    push(world, 94)
    before = ratio_of(trader)
    for _ in range(40):
        trader.act()
    assert trader.position.size == 0 or ratio_of(trader) > before


@pytest.mark.parametrize(
    ("seconds", "bps"), [(3_600, 150), (300, 12), (60, 2), (1, 1), (86_400, 3_600), (10**6, 5_000)]
)
def test_traders_do_as_much_an_hour_whatever_the_candles(seconds, bps):
    assert agents_traders._scaled(agents_traders.WHIM_BPS, seconds) == bps


def ratio_of(trader):
    return trader.world.equity(trader.account) * BPS // trader.position.amount


# ---- keepers


def failing(world, margin, price):
    """A long of 20 entered near 100, at another price."""
    account = world.join("failing", 5_000 * WAD)
    assert world.trade(account, 20 * WAD, margin * WAD).ok
    push(world, price)
    return account


def test_keepers_take_what_pays_and_the_operator_the_rest(world):
    account = failing(world, 230, 92)
    keeper, operator = Keeper(world, "keeper", 10_000 * WAD, WAD), Operator(world, "operator", 10_000 * WAD, 0)
    liquidate_all(world, [keeper], operator)
    assert world.position(account).size == 0
    (done,) = world.journal.liquidations
    assert (done.kind, done.liquidator, done.side, done.bankrupt) == ("takeover", "keeper", "long", False)
    assert keeper.position.size == 20 * WAD


def test_a_floor_above_the_profit_leaves_it_to_the_operator(world):
    account = failing(world, 230, 92)
    keeper = Keeper(world, "keeper", 10_000 * WAD, 10_000 * WAD)
    operator = Operator(world, "operator", 10_000 * WAD, 0)
    liquidate_all(world, [keeper], operator)
    assert world.position(account).size == 0
    (done,) = world.journal.liquidations
    assert (done.kind, done.liquidator) == ("force close", "operator")
    assert done.residue > 0


def test_the_operator_takes_over_the_bankrupt_whom_the_venue_does_not_want(world):
    account = failing(world, 230, 78)
    keep_near_index([Arbitrageur(world, "arb", 1_000_000 * WAD)])
    push(world, 80)
    assert mid(world) < 80 * WAD
    operator = Operator(world, "operator", 10_000 * WAD, 0)
    assert operator.act(world.liquidatable()) == 1
    assert world.position(account).size == 0
    (done,) = world.journal.liquidations
    (loss,) = world.journal.absorptions
    assert done.bankrupt
    assert done.kind == "takeover"
    assert done.deficit == loss.deficit == -done.equity
    assert loss.bankrupt_side == "long"


def test_a_target_that_was_liquidated_meanwhile_is_skipped(world):
    account = failing(world, 230, 92)
    stale = Holding(account, world.position(account))
    keeper, other = Keeper(world, "keeper", 10_000 * WAD, 0), Keeper(world, "other", 10_000 * WAD, 0)
    assert keeper.act([stale]) == 1
    world.adjust_margin(keeper.account, 1_000 * WAD)
    assert other.act([replace(stale)]) == 0
    assert not world.journal.refused


def test_ranges_that_the_price_left_are_removed_for_the_tip(world):
    keeper = Keeper(world, "keeper", 10_000 * WAD, 0)
    keeper.remove_failing_ranges()
    assert len(world.ranges) == 2
    push(world, 85)
    keep_near_index([Arbitrageur(world, "arb", 1_000_000 * WAD)])
    before = world.free(keeper.account)
    keeper.remove_failing_ranges()
    assert [key[0] for key in world.ranges] == [world.providers[0].account]
    assert world.free(keeper.account) - before == WAD // 5
    (removal,) = world.journal.removals
    assert (removal.provider, removal.remover) == ("narrow", "keeper")


@pytest.mark.parametrize(("margin", "floor"), [(0, 1), (2_000 * WAD, 2 * WAD), (10**9 * WAD, 5 * WAD)])
def test_the_profit_floor_follows_the_size_of_the_market(margin, floor):
    assert profit_floor(margin) == floor


# ---- more than one policy


@pytest.fixture
def other():
    """Makes a market at 100 of a policy, with one wide range and deposits in the vault."""

    def make(policy, **fields):
        changes = {"price": Decimal(100), "oracle_max_age": 86_400, "funding_cap_bps": 0} | fields
        world = World(EmbeddedChain(timestamp=START), preset(policy, **changes), START)
        Provider(world, "wide", 200_000 * WAD, 5_000, 10_000, Dice(1, "wide")).provide()
        if world.vault is not None:
            world.join_vault("depositor", 20_000 * WAD)
        return world

    return make


def test_the_vault_exists_where_the_policy_has_a_backstop(world, other):
    assert world.vault is None
    defx = other("defx")
    assert defx.brought[defx.vault.address] == defx.free(defx.vault.address) == 20_000 * WAD
    assert defx.sample(START).vault == 20_000 * WAD


def test_a_cross_trader_stands_with_all_its_collateral(other):
    world = other("defx", mmr_bps=500, imr_bps=1_000, tiers=[])
    trader = Trader(world, "trader", Dice(3, "trader"), True, 50_000, cross=True)
    assert trader.cross
    assert trader.open(trader.stake).ok
    state = world.standing(trader.account)
    assert state.equity == world.free(trader.account) + world.equity(trader.account)
    holding = world.holding(trader.account)
    carry = world.now.carry(holding.position.size)
    assert holding.position.equity(world.now.mark_price, carry) == state.equity
    assert holding.standing == state


def test_a_worried_cross_trader_reduces_since_it_has_nothing_to_add(other):
    world = other("defx", mmr_bps=500, imr_bps=1_000, tiers=[])
    trader = Trader(world, "trader", Dice(11, "trader"), True, cross=True)
    world.send(
        "withdraw", world.clearinghouse, "withdraw", world.free(trader.account) - 300 * WAD, sender=trader.account
    )
    assert world.trade(trader.account, 25 * WAD, 0).ok
    held = trader.position.size
    push(world, 95)
    for _ in range(40):
        trader.act()
    assert 0 <= trader.position.size < held
    assert not world.journal.refused


def test_whoever_trades_for_a_living_stays_at_half_of_tenfold(other):
    world = other("hyperliquid")
    dealer = Dealer(world, "dealer", 10_000 * WAD)
    assert dealer.room(buy=True) * 100 == pytest.approx(5 * 10_000 * WAD, rel=1e-9)
    dealer.trade(20 * WAD)
    assert world.equity(dealer.account) >= 395 * WAD  # a fifth of 2,000, whatever IMR says


def test_a_range_that_is_too_small_is_not_tried_again_and_again(other):
    world = other("defx", min_notional=1_000, max_open_interest=0)
    small = Provider(world, "small", 500 * WAD, 5_000, 10_000, Dice(1, "small"))
    for _ in range(3):
        small.provide()
    assert world.journal.refused["add range: range too small"] == 1


def test_the_operator_calls_the_vault_first_where_that_is_the_policy(other):
    world = other("defx", mmr_bps=500, imr_bps=1_000, tiers=[])
    account = failing(world, 230, 92)
    keeper, operator = Keeper(world, "keeper", 10_000 * WAD, WAD), Operator(world, "operator", 10_000 * WAD, 0)
    liquidate_all(world, [keeper], operator)
    (done,) = world.journal.liquidations
    assert (done.kind, done.liquidator) == ("backstop", "backstop vault")
    assert world.position(account).size == 0
    assert world.position(world.vault.address).size == 20 * WAD
    push(world, 95)
    operator.unwind_vault()
    assert world.position(world.vault.address).size < 20 * WAD
    assert not world.journal.refused


def test_the_operator_deleverages_what_the_fund_cannot_pay(other):
    world = other("hyperliquid", mmr_bps=500, imr_bps=1_000, mark_mode="index", force_close_band_bps=1, backstop_bps=0)
    account = failing(world, 230, 100)
    shorts = [world.join(f"short {number}", 5_000 * WAD) for number in range(2)]
    for short in shorts:
        assert world.trade(short, -9 * WAD, 1_000 * WAD).ok
    push(world, 80)
    keep_near_index([Arbitrageur(world, "arb", 1_000_000 * WAD)])
    push(world, 82)
    operator = Operator(world, "operator", 10_000 * WAD, 0)
    equity = world.equity(account)
    assert equity < 0
    assert operator.act(world.liquidatable()) == 1
    (done,) = world.journal.liquidations
    assert (done.kind, done.liquidator, done.equity) == ("ADL", "operator", equity)
    assert done.counterparties >= 1
    assert done.loss == pytest.approx(-equity, abs=10)
    assert world.position(account).size == 0
    due = dict(world.leftovers)
    assert due
    before = {who: world.free(who) for who in due}
    operator.do_chores(collect=False)
    assert {who: world.free(who) - before[who] for who in due} == due
    assert world.leftovers == {}


def test_margin_is_called_once_a_stage(other):
    world = other("defx", mmr_bps=500, imr_bps=1_000, tiers=[])
    failing(world, 230, 95)
    operator = Operator(world, "operator", 1_000 * WAD, 0)
    operator.call_margin()
    assert world.journal.margin_calls == 1
    operator.call_margin()
    assert world.journal.margin_calls == 1
    push(world, 110)
    operator.call_margin()
    assert operator.called == {}


def test_a_chunk_is_remembered_until_its_cooldown_ends(other):
    world = other(
        "hyperliquid", mmr_bps=500, imr_bps=1_000, large_notional=1_000, backstop_bps=0, force_close_band_bps=1_000
    )
    account = failing(world, 230, 100)
    with world.block(world.journal.time + 60):
        world.push_price(92 * WAD)
        operator = Operator(world, "operator", 1_000 * WAD, 0)
        assert operator.act(world.liquidatable()) == 1
        assert world.position(account).size == 16 * WAD
        assert world.chunk_times[account] == world.chain.timestamp
        world.push_price(88 * WAD)
        assert world.cooldown_end() == 30
        assert operator.act(world.liquidatable()) == 0
    with world.block(world.journal.time + 30):
        world.push_price(86 * WAD)
        assert world.cooldown_end() is None
        assert operator.act(world.liquidatable()) == 1
    assert world.position(account).size == 0
    assert not world.journal.refused


def test_fees_are_collected_for_the_treasury_when_it_is_time(world):
    trader = world.join("payer", 5_000 * WAD)
    world.trade(trader, 10 * WAD, 1_000 * WAD)
    operator = Operator(world, "operator", 1_000 * WAD, 0)
    operator.do_chores(collect=False)
    assert world.free(world.system.treasury) == 0
    operator.do_chores(collect=True)
    assert world.free(world.system.treasury) == pytest.approx(2 * WAD, rel=1e-2)  # 20 bp of about 1,000
