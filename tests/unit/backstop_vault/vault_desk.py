"""A backstop vault whose clearinghouse, lens and engine are one mock: tests say what markets look like.

desk = VaultDesk.open(decimals=6)                 # no delays
desk.fund("ann", 100 * desk.unit)                 # mints and lets the vault take; people are named
desk.ok("ann", "deposit", 100 * desk.unit, desk.who("ann"))
desk.market(0, mark=100)                          # loss cap 1,000
desk.back_up(0, size=2 * WAD, balance=5 * WAD, margin=20 * WAD)
"""

from dataclasses import dataclass
from typing import Any

from nacre.artifacts import load
from nacre.chain import CallFailed, Contract, EmbeddedChain, Receipt
from nacre.units import MAX_UINT256, WAD

ALL = MAX_UINT256
POT = 10**24
OFFSET = 10**6  # shares for an asset unit, at first
PEOPLE = ("ann", "bea", "kim", "owner")


@dataclass
class VaultDesk:
    """The contracts, and short names for what tests do most. Every call is a block of one second."""

    chain: EmbeddedChain
    token: Contract
    house: Contract
    vault: Contract
    owner: str
    decimals: int

    @classmethod
    def open(
        cls,
        decimals: int = 6,
        delay: int = 0,
        lock_up: int = 0,
        band_bps: int = 100,
        token: str = "MockToken",
        engine: str = "",
    ) -> "VaultDesk":
        """`engine` names a person to be it; else the mock is."""
        chain = EmbeddedChain(exact_gas=False)
        owner, deployer = chain.account("owner"), chain.account("deployer")
        arguments = {"MockToken": ["Coin", "COIN", decimals], "MockBadToken": [decimals], "MockSilentToken": []}
        money = chain.deploy(load(token), *arguments[token], sender=deployer)
        house = chain.deploy(load("MockVaultHouse"), money.address, sender=deployer)
        roles = (house.address, house.address, chain.account(engine) if engine else house.address, owner)
        terms = (delay, lock_up, band_bps, "Nacre backstop", "nBACK")
        vault = chain.deploy(load("BackstopVault"), *roles, *terms, sender=deployer)
        return cls(chain, money, house, vault, owner, decimals)

    @property
    def unit(self) -> int:
        """Token units of a whole token."""
        return int(10**self.decimals)

    @property
    def scale(self) -> int:
        """WAD of a token unit."""
        return int(10 ** (18 - self.decimals))

    # ---- doing

    def who(self, name: str) -> str:
        return self.chain.account(name)

    def send(self, name: str, function: str, *arguments: Any) -> Receipt:
        """A call to the vault that may be refused."""
        return self.vault.transact(function, *arguments, sender=self.who(name))

    def ok(self, name: str, function: str, *arguments: Any) -> Any:
        """What a call returns that goes through."""
        return self.send(name, function, *arguments).check().value

    def refuses(self, reason: str, name: str, function: str, *arguments: Any) -> None:
        """The call reverts for that reason, and nothing has changed."""
        before = self.books()
        receipt = self.send(name, function, *arguments)
        assert not receipt.ok, f"{receipt.what} went through instead of refusing with {reason!r}"
        assert receipt.reason == reason
        assert self.books() == before

    def tell(self, function: str, *arguments: Any) -> None:
        """To the mock."""
        self.house.transact(function, *arguments, sender=self.owner).check()

    def fund(self, name: str, amount: int) -> None:
        self.token.transact("mint", self.who(name), amount, sender=self.owner).check()
        self.token.transact("approve", self.vault.address, ALL, sender=self.who(name)).check()

    def seed(self, name: str, amount: int) -> int:
        """Somebody's first deposit, without delay; returns the shares."""
        self.fund(name, amount)
        return int(self.ok(name, "deposit", amount, self.who(name)))

    def gift(self, amount: int) -> None:
        """Free collateral of the vault, token units, that nobody deposited with it."""
        giver = self.who("giver")
        self.token.transact("mint", giver, amount, sender=giver).check()
        self.token.transact("approve", self.house.address, amount, sender=giver).check()
        self.house.transact("deposit", amount, self.vault.address, sender=giver).check()

    def market(
        self, market: int, mark: int = 100, cap: int = 1_000, pot: int = POT, imr_bps: int = 1_000, **state: Any
    ) -> None:
        """Prices and cap in whole units; state is `fill`, `stale`, `jumped`, `broken`."""
        self.mark(market, mark * WAD, imr_bps, **state)
        self.tell("set_pot", market, pot)
        self.vault.transact("set_loss_cap", market, cap * WAD, sender=self.owner).check()

    def mark(self, market: int, mark: int, imr_bps: int = 1_000, **state: Any) -> None:
        """Mark in WAD; everything else of the market anew."""
        flags = [bool(state.get(name)) for name in ("stale", "jumped", "broken")]
        self.tell("set_market", market, (mark, state.get("fill", 0), imr_bps, *flags))

    def back_up(
        self, market: int, size: int, balance: int = 0, margin: int = 0, notional: int | None = None, tell: bool = True
    ) -> Receipt:
        """The engine hands a position over, entered at mark unless `notional` says otherwise."""
        if notional is None:
            notional = abs(size) * self.house.call("markets", market).mark // WAD
        arguments = (self.vault.address, market, size, balance, notional, margin, tell)
        return self.house.transact("back_up", *arguments, sender=self.owner)

    # ---- reading

    def view(self, function: str, *arguments: Any) -> Any:
        return self.vault.call(function, *arguments)

    def reason(self, function: str, *arguments: Any) -> str:
        """Why a view reverts."""
        try:
            value = self.vault.call(function, *arguments)
        except CallFailed as error:
            return str(error)
        raise AssertionError(f"{function} returned {value} instead of reverting")

    def shares(self, name: str) -> int:
        return int(self.vault.call("balanceOf", self.who(name)))

    def tokens(self, name: str) -> int:
        return self.balance(self.who(name))

    def balance(self, account: str) -> int:
        """Of any token: a mock that misbehaves answers in bytes of its own."""
        return int.from_bytes(self.chain.raw_call(self.token.address, self.token.encode("balanceOf", account)))

    @property
    def free(self) -> int:
        return int(self.house.call("free_collateral", self.vault.address))

    def position(self, market: int) -> Any:
        return self.house.call("position", market, self.vault.address)

    def books(self) -> tuple[Any, ...]:
        """All that anybody has."""
        people = [self.who(name) for name in PEOPLE]
        names = ("balanceOf", "deposit_request", "redeem_request")
        found = [self.vault.call(name, person) for name in names for person in people]
        found += [self.balance(account) for account in [*people, self.vault.address, self.house.address]]
        for name in ("totalSupply", "requested_assets", "queued_shares", "active_markets", "deposit_delay", "lock_up"):
            found.append(self.vault.call(name))
        markets = range(3)
        found += [self.vault.call(name, market) for name in ("committed", "loss_cap") for market in markets]
        found += [self.position(market) for market in markets]
        return (*found, self.free)
