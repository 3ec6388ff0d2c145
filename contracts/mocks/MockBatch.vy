# pragma version 0.4.3
"""
@title  Mock batch
@notice Sends several calls in one transaction, as a keeper's contract would. For tests: not meant to hold anything.
"""

MAX_CALLS: constant(uint256) = 8
MAX_BYTES: constant(uint256) = 4_096


@external
def send(_to: DynArray[address, MAX_CALLS], _data: DynArray[Bytes[MAX_BYTES], MAX_CALLS]):
    """
    @notice Each call in turn; what one reverts with, all revert with.
    """
    for i: uint256 in range(len(_to), bound=MAX_CALLS):
        raw_call(_to[i], _data[i])
