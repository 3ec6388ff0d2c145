"""Whole accounts in markets that do what a test says; and what sections 3, 5 and 12 of docs/spec.md say of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from support import spec
from support.exchange import PRICE, BareHouse, bare_house
from support.pure import harness
from support.spec import Pos, ceil

from nacre.artifacts import load
from nacre.chain import Contract, Receipt
from nacre.units import BPS, MAX_UINT256, WAD

YEAR = 31_536_000
# Beyond all pots.
MOST = 2**127
# lib/market_words
MEDIAN, EXTRAS, CROSS = 1, 4, 8
# lib/policy_word: liquidation below the maintenance margin; what is left is the trader's.
AT_MAINTENANCE, RESIDUE_TO_TRADER = BPS << 16, 1 << 128
REVERTS = 1


def packed(amount: int) -> int:
    """An amount of 25 bits."""
    exponent = 0
    while amount >= 2**20:
        amount, rest = divmod(amount, 10)
        assert not rest
        exponent += 1
    return amount << 5 | exponent


@dataclass(frozen=True)
class Terms:
    """What a market asks. Tiers are lower bound, imr and mmr."""

    imr_bps: int = 1_000
    mmr_bps: int = 500
    max_age: int = 3_600
    cap_bps: int = 0
    period: int = 28_800
    median: bool = False
    tiers: tuple[tuple[int, int, int], ...] = ()
    borrow_bps: int = 0
    shown_trigger_bps: int = 0
    min_notional: int = 0

    def words(self, oracle: str, venue: str) -> tuple[int, int, int, int]:
        extras = self.shown_trigger_bps << 213 | self.borrow_bps << 159
        for number, (bound, imr, mmr) in enumerate(self.tiers):
            extras |= (packed(bound) << 28 | imr << 14 | mmr) << 53 * number
        flags = CROSS | MEDIAN * self.median | EXTRAS * bool(extras)
        ratios = self.imr_bps << 82 | self.mmr_bps << 68 | self.max_age << 48 | self.cap_bps << 34
        risk = int(oracle, 16) << 96 | ratios | self.period << 10 | flags
        return risk, int(venue, 16) << 96 | packed(self.min_notional) << 35, BPS << 121, extras

    def initial(self, notional: int) -> int:
        return self._margin(notional, self.imr_bps, [(bound, imr) for bound, imr, _ in self.tiers])

    def maintenance(self, notional: int) -> int:
        return self._margin(notional, self.mmr_bps, [(bound, mmr) for bound, _, mmr in self.tiers])

    @staticmethod
    def _margin(notional: int, ratio: int, tiers: list[tuple[int, int]]) -> int:
        deduction = 0
        for bound, higher in tiers:
            if notional > bound:
                deduction += bound * (higher - ratio)
                ratio = higher
        return ceil(notional * ratio - deduction, BPS)


class Leg(NamedTuple):
    """A settled position of a cross account, as its market stands: with that pot, which pays nothing while it owes."""

    pos: Pos
    mark: int = PRICE
    pot: int = 0
    terms: Terms = Terms()
    stale: bool = False
    jumped: bool = False
    claim: int = 0
    owes: bool = False

    @property
    def profit(self) -> int:
        return spec.price_pnl(self.pos, self.mark)

    @property
    def equity(self) -> int:
        return self.pos.balance + self.profit

    @property
    def opening(self) -> int:
        return self.pos.balance + min(self.profit, 0)

    @property
    def counted(self) -> int:
        """e* and what a settling market owes."""
        return (self.opening if self.stale else self.equity) + self.claim

    @property
    def notional(self) -> int:
        return spec.notional(self.pos.size, self.mark)

    @property
    def collectable(self) -> int:
        return 0 if self.stale else max(min(self.equity, self.payable), 0)

    @property
    def payable(self) -> int:
        return 0 if self.owes else self.pot


class Account(NamedTuple):
    """As IClearinghouse.AccountState."""

    equity: int
    full_equity: int
    opening: int
    initial_margin: int
    maintenance_margin: int
    notional: int
    lacking: int
    stale: bool
    jumped: bool


def account(free: int, legs: Sequence[Leg]) -> Account:
    """The sums of section 12."""
    return Account(
        equity=free + sum(leg.counted for leg in legs),
        full_equity=free + sum(leg.equity + leg.claim for leg in legs),
        opening=free + sum(leg.opening for leg in legs),
        initial_margin=sum(leg.terms.initial(leg.notional) for leg in legs),
        maintenance_margin=sum(leg.terms.maintenance(leg.notional) for leg in legs),
        notional=sum(leg.notional for leg in legs),
        lacking=sum(max(-leg.counted, 0) for leg in legs),
        stale=any(leg.stale for leg in legs),
        jumped=any(leg.jumped for leg in legs),
    )


class Cut(NamedTuple):
    """What a liquidation takes out of an account: section 12. `refused` says why nothing happens."""

    part: Pos
    rest: Pos
    from_free: int
    from_legs: dict[int, int]
    from_rest: int
    excess: int
    refused: str = ""

    @property
    def moved(self) -> int:
        return self.from_free + sum(self.from_legs.values()) + self.from_rest - self.excess


def cut(free: int, legs: dict[int, Leg], market: int, size: int) -> Cut:
    """The part as it leaves, and the rest as it stays, of the leg in a market."""
    all_, leg = account(free, list(legs.values())), legs[market]
    part, rest = spec.split(leg.pos, size)
    worth, rest_worth = spec.equity(part, leg.mark), spec.equity(rest, leg.mark)
    payers = {number: other.collectable for number, other in legs.items() if number != market}
    bankrupt = all_.full_equity < 0
    if worth >= 0 or not bankrupt:
        freed = leg.terms.maintenance(leg.notional) - leg.terms.maintenance(spec.notional(rest.size, leg.mark))
        due = max(min(all_.equity, MOST), 0) * freed // all_.maintenance_margin
        missing = max(due - worth, 0)
        excess = max(worth - due, 0)
    else:
        missing, excess = -worth * (free + sum(payers.values())) // all_.lacking, 0
    from_free = min(missing, free)
    missing -= from_free
    from_legs = {}
    for number in sorted(payers):
        if taken := min(missing, payers[number]):
            from_legs[number] = taken
            missing -= taken
    from_rest = min(missing, max(rest_worth, 0))
    change = from_free + sum(from_legs.values()) + from_rest - excess
    refused = ""
    if not bankrupt and worth + change < -16:
        refused = "stale price" if all_.equity < all_.full_equity else "pot is short"
    rest_change = (excess if rest.size else 0) - from_rest
    return Cut(
        part._replace(balance=part.balance + change),
        rest._replace(balance=rest.balance + rest_change),
        from_free,
        from_legs,
        from_rest,
        excess,
        refused,
    )


class Traded(NamedTuple):
    """A leg after a trade, in its market with what that owes the account, and the free collateral: section 12."""

    pos: Pos
    free: int
    pot: int
    owed: int


def traded(free: int, leg: Leg, size: int, notional: int, fees: int) -> Traded:
    """`leg` as it was; no other leg has to pay."""
    new, pot = spec.combine(Pos(size, -fees, notional), leg.pos), leg.pot
    worth = spec.equity(new, leg.mark)
    covered = min(max(-worth, 0), free)
    free, pot = free - covered, pot + covered
    new = new._replace(balance=new.balance + covered)
    payment = 0
    if not new.size:
        payment, new = new.balance, Pos()
    elif spec.side(size) == -spec.side(leg.pos.size) == -spec.side(new.size):
        kept, _ = spec.split(leg.pos, abs(new.size))
        payment = min(max(min(new.balance - kept.balance, worth), 0), leg.payable)
        new = new._replace(balance=new.balance - payment)
    paid = min(payment, 0 if leg.owes else pot)
    return Traded(new, free + paid, pot - paid, payment - paid)


class Kept(NamedTuple):
    """What a market stored when it was last touched."""

    time: int
    accrual: spec.Accrual
    borrow: int
    long_loss: int
    short_loss: int
    mark: int


class Seen(NamedTuple):
    mark: int
    long_index: int
    short_index: int


def median_mark(price: int, average: int, mid: int) -> int:
    """Section 3."""
    return sorted((price, price * max(0, 10**12 + average) // 10**12, mid or price))[1]


def seen(kept: Kept, terms: Terms, price: int, now: int, mid: int, stale: bool = False) -> Seen:
    """A market at a moment after that touch, of which nothing is stored: sections 3 and 4."""
    elapsed = 0 if stale else now - kept.time
    average, funding = kept.accrual.premium_ema, kept.accrual.funding_index
    if elapsed:
        average = spec.ema(average, kept.accrual.premium, elapsed)
        funding += spec.funding_step(average, price, elapsed, terms.cap_bps, terms.period)
    mark = median_mark(price, average, mid) if terms.median else price
    borrow = kept.borrow + terms.borrow_bps * mark * elapsed * 10**9 // (BPS * YEAR)
    return Seen(mark, funding + borrow + kept.long_loss, borrow + kept.short_loss - funding)


class Desk:
    """A clearinghouse with markets at 100, each with an oracle and a venue of its own that do what the test says."""

    def __init__(self, *terms: Terms):
        self.bare: BareHouse = bare_house()
        self.chain, self.house, self.engine = self.bare.chain, self.bare.house, self.bare.engine
        self.sender = self.chain.account("deployer")
        self.provider = self.chain.account("provider")
        self.terms = [Terms(), *terms]
        self.oracles: list[Contract] = []
        self.venues: list[Contract] = []
        for market, asked in enumerate(self.terms):
            self.oracles.append(self.chain.deploy(load("MockBadOracle"), PRICE, sender=self.sender))
            self.venues.append(self.chain.deploy(harness("ScriptedVenue"), sender=self.sender))
            words = asked.words(self.oracles[market].address, self.venues[market].address)
            self.send(self.bare.config, "set_market", market, *words)

    # ---- what others say

    def send(self, sender: str, function: str, *arguments: Any) -> Receipt:
        return self.house.transact(function, *arguments, sender=sender).check()

    def tell(self, market: int, function: str, *arguments: Any) -> None:
        data = self.house.encode(function, market, *arguments)
        self.venues[market].transact("tell", self.house.address, data, sender=self.sender).check()

    def push(self, market: int, price: int, updated_at: int = 0, jumped: bool = False) -> None:
        """A time of 0 is always now."""
        self.oracles[market].transact("set_price", price, updated_at, jumped, 0, sender=self.sender).check()

    def fail(self, market: int, mode: int = REVERTS) -> None:
        self.oracles[market].transact("set_mode", mode, sender=self.sender).check()

    def fill(self, market: int, notional: int, fees: tuple[int, int, int] = (0, 0, 0)) -> None:
        """What the next swaps cost: LP fee, protocol fee, penalty."""
        self.venues[market].transact("set_notional", notional, sender=self.sender).check()
        self.venues[market].transact("set_fees", *fees, sender=self.sender).check()

    def give(self, market: int, who: str, pos: Pos, mid: int = PRICE) -> None:
        """Worth at least 0 at mark: what a removed range leaves. Nobody pays for it."""
        self.tell(market, "venue_absorb", who, who, (0, pos.balance, pos.size, pos.notional, mid))

    def provide(self, market: int, amount: int, mid: int = PRICE) -> None:
        """Into the pot, as margin of ranges that are there no more."""
        self.tell(market, "venue_provide", self.provider, amount, mid)
        if amount:
            self.tell(market, "venue_absorb", self.provider, self.provider, (amount, 0, 0, 0, mid))

    def cross(self, who: str, free: int, *markets: int) -> None:
        """With that free collateral, before it has any leg."""
        self.send(who, "withdraw", self.free(who) - free)
        for market in markets or range(len(self.terms)):
            self.send(who, "set_margin_mode", market, True)

    def hold(self, market: int, who: str, pos: Pos) -> None:
        """Any position, whatever it is worth at the price that is said next."""
        self.push(market, 10**6 * WAD if pos.size > 0 else 10**12)
        self.give(market, who, pos)
        assert self.pos(market, who) == pos

    def owe(self, market: int, who: str, amount: int) -> None:
        """From now on the market owes somebody that much: its pot is empty, and pays nothing while it does."""
        self.give(market, who, Pos(1, amount, 100))
        self.give(market, who, Pos(-1, 0, 100))
        assert self.house.call("owed", market, who) == amount

    def stand(self, who: str, free: int, legs: dict[int, Leg]) -> None:
        """A cross account with these legs, in markets with these pots and prices."""
        self.cross(who, free, *legs)
        for market, leg in legs.items():
            if leg.owes:
                self.owe(market, self.chain.account("outsider"), 1)
            self.hold(market, who, leg.pos)
            self.provide(market, leg.pot)
            assert self.pot(market) == leg.pot
        for market, leg in legs.items():
            old = self.chain.timestamp - leg.terms.max_age - 1 if leg.stale else 0
            self.push(market, leg.mark, old, leg.jumped)

    def close_by_deleveraging(self, market: int, who: str, due: int, side: int = 1) -> None:
        """Leaves a record of size 0, with what is due to the account, at a mark of 100 less its side."""
        target = self.chain.account("target")
        self.give(market, target, Pos(-10 * side, 0, 1_000))
        self.give(market, who, Pos(10 * side, due, 1_000))
        self.push(market, PRICE + side * WAD)
        self.send(self.engine, "deleverage", market, target, 0, [who])
        assert self.pos(market, who) == Pos(0, due, 0)

    def take_over(
        self,
        market: int,
        keeper: str,
        target: str,
        size: int = MAX_UINT256,
        margin: int = 0,
        policy: int = AT_MAINTENANCE,
    ) -> Receipt:
        return self.bare.send(self.engine, "take_over", market, keeper, target, size, margin, policy, 0)

    def force_close(
        self,
        market: int,
        keeper: str,
        target: str,
        size: int = MAX_UINT256,
        policy: int = AT_MAINTENANCE | RESIDUE_TO_TRADER,
    ) -> Receipt:
        return self.bare.send(self.engine, "force_close", market, keeper, target, size, 0, policy, 0)

    def trade(self, market: int, who: str, size: int) -> Receipt:
        return self.bare.send(who, "trade", market, size, 0, 0, 0)

    # ---- what there is

    def free(self, who: str) -> int:
        return self.house.call("free_collateral", who)

    def pot(self, market: int) -> int:
        return self.house.call("pot", market)

    def pots(self) -> list[int]:
        return [self.pot(market) for market in range(len(self.terms))]

    def pos(self, market: int, who: str) -> Pos:
        """As stored, carry included."""
        record = self.house.call("position", market, who)
        return Pos(record.size, record.balance, record.entry_notional)

    def settled(self, market: int, who: str, now: Seen) -> Pos:
        record = self.house.call("position", market, who)
        index = now.long_index if record.size > 0 else now.short_index
        charge = spec.carry(record.size, index - record.entry_carry)
        return Pos(record.size, record.balance - charge, record.entry_notional)

    def account(self, who: str) -> Account:
        return Account(*self.house.call("account_state", who))

    def legs(self, who: str) -> int:
        return self.house.call("cross_markets", who)[1]

    def kept(self, market: int) -> Kept:
        """Touches the market."""
        self.send(self.sender, "accrue", market)
        state = self.house.call("market_state", market)
        accrual = spec.Accrual(state.funding_index, state.premium_ema, state.premium, state.accrued_at)
        losses = state.long_social_loss_index, state.short_social_loss_index
        return Kept(self.chain.timestamp, accrual, state.borrow_index, *losses, state.mark_price)
