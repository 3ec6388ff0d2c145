# pragma version 0.4.3
"""
@title  Packing
@notice Reading and writing signed fields of a word. Vyper packs no storage and its `convert` refuses a set top bit, so the
        bits go through bytes32; `>>` on int256 keeps the sign.
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
def _high(_word: uint256) -> int256:
    """
    @notice The signed upper half of a word.
    """
    return convert(convert(_word, bytes32), int256) >> 128


@internal
@pure
def _low(_word: uint256) -> int256:
    """
    @notice The signed lower half of a word.
    """
    return convert(convert(_word << 128, bytes32), int256) >> 128


@internal
@pure
def _halves(_high_half: int256, _low_half: int256) -> uint256:
    """
    @notice A word of two halves. The upper one is cut to its low 128 bits, and so is the lower one.
    """
    high: bytes32 = convert(_high_half << 128, bytes32)
    low: bytes32 = convert(_low_half << 128, bytes32)
    return convert(high, uint256) | convert(low, uint256) >> 128


@internal
@pure
def _signed_at(_word: uint256, _offset: uint256, _width: uint256) -> int256:
    """
    @notice The signed field of `_width` bits whose lowest bit is `_offset`.
    """
    top: bytes32 = convert(_word << unsafe_sub(unsafe_sub(256, _width), _offset), bytes32)
    return convert(top, int256) >> unsafe_sub(256, _width)


@internal
@pure
def _field(_value: int256, _offset: uint256, _mask: uint256) -> uint256:
    """
    @notice A signed value as a field of a word. The value must fit the mask's width: its callers bound it.
    """
    return (convert(convert(_value, bytes32), uint256) & _mask) << _offset
