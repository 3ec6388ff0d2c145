"""Random walks over two to four markets of all policies, isolated and cross accounts, on model and contracts: every
stored number equal to the wei, and the reasons of what is refused.

    SYSTEM_WALK_SEEDS=100:160 SYSTEM_WALK_ACTIONS=1000 python -m pytest tests/model/test_system_walk.py
"""

import os
from collections import Counter

import pytest
from support.system_twin import Twin

from nacre.fuzz.system.generator import Generator
from nacre.fuzz.system.settings import NAMES, make
from nacre.fuzz.system.world import World

FIRST, END = (int(part) for part in os.environ.get("SYSTEM_WALK_SEEDS", "0:5").split(":"))
ACTIONS = int(os.environ.get("SYSTEM_WALK_ACTIONS", "400"))
# The treasury has a model of its own: tests/model/test_treasury_walk.py.
ELSEWHERE = frozenset(("treasury", "backstop", "adl"))
# So often everything is compared; in between all markets, and the accounts that an action names.
FULL_COMPARISON = 25

done: Counter[str] = Counter()


def walk(seed: int) -> None:
    settings = make(seed)
    world = World(settings)
    twin, generator = Twin(world), Generator(settings, world)
    assert twin.differences() == []
    actions, count = generator.setup(), 0
    while count < ACTIONS:
        action = actions.pop(0) if actions else generator.draw()
        if action["do"] in ELSEWHERE:
            continue
        count += 1
        world.advance(action)
        twin.advance(action)
        receipt = world.send(action)
        found = receipt.reason if receipt is not None and not receipt.ok else None
        place = f"seed {seed}, action {count}: {action}"
        assert twin.send(action, found) == found, place
        done[action["do"]] += found is None
        everything = count % FULL_COMPARISON == 0
        if found is None or everything:
            named = [action[key] for key in ("who", "target", "to") if action.get(key) in NAMES]
            assert twin.differences(NAMES if everything else named) == [], place


@pytest.mark.parametrize("seed", range(FIRST, END))
def test_model_and_contracts_agree(seed: int) -> None:
    walk(seed)


def test_the_walks_went_everywhere() -> None:
    """Last: what the tests above did, together."""
    if done.total() == 0:
        walk(FIRST)
    assert {kind for kind, count in done.items() if count} >= {"trade", "takeover", "force_close", "mode", "settle"}
