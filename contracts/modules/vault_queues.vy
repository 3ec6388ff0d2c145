# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Vault queues
@notice Whoever wants into the backstop vault asks and waits, so that nobody comes for a profit that is at hand; whoever wants out asks and
        waits, so that nobody leaves ahead of a loss. Assets that wait are plain tokens of the vault and bear nothing; shares that wait
        bear all. A delay of 0 is none: then there is nothing to ask for.
@dev    What waits has one time for all of it: asking for more starts it anew. What has matured stays matured.
"""

from interfaces import IBackstopVault

from contracts.lib import reasons
from contracts.lib import token_calls
from contracts.modules import vault_shares

uses: vault_shares

# Of either delay.
MAX_DELAY: constant(uint256) = 30 * 86_400

# The collateral of the clearinghouse.
asset: public(immutable(address))

# Seconds from the request of a deposit until it may be made; 0: no request is needed.
deposit_delay: public(uint256)

# Seconds from the request of a redemption until it may be made; 0: no request is needed.
lock_up: public(uint256)

# Assets that all who asked for a deposit have brought. What else the vault holds of the token was sent to it and is nobody's.
requested_assets: public(uint256)

# Shares that wait to be redeemed, or may be redeemed, all together.
queued_shares: public(uint256)

# Assets brought for an account that is to receive shares.
deposits: HashMap[address, IBackstopVault.Request]

# Shares an account wants to redeem; the vault holds them.
redemptions: HashMap[address, IBackstopVault.Request]


@deploy
def __init__(_asset: address, _deposit_delay: uint256, _lock_up: uint256):
    asset = _asset
    self._set_delays(_deposit_delay, _lock_up)


# ---- deposits


@external
def request_deposit(_assets: uint256, _receiver: address = msg.sender):
    """
    @notice Brings assets for a deposit that `_receiver` gets the shares of. They are the receiver's from now on. Once the delay is over,
            anyone may have them deposited with `deposit` or `mint`.
    @param _assets token units
    @dev Reverts "zero amount", "bad receiver", "no delay" (deposit at once), "receiver has a request" (somebody else's that still
         waits, whose time this would start anew), the token's own, "balance unknown", "transfer failed", "fee on transfer".
    """
    if _assets == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    vault_shares._check_receiver(_receiver)
    assert self.deposit_delay != 0, "no delay"
    request: IBackstopVault.Request = self._now(self.deposits[_receiver])
    assert request.waiting == 0 or _receiver == msg.sender, "receiver has a request"
    # First, so that what follows counts only what somebody has; nothing can be called meanwhile.
    token_calls._pull(asset, msg.sender, _assets)
    request.waiting += _assets
    request.matures_at = block.timestamp + self.deposit_delay
    self.deposits[_receiver] = request
    self.requested_assets += _assets
    log IBackstopVault.DepositRequested(
        receiver=_receiver,
        sender=msg.sender,
        assets=_assets,
        waiting=request.waiting,
        matured=request.matured,
        matures_at=request.matures_at,
    )


@external
def cancel_deposit(_assets: uint256):
    """
    @notice Gives the caller back assets that were brought for it, those that wait first.
    @param _assets token units; max_value(uint256) is all
    @dev Reverts "zero amount", "more than requested", the token's own, "transfer failed".
    """
    request: IBackstopVault.Request = self._now(self.deposits[msg.sender])
    assets: uint256 = self._resolve(request, _assets)
    request = self._without(request, assets)
    self.deposits[msg.sender] = request
    self.requested_assets -= assets
    log IBackstopVault.DepositCancelled(
        receiver=msg.sender, assets=assets, waiting=request.waiting, matured=request.matured
    )
    token_calls._push(asset, msg.sender, assets)


@external
@view
def deposit_request(_account: address) -> IBackstopVault.Request:
    """
    @notice Assets that wait to be deposited for an account, token units.
    """
    return self._now(self.deposits[_account])


@internal
def _use_deposit(_receiver: address, _assets: uint256):
    """
    @notice Takes assets for a deposit: from what has matured for the receiver, or from the caller where there is no delay.
    """
    if self.deposit_delay == 0:
        if _assets != 0:
            token_calls._pull(asset, msg.sender, _assets)
        return
    request: IBackstopVault.Request = self._now(self.deposits[_receiver])
    assert _assets <= request.matured, "deposit not matured"
    request.matured -= _assets
    self.deposits[_receiver] = request
    self.requested_assets -= _assets


@internal
@view
def _depositable(_receiver: address) -> uint256:
    if not vault_shares._is_receiver(_receiver):
        return 0
    if self.deposit_delay == 0:
        return max_value(uint256)
    return self._now(self.deposits[_receiver]).matured


# ---- redemptions


@external
def request_redeem(_shares: uint256):
    """
    @notice Queues shares of the caller. They bear losses and profits until they are redeemed, which the lock-up allows at its end.
    @dev Reverts "zero amount", "no lock-up" (redeem at once), "insufficient shares".
    """
    if _shares == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    assert self.lock_up != 0, "no lock-up"
    vault_shares._escrow(msg.sender, _shares)
    request: IBackstopVault.Request = self._now(self.redemptions[msg.sender])
    request.waiting += _shares
    request.matures_at = block.timestamp + self.lock_up
    self.redemptions[msg.sender] = request
    self.queued_shares += _shares
    log IBackstopVault.RedeemRequested(
        owner=msg.sender,
        shares=_shares,
        waiting=request.waiting,
        matured=request.matured,
        matures_at=request.matures_at,
    )


@external
def cancel_redeem(_shares: uint256):
    """
    @notice Gives queued shares back to the caller, those that wait first.
    @param _shares max_value(uint256) is all
    @dev Reverts "zero amount", "more than requested".
    """
    request: IBackstopVault.Request = self._now(self.redemptions[msg.sender])
    shares: uint256 = self._resolve(request, _shares)
    request = self._without(request, shares)
    self.redemptions[msg.sender] = request
    self.queued_shares -= shares
    vault_shares._give_back(msg.sender, shares)
    log IBackstopVault.RedeemCancelled(
        owner=msg.sender, shares=shares, waiting=request.waiting, matured=request.matured
    )


@external
@view
def redeem_request(_account: address) -> IBackstopVault.Request:
    """
    @notice Shares that an account has queued.
    """
    return self._now(self.redemptions[_account])


@internal
def _use_redeem(_owner: address, _shares: uint256):
    """
    @notice Burns shares: of those that have matured, or of the owner's own where there is no lock-up.
    """
    if self.lock_up == 0:
        vault_shares._burn(_owner, _shares)
        return
    request: IBackstopVault.Request = self._now(self.redemptions[_owner])
    assert _shares <= request.matured, "shares not matured"
    request.matured -= _shares
    self.redemptions[_owner] = request
    self.queued_shares -= _shares
    vault_shares._burn(self, _shares)


@internal
@view
def _redeemable(_owner: address) -> uint256:
    if self.lock_up == 0:
        return vault_shares._balance(_owner)
    return self._now(self.redemptions[_owner]).matured


# ---- both


@internal
def _set_delays(_deposit_delay: uint256, _lock_up: uint256):
    """
    @notice Requests that were made keep their times.
    """
    assert _deposit_delay <= MAX_DELAY, "bad deposit delay"
    assert _lock_up <= MAX_DELAY, "bad lock-up"
    self.deposit_delay = _deposit_delay
    self.lock_up = _lock_up
    log IBackstopVault.DelaysSet(deposit_delay=_deposit_delay, lock_up=_lock_up)


@internal
@view
def _now(_request: IBackstopVault.Request) -> IBackstopVault.Request:
    """
    @notice A request with what has matured meanwhile.
    """
    request: IBackstopVault.Request = _request
    if request.waiting != 0 and block.timestamp >= request.matures_at:
        request.matured += request.waiting
        request.waiting = 0
        request.matures_at = 0
    return request


@internal
@pure
def _resolve(_request: IBackstopVault.Request, _amount: uint256) -> uint256:
    """
    @notice How much of a request is meant.
    """
    whole: uint256 = _request.waiting + _request.matured
    amount: uint256 = whole if _amount == max_value(uint256) else _amount
    if amount == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    assert amount <= whole, "more than requested"
    return amount


@internal
@pure
def _without(_request: IBackstopVault.Request, _amount: uint256) -> IBackstopVault.Request:
    """
    @notice A request less an amount of at most all of it: what waits goes first.
    """
    request: IBackstopVault.Request = _request
    waiting: uint256 = min(request.waiting, _amount)
    request.waiting -= waiting
    request.matured -= _amount - waiting
    if request.waiting == 0:
        request.matures_at = 0
    return request
