# pragma version 0.4.3
# pragma optimize gas
"""
@title MockToken
@license MIT
@notice A plain ERC-20 with a free choice of decimals that anyone may mint, as collateral on test networks.
        Returns true on success and reverts otherwise; takes no fee and calls nobody back.
@custom:security For tests and local demos only: `mint` has no access control.
@custom:kill Nothing to disable.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

implements: IERC20
implements: IERC20Detailed


# @dev Number of decimals of one whole token, for display and for the conversion to WAD.
decimals: public(immutable(uint8))

# @dev Full name of the token.
name: public(String[32])

# @dev Ticker of the token.
symbol: public(String[12])

# @dev All tokens there are.
totalSupply: public(uint256)

# @dev Tokens of each holder.
balanceOf: public(HashMap[address, uint256])

# @dev What a spender may still take from an owner: owner -> spender -> amount. `max_value(uint256)` never runs out.
allowance: public(HashMap[address, HashMap[address, uint256]])


@deploy
def __init__(_name: String[32], _symbol: String[12], _decimals: uint8):
    """
    @notice Creates a token without supply.
    @param _name Full name.
    @param _symbol Ticker.
    @param _decimals Decimals, 0 to 255.
    """
    self.name = _name
    self.symbol = _symbol
    decimals = _decimals


@external
def mint(_to: address, _amount: uint256):
    """
    @notice Creates `_amount` tokens for `_to`. Open to everyone.
    @param _to Who receives them, not the zero address.
    @param _amount How many, in token units.
    """
    assert _to != empty(address), "mint to zero"
    self.totalSupply += _amount
    self.balanceOf[_to] += _amount
    log IERC20.Transfer(sender=empty(address), receiver=_to, value=_amount)


@external
def transfer(_to: address, _amount: uint256) -> bool:
    """
    @notice Moves `_amount` tokens from the caller to `_to`. Reverts if the caller has less.
    @param _to Who receives them, not the zero address.
    @param _amount How many, in token units.
    @return bool Always true.
    """
    self._transfer(msg.sender, _to, _amount)
    return True


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    """
    @notice Moves `_amount` tokens from `_from` to `_to` out of the caller's allowance.
    @param _from Whose tokens they are.
    @param _to Who receives them, not the zero address.
    @param _amount How many, in token units.
    @return bool Always true.
    """
    allowed: uint256 = self.allowance[_from][msg.sender]
    if allowed != max_value(uint256):
        assert allowed >= _amount, "insufficient allowance"
        # Safe: `allowed >= _amount` one line above.
        self.allowance[_from][msg.sender] = unsafe_sub(allowed, _amount)
    self._transfer(_from, _to, _amount)
    return True


@external
def approve(_spender: address, _amount: uint256) -> bool:
    """
    @notice Lets `_spender` take up to `_amount` tokens of the caller, in place of any earlier allowance.
    @param _spender Who may take them.
    @param _amount How many, in token units; `max_value(uint256)` for no limit.
    @return bool Always true.
    """
    self.allowance[msg.sender][_spender] = _amount
    log IERC20.Approval(owner=msg.sender, spender=_spender, value=_amount)
    return True


@internal
def _transfer(_from: address, _to: address, _amount: uint256):
    """
    @dev Moves tokens; the only place besides `mint` that changes a balance.
    """
    assert _to != empty(address), "transfer to zero"
    held: uint256 = self.balanceOf[_from]
    assert held >= _amount, "insufficient balance"
    # Safe: `held >= _amount` one line above; a balance never exceeds `totalSupply`, which `mint` adds up with checks.
    self.balanceOf[_from] = unsafe_sub(held, _amount)
    self.balanceOf[_to] = unsafe_add(self.balanceOf[_to], _amount)
    log IERC20.Transfer(sender=_from, receiver=_to, value=_amount)
