# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Custody
@notice The collateral token comes in and goes out here and nowhere else; out of the whole clearinghouse no more than the owner's limit
        of net outflow in a period.
@dev    Tokens are counted by what arrives, never by balanceOf: a donation to the contract changes nothing.
"""

from interfaces import IClearinghouse

from contracts.lib import outflow_limit
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import parts

uses: accounts
uses: parts

# What one deposit may bring; pots hold 2**104 wei, so ten of these.
MAX_AMOUNT: constant(uint256) = 10**30

# The one token.
TOKEN: immutable(address)
# WAD per smallest unit of the token.
SCALE: immutable(uint256)


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
        account=_receiver, sender=msg.sender, amount=amount, free_collateral=accounts._give(_receiver, amount)
    )
    self._count(unsafe_sub(0, convert(amount, int256)))
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
    @dev Reverts "zero amount", "bad receiver", "not operator", "insufficient collateral", "withdrawal limit", "transfer failed"; and
         where the account has cross positions what they need: "below account margin", "stale price", "price just jumped".
    """
    self._check_transfer(_amount, _receiver)
    accounts._check_operator(_account)
    # No account holds more than the mask.
    amount: uint256 = unsafe_mul(min(_amount, accounts.FREE_MASK), SCALE)
    self._count(convert(amount, int256))
    parts._spend(_account, amount)
    log IClearinghouse.Withdraw(
        account=_account, receiver=_receiver, amount=amount, free_collateral=accounts._free(_account)
    )
    self._move(abi_encode(_receiver, _amount, method_id=method_id("transfer(address,uint256)")))


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
def _count(_amount: int256):
    """
    @notice Counts what leaves; negative is what comes.
    @dev Reverts "withdrawal limit": what is above it may go later. What comes in a period is below 2**126, as any token has.
    """
    word: uint256 = accounts.outflow
    if word == 0:
        return
    level: int256 = unsafe_add(outflow_limit._level(word, block.timestamp), _amount)
    if _amount > 0 and level > convert(outflow_limit._limit(word), int256):
        reasons._revert(reasons.WITHDRAWAL_LIMIT)
    accounts.outflow = outflow_limit._with_level(word, level, block.timestamp)
