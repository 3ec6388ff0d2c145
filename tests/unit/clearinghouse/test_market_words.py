"""modules/markets by itself: what each word holds, at the edges of its fields, as docs/spec.md and its comments say."""

import itertools

import pytest
from support.pure import harness

from nacre.artifacts import load
from nacre.chain import EmbeddedChain, TransactionFailed
from nacre.units import BPS, DAY, RAY, WAD

NUMBER = 7
# lib/market_words, and the flags of modules/markets
MARK_MEDIAN, EXTRAS, PREVIOUS_MARK, BORROWED = 1, 4, 16, 64
LISTED, REDUCE_ONLY, PAUSED, HAS_OWED, HAS_BORROW, HAS_LOSSES = 1, 2, 4, 8, 64, 128
BORROW_LIMIT = 2**124
YEAR = 365 * DAY
WORDS = ("risk", "extras", "accrual", "losses", "money", "totals", "mids", "marks", "borrows", "venues", "dues")
RATE_AT, MAX_AGE_AT = 159, 48


class Book:
    def __init__(self):
        self.chain = EmbeddedChain(exact_gas=False)
        self.sender = self.chain.account("owner")
        self.contract = self.chain.deploy(harness("MarketBook"), sender=self.sender)

    @property
    def now(self):
        return self.chain.timestamp

    def put(self, **words):
        self.send("put", NUMBER, tuple(words.get(name, 0) for name in WORDS))

    def word(self, name):
        return getattr(self.ask("words", NUMBER), name)

    def ask(self, function, *arguments):
        return self.contract.call(function, *arguments)

    def send(self, function, *arguments):
        self.contract.transact(function, *arguments, sender=self.sender).check()

    def market(self, **fields):
        """The one that `read` gives, with other values."""
        found = self.ask("read", NUMBER)
        return tuple(fields.get(name, value) for name, value in zip(found._fields, found, strict=True))


@pytest.fixture(scope="module")
def book():
    return Book()


# ---- the words of a market


@pytest.mark.parametrize("flags", [0, LISTED, HAS_LOSSES, HAS_BORROW, HAS_LOSSES | HAS_BORROW, 255])
@pytest.mark.parametrize("risk", [1, EXTRAS, EXTRAS | 1, 2**256 - 1])
@pytest.mark.parametrize("full", [False, True], ids=["nothing", "all"])
def test_every_field_is_read_by_itself(book, flags, risk, full):
    """Each of them full, the others empty, and the other way about; losses, borrow, extras where bits say they are."""
    fields = {"insurance": (152, 104), "pot": (48, 104), "holders_long": (28, 20), "holders_short": (8, 20)}
    for name, (at, width) in fields.items():
        one = 2**width - 1 << at
        money = (one if not full else 2**256 - 256 - one) | flags
        book.put(
            risk=risk, money=money, losses=(2**127 - 1) << 128 | 5, extras=77, borrows=(2**124 << 128) + 2**128 - 1
        )
        market = book.ask("read", NUMBER)
        for other, (place, bits) in fields.items():
            assert getattr(market, other) == (2**bits - 1 if (other == name) != full else 0), other
            assert money >> place & 2**bits - 1 == getattr(market, other)
        assert (market.flags, market.money_word, market.risk) == (flags, money, risk)
        assert market.extras == (77 if risk & EXTRAS else 0)
        assert market.borrow == (2**124 if flags & HAS_BORROW else 0)
        losses = (2**127 - 1, 5) if flags & HAS_LOSSES else (0, 0)
        assert (market.long_loss, market.short_loss) == losses
        assert (market.id, market.mark, market.jumped) == (NUMBER, 0, False)
        assert (market.long_change, market.short_change) == (0, 0)


@pytest.mark.parametrize("index", [0, 1, -1, 2**125, -(2**125)])
@pytest.mark.parametrize("average", [0, 1, -1, 2**46, -(10**12)])
@pytest.mark.parametrize("premium", [0, 1, -1, 2**46, -(10**12)])
def test_parts_of_an_accrual(book, index, average, premium):
    word = (index % 2**128) << 128 | (average % 2**48) << 80 | (premium % 2**48) << 32 | 2**32 - 1
    assert tuple(book.ask("accrual_parts", word)) == (index, average, premium)
    book.put(risk=1, accrual=word)
    assert book.ask("read", NUMBER).funding == index


FULL = {"insurance": 2**104 - 1, "pot": 2**104 - 1, "holders_long": 2**20 - 1, "holders_short": 2**20 - 1}


@pytest.mark.parametrize("name", FULL)
def test_a_market_is_written_as_it_was_read(book, name):
    book.put(risk=1, money=LISTED)
    for value in (1, FULL[name]):
        book.send("close", book.market(**{name: value, "flags": 255}))
        after = book.ask("read", NUMBER)
        assert {one: getattr(after, one) for one in FULL} == dict.fromkeys(FULL, 0) | {name: value}
        assert after.flags == 255
    with pytest.raises(TransactionFailed, match="market is full"):
        book.send("close", book.market(**{name: FULL[name] + 1}))


@pytest.mark.parametrize(("long", "short"), [(0, 0), (1, 0), (0, 1), (-1, 0), (0, -1), (5, -7), (-(10**27), 10**27)])
def test_totals_change_by_what_was_traded(book, long, short):
    book.put(risk=1, totals=(10**27) << 128 | 10**27 + 1)
    book.send("close", book.market(long_change=long, short_change=short))
    assert book.word("totals") == (10**27 + long) << 128 | 10**27 + 1 + short
    assert book.word("money") == 0


# ---- carry


@pytest.mark.parametrize("funding", [0, 3 * RAY, -3 * RAY])
@pytest.mark.parametrize("size", [1, -1, 10**27, -(10**27), 0])
def test_what_a_side_carries(book, funding, size):
    """K = F + B + S of longs, -F + B + S of shorts."""
    expected = 11 + 17 + funding if size >= 0 else 13 + 17 - funding
    assert book.ask("carry_index", 11, 13, funding, 17, size) == expected


# ---- borrowing


@pytest.mark.parametrize("elapsed", [0, 1, DAY])
@pytest.mark.parametrize("rate", [0, 1, 50_000])
@pytest.mark.parametrize(("long", "short"), [(0, 0), (3 * WAD, 5 * WAD), (10**27, 10**27)])
def test_the_borrow_index_and_what_is_owed_by_it(book, elapsed, rate, long, short):
    """Up to its limit; the fees up to theirs, which no pot reaches."""
    mark = 10**25
    indices = (0, 5 * RAY, BORROW_LIMIT - 10**30, BORROW_LIMIT - 1, BORROW_LIMIT)
    for borrow, kept in itertools.product(indices, (0, 7, 2**112 - 1)):
        book.put(risk=1, totals=long << 128 | short, borrows=borrow << 128 | kept << 16 | 2**16 - 1)
        market = book.market(extras=rate << RATE_AT, mark=mark, borrow=borrow)
        rise = min(rate * mark * elapsed * (RAY // WAD) // (BPS * YEAR), BORROW_LIMIT - borrow)
        fees = min(kept + rise * (long + short) // RAY, 2**112 - 1)
        found = book.ask("borrowed", market, 2**256 - 2**32 | book.now - elapsed)
        assert found == ((borrow + rise) << 128 | fees << 16 if rate else 0)


# ---- marks and mids


@pytest.mark.parametrize("changed", [0, 1, 100])
@pytest.mark.parametrize("dirty", [0, 2**32 - 1])
def test_the_mid_of_the_last_earlier_block(book, changed, dirty):
    latest, before = 2**96 - 1, 2**95 + 3
    with book.chain.block():
        book.put(mids=latest << 160 | before << 64 | dirty << 32 | book.now - changed)
        assert book.ask("mid_before", NUMBER) == (latest if changed else before)


@pytest.mark.parametrize("changed", [0, 1, 100])
@pytest.mark.parametrize("median", [0, MARK_MEDIAN])
@pytest.mark.parametrize("idle", [0, 12_345])
@pytest.mark.parametrize("mid", [0, 1, 2**96 - 1])
def test_a_mid_is_set(book, changed, median, idle, mid):
    """Fees add up beside it; a median needs what it was before the block; a venue without one says since when."""
    latest, before, fees = 2**96 - 1, 2**95 + 3, 2**112 - 2
    with book.chain.block():
        book.put(
            mids=latest << 160 | before << 64 | book.now - changed, venues=latest << 160 | fees << 48 | 9 << 32 | idle
        )
        book.send("set_mid", NUMBER, 2**256 - 1 - MARK_MEDIAN | median, mid, 1)
        since = 0 if mid else idle or book.now
        assert book.word("venues") == mid << 160 | fees + 1 << 48 | since
        kept = before if changed == 0 else latest
        unchanged = latest << 160 | before << 64 | book.now - changed
        assert book.word("mids") == (mid << 160 | kept << 64 | book.now if median else unchanged)


@pytest.mark.parametrize("touched", [0, 1, 60])
@pytest.mark.parametrize("age", [0, 59, 60, 61])
def test_the_previous_mark(book, touched, age):
    """That of the last touch in an earlier block, while it is as young as a price must be."""
    latest, earlier, max_age = 2**96 - 1, 2**95 + 3, 60
    with book.chain.block():
        times = (book.now - touched, book.now - age)
        book.put(risk=2**256 - 1, marks=latest << 160 | times[0] << 128 | earlier << 32 | times[1])
        market = book.market(risk=2**96 - 2**68 | max_age << MAX_AGE_AT | 2**48 - 1)
        expected = latest if touched else earlier if age <= max_age else 0
        assert book.ask("previous_mark", market) == expected


# ---- touching


@pytest.fixture
def touched(book):
    """With an oracle at 100: `touched(risk=.., ..)` writes the words, `book.send("open", NUMBER)` touches."""
    oracle = book.chain.deploy(load("MockBadOracle"), 100 * WAD, sender=book.sender)

    def put(risk, **words):
        book.put(risk=int(oracle.address, 16) << 96 | 3_600 << MAX_AGE_AT | risk, **words)

    put.oracle = oracle
    put.says = lambda price, time=0, jumped=False: oracle.transact(
        "set_price", price, time, jumped, 0, sender=book.sender
    ).check()
    return put


# Modes of MockBadOracle: all but one that calls back and one that says too much.
FAILING = [1 << place for place in range(10) if place not in (3, 6)]
FUNDED = 100 << 34 | DAY << 10


@pytest.mark.parametrize("index", [1, -1, 5 * RAY + 1, -5 * RAY])
def test_when_only_the_clock_moved_there_is_nothing_to_tell(book, touched, index):
    touched(FUNDED, accrual=(index % 2**128) << 128 | book.now)
    receipt = book.contract.transact("open", NUMBER, sender=book.sender).check()
    assert not receipt.events("FundingAccrued")
    assert book.word("accrual") == (index % 2**128) << 128 | book.now
    # the premium of a mid
    touched(FUNDED, accrual=(index % 2**128) << 128 | book.now, venues=101 * WAD << 160)
    receipt = book.contract.transact("open", NUMBER, sender=book.sender).check()
    assert receipt.event("FundingAccrued").accrual == book.word("accrual")
    assert book.ask("accrual_parts", book.word("accrual")) == (index, 0, 10**10)


@pytest.mark.parametrize(
    ("average", "mid", "mark"), [(0, 90, 100), (10**10, 90, 100), (10**10, 102, 101), (10**10, 0, 100)]
)
def test_the_mark_of_a_touch_is_the_median(book, touched, average, mid, mark):
    """Of 100, of 100 with the average premium on it, and of the venue's mid before the block."""
    accrual = average << 80 | average << 32 | book.now
    for flag, expected in ((MARK_MEDIAN, mark), (PREVIOUS_MARK, 100), (0, 100)):
        touched(FUNDED | flag, accrual=accrual, mids=mid * WAD << 160)
        market = book.contract.transact("open", NUMBER, sender=book.sender).check().value
        assert market.mark == expected * WAD
        assert book.word("marks") == (market.mark << 160 | book.now << 128 if flag else 0)


def test_marks_of_one_block_leave_the_earlier_one(book, touched):
    seen = book.now - 5
    touched(PREVIOUS_MARK, marks=90 * WAD << 160 | seen << 128 | 80 * WAD << 32 | seen - 4)
    with book.chain.block():
        for price in (101, 102, 103):
            touched.says(price * WAD)
            book.send("open", NUMBER)
            assert book.word("marks") == price * WAD << 160 | book.now << 128 | 90 * WAD << 32 | seen


@pytest.mark.parametrize("kept", [0, 7 * RAY << 128 | 5 << 16])
def test_borrow_fees_are_told_as_they_are_kept(book, touched, kept):
    rate, long, short = 5_000, 30 * WAD, 20 * WAD
    words = {"extras": rate << RATE_AT, "totals": long << 128 | short, "borrows": kept}
    money = LISTED | (HAS_BORROW if kept else 0)
    touched(EXTRAS, **words, accrual=book.now, money=money)
    receipt = book.contract.transact("open", NUMBER, sender=book.sender).check()
    event = receipt.event("BorrowAccrued")
    word = book.word("borrows")
    elapsed = 2  # the block of the words, and that of the touch
    rise = rate * 100 * WAD * elapsed * (RAY // WAD) // (BPS * YEAR)
    assert (event.market, event.borrow_index, event.borrow_fees) == (NUMBER, word >> 128, word >> 16 & 2**112 - 1)
    assert (event.borrow_index, event.borrow_fees) == (
        (kept >> 128) + rise,
        (kept >> 16 & 2**112 - 1) + rise * 50 * WAD // RAY,
    )
    assert book.word("money") == LISTED | HAS_BORROW
    assert receipt.value.borrow == event.borrow_index
    # the first time it says so where whoever reads a leg looks first
    assert book.word("risk") & BORROWED == (0 if kept else BORROWED)
    touched(EXTRAS, **words, accrual=book.now, money=money)
    book.send("open_and_close", NUMBER)
    assert book.word("money") == LISTED | HAS_BORROW


@pytest.mark.parametrize("time", [0, 1, 60])
def test_what_is_observed_is_what_a_touch_would_find(book, touched, time):
    accrual = (5 * RAY) << 128 | 10**10 << 80 | 10**10 << 32
    touched(FUNDED | MARK_MEDIAN, accrual=accrual | book.now + 2 - time, mids=102 * WAD << 160, money=LISTED)
    with book.chain.block():
        market, word, stale = book.ask("observe", NUMBER, True)
        assert (market, word, stale) == book.ask("observe", NUMBER, False)
        opened = book.contract.transact("open", NUMBER, sender=book.sender).check().value
        assert not stale
        assert (opened, book.word("accrual")) == (market, word)
        assert market.funding == book.ask("accrual_parts", word)[0]
        assert (market.funding != 5 * RAY) == (time > 0)


@pytest.mark.parametrize(("price", "time"), [(0, 0), (10**12 - 1, 0), (10**25 + 1, 0), (100 * WAD, 2**32 - 1)])
def test_an_oracle_that_fails_has_not_jumped(book, touched, price, time):
    """Nor has its price any part in what is observed: that is the mark that was kept."""
    touched.says(price, time, True)
    touched(PREVIOUS_MARK, marks=90 * WAD << 160, accrual=book.now)
    market, _, stale = book.ask("observe", NUMBER, True)
    assert (market.mark, market.jumped, stale) == (90 * WAD, False, True)
    # whoever asks for no reason takes it for a stale one
    assert book.ask("quote", book.word("risk"))[2:4] == (False, True)


@pytest.mark.parametrize("mode", FAILING)
def test_nor_has_one_that_misbehaves(book, touched, mode):
    touched.says(100 * WAD, 0, True)
    touched.oracle.transact("set_mode", mode, sender=book.sender).check()
    touched(PREVIOUS_MARK, marks=90 * WAD << 160, accrual=book.now)
    market, _, stale = book.ask("observe", NUMBER, True)
    assert (market.mark, market.jumped, stale) == (90 * WAD, False, True)
    # whoever asks for no reason takes it for a stale one
    assert book.ask("quote", book.word("risk"))[2:4] == (False, True)


@pytest.mark.parametrize("max_age", [60, 61, 2**20 - 1])
def test_a_price_is_stale_when_it_is_older_than_allowed(book, touched, max_age):
    with book.chain.block():
        for age in (max_age, max_age + 1):
            touched.says(100 * WAD, book.now - age)
            risk = int(touched.oracle.address, 16) << 96 | max_age << MAX_AGE_AT | PREVIOUS_MARK
            book.put(risk=risk, accrual=book.now)
            assert book.ask("observe", NUMBER, False)[2] == (age > max_age)


def test_an_oracle_gets_half_a_million_gas(book):
    oracle = book.chain.deploy(harness("MeteringOracle"), sender=book.sender)
    book.put(risk=int(oracle.address, 16) << 96 | 3_600 << MAX_AGE_AT | 1)
    market, _, _ = book.ask("observe", NUMBER, False)
    assert market.mark == oracle.call("price_with", 500_000)


# ---- what it says of itself


@pytest.mark.parametrize(
    ("totals", "dues", "settled"), [(0, 0, True), (1, 0, False), (0, 1, False), (2**128, 2**128, False)]
)
def test_settled_is_without_positions_and_ranges(book, totals, dues, settled):
    book.put(totals=totals, dues=dues)
    assert book.ask("standing", NUMBER, 0)[0] == settled


def test_open_is_listed_and_nothing_in_the_way(book):
    in_the_way = REDUCE_ONLY | PAUSED | HAS_OWED
    for flags in range(256):
        assert book.ask("standing", NUMBER, flags)[1] == (flags & (LISTED | in_the_way) == LISTED)
