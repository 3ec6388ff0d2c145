"""The mock clearinghouse in Python, for the model of the vault to stand on: contracts/mocks/MockVaultHouse.vy."""

from dataclasses import dataclass, field

from nacre.model.rounding import Revert, bps_up, ceil_div, floor_div, require
from nacre.model.vault_books import Standing
from nacre.units import BPS, MAX_UINT256, WAD


@dataclass
class State:
    mark: int = 0
    fill: int = 0
    imr_bps: int = 0
    stale: bool = False
    jumped: bool = False
    broken: bool = False


@dataclass
class Holding:
    size: int = 0
    balance: int = 0
    notional: int = 0
    carry: int = 0

    def pnl(self, mark: int) -> int:
        if self.size > 0:
            return floor_div(self.size * mark, WAD) - self.notional
        return self.notional - ceil_div(-self.size * mark, WAD)


@dataclass
class HouseTwin:
    """Books of the vault alone. `paid_out` is what it withdrew, `taken` what it deposited, in token units."""

    scale: int
    now: int = 0
    collateral: int = 0
    taken: int = 0
    paid_out: int = 0
    states: dict[int, State] = field(default_factory=dict)
    held: dict[int, Holding] = field(default_factory=dict)
    pots: dict[int, int] = field(default_factory=dict)
    debts: dict[int, int] = field(default_factory=dict)

    # ---- what the vault asks

    def free(self) -> int:
        return self.collateral

    def size(self, market: int) -> int:
        return self.holding(market).size

    def room(self) -> int:
        """Nor does it limit what leaves."""
        return MAX_UINT256

    def due(self, market: int) -> int:
        """This house leaves nothing on records."""
        return 0

    def owed(self, market: int) -> int:
        return self.debts.get(market, 0)

    def standing(self, market: int) -> Standing:
        state, held = self.open(market), self.holding(market)
        pnl = held.pnl(state.mark)
        settled = held.balance - held.carry
        backing, margin = settled + min(pnl, 0), self.margin(market)
        return Standing(held.size, settled + pnl, backing, margin, state.mark, state.stale, state.jumped)

    def deposit(self, assets: int) -> None:
        require(assets * self.scale <= 10**30, "amount too large")
        self.collateral += assets * self.scale
        self.taken += assets

    def withdraw(self, assets: int) -> None:
        require(assets * self.scale <= self.collateral, "insufficient collateral")
        self.collateral -= assets * self.scale
        self.paid_out += assets

    def trade(self, market: int, size: int, limit: int) -> int:
        state, held = self.tradable(market), self.holding(market)
        require((size > 0) != (held.size > 0) and abs(size) <= abs(held.size), "not reduce only")
        price = state.fill or state.mark
        if size > 0:
            notional = ceil_div(size * price, WAD)
            require(notional * WAD <= limit * size or limit == 0, "price limit")
        else:
            notional = floor_div(-size * price, WAD)
            require(notional * WAD >= limit * -size, "price limit")
        entry = held.notional * abs(size) // abs(held.size)
        held.balance += entry - notional if size > 0 else notional - entry
        held.size += size
        held.notional -= entry
        if held.size == 0:
            self.end(market)
        return notional

    def take_margin(self, market: int, amount: int) -> None:
        state, held = self.tradable(market), self.holding(market)
        held.balance -= amount + held.carry
        held.carry = 0
        require(held.balance + min(held.pnl(state.mark), 0) >= self.margin(market), "below initial margin")
        self.pay(market, amount)

    def claim(self, market: int) -> None:
        debt = self.owed(market)
        require(debt > 0, "nothing owed")
        require(self.pots[market] >= debt, "pot is short")
        self.debts[market] = 0
        self.pots[market] -= debt
        self.collateral += debt

    def settle(self, market: int) -> None:
        held = self.holding(market)
        require(held.size != 0, "no position")
        held.balance -= held.carry
        held.carry = 0
        if self.states[market].mark == 0:
            self.end(market)

    # ---- what tests do

    def hand_over(self, market: int, size: int, balance: int, notional: int, margin: int) -> None:
        require(margin <= self.collateral, "insufficient collateral")
        self.collateral -= margin
        held = self.holding(market)
        held.balance += balance + margin
        if size and held.size == -size:
            held.balance += held.pnl(self.states[market].mark)
            self.end(market)
            return
        held.size += size
        held.notional += notional

    def close_out(self, market: int) -> None:
        self.holding(market).balance += self.holding(market).pnl(self.states[market].mark)
        self.end(market)

    # ---- parts

    def open(self, market: int) -> State:
        state = self.states.setdefault(market, State())
        if state.broken:
            raise Revert("feed failed")
        return state

    def tradable(self, market: int) -> State:
        state = self.open(market)
        require(not state.stale, "stale price")
        require(not state.jumped, "price just jumped")
        return state

    def holding(self, market: int) -> Holding:
        return self.held.setdefault(market, Holding())

    def margin(self, market: int) -> int:
        state = self.states[market]
        return bps_up(ceil_div(abs(self.size(market)) * state.mark, WAD), min(state.imr_bps, BPS))

    def end(self, market: int) -> None:
        held = self.held.pop(market)
        balance = held.balance - held.carry
        require(balance >= 0, "close leaves a deficit")
        self.pay(market, balance)

    def pay(self, market: int, amount: int) -> None:
        paid = min(amount, self.pots.get(market, 0))
        self.pots[market] = self.pots.get(market, 0) - paid
        self.collateral += paid
        self.debts[market] = self.owed(market) + amount - paid
