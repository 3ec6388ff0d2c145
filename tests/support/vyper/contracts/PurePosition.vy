# pragma version 0.4.3
"""
@title  Pure position
@notice lib/position_math and lib/margin_math, callable.
"""

from contracts.lib import margin_math
from contracts.lib import position_math


@external
@view
def size_of(_size: int256) -> uint256:
    return position_math._abs(_size)


@external
@view
def notional(_size: int256, _mark: uint256) -> uint256:
    return position_math._notional(_size, _mark)


@external
@view
def price_pnl(_size: int256, _entry_notional: uint256, _mark: uint256) -> int256:
    return position_math._price_pnl(_size, _entry_notional, _mark)


@external
@view
def appraised(_size: int256, _entry_notional: uint256, _mark: uint256) -> (int256, uint256):
    return position_math._appraised(_size, _entry_notional, _mark)


@external
@view
def carry_charge(_size: int256, _entry_carry: int256, _carry_index: int256) -> int256:
    return position_math._carry_charge(_size, _entry_carry, _carry_index)


@external
@view
def equity(_position: position_math.Position, _carry_index: int256, _mark: uint256) -> int256:
    return position_math._equity(_position, _carry_index, _mark)


@external
@view
def worth(_position: position_math.Position, _mark: uint256) -> int256:
    return position_math._worth(_position, _mark)


@external
@view
def settled(_position: position_math.Position, _carry_index: int256) -> position_math.Position:
    return position_math._settled(_position, _carry_index)


@external
@view
def part(_position: position_math.Position, _size: uint256) -> position_math.Position:
    return position_math._part(_position, _size)


@external
@view
def without(_position: position_math.Position, _taken: position_math.Position) -> position_math.Position:
    return position_math._without(_position, _taken)


@external
@view
def combined(_a: position_math.Position, _b: position_math.Position) -> position_math.Position:
    return position_math._combined(_a, _b)


@external
@view
def opening_excess(_position: position_math.Position, _mark: uint256, _risk: uint256, _extras: uint256) -> int256:
    return position_math._opening_excess(_position, _mark, _risk, _extras)


@external
@view
def is_below(_equity: int256, _margin: uint256, _ratio_bps: uint256) -> bool:
    return position_math._is_below(_equity, _margin, _ratio_bps)


@external
@view
def initial(_notional: uint256, _risk: uint256, _extras: uint256) -> uint256:
    return margin_math._initial(_notional, _risk, _extras)


@external
@view
def maintenance(_notional: uint256, _risk: uint256, _extras: uint256) -> uint256:
    return margin_math._maintenance(_notional, _risk, _extras)


@external
@view
def both(_notional: uint256, _risk: uint256, _extras: uint256) -> (uint256, uint256):
    return margin_math._both(_notional, _risk, _extras)
