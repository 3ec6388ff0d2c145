# pragma version 0.4.3
"""
@title  Share math
@notice Shares against assets. A million shares and one asset unit that nobody has count along: before the first deposit there is a
        price, and whoever raises it by a donation gives most of the donation to shares that nobody has (docs/derivations.md,
        "Backstop vault"). Formulas and virtual amounts are those of snekmate's erc4626.
"""

# Products of 512 bits.
from snekmate.utils import math

# By how many decimals a share is finer than an asset unit.
DECIMALS_OFFSET: constant(uint8) = 6
VIRTUAL_SHARES: constant(uint256) = 10**6
VIRTUAL_ASSETS: constant(uint256) = 1
# All shares there may be: a total loss multiplies the shares by what is deposited after it, so that few of them fit any type.
MAX_SHARES: constant(uint256) = 2**192


@internal
@pure
def _to_shares(_assets: uint256, _total_assets: uint256, _supply: uint256, _up: bool) -> uint256:
    return self._scaled(_assets, _supply + VIRTUAL_SHARES, _total_assets + VIRTUAL_ASSETS, _up)


@internal
@pure
def _to_assets(_shares: uint256, _total_assets: uint256, _supply: uint256, _up: bool) -> uint256:
    return self._scaled(_shares, _total_assets + VIRTUAL_ASSETS, _supply + VIRTUAL_SHARES, _up)


@internal
@pure
def _most_shares(_assets: uint256, _total_assets: uint256, _supply: uint256) -> uint256:
    """
    @notice The most shares that `_to_assets`, rounding down, turns into no more than so many assets:
            floor(s d / n) <= a  <=>  s < (a + 1) n / d.
    """
    return self._scaled(_assets + 1, _supply + VIRTUAL_SHARES, _total_assets + VIRTUAL_ASSETS, True) - 1


@internal
@pure
def _scaled(_amount: uint256, _numerator: uint256, _denominator: uint256, _up: bool) -> uint256:
    """
    @notice amount x numerator / denominator; the largest number there is for what is larger.
    @dev With k = floor(amount / denominator) the result is below (k + 1) numerator, which fits if k < floor(max / numerator).
    """
    if _amount // _denominator >= max_value(uint256) // _numerator:
        return max_value(uint256)
    return math._mul_div(_amount, _numerator, _denominator, _up)
