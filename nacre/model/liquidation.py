"""Taking over and force closing: what happens once the engine allows it.

From docs/spec.md, sections 9 and 10; the order of the checks from their tables and from docs/errors.md.
"""

from dataclasses import dataclass, replace

from nacre.model.clearinghouse import Clearinghouse
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.parameters import Policy, Residue
from nacre.model.positions import Position, check_opening_rule, combine, notional, split
from nacre.model.rounding import BPS, MAX_UINT256, bps_down, require
from nacre.model.venue import Order
from nacre.model.waterfall import Absorbed, absorb

# More than may be opened: ranges leave positions of any size.
LARGEST_TAKEN = 2**110


@dataclass(frozen=True, slots=True)
class Taken:
    """A takeover: the part as it was, what it lacked, and the caller's position afterwards."""

    part: Position
    deficit: int
    absorbed: Absorbed
    position: Position


@dataclass(frozen=True, slots=True)
class Closed:
    """A force close: what the venue gave and who got what. A negative residue was absorbed."""

    part: Position
    notional: int
    lp_fee: int
    protocol_fee: int
    penalty: int
    reward: int
    residue: int
    absorbed: Absorbed


def part_of(market: Market, held: Position, size: int, price: int) -> tuple[Position, Position]:
    """(part, rest) of a settled position for the size asked for; a rest below the minimum goes along."""
    amount = held.amount if size == MAX_UINT256 else size
    require(amount > 0, "zero size")
    require(amount <= held.amount, "size too large")
    require(amount * BPS >= held.amount * market.policy.min_slice_bps, "slice too small")
    if notional(held.amount - amount, price) < market.parameters.min_notional:
        amount = held.amount
    return split(held, amount)


def take_over(
    house: Clearinghouse, market: Market, caller: str, target: str, size: int, margin: int, quote: Quote
) -> Taken:
    """The part with its margin, topped up, becomes the caller's."""
    held, totals = market.position_of(target), market.totals
    index = market.index_of(held.size)
    part, rest = part_of(market, held.settled(index), size, quote.price)
    own = market.own_position(caller, house.now)
    require(not quote.jumped or abs(own.size + part.size) >= own.amount, "price just jumped")
    deficit = max(0, -part.equity(quote.price, index))
    absorbed = Absorbed()
    if deficit:
        absorbed = absorb(market, part, deficit, totals, quote.price, house.now)
    brought = replace(part, balance=part.balance + deficit + margin)
    new = combine(brought, own, market.long_index, market.short_index)
    require(new.amount <= LARGEST_TAKEN, "size too large")
    if new.size:
        check_opening_rule(new, quote.price, market.index_of(new.size), market.parameters)
    market.store(target, rest)
    ended = house.store_or_end(market, caller, new)
    house.move_margin(market, caller, margin - ended)
    return Taken(part, deficit, absorbed, new)


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
    house: Clearinghouse, market: Market, keeper: str, target: str, size: int, limit_price: int, quote: Quote
) -> Closed:
    """The part is traded away; fees and the keeper are paid from what it still has."""
    held, totals, price = market.position_of(target), market.totals, quote.price
    index = market.index_of(held.size)
    part, rest = part_of(market, held.settled(index), size, price)
    fill = house.swap(market, _order(market, part, limit_price, price))
    residue = part.balance + part.side * (fill.notional - part.entry_notional) - fill.fees
    reward = share = 0
    if residue > 0:
        reward, share, residue = liquidation_fee(market.policy, fill.notional, residue)
    require(residue >= min(0, part.equity(price, index)), "venue too far")
    absorbed = Absorbed()
    if residue < 0:
        absorbed = absorb(market, part, -residue, totals, price, house.now)
    market.credit_insurance(share)
    if residue > 0 and market.policy.residue is Residue.TRADER and rest.size:
        rest = replace(rest, balance=rest.balance + residue)
    market.store(target, rest)
    if reward:
        house.pay_out(market, keeper, reward)
    if residue > 0:
        _give(house, market, target, rest, residue)
    return Closed(part, fill.notional, fill.fee, fill.protocol_fee, fill.penalty, reward, residue, absorbed)


def _give(house: Clearinghouse, market: Market, target: str, rest: Position, residue: int) -> None:
    """What a force close left, to whom the policy says; the trader's rest has it already."""
    match market.policy.residue:
        case Residue.INSURANCE:
            market.credit_insurance(residue)
        case Residue.TREASURY:
            market.protocol_fees += residue
        case Residue.TRADER:
            if not rest.size:
                house.pay_out(market, target, residue)
