# pragma version 0.4.3
"""
@title  Accrual math
@notice Funding by the time-weighted premium of the venue over the index price, the median mark that goes by the same premium,
        and borrow fees. docs/spec.md sections 3 and 4.
@dev    Bounds: |ema|, |premium| < 2**47, index < 2**84, elapsed < 2**32: r * p * dt < 2**163. |F| <= 2**125.
"""

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
def _ema(_ema_: int256, _premium: int256, _elapsed: uint256) -> int256:
    """
    @notice The EMA after the premium stood for a time; a step counts at most 150 s. The distance left is truncated toward zero.
    """
    if _ema_ == _premium:
        return _ema_
    z: int256 = min(convert(_elapsed, int256), TIME_CONSTANT)
    even: int256 = unsafe_add(C0, unsafe_mul(unsafe_mul(z, z), unsafe_add(C2, unsafe_mul(z, z))))
    odd: int256 = unsafe_mul(z, unsafe_add(C1, unsafe_mul(C3, unsafe_mul(z, z))))
    distance: int256 = unsafe_sub(_ema_, _premium)
    return unsafe_add(
        _premium, unsafe_div(unsafe_mul(distance, unsafe_sub(even, odd)), unsafe_add(even, odd))
    )


@internal
@pure
def _funding(
    _index: int256, _ema_: int256, _price: uint256, _elapsed: uint256, _cap_bps: uint256, _period: uint256
) -> int256:
    """
    @notice F after the EMA premium was paid for a time, at most the cap. Truncated toward zero: both sides see the same F.
    @param _cap_bps of the index price, a day
    @param _period seconds in which a lasting premium is paid once
    """
    cap: int256 = convert(unsafe_div(unsafe_mul(unsafe_mul(_cap_bps, 10**8), _period), 86_400), int256)
    rate: int256 = min(max(_ema_, -cap), cap)
    product: int256 = unsafe_mul(unsafe_mul(rate, convert(_price, int256)), convert(_elapsed, int256))
    change: int256 = unsafe_div(product, convert(unsafe_mul(1_000, _period), int256))
    return min(max(unsafe_add(_index, change), -FUNDING_LIMIT), FUNDING_LIMIT)


@internal
@pure
def _premium(_mid: uint256, _price: uint256) -> int256:
    """
    @notice Mid against index; 0 without a mid.
    """
    if _mid == 0:
        return 0
    distance: int256 = unsafe_sub(convert(_mid, int256), convert(_price, int256))
    premium: int256 = unsafe_div(unsafe_mul(distance, PREMIUM_UNIT), convert(_price, int256))
    return min(max(premium, -PREMIUM_LIMIT), PREMIUM_LIMIT)


@internal
@pure
def _median_mark(_index_price: uint256, _ema_: int256, _mid: uint256) -> uint256:
    """
    @notice Median of the index price, the index price with the EMA premium on it (rounded down), and a mid; a mid of 0 counts as the
            index price. Kept between the bounds of prices.
    @dev price < 2**84, |ema| < 2**47. The premium is at least -1: no factor below 0.
    """
    factor: uint256 = convert(max(unsafe_add(PREMIUM_UNIT, _ema_), 0), uint256)
    expected: uint256 = unsafe_div(unsafe_mul(_index_price, factor), 10**12)
    mid: uint256 = _mid
    if mid == 0:
        mid = _index_price
    low: uint256 = min(_index_price, expected)
    high: uint256 = max(_index_price, expected)
    return min(max(max(low, min(high, mid)), 10**12), 10**25)


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
