"""dYdX Chain, 10 October 2025.

The whole open interest of an isolated market went in one liquidation. Its insurance fund could have paid for it, but
the collateral of the emptied market was moved before the fund paid: a negative balance, and the chain stood still.
"""

import pytest
from support import spec
from support.incidents import ALL, DELEVERAGING, POLICIES, Incident

from nacre.model.stages import Stage
from nacre.units import WAD

SIZE, MARGIN, FREE = 20 * WAD, 300 * WAD, 10_000 * WAD
CRASH = 80 * WAD

policies = pytest.mark.parametrize("policy", POLICIES)
funds = pytest.mark.parametrize("fund", [1_000 * WAD, 0], ids=["fund", "no fund"])


def two_positions(incident, policy: str, fund: int) -> Incident:
    """20 long and 20 short from 100; then it is 80, and a long of 300 margin lacks about 100."""
    told: Incident = incident(policy)
    if fund:
        told.insure("donor", fund)
    told.make_market(("90", "110"))
    for name, size in (("trader", SIZE), ("counterparty", -SIZE)):
        told.join(name, FREE)
        told.trade(name, size, MARGIN)
    return told


def crash(told: Incident) -> int:
    """Seen by the market in a block of its own, so that the mark before is as low. The deficit."""
    told.push(CRASH)
    told.touch()
    health = told.health("trader")
    assert health.stage == Stage.BANKRUPT
    return -int(health.equity)


def others_won(told: Incident) -> int:
    """What those on the other side won by price."""
    return told.gain("counterparty", "market_maker")


@policies
@funds
def test_dydx_only_counterparty_takes_the_last_position(incident, policy, fund):
    """All open interest goes in one takeover, by the only one opposite. The fund pays, else the winner does without."""
    told = two_positions(incident, policy, fund)
    crash(told)
    target = told.address["trader"]
    if policy in DELEVERAGING and not fund:
        arguments = ("liquidate_by_takeover", 0, target, ALL, MARGIN)
        told.refuses("use ADL", "counterparty", told.exchange.engine, *arguments)
        told.deleverage("trader")
        deficit = 0
    else:
        event = told.take_over("counterparty", "trader", MARGIN).event("DeficitAbsorbed")
        deficit = event.deficit
        assert event.from_insurance == (deficit if fund else 0)
    state = told.exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)
    assert told.pos("trader") == spec.Pos() == told.pos("counterparty")._replace(balance=0)
    assert told.gain("trader") == -MARGIN
    assert state.insurance_fund == fund - (deficit if fund else 0)
    assert others_won(told) == MARGIN + fund - state.insurance_fund - told.dust()
    assert state.unallocated_loss == 0
    told.everyone_leaves()


def leave_the_last_long(told: Incident) -> int:
    """Makers come back at the new price, and the short closes there: its profit is paid, only the venue is short."""
    told.withdraw_liquidity("market_maker")
    deficit = crash(told)
    told.join("late_maker", 10**10 * WAD)
    told.provide("late_maker", 10**10 * WAD, "76", "84")
    if wei := told.pos("market_maker").size:
        told.trade("market_maker", -wei)
    told.trade("counterparty", SIZE)
    state = told.exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (SIZE, 0, 1, 0)
    assert told.free("counterparty") - FREE == told.gain("counterparty") > 395 * WAD
    return deficit


def close_what_is_left(told: Incident, policy: str) -> None:
    """Against the venue, but where that is open only at the liquidation price: whoever wants it takes it over first."""
    if policy == "defx":
        told.take_over("counterparty", "trader", MARGIN)
        told.trade("counterparty", -SIZE)
    else:
        told.force_close("outsider", "trader")


@policies
@funds
def test_dydx_last_position_has_nobody_opposite(incident, policy, fund):
    """The winners are gone with their profit. What the last position lacks comes from the fund, else from the margin of
    the venue's providers, who stand opposite; the market is empty then and goes on."""
    told = two_positions(incident, policy, fund)
    leave_the_last_long(told)
    before = told.exchange.state()
    winner = told.free("counterparty")
    target = told.address["trader"]
    if policy in DELEVERAGING and not fund:
        arguments = ("force_close", 0, target, ALL, 0)
        told.refuses("use ADL", "outsider", told.exchange.engine, *arguments)
        receipt = told.send("outsider", told.exchange.engine, "auto_deleverage", 0, target, [])
        deficit = receipt.event("DeficitAbsorbed").deficit
        assert told.health("trader").equity == 0
    else:
        deficit = told.force_close("outsider", "trader").event("DeficitAbsorbed").deficit
    after = told.exchange.state()
    assert deficit > 99 * WAD
    assert after.insurance_fund == fund - (deficit if fund else 0)
    assert before.lp_margin - after.lp_margin == (0 if fund else deficit)
    assert (after.long_social_loss_index, after.short_social_loss_index, after.unallocated_loss) == (0, 0, 0)
    assert told.gain("trader") == -MARGIN
    assert told.free("counterparty") == winner

    if told.pos("trader").size:  # deleveraging found nobody: what it left is worth nothing, and still the last one
        close_what_is_left(told, policy)
    state = told.exchange.state()
    assert (state.total_long, state.total_short, state.holders_long, state.holders_short) == (0, 0, 0, 0)
    told.join("newcomer", FREE)
    told.trade("newcomer", SIZE, MARGIN)
    told.trade("newcomer", -SIZE)
    told.everyone_leaves()
