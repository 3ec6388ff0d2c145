"""The end of a market: a final price, positions and ranges that become claims, claims that are paid.

From docs/spec.md, section 15.
"""

from typing import TYPE_CHECKING

from nacre.model.oracle import is_sane
from nacre.model.portfolio import collect, cover, is_cross, leg_bits, portfolio_of
from nacre.model.positions import Position, combine
from nacre.model.rounding import Revert, require

if TYPE_CHECKING:
    from nacre.model.clearinghouse import Clearinghouse
    from nacre.model.market import Market


def begin(house: "Clearinghouse", number: int, price: int) -> None:
    """By the owner; 0 is the mark."""
    market = house.market(number)
    require(not market.final_price, "market is settling")
    if price:
        require(is_sane(price), "price out of bounds")
    try:
        mark = market.accrue(house.now).price
    except Revert:
        if not price:
            raise
        mark = 0
    market.final_price = price or mark


def settle_dead_market(house: "Clearinghouse", number: int) -> None:
    """By anyone, long after the market had liquidity or a price."""
    market = house.market(number)
    require(not market.final_price, "market is settling")
    delay = market.parameters.settlement_delay
    require(delay > 0, "market is alive")
    if not market.oracle_answers(house.now):
        _end_without_oracle(house, market, delay)
        return
    quote = market.accrue(house.now)
    idle = market.idle_since > 0 and house.now >= market.idle_since + delay
    dead = quote.stale and house.now >= quote.updated_at + market.parameters.oracle_max_age + delay
    require((idle or dead) and not quote.jumped, "market is alive")
    market.final_price = quote.index if quote.stale else quote.price


def _end_without_oracle(house: "Clearinghouse", market: "Market", delay: int) -> None:
    """That it fails must have been seen, and then nobody have had a price of it for the delay; at the last mark."""
    if market.failing_since <= market.mark_time:
        market.failing_since = house.now
        return
    require(house.now >= market.failing_since + delay, "market is alive")
    require(is_sane(market.kept_mark), "price out of bounds")
    market.final_price = market.kept_mark


def settle_account(house: "Clearinghouse", number: int, account: str) -> None:
    """A position becomes a claim, which goes on backing its account; a loss it pays as far as it can, then the fund."""
    market = house.market(number)
    require(market.final_price > 0, "market is not settling")
    held = market.position_of(account)
    require(account in market.positions, "no position")
    settled = held.settled(market.index_of(held.size))
    worth = settled.balance + settled.price_pnl(market.final_price)
    if worth < 0 and is_cross(market, account):
        others = portfolio_of(house, account).without(number)
        worth += collect(house, others, market, account, -worth)
    market.store_record(account, Position())
    book(market, account, worth)
    if held.size:
        keep_leg(market, account)


def keep_leg(market: "Market", account: str) -> None:
    """The claim of a cross account goes on backing its other legs."""
    if market.owed.get(account, 0) and is_cross(market, account):
        market.legs.add(account)
    else:
        market.legs.discard(account)


def book(market: "Market", account: str, worth: int) -> None:
    """Owed to the account; what is below zero is the fund's, then nobody's, and never an index's."""
    if worth > 0:
        market.owed[account] = market.owed.get(account, 0) + worth
        market.owed_total += worth
    elif worth < 0:
        absorb(market, -worth)


def check_last_leg(house: "Clearinghouse", number: int, account: str, closed: Position) -> None:
    """What a range that closed a leg leaves lacking is nobody's where other legs could pay: the leg must go first."""
    alone = leg_bits(house, account) in ([], [number])
    require(closed.balance >= 0 or alone, "close leaves a deficit")


def absorb(market: "Market", deficit: int) -> None:
    """Whatever its draw limit says."""
    paid = min(deficit, market.insurance_fund)
    market.insurance_fund -= paid
    market.unallocated_loss += deficit - paid


def is_over(market: "Market") -> bool:
    """Whether nothing is left to become a claim, or the market is alive."""
    return not market.final_price or not (market.positions or market.venue.ranges)


def share(market: "Market", debt: int) -> int:
    """What a claim is paid once everything has become one."""
    require(is_over(market), "market is settling")
    return min(debt, debt * market.pot // market.owed_total)


def hand_over(house: "Clearinghouse", number: int, provider: str, removed: Position, own: bool) -> None:
    """A removed range becomes part of its provider's position, which is settled like any. What a closed one
    lacks is paid by a cross account, then by the fund, but not for the provider itself."""
    market = house.markets[number]
    held = market.own_position(provider, house.now)
    held = held.settled(market.index_of(held.size))
    new = combine(removed, held, market.long_index, market.short_index)
    if new.size:
        market.store(provider, new)
        return
    if is_cross(market, provider):
        new = cover(house, market, provider, new, market.final_price)
        check_last_leg(house, number, provider, new)
    require(new.balance >= 0 or not own, "close leaves a deficit")
    market.store(provider, Position())
    book(market, provider, new.balance)
    keep_leg(market, provider)
