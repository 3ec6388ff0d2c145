# pragma version 0.4.3
"""
@title  Range book
@notice modules/ticks and modules/ranges, callable, with storage of their own and nothing around them.
"""

from interfaces import IClearinghouse

from contracts.modules import ranges
from contracts.modules import ticks

initializes: ticks
initializes: ranges[ticks := ticks]


# ---- ticks


@external
@view
def index(_tick: int256) -> uint256:
    return ticks._index(_tick)


@external
@view
def same_cell(_a: int256, _b: int256) -> bool:
    return ticks._same_cell(_a, _b)


@external
@view
def first_edge(_after: int256, _until: int256) -> (bool, int256):
    return ticks._first_edge(_after, _until)


@external
@view
def last_edge(_from: int256, _above: int256) -> (bool, int256):
    return ticks._last_edge(_from, _above)


@external
@view
def tick(_tick: int256) -> ticks.Tick:
    return ticks.ticks[_tick]


@external
@view
def minus(_a: ticks.Growth, _b: ticks.Growth) -> ticks.Growth:
    return ticks._minus(_a, _b)


@external
def add_edge(_tick: int256, _liquidity: uint256, _upper: bool, _current: int256, _total: ticks.Growth):
    ticks._add_edge(_tick, _liquidity, _upper, _current, _total)


@external
def drop_edge(_tick: int256, _liquidity: uint256, _upper: bool):
    ticks._drop_edge(_tick, _liquidity, _upper)


# ---- ranges


@external
@view
def load(_provider: address, _lower: int256, _upper: int256) -> ranges.Holding:
    return ranges._load(_provider, _lower, _upper)


@external
def save(_provider: address, _held: ranges.Holding):
    ranges._save(_provider, _held)


@external
@view
def accrued(
    _held: ranges.Holding, _tick: int256, _total: ticks.Growth, _factor: uint256, _epoch: uint256
) -> ranges.Accrued:
    return ranges._accrued(_held, _tick, _total, _factor, _epoch)


@external
@view
def drawn(
    _lower: int256, _upper: int256, _margin: uint256, _sqrt_price: uint256, _context: IClearinghouse.VenueContext
) -> ranges.Holding:
    return ranges._drawn(_lower, _upper, _margin, _sqrt_price, _context)


@external
@view
def margins(_position: IClearinghouse.RemovedRange, _mark: uint256, _mmr_bps: uint256) -> (int256, uint256):
    return ranges._margins(_position, _mark, _mmr_bps)


@external
@view
def position_at(
    _held: ranges.Holding, _accrued: ranges.Accrued, _sqrt_price: uint256
) -> IClearinghouse.RemovedRange:
    return ranges._position_at(_held, _accrued, _sqrt_price)
