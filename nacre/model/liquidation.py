"""Takeover and force close: spec sections 9 and 10."""

from dataclasses import dataclass, replace

from nacre.model.clearinghouse import MAX_AMOUNT, MAX_TAKEN_SIZE, Clearinghouse, penalty_of
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.parameters import Policy, Residue
from nacre.model.positions import Position, check_opening_rule, combine, maintenance_margin, notional, split
from nacre.model.rounding import BPS, MAX_UINT256, WAD, bps_down, bps_up, require
from nacre.model.venue import Order
from nacre.model.waterfall import Absorbed, absorb


@dataclass(frozen=True, slots=True)
class Taken:
    """What a takeover did."""

    part: Position
    part_equity: int
    absorbed: Absorbed | None
    new: Position


@dataclass(frozen=True, slots=True)
class Closed:
    """What a force close did."""

    part: Position
    notional: int
    lp_fee: int
    protocol_fee: int
    penalty: int
    reward: int
    residue: int
    absorbed: Absorbed | None


def is_same_person(house: Clearinghouse, caller: str, target: str) -> bool:
    """Nobody liquidates himself; an operator is the account it operates."""
    return caller == target or (target, caller) in house.operators


def check_liquidatable(
    house: Clearinghouse, market: Market, quote: Quote, target: str, allowed: bool, refusal: str
) -> Position:
    """The target's position, settled, if the caller may act on it."""
    policy = market.policy
    position = market.position_of(target)
    require(position.size != 0, "no position")
    position = position.settled(market.index_of(position.size))
    equity = market.equity(position, quote.price)
    if equity < 0:
        return position
    margin = maintenance_margin(position.size, quote.price, market.parameters)
    require(equity * BPS < margin * policy.trigger_bps, "not liquidatable")
    require(allowed, refusal)
    ended = market.oracle.outage_end
    in_grace = ended > 0 and house.now < ended + policy.grace_seconds
    require(not in_grace, "grace period")
    return position


def part_size(position: Position, size: int, price: int, market: Market) -> int:
    """How much goes: all for the maximum, and all if too little would remain."""
    size = position.amount if size == MAX_UINT256 else size
    require(size > 0, "zero size")
    require(size <= position.amount, "size too large")
    require(size * BPS >= position.amount * market.policy.min_slice_bps, "slice too small")
    rest = position.amount - size
    return position.amount if notional(rest, price) < market.parameters.min_notional else size


def take_over(
    house: Clearinghouse, number: int, caller: str, target: str, size: int, margin: int, overdue: bool
) -> Taken:
    """The caller receives part of the target's position, brought to zero equity if it was below, and tops it up."""
    require(margin <= MAX_AMOUNT + 1, "amount too large")
    require(not is_same_person(house, caller, target), "self liquidation")
    market = house.market(number)
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    allowed = market.policy.takeover or overdue
    position = check_liquidatable(house, market, quote, target, allowed, "takeover not allowed")
    part, rest = split(position, part_size(position, size, quote.price, market))
    equity = market.equity(part, quote.price)
    absorbed = None
    if equity < 0:
        absorbed = absorb(market, part, -equity, market.totals, quote.price, house.now)
        part = replace(part, balance=part.balance - equity)
    part = replace(part, balance=part.balance + margin)
    old = market.own_position(caller, house.now)
    new = combine(part, old, market.long_index, market.short_index)
    require(not quote.jumped or new.amount >= old.amount, "price just jumped")
    if new.size:
        require(new.amount <= MAX_TAKEN_SIZE, "size too large")
        check_opening_rule(new, quote.price, market.index_of(new.size), market.parameters)
    market.store(target, rest)
    house.finish(market, caller, new, margin)
    return Taken(part, equity, absorbed, new)


def force_close(house: Clearinghouse, number: int, keeper: str, target: str, size: int, limit_price: int) -> Closed:
    """Part of the target's position is traded against the venue; what is left goes where the policy says."""
    require(not is_same_person(house, keeper, target), "self liquidation")
    market = house.market(number)
    quote = market.accrue(house.now)
    require(not quote.stale, "stale price")
    policy, totals = market.policy, market.totals
    position = check_liquidatable(house, market, quote, target, policy.force_close, "force close not allowed")
    part, rest = split(position, part_size(position, size, quote.price, market))
    equity = market.equity(part, quote.price)
    budget = part.balance - part.side * part.entry_notional
    fee_bps = market.parameters.trading_fee_bps if policy.force_close_fees else 0
    fill = market.venue.swap(Order(-part.size, quote.price, market.funding.index, fee_bps, budget))
    market.mid = fill.mid_after
    proceeds = budget + part.side * fill.notional
    check_close_price(market, part, fill.notional, quote.price, limit_price)
    require(proceeds >= min(0, equity), "venue too far")

    left = max(proceeds, 0) - fill.fee
    protocol_fee = penalty = 0
    if policy.force_close_fees:
        protocol_fee = min(bps_up(fill.notional, market.parameters.protocol_fee_bps), left)
        left -= protocol_fee
        penalty = min(penalty_of(market, fill, quote.price), left)
        left -= penalty
    reward, fund_share, left = liquidation_fee(policy, fill.notional, left)
    market.protocol_fees += protocol_fee
    market.credit_insurance(penalty + fund_share)

    market.store(target, rest)
    house.pay_out(market, keeper, reward)
    absorbed = None
    if proceeds < 0:
        absorbed = absorb(market, part, -proceeds, totals, quote.price, house.now)
    else:
        give_residue(house, market, target, left)
    residue = proceeds if proceeds < 0 else left
    return Closed(part, fill.notional, fill.fee, protocol_fee, penalty, reward, residue, absorbed)


def check_close_price(market: Market, part: Position, worth: int, mark: int, limit_price: int) -> None:
    """The target's average price: inside the band around mark and inside the caller's limit."""
    band, at_mark, bound = market.parameters.band_bps, part.amount * mark, limit_price * part.amount
    if part.size > 0:
        require(worth * WAD >= bound, "price limit")
        require(worth * BPS * WAD >= at_mark * (BPS - band), "venue too far")
    else:
        require(limit_price == 0 or worth * WAD <= bound, "price limit")
        require(worth * BPS * WAD <= at_mark * (BPS + band), "venue too far")


def liquidation_fee(policy: Policy, worth: int, left: int) -> tuple[int, int, int]:
    """(keeper's reward, the fund's part, what remains): the fee is never more than there is."""
    fee = min(left, bps_down(worth, policy.liquidation_fee_bps))
    reward = bps_down(fee, policy.reward_share_bps)
    return reward, fee - reward, left - fee


def give_residue(house: Clearinghouse, market: Market, target: str, residue: int) -> None:
    """What the closed part left, by policy. It is the trader's only if the policy says so."""
    if market.policy.residue is Residue.INSURANCE:
        market.credit_insurance(residue)
    elif market.policy.residue is Residue.TREASURY:
        market.protocol_fees += residue
    elif target in market.positions:
        rest = market.positions[target]
        market.store(target, replace(rest, balance=rest.balance + residue))
    else:
        house.pay_out(market, target, residue)
