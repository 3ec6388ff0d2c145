"""Invariant 17.5: at a constant oracle price nobody gains from an honest provider and the fund, whatever he does."""

from dataclasses import replace

import pytest

from nacre.fuzz import model_driver
from nacre.fuzz.generator import Generator
from nacre.fuzz.settings import POLICIES, PROVIDER, make
from nacre.fuzz.views import world_view
from nacre.model import World

VICTIM = "victim"
FORBIDDEN = ("price", "price_at", "wait", "status")
ACTIONS = 800


def wealth_of_the_honest(world: World) -> int:
    """The victim's range at mark, the fund, and what the treasury has earned."""
    market = world_view(world).markets[0]
    held = sum(
        position.equity(market.price, market.index_of(position.size))
        for (name, _, _), position in market.ranges.items()
        if name == VICTIM
    )
    return held + market.insurance_fund - market.unallocated_loss


@pytest.mark.parametrize("seed", range(6))
def test_all_others_together_gain_nothing(seed: int) -> None:
    settings = make(seed, POLICIES[seed % 2], 18)
    calm = tuple(replace(m, funding_cap_bps=0, push_jump_bps=0, oracle_max_age=10**9) for m in settings.markets)
    world = model_driver.new_world(replace(settings, markets=calm))
    generator = Generator(settings, world)
    for action in generator.setup():
        action = action | {"who": VICTIM if action["who"] == PROVIDER else action["who"]}
        assert model_driver.send(world, action) is None
    world.deposit("donor", settings.unit)
    world.donate_insurance("donor", settings.unit)

    before = wealth_of_the_honest(world)
    done = 0
    while done < ACTIONS:
        action = generator.draw()
        if action["do"] in FORBIDDEN or action.get("who") == VICTIM or action.get("market", 0) != 0:
            continue
        done += 1
        model_driver.advance(world, action)
        model_driver.send(world, action)
        # Rounding may cost the range a price's worth of wei a step.
        assert wealth_of_the_honest(world) >= before - done * (settings.price // 10**18 + 10)
