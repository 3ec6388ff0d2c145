# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Markets
@notice The state of every market: what each word holds, how it is read, accrued and written back. Nothing here moves money
        between parties.
@dev    An operation opens its market once (`_open`: parameters, price, accrual, indices, money), works on the copy in
        memory, and writes the money word once at the end (`_close`). The other words are written where they change.
        What a function is handed is its own copy: several change the market they get and return it.
"""

from interfaces import IClearinghouse

from contracts.lib import accrual_math
from contracts.lib import market_words
from contracts.lib import packing
from contracts.lib import reasons


# A market opened for one operation.
struct Market:
    id: uint256
    risk: uint256  # words of lib/market_words
    extras: uint256
    mark: uint256  # WAD
    jumped: bool
    funding: int256  # RAY, F
    borrow: uint256  # RAY, B
    long_loss: uint256  # RAY, S_long
    short_loss: uint256  # RAY, S_short
    insurance: uint256  # WAD
    pot: uint256  # WAD
    holders_long: uint256
    holders_short: uint256
    flags: uint256  # status bits and the two below
    money_word: uint256  # as it was read
    long_change: int256  # WAD, of the totals, by this operation
    short_change: int256


MAX_MARKETS: constant(uint256) = 1_024
MIN_PRICE: constant(uint256) = 10**12  # 1e-6
MAX_PRICE: constant(uint256) = 10**25  # 1e7
# Largest position, and largest position at its entry notional and at mark.
MAX_SIZE: constant(uint256) = 10**27
MAX_NOTIONAL: constant(uint256) = 10**30
# What a takeover may add up to: positions that ranges leave are not bounded by MAX_SIZE, and must find a taker.
MAX_TAKEN_SIZE: constant(uint256) = 2**110

# A range in `dues`.
ONE_RANGE: constant(uint256) = 2**128

# The oracle reverted with a reason of its own.
ITS_OWN_WORDS: constant(uint256) = 1
# What an oracle may use: one that burns all it gets leaves the other legs of an account enough.
ORACLE_GAS: constant(uint256) = 500_000

# Bits of `flags`: IClearinghouse.Status, whether anything stands in `owed_total` and in `unallocated`, whether the market settles at
# its final price, whether borrow fees ever accrued, and whether a social loss ever did: until then its word is not read.
LISTED: constant(uint256) = 1
REDUCE_ONLY: constant(uint256) = 2
PAUSED: constant(uint256) = 4
HAS_OWED: constant(uint256) = 8
HAS_UNALLOCATED: constant(uint256) = 16
SETTLING: constant(uint256) = 32
HAS_BORROW: constant(uint256) = 64
HAS_LOSSES: constant(uint256) = 128

RAY: constant(uint256) = 10**27
BORROW_LIMIT: constant(uint256) = 2**124
MASK_20: constant(uint256) = 2**20 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_96: constant(uint256) = 2**96 - 1
MASK_104: constant(uint256) = 2**104 - 1
MASK_112: constant(uint256) = 2**112 - 1
MASK_128: constant(uint256) = 2**128 - 1

# How many markets are listed; they are numbered from 0.
market_count: public(uint256)
# Parameters, see lib/market_words.
risk_words: uint256[MAX_MARKETS]
trading_words: uint256[MAX_MARKETS]
limits_words: uint256[MAX_MARKETS]
extras_words: uint256[MAX_MARKETS]
# F 128 signed | premium EMA 48 signed | premium 48 signed | time 32.
accruals: uint256[MAX_MARKETS]
# S_long 128 | S_short 128.
losses: uint256[MAX_MARKETS]
# Insurance fund 104 | pot 104 | holders long 20 | holders short 20 | flags 8.
money: uint256[MAX_MARKETS]
# Total long 128 | total short 128, of accounts.
totals: uint256[MAX_MARKETS]
# Mid price of the venue 96 | protocol fees still in the pot 112 | 16 | since when the venue has no liquidity 32, 0 while it has.
venues: uint256[MAX_MARKETS]
# Where the mark is a median: mid 96, as in `venues` | mid before the first change in the block of its last change 96 | 32 | time of
# that change 32.
mids: uint256[MAX_MARKETS]
# Where FLAGS_SPECIAL says so: mark of the last touch 96 | its time 32 | mark of the last touch in an earlier block 96 | its time 32.
marks: uint256[MAX_MARKETS]
# B 128 | borrow fees still in the pot 112 | 16.
borrows: uint256[MAX_MARKETS]
# What positions are settled at, where the market settles.
final_prices: uint256[MAX_MARKETS]
# When the oracle was found failing for the first time since the last touch; what is not after that touch means nothing.
failing_since: uint256[MAX_MARKETS]
# Margin of all ranges 128 | epoch 32 | factor 96.
ranges: uint256[MAX_MARKETS]
# Draws from the insurance fund: level of the leaky bucket 224 | time 32.
draws: uint256[MAX_MARKETS]
# Losses that nobody was there to bear.
unallocated: uint256[MAX_MARKETS]
# What a settled market must be without: ranges, their number 128, of whatever margin | sum of the balances of records of size 0 128, what
# auto-deleveraging left to be paid out, see modules/positions.
dues: uint256[MAX_MARKETS]
# Sum of what the market owes to accounts whose profit its pot could not pay.
owed_total: uint256[MAX_MARKETS]


@deploy
def __init__():
    pass


@external
def accrue(_market: uint256):
    """
    @notice Brings the funding index and the premium up to now. Anyone, any time; once a block is enough.
    @dev Reverts "unknown market", "oracle failed", "price out of bounds", "future price", "stale price".
    """
    self._open(_market)


# ---- opening


@internal
@view
def _risk(_id: uint256) -> uint256:
    """
    @notice The risk word of a listed market.
    """
    risk: uint256 = 0
    if _id < MAX_MARKETS:
        risk = self.risk_words[_id]
    if risk == 0:
        reasons._revert(reasons.UNKNOWN_MARKET)
    return risk


@internal
@view
def _price(_risk_word: uint256) -> (uint256, uint256, bool, bool):
    """
    @notice Index price, its time, whether it just jumped, whether it is stale.
    @dev Reverts "oracle failed", "price out of bounds", "future price", and what the oracle itself says.
    """
    price: uint256 = 0
    updated_at: uint256 = 0
    jumped: bool = False
    stale: bool = False
    reason: uint256 = 0
    price, updated_at, jumped, stale, reason = self._quote(_risk_word)
    if reason != 0:
        self._refuse_price(_risk_word, reason)
    return price, updated_at, jumped, stale


@internal
@view
def _refuse_price(_risk_word: uint256, _reason: uint256):
    if _reason == ITS_OWN_WORDS:
        # asked again it says all it has to say, at any length
        raw_call(market_words._oracle(_risk_word), method_id("price()"), is_static_call=True)
    reasons._revert(reasons.ORACLE_FAILED if _reason == ITS_OWN_WORDS else _reason)


@internal
@view
def _quote(_risk_word: uint256) -> (uint256, uint256, bool, bool, uint256):
    """
    @notice As `_price`, and why there is none instead of a revert; 0 if there is one.
    """
    answer: (bool, Bytes[96]) = raw_call(
        convert(_risk_word >> 96, address),
        method_id("price()"),
        max_outsize=96,
        gas=ORACLE_GAS,
        is_static_call=True,
        revert_on_failure=False,
    )
    price: uint256 = 0
    updated_at: uint256 = 0
    jumped: uint256 = 2
    if answer[0]:
        if len(answer[1]) == 96:
            price, updated_at, jumped = abi_decode(answer[1], (uint256, uint256, uint256))
    elif len(answer[1]) != 0:
        return 0, 0, False, True, ITS_OWN_WORDS
    if jumped > 1:
        return 0, 0, False, True, reasons.ORACLE_FAILED
    if unsafe_sub(price, MIN_PRICE) > MAX_PRICE - MIN_PRICE:
        return 0, 0, False, True, reasons.PRICE_OUT_OF_BOUNDS
    if updated_at > block.timestamp:
        return 0, 0, False, True, reasons.FUTURE_PRICE
    return price, updated_at, jumped == 1, unsafe_sub(
        block.timestamp, updated_at
    ) > _risk_word >> 48 & 1_048_575, 0


@internal
def _open(_id: uint256) -> Market:
    """
    @notice Reads and accrues a market at a fresh price.
    @dev Reverts "unknown market", "oracle failed", "price out of bounds", "future price", "stale price", "market is settling".
    """
    risk: uint256 = self._risk(_id)
    money: uint256 = self.money[_id]
    if money & SETTLING != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    price: uint256 = 0
    updated_at: uint256 = 0
    jumped: bool = False
    stale: bool = False
    reason: uint256 = 0
    price, updated_at, jumped, stale, reason = self._quote(risk)
    if reason != 0:
        self._refuse_price(risk, reason)
    if stale:
        reasons._revert(reasons.STALE_PRICE)
    before: uint256 = self.accruals[_id]
    word: uint256 = before
    if before & MASK_32 != block.timestamp and risk & market_words.RUNS_CLOCK != 0:
        word = accrual_math._accrued(before, block.timestamp, price, self.venues[_id] >> 160, risk)
        self.accruals[_id] = word
        # when nothing but the clock moved there is nothing to tell
        if word >> 32 != before >> 32:
            log IClearinghouse.FundingAccrued(market=_id, accrual=word)
    if risk & market_words.FLAGS_SPECIAL == 0:
        return self._assembled(_id, risk, money, word, price, jumped)
    market: Market = self._assembled(_id, risk, money, word, price, jumped)
    market.mark = self._marked(market, word)
    return self._accrue_special(market, before)


@internal
def _accrue_special(_market: Market, _before: uint256) -> Market:
    """
    @notice A touch of a market that keeps more than the funding: the mark, of each touch, and with the first of a block borrow fees.
    @param _before the accrual word before
    """
    kept: uint256 = self.marks[_market.id]
    recent: uint256 = kept & market_words.MASK_160
    if recent >> 128 != block.timestamp:
        # what the last touch of an earlier block left is the previous one from now on
        recent = block.timestamp << 128 | kept >> 128
    self.marks[_market.id] = _market.mark << 160 | recent
    if _before & MASK_32 == block.timestamp:
        return _market
    word: uint256 = self._borrowed(_market, _before)
    if word != 0:
        self.borrows[_market.id] = word
        _market.borrow = word >> 128
        if _market.flags & HAS_BORROW == 0:
            # written at once: not everybody who opens a market writes its money back
            _market.flags |= HAS_BORROW
            _market.money_word |= HAS_BORROW
            self.money[_market.id] |= HAS_BORROW
            self.risk_words[_market.id] |= market_words.FLAG_BORROWED
        log IClearinghouse.BorrowAccrued(
            market=_market.id, borrow_index=_market.borrow, borrow_fees=word >> 16 & MASK_112
        )
    return _market


@internal
@view
def _observe(_id: uint256, _lenient: bool) -> (Market, uint256, bool):
    """
    @notice A market brought up to now in memory, the accrual word that belongs to it, and whether its price is stale: then
            nothing accrues. Where it settles: at its final price.
    @param _lenient whether an oracle that fails counts as stale, at the mark that was kept
    """
    market: Market = self._read(_id)
    before: uint256 = self.accruals[_id]
    if market.flags & SETTLING != 0:
        market.mark = self.final_prices[_id]
        return market, before, False
    updated_at: uint256 = 0
    stale: bool = False
    reason: uint256 = 0
    if _lenient:
        market.mark, updated_at, market.jumped, stale, reason = self._quote(market.risk)
        if reason != 0:
            market.mark = self.marks[_id] >> 160
            return market, before, True
    else:
        market.mark, updated_at, market.jumped, stale = self._price(market.risk)
    word: uint256 = before
    if not stale and before & MASK_32 != block.timestamp and market.risk & market_words.RUNS_CLOCK != 0:
        word = accrual_math._accrued(before, block.timestamp, market.mark, self.venues[_id] >> 160, market.risk)
        market.funding = convert(convert(word, bytes32), int256) >> 128
    if market.risk & market_words.FLAGS_SPECIAL != 0:
        market.mark = self._marked(market, word)
        if not stale:
            borrow_word: uint256 = self._borrowed(market, before)
            if borrow_word != 0:
                market.borrow = borrow_word >> 128
    return market, word, stale


@internal
@view
def _marked(_market: Market, _word: uint256) -> uint256:
    """
    @notice The mark of a market whose index price has been read.
    @param _word its accrual word at this moment
    """
    if _market.risk & market_words.FLAG_MARK_MEDIAN == 0:
        return _market.mark
    return accrual_math._median_mark(
        _market.mark, self._premium_ema(_word), self._mid_before(_market.id)
    )


@internal
@view
def _borrowed(_market: Market, _before: uint256) -> uint256:
    """
    @notice The borrow word brought up to now; 0 where there is no rate.
    @param _before the accrual word as stored: its time is that of the last touch
    """
    rate: uint256 = market_words._borrow_rate_bps(_market.extras)
    if rate == 0:
        return 0
    rise: uint256 = min(
        accrual_math._borrow_rise(rate, _market.mark, unsafe_sub(block.timestamp, _before & MASK_32)),
        unsafe_sub(BORROW_LIMIT, _market.borrow),
    )
    long: uint256 = 0
    short: uint256 = 0
    long, short = self._sides(_market.id)
    # what both sides will be charged at least: each charge is rounded up
    fees: uint256 = min(
        unsafe_add(
            self.borrows[_market.id] >> 16 & MASK_112,
            unsafe_div(unsafe_mul(rise, unsafe_add(long, short)), RAY),
        ),
        MASK_112,
    )
    return unsafe_add(_market.borrow, rise) << 128 | fees << 16


@internal
@view
def _mid_before(_id: uint256) -> uint256:
    """
    @notice The venue's mid at the end of the last earlier block; kept where the mark is a median.
    """
    kept: uint256 = self.mids[_id]
    if kept & MASK_32 == block.timestamp:
        return kept >> 64 & MASK_96
    return kept >> 160


@internal
@view
def _previous_mark(_market: Market) -> uint256:
    """
    @notice The mark of the last touch in an earlier block; 0 if there is none that is as young as a price must be, or it is not kept.
    """
    kept: uint256 = self.marks[_market.id]
    if kept >> 128 & MASK_32 != block.timestamp:
        kept = kept >> 128
    kept &= MASK_128
    if unsafe_sub(block.timestamp, kept & MASK_32) > market_words._max_age(_market.risk):
        return 0
    return kept >> 32


@internal
@pure
def _funding(_accrual: uint256) -> int256:
    """
    @notice F of an accrual word, RAY.
    """
    return packing._signed_at(_accrual, 128, 128)


@internal
@pure
def _premium_ema(_accrual: uint256) -> int256:
    return packing._signed_at(_accrual, 80, 48)


@internal
@pure
def _premium(_accrual: uint256) -> int256:
    return packing._signed_at(_accrual, 32, 48)


@internal
@view
def _read(_id: uint256) -> Market:
    """
    @notice A market as stored, without a price.
    """
    return self._assembled(_id, self._risk(_id), self.money[_id], self.accruals[_id], 0, False)


@internal
@view
def _assembled(
    _id: uint256, _risk_word: uint256, _money: uint256, _accrual: uint256, _mark: uint256, _jumped: bool
) -> Market:
    """
    @notice A market of the words that were read already, and those that it takes besides.
    """
    losses: uint256 = 0
    if _money & HAS_LOSSES != 0:
        losses = self.losses[_id]
    extras: uint256 = 0
    if _risk_word & market_words.FLAG_EXTRAS != 0:
        extras = self.extras_words[_id]
    borrow: uint256 = 0
    if _money & HAS_BORROW != 0:
        borrow = self.borrows[_id] >> 128
    return Market(
        id=_id,
        risk=_risk_word,
        extras=extras,
        mark=_mark,
        jumped=_jumped,
        funding=convert(convert(_accrual, bytes32), int256) >> 128,
        borrow=borrow,
        long_loss=losses >> 128,
        short_loss=losses & MASK_128,
        insurance=_money >> 152,
        pot=_money >> 48 & MASK_104,
        holders_long=_money >> 28 & MASK_20,
        holders_short=_money >> 8 & MASK_20,
        flags=_money & 255,
        money_word=_money,
        long_change=0,
        short_change=0,
    )


@internal
def _close(_market: Market):
    """
    @notice Writes the money word and the totals if they changed.
    @dev Reverts "market is full": 2e13 units of collateral or a million holders a side, far beyond the stated bounds.
    """
    if (_market.pot | _market.insurance) >> 104 | (_market.holders_long | _market.holders_short) >> 20 != 0:
        reasons._revert(reasons.MARKET_IS_FULL)
    word: uint256 = (
        _market.insurance << 152 | _market.pot << 48 | _market.holders_long << 28 | _market.holders_short << 8
        | _market.flags
    )
    if word != _market.money_word:
        self.money[_market.id] = word
    if _market.long_change != 0 or _market.short_change != 0:
        long: uint256 = 0
        short: uint256 = 0
        long, short = self._sides_after(_market)
        self.totals[_market.id] = long << 128 | short


# ---- reading an open market


@internal
@pure
def _carry_index(
    _long_loss: uint256, _short_loss: uint256, _funding_index: int256, _borrow_index: uint256, _size: int256
) -> int256:
    """
    @notice Carry index of the side a size is on, RAY.
    """
    if not (_size >= 0):
        return unsafe_sub(convert(unsafe_add(_short_loss, _borrow_index), int256), _funding_index)
    return unsafe_add(convert(unsafe_add(_long_loss, _borrow_index), int256), _funding_index)


@internal
@view
def _sides(_id: uint256) -> (uint256, uint256):
    """
    @notice Total long and total short of the accounts.
    """
    word: uint256 = self.totals[_id]
    return word >> 128, word & MASK_128


@internal
@view
def _sides_after(_market: Market) -> (uint256, uint256):
    """
    @notice The totals as this operation leaves them.
    @dev A change is a sum of few sizes below 2**90, and no account's size exceeds its side's total: no wrap.
    """
    long: uint256 = 0
    short: uint256 = 0
    long, short = self._sides(_market.id)
    return unsafe_add(long, packing._bits(_market.long_change)), unsafe_add(
        short, packing._bits(_market.short_change)
    )


@internal
def _set_mid(_id: uint256, _risk_word: uint256, _mid: uint256, _protocol_fee: uint256):
    """
    @notice Stores the venue's mid after it moved, and a protocol fee that stays in the pot until collected. Where the mark is a
            median, the mid from before the block's first change is kept; and since when a venue has no liquidity.
    @dev Fees are part of the pot: both below 2**104.
    """
    word: uint256 = self.venues[_id]
    if _risk_word & market_words.FLAG_MARK_MEDIAN != 0:
        kept: uint256 = self.mids[_id]
        before: uint256 = kept >> 64 & MASK_96
        if kept & MASK_32 != block.timestamp:
            before = kept >> 160
        self.mids[_id] = _mid << 160 | before << 64 | block.timestamp
    idle_since: uint256 = 0
    if _mid == 0:
        idle_since = word & MASK_32
        if idle_since == 0:
            idle_since = block.timestamp
    self.venues[_id] = _mid << 160 | unsafe_add(word >> 48 & MASK_112, _protocol_fee) << 48 | idle_since


@internal
@view
def _is_settled(_id: uint256) -> bool:
    """
    @notice Whether every position and range of a settling market has become a claim.
    """
    return self.totals[_id] == 0 and self.dues[_id] == 0


@internal
@pure
def _is_open(_flags: uint256) -> bool:
    """
    @notice Whether new risk is allowed: listed, neither reduce-only nor paused, and owing nothing.
    """
    return _flags & (LISTED | REDUCE_ONLY | PAUSED | HAS_OWED) == LISTED
