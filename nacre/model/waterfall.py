"""Who pays for a deficit: the insurance fund, the providers, the accounts on the other side, or nobody.

From docs/spec.md, section 7.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from nacre.model.positions import Position
from nacre.model.ranges import EPOCH_STEP, OLDEST_EPOCH
from nacre.model.rounding import INDEX_LIMIT, bps_down, ceil_div
from nacre.units import BPS, RAY

if TYPE_CHECKING:
    from nacre.model.market import Market, Totals

HOUR = 3600
# A factor below 1e-9 starts a new epoch.
LOWEST_FACTOR = RAY // EPOCH_STEP


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What each paid. `index_step` is the rise of the other side's index; of both, for a range without size."""

    from_insurance: int = 0
    from_providers: int = 0
    index_step: int = 0
    unallocated: int = 0

    def __add__(self, other: "Absorbed") -> "Absorbed":
        return Absorbed(
            self.from_insurance + other.from_insurance,
            self.from_providers + other.from_providers,
            self.index_step + other.index_step,
            self.unallocated + other.unallocated,
        )


# ---- the fund


def _allowance(market: "Market") -> int:
    """What an hour may draw."""
    return bps_down(market.insurance_fund, market.parameters.insurance_draw_bps)


def decayed_level(market: "Market", now: int) -> int:
    """What is left in the bucket of earlier draws."""
    return max(0, market.draw_level - _allowance(market) * (now - market.draw_time) // HOUR)


def drawable(market: "Market", now: int) -> int:
    if market.parameters.insurance_draw_bps == BPS:
        return market.insurance_fund
    return max(0, _allowance(market) - decayed_level(market, now))


def draw(market: "Market", deficit: int, now: int) -> int:
    """What the fund pays of a deficit."""
    if market.insurance_fund == 0:
        return 0
    paid = min(deficit, drawable(market, now))
    if market.parameters.insurance_draw_bps < BPS:
        market.draw_level = decayed_level(market, now) + paid
        market.draw_time = now
    market.insurance_fund -= paid
    return paid


# ---- providers and accounts


def _charge_providers(market: "Market", loss: int) -> None:
    """Takes a loss of at most all their margin from every range alike."""
    left = market.lp_margin - loss
    market.lp_factor = market.lp_factor * left // market.lp_margin
    market.lp_margin = left
    for _ in range(OLDEST_EPOCH):
        if market.lp_factor < LOWEST_FACTOR:
            market.lp_epoch += 1
            market.lp_factor *= EPOCH_STEP
    if market.lp_factor == 0:
        market.lp_epoch += 1
        market.lp_factor = RAY


def _socialise(market: "Market", payers: int, loss: int, most: int, totals: "Totals") -> Absorbed:
    """A loss that the fund did not cover, to side `payers`: the venue's share to the ranges, the rest to accounts.

    `most` bounds what a unit pays, RAY.
    """
    if loss == 0:
        return Absorbed()
    interest, paying = totals.open_interest, totals.of_side(payers)
    if interest == 0:
        market.unallocated_loss += loss
        return Absorbed(unallocated=loss)
    from_providers = min(ceil_div(loss * (interest - paying), interest), market.lp_margin, loss)
    if from_providers:
        _charge_providers(market, from_providers)
    rest, step = loss - from_providers, 0
    index = market.long_social_loss if payers > 0 else market.short_social_loss
    if paying and rest:
        step = min(ceil_div(rest * RAY, paying), most, INDEX_LIMIT - index)
    if payers > 0:
        market.long_social_loss = index + step
    else:
        market.short_social_loss = index + step
    unallocated = max(0, rest - step * paying // RAY)
    market.unallocated_loss += unallocated
    return Absorbed(0, from_providers, step, unallocated)


def absorb(market: "Market", failed: Position, deficit: int, totals: "Totals", price: int, now: int) -> Absorbed:
    """Finds who pays for the deficit of a failed position; `totals` are those from before the call's own changes."""
    from_insurance = draw(market, deficit, now)
    loss, done = deficit - from_insurance, Absorbed(from_insurance)
    if failed.size:
        return done + _socialise(market, -failed.side, loss, ceil_div(deficit * RAY, failed.amount), totals)
    # A range without size: half and half, and no unit pays more than it is worth.
    worth = price * 10**9
    done += _socialise(market, 1, loss // 2, worth, totals)
    return done + _socialise(market, -1, loss - loss // 2, worth, totals)
