# pragma version 0.4.3
"""
@title  Ticks
@notice Where ranges begin and end: what liquidity starts there, what has grown on the other side of it, and a bitmap to find the
        next one. Limit orders, when they come, hang on the same ticks.
@dev    A growth is kept as two words:
            pair     fee growth, uint128, 2**-96 WAD per unit of liquidity | funding index F, int128, RAY
            funding  integral of dF / square root price, int256, RAY * 2**19 per unit of 1 / sqrt price
        "Outside" of a tick is what has grown on the side of it where the price is not. Only differences mean anything. All are
        taken modulo their width: a fee growth passes 2**128 only after fees of 2**32 WAD per unit of liquidity, that is after
        the price has moved by its square root some 1e6 times, and F stays within +-2**125. Its parts below and above a tick can add up to
        more than that only if it turns at its bounds for decades (1e7 * 163 % a day: 27 years to 2**127).
"""

from snekmate.utils import math
from contracts.lib import reasons

# One tick that is the edge of a range.
struct Tick:
    # Sum of the liquidity of all ranges that begin or end here, 128 bits | what joins when the price rises through it, int128.
    liquidity: uint256
    # Outside growth, pair.
    pair: uint256
    # Outside growth, funding.
    funding: int256


# Growth of the whole venue, or a part of it.
struct Growth:
    pair: uint256
    funding: int256


SPACING: constant(int256) = 50
# Makes indices of ticks non-negative, and a multiple of SPACING.
OFFSET: constant(int256) = 230_400
WORDS: constant(uint256) = 37
MASK_128: constant(uint256) = 2**128 - 1
HIGH_128: constant(uint256) = MASK_128 << 128
# A range adds its liquidity to two of the 9,213 ticks: as much as this at each of them stays below 2**118 in sum.
MAX_GROSS: constant(uint256) = (2**118 - 1) // 9_213

# Edges of ranges.
ticks: HashMap[int256, Tick]

# Bit i of word w is set if tick (256 w + i) * SPACING - OFFSET is an edge.
bitmap: uint256[WORDS]


# ---- packing


@internal
@pure
def _low_signed(_word: uint256) -> int256:
    """
    @notice The lower half of a word as int128.
    """
    return convert(convert(_word << 128, bytes32), int256) >> 128


@internal
@pure
def _low_bits(_value: int256) -> uint256:
    """
    @notice The lower half of a word that holds `_value`.
    """
    return convert(convert(_value, bytes32), uint256) & MASK_128


@internal
@pure
def _minus(_a: Growth, _b: Growth) -> Growth:
    """
    @notice Both halves of the pair, each modulo 2**128, and the funding.
    """
    return Growth(
        pair=unsafe_sub(_a.pair & HIGH_128, _b.pair & HIGH_128) | (unsafe_sub(_a.pair, _b.pair) & MASK_128),
        funding=unsafe_sub(_a.funding, _b.funding),
    )


# ---- finding


@internal
@pure
def _index(_tick: int256) -> uint256:
    """
    @notice Number of the last multiple of SPACING at or below a tick; ticks from MIN_TICK - 1 to MAX_TICK + 1.
    """
    return convert(unsafe_div(unsafe_add(_tick, OFFSET), SPACING), uint256)


@internal
@pure
def _same_cell(_a: int256, _b: int256) -> bool:
    """
    @notice Whether no multiple of SPACING lies between two ticks.
    """
    return unsafe_div(unsafe_add(_a, OFFSET), SPACING) == unsafe_div(unsafe_add(_b, OFFSET), SPACING)


@internal
@view
def _first_edge(_after: int256, _until: int256) -> (bool, int256):
    """
    @notice The lowest edge above `_after` and not above `_until`. At most WORDS words are read, and none if no multiple of SPACING
            lies between.
    """
    first: uint256 = unsafe_add(self._index(_after), 1)
    last: uint256 = self._index(_until)
    if first > last:
        return False, 0
    word: uint256 = first >> 8
    last_word: uint256 = last >> 8
    mask: uint256 = max_value(uint256) << (first & 255)
    for _: uint256 in range(WORDS):
        if word == last_word:
            mask &= max_value(uint256) >> unsafe_sub(255, last & 255)
        bits: uint256 = self.bitmap[word] & mask
        if bits != 0:
            lowest: uint256 = math._log2(bits & unsafe_add(~bits, 1), False)
            return True, self._tick(word, lowest)
        if word == last_word:
            break
        word = unsafe_add(word, 1)
        mask = max_value(uint256)
    return False, 0


@internal
@view
def _last_edge(_from: int256, _above: int256) -> (bool, int256):
    """
    @notice The highest edge not above `_from` and above `_above`.
    """
    first: uint256 = self._index(_from)
    last: uint256 = unsafe_add(self._index(_above), 1)
    if first < last:
        return False, 0
    word: uint256 = first >> 8
    last_word: uint256 = last >> 8
    mask: uint256 = max_value(uint256) >> unsafe_sub(255, first & 255)
    for _: uint256 in range(WORDS):
        if word == last_word:
            mask &= max_value(uint256) << (last & 255)
        bits: uint256 = self.bitmap[word] & mask
        if bits != 0:
            return True, self._tick(word, math._log2(bits, False))
        if word == last_word:
            break
        word = unsafe_sub(word, 1)
        mask = max_value(uint256)
    return False, 0


@internal
@pure
def _tick(_word: uint256, _bit: uint256) -> int256:
    index: int256 = convert(unsafe_add(_word << 8, _bit), int256)
    return unsafe_sub(unsafe_mul(index, SPACING), OFFSET)


# ---- crossing


@internal
@view
def _gross(_tick: int256) -> uint256:
    """
    @notice Liquidity of all ranges that begin or end at a tick.
    """
    return self.ticks[_tick].liquidity >> 128


@internal
@view
def _net(_tick: int256) -> int256:
    """
    @notice Liquidity that joins when the price rises through a tick; negative leaves.
    """
    return self._low_signed(self.ticks[_tick].liquidity)


@internal
def _cross(_tick: int256, _total: Growth):
    """
    @notice The price passes a tick: its inside becomes its outside.
    """
    inside: Growth = self._minus(_total, Growth(pair=self.ticks[_tick].pair, funding=self.ticks[_tick].funding))
    self.ticks[_tick].pair = inside.pair
    self.ticks[_tick].funding = inside.funding


# ---- edges


@internal
def _add_edge(_tick: int256, _liquidity: uint256, _upper: bool, _current: int256, _total: Growth):
    """
    @notice A range of `_liquidity` begins or ends here. Growth so far counts as below a new edge.
    """
    word: uint256 = self.ticks[_tick].liquidity
    gross: uint256 = unsafe_add(word >> 128, _liquidity)
    # Safe: the caller holds the liquidity below MAX_GROSS.
    if gross > MAX_GROSS:
        reasons._revert(reasons.TOO_MUCH_LIQUIDITY)
    if word == 0:
        self._flip(_tick)
        if _tick <= _current:
            self.ticks[_tick].pair = _total.pair
            self.ticks[_tick].funding = _total.funding
    # Modulo 2**128, as int128: |net| <= gross < 2**105.
    net: uint256 = unsafe_sub(word, _liquidity) if _upper else unsafe_add(word, _liquidity)
    self.ticks[_tick].liquidity = gross << 128 | net & MASK_128


@internal
def _drop_edge(_tick: int256, _liquidity: uint256, _upper: bool):
    """
    @notice A range that began or ended here is gone.
    """
    word: uint256 = self.ticks[_tick].liquidity
    gross: uint256 = unsafe_sub(word >> 128, _liquidity)
    if gross == 0:
        self._flip(_tick)
        self.ticks[_tick] = empty(Tick)
    else:
        net: uint256 = unsafe_add(word, _liquidity) if _upper else unsafe_sub(word, _liquidity)
        self.ticks[_tick].liquidity = gross << 128 | net & MASK_128


@internal
def _flip(_tick: int256):
    index: uint256 = self._index(_tick)
    self.bitmap[index >> 8] ^= 1 << (index & 255)


# ---- growth of parts


@internal
@view
def _below(_tick: int256, _current: int256, _total: Growth) -> Growth:
    """
    @notice What has grown while the price was below an edge.
    """
    outside: Growth = Growth(pair=self.ticks[_tick].pair, funding=self.ticks[_tick].funding)
    return outside if _current >= _tick else self._minus(_total, outside)


@internal
@view
def _above(_tick: int256, _current: int256, _total: Growth) -> Growth:
    """
    @notice What has grown while the price was at or above an edge.
    """
    outside: Growth = Growth(pair=self.ticks[_tick].pair, funding=self.ticks[_tick].funding)
    return outside if _current < _tick else self._minus(_total, outside)
