"""account_state is the sums of docs/spec.md section 12 to the wei, whatever the markets of the legs do meanwhile."""

from dataclasses import replace
from itertools import product

import pytest
from support import spec
from support.exchange import PRICE
from support.portfolios import Account, Desk, Leg, Pos, Seen, Terms, account, seen

from nacre.chain import restored
from nacre.units import WAD

PLAIN, RICH = 0, 1
RICH_TERMS = Terms(
    cap_bps=5_000,
    median=True,
    tiers=((1_500 * WAD, 2_000, 1_100), (2_500 * WAD, 3_000, 1_700), (2_900 * WAD, 4_000, 1_900)),
    borrow_bps=8_760,
)
FREE = 1_234 * WAD + 567
LONG, SHORT = Pos(30 * WAD + 7, 700 * WAD + 3, 3_000 * WAD + 11), Pos(-25 * WAD - 9, 800 * WAD + 1, 2_500 * WAD + 13)


@pytest.fixture(scope="module")
def crowded():
    """The trader is long and the counterparty short in a market with everything, the other way round in a plain one."""
    desk = Desk(RICH_TERMS)
    for name, rich, plain in (("trader", LONG, Pos(-3 * WAD, 31, 310)), ("counterparty", SHORT, Pos(4 * WAD, 37, 0))):
        who = desk.chain.account(name)
        desk.cross(who, FREE)
        desk.give(RICH, who, rich)
        desk.give(PLAIN, who, Pos(plain.size, plain.balance, 100 * abs(plain.size) + plain.notional))
    desk.push(PLAIN, PRICE + 5 * WAD)
    return desk


def fail_both_ways(desk, mid):
    """A range of either side leaves a deficit: both sides pay."""
    for name, size, lost in (("outsider", WAD, 71), ("keeper", -WAD, 53)):
        desk.give(RICH, desk.chain.account(name), Pos(size, -lost * WAD, 100 * WAD), mid)


def aged(desk, mid):
    """Funding, EMA, borrow fees and social losses are all other than 0; returns what was stored at the last touch."""
    desk.provide(RICH, 0, mid)
    for _ in range(3):
        desk.chain.mine(400)
        desk.send(desk.sender, "accrue", RICH)
    fail_both_ways(desk, mid)
    kept = desk.kept(RICH)
    assert kept.accrual.time == kept.time
    assert (kept.accrual.funding_index > 0) == (kept.accrual.premium_ema > 0) == (mid > PRICE)
    assert min(kept.borrow, kept.long_loss, kept.short_loss) > 0
    assert kept.long_loss != kept.short_loss
    return kept


def expected(desk, who, now: Seen, **rich) -> Account:
    plain = Leg(desk.pos(PLAIN, who), PRICE + 5 * WAD)
    return account(FREE, [plain, Leg(desk.settled(RICH, who, now), now.mark, terms=RICH_TERMS, **rich)])


def agrees(desk, now: Seen, **rich):
    for name in ("trader", "counterparty"):
        who = desk.chain.account(name)
        assert desk.account(who) == expected(desk, who, now, **rich)


LEANS = pytest.mark.parametrize("lean", [1, -1], ids=["mid above", "mid below"])


def leaning(lean, percent):
    return PRICE + lean * percent * PRICE // 100


@LEANS
@pytest.mark.parametrize("seconds", [1, 2, 150, 5_000])
@pytest.mark.parametrize("percent", [5, 1, -4], ids=["mark by ema", "mark by mid", "mark by index"])
def test_time_passes(crowded, lean, seconds, percent):
    """The mid of an earlier block counts; the median is each of the three in turn."""
    desk = crowded
    with restored(desk.chain):
        aged(desk, leaning(lean, 3))
        with desk.chain.block():
            kept = desk.kept(RICH)
            desk.provide(RICH, 0, leaning(lean, percent))
            price = PRICE - 3
            desk.push(RICH, price)
        with desk.chain.block(seconds):
            agrees(desk, seen(kept, RICH_TERMS, price, kept.time + seconds, leaning(lean, percent)))
            marks = price, leaning(lean, percent)
            mark = seen(kept, RICH_TERMS, price, kept.time + seconds, leaning(lean, percent)).mark
            assert (mark == marks[0], mark == marks[1]) == (percent < 0, percent == 1)


@LEANS
@pytest.mark.parametrize("percent", [5, 1, -4])
def test_in_the_block_of_a_touch(crowded, lean, percent):
    """Nothing more accrues; and the mid counts that stood before the block."""
    desk = crowded
    with restored(desk.chain):
        aged(desk, leaning(lean, 3))
        desk.provide(RICH, 0, leaning(lean, percent))
        with desk.chain.block(70):
            desk.provide(RICH, 0, leaning(-lean, 7))
            kept = desk.kept(RICH)
            now = seen(kept, RICH_TERMS, PRICE, kept.time, leaning(lean, percent))
            assert now.mark == kept.mark
            agrees(desk, now)


@LEANS
@pytest.mark.parametrize("price", [PRICE, 113 * WAD, 91 * WAD])
def test_a_stale_leg_stands_still_at_its_last_price(crowded, lean, price):
    """No profit counts, nothing accrues: neither funding nor borrow fees nor the premium of the mark."""
    desk = crowded
    with restored(desk.chain):
        kept = aged(desk, leaning(lean, 3))
        desk.push(RICH, price, updated_at=kept.time)
        desk.chain.mine(RICH_TERMS.max_age + 1)
        now = seen(kept, RICH_TERMS, price, desk.chain.timestamp, leaning(lean, 3), stale=True)
        assert now.mark == spec.price_pnl(Pos(WAD), now.mark) != kept.mark or price == PRICE
        agrees(desk, now, stale=True)


@LEANS
def test_a_leg_whose_oracle_fails_stands_at_the_mark_of_the_last_touch(crowded, lean):
    desk = crowded
    with restored(desk.chain):
        aged(desk, leaning(lean, 3))
        desk.push(RICH, 104 * WAD)
        kept = desk.kept(RICH)
        desk.push(RICH, 120 * WAD)
        desk.fail(RICH)
        desk.chain.mine(500)
        now = seen(kept, RICH_TERMS, PRICE, desk.chain.timestamp, 0, stale=True)
        agrees(desk, now._replace(mark=kept.mark), stale=True)


@LEANS
def test_a_leg_whose_price_just_jumped_is_worth_what_the_price_says(crowded, lean):
    desk = crowded
    with restored(desk.chain):
        kept = aged(desk, leaning(lean, 3))
        desk.push(RICH, 106 * WAD, jumped=True)
        agrees(desk, seen(kept, RICH_TERMS, 106 * WAD, desk.chain.timestamp, leaning(lean, 3)), jumped=True)


@LEANS
def test_a_leg_in_a_market_that_settles_stands_at_the_final_price(crowded, lean):
    """Without accrual; its profit counts, whatever the oracle says."""
    desk = crowded
    with restored(desk.chain):
        kept = aged(desk, leaning(lean, 3))
        desk.send(desk.bare.config, "settle_market", RICH, 107 * WAD)
        desk.fail(RICH)
        desk.chain.mine(9_000)
        now = seen(kept, RICH_TERMS, PRICE, desk.chain.timestamp, 0, stale=True)
        agrees(desk, now._replace(mark=107 * WAD))


@LEANS
def test_a_mark_that_is_the_index_again_forgets_the_mid(crowded, lean):
    """The market went by the median before."""
    desk = crowded
    with restored(desk.chain):
        aged(desk, leaning(lean, 3))
        terms = replace(RICH_TERMS, median=False)
        words = terms.words(desk.oracles[RICH].address, desk.venues[RICH].address)
        desk.send(desk.bare.config, "set_market", RICH, *words)
        kept = desk.kept(RICH)
        desk.chain.mine(300)
        now = seen(kept, terms, PRICE, kept.time + 300, leaning(lean, 3))
        assert now.mark == PRICE
        agrees(desk, now)


def test_the_smallest_borrow_rate_counts(crowded):
    """A basis point a year."""
    terms = Terms(borrow_bps=1)
    desk = Desk(terms)
    trader = desk.chain.account("trader")
    desk.cross(trader, FREE)
    desk.give(1, trader, LONG)
    kept = desk.kept(1)
    desk.chain.mine(1_000)
    now = seen(kept, terms, PRICE, kept.time + 1_000, PRICE)
    pos = desk.settled(1, trader, now)
    assert pos.balance < LONG.balance
    assert desk.account(trader) == account(FREE, [Leg(pos, terms=terms)])


# ---- a wei


@pytest.fixture(scope="module")
def plain():
    """Three plain markets, and a trader with a wei of free collateral for each."""
    desk = Desk(Terms(), Terms(max_age=100))
    desk.cross(desk.chain.account("trader"), 3)
    return desk


SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])


@SIDES
@pytest.mark.parametrize("stale", [False, True])
def test_profits_and_balances_of_a_wei(plain, side, stale):
    """Legs that are worth -1, 0, 1 in all combinations of balance and profit, of one wei in size."""
    desk, who = plain, plain.chain.account("trader")
    for profit, balance in product((-2, -1, 0, 1, 2), (-2, -1, 0, 1, 2)):
        pos = Pos(side, balance, 100 - side * profit)
        with restored(desk.chain):
            if profit + balance < 0:
                # nobody is handed what is worth less than nothing
                desk.push(2, (100 + side * 10) * WAD)
            desk.give(2, who, pos)
            desk.give(1, who, Pos(-side, 5, 100))
            with desk.chain.block():
                desk.push(2, PRICE, updated_at=desk.chain.timestamp - 100 - stale)
                assert desk.pos(2, who) == pos
                assert desk.account(who) == account(3, [Leg(Pos(-side, 5, 100)), Leg(pos, stale=stale)])


def test_only_legs_count(plain):
    """Neither an isolated position, nor what an open market owes, nor what is gone."""
    desk = plain
    trader, counterparty = (desk.chain.account(name) for name in ("trader", "counterparty"))
    with restored(desk.chain):
        # isolated in the first market, a leg in the last
        desk.cross(counterparty, 7, 2)
        for market in (0, 1, 2):
            desk.give(market, counterparty, Pos(3, 40, 300))
        assert desk.legs(counterparty) == 4
        assert desk.account(counterparty) == account(7, [Leg(Pos(3, 40, 300))])
    with restored(desk.chain):
        desk.give(1, trader, Pos(3, 40, 300))
        desk.give(2, trader, Pos(3, 40, 300))
        desk.give(2, trader, Pos(-3, 0, 300))
        assert desk.house.call("owed", 2, trader) == 40
        assert desk.legs(trader) == 2
        assert desk.account(trader) == account(3, [Leg(Pos(3, 40, 300))])
