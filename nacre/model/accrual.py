"""Funding and the premium's exponential average: spec section 4."""

from dataclasses import dataclass

from nacre.model.rounding import INDEX_LIMIT, clamp, floor_div, trunc_div

TIME_CONSTANT = 150
PREMIUM_UNIT = 10**12
PREMIUM_LIMIT = 2**46
SECONDS_A_DAY = 86400


@dataclass(frozen=True, slots=True)
class Funding:
    """Funding index (RAY a unit of size), premium and its average (1e-12 of the index price), and when."""

    index: int = 0
    premium: int = 0
    ema: int = 0
    time: int = 0


def _pade(z: int) -> int:
    t = TIME_CONSTANT
    return 1680 * t**4 + 840 * t**3 * z + 180 * t**2 * z**2 + 20 * t * z**3 + z**4


def accrued(funding: Funding, price: int, mid: int, now: int, cap_bps: int, period: int) -> Funding:
    """Funding up to `now`; the premium of this moment counts from here on."""
    elapsed = now - funding.time
    if cap_bps == 0 or elapsed <= 0:
        return funding
    z = min(elapsed, TIME_CONSTANT)
    ema = funding.premium + trunc_div((funding.ema - funding.premium) * _pade(-z), _pade(z))
    cap = floor_div(cap_bps * 10**8 * period, SECONDS_A_DAY)
    rate = clamp(ema, -cap, cap)
    step = trunc_div(rate * price * elapsed, 1000 * period)
    index = clamp(funding.index + step, -INDEX_LIMIT, INDEX_LIMIT)
    premium = trunc_div((mid - price) * PREMIUM_UNIT, price) if mid else 0
    return Funding(index, clamp(premium, -PREMIUM_LIMIT, PREMIUM_LIMIT), ema, now)
