"""The index price of a market and how it came about: spec section 3."""

from dataclasses import dataclass

from nacre.model.rounding import require
from nacre.units import BPS, WAD

LOWEST_PRICE = WAD // 10**6
HIGHEST_PRICE = 10**7 * WAD


@dataclass(slots=True)
class Oracle:
    """The newest price, and the one at the end of the last earlier block."""

    price: int = 0
    updated_at: int = 0
    earlier: int = 0
    outage_end: int = 0
    push_jump_bps: int = 0
    pushed_at: int = 0
    heartbeat: int = 0

    def push(self, price: int, now: int, updated_at: int | None = None) -> None:
        """A new price, made now or at `updated_at`. One made now after too long a silence ends an outage."""
        if updated_at is None and self.heartbeat and now > self.updated_at + self.heartbeat:
            self.outage_end = now
        if now > self.pushed_at:
            self.earlier = self.price
            self.pushed_at = now
        self.price, self.updated_at = price, now if updated_at is None else updated_at

    def jumped(self, now: int) -> bool:
        """Whether the price differs too much from the last earlier block's; over with that block."""
        if self.push_jump_bps == 0 or now > self.pushed_at:
            return False
        return abs(self.price - self.earlier) * BPS > self.earlier * self.push_jump_bps


def is_sane(price: int) -> bool:
    """Whether a market accepts it as a price."""
    return LOWEST_PRICE <= price <= HIGHEST_PRICE


@dataclass(frozen=True, slots=True)
class Quote:
    """What one call sees of a market's prices: `price` is the mark, `index` what the oracle says."""

    price: int
    stale: bool
    jumped: bool
    updated_at: int
    index: int


def read(oracle: Oracle, now: int, max_age: int) -> Quote:
    """The price as one call sees it, or the reason why it is no price."""
    require(is_sane(oracle.price), "price out of bounds")
    require(oracle.updated_at <= now, "future price")
    stale = now - oracle.updated_at > max_age
    return Quote(oracle.price, stale, oracle.jumped(now), oracle.updated_at, oracle.price)
