"""Random lives of a treasury, contract and model side by side: equal in every number after every call."""

import random
from collections import Counter

import pytest
from support.treasury import BOUND, HOUR, TreasuryDesk

from nacre.model import Revert
from nacre.model.treasury import Treasury

PEOPLE = ("ann", "bea", "cid", "dan", "eve")
STEPS = 300
PAUSES = (1, 1, 12, HOUR - 1, HOUR, HOUR + 1, 86_400, 9 * 86_400, 60 * 86_400)


class Walk:
    """Draws what happens, tells both, compares them."""

    def __init__(self, decimals: int, seed: int) -> None:
        self.rng = random.Random(f"treasury {decimals} {seed}")
        self.desk = TreasuryDesk.open(decimals, period=HOUR)
        self.model = Treasury(decimals, HOUR)
        self.time = self.desk.chain.timestamp
        self.seen: Counter[str] = Counter()
        # Lives in small and in large numbers: at the bounds nothing else fits beside a large one.
        self.reach = (3, 9, 24, 35)[seed]
        for name in PEOPLE:
            self.desk.arm(name, 10**38)
        self.desk.collateral.transact("mint", self.desk.custody.address, 10**38, sender=self.desk.owner).check()

    def amount(self, at_most: int = 0) -> int:
        pick = self.rng.random()
        if pick < 0.1:
            return self.rng.choice((0, 1, at_most, at_most + 1, BOUND + 1))
        if pick < 0.5 and at_most:
            return self.rng.randint(1, at_most)
        return self.rng.randint(1, 10 ** self.rng.randint(1, self.reach))

    def step(self) -> None:
        name = self.rng.choice(PEOPLE)
        kind = self.rng.choice(("stake", "stake", "unstake", "claim", "collect", "collect", "give", "period"))
        with self.desk.chain.block(seconds=self.rng.choice(PAUSES)):
            self.model.wait(self.desk.chain.timestamp - self.time)
            self.time = self.desk.chain.timestamp
            # Several calls of one block: no time passes between them.
            for _ in range(self.rng.choice((1, 1, 1, 2, 3))):
                self.do(kind, name)
                self.compare()

    def do(self, kind: str, name: str) -> None:
        if kind == "give":
            wad = min(self.amount(), BOUND // 50) * self.rng.choice((1, self.desk.scale)) + self.rng.choice((0, 1, 7))
            self.model.free += wad
            self.desk.custody.transact("give", self.desk.treasury.address, wad, sender=self.desk.owner).check()
        elif kind == "period":
            seconds = self.rng.choice((HOUR - 1, HOUR, HOUR, HOUR + 7, 86_400, 30 * 86_400, 30 * 86_400 + 1))
            self.both("set_period", "owner", lambda: self.model.set_period(seconds), seconds)
        elif kind == "collect":
            limit = (self.amount(),) if self.rng.random() < 0.3 else ()
            self.both("collect", name, lambda: self.model.collect(*limit), *limit)
        elif kind == "claim":
            self.both("claim", name, lambda: self.model.claim(name))
        else:
            amount = self.amount(self.model.stakes.get(name, 0))
            self.both(kind, name, lambda: getattr(self.model, kind)(name, amount), amount)

    def both(self, function, name, told, *arguments) -> None:
        receipt = self.desk.send(name, function, *arguments)
        try:
            value, reason = told(), ""
        except Revert as revert:
            value, reason = None, revert.reason
        assert receipt.reason == reason, (receipt.what, arguments)
        assert receipt.value == value
        self.seen[reason or function] += 1
        self.seen["started"] += len(receipt.events("DistributionStarted"))

    def compare(self) -> None:
        self.model.look()
        model, call = self.model, self.desk.treasury.call
        seen = (
            *(call(view) for view in ("total_staked", "collectable", "undistributed", "period_seconds", "remainder")),
            *(call(view) for view in ("total_received", "total_claimed")),
            call("distribution").seconds_left,
            call("distribution").rate * call("distribution").seconds_left,
        )
        assert seen == (
            *(model.total_staked, model.collectable, model.undistributed, model.period, model.kept),
            *(model.received, model.claimed),
            model.seconds_left,
            model.streaming,
        )
        for name in PEOPLE:
            assert call("staked", self.desk.who(name)) == model.stakes.get(name, 0)
            assert call("entitlement", self.desk.who(name)) == model.earned.get(name, 0)
        held = self.desk.collateral.call("balanceOf", self.desk.treasury.address)
        assert held == model.received - model.claimed
        assert self.desk.ledger(*PEOPLE) == 0


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_contract_and_model_agree(decimals: int) -> None:
    seen: Counter[str] = Counter()
    for seed in range(4):
        walk = Walk(decimals, seed)
        for _ in range(STEPS):
            walk.step()
        seen += walk.seen
    outcomes = ("stake", "unstake", "claim", "collect", "set_period", "started", "zero amount", "bad period")
    assert min(seen[outcome] for outcome in (*outcomes, "too much staked", "insufficient stake")) >= 10, seen
    assert seen["nothing to claim"] >= 10
