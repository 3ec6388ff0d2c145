"""What must always hold (docs/spec.md section 17), on snapshots of the model or of the chain alike.

Each function returns nothing or raises `Broken`. `check_state` applies those that need one snapshot, `check_step` those
that compare the snapshots before and after one action.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from nacre.model.positions import Position
from nacre.model.rounding import ceil_div
from nacre.units import Q96, RAY, WAD

RESIDUE_UNIT = 2**64
FINE = RAY * RESIDUE_UNIT


class Broken(Exception):
    """An invariant that does not hold."""


@dataclass(slots=True)
class MarketView:
    """What one market looks like. `ranges` are the venue's ranges as settled positions at their real inventory.

    residue  size that rounding left with the venue and no range holds, in wei * 2^64, at most one unit a range too high
    edges    how many ticks are initialised: a swap has at most one stretch more
    liquidity, sqrt_price  of all ranges together, in range or not, and where the venue stands
    """

    price: int
    positions: dict[str, Position]
    ranges: dict[tuple[str, int, int], Position]
    range_margins: int
    long_index: int
    short_index: int
    long_social_loss: int
    short_social_loss: int
    total_long: int
    total_short: int
    holders_long: int
    holders_short: int
    insurance_fund: int
    pot: int
    protocol_fees: int
    unallocated_loss: int
    owed: dict[str, int]
    owed_total: int
    lp_margin: int
    lp_factor: int
    lp_epoch: int
    funding_index: int
    edges: int
    residue: int
    liquidity: int
    sqrt_price: int

    def index_of(self, size: int) -> int:
        return self.long_index if size > 0 else self.short_index

    def holdings(self) -> Iterator[Position]:
        yield from self.positions.values()
        yield from self.ranges.values()

    def equities(self, price: int) -> int:
        """Of everybody, as Position.equity; written out because it is what a walk spends its time on."""
        total = 0
        for held in self.holdings():
            size = held.size
            index = self.long_index if size > 0 else self.short_index
            carry = -(-abs(size) * (index - held.entry_carry) // RAY)
            worth = size * price // WAD
            total += held.balance + worth - (held.entry_notional if size > 0 else -held.entry_notional) - carry
        return total

    def dust(self, price: int) -> int:
        """What the pot holds beyond all claims on it, if the mark were `price`."""
        claims = self.equities(price) + self.insurance_fund + self.protocol_fees + self.owed_total
        return self.pot + self.unallocated_loss - claims

    @property
    def open_interest(self) -> int:
        return max(self.total_long, self.total_short)

    @property
    def parties(self) -> int:
        return len(self.positions) + len(self.ranges)


@dataclass(slots=True)
class View:
    """A whole clearinghouse. `assets` is the token balance in WAD, `donated` what came in without a deposit."""

    assets: int
    free: dict[str, int]
    markets: list[MarketView]
    donated: int = 0


@dataclass(slots=True)
class Ledger:
    """Runs along with the snapshots.

    unfunded  of each market, wei * RAY * 2^64: the funding that nobody paid or got on what rounding left with the
              venue. That residue is long and paid for, so it is dust; but its funding is missing on the other side.
    """

    unfunded: list[int] = field(default_factory=list)

    def follow(self, before: View, after: View) -> None:
        """Goes on from one snapshot to the next."""
        self.unfunded = self.unfunded or [0] * len(after.markets)
        for number, (old, new) in enumerate(zip(before.markets, after.markets, strict=True)):
            step = new.funding_index - old.funding_index
            self.unfunded[number] += old.residue * step + len(old.ranges) * abs(step)

    def of(self, number: int) -> int:
        return self.unfunded[number] if self.unfunded else 0


def ensure(condition: bool, text: str) -> None:
    if not condition:
        raise Broken(text)


# ---- one snapshot


def assets_cover_claims(view: View) -> None:
    """17.1: tokens held = free collateral + pots, and free collateral is never negative."""
    claims = sum(view.free.values()) + sum(market.pot for market in view.markets)
    ensure(view.assets - view.donated == claims, f"1: assets {view.assets} differ from claims {claims}")
    ensure(all(amount >= 0 for amount in view.free.values()), "1: negative free collateral")


def pot_covers_equities(market: MarketView, unfunded: int) -> None:
    """17.2: the dust is not negative, at the mark and far from it, but for the funding of the venue's own residue."""
    for price in (market.price, market.price // 3, market.price * 4, 0):
        dust = market.dust(price)
        ensure(dust * FINE + unfunded >= 0, f"2: dust {dust} at {price}, unfunded {unfunded / FINE:.0f}")


def sizes_sum_to_zero(market: MarketView) -> None:
    """17.3: totals and holders are those of the positions; the venue's ranges hold no more than its inventory."""
    sizes = [position.size for position in market.positions.values()]
    ensure(sum(s for s in sizes if s > 0) == market.total_long, "3: total long")
    ensure(sum(-s for s in sizes if s < 0) == market.total_short, "3: total short")
    ensure(sum(s > 0 for s in sizes) == market.holders_long, "3: holders long")
    ensure(sum(s < 0 for s in sizes) == market.holders_short, "3: holders short")
    inventory = market.total_short - market.total_long
    held = sum(position.size for position in market.ranges.values())
    ensure(held <= inventory, f"3: ranges hold {held} of {inventory}")


def books_are_sane(market: MarketView) -> None:
    """What is stored unsigned stays so; what is owed is owed to somebody; ranges own no more than their margin."""
    ensure(sum(market.owed.values()) == market.owed_total, "owed total")
    amounts = (market.insurance_fund, market.pot, market.protocol_fees, market.unallocated_loss, market.lp_margin)
    ensure(all(amount >= 0 for amount in amounts), "negative amount")
    ensure(market.range_margins <= market.lp_margin, f"range margins {market.range_margins} > {market.lp_margin}")
    ensure(all(position.size and position.entry_notional >= 0 for position in market.positions.values()), "position")


def check_state(view: View, ledger: Ledger) -> None:
    """Everything that one snapshot can show."""
    assets_cover_claims(view)
    for number, market in enumerate(view.markets):
        pot_covers_equities(market, ledger.of(number))
        sizes_sum_to_zero(market)
        books_are_sane(market)


# ---- two snapshots


def indices_never_fall(before: MarketView, after: MarketView) -> None:
    """17.4, first half."""
    ensure(after.long_social_loss >= before.long_social_loss, "4: long index fell")
    ensure(after.short_social_loss >= before.short_social_loss, "4: short index fell")


def dust_step_bound(before: MarketView, after: MarketView) -> int:
    """The most that one call may add to the dust, wei: docs/derivations.md, section 5.

    A stretch of a swap may leave with the venue a wei of size, or what a unit of the square root price moves, L / p in
    units of 2^-96. A loss index is rounded up: a RAY of the open interest. The factor on range margins is rounded down:
    margin / factor. Each party's equity rounds by a few wei.
    """
    price = max(before.price, after.price)
    interest = max(before.open_interest, after.open_interest)
    stretches = max(before.edges, after.edges) + 1
    liquidity, lowest = max(before.liquidity, after.liquidity), min(before.sqrt_price, after.sqrt_price)
    size = 1 + ceil_div(liquidity * Q96, lowest**2)
    by_stretch = ceil_div(size * price, WAD) + ceil_div(liquidity, Q96) + 1
    by_factor = ceil_div(max(before.lp_margin, after.lp_margin), min(before.lp_factor, after.lp_factor))
    parties = before.parties + after.parties
    ranges = len(before.ranges) + len(after.ranges)
    by_rounding = ceil_div(price, WAD) * ranges + ceil_div(liquidity, 2**100) + 8 * parties + 8
    return stretches * by_stretch + ceil_div(4 * interest, RAY) + by_factor + by_rounding


def dust_is_bounded(before: MarketView, after: MarketView) -> None:
    """17.2 and 17.4, second half: a call adds no more dust than the bound, at the same mark and funding index."""
    residue_moved = before.residue * (after.price - before.price) // (WAD * RESIDUE_UNIT)
    residue_funded = before.residue * (after.funding_index - before.funding_index) // FINE
    grown = after.dust(after.price) - before.dust(before.price) - residue_moved + residue_funded
    bound = dust_step_bound(before, after)
    ensure(grown <= bound, f"2: dust grew by {grown}, more than {bound}")


def other_markets_untouched(before: View, after: View, number: int) -> None:
    """17.7: nothing done in one market changes another one's money."""
    for index, (old, new) in enumerate(zip(before.markets, after.markets, strict=True)):
        if index == number:
            continue
        same = (
            old.insurance_fund == new.insurance_fund
            and old.pot == new.pot
            and old.long_social_loss == new.long_social_loss
            and old.short_social_loss == new.short_social_loss
            and old.unallocated_loss == new.unallocated_loss
            and old.protocol_fees == new.protocol_fees
            and old.positions == new.positions
        )
        ensure(same, f"7: market {index} changed by an action in {number}")


def total_deficit(market: MarketView) -> int:
    """What bankrupt accounts lack at mark."""
    equities = (p.equity(market.price, market.index_of(p.size)) for p in market.positions.values())
    return sum(-equity for equity in equities if equity < 0)


def liquidation_is_fair(before: MarketView, after: MarketView, target: str) -> None:
    """17.6: a liquidation never lowers what is left of the target's equity / MM, never enlarges the total deficit."""
    rounding = dust_step_bound(before, after)
    grown = total_deficit(after) - total_deficit(before)
    ensure(grown <= rounding, f"6: deficit grew by {grown}")
    old, new = before.positions[target], after.positions.get(target)
    if new is None:
        return
    old_equity = old.equity(before.price, before.index_of(old.size))
    new_equity = new.equity(after.price, after.index_of(new.size))
    # Equity over MM goes with equity over size; the remainder's rounding costs it a few wei.
    worse = old_equity * new.amount - (new_equity + 4) * old.amount
    ensure(worse <= 0, f"6: equity of {target} from {old_equity} to {new_equity}")


def check_step(before: View, after: View, action: dict[str, Any]) -> None:
    """Everything that shows between the snapshots right before and right after an action that went through."""
    for old, new in zip(before.markets, after.markets, strict=True):
        indices_never_fall(old, new)
        dust_is_bounded(old, new)
    number = action.get("market")
    if number is None or number >= len(after.markets):
        return
    other_markets_untouched(before, after, number)
    if action["do"] in ("takeover", "force_close"):
        liquidation_is_fair(before.markets[number], after.markets[number], action["target"])
