"""Random lives of a venue against exact fractions: it always has what its ranges claim, and not much more."""

from dataclasses import dataclass, field
from fractions import Fraction
from math import ceil, floor

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from venue_desk import Desk, open_desk
from venue_reference import MAX_TICK, SPACING, Books, Held, align, price_of, sqrt_at

from nacre.units import Q96, RAY, WAD

PRICES = [WAD // 10**6, WAD // 250, WAD, 100 * WAD, 65_432 * WAD, 10**7 * WAD]
MOST_RANGES = 12

actions = st.one_of(
    st.tuples(st.just("add"), st.integers(0, 3), st.integers(1, 100), st.integers(1, 100), st.integers(0, 29)),
    st.tuples(st.just("swap"), st.integers(-1200, 1200).filter(bool), st.sampled_from([0, 1, 30, 2047]), st.booleans()),
    st.tuples(st.just("swap"), st.integers(-40, 40).filter(bool), st.sampled_from([0, 30]), st.booleans()),
    st.tuples(st.just("remove"), st.integers(0, 11)),
    st.tuples(st.just("fund"), st.integers(-300, 300)),
    st.tuples(st.just("mark"), st.integers(-15, 15)),
    st.tuples(st.just("sync")),
)


@dataclass
class Life:
    """A venue, its exact books, and how far rounding may have taken them apart."""

    desk: Desk
    books: Books = field(default_factory=Books)
    base_slack: Fraction = Fraction(0)
    cash_slack: int = 0
    fee_slack: Fraction = Fraction(0)
    fees_paid: int = 0
    fees_taken: int = 0
    accruals: int = 0

    def do(self, action: tuple) -> None:
        getattr(self, action[0])(*action[1:])
        self.check()

    # ---- actions

    def add(self, who: int, below: int, above: int, magnitude: int) -> None:
        provider = self.desk.chain.account(f"provider {who}")
        start = self.drifted()
        lower = max(align(start[1]) - SPACING * (below - 1), -MAX_TICK)
        upper = min(align(start[1]) + SPACING * above, MAX_TICK)
        margin = 10**magnitude + magnitude
        mark = self.desk.context.mark_price
        price = price_of(start[0])
        receipt = self.desk.add(provider, lower, upper, margin)
        if len(self.books.ranges) >= MOST_RANGES:
            return self.forget(receipt, provider, lower, upper)
        if receipt.ok:
            self.settle(start[0])
            assert (abs(price - mark) - 2) * 20 <= min(price, mark)
            self.books.ranges[provider, lower, upper] = Held(lower, upper, receipt.value, start[0], margin)
        elif receipt.reason == "venue too far from mark":
            assert (abs(price - mark) + 2) * 20 > min(price, mark)
        elif receipt.reason == "range exists":
            assert (provider, lower, upper) in self.books.ranges
        else:
            assert receipt.reason in ("range too small", "too much liquidity", "range not around price")
        return None

    def forget(self, receipt, provider: str, lower: int, upper: int) -> None:
        """Too many to look at: out again, at the price it came in."""
        if receipt.ok:
            event = self.desk.remove(provider, lower, upper).check().event("RangeRemoved")
            assert (event.size, event.fees) == (0, 0)
            self.settle(self.desk.sqrt_price)

    def swap(self, thousandths: int, fee_bps: int, all_there_is: bool) -> None:
        start = self.drifted()
        buy = thousandths > 0
        most = self.available(start[0], buy)
        size = most * thousandths // 1000 if not all_there_is else (most if buy else -most)
        if size == 0:
            return
        edges = len({tick for held in self.books.ranges.values() for tick in (held.lower, held.upper)})
        wanted = self.books.walk(start[0], size)
        # A buyer gets up to a wei less at each edge, a seller brings one more; and what one unit of price is worth.
        side = 1 if buy else -1
        less = max(abs(size) - edges - 1 - self.unit(), 0) * side
        less, more = self.books.walk(start[0], less), self.books.walk(start[0], size + (edges + 1) * side)
        terms = {"fee_bps": fee_bps, "band_bps": 10_000}
        quoted = self.desk.quote(size, **terms) if self.desk.swap_passes(size, **terms) else None
        receipt = self.desk.swap(size, **terms)
        if not receipt.ok:
            assert quoted is None
            assert receipt.reason in ("no liquidity", "venue too far", "size too large")
            assert receipt.reason != "no liquidity" or more is None
            return
        assert receipt.value == quoted
        assert less is not None
        self.settle(start[0])
        self.book(size, receipt.value, edges)
        if wanted:
            self.compare(size, receipt.value, *wanted, start[0], edges)

    def remove(self, index: int) -> None:
        if not self.books.ranges:
            return
        key = list(self.books.ranges)[index % len(self.books.ranges)]
        start = self.drifted()
        shown = self.desk.range_of(*key)
        event = self.desk.remove(key[0], *key[1:]).check().event("RangeRemoved")
        self.settle(start[0])
        held = self.books.ranges.pop(key)
        cash = held.cash(start[0])
        assert event.size == floor(held.size(start[0])) == shown.size
        assert (event.fees, event.funding) == (shown.fees, shown.funding)
        if event.size:
            assert event.entry_notional == (ceil(-cash) if event.size > 0 else floor(cash))
        rounding = event.balance - event.margin - event.fees + event.funding
        self.books.base -= event.size
        self.books.cash -= floor(cash)
        assert rounding == (0 if event.size else floor(cash))
        self.base_slack += 1
        self.cash_slack += 1
        self.fees_taken += event.fees
        self.fee_slack += 1

    def fund(self, tenths: int) -> None:
        step = tenths * self.desk.context.mark_price // 1000 * 10**9
        self.desk.set(funding_index=self.desk.context.funding_index + step)

    def mark(self, percent: int) -> None:
        mark = self.desk.context.mark_price * (100 + percent) // 100
        self.desk.set(mark_price=min(max(mark, WAD // 10**6), 10**7 * WAD))

    def sync(self) -> None:
        start = self.drifted()
        self.desk.sync().check()
        self.settle(start[0])
        assert self.desk.state == start

    # ---- what should have happened

    def drifted(self) -> tuple[int, int, int]:
        """Where the next call starts from."""
        if self.desk.liquidity:
            return self.desk.state
        before, mark = self.desk.state, price_of(self.desk.sqrt_price)
        snapshot = self.desk.chain.snapshot()
        self.desk.sync().check()
        state = self.desk.state
        self.desk.chain.revert(snapshot)
        # Towards mark, and no edge is left behind on the way.
        target = self.desk.context.mark_price
        low, high = sorted((before[0], state[0]))
        assert min(mark, target) - 1 <= price_of(state[0]) <= max(mark, target) + 1
        edges = {sqrt_at(tick) for held in self.books.ranges.values() for tick in (held.lower, held.upper)}
        assert not any(low < edge < high for edge in edges)
        return state

    def settle(self, sqrt_price: int) -> None:
        """The venue has accrued."""
        self.books.accrue(self.desk.context.funding_index, sqrt_price)
        self.accruals += 1

    def available(self, sqrt_price: int, buy: bool) -> int:
        end = sqrt_at(MAX_TICK) if buy else sqrt_at(-MAX_TICK)
        there = sum(held.size(sqrt_price) - held.size(end) for held in self.books.ranges.values())
        return floor(abs(there))

    def unit(self) -> int:
        """The most base that all ranges hold within one unit of the square root price."""
        lowest = min(sqrt_at(held.lower) for held in self.books.ranges.values())
        return sum(held.liquidity for held in self.books.ranges.values()) * Q96 // lowest**2 + 1

    def book(self, size: int, result, edges: int) -> None:
        state = self.desk.state
        depth = sum(held.liquidity for held in self.books.ranges.values())
        self.books.base -= size
        self.books.cash += result.notional if size > 0 else -result.notional
        self.fees_paid += result.lp_fee
        self.base_slack += edges + 1 + Fraction(depth * Q96, state[0] ** 2)
        self.cash_slack += edges + 1
        self.fee_slack += (edges + 1) * (2 + Fraction(depth, Q96))

    def compare(self, size: int, result, end: Fraction, notional: Fraction, start: int, edges: int) -> None:
        """The trade ends where fractions say, rounded up, and costs what they say, rounded against the taker."""
        state = self.desk.state
        below = Fraction((edges + 2 + self.unit()) * end**2, Q96) / min(
            held.liquidity for held in self.books.ranges.values()
        )
        assert 0 <= state[0] - end <= 1 + below
        worse = (result.notional - notional) * (1 if size > 0 else -1)
        depth = sum(held.liquidity for held in self.books.ranges.values())
        assert 0 <= worse <= edges + 1 + depth * (1 + below) / Q96
        assert size < 0 or state[0] > start

    def check(self) -> None:
        sqrt_price, tick, depth = self.desk.state
        assert sqrt_at(tick) <= sqrt_price <= sqrt_at(min(tick + 1, MAX_TICK))
        assert depth == self.books.liquidity_at(tick)
        assert self.desk.venue.call("mid_price") == (price_of(sqrt_price) if depth else 0)
        assert 0 <= self.books.base_dust(sqrt_price) <= self.base_slack
        assert 0 <= self.books.cash_dust(sqrt_price) <= self.cash_slack
        shown = {key: self.desk.range_of(*key) for key in self.books.ranges}
        fees = self.fees_taken + sum(held.fees for held in shown.values())
        assert 0 <= self.fees_paid - fees <= self.fee_slack + len(shown)
        pending = Fraction(self.desk.context.funding_index - self.books.funding_index, RAY)
        for key, held in self.books.ranges.items():
            exact = held.funding + held.size(sqrt_price) * pending
            rounding = 1 + Fraction(held.liquidity * (self.accruals + 8), 2**108)
            assert 0 <= shown[key].funding - exact <= rounding


@settings(max_examples=40, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(price=st.sampled_from(PRICES), life=st.lists(actions, min_size=4, max_size=30))
def test_venue_has_what_its_ranges_claim(price, life):
    one = Life(open_desk(price))
    for step in (20, 90):
        one.do(("add", 0, step, step, 24))
    for action in life:
        one.do(action)
