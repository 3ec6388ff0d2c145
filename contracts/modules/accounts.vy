# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Accounts
@notice Free collateral of every account: what is not committed to a position; who may act for whom; and in which markets an account
        backs its positions by all of its free collateral (cross margin).
"""

from interfaces import IClearinghouse

from contracts.lib import reasons

# Of a word, from the lowest bit: free collateral 128 | for how many accounts this account is an operator 96, so that a liquidator who is
# nobody's operator costs no lookup | margin mode by market 16, 1 is cross | cross positions by market 16. A market of the first
# 16 has its bit in either; a leg's bit may stay for a while after the position is gone.
OPERATOR_UNIT: constant(uint256) = 2**128
FREE_MASK: constant(uint256) = 2**128 - 1
OPERATOR_MASK: constant(uint256) = 2**96 - 1
MODES_AT: constant(uint256) = 224
LEGS_AT: constant(uint256) = 240
MAX_LEGS: constant(uint256) = 16

# What an account holds, packed as above.
accounts: HashMap[address, uint256]
# Who may act for an account: account -> operator.
operators: HashMap[address, HashMap[address, bool]]
# What may leave the clearinghouse in a period, and what did lately, see lib/outflow_limit; 0 is no limit.
outflow: uint256


@external
def set_operator(_operator: address, _approved: bool):
    """
    @notice Lets `_operator` trade, move margin and withdraw for the caller. It counts as the caller when it liquidates.
    @dev Reverts "operator unchanged".
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
    """
    @notice Whether an account lets another trade, adjust, withdraw and remove ranges for it.
    """
    return self.operators[_account][_operator]


@external
@view
def cross_markets(_account: address) -> (uint256, uint256):
    """
    @notice Bitmaps by market: where new positions of the account are cross, and where it may have one that is.
    """
    word: uint256 = self.accounts[_account]
    return word >> MODES_AT & 65_535, word >> LEGS_AT


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
def _take(_account: address, _amount: uint256) -> uint256:
    """
    @notice Lowers free collateral; returns the word that is left.
    """
    word: uint256 = self.accounts[_account]
    if word & FREE_MASK < _amount:
        reasons._revert(reasons.INSUFFICIENT_COLLATERAL)
    word = unsafe_sub(word, _amount)
    self.accounts[_account] = word
    return word


@internal
def _give(_account: address, _amount: uint256) -> uint256:
    """
    @notice Raises free collateral; returns what it is now. All pots and deposits of a token fit 128 bits: no carry.
    """
    word: uint256 = unsafe_add(self.accounts[_account], _amount)
    self.accounts[_account] = word
    return word & FREE_MASK


# ---- cross margin


@internal
@view
def _is_cross(_account: address, _market: uint256) -> bool:
    """
    @notice Whether a position that the account opens in a market is cross.
    """
    return _market < MAX_LEGS and self.accounts[_account] >> unsafe_add(MODES_AT, _market) & 1 != 0


@internal
@view
def _legs(_account: address) -> uint256:
    """
    @notice Bitmap of the markets where the account may have a cross position.
    """
    return self.accounts[_account] >> LEGS_AT


@internal
def _set_leg(_account: address, _market: uint256, _open: bool):
    """
    @notice Notes whether the account has a cross position in a market, or a claim instead. Beyond the first 16 there is no bit to clear.
    """
    word: uint256 = self.accounts[_account]
    bit: uint256 = 1 << unsafe_add(LEGS_AT, _market)
    if (word & bit != 0) != _open:
        self.accounts[_account] = word ^ bit


@internal
def _flip_mode(_account: address, _market: uint256):
    self.accounts[_account] ^= 1 << unsafe_add(MODES_AT, _market)
