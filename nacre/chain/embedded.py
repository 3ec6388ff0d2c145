"""A chain in this process, on pyrevm.

pyrevm keeps one journal for ever: what was touched once stays warm, so that a second transaction looks cheaper than it
is. Two ways to live with that:

    EmbeddedChain()                   each transaction starts cold, as on a real chain: its journal is rolled back and
                                      what it wrote goes into the database below. gas_used is exact.
    EmbeddedChain(exact_gas=False)    everything stays in the journal: faster, but gas_used is too low. For fuzzing.
"""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import NamedTuple

from eth_utils import keccak
from pyrevm import EVM, AccountInfo, BlockEnv, CfgEnv, Env, JournalCheckpoint

from nacre.artifacts import EVM_VERSION
from nacre.chain.abi import checksum, revert_reason
from nacre.chain.base import BaseChain, CallFailed, ChainError, RawLog, Receipt, TransactionFailed, named_address

GENESIS = 1_700_000_000
GAS_LIMIT = 1_000_000_000
CHAIN_ID = 1337

_ACCOUNT = re.compile(r"(0x[0-9a-f]{40}): Account \{ info: AccountInfo \{ balance: \d+, nonce: (\d+), ")
_SLOT = re.compile(r"(\d+): StorageSlot \{ previous_or_original_value: (\d+), present_value: (\d+) \}")
_OUTPUT = re.compile(r"output: (?:Call\()?0x([0-9a-f]*)")
_HALT = re.compile(r"Halt \{ reason: (\w+)")


@dataclass(slots=True)
class _Snapshot:
    """Where to go back to: time, and either a checkpoint of the journal or the length of the undo log."""

    number: int
    timestamp: int
    checkpoint: JournalCheckpoint | None
    undo_length: int


class _Slot(NamedTuple):
    address: str
    slot: int
    value: int


class _Account(NamedTuple):
    address: str
    nonce: int
    code: bytes | None


@dataclass(slots=True)
class _Changes:
    """What a transaction wrote, and how it was before; accounts that it made or whose nonce rose."""

    before: list[_Slot | _Account] = field(default_factory=list)
    slots: list[_Slot] = field(default_factory=list)
    accounts: list[_Account] = field(default_factory=list)


class EmbeddedChain(BaseChain):
    """See nacre.chain.base.Chain for the methods. Any address can send; gas costs nothing.

    One block a transaction, one second after the last, unless

        with chain.block(seconds=60):         # one block for all of them, 60 s after the last
            ...
    """

    name = "embedded"

    def __init__(self, exact_gas: bool = True, timestamp: int = GENESIS, chain_id: int = CHAIN_ID):
        super().__init__()
        self.exact_gas = exact_gas
        self.chain_id = chain_id
        self._number = 1
        self._timestamp = timestamp
        self._next_timestamp: int | None = None
        self._in_block = False
        self._evm = EVM(env=Env(cfg=CfgEnv(chain_id=chain_id)), gas_limit=GAS_LIMIT, spec_id=EVM_VERSION.upper())
        self._snapshots: list[_Snapshot] = []
        self._undo: list[_Slot | _Account] = []
        self._nonces: dict[str, int] = {}
        self._set_block()

    # ---- accounts

    @property
    def accounts(self) -> Sequence[str]:
        return [self.account(f"account {index}") for index in range(10)]

    def account(self, name: str) -> str:
        return named_address(name)

    def can_send(self, address: str) -> bool:
        return True

    # ---- time

    @property
    def timestamp(self) -> int:
        return self._timestamp

    @property
    def block_number(self) -> int:
        return self._number

    def mine(self, seconds: int = 0) -> None:
        self._next_block(seconds or 1)

    def set_next_timestamp(self, timestamp: int) -> None:
        if timestamp <= self._timestamp:
            raise ChainError(f"the next block cannot be at {timestamp}: the last is at {self._timestamp}")
        self._next_timestamp = timestamp

    @contextmanager
    def block(self, seconds: int = 1) -> Iterator[None]:
        """Whatever is sent inside shares one block, `seconds` after the last."""
        if self._in_block:
            raise ChainError("a block is open already")
        self._next_block(seconds)
        self._in_block = True
        try:
            yield
        finally:
            self._in_block = False

    def _next_block(self, seconds: int = 1) -> None:
        if self._in_block:
            return
        self._number += 1
        self._timestamp = self._next_timestamp or self._timestamp + seconds
        self._next_timestamp = None
        self._set_block()

    def _set_block(self) -> None:
        self._evm.set_block_env(BlockEnv(number=self._number, timestamp=self._timestamp, gas_limit=GAS_LIMIT))

    # ---- state

    def code(self, address: str) -> bytes:
        checkpoint = self._evm.snapshot()
        try:
            return _code(self._evm, address)
        finally:
            self._evm.revert(checkpoint)

    def nonce(self, address: str) -> int:
        checkpoint = self._evm.snapshot()
        try:
            return self._evm.basic(address).nonce
        finally:
            self._evm.revert(checkpoint)

    def storage(self, address: str, slot: int) -> int:
        checkpoint = self._evm.snapshot()
        try:
            return self._evm.storage(address, slot)
        finally:
            self._evm.revert(checkpoint)

    def snapshot(self) -> int:
        """Without exact gas at most some hundred may be open at a time: revert or release each."""
        checkpoint = None if self.exact_gas else self._evm.snapshot()
        self._snapshots.append(_Snapshot(self._number, self._timestamp, checkpoint, len(self._undo)))
        return len(self._snapshots) - 1

    def revert(self, snapshot: int) -> None:
        if not 0 <= snapshot < len(self._snapshots):
            raise ChainError(f"there is no snapshot {snapshot}")
        while len(self._snapshots) > snapshot:
            last = self._snapshots.pop()
            if last.checkpoint is not None:
                self._evm.revert(last.checkpoint)
        for change in reversed(self._undo[last.undo_length :]):
            if isinstance(change, _Slot):
                self._write(change.address, change.slot, change.value)
            else:
                self._set_account(change)
        del self._undo[last.undo_length :]
        self._number, self._timestamp, self._next_timestamp = last.number, last.timestamp, None
        self._set_block()

    def release(self, snapshot: int) -> None:
        """Keeps what happened since and forgets the snapshot and all later ones."""
        while len(self._snapshots) > snapshot:
            if self._snapshots.pop().checkpoint is not None:
                self._evm.commit()
        if not self._snapshots:
            self._undo.clear()

    # ---- calls

    def raw_call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        evm = self._evm
        checkpoint = evm.snapshot()
        try:
            return evm.message_call(sender or named_address("reader"), to, data)
        except RuntimeError as error:
            raise CallFailed(_reason(error)) from None
        finally:
            evm.revert(checkpoint)

    def raw_transact(self, to: str, data: bytes, sender: str, what: str = "") -> Receipt:
        self._next_block()
        evm = self._evm
        checkpoint = evm.snapshot() if self.exact_gas else None
        value, reason, changes = b"", "", None
        try:
            value = evm.message_call(sender, to, data)
            changes = self._changes() if checkpoint is not None else None
        except RuntimeError as error:
            reason = _reason(error)
        finally:
            if checkpoint is not None:
                evm.revert(checkpoint)
            else:
                evm.reset_transient_storage()
        result = evm.result
        if result is None:
            raise ChainError(f"{what}: {reason}")
        if changes is not None:
            self._apply(changes)
        logs = [] if reason else [_raw_log(log) for log in result.logs]
        return Receipt(
            not reason,
            reason,
            result.gas_used,
            logs,
            self._number,
            self._timestamp,
            what,
            self,
            None if reason else value,
        )

    def _create(self, code: bytes, sender: str, what: str) -> str:
        self._next_block()
        evm = self._evm
        checkpoint = evm.snapshot() if self.exact_gas else None
        changes = None
        try:
            address = evm.deploy(sender, code)
            changes = self._changes() if checkpoint is not None else None
        except RuntimeError as error:
            raise TransactionFailed(f"{what}: {_reason(error)}") from None
        finally:
            if checkpoint is not None:
                evm.revert(checkpoint)
        if changes is not None:
            self._apply(changes)
        return checksum(address)

    # ---- the database below the journal

    def _changes(self) -> _Changes:
        """Reads them off the printed journal: the only place where pyrevm shows which slots were written."""
        text = self._evm.journal_str
        changes = _Changes()
        position, end = 0, text.index("transient_storage: {")
        while found := _ACCOUNT.search(text, position, end):
            address, nonce = found[1], int(found[2])
            start = text.index("storage: {", found.end())
            status = text.index("}, status: AccountStatus(", start)
            for slot in _SLOT.finditer(text, start, status):
                if slot[2] != slot[3]:
                    changes.before.append(_Slot(address, int(slot[1]), int(slot[2])))
                    changes.slots.append(_Slot(address, int(slot[1]), int(slot[3])))
            position = text.index(")", status)
            created = "Created" in text[status:position]
            old_nonce = self._nonces.get(address, 0)
            if created or nonce != old_nonce:
                changes.before.append(_Account(address, old_nonce, None))
                changes.accounts.append(_Account(address, nonce, _code(self._evm, address) if created else None))
        return changes

    def _apply(self, changes: _Changes) -> None:
        for account in changes.accounts:
            self._set_account(account)
        for slot in changes.slots:
            self._write(*slot)
        if self._snapshots:
            self._undo += changes.before

    def _set_account(self, account: _Account) -> None:
        self._nonces[account.address] = account.nonce
        self._evm.insert_account_info(account.address, AccountInfo(nonce=account.nonce, code=account.code))

    def _write(self, address: str, slot: int, value: int) -> None:
        # Goes to the database because the account is not in the journal; pyrevm then loads it there: undone at once.
        checkpoint = self._evm.snapshot()
        self._evm.insert_account_storage(address, slot, value)
        self._evm.revert(checkpoint)


def _code(evm: EVM, address: str) -> bytes:
    code = evm.get_code(address)
    if not code:
        return b""
    # revm pads code for its jump analysis; the account's hash is that of the code without.
    wanted = evm.basic(address).code_hash
    for padding in (33, 32, 1, 0):
        if keccak(code[: len(code) - padding]) == wanted:
            return bytes(code[: len(code) - padding])
    raise ChainError(f"the code of {address} does not match its hash")


def _raw_log(log: object) -> RawLog:
    topics, data = log.data  # type: ignore[attr-defined]
    return RawLog(checksum(log.address), tuple(bytes(topic) for topic in topics), bytes(data))  # type: ignore[attr-defined]


def _reason(error: RuntimeError) -> str:
    text = str(error)
    if found := _HALT.search(text):
        return f"halted: {found[1]}"
    found = _OUTPUT.search(text)
    return revert_reason(bytes.fromhex(found[1])) if found else text
