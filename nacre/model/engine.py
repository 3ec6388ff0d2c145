"""Stages, margin calls and previews: DESIGN section 7, spec sections 9 and 10."""

from dataclasses import dataclass
from enum import IntEnum

from nacre.model import liquidation
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.liquidation import Closed, Taken
from nacre.model.market import Market
from nacre.model.positions import Position, initial_margin, maintenance_margin
from nacre.model.rounding import BPS, WAD, ceil_div, floor_div, require


class Stage(IntEnum):
    """Rungs of the health ladder, worst last."""

    HEALTHY = 0
    MARGIN_CALL = 1
    LIQUIDATABLE = 2
    BACKSTOP = 3
    BANKRUPT = 4


@dataclass(frozen=True, slots=True)
class Health:
    """Where a position stands and the numbers behind it."""

    stage: Stage
    equity: int
    initial_margin: int
    maintenance_margin: int


def stage_of(market: Market, position: Position, price: int) -> Stage:
    """The first rung that applies; equality is safe."""
    policy = market.policy
    if position.size == 0:
        return Stage.HEALTHY
    equity = market.equity(position, price)
    margin = maintenance_margin(position.size, price, market.parameters)
    if equity < 0:
        return Stage.BANKRUPT
    if equity * BPS < margin * policy.backstop_bps:
        return Stage.BACKSTOP
    if equity * BPS < margin * policy.trigger_bps:
        return Stage.LIQUIDATABLE
    if equity * BPS < margin * policy.margin_call_bps:
        return Stage.MARGIN_CALL
    return Stage.HEALTHY


def health(house: Clearinghouse, number: int, account: str) -> Health:
    """Health at this moment, funding accrued."""
    market = house.market(number).copy()
    quote = market.accrue(house.now)
    position = market.position_of(account)
    return Health(
        stage_of(market, position, quote.price),
        market.equity(position, quote.price),
        initial_margin(position.size, quote.price, market.parameters),
        maintenance_margin(position.size, quote.price, market.parameters),
    )


def liquidation_price(market: Market, position: Position) -> int:
    """Where a position is still safe and beyond which it may be liquidated; a few wei on the safe side."""
    ratio = market.policy.trigger_bps * market.parameters.mmr_bps
    basis = _price_basis(market, position)
    if position.size > 0:
        # A long that owes nothing never gets there.
        return ceil_div((basis + 3) * WAD * BPS**2, position.amount * (BPS**2 - ratio)) if basis > 0 else 0
    return max(0, floor_div(max(basis - 3, 0) * WAD * BPS**2, position.amount * (BPS**2 + ratio)))


def bankruptcy_price(market: Market, position: Position) -> int:
    """Where the equity is zero."""
    division = ceil_div if position.size > 0 else floor_div
    return max(0, division(_price_basis(market, position) * WAD, position.amount))


def _price_basis(market: Market, position: Position) -> int:
    """What a long owes besides its worth, or what a short has against it."""
    backing = position.balance - position.carry(market.index_of(position.size))
    return position.entry_notional - position.side * backing


def counted_since(house: Clearinghouse, market: Market, account: str) -> int | None:
    """Since when a margin call found the account liquidatable; it counts for two delays and for that position only."""
    record, position = market.liquidatable_since.get(account), market.position_of(account)
    if record is None or position.size == 0:
        return None
    since, *made_for = record
    if made_for != [position.topups, position.size > 0]:
        return None
    return since if house.now <= since + 2 * market.policy.last_resort_seconds else None


def is_overdue(house: Clearinghouse, market: Market, account: str) -> bool:
    """Whether a margin call's record opens the takeover."""
    delay, since = market.policy.last_resort_seconds, counted_since(house, market, account)
    return delay > 0 and since is not None and house.now >= since + delay


def call_margin(house: Clearinghouse, number: int, accounts: list[str]) -> list[Stage]:
    """Records since when positions are liquidatable; forgets it for those that are not. Accrues nothing."""
    market = house.market(number)
    accrued = market.copy()
    quote = accrued.accrue(house.now)
    require(not quote.stale, "stale price")
    stages = []
    for account in accounts:
        position = accrued.position_of(account)
        stage = stage_of(accrued, position, quote.price)
        stages.append(stage)
        if position.size == 0 or stage < Stage.LIQUIDATABLE:
            market.liquidatable_since.pop(account, None)
        elif counted_since(house, market, account) is None:
            market.liquidatable_since[account] = (
                house.now,
                position.topups,
                position.size > 0,
            )
    return stages


def liquidate_by_takeover(house: Clearinghouse, number: int, caller: str, target: str, size: int, margin: int) -> Taken:
    """A takeover by the caller."""
    overdue = is_overdue(house, house.market(number), target)
    return liquidation.take_over(house, number, caller, target, size, margin, overdue)


def force_close(house: Clearinghouse, number: int, keeper: str, target: str, size: int, limit_price: int) -> Closed:
    """A force close by the caller."""
    require(house.market(number).policy.force_close, "force close not allowed")
    return liquidation.force_close(house, number, keeper, target, size, limit_price)
