# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Policies
@notice The policy word of each market, and what was recorded of targets: since when one has been liquidatable. docs/spec.md section 9.
"""

from interfaces import IClearinghouse
from interfaces import ILiquidationEngine
from interfaces import IOracle

from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import reasons

MASK_40: constant(uint256) = 2**40 - 1
# What a margin call records.
MASK_SINCE: constant(uint256) = 2**48 - 1
# A stamp counts for so many cooldowns.
STAMP_COOLDOWNS: constant(uint256) = 10

# Where the money is.
CLEARINGHOUSE: immutable(IClearinghouse)
# The only one who sets policies.
CONFIG: immutable(address)

# lib/policy_word by market.
policies: HashMap[uint256, uint256]
# Under market << 160 | account: when the last chunk of a large position was closed 40 | long 1 | count of top-ups 7 | liquidatable since
# 40, the last three as they were when recorded.
records: HashMap[uint256, uint256]


@deploy
def __init__(_clearinghouse: address, _config: address):
    CLEARINGHOUSE = IClearinghouse(_clearinghouse)
    CONFIG = _config


@external
def set_policy(_market: uint256, _policy: uint256):
    """
    @notice Replaces the policy of a market. Config checks the bounds.
    @dev Reverts "not config".
    """
    if msg.sender != CONFIG:
        reasons._revert(reasons.NOT_CONFIG)
    self.policies[_market] = _policy
    log ILiquidationEngine.PolicySet(market=_market, policy=_policy)


@external
@view
def policy(_market: uint256) -> uint256:
    """
    @notice The policy word of a market, see lib/policy_word; 0 if there is none.
    """
    return self.policies[_market]


@external
@view
def liquidatable_since(_market: uint256, _account: address) -> uint256:
    """
    @notice Unix seconds of the margin call that found the account liquidatable; 0 if there is none that still counts.
    """
    return self._since(_market, _account, self.policies[_market])


@external
@view
def clearinghouse() -> address:
    """
    @notice Whose positions this engine liquidates.
    """
    return CLEARINGHOUSE.address


@internal
@view
def _policy(_market: uint256) -> uint256:
    word: uint256 = self.policies[_market]
    if word == 0:
        reasons._revert(reasons.UNKNOWN_MARKET)
    return word


@internal
@pure
def _key(_market: uint256, _account: address) -> uint256:
    return _market << 160 | convert(_account, uint256)


@internal
@view
def _since(_market: uint256, _account: address, _policy_word: uint256) -> uint256:
    """
    @notice A record counts for two last-resort delays, and only for the position it was made for: same side, same count of top-ups,
            which starts elsewhere for each position.
    """
    record: uint256 = self.records[self._key(_market, _account)] & MASK_SINCE
    since: uint256 = record & MASK_40
    if since == 0 or block.timestamp > since + 2 * policy_word._last_resort_seconds(_policy_word):
        return 0
    held: IClearinghouse.Position = staticcall CLEARINGHOUSE.position(_market, _account)
    if held.size == 0 or record != self._record(held.size, held.topups, since):
        return 0
    return since


@internal
@pure
def _record(_size: int256, _topups: uint256, _since_: uint256) -> uint256:
    """
    @notice The record of a position that is liquidatable since a time.
    """
    return convert(_size > 0, uint256) << 47 | _topups << 40 | _since_


@internal
@view
def _is_overdue(_market: uint256, _account: address, _policy_word: uint256) -> bool:
    """
    @notice Whether the account has been liquidatable for longer than the last-resort delay; never without one.
    """
    delay: uint256 = policy_word._last_resort_seconds(_policy_word)
    if delay == 0:
        return False
    since: uint256 = self._since(_market, _account, _policy_word)
    return since != 0 and block.timestamp >= since + delay


@internal
@view
def _takeover_refusal(_market: uint256, _target: address, _policy_word: uint256) -> uint256:
    """
    @notice Why a target that is not bankrupt may not be taken over now; 0 if it may.
    """
    if _policy_word & policy_word.FLAG_TAKEOVER == 0 and not self._is_overdue(_market, _target, _policy_word):
        return reasons.TAKEOVER_NOT_ALLOWED
    return self._grace_refusal(_market, _policy_word)


@internal
@view
def _force_close_refusal(_market: uint256, _target: address, _policy_word: uint256) -> (uint256, uint256):
    """
    @notice Why a target that is not bankrupt may not be closed now, 0 if it may; and the policy word for it: without chunks once one
            went and its cooldown has passed.
    @dev Reverts where the policy knows no force close at all. Bankrupt targets are closed where auto-deleveraging is the policy too.
    """
    if _policy_word & policy_word.FLAG_FORCE_CLOSE == 0:
        reasons._revert(reasons.FORCE_CLOSE_NOT_ALLOWED)
    word: uint256 = _policy_word
    if policy_word._large_notional_packed(_policy_word) != 0:
        stamp: uint256 = self.records[self._key(_market, _target)] >> 48
        cooldown: uint256 = policy_word._cooldown_seconds(_policy_word)
        if stamp != 0 and block.timestamp <= stamp + STAMP_COOLDOWNS * cooldown:
            if block.timestamp < stamp + cooldown:
                return reasons.COOLDOWN, word
            word = policy_word._without_chunks(word)
    return self._grace_refusal(_market, _policy_word), word


@internal
def _stamp(_market: uint256, _target: address):
    """
    @notice Notes that a chunk of a large position went: the rest waits for the cooldown. Nothing that the account does changes it: it
            expires.
    """
    key: uint256 = self._key(_market, _target)
    self.records[key] = self.records[key] & MASK_SINCE | block.timestamp << 48


@internal
@view
def _grace_refusal(_market: uint256, _policy_word: uint256) -> uint256:
    """
    @notice After an outage of the oracle there is time to top up.
    """
    grace: uint256 = policy_word._grace_seconds(_policy_word)
    if grace == 0:
        return 0
    risk: uint256 = (staticcall CLEARINGHOUSE.market_words(_market))[0]
    ended: uint256 = staticcall IOracle(market_words._oracle(risk)).outage_end()
    if ended != 0 and block.timestamp < ended + grace:
        return reasons.GRACE_PERIOD
    return 0
