# pragma version 0.4.3
"""
@title  Blocking token
@notice A plain token whose issuer blocks accounts: nothing moves from or to them. It refuses to move nothing, too.
"""

decimals: public(immutable(uint8))
issuer: immutable(address)

totalSupply: public(uint256)
balanceOf: public(HashMap[address, uint256])
allowance: public(HashMap[address, HashMap[address, uint256]])
blocked: public(HashMap[address, bool])


@deploy
def __init__(_decimals: uint8):
    decimals = _decimals
    issuer = msg.sender


@external
def set_blocked(_account: address, _blocked: bool):
    assert msg.sender == issuer, "not issuer"
    self.blocked[_account] = _blocked


@external
def mint(_to: address, _amount: uint256):
    self.totalSupply += _amount
    self.balanceOf[_to] += _amount


@external
def approve(_spender: address, _amount: uint256) -> bool:
    self.allowance[msg.sender][_spender] = _amount
    return True


@external
def transfer(_to: address, _amount: uint256) -> bool:
    self._move(msg.sender, _to, _amount)
    return True


@external
def transferFrom(_from: address, _to: address, _amount: uint256) -> bool:
    self.allowance[_from][msg.sender] -= _amount
    self._move(_from, _to, _amount)
    return True


@internal
def _move(_from: address, _to: address, _amount: uint256):
    assert _amount != 0, "nothing to move"
    assert not (self.blocked[_from] or self.blocked[_to]), "account is blocked"
    self.balanceOf[_from] -= _amount
    self.balanceOf[_to] += _amount
