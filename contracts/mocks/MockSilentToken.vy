# pragma version 0.4.3
"""
@title  Mock silent token
@license MIT
@notice A token whose transfers return nothing, as USDT's, and revert on failure.
@custom:security For tests only: anyone may mint.
@custom:kill Nothing to disable.
"""

# Decimals of one whole token.
decimals: public(constant(uint8)) = 6

# Tokens of each holder.
balanceOf: public(HashMap[address, uint256])

# What a spender may take.
allowance: public(HashMap[address, HashMap[address, uint256]])


@external
def mint(_to: address, _amount: uint256):
    """
    @notice Creates tokens.
    """
    self.balanceOf[_to] += _amount


@external
def approve(_spender: address, _amount: uint256):
    """
    @notice As USDT's: an allowance is taken back before it is replaced.
    """
    assert _amount == 0 or self.allowance[msg.sender][_spender] == 0, "take back the allowance"
    self.allowance[msg.sender][_spender] = _amount


@external
def transfer(_to: address, _amount: uint256):
    """
    @notice As USDT's.
    """
    self._move(msg.sender, _to, _amount)


@external
def transferFrom(_from: address, _to: address, _amount: uint256):
    """
    @notice As USDT's.
    """
    assert self.allowance[_from][msg.sender] >= _amount, "insufficient allowance"
    self.allowance[_from][msg.sender] -= _amount
    self._move(_from, _to, _amount)


@internal
def _move(_from: address, _to: address, _amount: uint256):
    assert self.balanceOf[_from] >= _amount, "insufficient balance"
    self.balanceOf[_from] -= _amount
    self.balanceOf[_to] += _amount
