"""The two-account drain: the same person long and short 100,000 USD with 5,000 each, and a gap in the price.

One account wins the whole gap, the other loses its margin and no more: what lies between is for others to pay. An
insurance fund, or those on the winning side, pay for it once; here the tests say who, under each policy.
"""

import pytest
from support import spec
from support.incidents import DELEVERAGING, POLICIES, Incident

from nacre.model.stages import Stage
from nacre.units import WAD

PRICE, SIZE = 100 * WAD, 999 * WAD  # a little less than 100,000, so that 5,000 are five percent of it
MARGIN, HONEST_MARGIN = 5_000 * WAD, 50_000 * WAD
FUND = 2_000 * WAD

policies = pytest.mark.parametrize("policy", POLICIES)
sides = pytest.mark.parametrize("side", [1, -1], ids=["long loses", "short loses"])
gaps = pytest.mark.parametrize("percent", [8, 12])
funds = pytest.mark.parametrize("fund", [0, FUND], ids=["no fund", "fund"])


def told(incident, policy: str, side: int, fund: int) -> Incident:
    """Two accounts of the attacker, and two people who do not know each other with the same sizes. `side` loses."""
    margins = {"imr_bps": 500, "mmr_bps": 250} if policy in ("oyster", "satoshiswap") else {}
    story: Incident = incident(policy, **margins)
    if fund:
        story.insure("donor", fund)
    story.make_market(("95", "105"))
    for name, size, margin in (
        ("loser", side * SIZE, MARGIN),
        ("winner", -side * SIZE, MARGIN),
        ("honest_loser", side * SIZE, HONEST_MARGIN),
        ("honest_winner", -side * SIZE, HONEST_MARGIN),
    ):
        story.join(name, margin)
        story.trade(name, size, margin)
    story.withdraw_liquidity("market_maker")
    return story


@policies
@sides
@gaps
@funds
def test_two_account_drain_wins_what_others_pay(incident, policy, side, percent, fund):
    """At most the price profit of the winning leg, the other's margin gone: never more than fund and others gave up."""
    story = told(incident, policy, side, fund)
    gap = PRICE * (100 - side * percent) // 100
    held = {name: story.pos(name) for name in ("winner", "honest_winner")}
    # What rounding left the makers with may stand on the winning side, too.
    wei = max(0, -side * story.pos("market_maker").size)
    story.push(gap)
    story.touch()
    assert story.health("loser").stage == Stage.BANKRUPT
    deficit = -story.health("loser").equity
    profits = {name: spec.price_pnl(position, gap) for name, position in held.items()}
    story.join("keeper", 1_000_000 * WAD)
    story.rescue("keeper", "loser", 20_000 * WAD)

    state = story.exchange.state()
    assert state.insurance_fund == 0
    assert state.unallocated_loss == 0
    assert story.gain("loser") == -MARGIN
    index = state.short_social_loss_index if side > 0 else state.long_social_loss_index
    given = {name: profits[name] - story.gain(name) for name in profits}
    if policy in DELEVERAGING:
        # His own winner is the most leveraged one opposite, and gives up all that is missing.
        assert index == 0
        assert 0 <= given["winner"] - (deficit - fund) <= 1
        assert given["honest_winner"] == 0
    else:
        # Both winners are of one size: half each.
        assert given == {name: spec.carry(SIZE, index) for name in profits}
        shared = sum(given.values()) + spec.carry(wei, index)
        assert 0 <= shared - (deficit - fund) <= 3
    assert story.gain("keeper") == 0
    drained = story.gain("loser", "winner")
    assert drained + MARGIN <= profits["winner"]
    assert 0 <= fund + given["honest_winner"] - drained <= story.dust() + abs(story.gain("market_maker"))
    assert story.gain("honest_loser") == spec.price_pnl(story.pos("honest_loser"), gap)
    story.everyone_leaves()


@sides
@gaps
def test_two_account_drain_undone_at_the_previous_mark(incident, side, percent):
    """Hyperliquid closes at the mark before the gap where that leaves no deficit: the attacker's legs close each other
    as if it had not happened, the fund stays whole, and nobody else gives up anything."""
    story = told(incident, "hyperliquid", side, FUND)
    honest = {name: story.pos(name) for name in ("honest_loser", "honest_winner")}
    entries = [story.pos(name).notional for name in ("loser", "winner")]
    story.touch()
    before = story.exchange.state().mark_price
    story.push(PRICE * (100 - side * percent) // 100)
    assert story.health("loser").stage == Stage.BANKRUPT
    # Less than its deficit is in the fund: it would not pay for all of it.
    assert -story.health("loser").equity > FUND
    event = story.deleverage("loser").event("AutoDeleveraging")
    assert event.notional == spec.notional(SIZE, before)
    assert story.pos("loser") == spec.Pos()
    assert story.pos("winner").size == 0
    assert story.exchange.state().insurance_fund == FUND
    assert story.gain("loser", "winner") == -side * (entries[0] - entries[1])
    mark = story.exchange.state().mark_price
    for name, held in honest.items():
        assert story.pos(name) == held
        assert story.gain(name) == spec.price_pnl(held, mark)
    story.everyone_leaves()
