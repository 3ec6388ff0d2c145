"""Random lives of a treasury, with numbers up to the bounds, against exact fractions and what must always hold."""

from dataclasses import dataclass, field
from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st
from support.treasury import BOUND, PRECISION, TreasuryDesk

PERIOD = 10_000
NAMES = ("ann", "bea", "cid", "dan")

people = st.sampled_from(NAMES)
amounts = st.one_of(st.integers(1, 10), st.integers(1, 10**27), st.integers(1, BOUND))
actions = st.one_of(
    st.tuples(st.just("stake"), people, amounts),
    st.tuples(st.just("stake"), people, amounts),
    st.tuples(st.just("unstake"), people, st.integers(1, 100)),
    st.tuples(st.just("claim"), people),
    st.tuples(st.just("earn"), amounts, st.integers(0, 10**18)),
    st.tuples(st.just("collect")),
    st.tuples(st.just("collect")),
    st.tuples(st.just("period"), st.integers(3_600, 30 * 86_400)),
    st.tuples(st.just("wait"), st.one_of(st.integers(1, 60), st.integers(1, 40 * 86_400))),
)


@dataclass
class Life:
    """A treasury, and what everybody would have of it if nothing were ever rounded."""

    desk: TreasuryDesk
    due: dict[str, Fraction] = field(default_factory=lambda: dict.fromkeys(NAMES, Fraction(0)))
    slack: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))  # x PRECISION
    paid: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    stakes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(NAMES, 0))
    rate: Fraction = Fraction(0)
    ends: int = 0
    seen: int = 0
    kept: int = 0  # the remainder when last seen

    def __post_init__(self) -> None:
        self.seen = self.desk.chain.timestamp
        for name in NAMES:
            self.desk.arm(name, 10**39)
        self.desk.collateral.transact("mint", self.desk.custody.address, 10**39, sender=self.desk.owner).check()

    # ---- actions

    def do(self, action: tuple) -> None:
        getattr(self, action[0])(*action[1:])
        self.check()

    def pass_time(self) -> None:
        """What streamed since the last look, to each by his share; nothing while nobody stakes."""
        now, total = self.desk.chain.timestamp, sum(self.stakes.values())
        if total == 0:
            # The stream stands still, so its end moves on.
            self.ends += now - self.seen if self.ends > self.seen else 0
        else:
            flow = self.rate * max(0, min(now, self.ends) - self.seen)
            for name, stake in self.stakes.items():
                self.due[name] += flow * stake / total
                # He gets his share of what the last division kept back, and lacks that of what this one keeps back.
                self.slack[name] += -(-self.kept * stake // total) + stake
            self.kept = total  # which is more
        self.seen = now

    def stake(self, name: str, amount: int) -> None:
        receipt = self.desk.send(name, "stake", amount)
        self.pass_time()
        assert receipt.ok == (sum(self.stakes.values()) + amount <= BOUND)
        assert receipt.ok or receipt.reason == "too much staked"
        self.stakes[name] += amount if receipt.ok else 0

    def unstake(self, name: str, percent: int) -> None:
        amount = -(-self.stakes[name] * percent // 100)
        if amount:
            self.desk.send(name, "unstake", amount).check()
            self.pass_time()
            self.stakes[name] -= amount

    def claim(self, name: str) -> None:
        receipt = self.desk.send(name, "claim")
        self.pass_time()
        assert receipt.ok or receipt.reason == "nothing to claim"
        self.paid[name] += receipt.value or 0

    def earn(self, tokens: int, fraction: int) -> None:
        amount = min(tokens, BOUND // 100) * self.desk.scale + fraction % self.desk.scale
        self.desk.custody.transact("give", self.desk.treasury.address, amount, sender=self.desk.owner).check()

    def collect(self) -> None:
        receipt = self.desk.collect()
        self.pass_time()
        for event in receipt.events("DistributionStarted"):
            assert self.ends <= self.seen
            self.rate = Fraction(event.amount, event.period_seconds)
            self.ends = self.seen + event.period_seconds
            # The remainder goes with it; the rate is rounded down by less than one part a second.
            for name in NAMES:
                self.slack[name] += max(self.kept, event.period_seconds)

    def period(self, seconds: int) -> None:
        self.desk.send("owner", "set_period", seconds).check()

    def wait(self, seconds: int) -> None:
        self.desk.wait(seconds)

    # ---- what must hold

    def check(self) -> None:
        self.pass_time()
        desk, call = self.desk, self.desk.treasury.call
        held = call("total_received") - call("total_claimed")
        assert desk.balance(desk.collateral, desk.treasury.address) == held
        assert desk.balance(desk.share, desk.treasury.address) == call("total_staked") == sum(self.stakes.values())
        assert desk.ledger(*NAMES) == 0
        assert call("remainder") < PRECISION
        claimable = {name: desk.claimable(name) for name in NAMES}
        stream = call("distribution")
        assert sum(claimable.values()) + stream.remaining + call("undistributed") <= held
        assert sum(self.paid.values()) == call("total_claimed")
        for name in NAMES:
            assert desk.staked(name) == self.stakes[name]
            got = call("entitlement", desk.who(name)) + self.paid[name] * PRECISION
            assert abs(got - self.due[name] * PRECISION) <= self.slack[name]
        self.kept = call("remainder")

    def end(self) -> None:
        """Everybody leaves with everything: what remains is less than a unit for each, and one for the remainder."""
        for name in NAMES:
            self.do(("unstake", name, 100))
        for name in NAMES:
            self.do(("claim", name))
        call, stream = self.desk.treasury.call, self.desk.treasury.call("distribution")
        held = call("total_received") - call("total_claimed") - call("undistributed")
        left = held * PRECISION - stream.rate * stream.seconds_left
        assert 0 <= left <= (len(NAMES) + 1) * PRECISION


@settings(max_examples=40)
@given(decimals=st.sampled_from([0, 6, 18]), steps=st.lists(actions, min_size=5, max_size=40))
def test_whatever_happens(decimals: int, steps: list[tuple]) -> None:
    life = Life(TreasuryDesk.open(decimals, period=PERIOD))
    for action in steps:
        life.do(action)
    life.end()


@settings(max_examples=30)
@given(
    st.lists(st.tuples(people, st.integers(1, 10**30)), min_size=1, max_size=6),
    st.integers(1, 10**30),
    st.lists(st.integers(1, 1_000), min_size=1, max_size=8),
)
def test_when_somebody_looks_does_not_matter(stakes: list[tuple[str, int]], income: int, looks: list[int]) -> None:
    """With the same stakes throughout, calls in between change nobody's entitlement by a single part in 1e36."""
    desk = TreasuryDesk.open(18, period=PERIOD)
    for name, amount in stakes:
        desk.stake(name, amount)
    desk.distribute(income)
    start = desk.chain.timestamp
    snapshot = desk.chain.snapshot()
    for seconds in looks:
        with desk.chain.block(seconds=seconds):
            desk.send("passer-by", "collect").check()
    ends = desk.chain.timestamp + 5
    results = []
    for _ in range(2):
        desk.wait(ends - desk.chain.timestamp)
        results.append([desk.treasury.call("entitlement", desk.who(name)) for name in NAMES])
        if len(results) == 1:
            desk.chain.revert(snapshot)
            assert desk.chain.timestamp == start
    assert results[0] == results[1]
