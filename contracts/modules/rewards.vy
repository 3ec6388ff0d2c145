# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Rewards
@license MIT
@notice Stakes, and an amount that streams to them over a period, by an accumulated reward per share: no list of stakers,
        nothing of the past for a later stake. No division loses anything: what it leaves takes part in the next one, and an
        account keeps its fraction of a unit. Knows no tokens; moves nothing.
@dev    At any time  PRECISION x what was started in all = rate x seconds left + remainder + the sum of all that was earned,
        claimed or not. Calls in between change nothing, to the last digit. Proofs: docs/derivations.md, "Treasury".
"""


# An account.
struct Share:
    staked: uint256
    entry: uint256  # reward per share when `entitlement` was last brought up to date
    entitlement: uint256  # x PRECISION, earned and not claimed


# Where the stream stands.
struct Stream:
    reward_per_share: uint256  # x PRECISION
    remainder: uint256  # x PRECISION, what the last division left
    seconds_left: uint256


# Of rewards per share and entitlements.
PRECISION: constant(uint256) = 10**36
# All stakes together, so that a remainder is less than one unit of the reward.
MAX_STAKED: constant(uint256) = 10**36
# All that is ever started, so that it fits a word when scaled, even if a single unit is staked.
MAX_STARTED: constant(uint256) = 10**36

# All stakes together.
total_staked: public(uint256)

# Reward x PRECISION a second that streams while somebody stakes.
rate: uint256

# As of `accrued_at`.
stream: Stream

# When it was last brought up to date, unix seconds.
accrued_at: uint256

# Stakes and earnings by account.
shares: HashMap[address, Share]


@external
@view
def staked(_account: address) -> uint256:
    """
    @notice What an account has staked.
    """
    return self.shares[_account].staked


@external
@view
def claimable(_account: address) -> uint256:
    """
    @notice What `claim` would pay the account in this block.
    """
    return self._earned(_account, self._now().reward_per_share) // PRECISION


@external
@view
def entitlement(_account: address) -> uint256:
    """
    @notice What the account has earned and not claimed, x PRECISION.
    """
    return self._earned(_account, self._now().reward_per_share)


@external
@view
def reward_per_share() -> uint256:
    """
    @notice Rewards x PRECISION that one unit staked since the beginning would have earned.
    """
    return self._now().reward_per_share


@external
@view
def remainder() -> uint256:
    """
    @notice Reward x PRECISION, less than one unit, that takes part in the next division.
    """
    return self._now().remainder


@internal
@view
def _now() -> Stream:
    """
    @notice The stream as of this second. While nobody stakes it stands still.
    @dev Nothing overflows: rate x seconds is part of MAX_STARTED x PRECISION, and so is each sum of reward per share x
         stake, whatever the stakes were meanwhile.
    """
    total: uint256 = self.total_staked
    stream: Stream = self.stream
    if total > 0:
        elapsed: uint256 = min(block.timestamp - self.accrued_at, stream.seconds_left)
        flow: uint256 = self.rate * elapsed + stream.remainder
        stream.reward_per_share += flow // total
        stream.remainder = flow % total
        stream.seconds_left -= elapsed
    return stream


@internal
@view
def _earned(_account: address, _reward_per_share: uint256) -> uint256:
    share: Share = self.shares[_account]
    return share.entitlement + share.staked * (_reward_per_share - share.entry)


@internal
def _accrue():
    self.stream = self._now()
    self.accrued_at = block.timestamp


@internal
def _settle(_account: address):
    """
    @notice Brings the stream and the account up to date; comes before any change of its stake or earnings.
    """
    self._accrue()
    reward: uint256 = self.stream.reward_per_share
    self.shares[_account].entitlement = self._earned(_account, reward)
    self.shares[_account].entry = reward


@internal
def _add(_account: address, _amount: uint256):
    """
    @notice Raises a stake. It earns from this second on.
    """
    assert _amount <= MAX_STAKED - self.total_staked, "too much staked"
    self._settle(_account)
    self.shares[_account].staked += _amount
    self.total_staked += _amount


@internal
def _remove(_account: address, _amount: uint256):
    """
    @notice Lowers a stake. What it has earned stays.
    """
    assert _amount <= self.shares[_account].staked, "insufficient stake"
    self._settle(_account)
    self.shares[_account].staked -= _amount
    self.total_staked -= _amount


@internal
def _take(_account: address) -> uint256:
    """
    @notice Takes what an account has earned in whole units; the fraction stays. Returns the units.
    """
    self._settle(_account)
    amount: uint256 = self.shares[_account].entitlement // PRECISION
    assert amount > 0, "nothing to claim"
    self.shares[_account].entitlement -= amount * PRECISION
    return amount


@internal
@view
def _can_start() -> bool:
    """
    @notice Whether nothing streams and somebody stakes. Comes after `_accrue`.
    """
    return self.stream.seconds_left == 0 and self.total_staked > 0


@internal
def _start(_amount: uint256, _seconds: uint256):
    """
    @notice Streams an amount, and the remainder, over a time from now on; what the division leaves is the new remainder.
    """
    scaled: uint256 = _amount * PRECISION + self.stream.remainder
    self.rate = scaled // _seconds
    self.stream.remainder = scaled % _seconds
    self.stream.seconds_left = _seconds
