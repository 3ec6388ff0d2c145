"""What one campaign runs with: markets drawn from the presets, all numbers from the seed."""

import random
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from nacre.deploy import BackstopTerms
from nacre.presets import MarketConfig, preset, preset_names
from nacre.presets.market import wad
from nacre.units import DAY

TRADERS = ("ann", "bea", "cal", "dot", "eve", "fay")
PROVIDERS = ("lou", "liz")
KEEPER = "kim"
DEPOSITORS = ("dan", "deb")
STAKERS = ("sam", "sue")
PEOPLE = (*TRADERS, *PROVIDERS, KEEPER, *DEPOSITORS, *STAKERS)
VAULT = "vault"
TREASURY = "treasury"
NAMES = (*PEOPLE, VAULT, TREASURY)
# A typical notional, units of collateral.
UNIT = 10_000
# Seconds, where there is one: all markets have the same.
LAST_RESORT = 600
PRICES = ("100", "25000", "0.02", "1")


@dataclass(frozen=True, slots=True)
class Settings:
    """One campaign. `policies` are the presets of its markets."""

    seed: int
    decimals: int
    policies: tuple[str, ...]
    markets: tuple[MarketConfig, ...]
    terms: BackstopTerms


def _tiers(rng: random.Random, imr: int, mmr: int) -> list[list[int]]:
    """Up to three above the first, with rising ratios."""
    found: list[list[int]] = []
    bound = 0
    for _ in range(rng.choice((0, 0, 1, 3))):
        bound += UNIT * rng.randint(1, 8)
        imr, mmr = min(9_999, imr * rng.randint(12, 20) // 10), min(9_000, mmr * rng.randint(10, 18) // 10)
        if mmr < imr:
            found.append([bound, imr, mmr])
    return found


def _margins(rng: random.Random, name: str) -> dict[str, Any]:
    base = preset(name)
    imr, mmr = rng.choice(((base.imr_bps, base.mmr_bps), (1000, 500), (500, 250), (3333, 1667), (250, 125)))
    # A preset's own tiers fit its own ratios alone.
    own = imr == base.imr_bps and base.tiers and rng.random() < 0.5
    tiers = [[t.lower, t.imr_bps, t.mmr_bps] for t in base.tiers] if own else _tiers(rng, imr, mmr)
    return {
        "imr_bps": imr,
        "mmr_bps": mmr,
        "tiers": tiers,
        "cross_margin": rng.random() < 0.7,
        "entry_margin_rule": base.entry_margin_rule or rng.random() < 0.1,
        "mark_mode": rng.choice((base.mark_mode, base.mark_mode, "index", "median")),
        "max_deviation_bps": rng.choice((0, 3000, 9000)),
        "oracle_max_age": base.oracle_max_age,
        "push_jump_bps": base.push_jump_bps,
    }


def _charges(rng: random.Random, base: MarketConfig) -> dict[str, Any]:
    return {
        "trading_fee_bps": rng.choice((0, base.trading_fee_bps, 30)),
        "protocol_fee_bps": rng.choice((0, base.protocol_fee_bps, 5)),
        "penalty": rng.choice((base.penalty, [0, 0, 0, 0], [0, 0, 0, Decimal("0.01")])),
        "funding_cap_bps": rng.choice((0, 100, 2000)),
        "funding_period_seconds": rng.choice((3600, 28_800, DAY)),
        "borrow_rate_bps": rng.choice((base.borrow_rate_bps, 0, 5000, 50_000)),
        "borrow_share_bps": rng.choice((0, 5000, 10_000)),
        "tip": rng.choice((0, Decimal("0.2"), 50)),
        "liquidation_fee_bps": rng.choice((base.liquidation_fee_bps, 0, 50)),
        "reward_share_bps": rng.choice((base.reward_share_bps, 0, 5000, 10_000)),
        "insurance_draw_bps": rng.choice((10_000, 10_000, 2000, 1)),
    }


def _procedure(rng: random.Random, base: MarketConfig) -> dict[str, Any]:
    loss = base.loss if rng.random() < 0.8 else rng.choice(("social", "adl"))
    smallest = max(base.min_notional, Decimal(0)) if rng.random() < 0.7 else Decimal(rng.choice((1, 100)))
    if loss == "adl" and smallest == 0:
        smallest = Decimal(100)
    cap = Decimal(0) if loss == "adl" or rng.random() < 0.6 else Decimal(rng.choice((5, 40)) * UNIT)
    backstop = rng.choice((base.backstop_bps, base.backstop_bps, min(base.trigger_bps, 6667), 0))
    takeover = rng.choice((base.takeover, base.takeover, True))
    # Deleveraging alone does not end where nobody on either side has anything: somebody must be able to come in.
    resort = LAST_RESORT if loss == "adl" and not takeover else rng.choice((base.last_resort_seconds, 0, LAST_RESORT))
    return {
        "trigger_bps": base.trigger_bps,
        "backstop_bps": backstop,
        "margin_call_bps": rng.choice((base.margin_call_bps, 0, 15_000)),
        "takeover": takeover,
        "force_close": base.force_close,
        "force_close_fees": rng.choice((base.force_close_fees, base.force_close_fees, True, False)),
        "force_close_band_bps": rng.choice((base.force_close_band_bps, 0, 3000)),
        "residue": rng.choice((base.residue, base.residue, "insurance", "trader", "treasury")),
        "loss": loss,
        "adl_price": rng.choice((base.adl_price, "bankruptcy", "previous_mark")),
        "min_notional": smallest,
        "max_open_interest": cap,
        "min_slice_bps": rng.choice((0, 0, 1000)),
        "large_notional": rng.choice((base.large_notional, 0, 2 * UNIT)),
        "chunk_bps": rng.choice((base.chunk_bps, 2000, 5000)),
        "cooldown_seconds": rng.choice((base.cooldown_seconds, 30, 600)),
        "last_resort_seconds": resort,
        "grace_seconds": rng.choice((base.grace_seconds, 0, 300)),
        "backstop_loss_cap": rng.choice((base.backstop_loss_cap, 20 * UNIT, UNIT // 4)) if backstop else 0,
        "settlement_delay": rng.choice((0, 3600, 3 * DAY)),
        "show_liquidation_price": rng.random() < 0.3,
    }


def draw_market(rng: random.Random, name: str, like: MarketConfig | None = None) -> MarketConfig:
    """A market of that preset with some fields changed; `like` keeps what only a deployment can choose."""
    base = preset(name)
    fields = _margins(rng, name) | _charges(rng, base) | _procedure(rng, base)
    fields["price"] = Decimal(rng.choice(PRICES))
    fields["oracle_max_age"] = rng.choice((3600, 100_000))
    fields["push_jump_bps"] = rng.choice((0, 0, 300))
    if like is not None:
        fields |= {key: getattr(like, key) for key in ("price", "oracle_max_age", "push_jump_bps")}
    return base.changed(**fields)


def make(seed: int) -> Settings:
    """The campaign of a seed: two to four markets; any five seeds in a row see all five policies."""
    rng = random.Random(f"system {seed}")
    names = preset_names()
    policies = [names[seed % len(names)], *rng.choices(names, k=rng.randint(1, 3))]
    terms = BackstopTerms(rng.choice((0, 60, DAY)), rng.choice((0, 600, 4 * DAY)), rng.choice((10, 100, 1000)))
    markets = tuple(draw_market(rng, name) for name in policies)
    return Settings(seed, rng.choice((0, 6, 18)), tuple(policies), markets, terms)


def first_price(config: MarketConfig) -> int:
    return wad(config.price)
