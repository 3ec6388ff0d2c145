"""One transaction on the embedded chain with every step of it, as a second EVM ran them on the same state.

    recorded = record(chain, token.address, token.encode("transfer", bob, 5), sender=ann)
    recorded.gas_used, recorded.steps[0].opcode, recorded.steps[0].cost

The gas is that of the embedded chain. It must equal what the second EVM used, and that the sum of the steps.
"""

from dataclasses import dataclass

from nacre.bench.replica import MirroredChain, Step, run
from nacre.chain import restored

BASE = 21_000
ZERO_BYTE = 4
OTHER_BYTE = 16
REFUND_SHARE = 5  # at most a fifth of the gas is refunded

CALLS = {"CALL", "STATICCALL", "DELEGATECALL", "CALLCODE"}


class TraceError(Exception):
    """A trace that does not add up, or a transaction that reverted."""


@dataclass(frozen=True)
class Recorded:
    """A transaction and its steps. `refund` is what was taken off at the end."""

    to: str
    data: bytes
    sender: str
    gas_used: int
    refund: int
    steps: list[Step]
    logs: list[tuple[int, int]]  # topics and bytes of each
    events: tuple[str, ...]  # their names
    before: dict[tuple[str, int], int]  # value of each slot that it wrote
    after: dict[tuple[str, int], int]


def record(chain: MirroredChain, to: str, data: bytes, sender: str, what: str = "transaction") -> Recorded:
    """Sends it as the next block, takes it back, and has the second EVM repeat it."""
    with restored(chain):
        receipt = chain.raw_transact(to, data, sender, what)
    if not receipt.ok:
        raise TraceError(f"{what}: {receipt.reason}")
    again = run(chain, receipt.timestamp, to, data, sender)
    if again.error:
        raise TraceError(f"{what}: the second EVM says {again.error}")
    spent = BASE + calldata_gas(data) + sum(step.cost for step in again.steps)
    refund = min(again.refund_counter, spent // REFUND_SHARE)
    if spent - refund != receipt.gas_used:
        raise TraceError(f"{what}: {receipt.gas_used} gas used, {spent} - {refund} by the second EVM")
    return Recorded(
        to=to,
        data=data,
        sender=sender,
        gas_used=receipt.gas_used,
        refund=refund,
        steps=again.steps,
        logs=[(len(log.topics), len(log.data)) for log in receipt.raw_logs],
        events=tuple(log.name for log in receipt.logs),
        before={key: chain.storage(*key) for key in again.storage},
        after=again.storage,
    )


def calldata_gas(data: bytes) -> int:
    return sum(OTHER_BYTE if byte else ZERO_BYTE for byte in data)
