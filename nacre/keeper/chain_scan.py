"""Finds every account that has a position, from the events of the clearinghouse, in chunks that the node accepts."""

from collections.abc import Callable, Iterator
from typing import Any, Protocol

from nacre.chain import ChainError, Contract, RawLog
from nacre.chain.abi import checksum

CHUNK = 10_000
EVENT = "PositionChanged"


class LogSource(Protocol):
    """Where logs come from: a node, or a list in a test."""

    def __call__(self, address: str, topics: list[str], first: int, last: int) -> list[RawLog]: ...


def node_logs(rpc: Callable[..., Any]) -> LogSource:
    """eth_getLogs of a node."""

    def fetch(address: str, topics: list[str], first: int, last: int) -> list[RawLog]:
        wanted = {"address": address, "topics": topics, "fromBlock": hex(first), "toBlock": hex(last)}
        return [
            RawLog(
                checksum(log["address"]),
                tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
                bytes.fromhex(log["data"][2:]),
            )
            for log in rpc("eth_getLogs", wanted)
        ]

    return fetch


class PositionIndex:
    """Accounts with a position in one market, kept up to date by `update`."""

    def __init__(self, clearinghouse: Contract, market_id: int, source: LogSource, first_block: int = 0):
        self._address = clearinghouse.address
        event = next(event for event in clearinghouse.abi.events.values() if event.name == EVENT)
        self._topics = ["0x" + event.topic.hex(), "0x" + market_id.to_bytes(32, "big").hex()]
        self._event = event
        self._source = source
        self._next = first_block
        self._chunk = CHUNK
        self._open: dict[str, int] = {}

    @property
    def accounts(self) -> list[str]:
        """In the order in which they opened."""
        return list(self._open)

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
        """One event; the last of an account counts."""
        change = self._event.decode(log.topics, log.data)
        if change.size:
            self._open[change.account] = change.size
        else:
            self._open.pop(change.account, None)
