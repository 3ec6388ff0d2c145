"""One campaign or story on the contracts of a system and on the model: after each action everything must be alike.

walk = Walk(settings)                       # of nacre.fuzz.system
walk.run(400)                               # draws and does actions
walk.do("trade", who="ann", ...)            # or one; the reason of a refusal, or None
"""

from collections import Counter
from typing import Any

from support.system_twin import Twin
from told import differences as differences_told

from nacre.chain import Receipt
from nacre.fuzz.system.generator import Generator
from nacre.fuzz.system.settings import KEEPER, NAMES, VAULT, Settings
from nacre.fuzz.system.world import Action, World
from nacre.model.portfolio import is_cross

# The treasury has a model of its own: tests/model/test_treasury_walk.py.
ELSEWHERE = frozenset(("treasury",))
# What changes the vault's books.
VAULTS = frozenset(("vault", "vault_terms", "backstop", "adl"))
# So often everything is compared; in between all markets, and the accounts that an action names.
FULL_COMPARISON = 25


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

    def end(self, number: int) -> None:
        """A market is settled and everybody leaves it, whatever has happened there."""
        assert self.do("wait") is None
        if not self.twin.house.markets[number].final_price:
            assert self.do("settle_market", number, price=0) is None
        for owner, lower, upper in sorted(self.world.ranges[number]):
            place = {"target": owner, "lower": lower, "upper": upper}
            assert self.do("remove_range", number, who=KEEPER, **place) is None
        for name in NAMES:
            if name in self.twin.house.markets[number].positions:
                assert self.do("settle_account", number, who=KEEPER, target=name) is None
        for name in NAMES:
            if self.twin.house.markets[number].owed.get(name):
                assert self.do("claim", number, who=KEEPER, target=name) is None
        market = self.twin.house.markets[number]
        assert (market.positions, market.owed_total, market.totals.open_interest) == ({}, 0, 0)
        assert self.twin.differences() == []

    def do(self, what: str, market: int = 0, /, **more: Any) -> str | None:
        """In a block of its own, unless `after` is 0."""
        return self.step({"do": what, "market": market, "after": 1} | more)

    def step(self, action: Action) -> str | None:
        """The reason why both refuse it, or None."""
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
            differences = self.twin.differences(NAMES if everything else _named(action))
            assert not differences, f"{place}: {differences}"
        return found

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
