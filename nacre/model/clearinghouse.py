"""Accounts, and what they do with their own money.

From docs/spec.md: sections 2 (accounts), 3 (what a stale and a jumped price stop), 5 (moving margin), 6 (trading) and 8
(paying out of a pot); the order of the checks from section 6 and from "In which order" of docs/errors.md.
"""

from dataclasses import dataclass, field, replace

from nacre.model import cross_margin, settlement
from nacre.model.market import Market
from nacre.model.oracle import Quote
from nacre.model.outflow import Outflow
from nacre.model.portfolio import Portfolio, check_spending, is_cross, portfolio_of
from nacre.model.positions import (
    TOPUP_LIMIT,
    Position,
    check_opening_rule,
    check_reduce_rule,
    combine,
    maintenance_margin_of,
    notional,
)
from nacre.model.rounding import require
from nacre.model.venue import Fill, Order
from nacre.units import BPS

LARGEST_DEPOSIT = 10**30
LARGEST_SIZE = 10**27
LARGEST_NOTIONAL = 10**30
MARGIN_LIMIT = 2**104
# Holders trade without a budget for fees.
NO_BUDGET = 2**255


@dataclass(slots=True)
class Clearinghouse:
    """Custody of one token. `free` in WAD; `operators` holds (account, operator)."""

    decimals: int = 18
    now: int = 1
    assets: int = 0
    free: dict[str, int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    markets: list[Market] = field(default_factory=list)
    outflow: Outflow = field(default_factory=Outflow)

    def copy(self) -> "Clearinghouse":
        return replace(
            self,
            free=dict(self.free),
            operators=set(self.operators),
            markets=[market.copy() for market in self.markets],
            outflow=replace(self.outflow),
        )

    # ---- accounts

    @property
    def scale(self) -> int:
        """WAD in a unit of the token."""
        return int(10 ** (18 - self.decimals))

    def free_of(self, account: str) -> int:
        return self.free.get(account, 0)

    def acts_for(self, sender: str, account: str) -> bool:
        return sender == account or (account, sender) in self.operators

    def deposit(self, account: str, amount: int) -> None:
        require(amount > 0, "zero amount")
        credit = amount * self.scale
        require(credit <= LARGEST_DEPOSIT, "amount too large")
        self.assets += credit
        self.outflow.enter(credit, self.now)
        self.free[account] = self.free_of(account) + credit

    def withdraw(self, account: str, amount: int, sender: str) -> None:
        require(amount > 0, "zero amount")
        require(self.acts_for(sender, account), "not operator")
        self.outflow.leave(amount * self.scale, self.now)
        self._take(account, amount * self.scale)
        check_spending(self, account)
        self.assets -= amount * self.scale

    def _take(self, account: str, amount: int) -> None:
        require(amount <= self.free_of(account), "insufficient collateral")
        self.free[account] = self.free_of(account) - amount

    # ---- between free collateral and pots

    def pay_in(self, market: Market, account: str, amount: int) -> None:
        self._take(account, amount)
        market.pot += amount

    def pay_out(self, market: Market, account: str, amount: int) -> None:
        """What the pot has, unless it owes already; the rest is owed."""
        paid = 0 if market.owed_total else min(amount, market.pot)
        market.pot -= paid
        self.free[account] = self.free_of(account) + paid
        if amount > paid:
            market.owed[account] = market.owed.get(account, 0) + amount - paid
            market.owed_total += amount - paid

    def spend(self, market: Market, account: str, amount: int) -> None:
        """Into a pot for something else than the account's own legs, at the end of a call."""
        self.pay_in(market, account, amount)
        check_spending(self, account)

    def move_margin(self, market: Market, account: str, amount: int) -> None:
        """To the market if positive, else back."""
        if amount > 0:
            self.spend(market, account, amount)
        elif amount < 0:
            self.pay_out(market, account, -amount)

    def claim(self, number: int, account: str) -> int:
        market = self.market(number)
        amount = market.owed.get(account, 0)
        require(amount > 0, "nothing owed")
        paid = settlement.share(market, amount) if market.final_price else amount
        require(market.final_price > 0 or market.owed_total <= market.pot, "pot is short")
        del market.owed[account]
        market.owed_total -= amount
        if market.final_price:
            market.legs.discard(account)
        market.pot -= paid
        # what it gives up pays for losses without a payer
        market.unallocated_loss -= min(market.unallocated_loss, amount - paid)
        self.free[account] = self.free_of(account) + paid
        return paid

    def collect_protocol_fees(self, number: int, receiver: str) -> int:
        """Protocol fees first, then borrow fees, of which the fund gets its part; what the pot lacks waits."""
        market = self.market(number)
        if market.owed_total or not settlement.is_over(market):
            return 0
        paid = min(market.protocol_fees, market.pot)
        market.protocol_fees -= paid
        fees = min(market.borrow_fees, market.pot - paid)
        market.borrow_fees -= fees
        to_fund = fees * market.parameters.borrow_share_bps // BPS
        market.credit_insurance(to_fund)
        paid += fees - to_fund
        market.pot -= paid
        self.free[receiver] = self.free_of(receiver) + paid
        return paid

    def donate_insurance(self, number: int, account: str, amount: int) -> None:
        require(amount > 0, "zero amount")
        market = self.market(number)
        market.credit_insurance(amount)
        self.spend(market, account, amount)

    # ---- markets and prices

    def market(self, number: int) -> Market:
        require(0 <= number < len(self.markets), "unknown market")
        return self.markets[number]

    def fresh_price(self, market: Market) -> Quote:
        """Accrues; a stale price is refused."""
        quote = market.accrue(self.now)
        require(not quote.stale, "stale price")
        require(not market.final_price, "market is settling")
        return quote

    def tradable_price(self, market: Market) -> int:
        quote = self.fresh_price(market)
        require(not quote.jumped, "price just jumped")
        return quote.price

    def accrue(self, number: int) -> None:
        self.fresh_price(self.market(number))

    def settle(self, number: int, account: str) -> None:
        market = self.market(number)
        quote = self.fresh_price(market)
        held = market.position_of(account)
        require(account in market.positions, "no position")
        if held.size == 0:
            self._pay_record(market, account, held)
        elif is_cross(market, account):
            cross_margin.settle(self, market, account, quote.price)
        else:
            market.store(account, held.settled(market.index_of(held.size)))

    def _pay_record(self, market: Market, account: str, held: Position) -> None:
        """What a deleveraged position is due, as far as the pot has it; never a debt."""
        paid = 0 if market.owed_total else min(held.balance, market.pot)
        self.pay_out(market, account, paid)
        market.store_record(account, Position(balance=held.balance - paid))

    # ---- margin

    def adjust_margin(self, number: int, account: str, delta: int, sender: str) -> None:
        require(self.acts_for(sender, account), "not operator")
        require(delta != 0, "zero amount")
        require(abs(delta) < MARGIN_LIMIT, "amount too large")
        market = self.market(number)
        held = market.position_of(account)
        require(held.size != 0, "no position")
        require(not is_cross(market, account), "cross position")
        require(not market.final_price, "market is settling")
        if delta > 0:
            counts = delta >= maintenance_margin_of(held.entry_notional, market.parameters)
            topups = (held.topups + counts) % TOPUP_LIMIT
            market.store(account, replace(held, balance=held.balance + delta, topups=topups))
        else:
            price = self.tradable_price(market)
            index = market.index_of(held.size)
            held = held.settled(index)
            held = replace(held, balance=held.balance + delta)
            check_opening_rule(held, price, index, market.parameters)
            market.store(account, held)
        self.move_margin(market, account, delta)

    # ---- trading

    def trade(
        self, number: int, account: str, size: int, margin: int, limit_price: int, deadline: int, sender: str
    ) -> Fill:
        require(self.acts_for(sender, account), "not operator")
        require(deadline == 0 or self.now <= deadline, "deadline passed")
        require(size != 0, "zero size")
        require(abs(size) <= LARGEST_SIZE, "size too large")
        cross = number < len(self.markets) and is_cross(self.markets[number], account)
        require(not cross or margin == 0, "margin of a cross position")
        require(abs(margin) < MARGIN_LIMIT, "amount too large")
        market = self.market(number)
        price = self.tradable_price(market)
        others = portfolio_of(self, account).without(number) if cross else None
        # a profit elsewhere could pay for a loss here
        require(others is None or not others.jumped, "price just jumped")
        held = market.own_position(account, self.now)
        old = held.settled(market.index_of(held.size))
        fill = self._swap(market, size, price, limit_price)
        leg = Position(size, margin - fill.fees, fill.notional, market.index_of(size))
        new = combine(leg, old, market.long_index, market.short_index)
        self._check_trade(market, old, new, margin, price, others)
        if others is None:
            self.move_margin(market, account, margin - self.store_or_end(market, account, new))
        else:
            cross_margin.finish_trade(self, number, account, others, old, new, price)
        return fill

    def _swap(self, market: Market, size: int, price: int, limit_price: int) -> Fill:
        p = market.parameters
        order = Order(
            size,
            price,
            market.funding.index,
            p.trading_fee_bps,
            NO_BUDGET,
            protocol_fee_bps=p.protocol_fee_bps,
            penalty=p.penalty,
            mmr_bps=p.mmr_bps,
            max_deviation_bps=p.max_deviation_bps,
            limit_price=limit_price,
        )
        return self.swap(market, order)

    def swap(self, market: Market, order: Order) -> Fill:
        """Trades on the venue and books what is not the position's."""
        fill = market.venue.swap(order)
        market.set_mid(market.venue.mid(), self.now)
        market.protocol_fees += fill.protocol_fee
        market.credit_insurance(fill.penalty)
        return fill

    @staticmethod
    def _check_trade(
        market: Market, old: Position, new: Position, margin: int, price: int, others: Portfolio | None
    ) -> None:
        """What the new position needs: the table of section 6; `others` is the rest of a cross account."""
        if new.size == 0:
            if others is not None:
                cross_margin.check_reduce_rule(others, old, new, price, market)
            return
        p, index = market.parameters, market.index_of(new.size)
        worth = notional(new.size, price)
        require(worth >= p.min_notional, "below minimum notional")
        if new.side == old.side and new.amount < old.amount:
            if others is not None:
                cross_margin.check_reduce_rule(others, old, new, price, market)
            elif margin < 0:
                check_opening_rule(new, price, index, p)
            else:
                check_reduce_rule(new, old.equity(price, old.entry_carry), old.size, price, index, p)
            return
        require(market.open, "market is reduce-only")
        require(new.amount <= LARGEST_SIZE, "size too large")
        require(max(worth, new.entry_notional) <= LARGEST_NOTIONAL, "notional too large")
        interest = market.totals.replacing(old.size, new.size).open_interest
        require(not market.exceeds_cap(interest, price), "open interest cap")
        if others is not None:
            cross_margin.check_opening_rule(others, new, price, market)
        else:
            check_opening_rule(new, price, index, p)

    @staticmethod
    def store_or_end(market: Market, account: str, new: Position) -> int:
        """Writes a position; of one that ended, returns the balance, which must not be negative."""
        if new.size:
            market.store(account, new)
            return 0
        require(new.balance >= 0, "close leaves a deficit")
        market.store(account, Position())
        return new.balance
