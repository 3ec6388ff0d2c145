# pragma version 0.4.3
"""
@title  Mock bad token
@license MIT
@notice A token that behaves until a test tells it how to misbehave. For more than 18 decimals take MockToken; for a token
        that returns nothing MockSilentToken.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

# What `transfer` and `transferFrom` do.
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


# Decimals of one whole token.
decimals: public(immutable(uint8))

# What it does; 0 behaves.
mode: public(Mode)

# All tokens there are.
totalSupply: public(uint256)

# Tokens of each holder.
balanceOf: public(HashMap[address, uint256])

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
    self.balanceOf[_to] += _amount


@external
def approve(_spender: address, _amount: uint256) -> bool:
    """
    @notice As ERC-20 has it.
    """
    self.allowance[msg.sender][_spender] = _amount
    return True


@external
def transfer(_to: address, _amount: uint256) -> bool:
    """
    @notice As ERC-20 has it, or as the mode has it.
    """
    return self._move(msg.sender, _to, _amount)


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    """
    @notice As ERC-20 has it, or as the mode has it.
    """
    assert self.allowance[_from][msg.sender] >= _amount, "insufficient allowance"
    self.allowance[_from][msg.sender] -= _amount
    return self._move(_from, _to, _amount)


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
    self.balanceOf[_from] -= _amount
    self.balanceOf[_to] += received
    return mode != Mode.MOVES_AND_RETURNS_FALSE
