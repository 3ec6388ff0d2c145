# pragma version 0.4.3
"""
@title  Packing
@notice Reading and writing signed fields of a word. Vyper packs no storage and its `convert` refuses a set top bit, so the
        bits go through bytes32; `>>` on int256 keeps the sign. What runs on every call (positions, accrual) does the same in place.
"""


@internal
@pure
def _bits(_value: int256) -> uint256:
    """
    @notice The two's complement of a signed value.
    """
    return convert(convert(_value, bytes32), uint256)


@internal
@pure
def _signed_at(_word: uint256, _offset: uint256, _width: uint256) -> int256:
    """
    @notice The signed field of `_width` bits whose lowest bit is `_offset`.
    """
    top: bytes32 = convert(_word << unsafe_sub(unsafe_sub(256, _width), _offset), bytes32)
    return convert(top, int256) >> unsafe_sub(256, _width)
