"""Takeovers, force closes, payments and records in the model: the branches of spec sections 8 to 10."""

from dataclasses import replace

import pytest

from nacre.model import Revert, World
from nacre.model.engine import call_margin, is_overdue
from nacre.model.parameters import INJECTIVE, OYSTER, MarketParameters, Policy, Residue
from nacre.model.ticks import align_down, align_up
from nacre.units import MAX_UINT256, WAD

TICK_100 = 46_054


def world_with(policy: Policy = OYSTER, **fields: object) -> World:
    """Ann is long 20 with 300, Bea short 20 with 400, the venue is flat at 100."""
    world = World()
    parameters = replace(MarketParameters(), **fields)  # type: ignore[arg-type]
    world.add_market(parameters, policy, 100 * WAD)
    for name, amount in (("lp", 100_000), ("ann", 10_000), ("bea", 10_000), ("kim", 10_000)):
        world.deposit(name, amount * WAD)
    world.add_liquidity("lp", align_down(TICK_100 - 6932), align_up(TICK_100 + 6932), 100_000 * WAD)
    world.trade("ann", 20 * WAD, 300 * WAD)
    world.trade("bea", -20 * WAD, 400 * WAD)
    return world


def crash(world: World, price: int) -> None:
    world.wait(1)
    world.push_price(price * WAD)


def test_a_takeover_takes_the_dust_along() -> None:
    world = world_with(min_notional=150 * WAD)
    crash(world, 88)
    taken = world.take_over("kim", "ann", 19 * WAD, 2000 * WAD)
    assert taken.part.size == 20 * WAD
    assert "ann" not in world.market().positions


@pytest.mark.parametrize(
    ("size", "reason"), [(0, "zero size"), (20 * WAD + 1, "size too large"), (2 * WAD - 1, "slice too small")]
)
def test_sizes_that_are_refused(size: int, reason: str) -> None:
    world = world_with(replace(OYSTER, min_slice_bps=1000))
    crash(world, 88)
    with pytest.raises(Revert, match=reason):
        world.take_over("kim", "ann", size, 1000 * WAD)
    world.take_over("kim", "ann", 2 * WAD, 1000 * WAD)


def test_maintenance_margin_exactly_is_safe() -> None:
    world = world_with()
    market = world.market()
    held = market.positions["ann"]
    # Equity = MM at 90: b + 20 * 90 - n = 0.05 * 20 * 90.
    exact = 90 * WAD + held.entry_notional - 20 * 90 * WAD
    market.positions["ann"] = replace(held, balance=exact)
    crash(world, 90)
    with pytest.raises(Revert, match="not liquidatable"):
        world.take_over("kim", "ann")
    world.market().positions["ann"] = replace(held, balance=exact - 1)
    world.take_over("kim", "ann", margin=500 * WAD)


def test_an_operator_is_the_account_itself() -> None:
    world = world_with()
    crash(world, 80)
    world.house.operators.add(("ann", "kim"))
    for attempt in (world.take_over, world.force_close):
        with pytest.raises(Revert, match="self liquidation"):
            attempt("kim", "ann")


def test_a_caller_on_the_other_side_pays_its_share_first() -> None:
    world = world_with()
    crash(world, 80)
    before = world.market().positions["bea"]
    world.take_over("bea", "ann")
    free = world.house.free_of("bea")
    deficit = 109_289618 * 10**12
    # Flat: what she got for 20, less what Ann paid, with Ann's deficit made good and then charged to her.
    assert free == pytest.approx(9_600 * WAD + before.balance + 300 * WAD + deficit - deficit, abs=10**13)
    assert not world.market().positions


def test_policies_without_takeover_open_for_bankrupt_and_overdue_targets() -> None:
    world = world_with(INJECTIVE)
    crash(world, 88)
    with pytest.raises(Revert, match="takeover not allowed"):
        world.take_over("kim", "ann", margin=2000 * WAD)
    call_margin(world.house, 0, ["ann", "bea", "nobody"])
    world.wait(INJECTIVE.last_resort_seconds - 1)
    assert not is_overdue(world.house, world.market(), "ann")
    world.wait(1)
    assert is_overdue(world.house, world.market(), "ann")
    assert not is_overdue(world.house, world.market(), "bea")
    world.wait(INJECTIVE.last_resort_seconds)
    assert is_overdue(world.house, world.market(), "ann")
    world.wait(1)
    assert not is_overdue(world.house, world.market(), "ann")
    crash(world, 80)
    world.take_over("kim", "ann", margin=2000 * WAD)


def test_a_large_top_up_voids_the_record() -> None:
    world = world_with(INJECTIVE)
    crash(world, 88)
    call_margin(world.house, 0, ["ann"])
    world.wait(INJECTIVE.last_resort_seconds)
    world.push_price(88 * WAD)
    world.adjust_margin("ann", 10 * WAD)
    assert is_overdue(world.house, world.market(), "ann")
    world.adjust_margin("ann", 110 * WAD)
    assert not is_overdue(world.house, world.market(), "ann")


def test_nothing_solvent_is_liquidated_in_the_grace_period() -> None:
    world = world_with(replace(OYSTER, grace_seconds=600), oracle_max_age=100)
    world.wait(101)
    world.push_price(88 * WAD)
    for attempt in (world.take_over, world.force_close):
        with pytest.raises(Revert, match="grace period"):
            attempt("kim", "ann")
    world.push_price(80 * WAD)
    world.take_over("kim", "ann", margin=2000 * WAD)


def test_fees_of_a_force_close_never_become_a_deficit() -> None:
    world = world_with()
    market = world.market()
    market.parameters = replace(market.parameters, trading_fee_bps=1000, protocol_fee_bps=1000)
    market.positions["ann"] = replace(market.positions["ann"], balance=60 * WAD)
    crash(world, 99)
    closed = world.force_close("kim", "ann")
    assert closed.residue == 0
    assert closed.lp_fee > 0
    assert closed.protocol_fee == 0
    assert world.market().insurance_fund == 0


@pytest.mark.parametrize("residue", list(Residue))
def test_the_residue_goes_where_the_policy_says(residue: Residue) -> None:
    policy = replace(OYSTER, residue=residue, liquidation_fee_bps=100, reward_share_bps=5000)
    world = world_with(policy)
    crash(world, 88)
    free = {name: world.house.free_of(name) for name in ("ann", "kim")}
    closed = world.force_close("kim", "ann")
    market = world.market()
    fee = closed.notional // 100
    assert (closed.reward, world.house.free_of("kim") - free["kim"]) == (fee // 2, fee // 2)
    share = fee - fee // 2
    assert market.insurance_fund == share + (closed.residue if residue is Residue.INSURANCE else 0)
    assert market.protocol_fees == (closed.residue if residue is Residue.TREASURY else 0)
    assert world.house.free_of("ann") - free["ann"] == (closed.residue if residue is Residue.TRADER else 0)


def test_a_partial_close_leaves_the_residue_with_the_rest() -> None:
    world = world_with(replace(OYSTER, residue=Residue.TRADER))
    crash(world, 88)
    before = world.market().positions["ann"]
    closed = world.force_close("kim", "ann", 5 * WAD)
    rest = world.market().positions["ann"]
    assert rest.size == 15 * WAD
    assert rest.balance == before.balance - before.balance // 4 + closed.residue


def test_a_venue_far_below_mark_is_not_used() -> None:
    world = world_with()
    # The venue stands at 100, a short is closed there while the mark is 120: fine; a long at mark 120 would lose.
    crash(world, 120)
    world.force_close("kim", "bea")
    market = world.market()
    market.positions["ann"] = replace(market.positions["ann"], balance=-400 * WAD)
    with pytest.raises(Revert, match="venue too far"):
        world.force_close("kim", "ann")


def test_what_the_pot_lacks_is_owed_and_claimed_once_it_covers_everything() -> None:
    world = world_with()
    house, market = world.house, world.market()
    spare = market.pot - 100
    market.pot = 100
    house.pay_out(market, "ann", 300)
    assert (market.owed, market.owed_total, market.pot) == ({"ann": 200}, 200, 0)
    market.pot += 50
    house.pay_out(market, "bea", 10)
    assert (market.owed_total, market.pot) == (210, 50)
    with pytest.raises(Revert, match="pot is short"):
        world.claim("ann")
    with pytest.raises(Revert, match="market is reduce-only"):
        world.trade("kim", WAD, 20 * WAD)
    world.market().pot += spare
    assert (world.claim("bea"), world.claim("ann")) == (10, 200)
    world.trade("kim", WAD, 20 * WAD)
    with pytest.raises(Revert, match="nothing owed"):
        world.claim("ann")


def test_a_revert_leaves_no_trace() -> None:
    world = world_with()
    crash(world, 80)
    before = repr(world.house)
    for attempt in (
        lambda: world.take_over("kim", "ann", MAX_UINT256, 10**60),
        lambda: world.trade("bea", 10 * WAD, -(10**24)),
        lambda: world.remove_liquidity("lp", 0, 50),
        lambda: world.withdraw("kim", 10**30),
    ):
        with pytest.raises(Revert):
            attempt()
        assert repr(world.house) == before
