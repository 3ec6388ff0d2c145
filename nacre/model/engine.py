"""Who may be liquidated, when, and what anybody can know of it.

From docs/spec.md, sections 9 (takeover, overdue, stages), 10 (force close) and 12 (views), with the order of the checks
there; how long a grace period lasts from docs/errors.md.
"""

from dataclasses import dataclass

from nacre.model import liquidation
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.liquidation import Closed, Taken
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.portfolio import is_cross, portfolio_of
from nacre.model.positions import Position, initial_margin, maintenance_margin, notional
from nacre.model.rounding import ceil_div, require
from nacre.model.stages import Stage, stage_by
from nacre.units import BPS, WAD

MARGIN_LIMIT = 2**104
# A chunk's stamp counts for so many cooldowns: until then the rest goes whole.
STAMP_COOLDOWNS = 10


@dataclass(frozen=True, slots=True)
class Health:
    """A position at mark."""

    stage: Stage
    equity: int
    initial_margin: int
    maintenance_margin: int


def stage_of(market: Market, position: Position, price: int) -> Stage:
    """Of a position that stands on its own margin."""
    maintenance = maintenance_margin(position.size, price, market.parameters)
    return stage_by(market.policy, market.equity(position, price), maintenance)


def stage_in(house: Clearinghouse, market: Market, account: str, price: int) -> Stage:
    """Of a position, or of the account behind it; `market` is its market brought up to now."""
    held = market.position_of(account)
    if not (is_cross(market, account) and held.size):
        return stage_of(market, held, price)
    found = portfolio_of(house, account)
    if found.full_equity < 0:
        return Stage.BANKRUPT
    return stage_by(market.policy, max(found.equity, 0), found.maintenance_margin)


def health(house: Clearinghouse, number: int, account: str) -> Health:
    """What a transaction of this block would find."""
    market = house.market(number).copy()
    price = market.accrue(house.now).price
    held, p = market.position_of(account), market.parameters
    if is_cross(market, account):
        found, stage = portfolio_of(house, account), stage_in(house, market, account, price)
        return Health(stage, found.equity, found.initial_margin, found.maintenance_margin)
    return Health(
        stage_of(market, held, price),
        market.equity(held, price),
        initial_margin(held.size, price, p),
        maintenance_margin(held.size, price, p),
    )


def _price_from(position: Position, excess: int, ratio: int) -> int:
    """X / (|q| (1 -+ ratio)) in WAD, `ratio` in units of BPS^2; up for a long, down for a short; not below 0."""
    unit = BPS * BPS
    numerator = max(0, excess) * WAD * unit
    denominator = position.amount * (unit - position.side * ratio)
    return ceil_div(numerator, denominator) if position.size > 0 else numerator // denominator


def _excess(market: Market, position: Position) -> int:
    """X: what the price must cover."""
    paid = position.side * (position.entry_notional) - position.balance
    return position.side * (paid + position.carry(market.index_of(position.size)))


def liquidation_price(market: Market, position: Position) -> int:
    """Where the position is still safe, and beyond which it may be liquidated."""
    excess, ratio = _excess(market, position), market.policy.trigger_bps * market.parameters.mmr_bps
    if position.size > 0 and excess <= 0:
        return 0
    return _price_from(position, excess + 3 * position.side, ratio)


def bankruptcy_price(market: Market, position: Position) -> int:
    return _price_from(position, _excess(market, position), 0)


# ---- records of margin calls


def counted_since(house: Clearinghouse, market: Market, account: str) -> int | None:
    """When the account was recorded as liquidatable, if that is of this position and not too old."""
    record, held = market.liquidatable_since.get(account), market.position_of(account)
    if record is None or not held.size:
        return None
    since, topups, long = record
    same = topups == held.topups and long == (held.size > 0)
    return since if same and house.now <= since + 2 * market.policy.last_resort_seconds else None


def is_overdue(house: Clearinghouse, market: Market, account: str) -> bool:
    """Whether the last resort is open against it, if it is still liquidatable."""
    since, delay = counted_since(house, market, account), market.policy.last_resort_seconds
    return delay > 0 and since is not None and house.now >= since + delay


def call_margin(house: Clearinghouse, number: int, accounts: list[str]) -> dict[str, Stage]:
    """Records who is liquidatable; returns those announced. Nothing of the market itself is written."""
    market = house.market(number)
    accrued = market.copy()
    quote = accrued.accrue(house.now)
    require(not quote.stale, "stale price")
    price = quote.price
    announced: dict[str, Stage] = {}
    for account in accounts:
        held = market.position_of(account)
        stage = stage_in(house, accrued, account, price)
        if stage != Stage.HEALTHY:
            announced[account] = stage
        if stage < Stage.LIQUIDATABLE:
            market.liquidatable_since.pop(account, None)
        elif counted_since(house, market, account) is None:
            market.liquidatable_since[account] = (house.now, held.topups, held.size > 0)
    return announced


# ---- liquidations


def _check_target(
    house: Clearinghouse, number: int, caller: str, target: str, least: Stage = Stage.LIQUIDATABLE
) -> tuple[Quote, Stage]:
    """From the caller to the stage of the target."""
    market = house.markets[number]
    # nobody makes the vault its operator to be spared by it
    require(caller != target and (least == Stage.BACKSTOP or not house.acts_for(caller, target)), "self liquidation")
    quote = house.fresh_price(market)
    held = market.position_of(target)
    require(held.size != 0, "no position")
    stage = stage_in(house, market, target, quote.price)
    require(stage >= least, "not liquidatable")
    return quote, stage


def _check_grace(house: Clearinghouse, market: Market, stage: Stage) -> None:
    over = house.now >= market.oracle.outage_end + market.policy.grace_seconds
    require(stage == Stage.BANKRUPT or over, "grace period")


def liquidate_by_takeover(house: Clearinghouse, number: int, caller: str, target: str, size: int, margin: int) -> Taken:
    require(margin <= MARGIN_LIMIT, "amount too large")
    market = house.market(number)
    quote, stage = _check_target(house, number, caller, target)
    allowed = market.policy.takeover or stage == Stage.BANKRUPT or is_overdue(house, market, target)
    require(allowed, "takeover not allowed")
    _check_grace(house, market, stage)
    return liquidation.take_over(house, number, caller, target, size, margin, quote)


def check_backstop(house: Clearinghouse, number: int, vault: str, target: str) -> Quote:
    """Whether the vault may have it."""
    quote, stage = _check_target(house, number, vault, target, Stage.BACKSTOP)
    _check_grace(house, house.markets[number], stage)
    return quote


def force_close(house: Clearinghouse, number: int, keeper: str, target: str, size: int, limit_price: int) -> Closed:
    market = house.market(number)
    require(market.policy.force_close, "force close not allowed")
    quote, stage = _check_target(house, number, keeper, target)
    _check_grace(house, market, stage)
    held = market.position_of(target)
    amount = _chunk(house, market, target, held, stage, quote.price)
    if amount is None:
        amount = liquidation.part_of(market, held, size, quote.price)
    else:
        market.chunk_stamps[target] = house.now
    return liquidation.force_close(house, number, keeper, target, amount, limit_price, quote)


def _chunk(house: Clearinghouse, market: Market, target: str, held: Position, stage: Stage, price: int) -> int | None:
    """What must go of a large position, if it must be a chunk."""
    policy = market.policy
    if not policy.chunks or stage == Stage.BANKRUPT:
        return None
    passed = house.now - market.chunk_stamps.get(target, -STAMP_COOLDOWNS * policy.cooldown_seconds - 1)
    require(passed >= policy.cooldown_seconds, "cooldown")
    if passed <= STAMP_COOLDOWNS * policy.cooldown_seconds or notional(held.size, price) <= policy.large_notional:
        return None
    return ceil_div(held.amount * policy.chunk_bps, BPS)
