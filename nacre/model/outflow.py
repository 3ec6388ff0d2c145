"""How much may leave the clearinghouse, net of what came, in a period.

From docs/spec.md, section 15 (Withdrawal limit).
"""

from dataclasses import dataclass

from nacre.model.rounding import require
from nacre.units import MAX_UINT256


@dataclass(slots=True)
class Outflow:
    """A leaky bucket. Limit 0 is none."""

    limit: int = 0
    period: int = 0
    level: int = 0
    time: int = 0

    def set_limit(self, limit: int, period: int, now: int) -> None:
        """What has left so far counts no more."""
        self.limit, self.period, self.level, self.time = limit, period, 0, now

    def _level_at(self, now: int) -> int:
        """Toward zero from either side: what came before what leaves counts as well."""
        faded = max(self.limit, -self.level) * (now - self.time) // self.period
        return max(self.level - faded, 0) if self.level > 0 else min(self.level + faded, 0)

    def _leak(self, now: int) -> None:
        self.level, self.time = self._level_at(now), now

    def room(self, now: int) -> int:
        """What may leave now."""
        if self.limit == 0:
            return MAX_UINT256
        return max(self.limit - self._level_at(now), 0)

    def leave(self, amount: int, now: int) -> None:
        if self.limit == 0:
            return
        self._leak(now)
        require(self.level + amount <= self.limit, "withdrawal limit")
        self.level += amount

    def enter(self, amount: int, now: int) -> None:
        if self.limit == 0:
            return
        self._leak(now)
        self.level -= amount
