"""Two winners with half a wei each: one wei lost by somebody, shared by two, and nobody may be owed what is not there.

A thousand units and a wei on either winning side, twice that on the losing one, from 1 to 0.5: a unit more or less of
rounding decides. The loser is left one wei short.
"""

import pytest
from support import spec
from support.incidents import POLICIES, Incident

from nacre.model.stages import Stage
from nacre.units import WAD

HALF = WAD // 2
SIZE = 1_000 * WAD + 1
WINNERS = ("first", "second")


@pytest.fixture(params=POLICIES)
def story(request, incident) -> Incident:
    """Before the fall. At 0.5 the loser lacks exactly one wei."""
    told: Incident = incident(request.param, price=1)
    told.make_market(("0.9", "1.1"))
    told.join("loser", 2 * SIZE)
    told.trade("loser", 2 * SIZE, SIZE * 3 // 4)
    missing = -spec.equity(told.pos("loser"), HALF)
    told.adjust("loser", missing - 1)
    for name in WINNERS:
        told.join(name, 2 * SIZE)
        told.trade(name, -SIZE, SIZE)
    told.join("keeper", 10 * SIZE)
    told.withdraw_liquidity("market_maker")
    return told


def fall(told: Incident) -> None:
    """Either winner's profit ends on half a wei, which rounding keeps in the pot: the claims are one wei less."""
    told.touch()
    dust = told.dust()
    told.push(HALF)
    told.touch()
    health = told.health("loser")
    assert (health.stage, health.equity) == (Stage.BANKRUPT, -1)
    for name in WINNERS:
        assert told.gain(name) == told.pos(name).notional - (SIZE * HALF // WAD + 1)
    # The wei of size that rounding left with venue and makers have halved in price, and an odd one rounds, too.
    state, odd = told.exchange.state(), told.pos("market_maker").size % 2
    assert 2 * (told.dust() - dust) + state.total_short - state.total_long == 2 + odd


def test_half_a_wei_of_loss_each(story):
    """Shared, each winner pays half a wei, so one; deleveraged, one of them gets the odd wei. Nobody gets two."""
    policy = story.exchange.main.config.loss
    fall(story)
    before = {name: story.gain(name) for name in (*WINNERS, "market_maker")}
    dust, loser = story.dust(), story.pos("loser")
    receipt = story.rescue("keeper", "loser", 2 * SIZE)
    given = sorted(before[name] - story.gain(name) for name in WINNERS)
    if policy == "adl":
        closed = [event.notional for event in receipt.events("Deleveraged")]
        assert sum(closed) == loser.notional - loser.balance  # what the position ends at zero for, to the wei
        assert max(closed) - min(closed) <= 1
        assert given == [0, 0]  # the half wei each that rounding had kept already
    else:
        assert given == [1, 1]
    makers = before["market_maker"] - story.gain("market_maker")
    assert story.dust() - dust == sum(given) + makers - 1
    assert 0 <= makers <= 1
    assert all(0 <= amount <= 1 for amount in given)
    assert story.exchange.state().unallocated_loss == 0
    story.everyone_leaves()


def test_half_a_wei_at_settlement(story):
    """The market ends with a wei missing and no fund: two equal claims on an odd pot, each paid but for a wei."""
    fall(story)
    brought = {name: story.free(name) for name in WINNERS}
    due = {name: story.worth(name) - brought[name] for name in WINNERS}
    taken = story.everyone_leaves()
    assert story.exchange.state().unallocated_loss == 1
    for name in WINNERS:
        assert 0 <= due[name] + brought[name] - taken[name] <= 1
    assert story.exchange.state().pot >= 0


def test_half_a_wei_is_all_there_is(story):
    """Both winners leave at 0.5 against new makers, ahead of the loss: the makers are opposite then, and bear it."""
    fall(story)
    story.make_market(("0.45", "0.55"))
    for name in WINNERS:
        story.trade(name, SIZE)
        assert story.pos(name) == spec.Pos()
    story.withdraw_liquidity("market_maker")
    for _ in range(2):  # at the price of the ruin in an earlier block, too
        story.touch()
    assert story.health("loser").equity == -1
    margin, makers = story.pos("loser").balance, story.gain("market_maker")
    story.rescue("keeper", "loser", 2 * SIZE)
    assert story.gain("loser") == -margin
    assert 0 <= makers - story.gain("market_maker") <= 2  # an index that collects a wei may collect two
    assert story.gain(*WINNERS, "market_maker") == margin - story.dust()
    story.everyone_leaves()
