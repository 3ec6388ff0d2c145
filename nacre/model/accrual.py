"""Funding: the average of the premium and the index that it moves.

From docs/spec.md, section 4. D is the denominator of the Padé approximation of exp of order 4 by 4, and a time
constant of 150 s: its coefficients are (8 - k)! / (k! (4 - k)!), the section's 1680, 840, 180, 20 and 1.
"""

from dataclasses import dataclass
from functools import lru_cache
from math import factorial

from nacre.model.rounding import INDEX_LIMIT, clamp, trunc_div
from nacre.units import DAY, RAY, WAD

TIME_CONSTANT = 150
# Premium and its average are in units of 1e-12 of the index price.
UNIT = 10**12
PREMIUM_LIMIT = 2**46

_ORDER = 4
_COEFFICIENTS = [factorial(2 * _ORDER - k) // (factorial(k) * factorial(_ORDER - k)) for k in range(_ORDER + 1)]


@dataclass(frozen=True, slots=True)
class Funding:
    """F in RAY per unit, the premium recorded last, its average, and when."""

    index: int = 0
    premium: int = 0
    ema: int = 0
    time: int = 0


@lru_cache(maxsize=1 << 10)
def _pade(z: int) -> int:
    """D(z)."""
    return sum(c * TIME_CONSTANT ** (_ORDER - k) * z**k for k, c in enumerate(_COEFFICIENTS))


def _premium_of(mid: int, price: int) -> int:
    if mid == 0:
        return 0
    return clamp(trunc_div((mid - price) * UNIT, price), -PREMIUM_LIMIT, PREMIUM_LIMIT)


def accrued(funding: Funding, price: int, mid: int, now: int, cap_bps: int, period: int, runs: bool = False) -> Funding:
    """Funding at `now`, at index price `price`, with the venue's mid as it was stored last.

    `runs` says that the clock and the average go on without funding, too.
    """
    elapsed = now - funding.time
    if elapsed <= 0 or (cap_bps == 0 and not runs):
        return funding
    step = min(elapsed, TIME_CONSTANT)
    ema = funding.premium + trunc_div((funding.ema - funding.premium) * _pade(-step), _pade(step))
    # cap_bps a day, in the premium's unit and for one funding period.
    cap = cap_bps * (UNIT // 10_000) * period // DAY
    rate = clamp(ema, -cap, cap)
    # WAD of price times 1e-12, in RAY.
    moved = trunc_div(rate * price * elapsed, WAD * UNIT // RAY * period)
    index = clamp(funding.index + moved, -INDEX_LIMIT, INDEX_LIMIT)
    return Funding(index, _premium_of(mid, price), ema, now)
