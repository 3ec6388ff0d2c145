"""What a sequence may gain, and why: invariant 17.5 made exact.

Within a transaction price and time stand still. W is what the ring owns (each account, range and debt at least 0, at
mark), A what ranges lose to whoever trades their venue to mark. W + A must not rise: a trade against a range only moves
value between the two. What a policy gives away comes on top, from outsiders who are liquidatable as the transaction
begins, whose wealth is T, and from the part of the vault that is others', V:

    joint    W + A + T + V must not rise: what a liquidation moves, it moves from them to the ring. Tips come on top
    own      W + A rises by no more than
             - awards: the equity of an outsider who is liquidatable, where the policy knows takeover or a backstop, or
               the outsider is overdue; else its trading fees, the keeper's share of the liquidation fee and the
               force-close band, all of its notional
             - tips for removed ranges of outsiders
             - band and fees of what the vault holds, or gets in the transaction, from the ring too, when it unwinds;
               what a bankrupt position of the vault was worth at the earlier mark that deleveraging goes by

Between transactions at the same marks W + A grows by no more than funding: |dF| of the open interest and of what the
ring's ranges hold. When a mark moves, W becomes what everything is worth at the new one, each at least 0: more by no
more than what the winning legs make of the jump; where deleveraging goes by the mark of an earlier block, a bankrupt
position counts at that. A and T are measured anew. So a whole sequence gains at most the price profit of its winning
legs, what ranges offer off mark, and awards.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from nacre.fuzz.free_money.settings import OUTSIDERS, RING, VAULT
from nacre.fuzz.free_money.world import Phase, Played, RangeKey, World
from nacre.fuzz.system.world import equity
from nacre.model.stages import Stage
from nacre.units import BPS, RAY, WAD


@dataclass(slots=True)
class Moment:
    """Outsiders and vault between two transactions."""

    worth: dict[str, int]  # of who is liquidatable
    health: dict[tuple[int, str], Any]
    vault_of_others: int
    vault_assets: int
    states: list[Any]  # of the markets
    inventory: list[int]  # of the ring's ranges, by market
    revival: int  # what bankrupt positions of the vault are worth at the earlier mark that deleveraging may go by


@dataclass(slots=True)
class Verdict:
    """Of one transaction."""

    gain: int
    joint: int = 0
    allowed: int = 0
    drift: int = 0  # since the transaction before, with what explains it taken off
    tolerance: int = 0
    reasons: dict[str, int] = field(default_factory=dict)  # what is allowed, by kind

    @property
    def excess(self) -> int:
        """What nothing explains."""
        return max(self.gain - self.allowed, self.joint, self.drift) - self.tolerance


def tolerance(world: World, phase: Phase) -> int:
    """Of one transaction, wei: each step may round by a wei of size, worth its price, and a wei."""
    wei = max(price // WAD + 1 for price in (*world.price.values(), *(phase.prices or {}).values()))
    return (len(phase.steps) + 2) * (wei + 1)


def suspicious(world: World, phases: Sequence[Phase], played: Sequence[Played]) -> bool:
    """More than rounding: has to be explained."""
    return any(
        max(result.gain, _drift(played, number) if not phase.prices else 0) > tolerance(world, phase)
        for number, (phase, result) in enumerate(zip(phases, played, strict=True))
    )


def _drift(played: Sequence[Played], number: int) -> int:
    return played[number].before - played[number - 1].after if number else 0


def verdicts(world: World, phases: Sequence[Phase]) -> list[Verdict]:
    """Plays the sequence again and looks at everybody in between."""
    keys = world.ranges(phases)
    before: list[Moment] = []
    after: list[Moment] = []

    def look(number: int, is_after: bool) -> None:
        if is_after:
            after.append(_moment(world, before[number].worth, keys))
        else:
            before.append(_moment(world, None, keys))

    played = world.play(phases, look)
    found = []
    for number, (phase, result) in enumerate(zip(phases, played, strict=True)):
        verdict = _verdict(world, phases[: number + 1], phase, result, before[number], after[number])
        if number and not phase.prices and (funding := _funding(after[number - 1], before[number])) is not None:
            verdict.drift = _drift(played, number) - funding
        found.append(verdict)
    return found


def _moment(world: World, failing: dict[str, int] | None, keys: Sequence[RangeKey]) -> Moment:
    """`failing`: whom to follow; None: whoever is liquidatable now."""
    names = [*OUTSIDERS, VAULT, *RING]
    health: dict[tuple[int, str], Any] = {}
    for number in range(len(world.markets)):
        for name in names:
            found = world.health(number, name)
            if found is not None and found.size:
                health[number, name] = found
    if failing is None:
        failing = {n: 0 for (_, n), found in health.items() if found.stage >= Stage.LIQUIDATABLE and n in OUTSIDERS}
    worth = {name: world.worth(name) for name in failing}
    others, assets = _vault(world)
    states = [world.house.call("market_state", number) for number in range(len(world.markets))]
    return Moment(worth, health, others, assets, states, world.inventory(keys), _revival(world, states))


def _revival(world: World, states: Sequence[Any]) -> int:
    total = 0
    for number, (config, state) in enumerate(zip(world.settings.markets, states, strict=True)):
        if config.loss == "adl" and config.adl_price == "previous_mark" and state.previous_mark:
            held = world.house.call("position", number, world.address[VAULT])
            if equity(held, state) < 0:
                total += max(0, equity(held, state._replace(mark_price=state.previous_mark)))
    return total


def _vault(world: World) -> tuple[int, int]:
    """What the vault holds for others than the ring, and all it holds."""
    held = world.vault.call("appraisal")
    assets = int(held.free_collateral + held.equity + held.owed)
    shares = 0
    for name in RING:
        leaving = world.vault.call("redeem_request", world.address[name])
        shares += world.vault.call("balanceOf", world.address[name]) + leaving.waiting + leaving.matured
    supply = world.vault.call("totalSupply") + 10**6
    return assets - shares * (assets + world.system.unit) // supply, assets


def _verdict(
    world: World, so_far: Sequence[Phase], phase: Phase, result: Played, before: Moment, after: Moment
) -> Verdict:
    verdict = Verdict(result.gain, tolerance=tolerance(world, phase))
    taken = sum(before.worth.values()) - sum(after.worth.values())
    tips = _tips(world, phase)
    revived = max(0, before.revival - after.revival)
    verdict.joint = result.gain - taken - (before.vault_of_others - after.vault_of_others) - tips - revived
    awards = sum(_award(world, so_far, before, name) for name in (*OUTSIDERS, VAULT))
    reasons = {"tips": tips, "awards": awards, "unwinding": _unwinding(world, before), "revival": revived}
    verdict.reasons = {kind: amount for kind, amount in reasons.items() if amount}
    verdict.allowed = sum(verdict.reasons.values())
    return verdict


def _funding(earlier: Moment, later: Moment) -> int | None:
    """What time alone may bring; None if marks moved, which is as good as a jump."""
    total = 0
    for old, new, inventory in zip(earlier.states, later.states, later.inventory, strict=True):
        if (old.mark_price, old.previous_mark) != (new.mark_price, new.previous_mark):
            return None
        held = max(new.total_long, new.total_short) + inventory
        total += abs(new.funding_index - old.funding_index) * held // RAY
    return total


def _award(world: World, so_far: Sequence[Phase], before: Moment, name: str) -> int:
    """The most that a policy gives away of an outsider who fails it."""
    total, account = 0, 0
    waited = sum(phase.after for phase in so_far)
    for (number, holder), health in before.health.items():
        if holder != name or health.stage < Stage.LIQUIDATABLE:
            continue
        config = world.settings.markets[number]
        award = max(health.equity, 0)
        if not (config.takeover or config.backstop_bps or 0 < config.last_resort_seconds <= waited):
            band = config.force_close_band_bps or max(1, config.mmr_bps // 5)
            reward = config.liquidation_fee_bps * config.reward_share_bps // BPS + 1
            award = min(award, health.notional * (band + reward + config.trading_fee_bps) // BPS)
        if health.cross:
            # The equity of the account, however many legs it has.
            account = max(account, award)
        else:
            total += award
    return total + account


def _tips(world: World, phase: Phase) -> int:
    """For removing ranges of outsiders: each bounded by the market's tip."""
    keys = {
        (step["market"], step["target"], step["lower"], step["upper"])
        for step in phase.steps
        if step["do"] == "remove_range" and step["target"] not in RING
    }
    return sum(int(world.settings.markets[number].tip * WAD) for number, *_ in keys)


def _unwinding(world: World, before: Moment) -> int:
    """Of what the vault holds, or may get from anybody, the ring too: its band, and the fees that providers earn."""
    if before.vault_assets == 0:
        return 0
    total = 0
    band = world.settings.terms.band_bps
    for (number, name), health in before.health.items():
        config = world.settings.markets[number]
        if name == VAULT or (config.backstop_bps and health.stage >= Stage.LIQUIDATABLE):
            total += health.notional * (band + config.trading_fee_bps) // BPS
    return min(total, before.vault_assets)
