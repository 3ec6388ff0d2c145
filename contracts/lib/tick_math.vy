# pragma version 0.4.3
"""
@title  Tick math
@notice Square root prices (Q64.96) of ticks, price = 1.0001^tick, and back.
@dev    _sqrt_price_at_tick: with n = MAX_TICK - tick, s(tick) = s(MAX_TICK) * product of 1.0001^(-2^i / 2) over the bits i of n. The
        product starts with 15 spare bits, where s(MAX_TICK) just fits 128, and each factor is a Q128 number below one: no
        product passes 2**256, and the at most 19 truncations and rounded factors together cost less than 38 of the
        2**15 parts of a unit. Rounded to the nearest, the result is within 0.502 units of the exact value at every tick, and so
        strictly rising (neighbours are at least 7.9e23 * 5e-5 units apart).

        _tick_at_sqrt_price: s = r * m with r = 2^(e + 1/2) and m in [1/sqrt 2, sqrt 2), e the highest bit of s. Then
            log(s / 2^96) = (e + 1/2 - 96) log 2 + log m,     log m = 2 (z + z^3/3 + z^5/5 + z^7/7 + ...),  z = (s - r) / (s + r)
        in base sqrt(1.0001). |z| <= 0.17158, so what is left out after z^7 is below 5.9e-4 ticks, and truncations at 2^-80
        below 1e-15. Only where the estimate lies that close to a whole tick the square root price of that tick decides.
        A tick nearby saves the search for e: its own e, 96 + floor(tick log2(1.0001) / 2), is the same but where an octave ends.
"""

# 1.0001^230300 > 1e10: the outermost multiples of 50 that hold prices of 1e-10 and 1e10.
MAX_TICK: constant(int256) = 230_300
MIN_TICK: constant(int256) = -230_300
MAX_SQRT_PRICE: constant(uint256) = 7934700057537675536451451360148007
MIN_SQRT_PRICE: constant(uint256) = 791095024370034397410311

# Q111: s(MAX_TICK) with 15 bits more than Q96.
TOP: constant(uint256) = 260004251485394551978441158169329907713

# log2(1.0001) / 2, Q64.
BITS_PER_TICK: constant(int256) = 1330584781653968

# 2^(e + 1/2) is this shifted right by 113 - e.
SQRT_2_Q113: constant(int256) = 14686033274414337862856065214698795
# Half of 1 / log2(sqrt(1.0001)) and 2 / ln(sqrt(1.0001)) / (1, 3, 5, 7), Q80.
TICKS_OF_HALF_DOUBLING: constant(int256) = 8380054208499018181743109710
SERIES_1: constant(int256) = 48359450595928883674875067316
SERIES_3: constant(int256) = 16119816865309627891625022439
SERIES_5: constant(int256) = 9671890119185776734975013463
SERIES_7: constant(int256) = 6908492942275554810696438188
# More than what the series leaves out, Q80: 0.0006 ticks.
TOLERANCE: constant(int256) = 725355491768777504823


@internal
@pure
def _sqrt_price_at_tick(_tick: int256) -> uint256:
    """
    @notice Square root price of a tick in [MIN_TICK, MAX_TICK], to the nearest unit.
    """
    n: uint256 = convert(MAX_TICK - _tick, uint256)
    # Unsafe: all factors are below 2**128.
    ratio: uint256 = TOP
    if n & 1 != 0:
        ratio = unsafe_mul(ratio, 340265354078544963557816517032075149313) >> 128
    if n & 2 != 0:
        ratio = unsafe_mul(ratio, 340248342086729790484326174814286782778) >> 128
    if n & 4 != 0:
        ratio = unsafe_mul(ratio, 340214320654664324051920982716015181260) >> 128
    if n & 8 != 0:
        ratio = unsafe_mul(ratio, 340146287995602323631171512101879684304) >> 128
    if n & 16 != 0:
        ratio = unsafe_mul(ratio, 340010263488231146823593991679159461444) >> 128
    if n & 32 != 0:
        ratio = unsafe_mul(ratio, 339738377640345403697157401104375502016) >> 128
    if n & 64 != 0:
        ratio = unsafe_mul(ratio, 339195258003219555707034227454543997025) >> 128
    if n & 128 != 0:
        ratio = unsafe_mul(ratio, 338111622100601834656805679988414885971) >> 128
    if n & 256 != 0:
        ratio = unsafe_mul(ratio, 335954724994790223023589805789778977700) >> 128
    if n & 512 != 0:
        ratio = unsafe_mul(ratio, 331682121138379247127172139078559817300) >> 128
    if n & 1024 != 0:
        ratio = unsafe_mul(ratio, 323299236684853023288211250268160618739) >> 128
    if n & 2048 != 0:
        ratio = unsafe_mul(ratio, 307163716377032989948697243942600083929) >> 128
    if n & 4096 != 0:
        ratio = unsafe_mul(ratio, 277268403626896220162999269216087595045) >> 128
    if n & 8192 != 0:
        ratio = unsafe_mul(ratio, 225923453940442621947126027127485391333) >> 128
    if n & 16384 != 0:
        ratio = unsafe_mul(ratio, 149997214084966997727330242082538205943) >> 128
    if n & 32768 != 0:
        ratio = unsafe_mul(ratio, 66119101136024775622716233608466517926) >> 128
    if n & 65536 != 0:
        ratio = unsafe_mul(ratio, 12847376061809297530290974190478138313) >> 128
    if n & 131072 != 0:
        ratio = unsafe_mul(ratio, 485053260817066172746253684029974020) >> 128
    if n & 262144 != 0:
        ratio = unsafe_mul(ratio, 691415978906521570653435304214168) >> 128
    return unsafe_add(ratio, 16384) >> 15


@internal
@pure
def _highest_bit(_sqrt_price: uint256) -> uint256:
    """
    @notice Between 79 and 112.
    """
    e: uint256 = 64
    x: uint256 = _sqrt_price >> 64
    if x >= 4294967296:
        x >>= 32
        e = 96
    if x >= 65536:
        x >>= 16
        e = unsafe_add(e, 16)
    if x >= 256:
        x >>= 8
        e = unsafe_add(e, 8)
    if x >= 16:
        x >>= 4
        e = unsafe_add(e, 4)
    if x >= 4:
        x >>= 2
        e = unsafe_add(e, 2)
    if x >= 2:
        e = unsafe_add(e, 1)
    return e


@internal
@pure
def _tick_at_sqrt_price(_sqrt_price: uint256, _near: int256) -> int256:
    """
    @notice The greatest tick whose square root price is not above `_sqrt_price`, which lies in [MIN_SQRT_PRICE, MAX_SQRT_PRICE].
    @param _near Any tick; one nearby saves gas.
    """
    e: uint256 = convert(unsafe_add(96, unsafe_mul(_near, BITS_PER_TICK) >> 64), uint256)
    if _sqrt_price >> e != 1:
        e = self._highest_bit(_sqrt_price)

    # Unsafe: s and r are below 2**114, z within +-2**78, and each product below 2**176.
    s: int256 = convert(_sqrt_price, int256)
    r: int256 = SQRT_2_Q113 >> unsafe_sub(113, e)
    z: int256 = unsafe_div(unsafe_mul(unsafe_sub(s, r), 2**80), unsafe_add(s, r))
    zz: int256 = unsafe_mul(z, z) >> 80
    series: int256 = unsafe_add(SERIES_5, unsafe_mul(zz, SERIES_7) >> 80)
    series = unsafe_add(SERIES_3, unsafe_mul(zz, series) >> 80)
    series = unsafe_add(SERIES_1, unsafe_mul(zz, series) >> 80)
    doublings: int256 = unsafe_sub(convert(unsafe_mul(e, 2), int256), 191)
    estimate: int256 = unsafe_add(unsafe_mul(doublings, TICKS_OF_HALF_DOUBLING), unsafe_mul(z, series) >> 80)
    # A shift to the right of a signed number rounds down.
    low: int256 = unsafe_sub(estimate, TOLERANCE) >> 80
    high: int256 = unsafe_add(estimate, TOLERANCE) >> 80
    if low == high:
        return low
    return high if self._sqrt_price_at_tick(high) <= _sqrt_price else low
