"""What an instruction's gas is spent on."""

from collections import Counter

from nacre.bench.floor import ASKS_STACK_TOP
from nacre.bench.replica import Step
from nacre.bench.trace import BASE, CALLS, Recorded, calldata_gas

READS, WRITES, ACCOUNTS, LOGS = "storage reads", "storage writes", "calls", "logs"
INTRINSIC, COMPUTING = "intrinsic and calldata", "computing"
# What is not computing.
TOUCHES = {READS, WRITES, ACCOUNTS, LOGS}

KINDS = {
    READS: {"SLOAD"},
    WRITES: {"SSTORE"},
    ACCOUNTS: CALLS | ASKS_STACK_TOP,
    LOGS: {f"LOG{topics}" for topics in range(5)},
    "reentrancy locks": {"TLOAD", "TSTORE"},
    "hashing": {"KECCAK256"},
    "memory": {"MLOAD", "MSTORE", "MSTORE8", "MCOPY", "CALLDATACOPY", "CODECOPY", "RETURNDATACOPY"},
    "jumps": {"JUMP", "JUMPI", "JUMPDEST"},
    "multiplication and division": {"MUL", "DIV", "SDIV", "MOD", "SMOD", "ADDMOD", "MULMOD", "EXP"},
}
KIND_OF = {opcode: kind for kind, opcodes in KINDS.items() for opcode in opcodes}


def kind_of(step: Step) -> str:
    if step.opcode.startswith(("PUSH", "DUP", "SWAP", "POP")):
        return "stack"
    return KIND_OF.get(step.opcode, "arithmetic and the rest")


def causes(recorded: Recorded) -> Counter[str]:
    """Gas by a handful of causes that add up to that of the transaction; writes with the refund taken off."""
    spent = Counter({INTRINSIC: BASE + calldata_gas(recorded.data), WRITES: -recorded.refund})
    for step in recorded.steps:
        kind = kind_of(step)
        spent[kind if kind in TOUCHES else COMPUTING] += step.cost
    return spent
