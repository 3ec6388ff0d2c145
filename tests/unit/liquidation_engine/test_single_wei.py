"""Liquidations of a few wei: a size, a deficit, a residue or a reward of one is one, not nothing."""

import pytest
from support import spec
from support.exchange import ALL, FREE, PRICE, BareHouse, bare_house
from support.pure import harness
from support.spec import Pos

from nacre.units import BPS, RAY, WAD

SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# lib/policy_word
LOSS_ADL, AT_MAINTENANCE, RESIDUE_TO_TRADER = 8, BPS << 16, 1 << 128
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

    def take_over(self, keeper, target, size, margin=0):
        policy = AT_MAINTENANCE
        return self.bare.send(self.bare.engine, "take_over", 1, keeper, target, size, margin, policy, 0).check()

    def force_close(self, keeper, target, size, notional, policy):
        """The venue fills it for that notional; what is left is the trader's."""
        policy |= AT_MAINTENANCE | RESIDUE_TO_TRADER
        self.venue.transact("set_notional", notional, sender=self.sender).check()
        return self.bare.send(self.bare.engine, "force_close", 1, keeper, target, size, 0, policy, 0).check()


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
    receipt = desk.take_over(keeper, trader, ALL)
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
    desk.take_over(keeper, trader, ALL, margin=11)
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
    desk.take_over(keeper, trader, ALL, margin=1_000)
    state = desk.house.call("market_state", 1)
    indices = (state.long_social_loss_index, state.short_social_loss_index)
    assert indices == ((0, 3 * RAY) if side > 0 else (3 * RAY, 0))
    assert desk.house.call("position", 1, keeper).entry_carry == 0
    assert desk.held(keeper).size == side


@SIDES
@pytest.mark.parametrize("residue", [0, 1, 2])
def test_a_residue_of_one_wei_is_the_traders(desk, trader, keeper, side, residue):
    desk.give(trader, Pos(10 * side, 0, 1_000))
    receipt = desk.force_close(keeper, trader, ALL, 1_000 + side * residue, 0)
    assert receipt.event("ForceClose").residue == residue
    assert desk.free(trader) == FREE + residue


@SIDES
@pytest.mark.parametrize("reward", [0, 1, 2])
def test_a_reward_of_one_wei_is_the_keepers(desk, trader, keeper, side, reward):
    """All of a fee of one basis point."""
    desk.give(trader, Pos(100 * side * BPS, 0, 10_000 * BPS))
    notional = 10_000 * BPS + side * reward
    policy = 1 << LIQUIDATION_FEE_AT | BPS << REWARD_SHARE_AT
    receipt = desk.force_close(keeper, trader, ALL, notional, policy)
    assert (receipt.event("ForceClose").reward, receipt.event("ForceClose").residue) == (reward, 0)
    assert desk.free(keeper) == FREE + reward


@pytest.mark.parametrize(
    ("price", "whole"),
    [(1_004 * WAD // 10, Pos(3, 2, 303)), (1_001 * WAD // 10, Pos(-3, 1, 300))],
    ids=["long", "short"],
)
def test_rounding_of_a_solvent_position_is_not_deleveraged(desk, trader, keeper, price, whole):
    """Worth nothing as a whole, its part lacks a wei: the market bears it, whatever the policy does with a deficit."""
    desk.push(price)
    desk.give(trader, whole)
    desk.give(keeper, Pos(-whole.size, 1_000, 300))
    part, rest = spec.split(whole, 2)
    assert (spec.equity(whole, price), spec.equity(part, price)) == (0, -1)
    at_mark = abs(part.size * price // WAD)
    receipt = desk.force_close(keeper, trader, 2, at_mark, LOSS_ADL)
    assert receipt.event("DeficitAbsorbed").deficit == 1
    assert desk.held(trader) == rest
