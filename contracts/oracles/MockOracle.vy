# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Mock oracle
@license MIT
@notice An index price that a script feeds, for test networks, replays and scenarios.
@custom:security The feeder is trusted with the price: never for a market with money in it. The owner sets the jump
        limit and replaces the feeder; two-step.
@custom:kill The feeder stops pushing: the price grows stale and the market waits.
"""

from interfaces import IOracle
from contracts.lib import price_word
# Who sets the feeder and the jump limit.
from contracts.modules import ownership

implements: IOracle

initializes: ownership

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
)


# A longer silence than this is an outage, in seconds; 0: never.
HEARTBEAT: public(immutable(uint256))


event FeederSet:
    feeder: indexed(address)


event PushJumpSet:
    push_jump_bps: uint256


# Price, the last earlier block's price, times and jump limit: see price_word.
word: public(uint256)

# Who may push prices.
feeder: public(address)

# When the last silence longer than the heartbeat ended, unix seconds.
_outage_end: uint256


@deploy
def __init__(_price: uint256, _feeder: address, _owner: address, _push_jump_bps: uint256, _heartbeat: uint256):
    """
    @param _price first price, WAD
    @param _feeder who may push prices
    @param _owner who may set the feeder and the jump limit
    @param _push_jump_bps move within a block that counts as a jump; 0: none does
    @param _heartbeat seconds of silence that make an outage; 0: none does
    """
    ownership.__init__(_owner)
    HEARTBEAT = _heartbeat
    self._check_price(_price)
    self._check_jump(_push_jump_bps)
    self._set_feeder(_feeder)
    self.word = price_word._pack(_price, _price, block.timestamp, block.timestamp, _push_jump_bps)
    log IOracle.PricePushed(price=_price, updated_at=block.timestamp, outage_end=0)
    log PushJumpSet(push_jump_bps=_push_jump_bps)


@external
def set_price(_price: uint256):
    """
    @notice A new price, made now. Only the feeder.
    @param _price WAD, above zero
    @dev Reverts "not feeder", "zero price", "price too large".
    """
    self._check_feeder()
    self._check_price(_price)
    if HEARTBEAT != 0 and block.timestamp > price_word._updated_at(self.word) + HEARTBEAT:
        self._outage_end = block.timestamp
    self._push(_price, block.timestamp)


@external
def set_price_at(_price: uint256, _updated_at: uint256):
    """
    @notice A price with any time, and zero too: what a market must refuse. Never counts as the end of an outage. Only the
            feeder.
    @param _price WAD
    @param _updated_at unix seconds
    @dev Reverts "not feeder", "price too large", "time too large".
    """
    self._check_feeder()
    assert _price <= price_word.MAX_PRICE, "price too large"
    assert _updated_at <= price_word.MAX_TIME, "time too large"
    self._push(_price, _updated_at)


@external
def set_feeder(_feeder: address):
    """
    @notice Replaces the feeder. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "zero feeder".
    """
    ownership._check_owner()
    self._set_feeder(_feeder)


@external
def set_push_jump(_push_jump_bps: uint256):
    """
    @notice Sets the move within a block that counts as a jump; 0: none does. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "bad push jump".
    """
    ownership._check_owner()
    self._check_jump(_push_jump_bps)
    self.word = price_word._set_jump(self.word, _push_jump_bps)
    log PushJumpSet(push_jump_bps=_push_jump_bps)


@external
@view
@reentrant
def price() -> (uint256, uint256, bool):
    """
    @notice See IOracle; but returns whatever was pushed, a zero price and a future time too.
    """
    word: uint256 = self.word
    return price_word._price(word), price_word._updated_at(word), price_word._jumped(word, block.timestamp)


@external
@view
@reentrant
def outage_end() -> uint256:
    """
    @notice See IOracle.
    """
    return self._outage_end


@external
@view
def push_jump_bps() -> uint256:
    """
    @notice Move within a block that counts as a jump, basis points; 0: none does.
    """
    return price_word._push_jump_bps(self.word)


@external
@view
def previous_price() -> uint256:
    """
    @notice What the price was before the first push of the block of the last push, WAD.
    """
    return price_word._previous_price(self.word)


@internal
def _push(_price: uint256, _updated_at: uint256):
    self.word = price_word._push(self.word, _price, _updated_at, block.timestamp)
    log IOracle.PricePushed(price=_price, updated_at=_updated_at, outage_end=self._outage_end)


@internal
def _set_feeder(_feeder: address):
    assert _feeder != empty(address), "zero feeder"
    self.feeder = _feeder
    log FeederSet(feeder=_feeder)


@internal
@view
def _check_feeder():
    assert msg.sender == self.feeder, "not feeder"


@internal
@pure
def _check_price(_price: uint256):
    assert _price != 0, "zero price"
    assert _price <= price_word.MAX_PRICE, "price too large"


@internal
@pure
def _check_jump(_push_jump_bps: uint256):
    assert _push_jump_bps <= 10_000, "bad push jump"
