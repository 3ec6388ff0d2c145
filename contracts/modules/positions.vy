# pragma version 0.4.3
"""
@title  Position records
@notice Stores positions in two words each, under market << 160 | account.

        first    size 128 signed | balance 128 signed
        second   entry notional 120 | flags 8 | entry carry 128 signed

        A position that auto-deleveraging closed leaves a record of size 0 with what it is due as balance (its second word means
        nothing then): the next `settle` pays it out, the next trade takes it in.
@dev    Sizes and notionals are bounded where they are made (1e27, 1e30); the asserts catch a balance past 2**127.
"""

from interfaces import IClearinghouse

from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets

uses: markets

RAY: constant(int256) = 10**27
MASK_120: constant(uint256) = 2**120 - 1
MASK_128: constant(uint256) = 2**128 - 1
BALANCE_LIMIT: constant(uint256) = 2**127 - 1
# Flags: the margin mode, and a count of top-ups in the seven bits above.
FLAG_CROSS: constant(uint256) = 1
TOPUP_UNIT: constant(uint256) = 2

# The records.
records: HashMap[uint256, uint256[2]]

# Under the same keys, where a market keeps the previous mark: when a deficit of a removed range, or of what deleveraging left, was last
# absorbed at mark. The position is made good, and must not gain once more at an earlier mark.
made_good: HashMap[uint256, uint256]


@internal
@pure
def _key(_market: uint256, _account: address) -> uint256:
    return _market << 160 | convert(_account, uint256)


@internal
@view
def _load(_market: uint256, _account: address) -> position_math.Position:
    # both words by one hash, here and below: who is flat is about to be written, or is asked for by nobody
    record: uint256[2] = self.records[_market << 160 | convert(_account, uint256)]
    size: int256 = convert(convert(record[0], bytes32), int256) >> 128
    balance: int256 = convert(convert(record[0] << 128, bytes32), int256) >> 128
    if size == 0:
        return position_math.Position(size=0, balance=balance, notional=0, carry=0, flags=0)
    return position_math.Position(
        size=size,
        balance=balance,
        notional=record[1] >> 136,
        carry=convert(convert(record[1] << 128, bytes32), int256) >> 128,
        flags=record[1] >> 128 & 255,
    )


@internal
def _load_settled(_market: markets.Market, _account: address) -> position_math.Position:
    """
    @notice A position with its carry paid out of its balance, about to be written anew. What is due on a record of size 0 is no longer
            counted: it becomes part of what is written.
    """
    return self._load_at(
        _market.id,
        _account,
        unsafe_add(convert(unsafe_add(_market.long_loss, _market.borrow), int256), _market.funding),
        unsafe_sub(convert(unsafe_add(_market.short_loss, _market.borrow), int256), _market.funding),
    )


@internal
def _load_at(_market: uint256, _account: address, _long_index: int256, _short_index: int256) -> position_math.Position:
    """
    @notice The same, by the carry indices of longs and shorts.
    """
    record: uint256[2] = self.records[_market << 160 | convert(_account, uint256)]
    size: int256 = convert(convert(record[0], bytes32), int256) >> 128
    balance: int256 = convert(convert(record[0] << 128, bytes32), int256) >> 128
    if size == 0:
        if balance != 0:
            markets.dues[_market] = unsafe_sub(markets.dues[_market], position_math._abs(balance))
        # a position that is opened now is not taken for one before it: its count of top-ups starts elsewhere
        return position_math.Position(
            size=0, balance=balance, notional=0, carry=_long_index, flags=block.timestamp << 1 & 254
        )
    entry: int256 = convert(convert(record[1] << 128, bytes32), int256) >> 128
    # position_math._carry_charge, written out: this runs on every call, in a takeover twice
    index: int256 = _long_index
    charge: int256 = unsafe_mul(size, unsafe_sub(index, entry))
    if not (size >= 0):
        index = _short_index
        charge = unsafe_mul(size, unsafe_sub(entry, index))
    if charge > 0:
        charge = unsafe_add(charge, RAY - 1)
    return position_math.Position(
        size=size,
        balance=unsafe_sub(balance, unsafe_div(charge, RAY)),
        notional=record[1] >> 136,
        carry=index,
        flags=record[1] >> 128 & 255,
    )


@internal
@pure
def _settled(_market: markets.Market, _position: position_math.Position) -> position_math.Position:
    """
    @notice The same of a position already loaded.
    """
    return position_math._settled(
        _position,
        markets._carry_index(
            _market.long_loss, _market.short_loss, _market.funding, _market.borrow, _position.size
        ),
    )


@internal
def _replace(
    _market: markets.Market, _account: address, _old_size: int256, _settled_position: position_math.Position
) -> markets.Market:
    """
    @notice Writes a changed position, settled up to now, and carries the change into the market's totals and holder counts.
    """
    self._write(_market, _account, _settled_position)
    return self._changed(_market, _old_size, _settled_position.size)


@internal
def _clear(_market: uint256, _account: address):
    """
    @notice Deletes a record. The caller's event says so.
    """
    self.records[_market << 160 | convert(_account, uint256)] = empty(uint256[2])


@internal
def _write(_market: markets.Market, _account: address, _settled_position: position_math.Position):
    """
    @notice Writes a position that is settled up to now, on whichever side it stands, and announces it.
    """
    self._announce(_market.id, _account, self._put_settled(_market, _account, _settled_position))


@internal
def _put_settled(
    _market: markets.Market, _account: address, _settled_position: position_math.Position
) -> position_math.Position:
    """
    @notice The same, announced by the caller.
    @return what was written
    """
    if _settled_position.size == 0:
        _settled_position = empty(position_math.Position)
    else:
        _settled_position.carry = markets._carry_index(
            _market.long_loss, _market.short_loss, _market.funding, _market.borrow, _settled_position.size
        )
    self._put(_market.id, _account, _settled_position)
    return _settled_position


@internal
@pure
def _changed(_market: markets.Market, _old_size: int256, _size: int256) -> markets.Market:
    """
    @notice The market with a position's change of size in its totals and holder counts.
    """
    _market.long_change = unsafe_add(_market.long_change, unsafe_sub(max(_size, 0), max(_old_size, 0)))
    _market.short_change = unsafe_add(_market.short_change, unsafe_sub(min(_old_size, 0), min(_size, 0)))
    _market.holders_long = unsafe_sub(
        unsafe_add(_market.holders_long, convert(_size > 0, uint256)), convert(_old_size > 0, uint256)
    )
    _market.holders_short = unsafe_sub(
        unsafe_add(_market.holders_short, convert(_size < 0, uint256)), convert(_old_size < 0, uint256)
    )
    return _market


@internal
@pure
def _check_opening(_market: markets.Market, _position: position_math.Position):
    """
    @notice The opening rule on a settled position.
    """
    if not (position_math._opening_excess(_position, _market.mark, _market.risk, _market.extras) >= 0):
        reasons._revert(reasons.BELOW_INITIAL_MARGIN)


@internal
def _store_flat(_market: uint256, _account: address, _due: uint256):
    """
    @notice Writes a record of size 0 with what the account is due, below 2**104; without anything it is cleared.
    """
    self.records[_market << 160 | convert(_account, uint256)][0] = _due
    if _due != 0:
        markets.dues[_market] = unsafe_add(markets.dues[_market], _due)
    log IClearinghouse.PositionChanged(
        market=_market,
        account=_account,
        size=0,
        balance=convert(_due, int256),
        entry_notional=0,
        entry_carry=0,
    )


@internal
def _put(_market: uint256, _account: address, _position: position_math.Position):
    """
    @notice Writes a position; its event is the caller's.
    """
    if position_math._abs(_position.balance) > BALANCE_LIMIT or _position.notional > MASK_120:
        reasons._revert(reasons.POSITION_TOO_LARGE)
    self.records[_market << 160 | convert(_account, uint256)] = [
        convert(convert(_position.size << 128, bytes32), uint256)
        | convert(convert(_position.balance, bytes32), uint256) & MASK_128,
        (_position.notional << 8 | _position.flags) << 128
        | convert(convert(_position.carry, bytes32), uint256) & MASK_128,
    ]


@internal
def _store(_market: uint256, _account: address, _position: position_math.Position):
    """
    @notice Writes a position, clearing the record at size 0, and announces it.
    """
    if _position.size == 0:
        _position = empty(position_math.Position)
    self._put(_market, _account, _position)
    self._announce(_market, _account, _position)


@internal
def _announce(_market: uint256, _account: address, _position: position_math.Position):
    log IClearinghouse.PositionChanged(
        market=_market,
        account=_account,
        size=_position.size,
        balance=_position.balance,
        entry_notional=_position.notional,
        entry_carry=_position.carry,
    )
