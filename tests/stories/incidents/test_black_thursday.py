"""Black Thursday, 12 and 13 March 2020: bitcoin lost a quarter within an hour, twice, while keepers found no blocks.

On MakerDAO they were out for hours, and auctions went for nothing. Here the replay of the crash runs with keepers who
are offline for some candles from the first leg on: what is not done in time is done later, for what it costs then.
"""

from functools import cache

import pytest
from support.incidents import after_replay

from nacre.chain import EmbeddedChain
from nacre.presets import preset
from nacre.prices import crash_path
from nacre.replay.agents_venue import keep_near_index
from nacre.replay.run import Replay, Settings

# From the hour before the first leg to some hours after the second.
CANDLES = crash_path()[129:153]
LEG = 1  # its index there
OFFLINE = (0, 1, 5, 20)

policies = pytest.mark.parametrize("policy", ["oyster", "hyperliquid"])


class KeepersOffline(Replay):
    """For so many candles from the leg on nobody liquidates, removes ranges or sells what was taken over."""

    def __init__(self, settings: Settings, candles: int):
        super().__init__(settings, EmbeddedChain(exact_gas=False, timestamp=CANDLES[0].timestamp - 7_200))
        self.silence = range(LEG, LEG + candles)

    def _react(self) -> None:
        if self.world.journal.candle in self.silence:
            keep_near_index(self.arbitrageurs)
        else:
            super()._react()

    def _settle_down(self, traders: bool) -> None:
        if self.world.journal.candle not in self.silence:
            super()._settle_down(traders)
            return
        for trader in self.traders if traders else ():
            trader.act(self.settings.interval)
        keep_near_index(self.arbitrageurs)


@cache
def played(policy: str, candles: int):
    """A replay that is over, and its result."""
    settings = Settings(candles=CANDLES, config=preset(policy), policy=policy, accounts=8, seed=3)
    replay = KeepersOffline(settings, candles)
    return replay, replay.run()


@policies
@pytest.mark.parametrize("candles", OFFLINE)
def test_black_thursday_is_accounted_for(policy, candles):
    """Nothing happened while keepers were away; afterwards nobody is left bankrupt or liquidatable, every deficit has
    its payers, everybody's gains are zero in sum but for the dust, and everybody gets out."""
    replay, result = played(policy, candles)
    assert result.liquidations
    assert not [item for item in result.liquidations if item.candle in replay.silence]
    assert (result.left_bankrupt, result.left_liquidatable) == (0, 0)
    assert result.balance.balances
    assert result.zero_sum() == -result.balance.dust
    paid = sum(result.total(name) for name in ("from_insurance", "from_providers", "socialised"))
    assert paid == result.total("deficit") > 0
    told = after_replay(replay, result.balance.dust)
    with told.exchange.undone():
        told.everyone_leaves()


@policies
def test_black_thursday_costs_more_the_longer_keepers_sleep(policy):
    """One missed candle was even a gain: its hour closed 8 % above its low. Five and twenty were not; the second leg
    came in the meantime."""
    losses = [played(policy, candles)[1] for candles in OFFLINE]
    lacking = [result.total("deficit") + result.borne() for result in losses]
    assert lacking[1] < lacking[0]
    assert lacking[1] < lacking[2] < lacking[3]
