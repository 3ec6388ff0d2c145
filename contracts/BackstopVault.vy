# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Backstop vault
@license MIT
@notice Pooled deposits that take over what nobody else took: an account of the clearinghouse with an ERC-4626 share. A share is worth
        what the account is worth at mark. Deposits take part after a delay, redemptions after a lock-up in which they bear losses, and
        out of collateral that is free: what sits in positions comes free as anyone unwinds them.
        Where there is a delay, `deposit` and `mint` use what `request_deposit` has brought for the receiver; where there is a lock-up,
        `withdraw` and `redeem` use what the owner has queued with `request_redeem`.
@custom:security The engine, fixed at construction, names the positions and the margin that goes with them, within the loss cap of each
                 market. The lens, fixed too, is believed when it says what a position is worth. The owner, meant to be a timelock, sets caps,
                 band and delays within bounds, and can neither move deposits nor stop who asked to leave: times already given stay.
@custom:kill     Loss caps of 0: the vault takes nothing over any more, and unwinds what it has. Nothing stops redemptions.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed
from ethereum.ercs import IERC4626

from interfaces import IBackstopVault
# Who may set caps, band and delays.
from contracts.modules import ownership
# Balances and allowances, which want to know an owner and do not use it.
from snekmate.auth import ownable
from snekmate.tokens import erc20
# What it has in markets.
from contracts.modules import vault_markets
# Who wants in and out.
from contracts.modules import vault_queues
# The share.
from contracts.modules import vault_shares
# What the share is worth.
from contracts.modules import vault_pricing
# Decimals of the share.
from contracts.lib import share_math
# What foreign tokens do.
from contracts.lib import token_calls

implements: IERC20
implements: IERC20Detailed
implements: IERC4626
implements: IBackstopVault

initializes: ownership
initializes: erc20[ownable := ownable]
initializes: vault_shares[erc20 := erc20]
initializes: vault_queues[vault_shares := vault_shares]
initializes: vault_markets
initializes: vault_pricing[
    vault_markets := vault_markets, vault_queues := vault_queues, vault_shares := vault_shares
]

exports: (
    # owner
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
    # share
    vault_shares.name,
    vault_shares.symbol,
    vault_shares.decimals,
    vault_shares.totalSupply,
    vault_shares.balanceOf,
    vault_shares.allowance,
    vault_shares.transfer,
    vault_shares.transferFrom,
    vault_shares.approve,
    # worth
    vault_pricing.totalAssets,
    vault_pricing.convertToShares,
    vault_pricing.convertToAssets,
    vault_pricing.maxDeposit,
    vault_pricing.maxMint,
    vault_pricing.maxWithdraw,
    vault_pricing.maxRedeem,
    vault_pricing.previewDeposit,
    vault_pricing.previewMint,
    vault_pricing.previewWithdraw,
    vault_pricing.previewRedeem,
    # queues
    vault_queues.asset,
    vault_queues.request_deposit,
    vault_queues.cancel_deposit,
    vault_queues.deposit_request,
    vault_queues.request_redeem,
    vault_queues.cancel_redeem,
    vault_queues.redeem_request,
    vault_queues.requested_assets,
    vault_queues.queued_shares,
    vault_queues.deposit_delay,
    vault_queues.lock_up,
    # markets
    vault_markets.CLEARINGHOUSE,
    vault_markets.LENS,
    vault_markets.ENGINE,
    vault_markets.admit,
    vault_markets.took_over,
    vault_markets.watch,
    vault_markets.came_back,
    vault_markets.unwind,
    vault_markets.release,
    vault_markets.claim,
    vault_markets.settle,
    vault_markets.appraisal,
    vault_markets.committed,
    vault_markets.loss_cap,
    vault_markets.active_markets,
    vault_markets.band_bps,
)


@deploy
def __init__(
    _clearinghouse: address,
    _lens: address,
    _engine: address,
    _owner: address,
    _deposit_delay: uint256,
    _lock_up: uint256,
    _band_bps: uint256,
    _name: String[25],
    _symbol: String[5],
):
    """
    @param _clearinghouse whose account this is
    @param _lens says what positions are worth
    @param _engine hands positions over
    @param _owner who sets caps, band and delays, from now on
    @param _deposit_delay seconds, `_lock_up` too; see `set_delays`
    @param _band_bps see `set_band`
    @param _name of the share
    """
    answer: (bool, Bytes[32]) = raw_call(
        _clearinghouse, method_id("collateral()"), max_outsize=32, is_static_call=True, revert_on_failure=False
    )
    assert answer[0] and len(answer[1]) == 32, "no clearinghouse"
    token: address = convert(convert(answer[1], uint256), address)
    decimals: uint8 = staticcall IERC20Detailed(token).decimals()
    ownership.__init__(_owner)
    erc20.__init__(_name, _symbol, decimals + share_math.DECIMALS_OFFSET, _name, "1")
    vault_queues.__init__(token, _deposit_delay, _lock_up)
    vault_markets.__init__(_clearinghouse, _lens, _engine, _band_bps)
    vault_pricing.__init__(decimals)


# ---- in


@external
def deposit(_assets: uint256, _receiver: address) -> uint256:
    """
    @notice Turns assets into shares of the receiver: those that it has waiting and matured, or the caller's where there is no delay.
    @return shares rounded down
    @dev Reverts as `previewDeposit`, "zero shares", "bad receiver", "deposit not matured", "too many shares".
    """
    shares: uint256 = vault_pricing._entry_shares(vault_pricing._fair(), _assets)
    assert shares != 0 or _assets == 0, "zero shares"
    self._enter(_receiver, _assets, shares)
    return shares


@external
def mint(_shares: uint256, _receiver: address) -> uint256:
    """
    @notice As `deposit`, for so many shares.
    @return assets rounded up
    @dev Reverts as `previewMint`, "bad receiver", "deposit not matured", "too many shares".
    """
    assets: uint256 = vault_pricing._entry_assets(vault_pricing._fair(), _shares)
    self._enter(_receiver, assets, _shares)
    return assets


# ---- out


@external
def withdraw(_assets: uint256, _receiver: address, _owner: address) -> uint256:
    """
    @notice Pays assets for queued and matured shares of the owner, or for any of its shares where there is no lock-up. The caller is the
            owner, or has its allowance.
    @return shares rounded up
    @dev Reverts as `previewWithdraw`, "bad receiver", "insufficient allowance", "shares not matured" or "insufficient shares",
         "insufficient collateral" (it sits in positions: take less, or unwind).
    """
    shares: uint256 = vault_pricing._exit_shares(vault_pricing._fair(), _assets)
    self._leave(_receiver, _owner, _assets, shares)
    return shares


@external
def redeem(_shares: uint256, _receiver: address, _owner: address) -> uint256:
    """
    @notice As `withdraw`, for so many shares.
    @return assets rounded down
    @dev Reverts as `withdraw`.
    """
    assets: uint256 = vault_pricing._exit_assets(vault_pricing._fair(), _shares)
    self._leave(_receiver, _owner, assets, _shares)
    return assets


@external
def redeem_available(_receiver: address = msg.sender) -> uint256:
    """
    @notice Pays the caller for all its matured shares, or as much as is free for as many of them as that takes; the rest stays queued.
    @return assets
    @dev Reverts as `previewRedeem`, "bad receiver".
    """
    at: vault_pricing.Worth = vault_pricing._fair()
    shares: uint256 = vault_queues._redeemable(msg.sender)
    assets: uint256 = vault_pricing._exit_assets(at, shares)
    if assets > at.free:
        assets = at.free
        shares = vault_pricing._exit_shares(at, assets)
    self._leave(_receiver, msg.sender, assets, shares)
    return assets


# ---- owner


@external
def set_loss_cap(_market: uint256, _loss_cap: uint256):
    """
    @notice The most that may be lost in a market. Only the owner.
    @param _loss_cap WAD; 0: the vault takes nothing over there
    @dev Reverts "bad loss cap".
    """
    ownership._check_owner()
    vault_markets._set_loss_cap(_market, _loss_cap)


@external
def set_band(_band_bps: uint256):
    """
    @notice How far from mark an average may lie at which anyone may unwind. Only the owner.
    @param _band_bps 1 to 1,000
    @dev Reverts "bad band".
    """
    ownership._check_owner()
    vault_markets._set_band(_band_bps)


@external
def set_delays(_deposit_delay: uint256, _lock_up: uint256):
    """
    @notice How long later requests wait. Only the owner.
    @param _deposit_delay seconds, at most 30 days, `_lock_up` too; 0: no request is needed, and whoever has one cancels it
    @dev Reverts "bad deposit delay", "bad lock-up".
    """
    ownership._check_owner()
    vault_queues._set_delays(_deposit_delay, _lock_up)


# ---- parts


@internal
def _enter(_receiver: address, _assets: uint256, _shares: uint256):
    vault_shares._check_receiver(_receiver)
    vault_queues._use_deposit(_receiver, _assets)
    if _assets != 0:
        # Exactly this much, which the clearinghouse takes: some tokens refuse to change an allowance that is not 0.
        token_calls._move(
            vault_queues.asset,
            abi_encode(
                vault_markets.CLEARINGHOUSE.address, _assets, method_id=method_id("approve(address,uint256)")
            ),
        )
        extcall vault_markets.CLEARINGHOUSE.deposit(_assets)
    vault_shares._mint(_receiver, _shares)
    log IERC4626.Deposit(sender=msg.sender, owner=_receiver, assets=_assets, shares=_shares)


@internal
def _leave(_receiver: address, _owner: address, _assets: uint256, _shares: uint256):
    vault_shares._check_receiver(_receiver)
    if msg.sender != _owner:
        vault_shares._spend_allowance(_owner, _shares)
    vault_queues._use_redeem(_owner, _shares)
    if _assets != 0:
        # Refuses what is not free.
        extcall vault_markets.CLEARINGHOUSE.withdraw(_assets, _receiver)
    log IERC4626.Withdraw(sender=msg.sender, receiver=_receiver, owner=_owner, assets=_assets, shares=_shares)
