"""What both backends share: contracts, receipts, decoded logs.

    chain = EmbeddedChain()                       # in process; or NodeChain("http://127.0.0.1:8545")
    ann = chain.account("ann")                    # an address that can send
    token = chain.deploy(load("MockToken"), "Test", "TST", 6, sender=ann)
    receipt = token.transact("mint", ann, 10**6, sender=ann)      # one block; receipt.ok, .reason, .gas_used, .value
    receipt.check()                                               # raises TransactionFailed unless ok
    receipt.event("Transfer").value                               # decoded when asked for
    token.call("balanceOf", ann)                                  # a view, at the last block's time
    chain.mine(3600)                                              # the next block is an hour later

Addresses are checksummed strings, amounts are integers, structs are named tuples with the fields of the interface. A
Vyper function with default arguments is called with as many as are given.
"""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import Any, Protocol

from eth_utils import keccak
from rlp import encode as rlp_encode  # type: ignore[import-untyped]

from nacre.artifacts import Artifact
from nacre.chain.abi import Abi, abi_of, checksum

ZERO_ADDRESS = "0x" + "00" * 20


class ChainError(Exception):
    """The chain cannot be reached, or cannot do what is asked of it."""


class CallFailed(ChainError):
    """A view that reverts; the text is its reason."""


class TransactionFailed(ChainError):
    """A transaction that reverted; the text says which and why."""


@dataclass(frozen=True, slots=True)
class RawLog:
    address: str
    topics: tuple[bytes, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Log:
    """A decoded event: log.name, log.address, log.args.amount or log.amount."""

    name: str
    address: str
    args: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(object.__getattribute__(self, "args"), name)


@dataclass
class Receipt:
    """What a transaction did.

    ok            whether it went through
    reason        why not; empty if it did
    gas_used      of the whole transaction: intrinsic, calldata, refunds included
    value         what the function returned; None on a node, which does not tell
    """

    ok: bool
    reason: str
    gas_used: int
    raw_logs: Sequence[RawLog]
    block_number: int
    timestamp: int
    what: str
    chain: "BaseChain" = field(repr=False)
    value: Any = None
    transaction_hash: str = ""

    @cached_property
    def logs(self) -> list[Log]:
        """All events of contracts that the chain object knows, in order."""
        return [log for raw in self.raw_logs if (log := self.chain.decode_log(raw)) is not None]

    def events(self, name: str) -> list[Log]:
        return [log for log in self.logs if log.name == name]

    def event(self, name: str) -> Log:
        """The only event of that name."""
        found = self.events(name)
        if len(found) != 1:
            raise ChainError(f"{self.what}: {len(found)} events {name}, one expected")
        return found[0]

    def check(self) -> "Receipt":
        """Itself, if the transaction went through; else raises TransactionFailed."""
        if not self.ok:
            raise TransactionFailed(f"{self.what}: {self.reason}")
        return self


class Chain(Protocol):
    """What EmbeddedChain and NodeChain both offer."""

    name: str

    @property
    def accounts(self) -> Sequence[str]:
        """Addresses that can send without further ado, the first for deploying."""
        ...

    def account(self, name: str) -> str:
        """An address for that name, always the same, that can send. A node that is not anvil has none."""
        ...

    def can_send(self, address: str) -> bool:
        """Whether transactions of that address can be made here."""
        ...

    @property
    def timestamp(self) -> int:
        """Of the last block."""
        ...

    @property
    def block_number(self) -> int: ...

    @property
    def chain_id(self) -> int: ...

    def mine(self, seconds: int = 0) -> None:
        """Makes an empty block, `seconds` after the last one (0: the usual distance)."""
        ...

    def set_next_timestamp(self, timestamp: int) -> None:
        """The time of the next block, later than the last."""
        ...

    def block(self, seconds: int = 1) -> AbstractContextManager[None]:
        """Whatever is sent inside shares one block, `seconds` after the last. On a node each still takes a block."""
        ...

    def deploy(self, artifact: Artifact, *arguments: Any, sender: str) -> "Contract":
        """Deploys in a block of its own; raises TransactionFailed."""
        ...

    def contract(self, artifact: Artifact, address: str) -> "Contract":
        """A contract that is there already."""
        ...

    def code(self, address: str) -> bytes: ...

    def nonce(self, address: str) -> int: ...

    def snapshot(self) -> int: ...

    def revert(self, snapshot: int) -> None:
        """Back to the snapshot, time included. It and all later ones are used up."""
        ...

    def release(self, snapshot: int) -> None:
        """Keeps what happened since, and forgets the snapshot and all later ones."""
        ...

    def raw_call(self, to: str, data: bytes, sender: str | None = None) -> bytes: ...

    def raw_transact(self, to: str, data: bytes, sender: str, what: str = "") -> Receipt: ...


class BaseChain:
    """Knows the contracts whose events it may have to decode."""

    name = "chain"

    def __init__(self) -> None:
        self._abis: dict[str, Abi] = {}

    def contract(self, artifact: Artifact, address: str) -> "Contract":
        abi = abi_of(artifact)
        address = checksum(address)
        self._abis[address] = abi
        return Contract(self, address, abi, artifact.name)

    def decode_log(self, raw: RawLog) -> Log | None:
        """None for a contract or an event that is not known."""
        abi = self._abis.get(raw.address)
        event = abi.events.get(raw.topics[0]) if abi and raw.topics else None
        return Log(event.name, raw.address, event.decode(raw.topics, raw.data)) if event else None

    def deploy(self, artifact: Artifact, *arguments: Any, sender: str) -> "Contract":
        abi = abi_of(artifact)
        code = artifact.bytecode + abi.constructor.encode(arguments)
        return self.contract(artifact, self._create(code, sender, f"deploy {artifact.name}"))

    def _create(self, code: bytes, sender: str, what: str) -> str:
        raise NotImplementedError

    def raw_call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        raise NotImplementedError

    def raw_transact(self, to: str, data: bytes, sender: str, what: str = "") -> Receipt:
        raise NotImplementedError


class Contract:
    """A contract at an address."""

    __slots__ = ("abi", "address", "chain", "name")

    def __init__(self, chain: BaseChain, address: str, abi: Abi, name: str):
        self.chain = chain
        self.address = address
        self.abi = abi
        self.name = name

    def __repr__(self) -> str:
        return f"<{self.name} {self.address}>"

    def encode(self, function: str, *arguments: Any) -> bytes:
        """The calldata."""
        return self.abi.function(function, len(arguments)).encode(arguments)

    def call(self, function: str, *arguments: Any, sender: str | None = None) -> Any:
        """What the function returns at the last block; changes nothing. Raises CallFailed with the reason."""
        entry = self.abi.function(function, len(arguments))
        return entry.decode(self.chain.raw_call(self.address, entry.encode(arguments), sender))

    def transact(self, function: str, *arguments: Any, sender: str) -> Receipt:
        """Sends it in a block of its own. A revert is told in the receipt, not raised."""
        entry = self.abi.function(function, len(arguments))
        receipt = self.chain.raw_transact(self.address, entry.encode(arguments), sender, f"{self.name}.{function}")
        if receipt.ok and isinstance(receipt.value, bytes):
            receipt.value = entry.decode(receipt.value)
        return receipt


@lru_cache(maxsize=4096)
def named_address(name: str) -> str:
    """Of the account with that name, on every chain that lets any address send."""
    return checksum("0x" + keccak(text=f"nacre account {name}")[12:].hex())


def create_address(deployer: str, nonce: int) -> str:
    """Where a contract lands that `deployer` creates with that nonce."""
    return checksum("0x" + keccak(rlp_encode([bytes.fromhex(deployer[2:]), nonce]))[12:].hex())


@contextmanager
def restored(chain: Chain) -> Iterator[None]:
    """Undoes whatever happens inside."""
    snapshot = chain.snapshot()
    try:
        yield
    finally:
        chain.revert(snapshot)
