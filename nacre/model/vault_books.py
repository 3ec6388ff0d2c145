"""The clearinghouse as the backstop vault sees it: the model's own, or the twin of a mock.

`Vault` in vault.py is told which.
"""

from dataclasses import dataclass
from typing import Protocol

from nacre.model.clearinghouse import Clearinghouse
from nacre.model.positions import initial_margin

VAULT = "vault"


@dataclass(frozen=True, slots=True)
class Standing:
    """A position of the vault at mark."""

    size: int
    equity: int
    backing: int  # settled balance with an unrealised loss, but no profit
    initial_margin: int
    mark: int
    stale: bool = False
    jumped: bool = False


class Books(Protocol):
    """The clearinghouse as the vault sees it."""

    @property
    def now(self) -> int: ...

    @property
    def scale(self) -> int: ...

    def free(self) -> int: ...

    def size(self, market: int) -> int: ...

    def owed(self, market: int) -> int: ...

    def due(self, market: int) -> int: ...

    def room(self) -> int: ...

    def standing(self, market: int) -> Standing:
        """Reverts if the oracle does not answer."""
        ...

    def deposit(self, assets: int) -> None: ...

    def withdraw(self, assets: int) -> None: ...

    def trade(self, market: int, size: int, limit: int) -> int: ...

    def take_margin(self, market: int, amount: int) -> None: ...

    def claim(self, market: int) -> None: ...

    def settle(self, market: int) -> None: ...


@dataclass(slots=True)
class HouseBooks:
    """The model's clearinghouse, in which the vault is the account `VAULT`."""

    house: Clearinghouse

    @property
    def now(self) -> int:
        return self.house.now

    @property
    def scale(self) -> int:
        return self.house.scale

    def free(self) -> int:
        return self.house.free_of(VAULT)

    def room(self) -> int:
        return self.house.outflow.room(self.now)

    def size(self, market: int) -> int:
        return self.house.market(market).position_of(VAULT).size

    def owed(self, market: int) -> int:
        """With what deleveraging left on the record of a position that it closed."""
        return self.house.market(market).owed.get(VAULT, 0) + self.due(market)

    def due(self, market: int) -> int:
        """Of a record of size 0."""
        held = self.house.market(market).position_of(VAULT)
        return 0 if held.size else held.balance

    def standing(self, market: int) -> Standing:
        seen = self.house.market(market).copy()
        quote = seen.accrue(self.now)
        position = seen.position_of(VAULT)
        settled = position.settled(seen.index_of(position.size))
        return Standing(
            size=position.size,
            equity=seen.equity(position, quote.price),
            backing=settled.balance + min(settled.price_pnl(quote.price), 0),
            initial_margin=initial_margin(position.size, quote.price, seen.parameters),
            mark=quote.price,
            stale=quote.stale,
            jumped=quote.jumped,
        )

    def deposit(self, assets: int) -> None:
        self.house.deposit(VAULT, assets)

    def withdraw(self, assets: int) -> None:
        self.house.withdraw(VAULT, assets, VAULT)

    def trade(self, market: int, size: int, limit: int) -> int:
        return self.house.trade(market, VAULT, size, 0, limit, 0, VAULT).notional

    def take_margin(self, market: int, amount: int) -> None:
        self.house.adjust_margin(market, VAULT, -amount, VAULT)

    def claim(self, market: int) -> None:
        self.house.claim(market, VAULT)

    def settle(self, market: int) -> None:
        self.house.settle(market, VAULT)
