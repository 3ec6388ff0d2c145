# pragma version 0.4.3
"""
@title  Pure waterfall
@notice lib/waterfall_math, callable.
"""

from contracts.lib import waterfall_math


@external
@view
def drawable(_fund: uint256, _level: uint256, _draw_bps: uint256) -> uint256:
    return waterfall_math._drawable(_fund, _level, _draw_bps)


@external
@view
def decayed(_fund: uint256, _level: uint256, _draw_bps: uint256, _elapsed: uint256) -> uint256:
    return waterfall_math._decayed(_fund, _level, _draw_bps, _elapsed)


@external
@view
def shares(
    _loss: uint256, _deficit: uint256, _liquidated: uint256, _payers: uint256, _open_interest: uint256, _lp_margin: uint256, _index: uint256
) -> waterfall_math.Shares:
    return waterfall_math._shares(_loss, _deficit, _liquidated, _payers, _open_interest, _lp_margin, _index)
