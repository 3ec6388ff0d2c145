# pragma version 0.4.3
"""
@title  Price word
@notice The hot state of a pushed oracle in one word, so that reading a price costs one storage access.
        From the highest bit: price 88 | price at the end of the last earlier block 88 | updated at 32 | pushed at 32 |
        push jump limit 16. Prices are WAD, times unix seconds, the limit basis points.
@custom:security Callers check that price and times fit their fields: see MAX_PRICE and MAX_TIME.
"""

# 3.09e8 in WAD; markets accept at most 1e7.
MAX_PRICE: constant(uint256) = 2**88 - 1
# The year 2106.
MAX_TIME: constant(uint256) = 2**32 - 1
MAX_JUMP_BPS: constant(uint256) = 2**16 - 1


@internal
@pure
def _price(_word: uint256) -> uint256:
    return _word >> 168


@internal
@pure
def _previous_price(_word: uint256) -> uint256:
    return _word >> 80 & MAX_PRICE


@internal
@pure
def _updated_at(_word: uint256) -> uint256:
    return _word >> 48 & MAX_TIME


@internal
@pure
def _pushed_at(_word: uint256) -> uint256:
    return _word >> 16 & MAX_TIME


@internal
@pure
def _push_jump_bps(_word: uint256) -> uint256:
    return _word & MAX_JUMP_BPS


@internal
@pure
def _pack(_price_: uint256, _previous: uint256, _updated: uint256, _pushed: uint256, _jump_bps: uint256) -> uint256:
    return _price_ << 168 | _previous << 80 | _updated << 48 | _pushed << 16 | _jump_bps


@internal
@pure
def _push(_word: uint256, _price_: uint256, _updated: uint256, _now: uint256) -> uint256:
    """
    @notice The word after a push. However many pushes a block sees, the price before the first of them is kept.
    """
    previous: uint256 = self._previous_price(_word)
    if self._pushed_at(_word) != _now:
        previous = self._price(_word)
    return self._pack(_price_, previous, _updated, _now, self._push_jump_bps(_word))


@internal
@pure
def _set_jump(_word: uint256, _jump_bps: uint256) -> uint256:
    return _word >> 16 << 16 | _jump_bps


@internal
@pure
def _exceeds(_price_: uint256, _previous: uint256, _jump_bps: uint256) -> bool:
    """
    @notice Whether the price moved by more than the limit; never without a limit.
    @dev Products stay below 2^102.
    """
    if _jump_bps == 0:
        return False
    move: uint256 = max(_price_, _previous) - min(_price_, _previous)
    return move * 10_000 > _previous * _jump_bps


@internal
@pure
def _jumped(_word: uint256, _now: uint256) -> bool:
    return self._pushed_at(_word) == _now and self._exceeds(
        self._price(_word), self._previous_price(_word), self._push_jump_bps(_word)
    )
