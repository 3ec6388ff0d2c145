"""Past events of a contract, in chunks that the node accepts.

class Names(EventIndex):
    def note(self, log): ...                    # one event after the other

index = Names(contract.address, topics, node_logs(chain.rpc))
for blocks in index.update(chain.block_number): ...
"""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from nacre.chain.base import ChainError, RawLog
from nacre.chain.node import raw_log

# Blocks that are asked for at a time, at first.
CHUNK = 10_000

# As eth_getLogs takes them: for each place what may stand there.
Topics = list[list[str]]


class LogSource(Protocol):
    """Where logs come from: a node, or a list in a test."""

    def __call__(self, address: str, topics: Topics, first: int, last: int) -> list[RawLog]: ...


def node_logs(rpc: Callable[..., Any]) -> LogSource:
    """eth_getLogs of a node."""

    def fetch(address: str, topics: Topics, first: int, last: int) -> list[RawLog]:
        wanted = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        return [raw_log(log) for log in rpc("eth_getLogs", wanted)]

    return fetch


class EventIndex:
    """What the logs of one contract say, kept up to date by `update`."""

    def __init__(self, address: str, topics: Topics, source: LogSource, first_block: int = 0):
        self._address = address
        self._topics = topics
        self._source = source
        self._next = first_block
        self._chunk = CHUNK

    def update(self, last_block: int) -> Iterator[int]:
        """Reads on to `last_block`, yields the blocks done after each chunk; smaller chunks where the node refuses."""
        while self._next <= last_block:
            end = min(last_block, self._next + self._chunk - 1)
            try:
                logs = self._source(self._address, self._topics, self._next, end)
            except ChainError:
                if self._chunk == 1:
                    raise
                self._chunk = max(1, self._chunk // 4)
                continue
            for log in logs:
                self.note(log)
            done = end - self._next + 1
            self._next = end + 1
            yield done

    def note(self, log: RawLog) -> None:
        """One event; the last word counts."""
        raise NotImplementedError
