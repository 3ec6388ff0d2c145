# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Treasury
@license MIT
@notice Receives the protocol's income in collateral and pays it to those who stake a governance token. It is an account of
        the clearinghouse: what is free there, `collect` fetches, and anyone may call that. What was fetched streams to the
        stakers over a period: who comes late gets nothing of the past, and just before a collection there is nothing worth
        coming for. What was earned stays until it is claimed. Amounts are token units.
@custom:security The owner chooses the length of later distributions within bounds and nothing else: it can neither move nor
        stop stakes and rewards. Leaving with a stake calls the governance token only. Both tokens are chosen at deployment
        and trusted not to change balances by themselves; tokens sent here without `stake` or `collect` belong to nobody.
@custom:kill There is none: stakes and what they earned can always be withdrawn. Config names another treasury for later fees.
"""

from ethereum.ercs import IERC20Detailed

from interfaces import IClearinghouse
from interfaces import ITreasury

# Tokens that may misbehave.
from contracts.lib import token_calls
# The owner.
from contracts.modules import ownership
# Who earns how much.
from contracts.modules import rewards

implements: ITreasury

initializes: ownership
initializes: rewards

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
    rewards.staked,
    rewards.total_staked,
    rewards.claimable,
    rewards.entitlement,
    rewards.reward_per_share,
    rewards.remainder,
)


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

# Fetched, and waiting for the next distribution.
undistributed: public(uint256)

# Fetched since the beginning.
total_received: public(uint256)

# Paid since the beginning; what the treasury holds for stakers is the difference of the two.
total_claimed: public(uint256)


@deploy
def __init__(_owner: address, _clearinghouse: address, _governance_token: address, _period_seconds: uint256):
    """
    @param _owner who may set the period, from now on
    @param _clearinghouse whose collateral is distributed; must be there already
    @param _governance_token an ERC-20 that moves what it is told to move
    @param _period_seconds how long a distribution takes, an hour to 30 days
    """
    ownership.__init__(_owner)
    answer: (bool, Bytes[32]) = raw_call(
        _clearinghouse, method_id("collateral()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    assert answer[0] and len(answer[1]) == 32, "no clearinghouse"
    clearinghouse = _clearinghouse
    collateral = convert(convert(answer[1], uint256), address)
    SCALE = 10 ** (18 - convert(staticcall IERC20Detailed(collateral).decimals(), uint256))
    # Asked now, so that what is no token is found out now.
    token_calls._held(_governance_token)
    governance_token = _governance_token
    self._set_period(_period_seconds)


# ---- stakers


@external
def stake(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice Stakes tokens of the caller for `_receiver`, who earns from this second on.
    @param _amount units of the governance token, above 0
    @dev Reverts "zero amount", "bad receiver", "too much staked", the token's own, "balance unknown", "transfer failed", and
         "fee on transfer" if another amount arrives.
    """
    self._check_amount(_amount)
    self._check_receiver(_receiver)
    rewards._add(_receiver, _amount)
    log ITreasury.Staked(
        account=_receiver,
        sender=msg.sender,
        amount=_amount,
        staked=rewards.shares[_receiver].staked,
        total_staked=rewards.total_staked,
        reward_per_share=rewards.stream.reward_per_share,
    )
    token_calls._pull(governance_token, msg.sender, _amount)


@external
def unstake(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice Pays a stake of the caller back to `_receiver`. What it has earned stays claimable.
    @param _amount units of the governance token, above 0
    @dev Reverts "zero amount", "bad receiver", "insufficient stake", the token's own, "transfer failed".
    """
    self._check_amount(_amount)
    self._check_receiver(_receiver)
    rewards._remove(msg.sender, _amount)
    log ITreasury.Unstaked(
        account=msg.sender,
        receiver=_receiver,
        amount=_amount,
        staked=rewards.shares[msg.sender].staked,
        total_staked=rewards.total_staked,
        reward_per_share=rewards.stream.reward_per_share,
    )
    token_calls._push(governance_token, _receiver, _amount)


@external
def claim(_receiver: address = msg.sender) -> uint256:
    """
    @notice Pays whatever the caller has earned, in whole units, to `_receiver`. The fraction stays.
    @return amount units of the collateral
    @dev Reverts "bad receiver", "nothing to claim", the token's own, "transfer failed".
    """
    self._check_receiver(_receiver)
    amount: uint256 = rewards._take(msg.sender)
    self.total_claimed += amount
    log ITreasury.Claimed(
        account=msg.sender,
        receiver=_receiver,
        amount=amount,
        total_claimed=self.total_claimed,
        reward_per_share=rewards.stream.reward_per_share,
    )
    token_calls._push(collateral, _receiver, amount)
    return amount


# ---- anyone


@external
def collect(_limit: uint256 = max_value(uint256)) -> uint256:
    """
    @notice Fetches the treasury's free collateral, and starts a distribution of all that waits if none runs and somebody
            stakes. What is less than one token unit stays in the clearinghouse until it is one. Anyone.
    @param _limit the most to fetch, token units: all by default, less where the clearinghouse pays out in parts only
    @return amount that arrived
    @dev A distribution that runs is not touched: neither small amounts nor frequent calls can stretch it. Reverts "balance
         unknown", and what the clearinghouse says if it does not pay.
    """
    rewards._accrue()
    amount: uint256 = min(_limit, self._collectable())
    if amount > 0:
        amount = self._fetch(amount)
        self.undistributed += amount
        self.total_received += amount
    waiting: uint256 = self.undistributed
    log ITreasury.Collected(
        sender=msg.sender,
        amount=amount,
        undistributed=waiting,
        total_received=self.total_received,
        reward_per_share=rewards.stream.reward_per_share,
    )
    if waiting > 0 and rewards._can_start():
        self.undistributed = 0
        rewards._start(waiting, self.period_seconds)
        log ITreasury.DistributionStarted(
            amount=waiting, rate=rewards.rate, period_seconds=self.period_seconds
        )
    return amount


# ---- owner


@external
def set_period(_period_seconds: uint256):
    """
    @notice Sets how long later distributions take; the one that runs keeps its time. Only the owner.
    @param _period_seconds an hour to 30 days
    @dev Reverts "ownable: caller is not the owner", "bad period".
    """
    ownership._check_owner()
    self._set_period(_period_seconds)


# ---- views


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
    seconds_left: uint256 = rewards._now().seconds_left
    rate: uint256 = 0 if seconds_left == 0 else rewards.rate
    return ITreasury.Distribution(
        rate=rate, seconds_left=seconds_left, remaining=rate * seconds_left // rewards.PRECISION
    )


@internal
def _set_period(_period_seconds: uint256):
    assert _period_seconds >= MIN_PERIOD and _period_seconds <= MAX_PERIOD, "bad period"
    self.period_seconds = _period_seconds
    log ITreasury.PeriodSet(period_seconds=_period_seconds)


@internal
@pure
def _check_amount(_amount: uint256):
    assert _amount > 0, "zero amount"


@internal
@view
def _check_receiver(_receiver: address):
    """
    @notice Whoever is credited or paid can use it: the treasury itself could not.
    """
    assert _receiver != empty(address) and _receiver != self, "bad receiver"


@internal
@view
def _collectable() -> uint256:
    free: uint256 = staticcall IClearinghouse(clearinghouse).free_collateral(self)
    return min(free // SCALE, rewards.MAX_STARTED - self.total_received)


@internal
def _fetch(_amount: uint256) -> uint256:
    """
    @notice Withdraws from the clearinghouse; returns what arrived, should the collateral have begun to take a fee.
    """
    before: uint256 = token_calls._held(collateral)
    extcall IClearinghouse(clearinghouse).withdraw(_amount)
    return min(max(token_calls._held(collateral), before) - before, _amount)
