# pragma version 0.4.3
"""
@title  Deleveraging math
@notice What a bankrupt position is closed at, and in which order those opposite to it are closed against it. Pure: the clearinghouse acts on it,
        the lens shows it. docs/spec.md section 14.
@dev    The price is a fraction, N / Q: a notional for all of the target's size. With N below 2**128, sizes below 2**127 and a price of at most
        2**25 every product below stays under 2**255.
"""

from contracts.lib import fixed_point
from contracts.lib import position_math


# What a target is closed at.
struct Terms:
    size: uint256  # WAD, Q
    notional: uint256  # WAD, N: of all of it
    feasible: bool  # whether there may be somebody on the other side


WAD: constant(uint256) = 10**18
# Binary places of each factor of a rank, and the largest factor.
RANK_BITS: constant(uint256) = 80
RANK_LIMIT: constant(uint256) = 2**128 - 1
# Notionals that the products below allow for.
NOTIONAL_LIMIT: constant(uint256) = 2**128 - 1


@internal
@pure
def _at_price(_target: position_math.Position, _price: uint256) -> Terms:
    """
    @notice The terms at a price that leaves the settled target nothing to lack; empty if it does not, or there is none.
    @param _price WAD, 0 for none
    """
    if _price == 0 or position_math._worth(_target, _price) < 0:
        return empty(Terms)
    size: uint256 = position_math._abs(_target.size)
    # against the counterparties: shorts pay it, longs are paid it
    return Terms(
        size=size, notional=self._share(_price, size, WAD, _target.size > 0), feasible=True
    )


@internal
@pure
def _at_bankruptcy(_target: position_math.Position) -> Terms:
    """
    @notice The terms that leave the settled target exactly nothing. Nobody can be found for a short that would lack something even at a
            price of zero; its counterparties would gain nothing at the notional given then.
    """
    terms: Terms = Terms(size=position_math._abs(_target.size), notional=0, feasible=False)
    notional: int256 = unsafe_add(convert(_target.notional, int256), _target.balance)
    if _target.size > 0:
        notional = unsafe_sub(convert(_target.notional, int256), _target.balance)
    if notional >= 0:
        terms.notional = min(convert(notional, uint256), NOTIONAL_LIMIT)
        # no long lacks so much
        terms.feasible = terms.notional != NOTIONAL_LIMIT
    return terms


@internal
@pure
def _share(_notional: uint256, _size: uint256, _whole: uint256, _up: bool) -> uint256:
    """
    @notice The notional of a part of a size: up where the counterparties, shorts, pay it, down where they, longs, are paid it.
    """
    if _up:
        return fixed_point._mul_div_up(_notional, _size, _whole)
    return fixed_point._mul_div_down(_notional, _size, _whole)


@internal
@pure
def _rank(_profit: uint256, _entry_notional: uint256, _notional: uint256, _equity: uint256) -> uint256:
    """
    @notice Profit on the entry notional times leverage: each factor rounded down to 80 binary places and at most 2**48, so the product is
            exact, in 2**-160. Without an entry notional or equity the highest of all.
    """
    if _entry_notional == 0 or _equity == 0:
        return max_value(uint256)
    return unsafe_mul(
        min(unsafe_div(_profit << RANK_BITS, _entry_notional), RANK_LIMIT),
        min(unsafe_div(_notional << RANK_BITS, _equity), RANK_LIMIT),
    )


@internal
@pure
def _is_in_order(_next: uint256, _lowest: uint256) -> bool:
    """
    @notice Whether a rank may follow ranks of which the lowest is given: it is at most 1 % above.
    """
    return _next <= _lowest or unsafe_sub(_next, _lowest) <= unsafe_div(_lowest, 100)


@internal
@pure
def _is_complete(_listed: uint256, _total: uint256) -> bool:
    """
    @notice Whether sizes listed make up 99 % of a side.
    """
    return unsafe_mul(_listed, 100) >= unsafe_mul(_total, 99)


@internal
@pure
def _ones(_bitmap: uint256) -> uint256:
    """
    @notice How many of the lowest 16 bits are set.
    """
    pairs: uint256 = (_bitmap & 21_845) + (_bitmap >> 1 & 21_845)
    fours: uint256 = (pairs & 13_107) + (pairs >> 2 & 13_107)
    eights: uint256 = (fours & 3_855) + (fours >> 4 & 3_855)
    return (eights & 255) + (eights >> 8)
