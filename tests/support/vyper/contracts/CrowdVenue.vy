# pragma version 0.4.3
"""
@title  Crowd venue
@notice Gives the same position to many accounts of a market in one call; and says a policy, as a liquidation engine does.
"""

from interfaces import IClearinghouse

# By market.
policy: public(HashMap[uint256, uint256])


@external
def set_policy(_market: uint256, _policy: uint256):
    self.policy[_market] = _policy


@external
def give(_house: IClearinghouse, _market: uint256, _first: uint256, _count: uint256, _removed: IClearinghouse.RemovedRange):
    """
    @notice To accounts whose addresses follow each other.
    """
    for i: uint256 in range(_count, bound=2_000):
        account: address = convert(_first + i, address)
        extcall _house.venue_absorb(_market, account, account, _removed)
