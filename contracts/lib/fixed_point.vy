# pragma version 0.4.3
"""
@title  Fixed point
@notice Every division of the protocol that is not a shift: each names its direction. Vyper's own `//` truncates toward zero,
        which for a negative number is up; hence the helpers.
@dev    Plain 256-bit products. Each caller stays below 2**255, by the bounds of docs/derivations.md: size < 2**90, price < 2**84,
        balance and notional < 2**120, indices < 2**127. Checked arithmetic guards the rest.
"""

WAD: constant(uint256) = 10**18
RAY: constant(int256) = 10**27
BPS: constant(uint256) = 10_000


@internal
@pure
def _mul_div_down(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    return _a * _b // _c


@internal
@pure
def _mul_div_up(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    product: uint256 = _a * _b
    if product == 0:
        return 0
    return unsafe_add(unsafe_sub(product, 1) // _c, 1)


@internal
@pure
def _bps_up(_amount: uint256, _bps: uint256) -> uint256:
    return unsafe_add(_amount * _bps, 9_999) // 10_000


@internal
@pure
def _signed_mul_div_floor(_a: int256, _b: uint256, _c: uint256) -> int256:
    """
    @notice floor(a * b / c): toward minus infinity.
    """
    if _a >= 0:
        return convert(convert(_a, uint256) * _b // _c, int256)
    return -convert(self._mul_div_up(convert(-_a, uint256), _b, _c), int256)


@internal
@pure
def _ray_mul_up(_size: uint256, _index: int256) -> int256:
    """
    @notice ceil(size * index / RAY): a charge, or a credit when negative, against who holds the size.
    @dev size < 2**90 and |index| < 2**127 + 2**127: the product stays below 2**218.
    """
    product: int256 = unsafe_mul(convert(_size, int256), _index)
    if product <= 0:
        return unsafe_div(product, RAY)
    return unsafe_add(unsafe_div(unsafe_sub(product, 1), RAY), 1)
