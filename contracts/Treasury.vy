# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Treasury
@license MIT
@notice Receives the protocol's income in collateral and pays it to those who stake a governance token. It is an account of
        the clearinghouse: what is free there, `collect` fetches, and anyone may call that. What was fetched streams to the
        stakers over a period, by an accumulated reward per share: no list of stakers, nothing of the past for who comes
        late, nothing worth coming for just before a collection. Nothing is lost to rounding: divisions leave a remainder
        that takes part in the next one. Amounts are token units; docs/derivations.md, "Treasury", has the proofs.
@custom:security The owner chooses the length of later distributions within bounds and nothing else: it can neither move nor
        stop stakes and rewards. Leaving with a stake calls the governance token only. Both tokens are chosen at deployment
        and trusted not to change balances by themselves; tokens sent here without `stake` or `collect` belong to nobody.
@custom:kill There is none: stakes and what they earned can always be withdrawn. Config names another treasury for later fees.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import IClearinghouse
from interfaces import ITreasury

# The owner.
from contracts.modules import ownership

implements: ITreasury

initializes: ownership

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
)


# What the clearinghouse says of its token.
interface Custody:
    def collateral() -> address: view


# An account of the treasury.
struct Share:
    staked: uint256
    entry: uint256  # reward per share when `entitlement` was last brought up to date
    entitlement: uint256  # x PRECISION, collateral earned and not claimed


# Of rewards per share and entitlements.
PRECISION: constant(uint256) = 10**36
# All stakes together, so that what rounding keeps back for the next division is less than one unit of collateral.
MAX_STAKED: constant(uint256) = 10**36
# All that is ever fetched, so that it fits a word when scaled, even if one unit is all that is staked.
MAX_RECEIVED: constant(uint256) = 10**36
# Bounds of the period.
MIN_PERIOD: constant(uint256) = 3_600
MAX_PERIOD: constant(uint256) = 30 * 86_400

# Where the income arrives, as free collateral of this contract.
clearinghouse: public(immutable(address))
# The token of the rewards.
collateral: public(immutable(address))
# The token that is staked; may be the same.
governance_token: public(immutable(address))
# WAD per smallest unit of the collateral.
SCALE: immutable(uint256)


# How long the next distribution takes.
period_seconds: public(uint256)

# All stakes together.
total_staked: public(uint256)

# Fetched, and waiting for the next distribution.
undistributed: public(uint256)

# Fetched since the beginning.
total_received: public(uint256)

# Paid since the beginning; what the treasury holds for stakers is the difference of the two.
total_claimed: public(uint256)

# Collateral x PRECISION a second that streams while somebody stakes.
_rate: uint256

# How long it still does, at `_accrued_at`.
_seconds_left: uint256

# Collateral x PRECISION that the last division left over.
_remainder: uint256

# Rewards x PRECISION that one unit staked since the beginning would have earned until `_accrued_at`.
_reward_per_share: uint256

# When that was.
_accrued_at: uint256

# Stakes and earnings by account.
_shares: HashMap[address, Share]


@deploy
def __init__(_owner: address, _clearinghouse: address, _governance_token: address, _period_seconds: uint256):
    """
    @param _owner who may set the period, from now on
    @param _clearinghouse whose collateral is distributed; must be there already
    @param _governance_token an ERC-20 that moves what it is told to move
    @param _period_seconds how long a distribution takes, an hour to 30 days
    """
    ownership.__init__(_owner)
    assert _clearinghouse.is_contract, "clearinghouse is no contract"
    assert _governance_token.is_contract, "token is no contract"
    clearinghouse = _clearinghouse
    collateral = staticcall Custody(_clearinghouse).collateral()
    governance_token = _governance_token
    SCALE = 10 ** (18 - convert(staticcall IERC20Detailed(collateral).decimals(), uint256))
    self._accrued_at = block.timestamp
    self._set_period(_period_seconds)


# ---- stakers


@external
def stake(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice Stakes tokens of the caller for `_receiver`, who earns from this second on.
    @param _amount units of the governance token, above 0
    @dev Reverts "zero amount", "bad receiver", "too much staked", "transfer failed", and "fee on transfer" if another
         amount arrives.
    """
    self._check_transfer(_amount, _receiver)
    assert _amount <= MAX_STAKED - self.total_staked, "too much staked"
    self._settle(_receiver)
    staked: uint256 = self._shares[_receiver].staked + _amount
    total: uint256 = self.total_staked + _amount
    self._shares[_receiver].staked = staked
    self.total_staked = total
    log ITreasury.Staked(
        account=_receiver,
        sender=msg.sender,
        amount=_amount,
        staked=staked,
        total_staked=total,
        reward_per_share=self._reward_per_share,
    )
    before: uint256 = self._held(governance_token)
    assert extcall IERC20(governance_token).transferFrom(
        msg.sender, self, _amount, default_return_value=True
    ), "transfer failed"
    assert self._held(governance_token) == before + _amount, "fee on transfer"


@external
def unstake(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice Pays a stake of the caller back to `_receiver`. What it has earned stays claimable.
    @param _amount units of the governance token, above 0
    @dev Reverts "zero amount", "bad receiver", "insufficient stake", "transfer failed", "fee on transfer".
    """
    self._check_transfer(_amount, _receiver)
    assert _amount <= self._shares[msg.sender].staked, "insufficient stake"
    self._settle(msg.sender)
    staked: uint256 = self._shares[msg.sender].staked - _amount
    total: uint256 = self.total_staked - _amount
    self._shares[msg.sender].staked = staked
    self.total_staked = total
    log ITreasury.Unstaked(
        account=msg.sender,
        receiver=_receiver,
        amount=_amount,
        staked=staked,
        total_staked=total,
        reward_per_share=self._reward_per_share,
    )
    self._pay(governance_token, _receiver, _amount)


@external
def claim(_receiver: address = msg.sender) -> uint256:
    """
    @notice Pays whatever the caller has earned, in whole units, to `_receiver`. The fraction stays.
    @return amount units of the collateral
    @dev Reverts "bad receiver", "nothing to claim", "transfer failed", "fee on transfer".
    """
    self._check_receiver(_receiver)
    self._settle(msg.sender)
    amount: uint256 = self._shares[msg.sender].entitlement // PRECISION
    assert amount > 0, "nothing to claim"
    self._shares[msg.sender].entitlement -= amount * PRECISION
    self.total_claimed += amount
    log ITreasury.Claimed(
        account=msg.sender,
        receiver=_receiver,
        amount=amount,
        total_claimed=self.total_claimed,
        reward_per_share=self._reward_per_share,
    )
    self._pay(collateral, _receiver, amount)
    return amount


# ---- anyone


@external
def collect(_limit: uint256 = max_value(uint256)) -> uint256:
    """
    @notice Fetches the treasury's free collateral, and starts a distribution of all that waits if none runs and somebody
            stakes. What is less than one token unit stays in the clearinghouse until it is one. Anyone.
    @param _limit the most to fetch, token units: all by default, less where the clearinghouse pays out in parts only
    @return amount that arrived
    @dev A distribution that runs is not touched: neither small amounts nor frequent calls can stretch it.
    """
    self._accrue()
    amount: uint256 = min(_limit, self._collectable())
    if amount > 0:
        amount = self._fetch(amount)
        self.undistributed += amount
        self.total_received += amount
    log ITreasury.Collected(
        sender=msg.sender,
        amount=amount,
        undistributed=self.undistributed,
        total_received=self.total_received,
        reward_per_share=self._reward_per_share,
    )
    if self._seconds_left == 0 and self.total_staked > 0 and self.undistributed > 0:
        self._start()
    return amount


# ---- owner


@external
def set_period(_period_seconds: uint256):
    """
    @notice Sets how long later distributions take; the one that runs keeps its time. Only the owner.
    @param _period_seconds an hour to 30 days
    """
    ownership._check_owner()
    self._set_period(_period_seconds)


# ---- views


@external
@view
def staked(_account: address) -> uint256:
    """
    @notice What an account has staked.
    """
    return self._shares[_account].staked


@external
@view
def claimable(_account: address) -> uint256:
    """
    @notice What `claim` would pay the account in this block.
    """
    return self._entitlement(_account, self._accrued()[0]) // PRECISION


@external
@view
def entitlement(_account: address) -> uint256:
    """
    @notice What the account has earned and not claimed, x PRECISION.
    """
    return self._entitlement(_account, self._accrued()[0])


@external
@view
def reward_per_share() -> uint256:
    """
    @notice Rewards x PRECISION that one unit staked since the beginning would have earned.
    """
    return self._accrued()[0]


@external
@view
def collectable() -> uint256:
    """
    @notice What `collect` would fetch, if the clearinghouse pays it out.
    """
    return self._collectable()


@external
@view
def distribution() -> ITreasury.Distribution:
    """
    @notice What streams to the stakers; nothing once its time is over.
    """
    seconds_left: uint256 = self._accrued()[2]
    rate: uint256 = 0 if seconds_left == 0 else self._rate
    return ITreasury.Distribution(
        rate=rate, seconds_left=seconds_left, remaining=rate * seconds_left // PRECISION
    )


@external
@view
def remainder() -> uint256:
    """
    @notice Collateral x PRECISION, less than one unit, that takes part in the next division.
    @dev PRECISION x (total_received - total_claimed - undistributed) = rate x seconds_left + remainder + the sum of all
         entitlements, at any time.
    """
    return self._accrued()[1]


# ---- rewards


@internal
@view
def _accrued() -> (uint256, uint256, uint256):
    """
    @notice Reward per share, remainder and seconds left, as of now. While nobody stakes the stream stands still.
    @dev Nothing overflows: rate x seconds is part of MAX_RECEIVED x PRECISION, and so is each sum of reward per share x
         stake, whatever the stakes were meanwhile.
    """
    total: uint256 = self.total_staked
    if total == 0:
        return self._reward_per_share, self._remainder, self._seconds_left
    elapsed: uint256 = min(block.timestamp - self._accrued_at, self._seconds_left)
    flow: uint256 = self._rate * elapsed + self._remainder
    return self._reward_per_share + flow // total, flow % total, self._seconds_left - elapsed


@internal
def _accrue():
    self._reward_per_share, self._remainder, self._seconds_left = self._accrued()
    self._accrued_at = block.timestamp


@internal
@view
def _entitlement(_account: address, _reward_per_share: uint256) -> uint256:
    share: Share = self._shares[_account]
    return share.entitlement + share.staked * (_reward_per_share - share.entry)


@internal
def _settle(_account: address):
    """
    @notice Brings all rewards and those of the account up to date; comes before any change of a stake.
    """
    self._accrue()
    reward: uint256 = self._reward_per_share
    self._shares[_account].entitlement = self._entitlement(_account, reward)
    self._shares[_account].entry = reward


@internal
def _start():
    """
    @notice All that waits, and the remainder, stream from now on; what the division leaves is the new remainder.
    """
    amount: uint256 = self.undistributed
    period: uint256 = self.period_seconds
    scaled: uint256 = amount * PRECISION + self._remainder
    rate: uint256 = scaled // period
    self._rate = rate
    self._remainder = scaled % period
    self._seconds_left = period
    self.undistributed = 0
    log ITreasury.DistributionStarted(amount=amount, rate=rate, period_seconds=period)


@internal
def _set_period(_period_seconds: uint256):
    assert _period_seconds >= MIN_PERIOD and _period_seconds <= MAX_PERIOD, "bad period"
    self.period_seconds = _period_seconds
    log ITreasury.PeriodSet(period_seconds=_period_seconds)


# ---- tokens


@internal
@view
def _check_receiver(_receiver: address):
    """
    @notice Whoever is credited or paid can use it: the treasury itself could not.
    """
    assert _receiver != empty(address) and _receiver != self, "bad receiver"


@internal
@view
def _check_transfer(_amount: uint256, _receiver: address):
    assert _amount > 0, "zero amount"
    self._check_receiver(_receiver)


@internal
@view
def _held(_token: address) -> uint256:
    return staticcall IERC20(_token).balanceOf(self)


@internal
@view
def _collectable() -> uint256:
    free: uint256 = staticcall IClearinghouse(clearinghouse).free_collateral(self)
    return min(free // SCALE, MAX_RECEIVED - self.total_received)


@internal
def _fetch(_amount: uint256) -> uint256:
    """
    @notice Withdraws from the clearinghouse; returns what arrived, should the collateral have begun to take a fee.
    """
    before: uint256 = self._held(collateral)
    extcall IClearinghouse(clearinghouse).withdraw(_amount)
    return min(max(self._held(collateral), before) - before, _amount)


@internal
def _pay(_token: address, _receiver: address, _amount: uint256):
    """
    @notice Moves tokens out. A token that takes more than that from the treasury would take it from others.
    """
    before: uint256 = self._held(_token)
    assert extcall IERC20(_token).transfer(_receiver, _amount, default_return_value=True), "transfer failed"
    assert self._held(_token) + _amount == before, "fee on transfer"
