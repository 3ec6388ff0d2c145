# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Deleveraging
@notice Closes a bankrupt position against those on the other side at a price without a loss. docs/spec.md section 14.
"""

from contracts.lib import reasons

# The only caller.
ENGINE: immutable(address)


@deploy
def __init__(_engine: address):
    ENGINE = _engine


@external
def deleverage(
    _market: uint256, _target: address, _policy: uint256, _counterparties: DynArray[address, 1000]
) -> uint256:
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    reasons._revert(reasons.ADL_NOT_ALLOWED)
    return 0
