"""Pytest plugin, `-p nacre.coverage.titanoboa_chain`: embedded chains run in titanoboa, for its coverage plugin to see.

For `coverage run` with `plugins = boa.coverage`. The code is what is deployed elsewhere too, to the byte. What it costs
is not exact here: slots stay warm from one transaction to the next.
"""

import os
from functools import cache
from pathlib import Path
from typing import Any

from boa.environment import Env
from boa.interpret import _compute_source_map
from boa.util.abi import Address
from vyper.compiler.settings import anchor_settings
from vyper.ir import compile_ir

import nacre.chain
from nacre.artifacts import ROOT, Artifact, compiler_data, deployables
from nacre.bare_pytest import WithoutApe
from nacre.chain import embedded
from nacre.chain.abi import checksum, revert_reason
from nacre.chain.base import CallFailed, ChainError, Contract, RawLog, Receipt, TransactionFailed, named_address
from nacre.chain.embedded import CHAIN_ID, GAS_LIMIT, GENESIS, EmbeddedChain
from nacre.coverage.plugin import TESTS

_without_ape = WithoutApe(os.environ.get(TESTS, "").split(os.pathsep), measures=True)
pytest_addoption = _without_ape.pytest_addoption
pytest_ignore_collect = _without_ape.pytest_ignore_collect
pytest_collection_modifyitems = _without_ape.pytest_collection_modifyitems


class Sourced:
    """What titanoboa asks of a contract: the place in the source of each place in the code."""

    def __init__(self, source_map: Any):
        self.source_map = source_map


@cache
def sourced(name: str, bytecode: bytes) -> tuple[Sourced, Sourced] | None:
    """Of the constructor and of the contract; of code that is made elsewhere nothing is known."""
    path: Path | None = next((path for path in deployables() if path.stem == name), None)
    data = compiler_data(path, ROOT) if path is not None else None
    if data is None:
        return None
    with anchor_settings(data.settings):
        if data.bytecode != bytecode:
            return None
        return Sourced(compile_ir.assembly_to_evm(data.assembly)[1]), Sourced(_compute_source_map(data))


class TitanoboaChain(EmbeddedChain):
    """An embedded chain on titanoboa's EVM instead of pyrevm."""

    name = "titanoboa"

    def __init__(self, exact_gas: bool = True, timestamp: int = GENESIS, chain_id: int = CHAIN_ID):
        self._env = Env()
        self._env.evm.patch.chain_id = chain_id
        self._checkpoints: list[tuple[int, int, Any]] = []
        self._constructor: Sourced | None = None
        super().__init__(exact_gas, timestamp, chain_id)

    def _set_block(self) -> None:
        self._env.evm.patch.block_number = self._number
        self._env.evm.patch.timestamp = self._timestamp

    # ---- state

    @property
    def _state(self) -> Any:
        return self._env.evm.vm.state

    def code(self, address: str) -> bytes:
        return bytes(self._env.get_code(Address(address)))

    def nonce(self, address: str) -> int:
        return int(self._state.get_nonce(Address(address).canonical_address))

    def storage(self, address: str, slot: int) -> int:
        return int(self._env.get_storage(Address(address), slot))

    def snapshot(self) -> int:
        # Of the accounts alone: a checkpoint of the transient storage would not outlive the transaction.
        self._checkpoints.append((self._number, self._timestamp, self._state._account_db.record()))
        return len(self._checkpoints) - 1

    def revert(self, snapshot: int) -> None:
        if not 0 <= snapshot < len(self._checkpoints):
            raise ChainError(f"there is no snapshot {snapshot}")
        self._number, self._timestamp, checkpoint = self._checkpoints[snapshot]
        self._next_timestamp = None
        del self._checkpoints[snapshot:]
        self._state._account_db.discard(checkpoint)
        self._set_block()

    def release(self, snapshot: int) -> None:
        del self._checkpoints[snapshot:]

    # ---- calls

    def _execute(self, to: str, data: bytes, sender: str) -> Any:
        contract = self._env.lookup_contract(to)
        self._state.clear_transient_storage()
        return self._env.execute_code(to_address=to, sender=sender, data=data, gas=GAS_LIMIT, contract=contract)

    def raw_call(self, to: str, data: bytes, sender: str | None = None) -> bytes:
        checkpoint = self._state._account_db.record()
        done = self._execute(to, data, sender or named_address("reader"))
        self._state._account_db.discard(checkpoint)
        if done.is_error:
            raise CallFailed(_reason(done))
        return bytes(done.output)

    def raw_transact(self, to: str, data: bytes, sender: str, what: str = "") -> Receipt:
        self._next_block()
        done = self._execute(to, data, sender)
        self._state.increment_nonce(Address(sender).canonical_address)
        ok = not done.is_error
        return Receipt(
            ok,
            "" if ok else _reason(done),
            done.get_gas_used(),
            [_raw_log(entry) for entry in sorted(done.get_raw_log_entries())] if ok else [],
            self._number,
            self._timestamp,
            what,
            self,
            bytes(done.output) if ok else None,
        )

    def deploy(self, artifact: Artifact, *arguments: Any, sender: str) -> Contract:
        known = sourced(artifact.name, artifact.bytecode)
        self._constructor = known[0] if known else None
        made = super().deploy(artifact, *arguments, sender=sender)
        if known:
            self._env.register_contract(made.address, known[1])
        return made

    def _create(self, code: bytes, sender: str, what: str) -> str:
        self._next_block()
        self._state.clear_transient_storage()
        constructor, self._constructor = self._constructor, None
        address, done = self._env.deploy(sender=sender, bytecode=code, gas=GAS_LIMIT, contract=constructor)
        if done.is_error:
            raise TransactionFailed(f"{what}: {_reason(done)}")
        return checksum(str(address))


def _reason(done: Any) -> str:
    kind = type(done.error).__name__
    return revert_reason(bytes(done.output)) if kind == "Revert" else f"halted: {kind}"


def _raw_log(entry: Any) -> RawLog:
    _, address, topics, data = entry
    return RawLog(
        checksum("0x" + address.hex()), tuple(int(topic).to_bytes(32, "big") for topic in topics), bytes(data)
    )


# Before any test imports it.
nacre.chain.EmbeddedChain = embedded.EmbeddedChain = TitanoboaChain  # type: ignore[misc]
