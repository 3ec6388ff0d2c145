"""A second EVM, py-evm, that runs one transaction on a copy of the embedded chain's state and notes every step.

Written in another language by other people than pyrevm, it must come to the same gas: each measurement is checked so.
"""

from dataclasses import dataclass
from typing import Any

from eth.abc import OpcodeAPI
from eth.constants import BLANK_ROOT_HASH
from eth.db.atomic import AtomicDB
from eth.vm.execution_context import ExecutionContext
from eth.vm.forks.prague.computation import PragueComputation
from eth.vm.forks.prague.state import PragueState
from eth.vm.forks.prague.transactions import PragueTransactionBuilder
from eth.vm.spoof import SpoofTransaction
from eth_typing import Address, BlockNumber, Hash32

from nacre.chain import EmbeddedChain
from nacre.chain.abi import checksum

GAS_LIMIT = 30_000_000
DEPTH = 7  # how deep into the stack an instruction looks at most, apart from DUP and SWAP


class MirroredChain(EmbeddedChain):
    """An embedded chain that remembers every slot that was ever written."""

    def __init__(self, **fields: Any):
        self.written: dict[tuple[str, int], int] = {}
        super().__init__(**fields)

    def _write(self, address: str, slot: int, value: int) -> None:
        self.written[checksum(address), slot] = value
        super()._write(address, slot, value)


@dataclass(slots=True)
class Step:
    """One instruction. `cost` is its own: for a call, without what the called contract spends."""

    code: str  # whose code runs
    address: str  # whose storage it sees
    pc: int
    opcode: str
    cost: int
    stack: list[int]  # before, top last; as deep as the instruction looks
    hashed: bytes = b""  # what a KECCAK256 is of


@dataclass(frozen=True)
class Run:
    """What the second EVM says. `spent` is before the refund."""

    steps: list[Step]
    spent: int
    refund_counter: int
    error: str
    storage: dict[tuple[str, int], int]  # of the slots written, afterwards


class _Noted:
    """An opcode that notes what it did."""

    def __init__(self, opcode: OpcodeAPI, steps: list[Step], inside: list[int]):
        self._opcode = opcode
        self._steps = steps
        self._inside = inside  # gas of the frames below the open calls
        self.mnemonic: str = getattr(opcode, "mnemonic", None) or opcode.__wrapped__.mnemonic  # type: ignore[attr-defined]

    def __call__(self, computation: Any) -> Any:
        message = computation.msg
        top = computation._stack.values[-DEPTH:]
        stack = [item if isinstance(item, int) else int.from_bytes(item, "big") for item in top]
        step = Step(
            code=checksum("0x" + message.code_address.hex()),
            address=checksum("0x" + message.storage_address.hex()),
            pc=computation.code.program_counter - 1,
            opcode="KECCAK256" if self.mnemonic == "SHA3" else self.mnemonic,
            cost=0,
            stack=stack,
        )
        if step.opcode == "KECCAK256":
            step.hashed = bytes(computation.memory_read_bytes(stack[-1], stack[-2]))
        self._steps.append(step)
        before = computation.get_gas_remaining()
        self._inside.append(0)
        try:
            return self._opcode(computation=computation)
        finally:
            whole = before - computation.get_gas_remaining()
            step.cost = whole - self._inside.pop()
            if self._inside:
                self._inside[-1] += whole


def run(chain: MirroredChain, timestamp: int, to: str, data: bytes, sender: str) -> Run:
    """The transaction in a block at that time, on the chain's state as it is."""
    steps: list[Step] = []
    state = _state(chain, timestamp, _noting(steps))
    transaction = PragueTransactionBuilder.create_unsigned_transaction(
        nonce=state.get_nonce(_bytes(sender)),
        gas_price=0,
        gas=GAS_LIMIT,
        to=_bytes(to),
        value=0,
        data=data,
    )
    computation = state.costless_execute_transaction(SpoofTransaction(transaction, from_=_bytes(sender)))  # type: ignore[arg-type]
    written = {(step.address, step.stack[-1]) for step in steps if step.opcode == "SSTORE"}
    return Run(
        steps=steps,
        spent=GAS_LIMIT - computation.get_gas_remaining(),
        refund_counter=computation.get_gas_refund(),
        error=str(computation.error) if computation.is_error else "",
        storage={key: state.get_storage(_bytes(key[0]), key[1]) for key in written},
    )


def _noting(steps: list[Step]) -> type[PragueComputation]:
    inside: list[int] = []
    noted: Any = {code: _Noted(opcode, steps, inside) for code, opcode in PragueComputation.opcodes.items()}

    class NotingComputation(PragueComputation):
        opcodes = noted

    return NotingComputation


def _state(chain: MirroredChain, timestamp: int, computation: type[PragueComputation]) -> PragueState:
    class NotingState(PragueState):
        computation_class = computation

    context = ExecutionContext(
        coinbase=Address(b"\0" * 20),
        timestamp=timestamp,
        block_number=BlockNumber(chain.block_number),
        difficulty=0,
        mix_hash=Hash32(b"\0" * 32),
        gas_limit=GAS_LIMIT,
        prev_hashes=(),
        chain_id=chain.chain_id,
        base_fee_per_gas=0,
        excess_blob_gas=0,
    )
    state = NotingState(AtomicDB(), context, BLANK_ROOT_HASH)
    for address, nonce in chain._nonces.items():
        state.set_nonce(_bytes(address), nonce)
        state.set_code(_bytes(address), chain.code(checksum(address)))
    for (address, slot), value in chain.written.items():
        state.set_storage(_bytes(address), slot, value)
    state.lock_changes()
    return state


def _bytes(address: str) -> Address:
    return Address(bytes.fromhex(address[2:]))
