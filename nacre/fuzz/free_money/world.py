"""One system with outsiders in some state and the ring of attackers in it; plays sequences and takes them back."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from nacre.chain import CallFailed, Contract, EmbeddedChain
from nacre.chain.abi import Function
from nacre.deploy import Market, System, deploy_system, list_market
from nacre.deploy.system import artifact
from nacre.fuzz.free_money.settings import OUTSIDERS, RING, VAULT, Settings
from nacre.fuzz.free_money.steps import CALLS, Step, encode
from nacre.fuzz.system.settings import UNIT
from nacre.units import MAX_UINT256

RangeKey = tuple[int, str, int, int]


@dataclass(slots=True)
class Phase:
    """Calls in one transaction. Before it `after` seconds pass (0: same block as the last), and prices move."""

    steps: list[Step]
    after: int = 0
    prices: dict[int, int] | None = None

    def to_json(self) -> dict[str, Any]:
        prices = {str(number): price for number, price in (self.prices or {}).items()}
        return {"after": self.after, "prices": prices, "steps": self.steps}

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> "Phase":
        return cls(data["steps"], data["after"], {int(number): price for number, price in data["prices"].items()})


@dataclass(slots=True)
class Played:
    """What the ring had before and after a phase, and which of its steps went through, as bits."""

    before: int
    after: int
    done: int

    @property
    def gain(self) -> int:
        return self.after - self.before


class World:
    """Everybody is named. Amounts are WAD but where an action says tokens."""

    def __init__(self, settings: Settings):
        self.settings = settings
        self.chain = EmbeddedChain(exact_gas=False)
        self.system: System = deploy_system(self.chain, decimals=settings.decimals, terms=settings.terms)
        self.house, self.engine = self.system.clearinghouse, self.system.engine
        self.lens, self.vault = self.system.lens, self.system.vault
        self.markets: list[Market] = [
            list_market(self.system, f"m{number}", config) for number, config in enumerate(settings.markets)
        ]
        self.hand = self.chain.account("hand")
        code = artifact("MockAttacker")
        self.driver = self.chain.deploy(code, self.hand, sender=self.hand)
        wallets = {name: self.chain.deploy(code, self.driver.address, sender=self.hand) for name in RING}
        self.address = {name: wallet.address for name, wallet in wallets.items()}
        self.address |= {name: self.chain.account(name) for name in OUTSIDERS}
        self.address[VAULT] = self.vault.address
        self.number = {name: place for place, name in enumerate(self.address)}
        self._parties: dict[str, Contract] = {
            "house": self.house,
            "engine": self.engine,
            "vault": self.vault,
            "token": self.system.token,
            "config": self.system.config,
        }
        self._parties |= {f"venue {market.id}": market.venue for market in self.markets}
        self.callee = {name: place for place, name in enumerate(self._parties)}
        self._functions: dict[tuple[str, str, int], Function] = {}
        self.price = {market.id: market.oracle.call("price")[0] for market in self.markets}
        # Ranges at the start of every sequence.
        self.own: list[RangeKey] = []
        self.foreign: list[RangeKey] = []
        self._leave: Callable[[], object] | None = None
        self._start: int | None = None
        self.set_up()
        self._give_tokens()

    def _give_tokens(self) -> None:
        everything = 10**8 * 10**self.settings.decimals
        for name in (*RING, *OUTSIDERS):
            amount = 50 * UNIT * 10**self.settings.decimals if name in RING else everything
            self.system.token.transact("mint", self.address[name], amount, sender=self.hand).check()
        for party in (self.house, self.vault):
            data = self.system.token.encode("approve", party.address, MAX_UINT256)
            for name in RING:
                self.driver_call(name, "token", data)
            for name in OUTSIDERS:
                self.system.token.transact("approve", party.address, MAX_UINT256, sender=self.address[name]).check()

    def driver_call(self, name: str, callee: str, data: bytes) -> bool:
        """One call of a wallet; False if it is refused."""
        header = self.number[name] | self.callee[callee] << 8 | len(data) << 16
        receipt = self.driver.transact(
            "run", header.to_bytes(32, "big") + data, [], False, False, sender=self.hand
        ).check()
        return bool(receipt.value[2])

    def set_up(self) -> None:
        """Tells the driver what there is."""
        system = [
            self.house.address,
            self.lens.address,
            self.vault.address,
            self.system.token.address,
            self.system.unit,
        ]
        self.driver.transact(
            "set_up",
            system,
            [party.address for party in self._parties.values()],
            [self.address[name] for name in RING],
            list(self.address.values()),
            [market.venue.address for market in self.markets],
            [config.loss == "adl" and config.adl_price == "previous_mark" for config in self.settings.markets],
            self._places(self.foreign),
            sender=self.hand,
        ).check()

    def function(self, party: str, name: str, arguments: int) -> Function:
        key = (party, name, arguments)
        if key not in self._functions:
            contract = self._parties["venue 0" if party == "venue" else party]
            self._functions[key] = contract.abi.function(name, arguments)
        return self._functions[key]

    def _places(self, keys: Sequence[RangeKey]) -> list[list[Any]]:
        return [[number, self.address[name], lower, upper] for number, name, lower, upper in keys]

    # ---- blocks

    def advance(self, seconds: int) -> None:
        """Begins a block; all that follows is in it."""
        if self._leave is not None:
            self._leave()
        block = self.chain.block(seconds)
        block.__enter__()
        self._leave = lambda: block.__exit__(None, None, None)

    def push(self, number: int, price: int) -> None:
        self.system.push_price(self.markets[number], price)

    # ---- sequences

    def begin(self) -> None:
        """The world is as every sequence finds it. Its first measurement is that of all."""
        self.set_up()
        self.advance(1)
        self.start_value = int(self.driver.call("objective", self._places(self.own), sender=self.hand))
        self.shares_at_start = any(self.vault.call("balanceOf", self.address[name]) for name in RING)

    def play(self, phases: Sequence[Phase], look: "Callable[[int, bool], None] | None" = None) -> list[Played]:
        """Each phase's result; then everything is taken back. `look` is called before and after each."""
        places, vault = self._places(self.ranges(phases)), self.shares_at_start or self._uses_vault(phases)
        played: list[Played] = []
        with self.taken_back():
            for number, phase in enumerate(phases):
                self._between(phase)
                if look:
                    look(number, False)
                steps = b"".join([encode(self, step) for step in phase.steps])
                first = number == 0 and not phase.after and not phase.prices
                arguments = (steps, places, vault, not first)
                if number == len(phases) - 1 and look is None:
                    found = self.driver.call("run", *arguments, sender=self.hand)
                else:
                    found = self.driver.transact("run", *arguments, sender=self.hand).check().value
                before, after, done = found
                if first:
                    before, after = self.start_value, after if done else self.start_value
                played.append(Played(before, after, done))
                if look:
                    look(number, True)
        return played

    @contextmanager
    def taken_back(self) -> Iterator[None]:
        snapshot = self.chain.snapshot()
        try:
            yield
        finally:
            self.chain.revert(snapshot)

    def _between(self, phase: Phase) -> None:
        if phase.after:
            self.advance(phase.after)
        for number, price in (phase.prices or {}).items():
            self.push(number, price)

    def _uses_vault(self, phases: Sequence[Phase]) -> bool:
        return any(CALLS[step["do"]][0] == "vault" for phase in phases for step in phase.steps)

    def ranges(self, phases: Sequence[Phase]) -> list[RangeKey]:
        """All that the ring may have at any time."""
        found = dict.fromkeys(self.own)
        for phase in phases:
            for step in phase.steps:
                if step["do"] == "add_range":
                    found[step.get("market", 0), step["who"], step["lower"], step["upper"]] = None
        return list(found)

    # ---- reading

    def health(self, number: int, name: str) -> Any:
        try:
            return self.lens.call("health", number, self.address[name])
        except CallFailed:
            return None

    def inventory(self, keys: Sequence[RangeKey]) -> list[int]:
        """Of these ranges together, without regard to their sides; by market."""
        sizes = [0] * len(self.markets)
        for number, name, lower, upper in keys:
            sizes[number] += abs(self.markets[number].venue.call("range_of", self.address[name], lower, upper).size)
        return sizes

    def worth(self, name: str) -> int:
        return int(self.driver.call("worth", self.address[name], sender=self.hand))
