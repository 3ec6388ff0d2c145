"""Liquidations of a few wei: a size, a deficit, a residue or a reward of one is one, not nothing."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, BareHouse, bare_house
from support.pure import harness
from support.spec import Pos

from nacre.units import BPS, RAY, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# lib/policy_word
LOSS_ADL, AT_LIQUIDATION_PRICE, AT_MAINTENANCE, RESIDUE_TO_TRADER = 8, 32, BPS << 16, 1 << 128
LIQUIDATION_FEE_AT, REWARD_SHARE_AT = 80, 96


class Desk:
    """Market 1 of a bare house, with a venue that does what the test says and hands out any position."""

    def __init__(self, bare: BareHouse, **fields):
        self.bare, self.house = bare, bare.house
        self.sender = bare.chain.account("deployer")
        self.venue = bare.chain.deploy(harness("ScriptedVenue"), sender=self.sender)
        assert bare.list_market(self.venue.address, **fields) == 1
        self.tell("venue_provide", 1, bare.chain.account("provider"), 1_000 * WAD, PRICE)

    def tell(self, function, *arguments):
        data = self.house.encode(function, *arguments)
        self.venue.transact("tell", self.house.address, data, sender=self.sender).check()

    def give(self, who, pos):
        self.tell("venue_absorb", 1, who, who, (0, pos.balance, pos.size, pos.notional, PRICE))
        assert self.held(who) == pos

    def held(self, who):
        record = self.house.call("position", 1, who)
        return Pos(record.size, record.balance, record.entry_notional)

    def free(self, who):
        return self.house.call("free_collateral", who)

    def push(self, price):
        oracle = self.bare.oracle
        oracle.transact("set_price", price, sender=oracle.call("feeder")).check()
        self.bare.chain.mine(10)

    def take_over(self, keeper, target, size, margin=0, policy=0):
        policy |= AT_MAINTENANCE
        return self.bare.send(self.bare.engine, "take_over", 1, keeper, target, size, margin, policy, 0)

    def force_close(self, keeper, target, size, notional, policy):
        """The venue fills it for that notional; what is left is the trader's."""
        policy |= AT_MAINTENANCE | RESIDUE_TO_TRADER
        self.venue.transact("set_notional", notional, sender=self.sender).check()
        return self.bare.send(self.bare.engine, "force_close", 1, keeper, target, size, 0, policy, 0)


@pytest.fixture
def desk():
    return Desk(bare_house())


@SIDES
def test_whoever_takes_one_wei_over_from_the_other_side_pays_its_share_first(desk, trader, keeper, side):
    """The only one opposite bears the whole loss, out of what its own position is worth."""
    price = PRICE - side * 10 * WAD
    desk.give(trader, Pos(side, 7, 100))
    desk.give(keeper, Pos(-side, 1_000, 100))
    desk.push(price)
    deficit = -spec.equity(desk.held(trader), price)
    worth = spec.equity(desk.held(keeper), price)
    assert deficit == 3
    receipt = desk.take_over(keeper, trader, ALL).check()
    assert receipt.event("DeficitAbsorbed").deficit == deficit
    assert desk.held(keeper) == Pos()
    assert desk.free(keeper) == FREE + worth - deficit


@SIDES
@pytest.mark.parametrize("taken", [1, 2, 5])
@pytest.mark.parametrize("own", [1, 2, 5])
def test_a_few_wei_against_a_few_wei(desk, trader, keeper, side, taken, own):
    desk.give(trader, Pos(side * taken, 1, 100 * taken))
    desk.give(keeper, Pos(-side * own, 1_000, 100 * own))
    whole, mine = desk.held(trader), desk.held(keeper)
    desk.take_over(keeper, trader, ALL, margin=11).check()
    new = spec.combine(Pos(whole.size, whole.balance + 11, whole.notional), mine)
    state = desk.house.call("market_state", 1)
    long, short = max(new.size, 0), max(-new.size, 0)
    assert (state.total_long, state.total_short) == (long, short)
    assert (state.holders_long, state.holders_short) == (long > 0, short > 0)
    if new.size:
        assert desk.held(keeper) == new
    else:
        assert desk.free(keeper) == FREE - 11 + new.balance


@SIDES
def test_what_remains_of_one_wei_stands_on_its_new_side(desk, trader, keeper, side):
    """Its carry begins at the index of that side, which the loss did not move: six wei, three for each that failed."""
    desk.give(trader, Pos(2 * side, 14, 200))
    desk.give(keeper, Pos(-side, 1_000, 100))
    desk.push(PRICE - side * 10 * WAD)
    desk.take_over(keeper, trader, ALL, margin=1_000).check()
    state = desk.house.call("market_state", 1)
    indices = (state.long_social_loss_index, state.short_social_loss_index)
    assert indices == ((0, 3 * RAY) if side > 0 else (3 * RAY, 0))
    assert desk.house.call("position", 1, keeper).entry_carry == 0
    assert desk.held(keeper).size == side


@SIDES
@pytest.mark.parametrize("residue", [0, 1, 2])
def test_a_residue_of_one_wei_is_the_traders(desk, trader, keeper, side, residue):
    desk.give(trader, Pos(10 * side, 0, 1_000))
    receipt = desk.force_close(keeper, trader, ALL, 1_000 + side * residue, 0).check()
    assert receipt.event("ForceClose").residue == residue
    assert desk.free(trader) == FREE + residue


@SIDES
@pytest.mark.parametrize("reward", [0, 1, 2])
def test_a_reward_of_one_wei_is_the_keepers(desk, trader, keeper, side, reward):
    """All of a fee of one basis point."""
    desk.give(trader, Pos(100 * side * BPS, 0, 10_000 * BPS))
    notional = 10_000 * BPS + side * reward
    policy = 1 << LIQUIDATION_FEE_AT | BPS << REWARD_SHARE_AT
    receipt = desk.force_close(keeper, trader, ALL, notional, policy).check()
    assert (receipt.event("ForceClose").reward, receipt.event("ForceClose").residue) == (reward, 0)
    assert desk.free(keeper) == FREE + reward


WORTH_NOTHING = pytest.mark.parametrize(
    ("price", "whole"),
    [(1_004 * WAD // 10, Pos(3, 2, 303)), (1_001 * WAD // 10, Pos(-3, 1, 300))],
    ids=["long", "short"],
)


@WORTH_NOTHING
@pytest.mark.parametrize("closes", [True, False], ids=["force close", "takeover"])
def test_rounding_of_a_solvent_position_is_not_deleveraged(desk, trader, keeper, price, whole, closes):
    """Worth nothing as a whole, its part lacks a wei: the market bears it, whatever the policy does with a deficit."""
    desk.push(price)
    desk.give(trader, whole)
    desk.give(keeper, Pos(-whole.size, 1_000, 300))
    part, rest = spec.split(whole, 2)
    assert (spec.equity(whole, price), spec.equity(part, price)) == (0, -1)
    if closes:
        at_mark = abs(part.size * price // WAD)
        receipt = desk.force_close(keeper, trader, 2, at_mark, LOSS_ADL).check()
    else:
        receipt = desk.take_over(keeper, trader, 2, policy=LOSS_ADL).check()
    assert receipt.event("DeficitAbsorbed").deficit == 1
    assert desk.held(trader) == rest


@WORTH_NOTHING
@pytest.mark.parametrize("closes", [True, False], ids=["force close", "takeover"])
def test_part_of_a_bankrupt_position_is_deleveraged(desk, trader, keeper, price, whole, closes):
    desk.push(price)
    desk.give(trader, whole._replace(balance=whole.balance + 1))
    desk.give(keeper, Pos(-whole.size, 1_000, 300))
    worse = price - WAD if whole.size > 0 else price + WAD
    desk.push(worse)
    if closes:
        receipt = desk.force_close(keeper, trader, 2, 2 * worse // WAD, LOSS_ADL)
    else:
        receipt = desk.take_over(keeper, trader, 2, policy=LOSS_ADL)
    assert receipt.reason == "use ADL"


@SIDES
@pytest.mark.parametrize("short_of_it", [0, 1])
def test_a_force_close_brings_the_liquidation_price(desk, trader, keeper, side, short_of_it):
    """There equity is the maintenance margin, both at the average price; one wei less does not do."""
    desk.give(trader, Pos(side * 10_000, 20_000, 10**6))
    desk.push(PRICE)
    margin = desk.house.call("market_words", 1)[0] >> 68 & 16_383

    def is_enough(notional):
        left = 20_000 + side * (notional - 10**6)
        return left >= spec.ceil(notional * margin, BPS)

    worst = next(n for n in range(10**6, 2 * 10**6) if is_enough(n)) if side > 0 else None
    worst = worst or next(n for n in range(10**6, 0, -1) if is_enough(n))
    receipt = desk.force_close(keeper, trader, ALL, worst - side * short_of_it, AT_LIQUIDATION_PRICE)
    assert receipt.reason == ("beyond liquidation price" if short_of_it else "")


@SIDES
@pytest.mark.parametrize("own", [0, 1, -1, -5], ids=["none", "same side", "closed", "other side"])
def test_a_liquidators_position_keeps_its_own_count_of_top_ups(desk, trader, keeper, side, own):
    desk.give(trader, Pos(3 * side, 1, 300))
    desk.bare.chain.mine(17)
    if own:
        desk.give(keeper, Pos(own * side, 1_000, 100 * abs(own)))
    before = desk.house.call("position", 1, keeper).topups
    assert before != desk.house.call("position", 1, trader).topups or not own
    desk.bare.chain.mine(5)
    desk.take_over(keeper, trader, ALL, margin=1_000).check()
    after = desk.house.call("position", 1, keeper)
    assert after.size == side * (3 + own)
    assert after.topups == (before if own else desk.bare.chain.timestamp & 127)


@SIDES
def test_whoever_takes_over_pays_funding_and_loss(trader, keeper, side):
    """One wei opposite: the whole loss, and the funding of a day."""
    desk = Desk(bare_house(), funding_cap_bps=1_000, oracle_max_age=10**6)
    desk.give(keeper, Pos(-side, 1_000, 100))
    desk.give(trader, Pos(side, 40, 100))
    desk.tell("venue_provide", 1, desk.bare.chain.account("provider"), WAD, PRICE + 20 * WAD)
    for seconds in (150, 86_400):
        desk.bare.chain.mine(seconds)
        desk.house.transact("accrue", 1, sender=keeper).check()
    price = PRICE - side * 80 * WAD
    desk.push(price)
    target, mine = desk.held(trader), desk.held(keeper)
    receipt = desk.take_over(keeper, trader, ALL).check()
    state = desk.house.call("market_state", 1)
    funding, losses = state.funding_index, state.long_social_loss_index + state.short_social_loss_index
    assert funding > 5 * RAY
    deficit = -spec.equity(target, price, spec.carry(target.size, side * funding))
    assert receipt.event("DeficitAbsorbed").deficit == deficit > 0
    assert losses == deficit * RAY
    worth = spec.equity(mine, price, spec.carry(mine.size, losses - side * funding))
    assert desk.free(keeper) == FREE + worth


@SIDES
@pytest.mark.parametrize("free", [2**64, 2**64 + 1])
def test_whoever_is_cross_there_takes_over_a_cross_position(trader, keeper, side, free):
    """In the first market alone, with whatever free collateral: it stays where it is, and backs the position."""
    bare = bare_house(cross_margin=True)
    bare.send(bare.venue, "venue_absorb", 0, trader, trader, (0, 1, side * 3, 300, PRICE)).check()
    bare.house.transact("set_margin_mode", 0, True, sender=keeper).check()
    bare.house.transact("withdraw", FREE - free, keeper, sender=keeper).check()
    assert bare.house.call("free_collateral", keeper) == free
    bare.send(bare.engine, "take_over", 0, keeper, trader, ALL, 0, AT_MAINTENANCE, 0).check()
    taken = bare.house.call("position", 0, keeper)
    assert (taken.size, taken.balance, taken.cross) == (side * 3, 1, True)
    assert bare.house.call("free_collateral", keeper) == free
    assert bare.house.call("cross_markets", keeper) == (1, 1)


@SIDES
@pytest.mark.parametrize(("least", "taken"), [("201", 1), ("202", 3)])
def test_a_rest_is_as_large_as_its_notional_rounded_up(trader, keeper, side, least, taken):
    """Two wei at 100.4 are 201: where the smallest position is more, all three go."""
    desk = Desk(bare_house(), min_notional=f"0.000000000000000{least}")
    desk.push(1_004 * WAD // 10)
    desk.give(trader, Pos(3 * side, 3, 301))
    desk.take_over(keeper, trader, 1, margin=1_000).check()
    assert desk.held(trader).size == (3 - taken) * side
    assert desk.held(keeper).size == taken * side
