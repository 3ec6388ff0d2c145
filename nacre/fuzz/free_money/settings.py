"""What a world of the search runs with: a policy, a state its outsiders are in, decimals, all drawn from the seed."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nacre.deploy import BackstopTerms
from nacre.fuzz.system.settings import PRICES, UNIT, draw_market
from nacre.presets import MarketConfig, preset, preset_names

# The attackers: trader, counterparty, provider, keeper and donor, vault depositor; each may do everything.
RING = ("tom", "tia", "liv", "ken", "vic")
TRADERS = ("ann", "bea", "cal", "dot")
PROVIDERS = ("lou", "liz")
# Leads the venue to mark, and liquidates, while a world is made.
KEEPER = "kim"
DEPOSITOR = "dan"
OUTSIDERS = (*TRADERS, *PROVIDERS, KEEPER, DEPOSITOR)
VAULT = "vault"

# calm: all healthy. failing: outsiders below maintenance margin. ruined: outsiders bankrupt. cross: two markets,
# accounts backed by all they have. vaulted: the backstop holds positions. thin: hardly any liquidity or insurance.
# settling: the market is at its final price.
KINDS = ("calm", "failing", "ruined", "cross", "vaulted", "thin", "settling")


@dataclass(frozen=True, slots=True)
class Settings:
    """One world."""

    seed: int
    policy: str
    kind: str
    decimals: int
    markets: tuple[MarketConfig, ...]
    terms: BackstopTerms

    @property
    def name(self) -> str:
        return f"{self.policy} {self.kind} {self.decimals}"


def make(seed: int) -> Settings:
    """The world of a seed: any 35 seeds in a row see every policy in every state."""
    rng = random.Random(f"free money {seed}")
    names = preset_names()
    policy, kind = names[seed % len(names)], KINDS[seed // len(names) % len(KINDS)]
    count = 2 if kind == "cross" else 1
    markets = tuple(_market(rng, policy, kind) for _ in range(count))
    terms = BackstopTerms(rng.choice((0, 60)), rng.choice((0, 600)), rng.choice((10, 100, 1000)))
    return Settings(seed, policy, kind, rng.choice((0, 6, 18)), markets, terms)


def _market(rng: random.Random, policy: str, kind: str) -> MarketConfig:
    """The preset itself, or with fields changed as the walks over whole systems do."""
    price = Decimal(rng.choice(PRICES))
    pure = rng.random() < 0.5
    found = preset(policy).changed(price=price) if pure else draw_market(rng, policy)
    # Prices grow old in no sequence: nobody would wait for that with money at stake.
    fields: dict[str, Any] = {"oracle_max_age": 10**6, "push_jump_bps": rng.choice((0, 0, 300))}
    if rng.random() < 0.5:
        # Nothing that costs an attacker anything: what is hidden behind fees shows.
        fields |= {"trading_fee_bps": 0, "protocol_fee_bps": 0, "penalty": [0, 0, 0, 0]}
    if found.loss == "adl":
        # Room for 10,000 times as much open interest.
        fields["min_notional"] = max(found.min_notional, Decimal(100))
    if kind == "cross":
        fields["cross_margin"] = True
    if kind == "vaulted":
        fields |= {"backstop_bps": min(found.trigger_bps, found.backstop_bps or 9000), "backstop_loss_cap": 20 * UNIT}
    return found.changed(**fields)
