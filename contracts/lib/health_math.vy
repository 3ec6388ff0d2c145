# pragma version 0.4.3
"""
@title  Health math
@notice Stages of the ladder (docs/spec.md sections 9 to 14), and the prices at which an isolated position changes stage. Pure.
@dev    With X = n - b + c for a long and n + b - c for a short (n entry notional, b balance, c carry to date, all whole wei), tau the
        trigger and r the MMR:

            long    equity >= 0   <=>  floor(|q| P) >= X           <=>  P >= X / |q|
            short   equity >= 0   <=>  ceil(|q| P) <= X            <=>  P <= X / |q|

        so the bankruptcy price is exact: the last price at which nothing is missing. For the liquidation price the
        notional and the margin are rounded up three times in between, by less than a wei each:

            long    equity - tau MM  >  |q| P (1 - tau r) - X - 3          short   >  X - |q| P (1 + tau r) - 3

        so at (X + 3) / (|q| (1 - tau r)) and above a long is safe, at (X - 3) / (|q| (1 + tau r)) and below a short is, and
        X / (|q| (1 -+ tau r)) itself, where liquidation starts, is at most 3 / (|q| (1 -+ tau r)) and one wei away.
"""

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import position_math

HEALTHY: constant(uint256) = 0
MARGIN_CALL: constant(uint256) = 1
LIQUIDATABLE: constant(uint256) = 2
BACKSTOP: constant(uint256) = 3
BANKRUPT: constant(uint256) = 4

WAD: constant(uint256) = 10**18
# Trigger and MMR are basis points: their product counts in 1e8.
RATIO: constant(uint256) = 10**8
# What rounding may cost between a price and the margin at it, wei.
SLACK: constant(int256) = 3


@internal
@pure
def _stage(
    _equity: int256, _maintenance_margin: uint256, _trigger_bps: uint256, _backstop_bps: uint256, _margin_call_bps: uint256
) -> uint256:
    """
    @notice The first stage that applies, worst first. Equality is safe.
    """
    if _equity < 0:
        return BANKRUPT
    if position_math._is_below(_equity, _maintenance_margin, _backstop_bps):
        return BACKSTOP
    if position_math._is_below(_equity, _maintenance_margin, _trigger_bps):
        return LIQUIDATABLE
    if position_math._is_below(_equity, _maintenance_margin, _margin_call_bps):
        return MARGIN_CALL
    return HEALTHY


@internal
@pure
def _stake(_position: position_math.Position, _carry_index: int256) -> int256:
    """
    @notice X above: notional at which equity is zero.
    """
    carry: int256 = position_math._carry_charge(_position.size, _position.carry, _carry_index)
    entry: int256 = convert(_position.notional, int256)
    if _position.size < 0:
        return entry + _position.balance - carry
    return entry - _position.balance + carry


@internal
@pure
def _bankruptcy_price(_position: position_math.Position, _carry_index: int256) -> uint256:
    """
    @notice The last price without a deficit. 0: a long that never has one, or a short that has one at every price.
    """
    stake: int256 = self._stake(_position, _carry_index)
    if _position.size == 0 or stake <= 0:
        return 0
    if _position.size > 0:
        return fixed_point._mul_div_up(convert(stake, uint256), WAD, position_math._abs(_position.size))
    return fixed_point._mul_div_down(convert(stake, uint256), WAD, position_math._abs(_position.size))


@internal
@pure
def _liquidation_price(
    _position: position_math.Position,
    _carry_index: int256,
    _trigger_bps: uint256,
    _risk: uint256,
    _extras: uint256,
) -> uint256:
    """
    @notice Where the position is still safe and beyond which it may be liquidated: a long below, a short above. 0: a long
            that never is, or a short that is at every price. With tiers: by rate and deduction of the tier in which the position's notional
            at that price lies; margins being convex in notional there is one such price.
    @param _risk words of lib/market_words
    @dev stake < 2**129 and deductions < 2**134, times 1e26 < 2**222.
    """
    stake: int256 = self._stake(_position, _carry_index)
    if _position.size == 0:
        return 0
    size: uint256 = position_math._abs(_position.size)
    rate: uint256 = market_words._mmr_bps(_risk)
    # wei times basis points
    deduction: uint256 = 0
    price: uint256 = 0
    for i: uint256 in range(4):
        price = self._edge(stake, size, _position.size > 0, _trigger_bps, rate, deduction)
        if i == 3:
            break
        bound: uint256 = 0
        imr: uint256 = 0
        higher: uint256 = 0
        bound, imr, higher = market_words._tier(_extras, i)
        if higher == 0 or fixed_point._mul_div_up(size, price, WAD) <= bound:
            break
        deduction += bound * (higher - rate)
        rate = higher
    return price


@internal
@pure
def _edge(
    _stake_: int256, _size: uint256, _long: bool, _trigger_bps: uint256, _rate_bps: uint256, _deduction: uint256
) -> uint256:
    """
    @notice The price at which equity is trigger * (rate * notional - deduction), with what rounding may cost on the safe side.
    """
    # trigger and deduction are in basis points each
    freed: int256 = convert(_trigger_bps * _deduction, int256)
    if _long:
        owed: int256 = (_stake_ + SLACK) * convert(RATIO, int256) - freed
        if _stake_ <= 0 or owed <= 0:
            return 0
        return fixed_point._mul_div_up(
            convert(owed, uint256), WAD, _size * (RATIO - _trigger_bps * _rate_bps)
        )
    held: int256 = (_stake_ - SLACK) * convert(RATIO, int256) + freed
    if held <= 0:
        return 0
    return fixed_point._mul_div_down(convert(held, uint256), WAD, _size * (RATIO + _trigger_bps * _rate_bps))
