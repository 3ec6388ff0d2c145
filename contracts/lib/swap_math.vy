# pragma version 0.4.3
"""
@title  Swap math
@notice Amounts along a curve of constant liquidity L between square root prices (Q64.96), and square root prices of prices.
        Names end in the direction of their rounding.
@dev    Bounds: square root prices are below 2**113, L below 2**118, sizes below 2**128. So L (b - a) < 2**231 and L 2**96 < 2**214
        fit a word, while their products with 2**96 or a square root price do not: those take 512 bits, or two digits.

        Why what the venue holds is never less than its ranges say (docs/spec.md section 11). In real numbers liquidity L holds
        L / s of base and L s of cash at square root price s, but for constants. A step from s to t with amounts dx and dy keeps the promise if
            buy:   dx <= L (1/s - 1/t) and dy >= L (t - s)          sell:   dx >= L (1/t - 1/s) and dy <= L (s - t)
        - a step that ends inside: t = ceil(L s / (L -+ dx s)), higher than the exact end in both directions. A buyer pays for the
          higher t, a seller is paid for the higher t: dy = ceil or floor(L |t - s|) for exactly that t.
        - a step to a tick: dx = floor or ceil(L |1/s - 1/t|), dy = ceil or floor(L |t - s|).
        All steps meet in the same integers t, and a tick's square root price is the same integer for all ranges, so the surpluses add
        up and none is negative. A range then takes out floor of what it has bought and owes ceil of what it has sold, and the same
        for cash: sums of floors stay below the sum.
"""

from contracts.lib import tick_math

WAD: constant(uint256) = 10**18
Q96: constant(uint256) = 2**96
MASK_14: constant(uint256) = 2**14 - 1
MASK_57: constant(uint256) = 2**57 - 1
# Base 2 exponent above the ratio of any two square root prices: MAX / MIN < 2**33.3.
MAX_RATIO_BITS: constant(uint256) = 34
# Funding growth counts in RAY * 2**-19 of cash per unit of liquidity: 2**(96 + 19) / sqrt_price_x96.
FUNDING_SCALE: constant(int256) = 2**115
FUNDING_UNIT: constant(int256) = 10**27 * 2**19


@internal
@pure
def _next_sqrt_price_up(_sqrt_price: uint256, _liquidity: uint256, _size: uint256, _buy: bool) -> uint256:
    """
    @notice Where a trade of `_size` would end if liquidity went on for ever: ceil(L s / (L -+ size s)).
    @return A value above MAX_SQRT_PRICE if a buyer asks for more than there is, or ends there; below MIN_SQRT_PRICE for a seller.
    @dev s * depth passes a word: long division, by the digits of s. With depth and divisor below 2**198, that is L below
         2**102, two digits in base 2**57 do: the first product is below 2**255, and so are the remainder times 2**57 and
         the second product.
    """
    # Unsafe: below 2**214 and 2**241.
    depth: uint256 = _liquidity << 96
    moved: uint256 = unsafe_mul(_size, _sqrt_price)
    divisor: uint256 = unsafe_add(depth, moved)
    if _buy:
        # The result would pass 2**34 s, which is out of bounds; below that it fits a word.
        if moved >= unsafe_sub(depth, depth >> MAX_RATIO_BITS):
            return max_value(uint256)
        divisor = unsafe_sub(depth, moved)
    if (depth | divisor) >> 198 != 0:
        return self._scaled_up(_sqrt_price, depth, divisor)
    product: uint256 = unsafe_mul(_sqrt_price >> 57, depth)
    high: uint256 = unsafe_div(product, divisor)
    rest: uint256 = unsafe_sub(product, unsafe_mul(high, divisor))
    low: uint256 = unsafe_add(rest << 57, unsafe_mul(_sqrt_price & MASK_57, depth))
    # low + divisor - 1 < 2**256.
    return unsafe_add(high << 57, unsafe_div(unsafe_add(low, unsafe_sub(divisor, 1)), divisor))


@internal
@pure
def _scaled_up(_sqrt_price: uint256, _multiplier: uint256, _divisor: uint256) -> uint256:
    """
    @notice ceil(s * multiplier / divisor) for a multiplier below 2**214 and a divisor below 2**241: nine digits in base 2**14.
    """
    quotient: uint256 = 0
    rest: uint256 = 0
    for i: uint256 in range(9):
        digit: uint256 = _sqrt_price >> unsafe_sub(112, unsafe_mul(14, i)) & MASK_14
        part: uint256 = unsafe_add(rest << 14, unsafe_mul(digit, _multiplier))
        quotient = unsafe_add(quotient << 14, unsafe_div(part, _divisor))
        rest = part % _divisor
    return quotient if rest == 0 else unsafe_add(quotient, 1)


@internal
@pure
def _base_between(_liquidity: uint256, _low: uint256, _high: uint256, _up: bool) -> uint256:
    """
    @notice L (1 / low - 1 / high).
    @dev L (high - low) 2**96 / high / low: dividing twice, and rounding each time the same way, is dividing by the product.
         The first quotient in two parts: L (high - low) = whole high + rest.
    """
    # Unsafe: below 2**231.
    moved: uint256 = unsafe_mul(_liquidity, unsafe_sub(_high, _low))
    whole: uint256 = unsafe_div(moved, _high)
    rest: uint256 = unsafe_sub(moved, unsafe_mul(whole, _high)) << 96
    if _up:
        # Unsafe: below 2**215.
        quotient: uint256 = unsafe_add(whole << 96, unsafe_div(unsafe_add(rest, unsafe_sub(_high, 1)), _high))
        return unsafe_div(unsafe_add(quotient, unsafe_sub(_low, 1)), _low)
    return unsafe_div(unsafe_add(whole << 96, unsafe_div(rest, _high)), _low)


@internal
@pure
def _cash_between(_liquidity: uint256, _low: uint256, _high: uint256, _up: bool) -> uint256:
    """
    @notice L (high - low).
    """
    # Unsafe: below 2**231.
    product: uint256 = unsafe_mul(_liquidity, unsafe_sub(_high, _low))
    if _up:
        return unsafe_add(product, unsafe_sub(Q96, 1)) >> 96
    return product >> 96


@internal
@pure
def _price_down(_sqrt_price: uint256) -> uint256:
    """
    @notice WAD price of a square root price.
    """
    # Unsafe: s^2 / 2**64 < 2**162. Two divisions lose less than 2**-67 wei more than one would.
    return unsafe_mul(unsafe_mul(_sqrt_price, _sqrt_price) >> 64, WAD) >> 128


@internal
@pure
def _sqrt_price_up(_price: uint256) -> uint256:
    """
    @notice Square root price of a WAD price, kept inside the ticks. Rounded up, so that `_price_down` of it is the price again:
            a root too high by 2**-80 makes a price too high by sqrt(price) * 2**-19 wei.
    """
    # 1e10 in WAD is below 2**94: shifted by 160 it fits. The root then has 80 of the 96 bits behind the point.
    scaled: uint256 = unsafe_add(min(_price, 2**94) << 160, WAD - 1) // WAD
    root: uint256 = isqrt(scaled)
    if unsafe_mul(root, root) < scaled:
        root = unsafe_add(root, 1)
    return max(tick_math.MIN_SQRT_PRICE, min(root << 16, tick_math.MAX_SQRT_PRICE))


@internal
@pure
def _liquidity_of_margin(
    _margin: uint256, _sqrt_price: uint256, _lower: uint256, _upper: uint256, _imr_bps: uint256
) -> uint256:
    """
    @notice The liquidity whose position meets the initial margin ratio at either edge: min of both edges' formulas in
            docs/spec.md section 11. An edge that the price stands on asks nothing. At most 2**118, more than any tick may hold.
    @dev margin < 2**120 (checked by the caller), so margin * s < 2**233. A quotient above 2**160 belongs to more liquidity than
         any tick may hold (2**160 * 2**96 / 2**114): cutting it there changes nothing below 2**118.
    """
    result: uint256 = 2**118
    if _upper > _sqrt_price:
        result = min(
            result, self._edge_liquidity(_margin, _sqrt_price, unsafe_sub(_upper, _sqrt_price), _upper, _imr_bps)
        )
    if _sqrt_price > _lower:
        result = min(
            result, self._edge_liquidity(_margin, _sqrt_price, unsafe_sub(_sqrt_price, _lower), _lower, _imr_bps)
        )
    return result


@internal
@pure
def _edge_liquidity(
    _margin: uint256, _sqrt_price: uint256, _distance: uint256, _edge: uint256, _imr_bps: uint256
) -> uint256:
    # Unsafe: margin * s < 2**233, edge * imr < 2**127; distance is not 0.
    depth: uint256 = min(unsafe_div(unsafe_mul(_margin, _sqrt_price), _distance), 2**160 - 1)
    required: uint256 = unsafe_add(unsafe_mul(_edge, _imr_bps), 9_999) // 10_000
    return (depth << 96) // unsafe_add(_distance, required)


@internal
@pure
def _over_sqrt_price(_funding: int256, _sqrt_price: uint256, _up: bool) -> int256:
    """
    @notice Funding on what one unit of liquidity holds of base, 1 / sqrt price.
    @dev |funding| <= 2**127, so the product stays below 2**243. Division of signed numbers truncates toward zero.
    """
    product: int256 = unsafe_mul(_funding, FUNDING_SCALE)
    divisor: int256 = convert(_sqrt_price, int256)
    if _up == (product > 0):
        # Away from zero.
        margin: int256 = unsafe_sub(divisor, 1)
        product = unsafe_add(product, margin) if _up else unsafe_sub(product, margin)
    return unsafe_div(product, divisor)


@internal
@pure
def _funding_up(_liquidity: uint256, _growth: int256) -> int256:
    """
    @notice Funding of liquidity: ceil(L * growth / unit).
    @dev The growth in two parts, whole units and a rest, both of its sign. |growth| < 2**166: L times the units stays below
         2**176, and L times the rest below 2**227.
    """
    liquidity: int256 = convert(_liquidity, int256)
    whole: int256 = unsafe_div(_growth, FUNDING_UNIT)
    rest: int256 = unsafe_mul(liquidity, unsafe_sub(_growth, unsafe_mul(whole, FUNDING_UNIT)))
    if rest > 0:
        rest = unsafe_add(rest, FUNDING_UNIT - 1)
    # Division truncates toward zero: up for a negative number.
    return unsafe_add(unsafe_mul(liquidity, whole), unsafe_div(rest, FUNDING_UNIT))
