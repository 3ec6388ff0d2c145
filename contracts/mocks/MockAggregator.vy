# pragma version 0.4.3
"""
@title  Mock aggregator
@license MIT
@notice A Chainlink feed, or a sequencer's uptime feed, that says what a test tells it to, rounds that make no sense too.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

struct Round:
    answer: int256
    started_at: uint256
    updated_at: uint256
    answered_in: uint80


# Decimals of an answer.
decimals: public(immutable(uint8))

# Phase 16 | round of that phase 64.
latest_round: public(uint80)

# Rounds by number; missing ones are all zero.
rounds: public(HashMap[uint80, Round])

# 0: as Chainlink, missing rounds revert; 1: missing rounds are zeros; 2: every call reverts without a reason; 3:
# answers lack their last word.
mode: public(uint256)


@deploy
def __init__(_decimals: uint8):
    decimals = _decimals
    self.latest_round = convert(1 << 64, uint80)


@external
def push(_answer: int256):
    """
    @notice The next round, complete, now.
    """
    id: uint80 = self.latest_round + 1
    self.latest_round = id
    self.rounds[id] = Round(
        answer=_answer, started_at=block.timestamp, updated_at=block.timestamp, answered_in=id
    )


@external
def set_round(_id: uint80, _answer: int256, _started_at: uint256, _updated_at: uint256, _answered_in: uint80):
    """
    @notice Any round, which becomes the latest.
    """
    self.latest_round = _id
    self.rounds[_id] = Round(
        answer=_answer, started_at=_started_at, updated_at=_updated_at, answered_in=_answered_in
    )


@external
def remove_round(_id: uint80):
    """
    @notice Forgets a round.
    """
    self.rounds[_id] = empty(Round)


@external
def set_mode(_mode: uint256):
    """
    @notice See `mode`.
    """
    self.mode = _mode


@external
@view
@raw_return
def latestRoundData() -> Bytes[160]:
    """
    @notice As Chainlink's.
    """
    return self._data(self.latest_round)


@external
@view
@raw_return
def getRoundData(_id: uint80) -> Bytes[160]:
    """
    @notice As Chainlink's.
    """
    if self.mode == 0:
        assert self.rounds[_id].answered_in != 0, "No data present"
    return self._data(_id)


@internal
@view
def _data(_id: uint80) -> Bytes[160]:
    if self.mode == 2:
        raw_revert(b"")
    data: Round = self.rounds[_id]
    if self.mode == 3:
        return abi_encode(_id, data.answer, data.started_at, data.updated_at)
    return abi_encode(_id, data.answer, data.started_at, data.updated_at, data.answered_in)
