# pragma version 0.4.3
"""
@title  Outflow limit
@notice A limit on the net outflow of collateral in a period, as a leaky bucket in one word: limit 25 (mantissa 20, exponent 5) | period 24 |
        level 128 signed | time 32, from bit 47 down. Withdrawals fill the bucket and deposits empty it, below
        zero if they come first: money that goes in and out again leaves it as it was. Time brings it back to zero from either side:
        what came is credit that fades within the period.
"""

from contracts.lib import market_words

MASK_128: constant(uint256) = 2**128 - 1


@internal
@pure
def _limit(_word: uint256) -> uint256:
    """
    @notice WAD.
    """
    return market_words._amount(_word >> 184)


@internal
@pure
def _period(_word: uint256) -> uint256:
    """
    @notice Seconds in which a full bucket empties.
    """
    return _word >> 160 & 16_777_215


@internal
@pure
def _level(_word: uint256, _now: uint256) -> int256:
    """
    @notice WAD that left lately, less what came; rounded away from zero.
    @dev limit < 2**124, |level| < 2**127, elapsed < 2**32. The period is not 0.
    """
    level: int256 = convert(convert(_word << 96, bytes32), int256) >> 128
    limit: int256 = convert(self._limit(_word), int256)
    # what came before is credit for a period at most, however much it was
    drained: int256 = unsafe_div(
        unsafe_mul(max(limit, unsafe_sub(0, level)), convert(unsafe_sub(_now, _word & 4_294_967_295), int256)),
        convert(self._period(_word), int256),
    )
    if level > 0:
        return max(unsafe_sub(level, drained), 0)
    return min(unsafe_add(level, drained), 0)


@internal
@pure
def _with_level(_word: uint256, _level_: int256, _now: uint256) -> uint256:
    return _word >> 160 << 160 | (convert(convert(_level_, bytes32), uint256) & MASK_128) << 32 | _now


@internal
@pure
def _pack(_limit_: uint256, _period_: uint256, _now: uint256) -> uint256:
    """
    @param _limit_ packed amount of 25 bits
    """
    return _limit_ << 184 | _period_ << 160 | _now
