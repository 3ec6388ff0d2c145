"""Who acts on whom, and how much: what the draws of actions have in common."""

import math
import random

from nacre.fuzz.system.settings import KEEPER, PEOPLE, TRADERS, VAULT, Settings
from nacre.fuzz.system.world import World, equity
from nacre.model.ticks import SPACING
from nacre.units import MAX_UINT256, WAD

ALL = MAX_UINT256


def tick_of(price: int) -> int:
    """The edge of a range near a price, WAD."""
    return round(math.log(price / WAD) / math.log(1.0001)) // SPACING * SPACING


class Chooser:
    """Chooses by the seed's own dice."""

    def __init__(self, settings: Settings, world: World):
        self.settings, self.world = settings, world
        self.rng = random.Random(f"system actions {settings.seed}")

    def _tokens(self, amount: int) -> int:
        return int(self.world.system.to_tokens(int(amount)))

    def _scaled(self, amount: float) -> int:
        return int(amount * self.rng.choice((0.03, 0.2, 0.5, 1, 1, 1.7, 4)) * self.rng.uniform(0.5, 1.5))

    def _who(self) -> str:
        return self.rng.choice(PEOPLE) if self.rng.random() < 0.15 else self.rng.choice(TRADERS)

    def _ratios(self, number: int) -> list[tuple[float, str]]:
        """Holders of a market with equity / notional, the weakest first."""
        state = self.world.state(number)
        found = []
        for name in (*PEOPLE, VAULT):
            held = self.world.held(number, name)
            if held.size:
                worth = equity(held, state) if state else held.balance
                if held.cross:
                    worth += self.world.free(name)
                found.append((worth / (abs(held.size) * self.world.price[number] / WAD + 1), name))
        return sorted(found)

    def _distressed(self, number: int) -> int:
        """The market whose weakest account is weakest, measured by what its margin should be."""

        def weakness(other: int) -> float:
            holders = self._ratios(other)
            return holders[0][0] / self.world.configs[other].mmr_bps if holders else math.inf

        return min(range(len(self.world.markets)), key=weakness)

    def _with_policy(self, number: int, deleveraging: bool) -> int:
        """Mostly a market whose policy knows that way."""
        configs = self.world.configs
        if self.rng.random() < 0.1 or (configs[number].loss == "adl" if deleveraging else configs[number].backstop_bps):
            return number
        fitting = [n for n, c in enumerate(configs) if (c.loss == "adl" if deleveraging else c.backstop_bps)]
        return self.rng.choice(fitting) if fitting else number

    def _holder(self, number: int) -> str:
        holders = self._ratios(number)
        return self.rng.choice(holders)[1] if holders else self._who()

    def _weakest(self, number: int) -> str:
        holders = self._ratios(number)
        if not holders:
            return self._who()
        return holders[0][1] if self.rng.random() < 0.75 else self.rng.choice(holders)[1]

    def _other_than(self, target: str) -> str:
        name = KEEPER if self.rng.random() < 0.3 else self._who()
        return name if name != target or self.rng.random() < 0.1 else KEEPER

    def _part(self, size: int) -> int:
        size = abs(size)
        choices = (ALL, ALL, ALL, size, size // 2, int(size * self.rng.random()), size + 1, 1, 0)
        return self.rng.choices(choices, (4, 4, 4, 1, 3, 4, 0.3, 0.3, 0.1))[0]
