"""Takeover and force close of cross accounts: what the liquidator must have and gets, and when the target refuses."""

import pytest
from support import spec
from support.exchange import PRICE
from support.portfolios import AT_MAINTENANCE, RESIDUE_TO_TRADER, Desk, Leg, Pos, Terms, account, packed

from nacre.chain import restored
from nacre.units import BPS, MAX_UINT256

PLAIN, OTHER, TIERS = range(3)
TIERED = Terms(tiers=((500, 2_000, 1_000),))
SIDES = pytest.mark.parametrize("side", [1, -1], ids=["long", "short"])
# lib/policy_word
LOSS_ADL, AUTO_MARGIN, FEE_AT, REWARD_AT, CHUNK_AT, LARGE_AT = 8, 1 << 15, 80, 96, 112, 200
COOLDOWN = int.from_bytes(b"cooldown")


@pytest.fixture(scope="module")
def desk():
    return Desk(Terms(), TIERED)


@pytest.fixture
def people(desk):
    with restored(desk.chain):
        yield [desk.chain.account(name) for name in ("trader", "keeper")]


def hold_isolated(desk, market, who, pos):
    desk.hold(market, who, pos)
    desk.push(market, PRICE)
    assert not desk.house.call("position", market, who).cross


# ---- the liquidator


OWN = {
    "none": Pos(),
    "on the same side": Pos(3, -200, 250),
    "smaller": Pos(-3, -200, 350),
    "as large": Pos(-9, -200, 900),
    "as large, with a profit": Pos(-9, 200, 900),
    "six": Pos(-6, -101, 600),
    "larger": Pos(-20, -200, 2_000),
    "below zero": Pos(4, -40, 420),
}


@SIDES
@pytest.mark.parametrize("own", OWN.values(), ids=[*OWN])
@pytest.mark.parametrize("size", [9, 6])
@pytest.mark.parametrize("margin", [0, 70])
def test_a_cross_liquidator_meets_the_opening_rule_of_its_account(desk, people, side, own, size, margin):
    """With the part of an isolated target, the margin moved within the account, and a loss of the leg covered."""
    trader, keeper = people
    whole, own = Pos(9 * side, 31, 900), Pos(side * own.size, own.balance, own.notional)
    hold_isolated(desk, TIERS, trader, whole)
    part, rest = spec.split(whole, size)
    new = spec.combine(part._replace(balance=part.balance + margin), own)
    worth, other = spec.equity(new, PRICE), Leg(Pos(-2, 33, 150))
    needed = TIERED.initial(100 * abs(new.size)) + other.terms.initial(other.notional)
    # what brings the account there before it puts margin in
    free = needed - worth - other.opening + margin if new.size else margin + max(-worth, 0)
    legs = {OTHER: other} | ({TIERS: Leg(own, terms=TIERED)} if own.size else {})
    for missing in (1, 0):
        if free < missing:
            continue
        with restored(desk.chain):
            desk.stand(keeper, free - missing, legs)
            if not own.size:
                desk.send(keeper, "set_margin_mode", TIERS, True)
            desk.provide(TIERS, 1_000)
            receipt = desk.take_over(TIERS, keeper, trader, size, margin)
            if missing:
                closing = "close leaves a deficit" if worth < 0 else "insufficient collateral"
                assert receipt.reason == ("below initial margin" if new.size else closing)
                continue
            receipt.check()
            covered, paid = max(-worth, 0), max(worth, 0) * (not new.size)
            kept = new._replace(balance=new.balance + covered) if new.size else Pos()
            assert (desk.pos(TIERS, keeper), desk.pos(TIERS, trader)) == (kept, rest)
            assert desk.free(keeper) == free - margin - covered + paid
            assert desk.pot(TIERS) == 1_000 + margin + covered - paid
            assert receipt.value == receipt.event("Takeover").margin == margin
            assert desk.legs(keeper) == 1 << OTHER | bool(new.size) << TIERS
            now = [Leg(kept, terms=TIERED), other] if new.size else [other]
            assert desk.account(keeper) == account(desk.free(keeper), now)
            record = desk.house.call("position", TIERS, keeper)
            assert record.cross == (new.size != 0)
            state, sizes = desk.house.call("market_state", TIERS), (rest.size, kept.size)
            assert state.total_long == sum(max(size, 0) for size in sizes)
            assert state.total_short == sum(max(-size, 0) for size in sizes)
            assert state.holders_long == sum(size > 0 for size in sizes)
            assert state.holders_short == sum(size < 0 for size in sizes)


def test_a_cross_liquidator_waits_for_the_prices_of_its_other_legs(desk, people):
    trader, keeper = people
    hold_isolated(desk, PLAIN, trader, Pos(9, 31, 900))
    desk.stand(keeper, 5_000, {OTHER: Leg(Pos(-2, 33, 150))})
    desk.send(keeper, "set_margin_mode", PLAIN, True)
    for jumped, reason in ((True, "price just jumped"), (False, "stale price")):
        with restored(desk.chain):
            desk.push(OTHER, PRICE, desk.chain.timestamp - (0 if jumped else 3_700), jumped)
            assert desk.take_over(PLAIN, keeper, trader).reason == reason
    assert desk.take_over(PLAIN, keeper, desk.sender).reason == "no position"
    desk.take_over(PLAIN, keeper, trader).check()


@SIDES
def test_a_taken_position_is_the_liquidators_own(desk, people, side):
    """Isolated as its own, with its own count of top-ups, even in place of one as large on the other side."""
    trader, keeper = people
    for own in (Pos(-5 * side, 5_000, 500), Pos(5 * side, 5_000, 500), Pos(-40 * side, 5_000, 4_000)):
        with restored(desk.chain):
            desk.stand(trader, 0, {PLAIN: Leg(Pos(20 * side, 1, 2_000))})
            desk.chain.mine(2)
            hold_isolated(desk, PLAIN, keeper, own)
            topups = [desk.house.call("position", PLAIN, who).topups for who in people]
            assert topups[0] != topups[1]
            desk.take_over(PLAIN, keeper, trader).check()
            record = desk.house.call("position", PLAIN, keeper)
            assert (record.cross, record.topups) == (False, topups[1])


@SIDES
def test_in_a_jump_a_takeover_makes_nobody_smaller(desk, people, side):
    """As large on the other side is not smaller."""
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(10 * side, 1, 1_000))})
    hold_isolated(desk, PLAIN, keeper, Pos(-5 * side, 5_000, 500))
    desk.push(PLAIN, PRICE, jumped=True)
    assert desk.take_over(PLAIN, keeper, trader, 9).reason == "price just jumped"
    desk.take_over(PLAIN, keeper, trader, 10).check()
    assert desk.pos(PLAIN, keeper).size == 5 * side


@SIDES
@pytest.mark.parametrize("size", [1, 2, 9])
def test_automatic_margin_is_what_the_opening_rule_lacks(desk, people, side, size):
    """Of a cross target, by an isolated liquidator: to the wei, and no more than offered."""
    trader, keeper = people
    desk.stand(trader, 0, {TIERS: Leg(Pos(size * side, 2, 100 * size), terms=TIERED)})
    needed = TIERED.initial(100 * size) - 2
    had = desk.free(keeper)
    policy = AT_MAINTENANCE | AUTO_MARGIN
    for offered in (needed - 1, needed, needed + 1, 10 * needed):
        with restored(desk.chain):
            receipt = desk.take_over(TIERS, keeper, trader, margin=offered, policy=policy)
            if offered < needed:
                assert receipt.reason == "below initial margin"
                continue
            assert receipt.check().value == receipt.event("Takeover").margin == needed
            assert desk.pos(TIERS, keeper) == Pos(size * side, needed + 2, 100 * size)
            assert (desk.free(keeper), desk.pot(TIERS)) == (had - needed, needed)
            assert desk.house.call("market_state", TIERS).holders_long == (side > 0)


@SIDES
@pytest.mark.parametrize("worth", [-1, 0, 1])
def test_automatic_margin_of_a_position_that_ends(desk, people, side, worth):
    """What closes the liquidator's own position: nothing is taken that would come straight back."""
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(9 * side, 2, 900), pot=50)})
    hold_isolated(desk, PLAIN, keeper, Pos(-9 * side, worth - 2, 900))
    had, policy = desk.free(keeper), AT_MAINTENANCE | AUTO_MARGIN
    if worth < 0:
        assert desk.take_over(PLAIN, keeper, trader, policy=policy).reason == "close leaves a deficit"
    receipt = desk.take_over(PLAIN, keeper, trader, margin=7, policy=policy).check()
    taken = max(-worth, 0)
    assert receipt.value == taken
    assert (desk.pos(PLAIN, keeper), desk.free(keeper), desk.pot(PLAIN)) == (Pos(), had + worth, 50 - worth)
    state = desk.house.call("market_state", PLAIN)
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)


# ---- the target


@pytest.mark.parametrize(("whole", "chunk"), [(100, 30), (101, 31), (1, 1)])
def test_a_large_leg_goes_in_chunks_unless_the_account_is_bankrupt(desk, people, whole, chunk):
    trader, keeper = people
    policy = AT_MAINTENANCE | RESIDUE_TO_TRADER | 3_000 << CHUNK_AT | packed(99) << LARGE_AT
    desk.stand(trader, 0, {PLAIN: Leg(Pos(whole, whole, 100 * whole))})
    with restored(desk.chain):
        desk.fill(PLAIN, 100 * chunk)
        assert desk.force_close(PLAIN, keeper, trader, whole, policy).check().value is True
        assert desk.pos(PLAIN, trader).size == whole - chunk
    with restored(desk.chain):
        desk.take_over(PLAIN, keeper, trader, whole, 5_000, policy).check()
        assert desk.pos(PLAIN, keeper).size == whole
    with restored(desk.chain):
        # no chunks of what is not large
        desk.fill(PLAIN, 100 * whole)
        small = AT_MAINTENANCE | RESIDUE_TO_TRADER | 3_000 << CHUNK_AT | packed(100 * whole) << LARGE_AT
        assert desk.force_close(PLAIN, keeper, trader, whole, small).check().value is False
        assert desk.pos(PLAIN, trader).size == 0
    desk.push(PLAIN, PRICE - 2 * PRICE // 100)
    desk.fill(PLAIN, 98 * whole)
    assert desk.force_close(PLAIN, keeper, trader, whole, policy).check().value is False
    assert desk.pos(PLAIN, trader).size == 0


def test_the_reward_is_the_keepers_and_the_residue_the_targets(desk, people):
    """A basis point of the notional, all of it reward."""
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(300, 5, 30_000), pot=100)})
    had = desk.free(keeper)
    desk.fill(PLAIN, 30_000)
    policy = AT_MAINTENANCE | RESIDUE_TO_TRADER | 1 << FEE_AT | BPS << REWARD_AT
    event = desk.force_close(PLAIN, keeper, trader, policy=policy).check().event("ForceClose")
    assert (event.keeper, event.target, event.reward, event.residue) == (keeper, trader, 3, 2)
    assert (desk.free(keeper) - had, desk.free(trader), desk.pot(PLAIN)) == (3, 2, 95)


@pytest.mark.parametrize("pot", [0, 100], ids=["a profit that no pot pays", "a profit"])
def test_bankrupt_is_below_nothing(desk, people, pot):
    """At exactly nothing the engine may refuse, and a profit elsewhere is waited for; a wei below neither."""
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(10, -100, 1_000)), OTHER: Leg(Pos(10, 100, 1_000), pot=pot)})
    call = ("take_over", PLAIN, keeper, trader, MAX_UINT256, 1_000, AT_MAINTENANCE)
    assert desk.account(trader).full_equity == 0
    assert desk.bare.send(desk.engine, *call, COOLDOWN).reason == "cooldown"
    assert desk.bare.send(desk.engine, *call, 0).reason == ("" if pot else "pot is short")


@pytest.mark.parametrize("pot", [0, 100])
def test_a_wei_below_nothing_is_bankrupt(desk, people, pot):
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(10, -101, 1_000)), OTHER: Leg(Pos(10, 100, 1_000), pot=pot)})
    call = ("take_over", PLAIN, keeper, trader, MAX_UINT256, 1_000)
    assert desk.bare.send(desk.engine, *call, AT_MAINTENANCE | LOSS_ADL, COOLDOWN).reason == "use ADL"
    receipt = desk.bare.send(desk.engine, *call, AT_MAINTENANCE, COOLDOWN).check()
    assert receipt.event("Takeover").deficit == 101 - pot


def test_rounding_of_an_account_that_is_not_bankrupt_is_not_deleveraged(desk, people):
    """Sixteen wei of it."""
    trader, keeper = people
    desk.stand(trader, 0, {PLAIN: Leg(Pos(10, -20, 1_000)), OTHER: Leg(Pos(10, 24, 1_000), pot=4)})
    policy = AT_MAINTENANCE | LOSS_ADL
    receipt = desk.take_over(PLAIN, keeper, trader, margin=1_000, policy=policy).check()
    assert receipt.event("Takeover").deficit == 16


@pytest.mark.parametrize("trigger", [9_999, BPS])
def test_the_trigger_of_the_policy_counts(desk, people, trigger):
    """Equity of one less than the margin is safe where the policy waits for less."""
    trader, keeper = people
    desk.stand(trader, 9_999, {PLAIN: Leg(Pos(2_000, 0, 200_000))})
    assert (desk.account(trader).equity, desk.account(trader).maintenance_margin) == (9_999, 10_000)
    receipt = desk.take_over(PLAIN, keeper, trader, margin=50_000, policy=trigger << 16)
    assert receipt.reason == ("" if trigger == BPS else "not liquidatable")
