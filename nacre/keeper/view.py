"""What a keeper knows of a market and of the accounts in it at one moment, and what follows from it. Pure.

Rules are the parameters on chain, Market the state, Holding an account with its position. Money is WAD integers.
"""

from collections.abc import Callable
from dataclasses import dataclass

from nacre.model.engine import STAMP_COOLDOWNS
from nacre.model.liquidation import MOST_DELEVERAGED
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position, maintenance_margin, notional
from nacre.model.rounding import bps_up
from nacre.model.stages import Stage, is_below, stage_by
from nacre.units import BPS


@dataclass(frozen=True, slots=True)
class Rules:
    """Parameters of the market, and what it does with who fails them."""

    market: MarketParameters
    policy: Policy


@dataclass(frozen=True, slots=True)
class Market:
    """A market at one moment."""

    mark_price: int  # WAD
    carry_long: int  # RAY, carry index of the long side: funding + borrow fee + social loss
    carry_short: int  # RAY
    tradable: bool = True  # false while the price is just pushed: liquidation works, trading waits for the next block
    grace: bool = False  # after an outage of the oracle: only bankrupt positions may be liquidated
    time: int = 0  # unix seconds
    index_price: int = 0  # WAD
    insurance_fund: int = 0  # WAD
    draw_level: int = 0  # WAD, of the fund's leaky bucket
    holders_long: int = 0
    holders_short: int = 0

    def carry(self, size: int) -> int:
        return self.carry_long if size > 0 else self.carry_short


@dataclass(frozen=True, slots=True)
class Health:
    """At mark: of a whole position, or of an account with all that is cross."""

    equity: int
    maintenance_margin: int

    @property
    def bankrupt(self) -> bool:
        return self.equity < 0


@dataclass(frozen=True, slots=True)
class Holding:
    """An account with its position in the market. Of a cross account `position` is what a liquidation would take, with
    the balance that goes along, and `standing` decides."""

    account: str
    position: Position
    overdue: bool = False  # liquidatable longer than the last-resort delay: takeover is open whatever the policy
    standing: Health | None = None
    chunk_time: int = 0  # unix seconds of the last chunk that went of a large position; 0: none is known


@dataclass(frozen=True, slots=True)
class Quote:
    """What the venue would do with one size, before the market's fees."""

    notional: int  # WAD
    mid_before: int  # WAD
    mid_after: int  # WAD


# Signed size of the taker, positive buys; None where the venue cannot fill it.
QuoteFunction = Callable[[int], Quote | None]


@dataclass(frozen=True, slots=True)
class Limits:
    """What the keeper's owner allows."""

    profit_floor: int = 0  # WAD; an action must bring more than this
    capital: int | None = None  # WAD of margin for takeovers in one pass; None: all free collateral
    margin_buffer_bps: int = 100  # of IM, brought on top of what the opening rule asks


@dataclass(frozen=True, slots=True)
class Wallet:
    """The keeper itself."""

    account: str
    free_collateral: int
    position: Position
    limits: Limits = Limits()

    @property
    def capital(self) -> int:
        limit = self.limits.capital
        return self.free_collateral if limit is None else min(limit, self.free_collateral)


def health(rules: Rules, market: Market, position: Position) -> Health:
    """Of a position that stands on its own margin."""
    return Health(
        position.equity(market.mark_price, market.carry(position.size)),
        maintenance_margin(position.size, market.mark_price, rules.market),
    )


def standing(rules: Rules, market: Market, holding: Holding) -> Health:
    """What decides the stage: of the account where it is cross."""
    return holding.standing or health(rules, market, holding.position)


def fails(rules: Rules, market: Market, state: Health) -> bool:
    """Whether the engine would let anybody liquidate it now. Equality is safe."""
    below = is_below(state.equity, state.maintenance_margin, rules.policy.trigger_bps)
    return state.bankrupt or (below and not market.grace)


def liquidatable(rules: Rules, market: Market, position: Position) -> bool:
    """Of a position that stands on its own margin."""
    return position.size != 0 and fails(rules, market, health(rules, market, position))


def failing(rules: Rules, market: Market, holding: Holding) -> bool:
    return holding.position.size != 0 and fails(rules, market, standing(rules, market, holding))


def must_deleverage(rules: Rules, market: Market, size: int, deficit: int) -> bool:
    """Whether everything but auto-deleveraging is refused for a deficit of a position of that signed size."""
    if not rules.policy.loss_adl or deficit <= 0:
        return False
    fund, draw_bps = market.insurance_fund, rules.market.insurance_draw_bps
    drawable = fund if draw_bps == BPS else max(0, fund * draw_bps // BPS - market.draw_level)
    holders = market.holders_short if size > 0 else market.holders_long
    return deficit > drawable and holders <= MOST_DELEVERAGED


def stage(rules: Rules, state: Health) -> Stage:
    return stage_by(rules.policy, state.equity, state.maintenance_margin)


def cooling(rules: Rules, market: Market, holding: Holding) -> bool:
    """Whether a chunk went just now, so that the rest has to wait. The bankrupt never wait."""
    policy = rules.policy
    if not policy.chunks or not holding.chunk_time or standing(rules, market, holding).bankrupt:
        return False
    return market.time < holding.chunk_time + policy.cooldown_seconds


def chunk(rules: Rules, market: Market, holding: Holding) -> int:
    """The size that a force close takes of a large position; 0 where it may take all."""
    policy, position = rules.policy, holding.position
    large = policy.chunks and notional(position.size, market.mark_price) > policy.large_notional
    if not large or standing(rules, market, holding).bankrupt:
        return 0
    if holding.chunk_time and market.time <= holding.chunk_time + STAMP_COOLDOWNS * policy.cooldown_seconds:
        return 0  # its chunk went: all of the rest
    return bps_up(position.amount, policy.chunk_bps)
