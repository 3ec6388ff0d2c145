"""AVAX, 10 October 2025: 67.6 % lost within an hour, from about 28.

Whoever was long with more than one and a half times his money was ruined between two candles.
"""

import pytest
from support import spec
from support.incidents import DELEVERAGING, POLICIES, Incident, after_replay

from nacre.chain import EmbeddedChain
from nacre.model.stages import Stage
from nacre.presets import preset
from nacre.prices import Candle
from nacre.replay.run import Replay, Settings
from nacre.units import WAD

BEFORE = 28 * WAD
AFTER = BEFORE * 324 // 1000
SIZE = 1_000 * WAD
FUND = 10_000 * WAD
# Margin in percent of the notional.
RUINED = {"ninefold": 12, "fivefold": 20, "threefold": 34, "twofold": 50}
SURVIVOR, SURVIVOR_MARGIN = "careful", 80
SHORTS = {"bold_short": (3 * SIZE, 15), "calm_short": (2 * SIZE, 60)}


def told(incident, policy: str) -> Incident:
    story: Incident = incident(policy, price=28)
    story.insure("donor", FUND)
    story.make_market(("27", "29"))
    everybody = [(name, SIZE, percent) for name, percent in (*RUINED.items(), (SURVIVOR, SURVIVOR_MARGIN))]
    everybody += [(name, -size, percent) for name, (size, percent) in SHORTS.items()]
    for name, size, percent in everybody:
        margin = spec.notional(size, BEFORE) * percent // 100
        story.join(name, margin)
        story.trade(name, size, margin)
    story.withdraw_liquidity("market_maker")
    return story


@pytest.mark.parametrize("policy", POLICIES)
def test_avax_within_an_hour(incident, policy):
    """Four of five longs are ruined at once. Each loses its margin and no more; the fund pays what it has; what is
    missing then the shorts do without: by size, or where positions are closed, the most leveraged first."""
    story = told(incident, policy)
    held = {name: story.pos(name) for name in (SURVIVOR, *SHORTS)}
    margins = {name: story.pos(name).balance for name in RUINED}
    story.push(AFTER)
    story.touch()
    deficits = 0
    for name in RUINED:
        health = story.health(name)
        assert health.stage == Stage.BANKRUPT
        deficits -= health.equity
    assert story.health(SURVIVOR).stage < Stage.BANKRUPT
    story.join("keeper", 100_000 * WAD)
    for name in RUINED:
        story.rescue("keeper", name, 2_000 * WAD)

    state = story.exchange.state()
    assert (state.insurance_fund, state.unallocated_loss, state.long_social_loss_index) == (0, 0, 0)
    assert {name: -story.gain(name) for name in RUINED} == margins
    assert story.gain("keeper") == 0
    assert story.gain(SURVIVOR) == spec.price_pnl(held[SURVIVOR], AFTER)
    given = {name: spec.price_pnl(held[name], AFTER) - story.gain(name) for name in SHORTS}
    if policy in DELEVERAGING:
        assert state.short_social_loss_index == 0
        assert story.pos("bold_short") == spec.Pos(0, story.pos("bold_short").balance)
        assert given["bold_short"] > given["calm_short"] > 0
    else:
        index = state.short_social_loss_index
        assert given == {name: spec.carry(position.size, index) for name, position in held.items() if name in SHORTS}
    assert abs(sum(given.values()) - (deficits - FUND)) <= 2 * len(story.address)
    lost = sum(margins.values()) - story.gain(SURVIVOR)
    assert story.gain(*SHORTS, "market_maker") == lost + FUND - story.dust()
    story.everyone_leaves()


def candle(hour: int, first: int, high: int, low: int, last: int) -> Candle:
    return Candle(1_760_130_000 + hour * 3_600, first, high, low, last)


# Two quiet hours, the hour itself, and what came back of it: about 22.
REBOUND = 22 * WAD
HOURS = [
    candle(0, BEFORE, 28_300 * WAD // 1_000, 27_800 * WAD // 1_000, BEFORE),
    candle(1, BEFORE, BEFORE, 27_500 * WAD // 1_000, BEFORE),
    candle(2, BEFORE, BEFORE, AFTER, REBOUND),
    candle(3, REBOUND, REBOUND, 21 * WAD, REBOUND),
]


@pytest.mark.parametrize("policy", POLICIES)
def test_avax_replayed(policy):
    """The same hour with a market around it, fees and all: keepers, arbitrage, providers whose ranges fail. Everybody
    ruined is dealt with, all losses have payers, the books balance to the wei, and everybody gets out."""
    settings = Settings(candles=HOURS, config=preset(policy), policy=policy, accounts=10, seed=7)
    replay = Replay(settings, EmbeddedChain(exact_gas=False, timestamp=HOURS[0].timestamp - 7_200))
    result = replay.run()
    assert any(item.bankrupt for item in result.liquidations)
    assert (result.left_bankrupt, result.left_liquidatable) == (0, 0)
    assert result.balance.balances
    assert result.zero_sum() == -result.balance.dust
    payers = ("from_insurance", "from_providers", "socialised", "unallocated")
    assert sum(result.total(name) for name in payers) == result.total("deficit")
    after_replay(replay, result.balance.dust).everyone_leaves()
