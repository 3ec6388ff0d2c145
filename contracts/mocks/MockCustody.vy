# pragma version 0.4.3
"""
@title  Mock custody
@license MIT
@notice Stands in for the clearinghouse in tests of the treasury: says what is free, in WAD and to any wei, and pays it out in
        token units of whatever it holds.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

# The token it pays in.
collateral: public(immutable(address))

# WAD per smallest unit of it.
SCALE: immutable(uint256)

# WAD by account.
free_collateral: public(HashMap[address, uint256])

# The most token units that one withdrawal pays; 0 for any.
limit: public(uint256)


@deploy
def __init__(_token: address):
    collateral = _token
    SCALE = 10 ** (18 - convert(staticcall IERC20Detailed(_token).decimals(), uint256))


@external
def give(_account: address, _amount: uint256):
    """
    @notice Raises what is free, WAD. The tokens for it come on another way.
    """
    self.free_collateral[_account] += _amount


@external
def set_limit(_limit: uint256):
    """
    @notice See `limit`.
    """
    self.limit = _limit


@external
def withdraw(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice As the clearinghouse's.
    """
    assert _amount > 0, "zero amount"
    assert self.limit == 0 or _amount <= self.limit, "withdrawal limit"
    assert self.free_collateral[msg.sender] >= _amount * SCALE, "insufficient collateral"
    self.free_collateral[msg.sender] -= _amount * SCALE
    assert extcall IERC20(collateral).transfer(_receiver, _amount, default_return_value=True), "transfer failed"
