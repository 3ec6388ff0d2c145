# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Markets
@notice The state of every market: what each word holds, how it is read, accrued and written back. Nothing here moves money
        between parties.
@dev    An operation opens its market once (`_open`: parameters, price, accrual, indices, money), works on the copy in
        memory, and writes the money word once at the end (`_close`). The other words are written where they change.
"""

from interfaces import IClearinghouse

from contracts.lib import accrual_math
from contracts.lib import market_words
from contracts.lib import packing
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.lib import waterfall_math


# A market opened for one operation.
struct Market:
    id: uint256
    risk: uint256  # word of lib/market_words
    mark: uint256  # WAD
    jumped: bool
    funding: int256  # RAY, F
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

# Bits of `flags`: IClearinghouse.Status, and whether anything stands in `owed_total` and in `unallocated`.
LISTED: constant(uint256) = 1
REDUCE_ONLY: constant(uint256) = 2
PAUSED: constant(uint256) = 4
HAS_OWED: constant(uint256) = 8
HAS_UNALLOCATED: constant(uint256) = 16

RAY: constant(uint256) = 10**27
MASK_20: constant(uint256) = 2**20 - 1
MASK_32: constant(uint256) = 2**32 - 1
MASK_48: constant(uint256) = 2**48 - 1
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
# F 128 signed | premium EMA 48 signed | premium 48 signed | time 32.
accruals: uint256[MAX_MARKETS]
# S_long 128 | S_short 128.
losses: uint256[MAX_MARKETS]
# Insurance fund 104 | pot 104 | holders long 20 | holders short 20 | flags 8.
money: uint256[MAX_MARKETS]
# Total long 128 | total short 128, of accounts.
totals: uint256[MAX_MARKETS]
# Mid price of the venue 96 | protocol fees still in the pot 112 | 48.
venues: uint256[MAX_MARKETS]
# Margin of all ranges 128 | epoch 32 | factor 96.
ranges: uint256[MAX_MARKETS]
# Draws from the insurance fund: level of the leaky bucket 224 | time 32.
draws: uint256[MAX_MARKETS]
# Losses that nobody was there to bear.
unallocated: uint256[MAX_MARKETS]
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
    """
    oracle: address = market_words._oracle(_risk_word)
    answer: (bool, Bytes[96]) = raw_call(
        oracle, method_id("price()"), max_outsize=96, is_static_call=True, revert_on_failure=False
    )
    price: uint256 = 0
    updated_at: uint256 = 0
    jumped: uint256 = 2
    if answer[0]:
        if len(answer[1]) == 96:
            price, updated_at, jumped = abi_decode(answer[1], (uint256, uint256, uint256))
    elif len(answer[1]) != 0:
        # asked again it says all it has to say, at any length
        raw_call(oracle, method_id("price()"), is_static_call=True)
    if jumped > 1:
        reasons._revert(reasons.ORACLE_FAILED)
    if unsafe_sub(price, MIN_PRICE) > MAX_PRICE - MIN_PRICE:
        reasons._revert(reasons.PRICE_OUT_OF_BOUNDS)
    if updated_at > block.timestamp:
        reasons._revert(reasons.FUTURE_PRICE)
    return price, updated_at, jumped == 1, unsafe_sub(block.timestamp, updated_at) > market_words._max_age(_risk_word)


@internal
def _open(_id: uint256) -> Market:
    """
    @notice Reads and accrues a market at a fresh price.
    @dev Reverts "unknown market", "oracle failed", "price out of bounds", "future price", "stale price".
    """
    market: Market = self._read(_id)
    updated_at: uint256 = 0
    stale: bool = False
    market.mark, updated_at, market.jumped, stale = self._price(market.risk)
    if stale:
        reasons._revert(reasons.STALE_PRICE)
    before: uint256 = self.accruals[_id]
    word: uint256 = self._accrued(_id, market.risk, market.mark, before)
    if word != before:
        market.funding = convert(convert(word, bytes32), int256) >> 128
        self.accruals[_id] = word
        # when nothing but the clock moved there is nothing to tell
        if word >> 32 != before >> 32:
            log IClearinghouse.FundingAccrued(
                market=_id,
                funding_index=market.funding,
                premium_ema=self._premium_ema(word),
                premium=self._premium(word),
            )
    return market


@internal
@view
def _accrued(_id: uint256, _risk_word: uint256, _index_price: uint256, _word: uint256) -> uint256:
    """
    @notice The accrual word brought up to now at a fresh price; unchanged within a block and where funding is off.
    """
    cap_bps: uint256 = market_words._funding_cap_bps(_risk_word)
    elapsed: uint256 = unsafe_sub(block.timestamp, _word & MASK_32)
    if cap_bps == 0 or elapsed == 0:
        return _word
    # The fields are read and written in place: this runs on every call.
    ema: int256 = accrual_math._ema(
        convert(convert(_word << 128, bytes32), int256) >> 208,
        convert(convert(_word << 176, bytes32), int256) >> 208,
        elapsed,
    )
    funding: int256 = accrual_math._funding(
        convert(convert(_word, bytes32), int256) >> 128,
        ema,
        _index_price,
        elapsed,
        cap_bps,
        market_words._funding_period(_risk_word),
    )
    premium: int256 = accrual_math._premium(self.venues[_id] >> 160, _index_price)
    return (
        convert(convert(funding << 128, bytes32), uint256)
        | (convert(convert(ema, bytes32), uint256) & MASK_48) << 80
        | (convert(convert(premium, bytes32), uint256) & MASK_48) << 32
        | block.timestamp
    )


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
    risk: uint256 = self._risk(_id)
    losses: uint256 = self.losses[_id]
    money: uint256 = self.money[_id]
    return Market(
        id=_id,
        risk=risk,
        mark=0,
        jumped=False,
        funding=convert(convert(self.accruals[_id], bytes32), int256) >> 128,
        long_loss=losses >> 128,
        short_loss=losses & MASK_128,
        insurance=money >> 152,
        pot=money >> 48 & MASK_104,
        holders_long=money >> 28 & MASK_20,
        holders_short=money >> 8 & MASK_20,
        flags=money & 255,
        money_word=money,
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
def _carry_index(_long_loss: uint256, _short_loss: uint256, _funding_index: int256, _size: int256) -> int256:
    """
    @notice Carry index of the side a size is on, RAY.
    """
    if not (_size >= 0):
        return unsafe_sub(convert(_short_loss, int256), _funding_index)
    return unsafe_add(convert(_long_loss, int256), _funding_index)


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
def _set_mid(_id: uint256, _mid: uint256, _protocol_fee: uint256):
    """
    @notice Stores the venue's mid after it moved, and a protocol fee that stays in the pot until collected.
    @dev Fees are part of the pot: both below 2**104.
    """
    fees: uint256 = unsafe_add(self.venues[_id] >> 48 & MASK_112, _protocol_fee)
    self.venues[_id] = _mid << 160 | fees << 48


@internal
@pure
def _is_open(_flags: uint256) -> bool:
    """
    @notice Whether new risk is allowed: listed, neither reduce-only nor paused, and owing nothing.
    """
    return _flags & (LISTED | REDUCE_ONLY | PAUSED | HAS_OWED) == LISTED
