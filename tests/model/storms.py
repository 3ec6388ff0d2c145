"""Campaigns in which somebody is always about to fail: most of their markets deleverage, most have a backstop."""

import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

from nacre.deploy import BackstopTerms
from nacre.fuzz.system.generator import Generator
from nacre.fuzz.system.settings import TRADERS, UNIT, VAULT, Settings, draw_market, make
from nacre.fuzz.system.world import Action, World
from nacre.model.engine import Stage
from nacre.presets import MarketConfig
from nacre.units import WAD

TWO_THIRDS = 6667


def stormy(seed: int, name: str) -> Settings:
    """A system campaign with two markets of that preset in front; more may happen to who fails in them."""
    rng = random.Random(f"storm {name} {seed}")
    calm = make(seed)
    policies = (name, name, *calm.policies[1:2])
    drawn = [draw_market(rng, name), draw_market(rng, name), *calm.markets[1:2]]
    terms = BackstopTerms(rng.choice((0, 0, 60)), rng.choice((0, 600)), calm.terms.band_bps)
    markets = tuple(
        _worse(rng, config, (seed + place) % 2 == 0, place <= seed % 2) for place, config in enumerate(drawn)
    )
    return replace(calm, policies=policies, markets=markets, terms=terms)


def _worse(rng: random.Random, config: MarketConfig, at_previous_mark: bool, deleverages: bool) -> MarketConfig:
    ratio = min(config.trigger_bps, rng.choice((TWO_THIRDS, TWO_THIRDS, config.trigger_bps)))
    cap = rng.choice((UNIT // 4, 20 * UNIT, 20 * UNIT))
    fields: dict[str, Any] = {
        "backstop_bps": ratio,
        "backstop_loss_cap": cap,
        "cross_margin": deleverages or rng.random() < 0.7,
    }
    if deleverages:
        price = "previous_mark" if at_previous_mark else "bankruptcy"
        fields |= {"loss": "adl", "adl_price": price, "max_open_interest": 0, "min_notional": Decimal(100)}
        fields["last_resort_seconds"] = config.last_resort_seconds or (0 if config.takeover else 600)
    else:
        fields |= {"loss": "social", "takeover": True}
    return config.changed(**fields)


class Storm(Generator):
    """Draws as a campaign does, but more often moves a price against somebody and then does what that calls for."""

    def __init__(self, settings: Settings, world: World):
        super().__init__(settings, world)
        # In how many of the next actions whoever fails is dealt with.
        self.due = 0
        # The rest of a pair.
        self.planned: list[Action] = []
        # At whom the action that is drawn is aimed.
        self.chosen: str | None = None

    def setup(self) -> list[Action]:
        """As ever, but the vault can take more over."""
        actions = super().setup()
        for action in actions:
            if action["do"] == "vault":
                action["args"][0] *= 10
        return actions

    def draw(self) -> Action:
        if self.due:
            self.due -= 1
            if action := self._dealt_with():
                return action
        if self.planned:
            return self.planned.pop()
        chance = self.rng.random()
        if chance < 0.1:
            return self._pair(self.rng.randrange(len(self.world.markets)))
        if chance < 0.4 and (action := self._squeezed()):
            self.due = 3
            return action
        return super().draw()

    def _pair(self, number: int) -> Action:
        """Two that stand against each other, at different leverage: one will fail for the other's profit."""
        price, config = self.world.price[number], self.world.configs[number]
        worth = int(UNIT * WAD * self.rng.uniform(0.1, 1))
        size = worth * WAD // price * self.rng.choice((-1, 1))
        for who, side, share in zip(self.rng.sample(TRADERS, 2), (-1, 1), (3, 1.1), strict=True):
            margin = 0 if self.world.is_cross(number, who) else int(worth * config.imr_bps / 10_000 * share)
            trade = {"do": "trade", "market": number, "who": who, "size": side * size, "margin": margin, "after": 0}
            self.planned.append(trade)
        return self.planned.pop() | {"after": 1}

    def _squeezed(self) -> Action | None:
        number = self.rng.randrange(len(self.world.markets))
        if not self._ratios(number):
            return None
        return self._squeeze(number) | {"after": self.rng.choice((1, 1, 12, 400))}

    def _dealt_with(self) -> Action | None:
        """The first that fails, in the worst way that is open."""
        for number in self.rng.sample(range(len(self.world.markets)), len(self.world.markets)):
            for _, name in self._ratios(number):
                found = self.world.health(number, name)
                if found is not None and found.stage >= Stage.LIQUIDATABLE:
                    return self._against(number, name, Stage(found.stage)) | {"after": self.rng.choice((0, 1))}
        return None

    def _against(self, number: int, target: str, stage: Stage) -> Action:
        config = self.world.configs[number]
        choices = [self._takeover, self._force_close]
        if target != VAULT and stage >= Stage.BACKSTOP and config.backstop_bps:
            choices += [self._backstop] * 4
        if stage == Stage.BANKRUPT and config.loss == "adl":
            choices += [self._adl] * 8
        self.chosen = target
        action: Action = self.rng.choice(choices)(number)
        self.chosen = None
        return action

    def _weakest(self, number: int) -> str:
        return self.chosen or super()._weakest(number)
