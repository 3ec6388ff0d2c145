# pragma version 0.4.3
"""
@title  Mock bad oracle
@license MIT
@notice An oracle adapter that behaves until a test tells it how to misbehave.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

# What `price` does.
flag Mode:
    REVERTS  # revert with a reason
    REVERTS_SILENTLY  # revert without one
    BURNS_GAS  # use up whatever there is
    REENTERS  # call the target first; a price of twice as much if that went through
    RETURNS_NOTHING  # no data at all
    RETURNS_SHORT  # two words instead of three
    RETURNS_LONG  # many words more
    RETURNS_GARBAGE  # a third word that is no boolean
    REVERTS_AT_LENGTH  # revert with 420 bytes
    WANTS_MORE_GAS  # revert with a reason where a market asks, answer where more gas is given


# What it does; 0 behaves.
mode: public(Mode)

# What it says while it behaves.
value: public(uint256)
updated_at: public(uint256)
jumped: public(bool)
outage_end: public(uint256)

# Whom it calls when it re-enters, and with what.
target: public(address)
calldata: Bytes[1024]


@deploy
def __init__(_price: uint256):
    self.value = _price


@external
def set_mode(_mode: Mode):
    """
    @notice What it does from now on; 0 behaves.
    """
    self.mode = _mode


@external
def set_price(_price: uint256, _updated_at: uint256, _jumped: bool, _outage_end: uint256):
    """
    @notice What it says. A time of 0 is now, whenever it is asked.
    """
    self.value = _price
    self.updated_at = _updated_at
    self.jumped = _jumped
    self.outage_end = _outage_end


@external
def set_reentry(_target: address, _calldata: Bytes[1024]):
    """
    @notice What it calls when it is asked for a price.
    """
    self.target = _target
    self.calldata = _calldata
    self.mode = Mode.REENTERS


@external
@view
@raw_return
def price() -> Bytes[4096]:
    """
    @notice As IOracle has it, or as the mode has it.
    """
    mode: Mode = self.mode
    made: uint256 = self.updated_at
    if made == 0:
        made = block.timestamp
    assert mode != Mode.REVERTS, "oracle says no"
    assert mode != Mode.WANTS_MORE_GAS or msg.gas > 500_000, "more gas"
    if mode == Mode.REVERTS_SILENTLY:
        raw_revert(b"")
    if mode == Mode.REVERTS_AT_LENGTH:
        raw_revert(abi_encode(empty(uint256[13]), method_id=0xdeadbeef))
    if mode == Mode.BURNS_GAS:
        raise UNREACHABLE
    if mode == Mode.REENTERS:
        success: bool = raw_call(self.target, self.calldata, is_static_call=True, revert_on_failure=False)
        if success:
            return abi_encode(self.value * 2, made, self.jumped)
    if mode == Mode.RETURNS_NOTHING:
        return b""
    if mode == Mode.RETURNS_SHORT:
        return abi_encode(self.value, made)
    if mode == Mode.RETURNS_LONG:
        return abi_encode(self.value, made, self.jumped, empty(uint256[100]))
    if mode == Mode.RETURNS_GARBAGE:
        return abi_encode(self.value, made, convert(2, uint256))
    return abi_encode(self.value, made, self.jumped)
