"""Finds every account that has a position, or something coming to it, and every range, from events."""

from collections.abc import Iterable, Iterator
from typing import Any

from nacre.chain import Contract, RawLog
from nacre.chain.logs import EventIndex, LogSource
from nacre.deploy import RangeKey


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
