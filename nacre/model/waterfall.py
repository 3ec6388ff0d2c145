"""Who pays for a deficit: spec section 7."""

from dataclasses import dataclass

from nacre.model.market import Market, Totals
from nacre.model.positions import Position
from nacre.model.ranges import EPOCH_UNIT, LONGEST_MEMORY
from nacre.model.rounding import BPS, INDEX_LIMIT, RAY, WAD, ceil_div, floor_div

LOWEST_FACTOR = 10**18
SECONDS_AN_HOUR = 3600


@dataclass(frozen=True, slots=True)
class Absorbed:
    """How one deficit was covered: by the fund, by the ranges, by a rise of the opposite side's index, by nobody."""

    deficit: int
    from_insurance: int
    from_providers: int
    index_step: int
    unallocated: int


def decayed_level(market: Market, now: int) -> int:
    """What the fund's leaky bucket still holds."""
    allowance = floor_div(market.insurance_fund * market.parameters.insurance_draw_bps, BPS)
    leak = floor_div(allowance * (now - market.draw_time), SECONDS_AN_HOUR)
    return max(0, market.draw_level - leak)


def drawable(market: Market, now: int) -> int:
    """What the fund may pay at this moment."""
    p = market.parameters
    if p.insurance_draw_bps == BPS:
        return market.insurance_fund
    allowance = floor_div(market.insurance_fund * p.insurance_draw_bps, BPS) - decayed_level(market, now)
    return max(0, min(market.insurance_fund, allowance))


def _draw(market: Market, deficit: int, now: int) -> int:
    if market.insurance_fund == 0:
        # Nothing is drawn, and the bucket stays as it was.
        return 0
    paid = min(deficit, drawable(market, now))
    if market.parameters.insurance_draw_bps != BPS:
        market.draw_level = decayed_level(market, now) + paid
        market.draw_time = now
    market.insurance_fund -= paid
    return paid


def _charge_providers(market: Market, loss: int) -> None:
    """Takes a loss off every range's margin in the same proportion.

    A factor short of digits goes on in a new epoch that counts in billionths, or in the one after. A loss of everything
    ends one epoch more: no older range has margin then.
    """
    if loss == 0:
        return
    left = market.lp_margin - loss
    market.lp_factor = floor_div(market.lp_factor * left, market.lp_margin)
    market.lp_margin = left
    for _ in range(LONGEST_MEMORY):
        if market.lp_factor < LOWEST_FACTOR:
            market.lp_epoch += 1
            market.lp_factor *= EPOCH_UNIT
    if market.lp_factor == 0:
        market.lp_epoch += 1
        market.lp_factor = RAY


def _socialise(market: Market, side: int, loss: int, highest_step: int, totals: Totals) -> tuple[int, int, int]:
    """Spreads `loss` over the side opposite to the bankrupt one; (from providers, index step, unallocated)."""
    interest = totals.open_interest
    if interest == 0:
        market.unallocated_loss += loss
        return 0, 0, loss
    accounts = totals.of_side(-side)
    venue = interest - accounts
    providers = min(ceil_div(loss * venue, interest), market.lp_margin, loss)
    rest = loss - providers
    index = market.short_social_loss if side > 0 else market.long_social_loss
    step = min(ceil_div(rest * RAY, accounts), INDEX_LIMIT - index, highest_step) if accounts else 0
    unallocated = rest - min(rest, floor_div(step * accounts, RAY))
    market.unallocated_loss += unallocated
    if side > 0:
        market.short_social_loss += step
    else:
        market.long_social_loss += step
    _charge_providers(market, providers)
    return providers, step, unallocated


def absorb(market: Market, position: Position, deficit: int, totals: Totals, mark: int, now: int) -> Absorbed:
    """Covers the deficit of `position`; `totals` are those before the same call's swap or combination.

    No unit pays more than a unit of the position lost. A flat range has no side: each side covers half of what the fund
    does not, the shorts the odd wei, and no unit pays more than it is worth.
    """
    paid = _draw(market, deficit, now)
    loss = deficit - paid
    if position.size:
        highest = ceil_div(deficit * RAY, position.amount)
        providers, step, unallocated = _socialise(market, position.side, loss, highest, totals)
        return Absorbed(deficit, paid, providers, step, unallocated)
    highest = mark * RAY // WAD
    by_longs = _socialise(market, -1, loss // 2, highest, totals)
    by_shorts = _socialise(market, 1, loss - loss // 2, highest, totals)
    return Absorbed(deficit, paid, by_longs[0] + by_shorts[0], 0, by_longs[2] + by_shorts[2])
