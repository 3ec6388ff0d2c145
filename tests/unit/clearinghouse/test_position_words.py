"""modules/positions by itself: what a record holds, and what becomes of one by the indices of its market."""

import itertools

import pytest
from support import spec
from support.pure import harness

from nacre.chain import EmbeddedChain, TransactionFailed
from nacre.units import RAY

MARKETS = (0, 1, 1_023)
SIZES = (1, -1, 7, -7, 10**27, -(10**27), 2**127 - 1, -(2**127))
# Rises of an index whose charges round: to nothing, to one more than nothing, to a whole wei.
RISES = (0, 1, -1, RAY - 1, RAY, RAY + 1, -RAY - 1, 7 * RAY + 1)
LONG_FROM, SHORT_FROM = 5 * RAY, -3 * RAY


class Book:
    def __init__(self):
        self.chain = EmbeddedChain(exact_gas=False)
        self.sender = self.chain.account("owner")
        self.contract = self.chain.deploy(harness("PositionBook"), sender=self.sender)

    def ask(self, function, *arguments):
        return self.contract.call(function, *arguments)

    def send(self, function, *arguments):
        return self.contract.transact(function, *arguments, sender=self.sender).check()

    def put(self, market, who, position, dues=0):
        size, balance, notional, carry, flags = position
        first = (size % 2**128) << 128 | balance % 2**128
        self.send("put", market, who, first, (notional << 8 | flags) << 128 | carry % 2**128, dues)


@pytest.fixture(scope="module")
def book():
    return Book()


@pytest.mark.parametrize("market", MARKETS)
def test_a_record_is_the_accounts_in_that_market(book, trader, market):
    position = (7, -5, 2**120 - 1, -(2**127), 255)
    book.put(market, trader, position)
    assert book.ask("load", market, trader) == position
    for other, who in ((market ^ 1, trader), (market, book.sender)):
        assert book.ask("words", other, who)[:2] == (0, 0)
    book.send("clear", market, trader)
    assert book.ask("words", market, trader) == (0, 0, 0)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("balance", [0, 1, -1, 2**127 - 1, 1 - 2**127])
def test_what_is_stored_is_what_is_loaded(book, trader, size, balance):
    for notional, carry, flags in itertools.product((0, 1, 2**120 - 1), (0, -1, 2**127 - 1, -(2**127)), (0, 1, 255)):
        position = (size, balance, notional, carry, flags)
        book.send("store", 3, trader, position)
        assert book.ask("load", 3, trader) == position


@pytest.mark.parametrize(("balance", "notional"), [(2**127, 0), (-(2**127), 0), (0, 2**120)])
def test_what_no_record_holds(book, trader, balance, notional):
    with pytest.raises(TransactionFailed, match="position too large"):
        book.send("store", 3, trader, (1, balance, notional, 0, 0))


@pytest.mark.parametrize("size", [one for one in SIZES if abs(one) <= 10**27])
@pytest.mark.parametrize("rise", RISES)
def test_a_position_pays_what_its_side_carried(book, trader, size, rise):
    """Rounded up; the index of its side is its own from then on."""
    before = LONG_FROM if size > 0 else SHORT_FROM
    book.put(3, trader, (size, 11, 10**12, before, 5), dues=9)
    now = (LONG_FROM + rise, SHORT_FROM) if size > 0 else (LONG_FROM, SHORT_FROM + rise)
    found = book.send("load_at", 3, trader, *now).value
    assert found == (size, 11 - spec.carry(size, rise), 10**12, before + rise, 5)
    assert book.ask("words", 3, trader)[2] == 9


@pytest.mark.parametrize("due", [0, 1, 2, 2**104 - 1])
@pytest.mark.parametrize("others", [0, 1, 10**20])
def test_what_is_due_counts_until_it_is_taken_in(book, trader, due, others):
    """A record without a size says what is due; whoever writes the record anew has it back."""
    book.put(3, trader, (5, 6, 7, 8, 9), dues=others)
    event = book.send("store_flat", 3, trader, due).event("PositionChanged")
    assert (event.market, event.account, event.size, event.balance) == (3, trader, 0, due)
    assert book.ask("words", 3, trader)[::2] == (due, others + due)
    assert book.ask("load", 3, trader) == (0, due, 0, 0, 0)
    found = book.send("load_at", 3, trader, LONG_FROM, SHORT_FROM).value
    # the count of top-ups starts where no record of an earlier position began in this second
    assert found == (0, due, 0, LONG_FROM, book.chain.timestamp << 1 & 254)
    assert book.ask("words", 3, trader)[2] == others
