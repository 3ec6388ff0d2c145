# pragma version 0.4.3
"""
@title  Fixed point
@notice Every division of the protocol that is not a shift: each names its direction. Vyper's own `//` truncates toward zero,
        which for a negative number is up; hence the helpers.
@dev    Plain 256-bit products, unchecked: every factor is bounded where it enters (size < 2**90, price < 2**96, balance and
        notional < 2**127, indices < 2**127, basis points < 2**14), so that no product reaches 2**255. docs/derivations.md lists them.
        No divisor is zero.
"""



@internal
@pure
def _mul_div_down(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    return unsafe_div(unsafe_mul(_a, _b), _c)


@internal
@pure
def _mul_div_up(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    return unsafe_div(unsafe_add(unsafe_mul(_a, _b), unsafe_sub(_c, 1)), _c)


@internal
@pure
def _bps_up(_amount: uint256, _bps: uint256) -> uint256:
    return unsafe_div(unsafe_add(unsafe_mul(_amount, _bps), 9_999), 10_000)


@internal
@pure
def _signed_mul_div_floor(_a: int256, _b: uint256, _c: uint256) -> int256:
    """
    @notice floor(a * b / c): toward minus infinity.
    """
    product: int256 = unsafe_mul(_a, convert(_b, int256))
    if not (product >= 0):
        product = unsafe_sub(product, convert(unsafe_sub(_c, 1), int256))
    return unsafe_div(product, convert(_c, int256))
