"""Custody, accounts, trading and margin: spec sections 2, 6, 8. Every method either does all of it or reverts."""

from dataclasses import dataclass, field, replace

from nacre.model.market import Market, deviation, penalty_ratio
from nacre.model.oracle import Quote
from nacre.model.positions import TOPUP_LIMIT, Position, check_opening_rule, check_reduce_rule, combine, notional
from nacre.model.rounding import BPS, MAX_UINT256, WAD, bps_up, ceil_div, require
from nacre.model.venue import Fill, Order

MAX_SIZE = 10**27
MAX_TAKEN_SIZE = 2**110
MAX_NOTIONAL = 10**30
MAX_AMOUNT = 2**104 - 1
MAX_DEPOSIT = 10**30


@dataclass(slots=True)
class Clearinghouse:
    """Accounts of one collateral token and their markets. `assets` is what was deposited and not withdrawn, WAD."""

    decimals: int = 18
    now: int = 1
    markets: list[Market] = field(default_factory=list)
    free: dict[str, int] = field(default_factory=dict)
    operators: set[tuple[str, str]] = field(default_factory=set)
    assets: int = 0

    def copy(self) -> "Clearinghouse":
        return replace(
            self,
            markets=[market.copy() for market in self.markets],
            free=dict(self.free),
            operators=set(self.operators),
        )

    # ---- accounts

    @property
    def scale(self) -> int:
        """WAD of one token unit."""
        return int(10 ** (18 - self.decimals))

    def free_of(self, account: str) -> int:
        return self.free.get(account, 0)

    def check_authority(self, account: str, sender: str) -> None:
        require(sender == account or (account, sender) in self.operators, "not operator")

    def market(self, number: int) -> Market:
        require(0 <= number < len(self.markets), "unknown market")
        return self.markets[number]

    def deposit(self, account: str, amount: int) -> None:
        """`amount` in token units."""
        require(amount > 0, "zero amount")
        require(amount <= MAX_DEPOSIT // self.scale, "amount too large")
        self.free[account] = self.free_of(account) + amount * self.scale
        self.assets += amount * self.scale

    def withdraw(self, account: str, amount: int, sender: str) -> None:
        """`amount` in token units."""
        require(amount > 0, "zero amount")
        self.check_authority(account, sender)
        self.take_free(account, amount * self.scale)
        self.assets -= amount * self.scale

    def take_free(self, account: str, amount: int) -> None:
        require(amount <= self.free_of(account), "insufficient collateral")
        if amount:
            self.free[account] -= amount

    def pay_in(self, market: Market, account: str, amount: int) -> None:
        """From free collateral into the pot."""
        self.take_free(account, amount)
        market.pot += amount

    def pay_out(self, market: Market, account: str, amount: int) -> None:
        """From the pot to free collateral; what the pot cannot pay is owed (spec section 8)."""
        paid = 0 if market.owed_total else min(amount, market.pot)
        market.pot -= paid
        if paid:
            self.free[account] = self.free_of(account) + paid
        if amount > paid:
            market.owed[account] = market.owed.get(account, 0) + amount - paid
            market.owed_total += amount - paid

    def move(self, market: Market, account: str, incoming: int) -> None:
        """Net movement between free collateral and the pot; positive goes in."""
        if incoming > 0:
            self.pay_in(market, account, incoming)
        else:
            self.pay_out(market, account, -incoming)

    def finish(self, market: Market, account: str, position: Position, margin: int) -> None:
        """Stores a position that `margin` was added to; one that became flat ends and its balance leaves."""
        incoming = margin
        if position.size == 0:
            require(position.balance >= 0, "close leaves a deficit")
            incoming -= position.balance
        market.store(account, position)
        self.move(market, account, incoming)

    # ---- trading

    def trade(
        self, number: int, account: str, size: int, margin: int, limit_price: int, deadline: int, sender: str
    ) -> Fill:
        """Trades against the venue; returns what the venue filled."""
        self.check_authority(account, sender)
        require(deadline == 0 or self.now <= deadline, "deadline passed")
        require(size != 0, "zero size")
        require(abs(size) <= MAX_SIZE, "size too large")
        require(abs(margin) <= MAX_AMOUNT, "amount too large")
        market = self.market(number)
        quote = market.accrue(self.now)
        require(not quote.stale, "stale price")
        require(not quote.jumped, "price just jumped")
        old = market.own_position(account, self.now)

        p = market.parameters
        order = Order(size, quote.price, market.funding.index, p.trading_fee_bps, MAX_UINT256)
        fill = market.venue.swap(order)
        market.mid = fill.mid_after
        fees = self._trading_fees(market, fill, quote)
        worth, bound = fill.notional * WAD, limit_price * abs(size)
        require(limit_price == 0 or (worth <= bound if size > 0 else worth >= bound), "price limit")
        leg = Position(size, margin - fees, fill.notional, market.index_of(size))
        new = combine(leg, old, market.long_index, market.short_index)
        self._check_trade(market, old, new, quote, margin)
        self.finish(market, account, new, margin)
        return fill

    def _trading_fees(self, market: Market, fill: Fill, quote: Quote) -> int:
        """Charges protocol fee and penalty; returns them with the LP fee."""
        p = market.parameters
        protocol_fee = bps_up(fill.notional, p.protocol_fee_bps)
        penalty = penalty_of(market, fill, quote.price)
        after = deviation(fill.mid_after, quote.price)
        grown = after > deviation(fill.mid_before, quote.price)
        require(not grown or after <= p.max_deviation_bps * WAD // BPS, "venue too far from mark")
        market.protocol_fees += protocol_fee
        market.credit_insurance(penalty)
        return fill.fee + protocol_fee + penalty

    @staticmethod
    def _check_trade(market: Market, old: Position, new: Position, quote: Quote, margin: int) -> None:
        if new.size == 0:
            return
        price, index, p = quote.price, market.index_of(new.size), market.parameters
        require(notional(new.size, price) >= p.min_notional, "below minimum notional")
        increasing = new.amount > old.amount or new.side * old.side < 0
        if increasing:
            require(market.open, "market is reduce-only")
            require(new.amount <= MAX_SIZE, "size too large")
            require(max(notional(new.size, price), new.entry_notional) <= MAX_NOTIONAL, "notional too large")
            interest = market.totals.replacing(old.size, new.size).open_interest
            require(not market.exceeds_cap(interest, price), "open interest cap")
        if increasing or margin < 0:
            check_opening_rule(new, price, index, p)
        else:
            check_reduce_rule(new, market.equity(old, price), old.size, price, index, p)

    # ---- margin, funds, claims

    def adjust_margin(self, number: int, account: str, delta: int, sender: str) -> None:
        """Moves margin between free collateral and the position."""
        self.check_authority(account, sender)
        require(delta != 0, "zero amount")
        require(abs(delta) <= MAX_AMOUNT, "amount too large")
        market = self.market(number)
        old = market.position_of(account)
        require(old.size != 0, "no position")
        if delta > 0:
            # Needs no price, so nothing accrues. A large one voids what a margin call has recorded.
            large = delta >= bps_up(old.entry_notional, market.parameters.mmr_bps)
            topups = (old.topups + large) % TOPUP_LIMIT
            self.pay_in(market, account, delta)
            market.store(account, replace(old, balance=old.balance + delta, topups=topups))
            return
        quote = market.accrue(self.now)
        index = market.index_of(old.size)
        settled = old.settled(index)
        new = replace(settled, balance=settled.balance + delta)
        require(not quote.stale, "stale price")
        require(not quote.jumped, "price just jumped")
        check_opening_rule(new, quote.price, index, market.parameters)
        market.store(account, new)
        self.pay_out(market, account, -delta)

    def donate_insurance(self, number: int, account: str, amount: int) -> None:
        """Free collateral for a market's fund."""
        require(amount > 0, "zero amount")
        market = self.market(number)
        self.pay_in(market, account, amount)
        market.credit_insurance(amount)

    def settle(self, number: int, account: str) -> None:
        """Realises a position's carry."""
        market = self.market(number)
        require(not market.accrue(self.now).stale, "stale price")
        position = market.position_of(account)
        require(position.size != 0, "no position")
        market.store(account, position.settled(market.index_of(position.size)))

    def claim(self, number: int, account: str) -> int:
        """Pays what a market owes, once it can pay all that it owes."""
        market = self.market(number)
        amount = market.owed.get(account, 0)
        require(amount > 0, "nothing owed")
        require(market.owed_total <= market.pot, "pot is short")
        market.owed.pop(account)
        market.owed_total -= amount
        market.pot -= amount
        self.free[account] = self.free_of(account) + amount
        return amount

    def accrue(self, number: int) -> None:
        require(not self.market(number).accrue(self.now).stale, "stale price")

    def collect_protocol_fees(self, number: int, treasury: str) -> int:
        """The treasury's part leaves the pot as far as the pot pays now; the rest stays fees."""
        market = self.market(number)
        amount = 0 if market.owed_total else min(market.protocol_fees, market.pot)
        market.protocol_fees -= amount
        self.pay_out(market, treasury, amount)
        return amount


def penalty_of(market: Market, fill: Fill, mark: int) -> int:
    """The dynamic penalty fee of a trade that pushed the venue away from mark."""
    after = deviation(fill.mid_after, mark)
    p = market.parameters
    if after <= deviation(fill.mid_before, mark) or after <= p.mmr_bps * WAD // BPS:
        return 0
    return ceil_div(fill.notional * penalty_ratio(p.penalty, after), WAD)
