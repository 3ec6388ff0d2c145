"""LUNA, 11 May 2022: from about 1.60 to 0.69 within an hour, and to 7.78 within the next two.

First the longs have nothing left, then the shorts. Drift v1 paid out profits that no loser had brought: some 10
million USD.
"""

import pytest
from support import spec
from support.incidents import DELEVERAGING, POLICIES, Incident, wad

from nacre.model.stages import Stage
from nacre.units import WAD

START, LOW, HIGH = wad("1.6"), wad("0.69"), wad("7.78")
SIZE = 100_000 * WAD
# 12 % of what they hold at first, and as much as it takes to live through the first hour.
THIN, THICK = 19_200 * WAD, 160_000 * WAD
POSITIONS = {
    "thin_long": (SIZE, THIN),
    "thick_long": (SIZE, THICK),
    "thin_short": (-SIZE, THIN),
    "thick_short": (-SIZE, THICK),
}


def told(incident, policy: str) -> Incident:
    story: Incident = incident(policy, price="1.6", min_notional=1_000, max_open_interest=2_000_000)
    story.make_market(("1.5", "1.7"))
    for name, (size, margin) in POSITIONS.items():
        story.join(name, margin)
        story.trade(name, size, margin)
    story.join("keeper", 10_000_000 * WAD)
    story.withdraw_liquidity("market_maker")
    return story


def leap(story: Incident, price: int) -> None:
    """Seen in a block of its own: whoever is deleveraged is so at the price of the ruin."""
    story.push(price)
    story.touch()


@pytest.mark.parametrize("policy", POLICIES)
def test_luna_both_sides_in_turn(incident, policy):
    """Whatever the policy: who is ruined loses what it brought and no more, and exactly that is what others win."""
    story = told(incident, policy)
    leap(story, LOW)
    assert story.health("thin_long").stage == Stage.BANKRUPT
    assert story.health("thick_long").stage < Stage.BANKRUPT
    story.rescue("keeper", "thin_long", 100_000 * WAD)
    state = story.exchange.state()
    assert state.long_social_loss_index == 0
    assert (state.short_social_loss_index > 0) == (policy not in DELEVERAGING)
    assert story.gain("thin_long") == -THIN

    leap(story, HIGH)
    story.join("second_keeper", 10_000_000 * WAD)
    ruined = [name for name in ("thin_short", "thick_short") if story.pos(name).size]
    for name in ruined:
        assert story.health(name).stage == Stage.BANKRUPT
        story.rescue("second_keeper", name, 2_000_000 * WAD)
        assert story.pos(name) == spec.Pos()
        assert story.gain(name) == -POSITIONS[name][1]
    state = story.exchange.state()
    assert (state.long_social_loss_index > 0) == (policy not in DELEVERAGING)
    assert state.unallocated_loss == state.insurance_fund == 0
    lost = THIN + sum(POSITIONS[name][1] for name in ruined)
    winners = [
        name for name in (*POSITIONS, "keeper", "second_keeper", "market_maker") if name not in ("thin_long", *ruined)
    ]
    assert story.gain(*winners) == lost - story.dust()
    story.everyone_leaves()


@pytest.mark.parametrize("policy", [policy for policy in POLICIES if policy not in DELEVERAGING])
def test_luna_profit_that_nobody_brought_is_owed(incident, policy):
    """The keeper, long since 0.69, takes a ruined short over at 7.78 and so closes both. The other ruined short still
    stands: the pot has not what is due. The keeper gets what is there and waits for the rest. Out first, it has no part
    in the second loss: the long who stayed is ruined by that, and the short who came in bears what is left."""
    story = told(incident, policy)
    leap(story, LOW)
    story.rescue("keeper", "thin_long", 100_000 * WAD)
    leap(story, HIGH)
    worth, pot, free = story.worth("keeper"), story.exchange.state().pot, story.free("keeper")
    deficit = -story.health("thin_short").equity
    keeper, house = story.address["keeper"], story.exchange.house
    story.send("keeper", story.exchange.engine, "liquidate_by_takeover", 0, story.address["thin_short"], SIZE, 0)
    # Half of the open interest on its side, half of the loss.
    share = spec.carry(SIZE, spec.ceil(deficit * 10**27, 2 * SIZE))
    assert story.worth("keeper") == worth - share
    assert story.free("keeper") == free + pot
    owed = house.call("owed", 0, keeper)
    assert owed == worth - share - free - pot > 0
    assert story.exchange.state().pot == 0
    story.refuses("pot is short", "outsider", house, "claim", 0, keeper)

    story.join("second_keeper", 10_000_000 * WAD)
    story.rescue("second_keeper", "thick_short", 2_000_000 * WAD)
    story.send("outsider", house, "claim", 0, keeper)
    assert story.free("keeper") == free + pot + owed
    lacking, maker = -story.health("thick_long").equity, story.gain("market_maker")
    story.join("third_keeper", 10_000_000 * WAD)
    story.rescue("third_keeper", "thick_long", 2_000_000 * WAD)
    borne = maker - story.gain("market_maker", "second_keeper")  # the former is short by a few wei, too
    assert 0 <= borne - lacking <= 2
    assert {name: -story.gain(name) for name in POSITIONS} == {name: margin for name, (_, margin) in POSITIONS.items()}
    others = ("keeper", "second_keeper", "third_keeper", "market_maker")
    assert story.gain(*others) == 2 * (THIN + THICK) - story.dust()
    story.everyone_leaves()
