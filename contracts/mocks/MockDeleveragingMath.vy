# pragma version 0.4.3
"""
@title  Mock deleveraging math
@notice Opens lib/deleveraging_math to tests. Holds nothing, is never deployed.
"""

from contracts.lib import deleveraging_math
from contracts.lib import position_math


@external
@pure
def at_price(_size: int256, _balance: int256, _notional: uint256, _price: uint256) -> (uint256, uint256, bool):
    """
    @notice Size, notional and feasibility of the terms at a price.
    """
    return self._told(deleveraging_math._at_price(self._position(_size, _balance, _notional), _price))


@external
@pure
def at_bankruptcy(_size: int256, _balance: int256, _notional: uint256) -> (uint256, uint256, bool):
    """
    @notice The same at the bankruptcy price.
    """
    return self._told(deleveraging_math._at_bankruptcy(self._position(_size, _balance, _notional)))


@external
@pure
def share(_notional: uint256, _size: uint256, _whole: uint256, _up: bool) -> uint256:
    """
    @notice See deleveraging_math._share.
    """
    return deleveraging_math._share(_notional, _size, _whole, _up)


@external
@pure
def rank(_profit: uint256, _entry_notional: uint256, _notional: uint256, _equity: uint256) -> uint256:
    """
    @notice See deleveraging_math._rank.
    """
    return deleveraging_math._rank(_profit, _entry_notional, _notional, _equity)


@external
@pure
def is_in_order(_next: uint256, _lowest: uint256) -> bool:
    """
    @notice See deleveraging_math._is_in_order.
    """
    return deleveraging_math._is_in_order(_next, _lowest)


@external
@pure
def is_complete(_listed: uint256, _total: uint256) -> bool:
    """
    @notice See deleveraging_math._is_complete.
    """
    return deleveraging_math._is_complete(_listed, _total)


@external
@pure
def ones(_bitmap: uint256) -> uint256:
    """
    @notice See deleveraging_math._ones.
    """
    return deleveraging_math._ones(_bitmap)


@internal
@pure
def _position(_size: int256, _balance: int256, _notional: uint256) -> position_math.Position:
    return position_math.Position(size=_size, balance=_balance, notional=_notional, carry=0, flags=0)


@internal
@pure
def _told(_terms: deleveraging_math.Terms) -> (uint256, uint256, bool):
    return _terms.size, _terms.notional, _terms.feasible
