# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Accounts
@notice Custody of the collateral token and the free collateral of every account: what is not committed to a position.
@dev    Tokens are counted by what arrives, never by balanceOf: a donation to the contract changes nothing.
"""

from interfaces import IClearinghouse

from contracts.lib import reasons

# Free collateral in the low 128 bits. Above it, 112 bits: for how many accounts this account is an operator, so that a
# liquidator who is nobody's operator costs no lookup. The top 16 bits are kept for the bitmap of cross positions.
OPERATOR_UNIT: constant(uint256) = 2**128
FREE_MASK: constant(uint256) = 2**128 - 1
OPERATOR_MASK: constant(uint256) = 2**112 - 1
# What one deposit may bring; pots hold 2**104 wei, so ten of these.
MAX_AMOUNT: constant(uint256) = 10**30

# The one token.
TOKEN: immutable(address)
# WAD per smallest unit of the token.
SCALE: immutable(uint256)

# What an account holds, packed as above.
accounts: HashMap[address, uint256]
# Who may act for an account: account -> operator.
operators: HashMap[address, HashMap[address, bool]]


@deploy
def __init__(_token: address):
    TOKEN = _token
    answer: (bool, Bytes[32]) = raw_call(
        _token, method_id("decimals()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    if not answer[0] or len(answer[1]) != 32:
        reasons._revert(reasons.DECIMALS_UNKNOWN)
    decimals: uint256 = convert(answer[1], uint256)
    if decimals > 18:
        reasons._revert(reasons.TOO_MANY_DECIMALS)
    SCALE = 10 ** (18 - decimals)


@external
def deposit(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice Moves tokens of the caller into the free collateral of `_receiver`.
    @param _amount token units, above 0
    @dev Reverts "zero amount", "bad receiver", "amount too large", "balance unknown", "transfer failed" and, for a token
         that takes a fee, "fee on transfer".
    """
    self._check_transfer(_amount, _receiver)
    if _amount > MAX_AMOUNT // SCALE:
        reasons._revert(reasons.AMOUNT_TOO_LARGE)
    amount: uint256 = unsafe_mul(_amount, SCALE)
    log IClearinghouse.Deposit(
        account=_receiver, sender=msg.sender, amount=amount, free_collateral=self._give(_receiver, amount)
    )
    before: uint256 = self._held()
    self._move(
        abi_encode(msg.sender, self, _amount, method_id=method_id("transferFrom(address,address,uint256)"))
    )
    if self._held() != unsafe_add(before, _amount):
        reasons._revert(reasons.FEE_ON_TRANSFER)


@external
def withdraw(_amount: uint256, _receiver: address = msg.sender, _account: address = msg.sender):
    """
    @notice Pays free collateral of `_account` (the caller's, or one it operates) to `_receiver`.
    @param _amount token units, above 0
    @dev Reverts "zero amount", "bad receiver", "not operator", "insufficient collateral", "transfer failed".
    """
    self._check_transfer(_amount, _receiver)
    self._check_operator(_account)
    # No account holds more than the mask.
    amount: uint256 = unsafe_mul(min(_amount, FREE_MASK), SCALE)
    log IClearinghouse.Withdraw(
        account=_account, receiver=_receiver, amount=amount, free_collateral=self._take(_account, amount)
    )
    self._move(abi_encode(_receiver, _amount, method_id=method_id("transfer(address,uint256)")))


@external
def set_operator(_operator: address, _approved: bool):
    """
    @notice Lets `_operator` trade, move margin and withdraw for the caller. It counts as the caller when it liquidates.
    """
    if self.operators[msg.sender][_operator] == _approved:
        reasons._revert(reasons.OPERATOR_UNCHANGED)
    self.operators[msg.sender][_operator] = _approved
    # The count follows the flags, so it neither overflows nor falls below zero.
    if _approved:
        self.accounts[_operator] = unsafe_add(self.accounts[_operator], OPERATOR_UNIT)
    else:
        self.accounts[_operator] = unsafe_sub(self.accounts[_operator], OPERATOR_UNIT)
    log IClearinghouse.OperatorSet(account=msg.sender, operator=_operator, approved=_approved)


@external
@view
def free_collateral(_account: address) -> uint256:
    """
    @notice WAD.
    """
    return self._free(_account)


@external
@view
def is_operator(_account: address, _operator: address) -> bool:
    return self.operators[_account][_operator]


@external
@view
def collateral() -> address:
    """
    @notice The token everything is counted in.
    """
    return TOKEN


@internal
@pure
def _check_transfer(_amount: uint256, _receiver: address):
    if _amount == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    if _receiver == empty(address):
        reasons._revert(reasons.BAD_RECEIVER)


@internal
@view
def _held() -> uint256:
    """
    @notice Tokens here, in token units. Reverts with the token's own words if it has any.
    """
    answer: (bool, Bytes[32]) = raw_call(
        TOKEN,
        abi_encode(self, method_id=method_id("balanceOf(address)")),
        max_outsize=32,
        is_static_call=True,
        revert_on_failure=False
    )
    if answer[0]:
        if len(answer[1]) == 32:
            return convert(answer[1], uint256)
    elif len(answer[1]) != 0:
        # asked again it says all it has to say, at any length
        raw_call(TOKEN, abi_encode(self, method_id=method_id("balanceOf(address)")), is_static_call=True)
    reasons._revert(reasons.BALANCE_UNKNOWN)
    return 0


@internal
def _move(_call: Bytes[100]):
    """
    @notice Has the token move tokens. Reverts with the token's own words if it has any.
    @dev A token may return nothing; it must be there then.
    """
    answer: (bool, Bytes[32]) = raw_call(TOKEN, _call, max_outsize=32, revert_on_failure=False)
    if answer[0]:
        if len(answer[1]) == 32 and convert(answer[1], uint256) == 1:
            return
        if len(answer[1]) == 0 and TOKEN.is_contract:
            return
    elif len(answer[1]) != 0:
        raw_call(TOKEN, _call)
    reasons._revert(reasons.TRANSFER_FAILED)


@internal
@view
def _check_operator(_account: address):
    """
    @notice The caller is the account or may act for it.
    """
    if msg.sender != _account:
        if not self.operators[_account][msg.sender]:
            reasons._revert(reasons.NOT_OPERATOR)


@internal
@view
def _free(_account: address) -> uint256:
    return self.accounts[_account] & FREE_MASK


@internal
@view
def _same_person(_liquidator: address, _target: address) -> bool:
    """
    @notice Whether the liquidator is the target or an operator of it.
    """
    if _liquidator == _target:
        return True
    if self.accounts[_liquidator] >> 128 & OPERATOR_MASK == 0:
        return False
    return self.operators[_target][_liquidator]


@internal
def _take(_account: address, _amount: uint256) -> uint256:
    """
    @notice Lowers free collateral; returns what is left.
    """
    word: uint256 = self.accounts[_account]
    free: uint256 = word & FREE_MASK
    if free < _amount:
        reasons._revert(reasons.INSUFFICIENT_COLLATERAL)
    self.accounts[_account] = unsafe_sub(word, _amount)
    return unsafe_sub(free, _amount)


@internal
def _give(_account: address, _amount: uint256) -> uint256:
    """
    @notice Raises free collateral; returns what it is now. All pots and deposits of a token fit 128 bits: no carry.
    """
    word: uint256 = unsafe_add(self.accounts[_account], _amount)
    self.accounts[_account] = word
    return word & FREE_MASK
