"""One campaign: the same actions on the model and on the contracts, compared and checked after each."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace

from nacre.fuzz import invariants, model_driver
from nacre.fuzz.chain_driver import ChainSide
from nacre.fuzz.compare import compare, compare_engine, compare_lens
from nacre.fuzz.exits import blocked_exit
from nacre.fuzz.generator import Action, Generator
from nacre.fuzz.invariants import Broken, View
from nacre.fuzz.promises import Promise, foresee
from nacre.fuzz.settings import ACCOUNTS, KEEPER, NAMES, Settings
from nacre.fuzz.views import world_view
from nacre.model import World
from nacre.model.oracle import is_sane
from nacre.model.positions import initial_margin
from nacre.units import MAX_UINT256, WAD

# Everything is compared after so many actions; in between, what the action may have touched.
FULL_COMPARISON = 25
# So often some accounts are asked whether they could leave.
EXIT_PROBE = 40
PROBED_ACCOUNTS = 3


class Failure(Exception):
    """The contracts and the model disagree, or an invariant broke. `kind` tells shrinking what to look for."""

    def __init__(self, kind: str, text: str) -> None:
        super().__init__(f"{kind}: {text}")
        self.kind = kind
        self.text = text
        self.walk: Walk | None = None


@dataclass(slots=True)
class Walk:
    """State of a campaign. Without `chain` the model walks alone."""

    settings: Settings
    world: World
    chain: ChainSide | None
    view: View
    trace: list[Action] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    ledger: invariants.Ledger = field(default_factory=invariants.Ledger)
    thorough: bool = False

    # ---- one action

    def step(self, action: Action) -> str | None:
        """Does the action on both sides and checks everything; returns the reason of a refusal."""
        self.trace.append(action)
        promise = self._advance(action)
        self._look()
        before = self.view
        reason = model_driver.send(self.world, action)
        self.coverage[action["do"], reason or "done"] += 1
        if self.chain is not None:
            self._check_chain(action, reason, promise)
        if reason is None:
            self._look()
            self._check(lambda: invariants.check_step(before, self.view, action))
            self._count_events(before, self.view)
        if len(self.trace) % EXIT_PROBE == 0:
            self._probe_exits()
        return reason

    def _probe_exits(self) -> None:
        for turn in range(PROBED_ACCOUNTS):
            name = ACCOUNTS[(len(self.trace) // EXIT_PROBE + turn) % len(ACCOUNTS)]
            if blocked := blocked_exit(self.world, self.chain, name):
                raise Failure("exit", blocked)

    def _advance(self, action: Action) -> Promise | None:
        model_driver.advance(self.world, action)
        if self.chain is None:
            return None
        self.chain.advance(action)
        return foresee(self.chain, action) if action["do"] in ("takeover", "force_close") else None

    def _look(self) -> None:
        """The next snapshot; funding may have gone on since the last."""
        view = world_view(self.world)
        self.ledger.follow(self.view, view)
        self.view = view
        self._check(lambda: invariants.check_state(view, self.ledger))

    @staticmethod
    def _check(check: Callable[[], None]) -> None:
        try:
            check()
        except Broken as broken:
            raise Failure("invariant", str(broken)) from None

    def _check_chain(self, action: Action, reason: str | None, promise: Promise | None) -> None:
        chain = self.chain
        assert chain is not None
        found = chain.send(action)
        if found != reason:
            raise Failure("reason", f"{action['do']}: model {reason!r}, chain {found!r}")
        if promise is not None and (broken := promise.broken(reason, chain)):
            raise Failure("promise", broken)
        if self.thorough or len(self.trace) % FULL_COMPARISON == 0:
            self.compare_all()
        elif reason is None:
            self._compare_touched(action)

    def _compare_touched(self, action: Action) -> None:
        number = action.get("market", len(self.settings.markets))
        numbers = [number] if number < len(self.settings.markets) else []
        touched = {action.get(key) for key in ("who", "target", "sender")} | set(action.get("accounts", ()))
        names = [name for name in NAMES if name in touched]
        self._report(compare(self.world, self.chain, numbers, names, venues=True) if self.chain else [])

    def compare_all(self) -> None:
        """Every number that is stored."""
        if self.chain is None:
            return
        found = compare(self.world, self.chain, range(len(self.settings.markets)))
        found += compare_engine(self.world, self.chain)
        for number in range(len(self.settings.markets)):
            found += compare_lens(self.world, self.chain, number)
        if self.world.house.assets != self.chain.assets():
            found.append(f"assets: model {self.world.house.assets}, chain {self.chain.assets()}")
        self._report(found)

    @staticmethod
    def _report(differences: list[str]) -> None:
        if differences:
            raise Failure("difference", "\n    ".join(differences[:12]))

    def _count_events(self, before: View, after: View) -> None:
        for old, new in zip(before.markets, after.markets, strict=True):
            long_loss = new.long_social_loss > old.long_social_loss
            for name, happened in (
                ("social loss of longs", long_loss),
                ("social loss of shorts", new.short_social_loss > old.short_social_loss),
                ("provider loss", new.lp_factor < old.lp_factor or new.lp_epoch > old.lp_epoch),
                ("new epoch", new.lp_epoch > old.lp_epoch),
                ("insurance paid", new.insurance_fund < old.insurance_fund),
                ("unallocated loss", new.unallocated_loss > old.unallocated_loss),
                ("owed", new.owed_total > old.owed_total),
                ("bankruptcy resolved", invariants.total_deficit(new) == 0 < invariants.total_deficit(old)),
            ):
                self.events[name] += happened

    # ---- the end

    def finish(self) -> None:
        """Invariant 17.10: permissionless calls bring every bankrupt account to zero."""
        self.compare_all()
        for number in range(len(self.settings.markets)):
            self._clean_up(number)
        self.compare_all()

    def _clean_up(self, number: int) -> None:
        price = self.world.market(number).oracle.price
        price = price if is_sane(price) else self.settings.price
        self.step({"do": "price", "market": number, "to": price, "after": 1})
        self.step({"do": "price", "market": number, "to": price, "after": 1})
        for _ in range(4 * len(NAMES)):
            bankrupt = self._bankrupt(number)
            if not bankrupt:
                return
            takers = [name for name in (KEEPER, *NAMES) if name not in bankrupt]
            if not takers:
                raise Failure("invariant", "10: everybody is bankrupt")
            self._rescue(number, bankrupt[0], takers[0])
        raise Failure("invariant", f"10: still bankrupt: {self._bankrupt(number)}")

    def _bankrupt(self, number: int) -> list[str]:
        market = self.view.markets[number]
        return [n for n, p in market.positions.items() if p.equity(market.price, market.index_of(p.size)) < 0]

    def _rescue(self, number: int, target: str, taker: str) -> None:
        market, p = self.view.markets[number], self.world.market(number).parameters
        size = market.positions[target].amount
        own = self.world.market(number).position_of(taker)
        # Enough for the initial margin of both, for what the taker's own lacks, and for this deficit's share.
        need = initial_margin(size + own.amount, market.price, p) * 2 + invariants.total_deficit(market) + WAD
        need += max(0, own.entry_notional - own.balance) // 10
        place = {"market": number, "who": taker, "target": target, "size": MAX_UINT256, "after": 1}
        for margin in (need, 8 * need, 64 * need):
            tokens = min(margin // self.world.house.scale + 1, 10**30 // self.world.house.scale)
            self.step({"do": "deposit", "who": taker, "amount": tokens, "after": 1})
            reason = self.step({"do": "takeover", "margin": min(margin, tokens * self.world.house.scale)} | place)
            if reason is None:
                return
            if reason == "self liquidation":
                self.step({"do": "set_operator", "who": target, "operator": taker, "approved": False, "after": 1})
        raise Failure("invariant", f"10: cannot take over the bankrupt {target}: {reason}")


def begin(settings: Settings, chain: ChainSide | None) -> Walk:
    """Model and contracts in the same state."""
    world = model_driver.new_world(settings)
    if chain is not None:
        _adopt_times(world, chain)
    walk = Walk(settings, world, chain, world_view(world))
    walk.compare_all()
    return walk


def _adopt_times(world: World, chain: ChainSide) -> None:
    """The markets were listed one after the other, at times that only the chain knows."""
    world.house.now = chain.now
    for number, market in enumerate(world.house.markets):
        state = chain.market_state(number)
        market.funding = replace(market.funding, time=chain.listed_at[number])
        market.draw_time = chain.now
        market.oracle.updated_at = market.oracle.pushed_at = state.price_time


def replay(settings: Settings, chain: ChainSide | None, actions: Sequence[Action], thorough: bool = False) -> Walk:
    """Runs literal actions; raises Failure."""
    walk = begin(settings, chain)
    walk.thorough = thorough
    for action in actions:
        walk.step(action)
    walk.compare_all()
    return walk


def wander(walk: Walk, count: int) -> Iterator[int]:
    """Draws and does `count` actions, yielding their number now and then; then cleans up."""
    generator = Generator(walk.settings, walk.world)
    for action in generator.setup():
        if reason := walk.step(action):
            raise Failure("setup", f"{action}: {reason}")
    for number in range(count):
        walk.step(generator.draw())
        yield number
    walk.finish()
