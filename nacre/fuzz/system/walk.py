"""One campaign: draws and does actions, and checks after each what must hold."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from nacre.chain import Receipt
from nacre.fuzz.invariants import Broken, ensure
from nacre.fuzz.system import deleveraged, exits, invariants, promises
from nacre.fuzz.system.generator import Generator
from nacre.fuzz.system.invariants import LIQUIDATIONS, Footprint, Ledger, Risk
from nacre.fuzz.system.settings import Settings
from nacre.fuzz.system.world import Action, View, World, equity
from nacre.model.stages import Stage

# Everything is checked after so many actions; in between, the markets that the action worked on.
FULL_CHECK = 25
# So often some accounts are asked whether they could leave.
EXIT_PROBE = 20
PROBED_ACCOUNTS = 2
ERRORS = Path(__file__).resolve().parents[3] / "docs" / "errors.md"


@cache
def documented_reasons() -> frozenset[str]:
    """Those that docs/errors.md explains."""
    return frozenset(re.findall(r"^\| `([^`]+)` \|", ERRORS.read_text(), re.MULTILINE))


class Failure(Exception):
    """Something that must hold does not. `kind` tells shrinking what to look for."""

    def __init__(self, text: str) -> None:
        super().__init__(text)
        self.kind = re.sub(r"\d+", "#", text)[:24]


@dataclass(slots=True)
class Walk:
    """State of a campaign."""

    world: World
    trace: list[Action] = field(default_factory=list)
    coverage: Counter[tuple[str, str]] = field(default_factory=Counter)
    events: Counter[str] = field(default_factory=Counter)
    ledger: Ledger = field(default_factory=Ledger)

    def __post_init__(self) -> None:
        self.ledger.unfunded = [0] * len(self.world.markets)
        self.ledger.bound = [0] * len(self.world.markets)

    def step(self, action: Action) -> str | None:
        """Does the action and checks everything; returns the reason of a refusal."""
        self.trace.append(action)
        try:
            return self._step(action)
        except Broken as broken:
            raise Failure(f"{action['do']}: {broken}") from None

    def _step(self, action: Action) -> str | None:
        world = self.world
        world.advance(action)
        footprint = invariants.footprint(world, action)
        before = world.look(sorted(footprint.markets))
        self._check_view(before, footprint)
        promise = promises.foresee(world, action) if action["do"] in ("takeover", "force_close") else None
        foreseen = deleveraged.foresee(world, action) if action["do"] == "adl" else None
        risk = self._risk(before, action)
        share = self._share(action)
        legs = self._legs(footprint)
        backing = self._backing(action)
        receipt = world.send(action)
        reason = receipt.reason if receipt is not None and not receipt.ok else None
        self._note(action, reason)
        if promise is not None and receipt is not None:
            promises.check(world, action, promise, receipt)
        if foreseen is not None:
            deleveraged.check_refusal(foreseen, reason)
        if reason is not None:
            ensure(reason in documented_reasons(), f"refused without a documented reason: {reason!r}")
            if risk is not None and not risk.target.cross:
                promises.check_refusal(action, risk.target.stage, reason)
            return reason
        after = world.look(sorted(footprint.markets))
        self._check_view(after, footprint)
        self._check_step(action, footprint, before, after, legs)
        if risk is not None and receipt is not None:
            self._check_liquidation(action, before, after, risk, receipt)
            if foreseen is not None:
                deleveraged.check(world, action, foreseen, before, after, receipt)
        if share is not None:
            self._check_share(share)
        if backing is not None and receipt is not None:
            invariants.settling_ruins_nobody(backing, self._account(action["target"]), receipt)
        if len(self.trace) % FULL_CHECK == 0:
            self.check_all()
        if len(self.trace) % EXIT_PROBE == 0:
            exits.check(world, len(self.trace) // EXIT_PROBE, PROBED_ACCOUNTS)
        return None

    # ---- parts

    def _check_view(self, view: View, footprint: Footprint) -> None:
        for number in sorted(footprint.markets):
            invariants.check_market(self.world, self.ledger, number, view.markets[number])

    def _risk(self, view: View, action: Action) -> Risk | None:
        if action["do"] not in LIQUIDATIONS:
            return None
        market = view.markets[action["market"]]
        if market.state is None:
            return None
        target = self.world.health(action["market"], action["target"])
        pots = [cheap.pot for cheap in view.cheap]
        return Risk(invariants.total_deficit(self.world, market, pots), target)

    def _backing(self, action: Action) -> int | None:
        """Equity of a cross account of which a leg is about to be settled."""
        if action["do"] != "settle_account":
            return None
        held = self.world.held(action["market"], action["target"])
        return self._account(action["target"]) if held.size and held.cross else None

    def _account(self, name: str) -> int:
        return int(self.world.house.call("account_state", self.world.address[name]).full_equity)

    def _legs(self, footprint: Footprint) -> dict[tuple[int, str], int]:
        """Equities of involved cross accounts in the other markets."""
        found = {}
        for name in sorted(footprint.names):
            legs = self.world.modes(name)[1]
            for number in range(len(self.world.markets)):
                if legs >> number & 1 and number not in footprint.markets:
                    found[number, name] = self._leg(number, name)
        return found

    def _leg(self, number: int, name: str) -> int:
        held, state = self.world.held(number, name), self.world.state(number)
        return equity(held, state) if state is not None else int(held.balance)

    def _check_step(
        self, action: Action, footprint: Footprint, before: View, after: View, legs: dict[tuple[int, str], int]
    ) -> None:
        invariants.assets_match(self.world, after)
        invariants.nobody_else_pays(before, after, footprint)
        for old, new in zip(before.cheap, after.cheap, strict=True):
            invariants.indices_never_fall(old, new)
        paid: dict[int, int] = {}
        for (number, name), worth in legs.items():
            paid[number] = paid.get(number, 0) + worth - self._leg(number, name)
        invariants.other_markets_stay(before, after, footprint, paid)
        for number in sorted(footprint.markets):
            old_market, new_market = before.markets[number], after.markets[number]
            invariants.nothing_from_nowhere(old_market, new_market, footprint)
            if old_market.state is None or new_market.state is None or action["do"] == "wait":
                continue
            invariants.dust_is_bounded(self.ledger, number, old_market, new_market)
            self._count(old_market.state, new_market.state)

    def _check_liquidation(self, action: Action, before: View, after: View, risk: Risk, receipt: Receipt) -> None:
        number = action["market"]
        market = after.markets[number]
        target = self.world.health(number, action["target"])
        pots = [cheap.pot for cheap in before.cheap]
        found = Risk(invariants.total_deficit(self.world, market, pots), target)
        bound = invariants.dust_bound(before.markets[number], market)
        invariants.liquidation_is_fair(risk, found, bound)
        kind = f"{action['do']} of {'a cross' if risk.target.cross else 'an isolated'} account"
        self.events[f"{kind}, {Stage(risk.target.stage).title}"] += 1
        ensure(risk.target.stage >= Stage.LIQUIDATABLE, f"9: {action['do']} at stage {risk.target.stage}")
        if action["do"] == "backstop":
            ensure(risk.target.stage >= Stage.BACKSTOP, f"9: backstop at stage {risk.target.stage}")
            ensure(target.size == 0, "the backstop left something")
            vault = self.world.vault
            ensure(vault.call("committed", number) <= vault.call("loss_cap", number), "more committed than the cap")
        if action["do"] == "adl":
            ensure(risk.target.stage == Stage.BANKRUPT, f"9: deleveraged at stage {risk.target.stage}")

    def _share(self, action: Action) -> tuple[int, int] | None:
        """Assets and shares of the vault, before somebody comes or goes."""
        if action["do"] != "vault" or action["what"] in ("unwind", "release", "settle", "claim"):
            return None
        return self._worth()

    def _worth(self) -> tuple[int, int]:
        vault = self.world.vault
        return int(vault.call("totalAssets")), int(vault.call("totalSupply"))

    def _check_share(self, before: tuple[int, int]) -> None:
        assets, supply = self._worth()
        old_assets, old_supply = before
        # With the virtual asset and shares that the vault counts with.
        fallen = (assets + 1) * (old_supply + 10**6) < (old_assets + 1) * (supply + 10**6)
        ensure(not fallen, f"share price fell: {old_assets}/{old_supply} to {assets}/{supply}")

    def check_all(self) -> None:
        """Every market, the treasury and the vault."""
        world = self.world
        view = world.look(range(len(world.markets)))
        everything = Footprint(frozenset(), frozenset(range(len(world.markets))))
        self._check_view(view, everything)
        invariants.assets_match(world, view)
        invariants.treasury_can_pay(world)
        invariants.vault_holds_requests(world)

    def _note(self, action: Action, reason: str | None) -> None:
        kind = action["do"]
        if kind in ("vault", "treasury"):
            kind = f"{kind} {action['what']}"
        self.coverage[kind, reason or "done"] += 1

    def _count(self, old: Any, new: Any) -> None:
        for name, happened in (
            ("social loss of longs", new.long_social_loss_index > old.long_social_loss_index),
            ("social loss of shorts", new.short_social_loss_index > old.short_social_loss_index),
            ("provider loss", new.lp_factor < old.lp_factor or new.lp_epoch > old.lp_epoch),
            ("insurance paid", new.insurance_fund < old.insurance_fund),
            ("unallocated loss", new.unallocated_loss > old.unallocated_loss),
            ("owed", new.owed_total > old.owed_total and not new.final_price),
            ("claim of a settled market", new.owed_total > old.owed_total and new.final_price > 0),
            ("new epoch", new.lp_epoch > old.lp_epoch),
        ):
            self.events[name] += happened


def replay(world: World, actions: Sequence[Action]) -> Walk:
    """Runs literal actions; raises Failure."""
    walk = Walk(world)
    for action in actions:
        walk.step(action)
    walk.check_all()
    return walk


def wander(walk: Walk, settings: Settings, count: int) -> Iterator[int]:
    """Draws and does `count` actions, yielding their number."""
    generator = Generator(settings, walk.world)
    for action in generator.setup():
        walk.step(action)
    for number in range(count):
        walk.step(generator.draw())
        yield number
