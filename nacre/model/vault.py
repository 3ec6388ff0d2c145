"""The backstop vault: pooled deposits that take failing positions over, one isolated position a market.

    vault = Vault(HouseBooks(world.house), deposit_delay=0, lock_up=0)
    vault.deposit("ann", 10**6, "ann")

It asks its clearinghouse through `Books`. Assets are token units, shares have six decimals more, everything else is
WAD. A refused call raises Revert and may have changed something before: the caller keeps a copy.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from nacre.model.rounding import Revert, ceil_div, floor_div, require
from nacre.model.vault_books import VAULT, Books
from nacre.units import BPS, MAX_UINT256

# Shares and assets that nobody has; see docs/derivations.md.
GHOST_SHARES, GHOST_ASSETS = 10**6, 1
MOST_SHARES = 2**192
MOST_IN_ONE_DEPOSIT = 10**30
MOST_MARKETS = 16
MOST_MOVED = 2**104 - 1
LONGEST_DELAY = 30 * 86_400
WIDEST_BAND = 1_000


@dataclass(slots=True)
class Queue:
    """What an account asked for, all of which waits until the same time, and what has waited long enough."""

    waiting: int = 0
    until: int = 0
    ripe: int = 0

    def look(self, now: int) -> "Queue":
        if self.waiting and now >= self.until:
            self.ripe, self.waiting = self.ripe + self.waiting, 0
        return self

    def add(self, amount: int, until: int) -> None:
        self.waiting, self.until = self.waiting + amount, until

    def take_back(self, amount: int) -> int:
        """What waits goes first."""
        amount = self.waiting + self.ripe if amount == MAX_UINT256 else amount
        require(amount > 0, "zero amount")
        require(amount <= self.waiting + self.ripe, "more than requested")
        from_waiting = min(amount, self.waiting)
        self.waiting -= from_waiting
        self.ripe -= amount - from_waiting
        return amount


@dataclass(frozen=True, slots=True)
class Prices:
    """Assets of the vault as who leaves and as who comes counts them, and shares."""

    leaving: int
    coming: int
    free: int
    shares: int

    def bought(self, assets: int) -> int:
        return fitting(floor_div(assets * (self.shares + GHOST_SHARES), self.coming + GHOST_ASSETS))

    def cost(self, shares: int) -> int:
        return fitting(ceil_div(shares * (self.coming + GHOST_ASSETS), self.shares + GHOST_SHARES))

    def burnt(self, assets: int) -> int:
        return fitting(ceil_div(assets * (self.shares + GHOST_SHARES), self.leaving + GHOST_ASSETS))

    def worth(self, shares: int) -> int:
        return fitting(floor_div(shares * (self.leaving + GHOST_ASSETS), self.shares + GHOST_SHARES))


def fitting(amount: int) -> int:
    require(amount < MAX_UINT256, "conversion too large")
    return amount


def most(limit: int, allowed: Callable[[int], bool]) -> int:
    """The largest number up to `limit` that is allowed, where every smaller one is, too."""
    low, high = 0, limit
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if allowed(middle) else (low, middle - 1)
    return low


@dataclass(slots=True)
class Vault:
    """Everything the vault stores, without a clock of its own."""

    books: Books
    deposit_delay: int = 0
    lock_up: int = 0
    band_bps: int = 100
    shares: dict[str, int] = field(default_factory=dict)
    allowances: dict[tuple[str, str], int] = field(default_factory=dict)
    deposits: dict[str, Queue] = field(default_factory=dict)
    redemptions: dict[str, Queue] = field(default_factory=dict)
    caps: dict[int, int] = field(default_factory=dict)
    net: dict[int, int] = field(default_factory=dict)
    seen_owed: dict[int, int] = field(default_factory=dict)
    active: list[int] = field(default_factory=list)
    watched: tuple[int, int] | None = None

    # ---- worth

    @property
    def supply(self) -> int:
        return sum(self.shares.values()) + sum(queue.waiting + queue.ripe for queue in self.redemptions.values())

    @property
    def tokens(self) -> int:
        """What it holds besides its account: assets that wait."""
        return sum(queue.waiting + queue.ripe for queue in self.deposits.values())

    def appraise(self) -> tuple[int, int, str]:
        """What is there, what is owed, and why nobody comes or goes; empty if everybody may."""
        present, owed, obstacle = self.books.free(), 0, ""
        for market in self.active:
            owed += self.books.owed(market)
            if self.books.size(market) == 0:
                continue
            try:
                standing = self.books.standing(market)
            except Revert:
                obstacle = "no price"
                continue
            present += max(standing.equity, 0)
            if standing.stale or standing.jumped:
                obstacle = obstacle or ("stale price" if standing.stale else "price just jumped")
        return present, owed, obstacle

    def prices(self) -> Prices:
        present, owed, _ = self.appraise()
        scale = self.books.scale
        free = min(self.books.free(), self.books.room()) // scale
        return Prices(present // scale, ceil_div(present + owed, scale), free, self.supply)

    def fair(self) -> Prices:
        obstacle = self.appraise()[2]
        require(not obstacle, obstacle)
        return self.prices()

    @property
    def total_assets(self) -> int:
        return self.prices().leaving

    # ---- limits

    def max_deposit(self, receiver: str) -> int:
        if self.appraise()[2] or receiver == VAULT:
            return 0
        at = self.prices()
        limit = MOST_IN_ONE_DEPOSIT // self.books.scale
        if self.deposit_delay:
            limit = min(limit, self._queue(self.deposits, receiver).ripe)
        room = MOST_SHARES - at.shares
        limit = most(limit, lambda assets: assets * (at.shares + GHOST_SHARES) // (at.coming + GHOST_ASSETS) <= room)
        return limit if at.bought(limit) else 0

    def max_mint(self, receiver: str) -> int:
        limit = self.max_deposit(receiver)
        at = self.prices()
        return most(MOST_SHARES - at.shares, lambda shares: at.cost(shares) <= limit) if limit else 0

    def max_redeem(self, owner: str) -> int:
        if self.appraise()[2]:
            return 0
        at = self.prices()
        return most(self._leaving(owner), lambda shares: at.worth(shares) <= at.free)

    def max_withdraw(self, owner: str) -> int:
        if self.appraise()[2]:
            return 0
        at, held = self.prices(), self._leaving(owner)
        return most(at.free, lambda assets: at.burnt(assets) <= held)

    def _leaving(self, owner: str) -> int:
        return self._queue(self.redemptions, owner).ripe if self.lock_up else self.shares.get(owner, 0)

    def _queue(self, queues: dict[str, Queue], account: str) -> Queue:
        return queues.setdefault(account, Queue()).look(self.books.now)

    # ---- requests

    def request_deposit(self, sender: str, assets: int, receiver: str) -> None:
        require(assets > 0, "zero amount")
        require(receiver != VAULT, "bad receiver")
        require(self.deposit_delay > 0, "no delay")
        queue = self._queue(self.deposits, receiver)
        require(not queue.waiting or sender == receiver, "receiver has a request")
        queue.add(assets, self.books.now + self.deposit_delay)

    def cancel_deposit(self, sender: str, assets: int) -> int:
        return self._queue(self.deposits, sender).take_back(assets)

    def request_redeem(self, sender: str, shares: int) -> None:
        require(shares > 0, "zero amount")
        require(self.lock_up > 0, "no lock-up")
        self._take_shares(sender, shares)
        self._queue(self.redemptions, sender).add(shares, self.books.now + self.lock_up)

    def cancel_redeem(self, sender: str, shares: int) -> int:
        back = self._queue(self.redemptions, sender).take_back(shares)
        self.shares[sender] = self.shares.get(sender, 0) + back
        return back

    # ---- in and out

    def deposit(self, sender: str, assets: int, receiver: str) -> int:
        shares = self.fair().bought(assets)
        require(shares > 0 or assets == 0, "zero shares")
        self._enter(assets, shares, receiver)
        return shares

    def mint(self, sender: str, shares: int, receiver: str) -> int:
        assets = self.fair().cost(shares)
        self._enter(assets, shares, receiver)
        return assets

    def withdraw(self, sender: str, assets: int, owner: str) -> int:
        at = self.fair()
        shares = at.burnt(assets)
        self._leave(at, sender, owner, assets, shares)
        return shares

    def redeem(self, sender: str, shares: int, owner: str) -> int:
        at = self.fair()
        assets = at.worth(shares)
        self._leave(at, sender, owner, assets, shares)
        return assets

    def redeem_available(self, sender: str) -> int:
        at, held = self.fair(), self._leaving(sender)
        assets = min(at.worth(held), at.free)
        self._leave(at, sender, sender, assets, held if at.worth(held) <= at.free else at.burnt(assets))
        return assets

    def _enter(self, assets: int, shares: int, receiver: str) -> None:
        require(receiver != VAULT, "bad receiver")
        if self.deposit_delay:
            queue = self._queue(self.deposits, receiver)
            require(assets <= queue.ripe, "deposit not matured")
            queue.ripe -= assets
        if assets:
            self.books.deposit(assets)
        require(self.supply + shares <= MOST_SHARES, "too many shares")
        self.shares[receiver] = self.shares.get(receiver, 0) + shares

    def _leave(self, at: Prices, sender: str, owner: str, assets: int, shares: int) -> None:
        if sender != owner:
            self._spend(owner, sender, shares)
        if self.lock_up:
            queue = self._queue(self.redemptions, owner)
            require(shares <= queue.ripe, "shares not matured")
            queue.ripe -= shares
        else:
            self._take_shares(owner, shares)
        if assets:
            self.books.withdraw(assets)
        require(assets <= at.free, "insufficient collateral")

    # ---- shares

    def transfer(self, sender: str, receiver: str, amount: int) -> None:
        require(receiver != VAULT, "bad receiver")
        self._take_shares(sender, amount)
        self.shares[receiver] = self.shares.get(receiver, 0) + amount

    def approve(self, sender: str, spender: str, amount: int) -> None:
        self.allowances[sender, spender] = amount

    def transfer_from(self, sender: str, owner: str, receiver: str, amount: int) -> None:
        self._spend(owner, sender, amount)
        self.transfer(owner, receiver, amount)

    def _spend(self, owner: str, spender: str, amount: int) -> None:
        allowed = self.allowances.get((owner, spender), 0)
        require(amount <= allowed, "insufficient allowance")
        if allowed != MAX_UINT256:
            self.allowances[owner, spender] = allowed - amount

    def _take_shares(self, owner: str, amount: int) -> None:
        held = self.shares.get(owner, 0)
        require(amount <= held, "insufficient shares")
        self.shares[owner] = held - amount

    # ---- engine

    def committed(self, market: int) -> int:
        """Margin that went in, less what came back; what a market has paid of its debts meanwhile came back, too."""
        paid = max(self.seen_owed.get(market, 0) - self.books.owed(market), 0)
        return max(self.net.get(market, 0) - paid, 0)

    def admit(self, market: int) -> int:
        if market not in self.active and len(self.active) >= MOST_MARKETS:
            return 0
        return max(min(self.books.free(), self.caps.get(market, 0) - self.committed(market)), 0)

    def took_over(self, market: int, margin: int) -> None:
        """Before the engine moves the position."""
        self._look(market)
        require(margin <= self.books.free(), "insufficient collateral")
        require(self.net[market] + margin <= self.caps.get(market, 0), "loss cap reached")
        self.net[market] += margin
        if market not in self.active:
            require(len(self.active) < MOST_MARKETS, "too many markets")
            self.active.append(market)
        self.watched = market, self.books.free() - margin

    def watch(self, market: int) -> None:
        self.watched = market, self._look(market)

    def came_back(self, market: int) -> None:
        watched, self.watched = self.watched, None
        require(watched is not None and watched[0] == market, "not watched")
        assert watched is not None
        self._book(market, watched[1])

    # ---- anyone

    def unwind(self, market: int, size: int) -> int:
        require(size > 0, "zero size")
        standing = self.books.standing(market)
        require(standing.size != 0, "no position")
        before = self._look(market)
        part = min(size, abs(standing.size))
        if standing.size > 0:
            notional = self.books.trade(market, -part, ceil_div(standing.mark * (BPS - self.band_bps), BPS))
        else:
            notional = self.books.trade(market, part, floor_div(standing.mark * (BPS + self.band_bps), BPS))
        self._book(market, before)
        return notional

    def release(self, market: int, amount: int = MAX_UINT256) -> None:
        require(market in self.active, "market not active")
        before = self._look(market)
        if self.books.size(market):
            standing = self.books.standing(market)
            amount = min(amount, standing.backing - standing.initial_margin, MOST_MOVED)
            require(amount > 0, "nothing to release")
            self.books.take_margin(market, amount)
        elif self.books.due(market):
            self.books.settle(market)
        self._book(market, before)

    def claim(self, market: int) -> None:
        before = self._look(market)
        self.books.claim(market)
        self._book(market, before)

    def settle(self, market: int) -> None:
        before = self._look(market)
        self.books.settle(market)
        self._book(market, before)

    def _look(self, market: int) -> int:
        """Counts what others had the market pay; returns free collateral."""
        self.net[market] = self.committed(market)
        self.seen_owed[market] = self.books.owed(market)
        return self.books.free()

    def _book(self, market: int, before: int) -> None:
        """Counts what came back since."""
        self.net[market] = max(self.net.get(market, 0) - max(self.books.free() - before, 0), 0)
        self.seen_owed[market] = self.books.owed(market)
        if market in self.active and not self.books.size(market) and not self.seen_owed[market]:
            self.active.remove(market)

    # ---- owner

    def set_loss_cap(self, market: int, cap: int) -> None:
        require(cap <= MOST_MOVED, "bad loss cap")
        self.caps[market] = cap

    def set_band(self, band_bps: int) -> None:
        require(0 < band_bps <= WIDEST_BAND, "bad band")
        self.band_bps = band_bps

    def set_delays(self, deposit_delay: int, lock_up: int) -> None:
        require(deposit_delay <= LONGEST_DELAY, "bad deposit delay")
        require(lock_up <= LONGEST_DELAY, "bad lock-up")
        self.deposit_delay, self.lock_up = deposit_delay, lock_up
