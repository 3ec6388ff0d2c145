# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title  Ownership
@license MIT
@notice An owner that is handed over in two steps, for the contracts that have one. Snekmate's, but with a reason that fits
        32 bytes and without renouncing: a contract whose parameters nobody can set any more helps nobody.
"""

# The owner and the check.
from snekmate.auth import ownable
# Two steps, so that a mistyped address cannot take the role.
from snekmate.auth import ownable_2step

initializes: ownable
initializes: ownable_2step[ownable := ownable]

exports: (
    ownable_2step.owner,
    ownable_2step.pending_owner,
    ownable_2step.transfer_ownership,
)


@deploy
def __init__(_owner: address):
    """
    @param _owner the first owner; needs no acceptance, so that the deployer never holds the role
    """
    assert _owner != empty(address), "zero owner"
    ownable.__init__()
    ownable_2step.__init__()
    ownable_2step._transfer_ownership(_owner)


@external
def accept_ownership():
    """
    @notice Takes the role. Only the pending owner.
    @dev Reverts "not pending owner".
    """
    assert msg.sender == ownable_2step.pending_owner, "not pending owner"
    ownable_2step._transfer_ownership(msg.sender)


@internal
def _check_owner():
    ownable._check_owner()
