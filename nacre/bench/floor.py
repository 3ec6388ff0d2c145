"""The arithmetic floor of a transaction: what the rules of Prague charge for what it touched, however little code ran.

Counted from the trace of the transaction itself: each account and slot once, each slot that ended with another value
once, each log. What lies above the floor is computing, calls to warm accounts, repeated reads and writes, and memory.
"""

from dataclasses import asdict, dataclass

from nacre.bench.trace import BASE, CALLS, REFUND_SHARE, Recorded, calldata_gas

COLD_ACCOUNT = 2_600
COLD_SLOT = 2_100
CHANGE_SLOT = 2_900  # of another value than 0, the cold access apart
SET_SLOT = 20_000  # of 0
CLEAR_REFUND = 4_800
LOG, LOG_TOPIC, LOG_BYTE = 375, 375, 8
PRECOMPILES = range(1, 18)  # always warm, as are sender and recipient

ASKS_STACK_TOP = {"BALANCE", "EXTCODESIZE", "EXTCODECOPY", "EXTCODEHASH"}


@dataclass(frozen=True)
class Floor:
    """Gas by cause, and the counts that it comes from. `refund` is taken off."""

    base: int
    calldata: int
    accounts: int
    slots: int
    writes: int
    logs: int
    refund: int
    counts: dict[str, int]

    @property
    def total(self) -> int:
        return self.base + self.calldata + self.accounts + self.slots + self.writes + self.logs - self.refund

    def as_json(self) -> dict[str, object]:
        return asdict(self)


def floor_of(recorded: Recorded) -> Floor:
    accounts = cold_accounts(recorded)
    slots = {(step.address, step.stack[-1]) for step in recorded.steps if step.opcode in ("SLOAD", "SSTORE")}
    changed = [key for key, value in recorded.after.items() if value != recorded.before[key]]
    fresh = [key for key in changed if not recorded.before[key]]
    cleared = [key for key in changed if not recorded.after[key]]
    calldata = calldata_gas(recorded.data)
    writes = len(fresh) * SET_SLOT + (len(changed) - len(fresh)) * CHANGE_SLOT
    logs = sum(LOG + LOG_TOPIC * topics + LOG_BYTE * size for topics, size in recorded.logs)
    gross = BASE + calldata + len(accounts) * COLD_ACCOUNT + len(slots) * COLD_SLOT + writes + logs
    return Floor(
        base=BASE,
        calldata=calldata,
        accounts=len(accounts) * COLD_ACCOUNT,
        slots=len(slots) * COLD_SLOT,
        writes=writes,
        logs=logs,
        refund=min(len(cleared) * CLEAR_REFUND, gross // REFUND_SHARE),
        counts={
            "calldata_bytes": len(recorded.data),
            "cold_accounts": len(accounts),
            "cold_slots": len(slots),
            "slots_changed": len(changed) - len(fresh) - len(cleared),
            "slots_set": len(fresh),
            "slots_cleared": len(cleared),
            "logs": len(recorded.logs),
            "log_topics": sum(topics for topics, _ in recorded.logs),
            "log_bytes": sum(size for _, size in recorded.logs),
        },
    )


def cold_accounts(recorded: Recorded) -> set[int]:
    """Addresses that the rules charge for, as numbers."""
    warm = {int(recorded.sender, 16), int(recorded.to, 16), *PRECOMPILES}
    touched = set()
    for step in recorded.steps:
        if step.opcode in CALLS:
            touched.add(step.stack[-2] & (2**160 - 1))
        elif step.opcode in ASKS_STACK_TOP:
            touched.add(step.stack[-1] & (2**160 - 1))
    return touched - warm
