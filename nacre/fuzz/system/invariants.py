"""What must always hold (docs/spec.md section 17), of what the contracts show before and after each action."""

from dataclasses import dataclass, field
from typing import Any

from nacre.chain import Receipt
from nacre.fuzz.invariants import ensure
from nacre.fuzz.system.settings import NAMES, PEOPLE
from nacre.fuzz.system.world import Action, Cheap, MarketView, View, World, equity
from nacre.model.rounding import ceil_div
from nacre.units import Q96, RAY, WAD

LIQUIDATIONS = frozenset({"takeover", "force_close", "backstop", "adl"})


@dataclass(slots=True)
class Footprint:
    """What an action may touch: names whose free collateral may change, markets that it works on."""

    names: frozenset[str]
    markets: frozenset[int]


@dataclass(slots=True)
class Ledger:
    """Of each market.

    unfunded  wei * RAY: funding that nobody paid or got on what rounding left with the venue
    bound     wei: the dust that there may be by now
    dust      as the market was last seen: ranges, funding index, residue
    """

    unfunded: list[int] = field(default_factory=list)
    bound: list[int] = field(default_factory=list)
    dust: dict[int, tuple[int, int, int]] = field(default_factory=dict)


# ---- one snapshot


def assets_match(world: World, view: View) -> None:
    """17.1: tokens held are free collateral and pots, but for donations."""
    claims = sum(view.free.values()) + sum(market.pot for market in view.cheap)
    held = world.assets()
    ensure(held - world.donated == claims, f"1: assets {held} - {world.donated} differ from claims {claims}")


def sizes_match(view: MarketView) -> None:
    """17.3: totals and holder counts are those of the records; the ranges hold no more than the venue's inventory."""
    sizes = [position.size for position in view.positions.values()]
    state, sheet = view.state, view.sheet
    ensure(sheet.missing_long == 0 and sheet.missing_short == 0, f"3: missing {sheet}")
    ensure(sum(s for s in sizes if s > 0) == state.total_long, "3: total long")
    ensure(sum(-s for s in sizes if s < 0) == state.total_short, "3: total short")
    ensure(sum(s > 0 for s in sizes) == state.holders_long, f"3: holders long {state.holders_long}, {sizes}")
    ensure(sum(s < 0 for s in sizes) == state.holders_short, f"3: holders short {state.holders_short}, {sizes}")
    ensure(residue(view) >= 0, f"3: ranges hold {-residue(view)} more than the venue's inventory")


def residue(view: MarketView) -> int:
    """Size that rounding left with the venue, at most a wei a range too much. Of a settling market: none, its positions
    become claims one by one."""
    if view.state.final_price:
        return 0
    return int(view.state.total_short - view.state.total_long - sum(r.size for r in view.ranges.values()))


def debts_match(world: World, number: int, view: MarketView) -> None:
    """What is owed is owed to somebody; records without a size hold no debt."""
    owed = sum(world.owed(number, name) for name in NAMES)
    ensure(owed == view.state.owed_total, f"owed {owed}, total {view.state.owed_total}")
    for name, position in view.positions.items():
        ensure(position.size != 0 or position.balance >= 0, f"{name} owes {position.balance} without a position")
    # A few wei may be missing: the factor is rounded once for all.
    ensure(view.sheet.missing_margin >= 0, f"range margin {view.sheet.missing_margin}")


def dust_is_not_negative(ledger: Ledger, number: int, view: MarketView) -> None:
    """17.2: the pot covers all claims at mark, but for the funding of the venue's own residue."""
    dust = view.sheet.dust * RAY + ledger.unfunded[number]
    ensure(dust >= 0, f"2: dust {view.sheet.dust} in market {number}, unfunded {ledger.unfunded[number] / RAY:.0f}")


def check_market(world: World, ledger: Ledger, number: int, view: MarketView) -> None:
    """Everything that one snapshot of a market shows."""
    if view.state is None:
        return
    follow(ledger, number, view)
    sizes_match(view)
    debts_match(world, number, view)
    dust_is_not_negative(ledger, number, view)


def follow(ledger: Ledger, number: int, view: MarketView) -> None:
    """Goes on with what has accrued since the market was looked at."""
    now = view.state.funding_index
    count, index, left = ledger.dust.get(number, (0, now, 0))
    step = now - index
    ledger.unfunded[number] += left * step + (count + 1) * abs(step)
    ledger.dust[number] = (len(view.ranges), now, residue(view))


# ---- two snapshots


def dust_bound(before: MarketView, after: MarketView) -> int:
    """The most that one action may add to the dust, wei: docs/derivations.md, section 5. A liquidation of a whole cross
    account, a deleveraging or a settlement rounds once for each party."""
    old, new = before.state, after.state
    price = max(old.mark_price, new.mark_price)
    interest = max(old.total_long, old.total_short, new.total_long, new.total_short)
    liquidity = max(sum(r.liquidity for r in view.ranges.values()) for view in (before, after))
    lowest = max(1, min(before.root, after.root))
    stretches = 2 * max(len(before.ranges), len(after.ranges)) + 1
    size = 1 + ceil_div(liquidity * Q96, lowest**2)
    by_stretch = ceil_div(size * price, WAD) + ceil_div(liquidity, Q96) + 1
    by_factor = ceil_div(max(old.lp_margin, new.lp_margin), max(1, min(old.lp_factor, new.lp_factor)))
    parties = len(NAMES) * 2 + len(before.ranges) + len(after.ranges)
    ranges = len(before.ranges) + len(after.ranges)
    by_rounding = ceil_div(price, WAD) * (ranges + parties) + ceil_div(liquidity, 2**100) + 8 * parties + 8
    return stretches * by_stretch + ceil_div(8 * interest, RAY) + 2 * by_factor + by_rounding


def dust_is_bounded(ledger: Ledger, number: int, before: MarketView, after: MarketView) -> None:
    """17.2, second half."""
    left = residue(before)
    moved = (left + len(before.ranges)) * abs(after.state.mark_price - before.state.mark_price) // WAD
    funded = (left + len(before.ranges)) * abs(after.state.funding_index - before.state.funding_index) // RAY
    grown = after.sheet.dust - before.sheet.dust
    bound = dust_bound(before, after) + moved + funded
    ledger.bound[number] += bound
    ensure(abs(grown) <= bound, f"2: dust of market {number} grew by {grown}, more than {bound}")


def indices_never_fall(before: Cheap, after: Cheap) -> None:
    """17.4, first half."""
    ensure(after.long_loss >= before.long_loss, "4: long index fell")
    ensure(after.short_loss >= before.short_loss, "4: short index fell")


def nobody_else_pays(before: View, after: View, footprint: Footprint) -> None:
    """Free collateral of accounts that an action does not name stays what it is."""
    for name, amount in before.free.items():
        ensure(
            name in footprint.names or after.free[name] == amount,
            f"free collateral of {name} from {amount} to {after.free[name]}",
        )


def other_markets_stay(before: View, after: View, footprint: Footprint, paid: dict[int, int]) -> None:
    """17.7: elsewhere only the pot may fall, by what an involved cross account's profits there paid: `paid`."""
    for number, (old, new) in enumerate(zip(before.cheap, after.cheap, strict=True)):
        if number in footprint.markets:
            continue
        same = old.fund == new.fund and old.long_loss == new.long_loss and old.short_loss == new.short_loss
        ensure(same, f"7: fund or indices of market {number} changed from elsewhere")
        # Settling a carry in between rounds.
        fallen, meant = old.pot - new.pot, paid.get(number, 0)
        close = abs(fallen - meant) <= 2 * len(NAMES) * (meant != 0)
        ensure(close, f"7: pot of {number} fell by {fallen}, paid {meant}")


def nothing_from_nowhere(before: MarketView, after: MarketView, footprint: Footprint) -> None:
    """Records of accounts that an action does not name stay what they are."""
    for name, old in before.positions.items():
        ensure(name in footprint.names or after.positions[name] == old, f"record of {name} changed")


# ---- liquidations


@dataclass(slots=True)
class Risk:
    """How a market and a target stand at mark, right before or after a liquidation."""

    deficit: int
    target: Any


def total_deficit(world: World, view: MarketView, pots: list[int]) -> int:
    """What is missing: of isolated positions each, of cross accounts what free collateral and profits, as far as the
    pots can pay them, leave of the losses. `pots` are those before the liquidation, so that only losses count."""
    total = 0
    for position in view.positions.values():
        if position.size and position.cross:
            continue
        total += max(0, -equity(position, view.state))
    states: dict[int, Any] = {}
    for name in NAMES:
        if legs := world.modes(name)[1]:
            total += max(0, _lacking(world, name, legs, pots, states))
    return total


def _lacking(world: World, name: str, legs: int, pots: list[int], states: dict[int, Any]) -> int:
    """Of a cross account, net of what it can be paid."""
    lacking = -world.free(name)
    for number, pot in enumerate(pots):
        if legs >> number & 1:
            states[number] = states[number] if number in states else world.state(number)
            held, state = world.held(number, name), states[number]
            worth = equity(held, state) if state is not None else held.balance
            payable = 0 if state is None or state.owed_total or state.final_price else min(worth, pot)
            lacking -= worth if worth < 0 else payable
    return lacking


def liquidation_is_fair(before: Risk, after: Risk, bound: int) -> None:
    """17.6: it neither lowers what is left of the target's equity / MM nor enlarges the total deficit."""
    grown = after.deficit - before.deficit
    ensure(grown <= bound, f"6: deficit grew by {grown}, bound {bound}")
    old, new = before.target, after.target
    if not new.size or not new.maintenance_margin:
        return
    if old.equity < 0:
        ensure(new.equity >= old.equity - bound, f"6: negative equity from {old.equity} to {new.equity}")
        return
    worse = old.equity * (new.maintenance_margin - 4) - (new.equity + bound) * (old.maintenance_margin + 4)
    ensure(worse <= 0, f"6: equity from {old.equity} to {new.equity}, MM from {old.maintenance_margin}")


def settling_ruins_nobody(before: int, after: int, receipt: Receipt) -> None:
    """Whoever is settled is worth what it was, and at most what the market absorbs of its loss more."""
    absorbed = sum(event.deficit for event in receipt.events("DeficitAbsorbed"))
    ensure(after == before + absorbed, f"settled: equity from {before} to {after}, {absorbed} absorbed")


def footprint(world: World, action: Action) -> Footprint:
    """What the action may touch."""
    names = {action[key] for key in ("who", "target", "to") if isinstance(action.get(key), str)}
    markets = {action["market"]} if "market" in action else set()
    match action["do"]:
        case "backstop":
            names.add("vault")
            modes, legs = world.modes(action["target"])
            if modes >> action["market"] & 1:
                markets |= {number for number in range(len(world.markets)) if legs >> number & 1}
        case "adl":
            names |= set(action["list"])
        case "vault":
            names.add("vault")
            if action["what"] in ("unwind", "release", "settle"):
                markets |= {action["args"][0]}
        case "claim" if action["target"] == "vault":
            names.add("vault")
        case "treasury" | "collect":
            names.add("treasury")
        case "wait":
            markets |= set(range(len(world.markets)))
    return Footprint(frozenset(names), frozenset(markets))


# ---- treasury and vault


def treasury_can_pay(world: World) -> None:
    """What stakers may claim and what streams or waits is there."""
    treasury, token = world.treasury, world.system.token
    held = token.call("balanceOf", treasury.address)
    earned = sum(treasury.call("claimable", world.address[name]) for name in PEOPLE)
    waiting = treasury.call("undistributed") + treasury.call("distribution").remaining
    ensure(earned + waiting <= held, f"treasury holds {held}, owes {earned} and {waiting}")
    left = treasury.call("total_received") - treasury.call("total_claimed")
    ensure(left <= held, f"treasury holds {held}, {left} by its books")


def vault_holds_requests(world: World) -> None:
    """What was brought for deposits is there; shares are somebody's."""
    vault, token = world.vault, world.system.token
    requested = 0
    shares = vault.call("balanceOf", vault.address)
    ensure(shares >= vault.call("queued_shares"), "queued shares are missing")
    for name in PEOPLE:
        request = vault.call("deposit_request", world.address[name])
        requested += request.waiting + request.matured
        shares += vault.call("balanceOf", world.address[name])
    ensure(requested == vault.call("requested_assets"), "requested assets differ from the sum of requests")
    ensure(token.call("balanceOf", vault.address) >= requested, "assets brought for deposits are missing")
    ensure(shares == vault.call("totalSupply"), "shares differ from the supply")
