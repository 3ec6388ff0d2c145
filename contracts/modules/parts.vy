# pragma version 0.4.3
"""
@title  Parts
@notice The clearinghouse is one account with one storage whose code lies in several contracts, since it is more than one may hold:
        what most calls need in Clearinghouse, the rest in parts that it calls in its own storage (delegatecall). The parts are
        fixed at construction, declare the same storage in the same order (a test compares the layouts), and hold nothing themselves.
"""

from contracts.modules import accounts

uses: accounts

# Trades of cross accounts, and what their free collateral must carry: ClearinghouseCross.
CROSS: immutable(address)
# Their liquidations: ClearinghouseCrossLiquidation.
CROSS_LIQUIDATION: immutable(address)


@deploy
def __init__(_cross: address, _cross_liquidation: address):
    CROSS = _cross
    CROSS_LIQUIDATION = _cross_liquidation


@internal
def _spend(_account: address, _amount: uint256):
    """
    @notice Takes free collateral for something other than the account's own cross positions: what is left must carry those.
    @dev Reverts "insufficient collateral", and what `check_free` of the cross part reverts.
    """
    if accounts._take(_account, _amount) >> accounts.LEGS_AT != 0:
        self._check_free(_account)


@internal
def _check_free(_account: address):
    raw_call(
        CROSS, abi_encode(_account, method_id=method_id("check_free(address)")), is_delegate_call=True
    )
