# pragma version 0.4.3
"""
@title  Position records
@notice Stores positions in two words each, under market << 160 | account.

        first    size 128 signed | balance 128 signed
        second   entry notional 120 | flags 8 | entry carry 128 signed
@dev    Sizes and notionals are bounded where they are made (1e27, 1e30); the asserts catch a balance past 2**127.
"""

from interfaces import IClearinghouse

from contracts.lib import packing
from contracts.lib import position_math

MASK_120: constant(uint256) = 2**120 - 1
MASK_128: constant(uint256) = 2**128 - 1
BALANCE_LIMIT: constant(int256) = 2**127 - 1
# Flags: the margin mode, and a count of top-ups in the seven bits above.
FLAG_CROSS: constant(uint256) = 1
TOPUP_UNIT: constant(uint256) = 2

# The records.
records: HashMap[uint256, uint256[2]]


@internal
@pure
def _key(_market: uint256, _account: address) -> uint256:
    return _market << 160 | convert(_account, uint256)


@internal
@view
def _load(_market: uint256, _account: address) -> position_math.Position:
    key: uint256 = self._key(_market, _account)
    first: uint256 = self.records[key][0]
    if first == 0:
        return empty(position_math.Position)
    second: uint256 = self.records[key][1]
    return position_math.Position(
        size=packing._signed_at(first, 128, 128),
        balance=packing._signed_at(first, 0, 128),
        notional=second >> 136,
        carry=packing._signed_at(second, 0, 128),
        flags=second >> 128 & 255,
    )


@internal
def _store(_market: uint256, _account: address, _position: position_math.Position):
    """
    @notice Writes a position, clearing the record at size 0, and announces it.
    """
    key: uint256 = self._key(_market, _account)
    if _position.size == 0:
        self.records[key][0] = 0
        self.records[key][1] = 0
        log IClearinghouse.PositionChanged(
            market=_market, account=_account, size=0, balance=0, entry_notional=0, entry_carry=0
        )
        return
    assert abs(_position.balance) <= BALANCE_LIMIT and _position.notional <= MASK_120, "position too large"
    self.records[key][0] = packing._bits(_position.size) << 128 | packing._field(_position.balance, 0, MASK_128)
    self.records[key][1] = (
        _position.notional << 136 | _position.flags << 128 | packing._field(_position.carry, 0, MASK_128)
    )
    log IClearinghouse.PositionChanged(
        market=_market,
        account=_account,
        size=_position.size,
        balance=_position.balance,
        entry_notional=_position.notional,
        entry_carry=_position.carry,
    )
