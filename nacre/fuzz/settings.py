"""What one campaign runs with: every number follows from the seed, the policy and the decimals."""

import random
from dataclasses import dataclass, replace

from nacre.model.parameters import INJECTIVE, OYSTER, MarketParameters, Policy, Residue
from nacre.units import WAD

POLICIES = ("oyster", "injective")
DECIMALS = (0, 6, 18)
HIGHEST_TIP = 1000 * WAD
PRICES = (100 * WAD, 25_000 * WAD, WAD // 10_000, 9 * 10**6 * WAD, 2 * WAD // 10**6, WAD)
ACCOUNTS = ("ann", "bea", "cal", "dot", "eve", "fay", "gus")
KEEPER = "kim"
PROVIDER = "lou"
TREASURY = "treasury"
NAMES = (*ACCOUNTS, KEEPER, PROVIDER, TREASURY)


@dataclass(frozen=True, slots=True)
class Settings:
    """One campaign. `unit` is a typical notional in WAD, `price` where the markets start."""

    seed: int
    policy: str
    decimals: int
    unit: int
    price: int
    markets: tuple[MarketParameters, ...]
    policies: tuple[Policy, ...]


def _amount(value: int) -> int:
    """An amount that the packed words can hold: 20 bits of mantissa, a power of ten."""
    exponent = 0
    while value >= 2**20:
        value //= 10
        exponent += 1
    return value * int(10**exponent)


def draw_market(rng: random.Random, name: str, unit: int) -> MarketParameters:
    """Parameters within Config's bounds, many of them at an edge."""
    injective = name == "injective"
    imr, mmr = rng.choice(((500, 250), (1000, 500))) if injective else rng.choice(((1000, 500), (500, 250), (300, 150)))
    return MarketParameters(
        imr_bps=imr,
        mmr_bps=mmr,
        trading_fee_bps=rng.choice((0, 5, 30)),
        protocol_fee_bps=rng.choice((0, 0, 3)),
        penalty=rng.choice(((0, 0, 0, 0), (109_200 * 10**14, 16_400 * 10**14, 900 * 10**14, 0), (0, 0, 0, WAD // 100))),
        max_deviation_bps=rng.choice((imr, imr, 3000)),
        max_open_interest=rng.choice((0, 0, _amount(40 * unit))),
        funding_cap_bps=rng.choice((0, 75, 1000, 10_000)),
        funding_period_seconds=rng.choice((3600, 28_800, 86_400)),
        min_notional=rng.choice((0, _amount(unit // 500))),
        oracle_max_age=10**6 if rng.random() < 0.5 else 7200,
        entry_margin_rule=injective,
        tip=rng.choice((0, _amount(min(unit // 100, HIGHEST_TIP)))),
        insurance_draw_bps=rng.choice((10_000, 10_000, 2000)),
        force_close_band_bps=rng.choice((0, 0, 2000)),
        push_jump_bps=rng.choice((0, 0, 500)),
    )


def _policy(rng: random.Random, name: str) -> Policy:
    base = INJECTIVE if name == "injective" else OYSTER
    return replace(
        base,
        min_slice_bps=rng.choice((0, 0, 1000)),
        liquidation_fee_bps=rng.choice((0, 50, 100)),
        reward_share_bps=rng.choice((0, 5000, 10_000)),
        residue=rng.choice((base.residue, base.residue, *Residue)),
        last_resort_seconds=rng.choice((0, 600, 3600)),
        grace_seconds=rng.choice((0, 300)),
        force_close_fees=rng.random() < 0.8,
        margin_call_bps=rng.choice((0, 12_000)),
    )


def make(seed: int, policy: str, decimals: int) -> Settings:
    """The campaign of a seed. Units of 1e3, 1e6 and 1e10 are typical notionals."""
    rng = random.Random(f"{seed} {policy} {decimals}")
    unit = rng.choice((10**3, 10**3, 10**6, 10**10)) * WAD
    price = rng.choice(PRICES)
    # A typical position is of at most 1e7 units.
    while unit // price > 10**7:
        unit //= 10
    return Settings(
        seed,
        policy,
        decimals,
        unit,
        price,
        tuple(draw_market(rng, policy, unit) for _ in range(2)),
        tuple(_policy(rng, policy) for _ in range(2)),
    )
