# pragma version 0.4.3
"""
@title  Position math
@notice What a position is worth, what it needs, how it splits and combines. Pure; the one place of these rules, used by
        the clearinghouse, by the engine's previews and by the lens alike. Formulas: docs/spec.md section 5.
@dev    Bounds: |size| <= 2**110 (1e27 where it is opened), price <= 1e25 < 2**84, notional < 2**120, |balance| < 2**127,
        |carry index| < 2**127. Hence size * price < 2**194, size * index < 2**238, balance * size < 2**237: nothing below overflows,
        and everything is unchecked. What is stored is checked when it is stored.
"""

from contracts.lib import fixed_point
from contracts.lib import margin_math
from contracts.lib import market_words


struct Position:
    size: int256  # WAD, negative is short
    balance: int256  # WAD
    notional: uint256  # WAD, at entry
    carry: int256  # RAY, carry index of its side when last settled
    flags: uint256  # 7 bits of top-up count, 1 bit of margin mode


WAD: constant(uint256) = 10**18
RAY: constant(int256) = 10**27


@internal
@pure
def _abs(_size: int256) -> uint256:
    """
    @notice |size|, also of the smallest int256.
    """
    if not (_size >= 0):
        return convert(convert(unsafe_sub(0, _size), bytes32), uint256)
    return convert(convert(_size, bytes32), uint256)


@internal
@pure
def _notional(_size: int256, _mark: uint256) -> uint256:
    """
    @notice |size| at the mark price, rounded up: what margin ratios apply to.
    """
    # ceil, written out: this and the two below are on every path
    return unsafe_div(unsafe_add(unsafe_mul(self._abs(_size), _mark), WAD - 1), WAD)


@internal
@pure
def _price_pnl(_size: int256, _entry_notional: uint256, _mark: uint256) -> int256:
    """
    @notice Profit of the price alone, rounded against the holder.
    """
    # floor of the signed product: down for a long, up for what a short owes
    value: int256 = unsafe_mul(_size, convert(_mark, int256))
    if not (_size >= 0):
        return unsafe_sub(convert(_entry_notional, int256), unsafe_div(unsafe_sub(10**18 - 1, value), 10**18))
    return unsafe_sub(unsafe_div(value, 10**18), convert(_entry_notional, int256))


@internal
@pure
def _appraised(_size: int256, _entry_notional: uint256, _mark: uint256) -> (int256, uint256):
    """
    @notice `_price_pnl` and `_notional` by one product.
    """
    value: int256 = unsafe_mul(_size, convert(convert(_mark, bytes32), int256))
    entry: int256 = convert(convert(_entry_notional, bytes32), int256)
    if not (_size >= 0):
        # rounded up it is both what a short owes and what ratios apply to
        value = unsafe_div(unsafe_sub(10**18 - 1, value), 10**18)
        return unsafe_sub(entry, value), convert(convert(value, bytes32), uint256)
    above: int256 = unsafe_div(unsafe_add(value, 10**18 - 1), 10**18)
    return unsafe_sub(unsafe_div(value, 10**18), entry), convert(convert(above, bytes32), uint256)


@internal
@pure
def _carry_charge(_size: int256, _entry_carry: int256, _carry_index: int256) -> int256:
    """
    @notice Funding, borrow fee and social loss since the position was last settled, rounded up; negative is a credit.
    """
    charge: int256 = unsafe_mul(_size, unsafe_sub(_carry_index, _entry_carry))
    if not (_size >= 0):
        charge = unsafe_sub(0, charge)
    # the division truncates toward zero: up for a credit
    if charge > 0:
        charge = unsafe_add(charge, RAY - 1)
    return unsafe_div(charge, RAY)


@internal
@pure
def _pnl(_position: Position, _carry_index: int256, _mark: uint256) -> int256:
    return unsafe_sub(
        self._price_pnl(_position.size, _position.notional, _mark),
        self._carry_charge(_position.size, _position.carry, _carry_index),
    )


@internal
@pure
def _equity(_position: Position, _carry_index: int256, _mark: uint256) -> int256:
    return unsafe_add(_position.balance, self._pnl(_position, _carry_index, _mark))


@internal
@pure
def _worth(_settled_position: Position, _mark: uint256) -> int256:
    """
    @notice Equity of a settled position.
    """
    return unsafe_add(
        _settled_position.balance,
        self._price_pnl(_settled_position.size, _settled_position.notional, _mark),
    )


@internal
@pure
def _settled(_position: Position, _carry_index: int256) -> Position:
    """
    @notice The position with its carry paid from (or into) its balance. Equity does not change.
    """
    position: Position = _position
    position.balance = unsafe_sub(
        position.balance, self._carry_charge(position.size, position.carry, _carry_index)
    )
    position.carry = _carry_index
    return position


@internal
@pure
def _part(_position: Position, _size: uint256) -> Position:
    """
    @notice The share size / |position| of a position; balance and entry notional rounded down.
    @param _size above 0, at most |position|
    """
    whole: uint256 = self._abs(_position.size)
    if _size == whole:
        return _position
    part: Position = _position
    part.size = convert(_size, int256)
    if not (_position.size >= 0):
        part.size = unsafe_sub(0, part.size)
    part.balance = fixed_point._signed_mul_div_floor(_position.balance, _size, whole)
    part.notional = fixed_point._mul_div_down(_position.notional, _size, whole)
    return part


@internal
@pure
def _without(_position: Position, _taken: Position) -> Position:
    """
    @notice What is left of a position after `_part`: by subtraction, so nothing is lost between the two.
    """
    rest: Position = _position
    rest.size = unsafe_sub(rest.size, _taken.size)
    rest.balance = unsafe_sub(rest.balance, _taken.balance)
    rest.notional = unsafe_sub(rest.notional, _taken.notional)
    return rest


@internal
@pure
def _combined(_a: Position, _b: Position) -> Position:
    """
    @notice Two settled positions as one. On opposite sides the smaller one closes against as much of the larger, whose
            closed notional is rounded so that the realised profit is rounded down. Keeps the flags of `_b`.
    @dev The sum of the two equities is kept to the wei: what the closed notional gains, the balance loses.
    """
    big: Position = _a
    small: Position = _b
    if self._abs(_a.size) < self._abs(_b.size):
        big = _b
        small = _a
    big.balance = unsafe_add(big.balance, small.balance)
    big.flags = _b.flags
    if (big.size < 0) == (small.size < 0) or small.size == 0:
        big.size = unsafe_add(big.size, small.size)
        big.notional = unsafe_add(big.notional, small.notional)
        return big
    product: uint256 = unsafe_mul(big.notional, self._abs(small.size))
    whole: uint256 = self._abs(big.size)
    closed: uint256 = unsafe_div(product, whole)
    gain: int256 = 0
    if big.size > 0:
        closed = unsafe_div(unsafe_add(product, unsafe_sub(whole, 1)), whole)
        gain = unsafe_sub(convert(small.notional, int256), convert(closed, int256))
    else:
        gain = unsafe_sub(convert(closed, int256), convert(small.notional, int256))
    big.balance = unsafe_add(big.balance, gain)
    big.size = unsafe_add(big.size, small.size)
    big.notional = unsafe_sub(big.notional, closed)
    return big


@internal
@pure
def _opening_excess(_settled_position: Position, _mark: uint256, _risk: uint256, _extras: uint256) -> int256:
    """
    @notice By how much a settled position exceeds the opening rule; negative is what it lacks. Unrealised profit does
            not count.
    @param _risk words of lib/market_words
    """
    pnl: int256 = 0
    notional: uint256 = 0
    pnl, notional = self._appraised(_settled_position.size, _settled_position.notional, _mark)
    margin: uint256 = margin_math._initial(notional, _risk, _extras)
    excess: int256 = unsafe_sub(
        unsafe_add(_settled_position.balance, min(pnl, 0)), convert(convert(margin, bytes32), int256)
    )
    if _risk & market_words.FLAG_ENTRY_MARGIN_RULE != 0:
        excess = min(
            excess,
            unsafe_sub(
                _settled_position.balance,
                convert(margin_math._initial(_settled_position.notional, _risk, _extras), int256),
            ),
        )
    return excess


@internal
@pure
def _is_below(_equity_: int256, _margin_: uint256, _ratio_bps: uint256) -> bool:
    """
    @notice Whether equity < ratio x margin. Equality is safe. Negative equity is below whatever the ratio.
    """
    if not (_equity_ >= 0):
        return True
    return unsafe_mul(convert(_equity_, uint256), 10_000) < unsafe_mul(_margin_, _ratio_bps)
