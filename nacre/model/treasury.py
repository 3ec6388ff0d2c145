"""The treasury: what stakers of the governance token earn, and what it keeps for them.

Every second of a distribution is dealt out to the stakers one by one, which the contract cannot do; it keeps a sum per
share instead. Both lead to the same integers. Amounts are token units, `free` is WAD.
"""

from dataclasses import dataclass, field

from nacre.model.rounding import require
from nacre.units import MAX_UINT256

# A unit of collateral is dealt out in as many parts.
PRECISION = 10**36
MAX_STAKED = 10**36
MAX_RECEIVED = 10**36
MIN_PERIOD, MAX_PERIOD = 3_600, 30 * 86_400


@dataclass(slots=True)
class Treasury:
    """A refused call raises Revert. It may have looked, which changes nothing that anybody gets. Time is `wait`."""

    decimals: int = 18
    period: int = 7 * 86_400
    free: int = 0  # WAD, in the clearinghouse
    stakes: dict[str, int] = field(default_factory=dict)
    earned: dict[str, int] = field(default_factory=dict)  # x PRECISION, unclaimed
    undistributed: int = 0
    received: int = 0
    claimed: int = 0
    rate: int = 0  # x PRECISION a second
    seconds_left: int = 0
    kept: int = 0  # x PRECISION, what could not be divided
    elapsed: int = 0  # since somebody last looked

    # ---- what passes

    def wait(self, seconds: int) -> None:
        self.elapsed += seconds

    def look(self) -> None:
        """Deals out what has streamed since the last look. A stream that nobody stakes for stands still."""
        seconds = min(self.elapsed, self.seconds_left)
        self.elapsed = 0
        if self.total_staked == 0:
            return
        self.seconds_left -= seconds
        each, self.kept = divmod(self.rate * seconds + self.kept, self.total_staked)
        for account, stake in self.stakes.items():
            self.earned[account] = self.earned.get(account, 0) + stake * each

    # ---- calls

    def stake(self, account: str, amount: int) -> None:
        require(amount > 0, "zero amount")
        require(self.total_staked + amount <= MAX_STAKED, "too much staked")
        self.look()
        self.stakes[account] = self.stakes.get(account, 0) + amount

    def unstake(self, account: str, amount: int) -> None:
        require(amount > 0, "zero amount")
        require(amount <= self.stakes.get(account, 0), "insufficient stake")
        self.look()
        self.stakes[account] -= amount

    def claim(self, account: str) -> int:
        self.look()
        amount = self.claimable(account)
        require(amount > 0, "nothing to claim")
        self.earned[account] -= amount * PRECISION
        self.claimed += amount
        return amount

    def collect(self, limit: int = MAX_UINT256) -> int:
        self.look()
        amount = min(limit, self.collectable)
        self.free -= amount * self.scale
        self.received += amount
        self.undistributed += amount
        if self.seconds_left == 0 and self.total_staked and self.undistributed:
            self.rate, self.kept = divmod(self.undistributed * PRECISION + self.kept, self.period)
            self.seconds_left, self.undistributed = self.period, 0
        return amount

    def set_period(self, seconds: int) -> None:
        require(MIN_PERIOD <= seconds <= MAX_PERIOD, "bad period")
        self.period = seconds

    # ---- what there is, after a look

    @property
    def scale(self) -> int:
        return 10 ** (18 - self.decimals)

    @property
    def total_staked(self) -> int:
        return sum(self.stakes.values())

    @property
    def collectable(self) -> int:
        return min(self.free // self.scale, MAX_RECEIVED - self.received)

    @property
    def streaming(self) -> int:
        """What the distribution still has, x PRECISION."""
        return self.rate * self.seconds_left

    def claimable(self, account: str) -> int:
        return self.earned.get(account, 0) // PRECISION
