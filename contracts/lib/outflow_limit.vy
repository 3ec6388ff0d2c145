# pragma version 0.4.3
"""
@title  Outflow limit
@notice A limit on the net outflow of collateral in a period, as a leaky bucket in one word: limit 25 (mantissa 20, exponent 5) | period 24 |
        level 128 | time 32, from bit 47 down. Withdrawals fill the bucket, deposits and time empty it.
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
def _level(_word: uint256, _now: uint256) -> uint256:
    """
    @notice WAD that left lately, rounded up.
    @dev limit < 2**124, elapsed < 2**32. The period is not 0.
    """
    level: uint256 = _word >> 32 & MASK_128
    drained: uint256 = unsafe_div(
        unsafe_mul(self._limit(_word), unsafe_sub(_now, _word & 4_294_967_295)), self._period(_word)
    )
    return unsafe_sub(level, min(level, drained))


@internal
@pure
def _with_level(_word: uint256, _level_: uint256, _now: uint256) -> uint256:
    return _word >> 160 << 160 | _level_ << 32 | _now


@internal
@pure
def _pack(_limit_: uint256, _period_: uint256, _now: uint256) -> uint256:
    """
    @param _limit_ packed amount of 25 bits
    """
    return _limit_ << 184 | _period_ << 160 | _now
