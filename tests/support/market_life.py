"""One world with everybody in it who can be in a market, and every state that market can be brought into.

    life = open_life()                        # deployed once; the index price is 90, everything is fresh
    with life.brought_into(state):            # status, pause, grace, oracle; undone afterwards
        life.exchange.house.transact(...)

Market `main` goes through its life; `other`, at 100, stays well. At FINAL, where the price is in every state:

    holder     long 10, isolated, healthy            crosser   short 10 in main and long 5 in other, cross, healthy
    failing    long 10, isolated, solvent, below MM  sinking   long 10, cross, solvent, below MM
    bankrupt   long 10, isolated, below zero         drowned   long 10, cross, below zero
    early      long 1, isolated, healthy             bear      short of all the rest: brought the venue to MID
    provider   a wide range, healthy                 idler     a range that the price has left
    faller     a range below MM                      saver     has shares of the vault, some of them queued
    vault      long 10 that it took over             keeper, newcomer, joiner (cross): free collateral only
"""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any, NamedTuple

from support.exchange import WIDE, Exchange, new_exchange
from support.spec import ceil

from nacre.artifacts import load
from nacre.chain import Contract, Receipt
from nacre.units import BPS, WAD

MAX_AGE = 600
GRACE = 7_200
DELAY = 1_800
# A mode of MockBadOracle.
REVERTS_SILENTLY = 2
QUEUE = 60
FEE_BPS = 10
MAIN, OTHER = 0, 1
BEFORE, FINAL = 90 * WAD, 88 * WAD + WAD // 2
# The venue stays a little above: who sells there in distress gets no less than mark.
MID = 90 * WAD + WAD // 2
SIZE = 10 * WAD
LIFE: dict[str, Any] = {
    "cross_margin": True,
    "loss": "adl",
    "min_notional": 10,
    "max_open_interest": 100_000,
    "max_deviation_bps": 10_000,
    "force_close_band_bps": 2_000,
    "protocol_fee_bps": FEE_BPS,
    "oracle_max_age": MAX_AGE,
    "grace_seconds": GRACE,
    "settlement_delay": DELAY,
    "push_jump_bps": 100,
    "backstop_bps": 10_000,
    "backstop_loss_cap": 2_000,
}
# Edges of ranges. The price has left the second one and the third; at FINAL the third has lost too much.
IDLE, FALLEN = (45_100, 46_150), (45_500, 46_150)
RANGES = {"provider": WIDE, "idler": IDLE, "faller": FALLEN}
FREE = {"keeper": 10_000, "newcomer": 1_000, "joiner": 1_000, "early": 1_000}
HOLDERS = ("holder", "failing", "bankrupt", "crosser", "sinking", "drowned", "bear", "early")

STATUSES = ("active", "reduce-only", "settling", "abandoned", "settled")
ORACLES = ("fresh", "jumped", "stale", "dead", "failing", "gone")
# Of what has begun to settle, in the order in which it comes.
ENDING = ("settling", "abandoned", "settled")


class State(NamedTuple):
    """Of the market `main`.

    status   active; reduce-only (owner); settling (owner), abandoned (settled by anyone, for want of a price): `early`
             has become a claim, nobody else; settled: everybody has
    paused   by the guardian
    grace    the oracle was silent for longer than its heartbeat and came back less than the grace period ago
    oracle   fresh; jumped in this very block; stale; dead: stale for longer than the settlement delay; failing: it
             reverts; gone: has reverted for that long, since somebody noted it
    """

    status: str
    paused: bool
    grace: bool
    oracle: str

    @property
    def ending(self) -> bool:
        return self.status in ENDING

    @property
    def closed(self) -> bool:
        return self.paused or self.status == "reduce-only"

    @property
    def silent(self) -> bool:
        return self.oracle in ("stale", "dead")

    @property
    def failing(self) -> bool:
        return self.oracle in ("failing", "gone")

    def __str__(self) -> str:
        words = [self.status, "paused" * self.paused, "grace" * self.grace, self.oracle]
        return " ".join(word for word in words if word)


STATES = [State(*axes) for axes in product(STATUSES, (False, True), (False, True), ORACLES)]


@dataclass
class Life:
    exchange: Exchange
    bad_oracle: Contract

    # ---- who and what

    def who(self, name: str) -> str:
        return self.exchange.system.vault.address if name == "vault" else self.exchange.chain.account(name)

    @property
    def vault(self) -> Contract:
        return self.exchange.system.vault

    def act(self, name: str, contract: Contract, function: str, *arguments: Any) -> Receipt:
        return contract.transact(function, *arguments, sender=self.who(name))

    def must(self, name: str, contract: Contract, function: str, *arguments: Any) -> Receipt:
        return self.act(name, contract, function, *arguments).check()

    def own(self, function: str, *arguments: Any) -> Receipt:
        """By the owner, through Config."""
        return self.exchange.config.transact(function, *arguments, sender=self.exchange.system.owner).check()

    def free(self, name: str) -> int:
        return self.exchange.free(self.who(name))

    def size(self, name: str, market: int = MAIN) -> int:
        return self.exchange.record(self.who(name), market).size

    def tokens(self, name: str) -> int:
        return self.exchange.token.call("balanceOf", self.who(name))

    def owed(self, name: str) -> int:
        return self.exchange.house.call("owed", MAIN, self.who(name))

    # ---- how it came about

    def fund(self, name: str, amount: int) -> None:
        self.exchange.system.fund(self.who(name), amount)

    def opened(self, name: str, size: int, worth: int) -> None:
        """A long, isolated position that is worth so much at FINAL."""
        margin = worth + self.costs(size)
        self.fund(name, margin)
        self.exchange.trade(self.who(name), size, margin)

    def costs(self, size: int) -> int:
        """What a long loses until FINAL, its fee included."""
        notional, _ = self.exchange.quote(size)
        return notional - size * FINAL // WAD + ceil(notional * FEE_BPS, BPS)

    def crossed(self, name: str, free: int, **sizes: int) -> None:
        """Cross positions, by market."""
        self.fund(name, free)
        for number, market in enumerate(("main", "other")):
            if market in sizes:
                self.must(name, self.exchange.house, "set_margin_mode", number, True)
                self.exchange.trade(self.who(name), sizes[market], market=number)

    def push(self, price: int, ends_outage: bool = False) -> None:
        """To both markets. Unless told so, no push counts as the end of an outage."""
        for market in self.exchange.system.markets.values():
            level = price if market.name == "main" else 100 * WAD
            now = None if ends_outage else self.exchange.chain.timestamp
            self.exchange.system.push_price(market, level, now)

    def keep_other_fresh(self) -> None:
        other = self.exchange.system.markets["other"]
        self.exchange.system.push_price(other, 100 * WAD, self.exchange.chain.timestamp)

    # ---- states

    @contextmanager
    def brought_into(self, state: State) -> Iterator[None]:
        """While the price has just jumped everything inside is one block."""
        with ExitStack() as stack:
            stack.enter_context(self.exchange.undone())
            if state.grace:
                self.exchange.chain.mine(MAX_AGE + 1)
                self.push(BEFORE, ends_outage=True)
            self._set_status(state)
            self._set_oracle(state, stack)
            yield

    def _set_status(self, state: State) -> None:
        if state.paused:
            self.exchange.config.transact("pause", MAIN, sender=self.exchange.system.guardian).check()
        if state.status == "reduce-only":
            self.own("set_reduce_only", MAIN, True)
        if not state.ending:
            return
        self.push(FINAL)
        if state.status == "abandoned":
            self.exchange.chain.mine(MAX_AGE + DELAY + 1)
            self.keep_other_fresh()
            self.must("outsider", self.exchange.house, "settle_dead_market", MAIN)
        else:
            self.own("settle_market", MAIN, 0)
        if state.status == "settled":
            self.settle_all()
        else:
            self.must("outsider", self.exchange.house, "settle_account", MAIN, self.who("early"))

    def _set_oracle(self, state: State, stack: ExitStack) -> None:
        chain = self.exchange.chain
        if state.oracle == "jumped":
            self.push(BEFORE)
            stack.enter_context(chain.block())
        self.push(FINAL)
        if state.failing:
            self.break_oracle(state)
            if state.oracle == "gone" and not state.ending:
                self.must("outsider", self.exchange.house, "settle_dead_market", MAIN)
        if state.silent or state.failing:
            chain.mine(MAX_AGE + 1 + (DELAY if state.oracle in ("dead", "gone") else 0))
            self.keep_other_fresh()

    def break_oracle(self, state: State) -> None:
        """Touched at FINAL for the last time, then it reverts without a word."""
        if not state.ending:
            self.must("outsider", self.exchange.house, "accrue", MAIN)
        ended = self.exchange.oracle.call("outage_end")
        self.must("outsider", self.bad_oracle, "set_price", FINAL, 0, False, ended)
        params = self.exchange.config.call("market_params", MAIN)._asdict()
        self.own("set_market_params", MAIN, params | {"oracle": self.bad_oracle.address})
        self.must("outsider", self.bad_oracle, "set_mode", REVERTS_SILENTLY)

    # ---- the end, by calls that anyone may make

    def settle_all(self) -> None:
        """Every range and every position of the settling market becomes a claim."""
        for name, edges in RANGES.items():
            if self.exchange.venue.call("range_of", self.who(name), *edges).liquidity:
                self.must("outsider", self.exchange.venue, "remove_liquidity", *edges, self.who(name))
        for name in (*HOLDERS, *RANGES, "keeper", "vault"):
            record = self.exchange.record(self.who(name))
            if record.size or record.balance:
                self.must("outsider", self.exchange.house, "settle_account", MAIN, self.who(name))


@lru_cache(maxsize=1)
def open_life() -> Life:
    """Deployed once; whoever changes it takes it back."""
    exchange = new_exchange(liquidity=0, free=0, **LIFE)
    life = Life(exchange, exchange.chain.deploy(load("MockBadOracle"), FINAL, sender=exchange.system.deployer))
    exchange.list_market("other", **LIFE | {"grace_seconds": 0})
    for name, free in FREE.items():
        life.fund(name, free * WAD)
    life.must("joiner", exchange.house, "set_margin_mode", MAIN, True)
    _provide(life)
    _fill_vault(life)
    life.opened("holder", SIZE, 300 * WAD)
    life.opened("failing", SIZE, 30 * WAD)
    life.opened("victim", SIZE, 30 * WAD)
    life.opened("bankrupt", SIZE, -10 * WAD)
    exchange.trade(life.who("early"), WAD, 50 * WAD)
    life.crossed("crosser", 2_000 * WAD, main=-SIZE, other=5 * WAD)
    for name, worth in (("sinking", 30), ("drowned", -10)):
        life.crossed(name, worth * WAD + life.costs(SIZE), main=SIZE)
    life.fund("bear", 20_000 * WAD)
    # through the edges of the narrow ranges, one at a time
    for margin in (15_000, 0, 0):
        exchange.lead_venue(life.who("bear"), MID, margin * WAD)
    # below FINAL, where some of its margin will then be free
    life.push(88 * WAD)
    life.must("outsider", exchange.engine, "liquidate_by_backstop", MAIN, life.who("victim"))
    # free collateral for whoever wants to move some
    for name in ("holder", "failing", "bankrupt", "provider"):
        life.fund(name, 1_000 * WAD)
    life.push(BEFORE)
    return life


def _provide(life: Life) -> None:
    for name, margin in (("provider", 20_000), ("idler", 300), ("faller", 300)):
        life.fund(name, margin * WAD)
        life.exchange.provide(life.who(name), margin * WAD, *RANGES[name])
    life.fund("sponsor", 20_000 * WAD)
    life.exchange.provide(life.who("sponsor"), 20_000 * WAD, market="other")


def _fill_vault(life: Life) -> None:
    vault, saver = life.vault, life.who("saver")
    life.own("set_backstop_delays", vault.address, 0, 0)
    life.exchange.system.mint(saver, 5_000 * WAD)
    life.must("saver", life.exchange.token, "approve", vault.address, 2**255)
    life.must("saver", vault, "deposit", 3_000 * WAD, saver)
    life.own("set_backstop_delays", vault.address, QUEUE, QUEUE)
    life.must("saver", vault, "request_deposit", 500 * WAD)
    life.must("saver", vault, "request_redeem", vault.call("balanceOf", saver) // 2)
    life.exchange.chain.mine(QUEUE)
