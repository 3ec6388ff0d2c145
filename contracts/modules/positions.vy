# pragma version 0.4.3
"""
@title  Position records
@notice Stores positions in two words each, under market << 160 | account.

        first    size 128 signed | balance 128 signed
        second   entry notional 120 | flags 8 | entry carry 128 signed
@dev    Sizes and notionals are bounded where they are made (1e27, 1e30); the asserts catch a balance past 2**127.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets

MASK_120: constant(uint256) = 2**120 - 1
MASK_128: constant(uint256) = 2**128 - 1
BALANCE_LIMIT: constant(uint256) = 2**127 - 1
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
    key: uint256 = _market << 160 | convert(_account, uint256)
    first: uint256 = self.records[key][0]
    if first == 0:
        return empty(position_math.Position)
    second: uint256 = self.records[key][1]
    return position_math.Position(
        size=convert(convert(first, bytes32), int256) >> 128,
        balance=convert(convert(first << 128, bytes32), int256) >> 128,
        notional=second >> 136,
        carry=convert(convert(second << 128, bytes32), int256) >> 128,
        flags=second >> 128 & 255,
    )


@internal
@view
def _load_settled(_market: markets.Market, _account: address) -> position_math.Position:
    """
    @notice A position with its carry paid out of its balance.
    """
    position: position_math.Position = self._load(_market.id, _account)
    index: int256 = markets._carry_index(
        _market.long_loss, _market.short_loss, _market.funding, position.size
    )
    position.balance = unsafe_sub(
        position.balance, position_math._carry_charge(position.size, position.carry, index)
    )
    position.carry = index
    if position.size == 0:
        # a position that is opened now is not taken for one before it: its count of top-ups starts elsewhere
        position.flags = block.timestamp << 1 & 254
    return position


@internal
def _replace(
    _market: markets.Market, _account: address, _old_size: int256, _settled: position_math.Position
) -> markets.Market:
    """
    @notice Writes a changed position, settled up to now, and carries the change into the market's totals and holder counts.
    """
    position: position_math.Position = _settled
    position.carry = markets._carry_index(
        _market.long_loss, _market.short_loss, _market.funding, position.size
    )
    self._store(_market.id, _account, position)
    size: int256 = position.size
    market: markets.Market = _market
    market.long_change = unsafe_add(market.long_change, unsafe_sub(max(size, 0), max(_old_size, 0)))
    market.short_change = unsafe_add(market.short_change, unsafe_sub(min(_old_size, 0), min(size, 0)))
    market.holders_long = unsafe_sub(
        unsafe_add(market.holders_long, convert(size > 0, uint256)), convert(_old_size > 0, uint256)
    )
    market.holders_short = unsafe_sub(
        unsafe_add(market.holders_short, convert(size < 0, uint256)), convert(_old_size < 0, uint256)
    )
    return market


@internal
@pure
def _check_opening(_market: markets.Market, _position: position_math.Position):
    """
    @notice The opening rule on a settled position.
    """
    if (
        position_math._opening_excess( _position, _market.mark, market_words._imr_bps(_market.risk), market_words._entry_margin_rule(_market.risk), ) < 0
    ):
        reasons._revert(reasons.BELOW_INITIAL_MARGIN)


@internal
def _store(_market: uint256, _account: address, _position: position_math.Position):
    """
    @notice Writes a position, clearing the record at size 0, and announces it.
    """
    position: position_math.Position = _position
    if position.size == 0:
        position = empty(position_math.Position)
    if position_math._abs(position.balance) > BALANCE_LIMIT or position.notional > MASK_120:
        reasons._revert(reasons.POSITION_TOO_LARGE)
    key: uint256 = _market << 160 | convert(_account, uint256)
    self.records[key][0] = (
        convert(convert(position.size << 128, bytes32), uint256)
        | convert(convert(position.balance, bytes32), uint256) & MASK_128
    )
    self.records[key][1] = (
        (position.notional << 8 | position.flags) << 128
        | convert(convert(position.carry, bytes32), uint256) & MASK_128
    )
    log IClearinghouse.PositionChanged(
        market=_market,
        account=_account,
        size=position.size,
        balance=position.balance,
        entry_notional=position.notional,
        entry_carry=position.carry,
    )
