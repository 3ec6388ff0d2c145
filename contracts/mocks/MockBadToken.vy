# pragma version 0.4.3
"""
@title  Mock bad token
@license MIT
@notice A token that behaves until a test tells it how to misbehave. For more than 18 decimals take MockToken; for a token
        that returns nothing MockSilentToken.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

# What `transfer` and `transferFrom` do, and `balanceOf` in the last modes.
flag Mode:
    RETURNS_FALSE  # move nothing and return false
    LIES  # move nothing and return true
    REVERTS  # revert with a reason
    REVERTS_SILENTLY  # revert without one
    TAKES_FEE  # the receiver gets a hundredth less
    GIVES_MORE  # the receiver gets a hundredth more
    REENTERS  # call the target before moving anything
    BURNS_GAS  # use up whatever there is
    MOVES_AND_RETURNS_FALSE  # move and return false all the same
    RETURNS_SHORT  # move and return 31 bytes that end in a one
    RETURNS_GARBAGE  # move and return a word that is no boolean
    REVERTS_AT_LENGTH  # revert with 420 bytes
    BALANCE_REVERTS  # revert with a reason when asked for a balance
    BALANCE_REVERTS_SILENTLY  # revert without one
    BALANCE_SHORT  # say a balance in 31 bytes
    BALANCE_BREAKS  # move, and know no balance afterwards


# Decimals of one whole token.
decimals: public(immutable(uint8))

# What it does; 0 behaves.
mode: public(Mode)

# All tokens there are.
totalSupply: public(uint256)

# Tokens of each holder.
balances: HashMap[address, uint256]

# What a spender may take.
allowance: public(HashMap[address, HashMap[address, uint256]])

# Whom it calls when it re-enters, and with what.
target: public(address)
calldata: Bytes[1024]

# How often it re-entered, and how often that went through.
reentries: public(uint256)
successes: public(uint256)

# What the last refused re-entry said.
refusal: public(Bytes[128])


@deploy
def __init__(_decimals: uint8):
    decimals = _decimals


@external
def set_mode(_mode: Mode):
    """
    @notice What it does from now on; 0 behaves.
    """
    self.mode = _mode


@external
def set_reentry(_target: address, _calldata: Bytes[1024]):
    """
    @notice What it calls, as itself, in the middle of a transfer.
    """
    self.target = _target
    self.calldata = _calldata
    self.mode = Mode.REENTERS


@external
def mint(_to: address, _amount: uint256):
    """
    @notice Creates tokens.
    """
    self.totalSupply += _amount
    self.balances[_to] += _amount


@external
def approve(_spender: address, _amount: uint256) -> bool:
    """
    @notice As ERC-20 has it.
    """
    self.allowance[msg.sender][_spender] = _amount
    return True


@external
@raw_return
def transfer(_to: address, _amount: uint256) -> Bytes[32]:
    """
    @notice As ERC-20 has it, or as the mode has it.
    """
    return self._answer(self._move(msg.sender, _to, _amount))


@external
@raw_return
def transferFrom(_from: address, _to: address, _amount: uint256) -> Bytes[32]:
    """
    @notice As ERC-20 has it, or as the mode has it.
    """
    assert self.allowance[_from][msg.sender] >= _amount, "insufficient allowance"
    self.allowance[_from][msg.sender] -= _amount
    return self._answer(self._move(_from, _to, _amount))


@external
@view
@raw_return
def balanceOf(_account: address) -> Bytes[32]:
    """
    @notice As ERC-20 has it, or as the mode has it.
    """
    mode: Mode = self.mode
    assert mode != Mode.BALANCE_REVERTS, "token knows no balance"
    if mode == Mode.BALANCE_REVERTS_SILENTLY:
        raw_revert(b"")
    said: Bytes[32] = abi_encode(self.balances[_account])
    if mode == Mode.BALANCE_SHORT:
        return slice(said, 0, 31)
    return said


@internal
@view
def _answer(_success: bool) -> Bytes[32]:
    if self.mode == Mode.RETURNS_SHORT:
        return slice(abi_encode(convert(256, uint256)), 0, 31)
    if self.mode == Mode.RETURNS_GARBAGE:
        return abi_encode(convert(2, uint256))
    return abi_encode(_success)


@internal
def _move(_from: address, _to: address, _amount: uint256) -> bool:
    mode: Mode = self.mode
    if mode == Mode.RETURNS_FALSE:
        return False
    if mode == Mode.LIES:
        return True
    assert mode != Mode.REVERTS, "token says no"
    if mode == Mode.REVERTS_SILENTLY:
        raw_revert(b"")
    if mode == Mode.REVERTS_AT_LENGTH:
        raw_revert(abi_encode(empty(uint256[13]), method_id=0xdeadbeef))
    if mode == Mode.BALANCE_BREAKS:
        self.mode = Mode.BALANCE_REVERTS_SILENTLY
    if mode == Mode.BURNS_GAS:
        raise UNREACHABLE
    if mode == Mode.REENTERS:
        success: bool = False
        response: Bytes[128] = b""
        success, response = raw_call(self.target, self.calldata, max_outsize=128, revert_on_failure=False)
        self.reentries += 1
        if success:
            self.successes += 1
        else:
            self.refusal = response
    received: uint256 = _amount
    if mode == Mode.TAKES_FEE:
        received -= _amount // 100
    if mode == Mode.GIVES_MORE:
        received += _amount // 100
    self.totalSupply = self.totalSupply - _amount + received
    self.balances[_from] -= _amount
    self.balances[_to] += received
    return mode != Mode.MOVES_AND_RETURNS_FALSE
