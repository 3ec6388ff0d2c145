# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Vault shares
@notice The share of the backstop vault: snekmate's ERC-20, with reasons that fit 32 bytes. Shares that wait to be redeemed are held by
        the vault itself, so nobody else can send it any.
@dev    Snekmate's erc4626 cannot be used as a module: its conversions call its own total assets, the balance of the token, which a module
        cannot override. Its permit is left out: a redemption begins with a request of the holder's own.
"""


# Balances and allowances.
from snekmate.tokens import erc20

from contracts.lib import reasons
from contracts.lib import share_math

uses: erc20

exports: (
    erc20.name,
    erc20.symbol,
    erc20.decimals,
    erc20.totalSupply,
    erc20.balanceOf,
    erc20.allowance,
)


@external
def transfer(_to: address, _amount: uint256) -> bool:
    """
    @notice Moves shares of the caller.
    @dev Reverts "bad receiver", "insufficient shares".
    """
    self._move(msg.sender, _to, _amount)
    return True


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    """
    @notice Moves shares out of the caller's allowance.
    @dev Reverts "insufficient allowance", "bad receiver", "insufficient shares".
    """
    self._spend_allowance(_from, _amount)
    self._move(_from, _to, _amount)
    return True


@external
def approve(_spender: address, _amount: uint256) -> bool:
    """
    @notice Lets a spender move so many shares of the caller, and redeem so many that the caller has queued; max_value(uint256) never
            runs out.
    @dev Reverts "zero spender".
    """
    assert _spender != empty(address), "zero spender"
    erc20._approve(msg.sender, _spender, _amount)
    return True


@internal
@view
def _is_receiver(_account: address) -> bool:
    return _account != empty(address) and _account != self


@internal
@view
def _check_receiver(_account: address):
    if not self._is_receiver(_account):
        reasons._revert(reasons.BAD_RECEIVER)


@internal
@view
def _supply() -> uint256:
    return erc20.totalSupply


@internal
@view
def _balance(_account: address) -> uint256:
    return erc20.balanceOf[_account]


@internal
def _spend_allowance(_owner: address, _amount: uint256):
    """
    @notice Takes an amount off what the caller may move for an owner.
    """
    assert erc20.allowance[_owner][msg.sender] >= _amount, "insufficient allowance"
    erc20._spend_allowance(_owner, msg.sender, _amount)


@internal
def _move(_from: address, _to: address, _amount: uint256):
    self._check_receiver(_to)
    self._check_balance(_from, _amount)
    erc20._transfer(_from, _to, _amount)


@internal
def _escrow(_owner: address, _amount: uint256):
    """
    @notice Shares that are to be redeemed wait with the vault.
    """
    self._check_balance(_owner, _amount)
    erc20._transfer(_owner, self, _amount)


@internal
def _give_back(_owner: address, _amount: uint256):
    erc20._transfer(self, _owner, _amount)


@internal
def _mint(_receiver: address, _amount: uint256):
    assert _amount <= share_math.MAX_SHARES - erc20.totalSupply, "too many shares"
    erc20._mint(_receiver, _amount)


@internal
def _burn(_holder: address, _amount: uint256):
    self._check_balance(_holder, _amount)
    erc20._burn(_holder, _amount)


@internal
@view
def _check_balance(_holder: address, _amount: uint256):
    assert erc20.balanceOf[_holder] >= _amount, "insufficient shares"
