"""Taking over and force closing: what happens once the engine allows it.

From docs/spec.md, sections 9 and 10; the order of the checks from their tables and from docs/errors.md.
"""

from dataclasses import dataclass, replace

from nacre.model import cross_margin
from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.parameters import Policy, Residue
from nacre.model.portfolio import cover, is_cross, portfolio_of
from nacre.model.positions import (
    Position,
    check_opening_rule,
    combine,
    maintenance_margin_of,
    notional,
)
from nacre.model.rounding import bps_down, require
from nacre.model.stages import is_below
from nacre.model.venue import Order
from nacre.model.waterfall import Absorbed, absorb, drawable
from nacre.units import BPS, MAX_UINT256

# More than may be opened: ranges leave positions of any size.
LARGEST_TAKEN = 2**110


@dataclass(frozen=True, slots=True)
class Taken:
    """A takeover: the part as it was, what it lacked, and the caller's position afterwards."""

    part: Position
    left: int
    deficit: int
    absorbed: Absorbed
    margin: int
    position: Position


@dataclass(frozen=True, slots=True)
class Closed:
    """A force close: what the venue gave and who got what. A negative residue was absorbed."""

    part: Position
    left: int
    notional: int
    lp_fee: int
    protocol_fee: int
    penalty: int
    reward: int
    residue: int
    absorbed: Absorbed


def part_of(market: Market, held: Position, size: int, price: int) -> int:
    """How much of a settled position goes for the size asked for; a rest below the minimum goes along."""
    amount = held.amount if size == MAX_UINT256 else size
    require(amount > 0, "zero size")
    require(amount <= held.amount, "size too large")
    require(amount * BPS >= held.amount * market.policy.min_slice_bps, "slice too small")
    if notional(held.amount - amount, price) < market.parameters.min_notional:
        amount = held.amount
    return amount


@dataclass(frozen=True, slots=True)
class Transfer:
    """A takeover before margin and rules: the part as it was, and what the caller would then have."""

    part: Position
    rest: Position
    deficit: int
    absorbed: Absorbed
    position: Position


def transfer(house: Clearinghouse, number: int, caller: str, target: str, size: int, quote: Quote) -> Transfer:
    """Takes the part from its holder, brings it to equity 0, and combines it with what the caller has."""
    market, price = house.markets[number], quote.price
    held, totals = market.position_of(target), market.totals
    index = market.index_of(held.size)
    settled = held.settled(index)
    amount = part_of(market, settled, size, price)
    bankrupt = is_bankrupt(house, market, target, settled.equity(price, index))
    part, rest = cross_margin.split_leg(house, number, target, settled, amount)
    own = market.own_position(caller, house.now)
    deficit = max(0, -part.equity(price, index))
    absorbed = Absorbed()
    if deficit:
        if bankrupt:
            require_absorbable(market, part, deficit, house.now)
        absorbed = absorb(market, part, deficit, totals, price, house.now)
    require(not quote.jumped or abs(own.size + part.size) >= own.amount, "price just jumped")
    brought = replace(part, balance=part.balance + deficit)
    old = own.settled(market.index_of(own.size))
    new = combine(brought, old, market.long_index, market.short_index)
    require(new.amount <= LARGEST_TAKEN, "size too large")
    market.store(target, rest)
    return Transfer(part, rest, deficit, absorbed, new)


def take_over(
    house: Clearinghouse, number: int, caller: str, target: str, size: int, margin: int, quote: Quote
) -> Taken:
    """The part with its margin, topped up, becomes the caller's."""
    market, price = house.markets[number], quote.price
    moved = transfer(house, number, caller, target, size, quote)
    new = replace(moved.position, balance=moved.position.balance + margin)
    taken = Taken(moved.part, moved.rest.size, moved.deficit, moved.absorbed, margin, new)
    if is_cross(market, caller):
        _receive(house, number, caller, new, margin, price)
        return replace(taken, position=market.position_of(caller))
    if new.size:
        check_opening_rule(new, price, market.index_of(new.size), market.parameters)
    ended = house.store_or_end(market, caller, new)
    house.move_margin(market, caller, margin - ended)
    return taken


def _receive(house: Clearinghouse, number: int, caller: str, new: Position, margin: int, price: int) -> None:
    """A liquidator that is cross here brings its account."""
    market = house.markets[number]
    house.pay_in(market, caller, margin)
    others = portfolio_of(house, caller).without(number)
    if new.size:
        cross_margin.check_opening_rule(others, new, price, market)
        market.store(caller, cover(house, market, caller, new, price))
    else:
        cross_margin.end_leg(house, market, caller, others, new.balance)


def liquidation_fee(policy: Policy, worth: int, left: int) -> tuple[int, int, int]:
    """(keeper's reward, fund's share, what is left) of a part that sold or bought for `worth` and has `left`."""
    fee = min(left, bps_down(worth, policy.liquidation_fee_bps))
    reward = bps_down(fee, policy.reward_share_bps)
    return reward, fee - reward, left - fee


def _order(market: Market, part: Position, limit_price: int, price: int) -> Order:
    p, fees = market.parameters, market.policy.force_close_fees
    return Order(
        -part.size,
        price,
        market.funding.index,
        p.trading_fee_bps if fees else 0,
        part.balance - part.side * part.entry_notional,
        protocol_fee_bps=p.protocol_fee_bps if fees else 0,
        penalty=p.penalty if fees else (0, 0, 0, 0),
        mmr_bps=p.mmr_bps,
        limit_price=limit_price,
        band_bps=p.band_bps,
    )


def force_close(
    house: Clearinghouse, number: int, keeper: str, target: str, amount: int, limit_price: int, quote: Quote
) -> Closed:
    """The part is traded away; fees and the keeper are paid from what it still has."""
    market, price = house.markets[number], quote.price
    held, totals = market.position_of(target), market.totals
    index = market.index_of(held.size)
    settled = held.settled(index)
    bankrupt = is_bankrupt(house, market, target, settled.equity(price, index))
    part, rest = cross_margin.split_leg(house, number, target, settled, amount)
    worth = part.equity(price, index)
    fill = house.swap(market, _order(market, part, limit_price, price))
    gross = part.balance + part.side * (fill.notional - part.entry_notional)
    residue = gross - fill.fees
    reward = share = 0
    if residue > 0:
        reward, share, residue = liquidation_fee(market.policy, fill.notional, residue)
    if market.policy.at_liquidation_price and worth >= 0:
        needed = maintenance_margin_of(fill.notional, market.parameters)
        require(not is_below(gross, needed, market.policy.trigger_bps), "beyond liquidation price")
    require(residue >= min(0, worth), "venue too far")
    absorbed = Absorbed()
    if residue < 0:
        if bankrupt:
            require_absorbable(market, part, -residue, house.now)
        absorbed = absorb(market, part, -residue, totals, price, house.now)
    market.credit_insurance(share)
    keeps = rest.size != 0 and not is_cross(market, target)
    if residue > 0 and market.policy.residue is Residue.TRADER and keeps:
        rest = replace(rest, balance=rest.balance + residue)
    market.store(target, rest)
    if reward:
        house.pay_out(market, keeper, reward)
    if residue > 0:
        _give(house, market, target, keeps, residue)
    return Closed(part, rest.size, fill.notional, fill.fee, fill.protocol_fee, fill.penalty, reward, residue, absorbed)


def _give(house: Clearinghouse, market: Market, target: str, kept: bool, residue: int) -> None:
    """What a force close left, to whom the policy says; the trader's rest has it already if it was kept there."""
    match market.policy.residue:
        case Residue.INSURANCE:
            market.credit_insurance(residue)
        case Residue.TREASURY:
            market.protocol_fees += residue
        case Residue.TRADER:
            if not kept:
                house.pay_out(market, target, residue)


# More holders of a side than one call can pass are socialised.
MOST_DELEVERAGED = 1000


def deleverages(market: Market, failed: Position) -> bool:
    """Whether a deficit that the fund does not cover is for auto-deleveraging."""
    totals = market.totals
    others = totals.holders_short if failed.size > 0 else totals.holders_long
    return market.policy.loss_adl and others <= MOST_DELEVERAGED


def is_bankrupt(house: Clearinghouse, market: Market, target: str, equity: int) -> bool:
    """Of a target that is not, a part may still be below 0 by rounding: nothing to deleverage."""
    return (portfolio_of(house, target).full_equity if is_cross(market, target) else equity) < 0


def require_absorbable(market: Market, failed: Position, deficit: int, now: int) -> None:
    """Other ways of liquidation wait for auto-deleveraging."""
    require(deficit <= drawable(market, now) or not deleverages(market, failed), "use ADL")
