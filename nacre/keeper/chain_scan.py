"""Finds every account that has a position, or something coming to it, and every range, from events, in chunks that the
node accepts."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Protocol

from nacre.chain import ChainError, Contract, RawLog
from nacre.chain.abi import checksum
from nacre.keeper.jobs import RangeKey

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
        return [
            RawLog(
                checksum(log["address"]),
                tuple(bytes.fromhex(topic[2:]) for topic in log["topics"]),
                bytes.fromhex(log["data"][2:]),
            )
            for log in rpc("eth_getLogs", wanted)
        ]

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


class AccountIndex(EventIndex):
    """Accounts that events of a market name."""

    EVENTS: tuple[str, ...] = ()

    def __init__(self, clearinghouse: Contract, market_id: int, source: LogSource, first_block: int = 0):
        self._events = {topic: event for topic, event in clearinghouse.abi.events.items() if event.name in self.EVENTS}
        topics = [["0x" + topic.hex() for topic in self._events], ["0x" + market_id.to_bytes(32, "big").hex()]]
        super().__init__(clearinghouse.address, topics, source, first_block)
        self._found: dict[str, None] = {}

    @property
    def accounts(self) -> list[str]:
        """In the order in which they came."""
        return list(self._found)

    def note(self, log: RawLog) -> None:
        event = self._events[log.topics[0]]
        for account, matters in self.said(event.name, event.decode(log.topics, log.data)):
            if matters:
                self._found[account] = None
            else:
                self._found.pop(account, None)

    def said(self, name: str, log: Any) -> Iterator[tuple[str, bool]]:
        """The accounts that an event names, and whether they belong here after it."""
        raise NotImplementedError


class PositionIndex(AccountIndex):
    """Accounts with a position, or with what auto-deleveraging left of one: such a one stays until it is forgotten."""

    EVENTS = ("PositionChanged", "Takeover", "ForceClose")

    def said(self, name: str, log: Any) -> Iterator[tuple[str, bool]]:
        if name == "PositionChanged":
            yield log.account, log.size != 0 or log.balance != 0
            return
        if log.left == 0:
            yield log.target, False
        if name == "Takeover":
            yield log.liquidator, log.new_size != 0

    def forget(self, accounts: Iterable[str]) -> None:
        """Of whom the contracts say that nothing is left."""
        for account in accounts:
            self._found.pop(account, None)


class OwedIndex(AccountIndex):
    """Accounts that the market owes something."""

    EVENTS = ("Owed",)

    def said(self, name: str, log: Any) -> Iterator[tuple[str, bool]]:
        yield log.account, log.owed != 0


class RangeIndex(EventIndex):
    """Ranges of a venue, whose logs are of little else."""

    def __init__(self, venue: Contract, source: LogSource, first_block: int = 0):
        super().__init__(venue.address, [], source, first_block)
        self._events = {
            event.topic: event for event in venue.abi.events.values() if event.name in ("RangeAdded", "RangeRemoved")
        }
        self._ranges: dict[RangeKey, None] = {}

    @property
    def ranges(self) -> list[RangeKey]:
        return list(self._ranges)

    def note(self, log: RawLog) -> None:
        event = self._events.get(log.topics[0])
        if event is None:
            return
        change = event.decode(log.topics, log.data)
        key = RangeKey(change.provider, change.lower, change.upper)
        if event.name == "RangeAdded":
            self._ranges[key] = None
        else:
            self._ranges.pop(key, None)
