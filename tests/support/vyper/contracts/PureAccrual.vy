# pragma version 0.4.3
"""
@title  Pure accrual
@notice lib/accrual_math and lib/fixed_point, callable.
"""

from contracts.lib import accrual_math
from contracts.lib import fixed_point


@external
@view
def accrued(_word: uint256, _now: uint256, _price: uint256, _mid: uint256, _risk: uint256) -> uint256:
    return accrual_math._accrued(_word, _now, _price, _mid, _risk)


@external
@view
def median_mark(_index_price: uint256, _ema: int256, _mid: uint256) -> uint256:
    return accrual_math._median_mark(_index_price, _ema, _mid)


@external
@view
def borrow_rise(_rate_bps: uint256, _mark: uint256, _elapsed: uint256) -> uint256:
    return accrual_math._borrow_rise(_rate_bps, _mark, _elapsed)


@external
@view
def mul_div_down(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    return fixed_point._mul_div_down(_a, _b, _c)


@external
@view
def mul_div_up(_a: uint256, _b: uint256, _c: uint256) -> uint256:
    return fixed_point._mul_div_up(_a, _b, _c)


@external
@view
def bps_up(_amount: uint256, _bps: uint256) -> uint256:
    return fixed_point._bps_up(_amount, _bps)


@external
@view
def signed_mul_div_floor(_a: int256, _b: uint256, _c: uint256) -> int256:
    return fixed_point._signed_mul_div_floor(_a, _b, _c)
