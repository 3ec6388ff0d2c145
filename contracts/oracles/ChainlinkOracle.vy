# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Chainlink oracle
@license MIT
@notice Index price from one Chainlink feed, with the feed's own heartbeat, decimals and limits, and on a rollup the
        sequencer's uptime feed. Whether a price is too old is the market's decision.
@custom:security Nothing can be set: a market changes its oracle instead. An answer at a limit of the aggregator is no price,
        because there the true price may be anywhere beyond. A silence longer than the heartbeat starts a grace period when it
        ends; seen by itself as long as the round after it is the last one, and for later rounds by `record_outage`,
        which takes its proof from the feed.
@custom:kill Nothing to disable; when the feed stops, its price grows stale and the market waits.
"""

from interfaces import IOracle
# The jump rule.
from contracts.lib import price_word

implements: IOracle


interface Aggregator:
    def decimals() -> uint8: view


event OutageRecorded:
    round_id: indexed(uint256)
    outage_end: uint256


# What a feed says of a round. Not found: the feed failed, or holds no such round.
struct Round:
    found: bool
    id: uint256  # phase 16 | round of that phase 64
    answer: int256
    started_at: uint256
    updated_at: uint256
    answered_in: uint256


# More than any feed or ratio of feeds has.
MAX_DECIMALS: constant(uint256) = 36
MAX_HEARTBEAT: constant(uint256) = 2_592_000
# Answers of aggregators are int192: WAD of it fits 256 bits.
MAX_ANSWER: constant(int256) = 2**191 - 1
# Number of a round within its phase.
ROUND_MASK: constant(uint256) = 2**64 - 1
# Rounds of one block that a comparison looks back over; beyond them a jump is assumed.
MAX_ROUNDS_BACK: constant(uint256) = 4


# The feed.
FEED: public(immutable(address))

# Uptime feed of the rollup's sequencer; zero on other chains.
SEQUENCER_FEED: public(immutable(address))

# Seconds after which the feed has an answer even if the price does not move.
HEARTBEAT: public(immutable(uint256))

# Move within a block that counts as a jump, basis points; 0: none does.
PUSH_JUMP_BPS: public(immutable(uint256))

# An answer at or below is no price.
MIN_ANSWER: public(immutable(int256))

# An answer at or above is no price.
MAX_ANSWER_ALLOWED: public(immutable(int256))

# Factor from an answer to WAD; 0 if the feed has more than 18 decimals.
SCALE_UP: immutable(uint256)

# Divisor from an answer to WAD.
SCALE_DOWN: immutable(uint256)


# When the last recorded outage ended, unix seconds.
_recorded_outage_end: uint256


@deploy
def __init__(
    _feed: address,
    _heartbeat: uint256,
    _push_jump_bps: uint256,
    _min_answer: int256,
    _max_answer: int256,
    _sequencer_feed: address,
):
    """
    @param _heartbeat seconds
    @param _push_jump_bps move within a block that counts as a jump; 0: none does
    @param _min_answer of the aggregator, in the feed's decimals; 0: none
    @param _max_answer of the aggregator, in the feed's decimals; 2**191 - 1: none
    @param _sequencer_feed zero: none
    """
    assert _feed.is_contract, "feed is no contract"
    assert _sequencer_feed == empty(address) or _sequencer_feed.is_contract, "sequencer is no contract"
    assert _heartbeat != 0 and _heartbeat <= MAX_HEARTBEAT, "bad heartbeat"
    assert _push_jump_bps <= 10_000, "bad push jump"
    assert _min_answer >= 0 and _min_answer < _max_answer and _max_answer <= MAX_ANSWER, "bad answer limits"
    decimals: uint256 = convert(staticcall Aggregator(_feed).decimals(), uint256)
    assert decimals <= MAX_DECIMALS, "bad decimals"
    FEED = _feed
    SEQUENCER_FEED = _sequencer_feed
    HEARTBEAT = _heartbeat
    PUSH_JUMP_BPS = _push_jump_bps
    MIN_ANSWER = _min_answer
    MAX_ANSWER_ALLOWED = _max_answer
    up: uint256 = 0
    down: uint256 = 1
    if decimals <= 18:
        up = 10 ** (18 - decimals)
    else:
        down = 10 ** (decimals - 18)
    SCALE_UP = up
    SCALE_DOWN = down


@external
def record_outage(_round_id: uint256):
    """
    @notice Keeps the end of an outage that later rounds would hide: the round before this one, in the same phase, is more
            than the heartbeat older. Of the feed's phase of now only: an aggregator that was replaced may go on at a pace of its own. Anyone.
    @param _round_id of the first round after the silence
    @dev Reverts "no outage", "older than recorded".
    """
    ended_at: uint256 = self._gap_end(self._round_by_id(_round_id))
    assert ended_at != 0 and _round_id >> 64 == self._last_round(FEED).id >> 64, "no outage"
    assert ended_at > self._recorded_outage_end, "older than recorded"
    self._recorded_outage_end = ended_at
    log OutageRecorded(round_id=_round_id, outage_end=ended_at)


@external
@view
@reentrant
def price() -> (uint256, uint256, bool):
    """
    @notice See IOracle.
    """
    if SEQUENCER_FEED != empty(address):
        sequencer: Round = self._last_round(SEQUENCER_FEED)
        assert sequencer.found and sequencer.started_at != 0, "no sequencer status"
        assert sequencer.answer == 0, "sequencer down"
    last: Round = self._last_round(FEED)
    assert last.found, "feed failed"
    assert last.answer > 0, "bad answer"
    assert last.updated_at != 0 and last.answered_in >= last.id, "incomplete round"
    assert last.updated_at <= block.timestamp, "future price"
    assert last.answer > MIN_ANSWER and last.answer < MAX_ANSWER_ALLOWED, "answer at its limit"
    value: uint256 = self._to_wad(last.answer)
    assert value != 0, "zero price"
    return value, last.updated_at, self._jumped(last)


@external
@view
@reentrant
def outage_end() -> uint256:
    """
    @notice See IOracle. The newest of: a recorded outage, a silence before the last round, a restart of the sequencer.
    """
    ended_at: uint256 = max(self._recorded_outage_end, self._gap_end(self._last_round(FEED)))
    if SEQUENCER_FEED != empty(address):
        sequencer: Round = self._last_round(SEQUENCER_FEED)
        if sequencer.found and sequencer.answer == 0:
            ended_at = max(ended_at, sequencer.started_at)
    return ended_at


@internal
@view
def _to_wad(_answer: int256) -> uint256:
    """
    @param _answer above zero, below 2^191: times 1e18 it fits.
    """
    if SCALE_UP != 0:
        return convert(_answer, uint256) * SCALE_UP
    return convert(_answer, uint256) // SCALE_DOWN


@internal
@view
def _jumped(_last: Round) -> bool:
    """
    @notice Whether the round came in this block and is away from the last one of an earlier block. With none to compare,
            yes: it costs a market one block.
    """
    if PUSH_JUMP_BPS == 0 or _last.updated_at != block.timestamp:
        return False
    earlier: Round = _last
    for _: uint256 in range(MAX_ROUNDS_BACK):
        earlier = self._round_before(earlier)
        if not earlier.found or earlier.answer <= 0:
            return True
        if earlier.updated_at != block.timestamp:
            return price_word._exceeds(
                convert(_last.answer, uint256), convert(earlier.answer, uint256), PUSH_JUMP_BPS
            )
    return True


@internal
@view
def _gap_end(_round: Round) -> uint256:
    """
    @notice When the silence before a round ended; 0 if there was none, or if the round before is missing.
    """
    if not _round.found or _round.updated_at > block.timestamp:
        return 0
    before: Round = self._round_before(_round)
    if not before.found or _round.updated_at <= before.updated_at + HEARTBEAT:
        return 0
    return _round.updated_at


@internal
@view
def _round_before(_round: Round) -> Round:
    """
    @notice The round before in the same phase; not found for the first one, and for one the aggregator does not hold.
    """
    if _round.id & ROUND_MASK <= 1:
        return empty(Round)
    return self._round_by_id(_round.id - 1)


@internal
@view
def _last_round(_feed: address) -> Round:
    return self._read_round(_feed, method_id("latestRoundData()", output_type=Bytes[4]))


@internal
@view
def _round_by_id(_id: uint256) -> Round:
    read: Round = self._read_round(FEED, abi_encode(_id, method_id=method_id("getRoundData(uint80)")))
    # Some aggregators answer for a missing round with zeros instead of reverting.
    if read.updated_at == 0 or read.updated_at > block.timestamp or read.id != _id:
        return empty(Round)
    return read


@internal
@view
def _read_round(_feed: address, _calldata: Bytes[36]) -> Round:
    """
    @notice One call that never reverts, whatever the feed does.
    """
    success: bool = False
    response: Bytes[160] = b""
    success, response = raw_call(_feed, _calldata, max_outsize=160, is_static_call=True, revert_on_failure=False)
    if not success or len(response) != 160:
        return empty(Round)
    return Round(
        found=True,
        id=convert(slice(response, 0, 32), uint256),
        answer=convert(convert(slice(response, 32, 32), bytes32), int256),
        started_at=convert(slice(response, 64, 32), uint256),
        updated_at=convert(slice(response, 96, 32), uint256),
        answered_in=convert(slice(response, 128, 32), uint256),
    )
