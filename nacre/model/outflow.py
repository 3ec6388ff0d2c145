"""How much may leave the clearinghouse, net of what came, in a period.

From docs/spec.md, section 15 (Withdrawal limit).
"""

from dataclasses import dataclass

from nacre.model.rounding import MAX_UINT256, require


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

    def _leak(self, now: int) -> None:
        self.level -= min(self.level, self.limit * (now - self.time) // self.period)
        self.time = now

    def room(self, now: int) -> int:
        """What may leave now."""
        if self.limit == 0:
            return MAX_UINT256
        drained = self.limit * (now - self.time) // self.period
        return self.limit - min(self.limit, self.level - min(self.level, drained))

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
        self.level -= min(self.level, amount)
