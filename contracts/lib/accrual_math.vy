# pragma version 0.4.3
"""
@title  Accrual math
@notice Funding by the time-weighted premium of the venue over the index price, the median mark that goes by the same premium,
        and borrow fees. docs/spec.md sections 3 and 4.
@dev    Bounds: |ema|, |premium| < 2**47, index < 2**84, elapsed < 2**32: r * p * dt < 2**163. |F| <= 2**125.
"""

MASK_32: constant(uint256) = 2**32 - 1
MASK_48: constant(uint256) = 2**48 - 1
# A premium counts in 1e-12 of the index price.
PREMIUM_UNIT: constant(int256) = 10**12
PREMIUM_LIMIT: constant(int256) = 2**46
FUNDING_LIMIT: constant(int256) = 2**125
# Seconds after which 1 - 1/e of a lasting premium shows; also the longest step.
TIME_CONSTANT: constant(int256) = 150
# Coefficients of the Pade (4,4) approximant of exp(-z / 150), times 150**4: exact to 5e-8 for z <= 150.
C0: constant(int256) = 1680 * 150**4
C1: constant(int256) = 840 * 150**3
C2: constant(int256) = 180 * 150**2
C3: constant(int256) = 20 * 150


@internal
@pure
def _accrued(_word: uint256, _now: uint256, _price: uint256, _mid: uint256, _risk: uint256) -> uint256:
    """
    @notice An accrual word (modules/markets) brought up to now: the EMA after the premium stood for a time, F after the EMA was paid for
            it, and the premium of now. In one piece: this runs on every call.
    @param _mid of the venue; without one there is no premium
    @param _risk word of lib/market_words: the cap of the index price a day, and the seconds in which a lasting premium is paid once
    """
    period: uint256 = _risk >> 10 & 16_777_215
    elapsed: int256 = convert(convert(unsafe_sub(_now, _word & MASK_32), bytes32), int256)
    price: int256 = convert(convert(_price, bytes32), int256)
    premium: int256 = convert(convert(_word << 176, bytes32), int256) >> 208
    ema: int256 = convert(convert(_word << 128, bytes32), int256) >> 208
    if ema != premium:
        # a step counts at most 150 s; the distance left is truncated toward zero
        z: int256 = elapsed
        if z > TIME_CONSTANT:
            z = TIME_CONSTANT
        square: int256 = unsafe_mul(z, z)
        even: int256 = unsafe_add(C0, unsafe_mul(square, unsafe_add(C2, square)))
        odd: int256 = unsafe_mul(z, unsafe_add(C1, unsafe_mul(C3, square)))
        ema = unsafe_add(
            premium,
            unsafe_div(unsafe_mul(unsafe_sub(ema, premium), unsafe_sub(even, odd)), unsafe_add(even, odd)),
        )
    # at most the cap; truncated toward zero: both sides see the same F
    rate: int256 = convert(
        convert(unsafe_div(unsafe_mul(unsafe_mul(_risk >> 34 & 16_383, 10**8), period), 86_400), bytes32), int256
    )
    if ema < rate:
        rate = max(ema, unsafe_sub(0, rate))
    funding: int256 = unsafe_add(
        convert(convert(_word, bytes32), int256) >> 128,
        unsafe_div(
            unsafe_mul(unsafe_mul(rate, price), elapsed), convert(convert(unsafe_mul(1_000, period), bytes32), int256)
        ),
    )
    if funding > FUNDING_LIMIT:
        funding = FUNDING_LIMIT
    elif funding < -FUNDING_LIMIT:
        funding = -FUNDING_LIMIT
    premium = 0
    if _mid != 0:
        # never below -1
        premium = min(
            unsafe_div(unsafe_mul(unsafe_sub(convert(convert(_mid, bytes32), int256), price), PREMIUM_UNIT), price), PREMIUM_LIMIT
        )
    return (
        convert(convert(funding << 128, bytes32), uint256)
        | (convert(convert(ema, bytes32), uint256) & MASK_48) << 80
        | (convert(convert(premium, bytes32), uint256) & MASK_48) << 32
        | _now
    )


@internal
@pure
def _median_mark(_index_price: uint256, _ema_: int256, _mid: uint256) -> uint256:
    """
    @notice Median of the index price, the index price with the EMA premium on it (rounded down), and a mid; a mid of 0 counts as the
            index price. Kept between the bounds of prices.
    @dev price < 2**84, |ema| < 2**47. The premium is at least -1: no factor below 0.
    """
    factor: int256 = unsafe_add(PREMIUM_UNIT, _ema_)
    low: uint256 = 0
    if factor > 0:
        low = unsafe_div(unsafe_mul(_index_price, convert(convert(factor, bytes32), uint256)), 10**12)
    high: uint256 = _index_price
    if low > high:
        high = low
        low = _index_price
    median: uint256 = _mid
    if median == 0:
        median = _index_price
    if median > high:
        median = high
    if median < low:
        median = low
    return min(max(median, 10**12), 10**25)


@internal
@pure
def _borrow_rise(_rate_bps: uint256, _mark: uint256, _elapsed: uint256) -> uint256:
    """
    @notice By how much B rises, RAY per unit of size, rounded down: accounts are charged, and fees counted, by the same number.
    @param _rate_bps of the notional at mark, a year
    @dev 2**16 * 2**84 * 2**32 * 2**30 = 2**162.
    """
    return unsafe_div(
        unsafe_mul(unsafe_mul(unsafe_mul(_rate_bps, _mark), _elapsed), 10**9), 31_536_000 * 10_000
    )
