"""Random walks over two to four markets of all policies, isolated and cross accounts, on model and contracts: every
stored number equal to the wei, what the vault's shares are worth, what liquidations told, the reasons of refusals.

    SYSTEM_WALK_SEEDS=100:160 SYSTEM_WALK_ACTIONS=1000 python -m pytest tests/model/test_system_walk.py
"""

import os
from collections import Counter

import pytest
from storms import Storm, stormy
from support.system_twin import Twin
from told import differences as differences_told

from nacre.chain import Receipt
from nacre.fuzz.system.generator import Generator
from nacre.fuzz.system.settings import NAMES, VAULT, Settings, make
from nacre.fuzz.system.world import Action, World
from nacre.model.portfolio import is_cross
from nacre.presets import preset_names

FIRST, END = (int(part) for part in os.environ.get("SYSTEM_WALK_SEEDS", "0:5").split(":"))
ACTIONS = int(os.environ.get("SYSTEM_WALK_ACTIONS", "400"))
# Campaigns in which somebody is always about to fail: for each policy, their actions in sum.
STORMS, STORM_ACTIONS = 3, 400
# The treasury has a model of its own: tests/model/test_treasury_walk.py.
ELSEWHERE = frozenset(("treasury",))
# What changes the vault's books.
VAULTS = frozenset(("vault", "vault_terms", "backstop"))
# So often everything is compared; in between all markets, and the accounts that an action names.
FULL_COMPARISON = 25

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
    "settle": 3,
    "call_margin": 2,
}


class Walk:
    """One campaign on both sides."""

    def __init__(self, settings: Settings, generator: type[Generator] = Generator) -> None:
        self.world = World(settings)
        self.twin, self.generator = Twin(self.world), generator(settings, self.world)
        self.seed, self.count = settings.seed, 0
        # What went through: (kind of action, market).
        self.done: Counter[tuple[str, int]] = Counter()
        assert self.twin.differences() == []

    def run(self, actions: int) -> None:
        planned = self.generator.setup()
        while self.count < actions:
            action = planned.pop(0) if planned else self.generator.draw()
            if action["do"] not in ELSEWHERE:
                self.step(action)

    def step(self, action: Action) -> None:
        self.count += 1
        self.world.advance(action)
        self.twin.advance(action)
        cross = "target" in action and is_cross(self.twin.house.markets[action["market"]], action["target"])
        receipt = self.world.send(action)
        found = receipt.reason if receipt is not None and not receipt.ok else None
        place = f"seed {self.seed}, action {self.count}: {action}"
        assert self.twin.send(action, found) == found, place
        if found is None:
            self._note(action, cross)
            self._compare_told(action, receipt, place)
        everything = self.count % FULL_COMPARISON == 0
        if found is None or everything:
            assert self.twin.differences(NAMES if everything else _named(action)) == [], place

    def _compare_told(self, action: Action, receipt: Receipt | None, place: str) -> None:
        if receipt is not None:
            assert differences_told(self.twin, action, receipt) == [], place

    def _note(self, action: Action, cross: bool) -> None:
        kind, outcome = action["do"], self.twin.outcome
        kinds = [kind]
        if kind in ("adl", "backstop"):
            kinds.append(f"{kind} of {'a cross' if cross else 'an isolated'} account")
        if kind == "adl":
            kinds.append("adl at previous mark" if outcome.at_previous_mark else "adl at bankruptcy")
            kinds += ["adl against somebody"] if outcome.matches else []
        self.done.update((kind, action.get("market", -1)) for kind in kinds)


def _named(action: Action) -> list[str]:
    """Accounts that it may change."""
    named = [action[key] for key in ("who", "target", "to") if action.get(key) in NAMES]
    return [*named, *action.get("list", ()), *([VAULT] if action["do"] in VAULTS else [])]


@pytest.mark.parametrize("seed", range(FIRST, END))
def test_model_and_contracts_agree(seed: int) -> None:
    walk = Walk(make(seed))
    walk.run(ACTIONS)
    assert walk.done.total() > ACTIONS // 4, "hardly anything went through"


@pytest.mark.parametrize("policy", preset_names())
def test_they_agree_whoever_fails(policy: str) -> None:
    """Under each policy everything that may be done about a failing account has happened."""
    done: Counter[str] = Counter()
    for seed in range(STORMS):
        walk = Walk(stormy(seed, policy), Storm)
        walk.run(STORM_ACTIONS)
        for (kind, number), count in walk.done.items():
            done[kind] += count if number < 0 or walk.world.settings.policies[number] == policy else 0
    missing = {kind: (done[kind], floor) for kind, floor in FLOORS.items() if done[kind] < floor}
    assert missing == {}, "too seldom: (times, floor)"
