"""Random actions against model and contracts, every stored number equal; `./run fuzz` does the same for longer."""

import pytest

from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.settings import DECIMALS, POLICIES, make
from nacre.fuzz.walk import begin, wander

ACTIONS = 1000
MODEL_ACTIONS = 1500


@pytest.mark.parametrize("policy", POLICIES)
@pytest.mark.parametrize("decimals", DECIMALS)
def test_contracts_and_model_agree(policy: str, decimals: int) -> None:
    settings = make(8, policy, decimals)
    walk = begin(settings, ChainSide(settings))
    for _ in wander(walk, ACTIONS):
        pass
    done = {kind for kind, reason in walk.coverage if reason == "done"}
    assert done >= {"trade", "deposit", "withdraw", "add_liquidity", "remove_liquidity", "price", "takeover"}


@pytest.mark.parametrize("seed", range(4))
def test_the_specification_alone_keeps_every_invariant(seed: int) -> None:
    walk = begin(make(seed, POLICIES[seed % 2], 18), None)
    for _ in wander(walk, MODEL_ACTIONS):
        pass
    assert walk.events["bankruptcy resolved"] > 0


def test_a_seed_repeats() -> None:
    traces = []
    for _ in range(2):
        walk = begin(make(11, "oyster", 6), None)
        for _ in wander(walk, 200):
            pass
        traces.append((walk.trace, walk.world.house))
    assert traces[0] == traces[1]
