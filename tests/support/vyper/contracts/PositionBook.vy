# pragma version 0.4.3
"""
@title  Position book
@notice modules/positions, callable, with storage of its own.
"""

from contracts.lib import position_math
from contracts.modules import markets
from contracts.modules import positions

initializes: markets
initializes: positions[markets := markets]


@deploy
def __init__():
    markets.__init__()


@external
def put(_market: uint256, _account: address, _first: uint256, _second: uint256, _dues: uint256):
    positions.records[_market << 160 | convert(_account, uint256)] = [_first, _second]
    markets.dues[_market] = _dues


@external
@view
def words(_market: uint256, _account: address) -> (uint256, uint256, uint256):
    record: uint256[2] = positions.records[_market << 160 | convert(_account, uint256)]
    return record[0], record[1], markets.dues[_market]


@external
@view
def load(_market: uint256, _account: address) -> position_math.Position:
    return positions._load(_market, _account)


@external
def load_at(_market: uint256, _account: address, _long_index: int256, _short_index: int256) -> position_math.Position:
    return positions._load_at(_market, _account, _long_index, _short_index)


@external
def store(_market: uint256, _account: address, _position: position_math.Position):
    positions._store(_market, _account, _position)


@external
def store_flat(_market: uint256, _account: address, _due: uint256):
    positions._store_flat(_market, _account, _due)


@external
def clear(_market: uint256, _account: address):
    positions._clear(_market, _account)
