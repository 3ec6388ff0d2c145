"""A bare clearinghouse for auto-deleveraging: the test is its engine and its venues, and hands out any position.

    desk = Desk(markets=2)
    desk.give(trader, Pos(3, 21, 300))      # three wei of size, at 100 wei each
    desk.push(90 * WAD)
    receipt = desk.deleverage(trader, [other])

The markets share an oracle. `shared` rolls back what is done inside.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from support.exchange import PRICE, bare_house
from support.pure import harness
from support.spec import Pos

from nacre.artifacts import load
from nacre.chain import Receipt, restored
from nacre.chain.abi import checksum
from nacre.units import WAD

# As in tests/unit/deleveraging/conftest.py.
FIELDS: dict[str, Any] = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}
# lib/policy_word
LOSS_ADL, PREVIOUS_MARK = 8, 16
# The first address of a crowd.
FIRST = 2**80


class Desk:
    def __init__(self, markets: int = 1, **fields: Any):
        self.bare = bare_house(**FIELDS | fields)
        self.chain, self.house = self.bare.chain, self.bare.house
        self.sender = self.chain.account("deployer")
        for number in range(1, markets):
            assert self.bare.list_market(self.bare.venue, **FIELDS | fields) == number
        self.crowd = self.chain.deploy(harness("CrowdVenue"), sender=self.sender)
        self.lens = self.chain.deploy(load("Lens"), self.house.address, self.crowd.address, sender=self.sender)

    # ---- doing

    def give(self, who: str, pos: Pos, market: int = 0) -> None:
        removed = (0, pos.balance, pos.size, pos.notional, PRICE)
        self.bare.send(self.bare.venue, "venue_absorb", market, who, who, removed).check()

    def give_many(self, count: int, pos: Pos) -> list[str]:
        """To accounts that follow each other, in one call: from now on their giver is the venue of market 0."""
        risk, trading, limits = self.house.call("market_words", 0)
        words = (risk, int(self.crowd.address, 16) << 96 | trading % 2**96, limits, self.house.call("extras_word", 0))
        self.bare.send(self.bare.config, "set_market", 0, *words).check()
        removed = (0, pos.balance, pos.size, pos.notional, PRICE)
        self.crowd.transact("give", self.house.address, 0, FIRST, count, removed, sender=self.sender).check()
        return [checksum(f"0x{FIRST + number:040x}") for number in range(count)]

    def push(self, price: int) -> None:
        self.bare.oracle.transact("set_price", price, sender=self.sender).check()

    def touch(self, market: int = 0) -> None:
        """The mark of now is the previous one of the next block."""
        self.bare.send(self.sender, "accrue", market).check()

    def fill_pot(self, amount: int = WAD, market: int = 0) -> None:
        """Out of the provider's free collateral."""
        provider = self.chain.account("provider")
        self.bare.send(self.bare.venue, "venue_provide", market, provider, amount, PRICE).check()

    def donate(self, amount: int) -> None:
        self.bare.send(self.chain.account("provider"), "donate_insurance", 0, amount).check()

    def cross(self, who: str, *markets: int) -> None:
        for market in markets or (0,):
            self.bare.send(who, "set_margin_mode", market, True).check()

    def leave(self, who: str, amount: int) -> None:
        """Free collateral down to that."""
        self.bare.send(who, "withdraw", self.free(who) - amount).check()

    def deleverage(self, target: str, accounts: Sequence[str], market: int = 0, policy: int = LOSS_ADL) -> Receipt:
        return self.bare.send(self.bare.engine, "deleverage", market, target, policy, list(accounts))

    # ---- reading

    def held(self, who: str, market: int = 0) -> Pos:
        record = self.house.call("position", market, who)
        return Pos(record.size, record.balance, record.entry_notional)

    def free(self, who: str) -> int:
        return self.house.call("free_collateral", who)

    def state(self, market: int = 0) -> Any:
        return self.house.call("market_state", market)

    def legs(self, who: str) -> int:
        """Bitmap of the markets where it may have a cross position."""
        return self.house.call("cross_markets", who)[1]


@cache
def _desk(markets: int, fields: tuple[tuple[str, Any], ...]) -> Desk:
    return Desk(markets, **dict(fields))


@contextmanager
def shared(markets: int = 1, **fields: Any) -> Iterator[Desk]:
    """The one with these markets, as deployed; what happens inside is rolled back."""
    desk = _desk(markets, tuple(sorted(fields.items())))
    with restored(desk.chain):
        yield desk


def closed(receipt: Receipt) -> list[str]:
    return [event.account for event in receipt.check().events("Deleveraged")]
