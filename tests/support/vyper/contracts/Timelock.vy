# pragma version 0.4.3
# pragma nonreentrancy off
"""
@title  Timelock
@notice Snekmate's, as the owner that Config is meant to have. For tests of that pairing.
"""

from snekmate.auth import access_control
from snekmate.governance import timelock_controller

initializes: access_control
initializes: timelock_controller[access_control := access_control]

exports: (
    timelock_controller.schedule,
    timelock_controller.execute,
    timelock_controller.cancel,
    timelock_controller.update_delay,
    timelock_controller.hash_operation,
    timelock_controller.get_minimum_delay,
    timelock_controller.is_operation_done,
    timelock_controller.is_operation_ready,
)


@deploy
def __init__(_delay: uint256, _proposer: address, _executor: address):
    access_control.__init__()
    timelock_controller.__init__(_delay, [_proposer], [_executor], empty(address))
