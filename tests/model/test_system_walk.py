"""Random walks over two to four markets of all policies, isolated and cross accounts, on model and contracts: every
stored number equal to the wei, what the vault's shares are worth, what liquidations told, the reasons of refusals.

    SYSTEM_WALK_SEEDS=100:160 SYSTEM_WALK_ACTIONS=1000 python -m pytest tests/model/test_system_walk.py
"""

import os
from collections import Counter

import pytest
from side_by_side import Walk
from storms import Storm, stormy

from nacre.fuzz.system.settings import make
from nacre.presets import preset_names

FIRST, END = (int(part) for part in os.environ.get("SYSTEM_WALK_SEEDS", "0:5").split(":"))
ACTIONS = int(os.environ.get("SYSTEM_WALK_ACTIONS", "300"))
# Campaigns in which somebody is always about to fail: for each policy, their actions in sum.
STORMS, STORM_ACTIONS = 4, 400

# What must have gone through so often in the storms of each policy, well below what does. The names: `Walk._note`.
FLOORS = {
    "trade": 40,
    "takeover": 4,
    "force_close": 8,
    "adl at bankruptcy": 2,
    "adl at previous mark": 2,
    "adl of a cross account": 2,
    "adl of an isolated account": 2,
    "adl against somebody": 2,
    "backstop of a cross account": 2,
    "backstop of an isolated account": 2,
    "settle": 2,
    "call_margin": 2,
}


@pytest.mark.parametrize("seed", range(FIRST, END))
def test_model_and_contracts_agree(seed: int) -> None:
    walk = Walk(make(seed))
    walk.run(ACTIONS)
    assert walk.done.total() > ACTIONS // 4, "hardly anything went through"


@pytest.mark.parametrize("policy", preset_names())
def test_they_agree_whoever_fails(policy: str) -> None:
    """Under each policy all that may be done about a failing account has happened; after that a market may end."""
    done: Counter[str] = Counter()
    for seed in range(STORMS):
        walk = Walk(stormy(seed, policy), Storm)
        walk.run(STORM_ACTIONS)
        walk.end(0)
        for (kind, number), count in walk.done.items():
            done[kind] += count if number < 0 or walk.world.settings.policies[number] == policy else 0
    missing = {kind: (done[kind], floor) for kind, floor in FLOORS.items() if done[kind] < floor}
    assert missing == {}, "too seldom: (times, floor)"
