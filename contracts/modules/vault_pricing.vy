# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Vault pricing
@notice What the backstop vault's shares are worth, and how many may come and go now: the views of ERC-4626. Every division goes against
        the caller. Who leaves counts what is there; who comes also counts what markets owe, which may be paid the next moment.
"""

from interfaces import IBackstopVault

from contracts.lib import share_math
from contracts.modules import vault_markets
from contracts.modules import vault_queues
from contracts.modules import vault_shares

uses: vault_markets
uses: vault_queues
uses: vault_shares

# What the clearinghouse takes in one deposit, WAD.
MAX_DEPOSIT: constant(uint256) = 10**30

# WAD per smallest unit of the asset.
SCALE: immutable(uint256)


# Assets of the vault, token units.
struct Worth:
    leaving: uint256  # as who leaves counts them
    coming: uint256  # as who comes counts them
    free: uint256  # that can be paid out now: collateral that is free, as far as the outflow limit lets it go
    obstacle: uint256  # see IBackstopVault.Appraisal
    supply: uint256  # of shares


@deploy
def __init__(_decimals: uint8):
    SCALE = 10 ** (18 - convert(_decimals, uint256))


@external
@view
def totalAssets() -> uint256:
    """
    @notice Free collateral and the equity of each position that has one, at mark (while that is stale, the last), rounded down. What
            markets owe does not count, nor what waits to be deposited.
    """
    return self._worth().leaving


@external
@view
def convertToShares(_assets: uint256) -> uint256:
    """
    @notice Shares for so many assets, both in their own smallest units, as who leaves counts them; rounded down.
    @dev Reverts "conversion too large".
    """
    worth: Worth = self._worth()
    return self._checked(share_math._to_shares(_assets, worth.leaving, worth.supply, False))


@external
@view
def convertToAssets(_shares: uint256) -> uint256:
    """
    @notice Assets for so many shares, as who leaves counts them; rounded down.
    @dev Reverts "conversion too large".
    """
    return self._exit_assets(self._worth(), _shares)


@external
@view
def previewDeposit(_assets: uint256) -> uint256:
    """
    @notice Shares that a deposit of so many assets gets now; rounded down.
    @dev Reverts "no price", "stale price", "price just jumped", "conversion too large".
    """
    return self._entry_shares(self._fair(), _assets)


@external
@view
def previewMint(_shares: uint256) -> uint256:
    """
    @notice Assets that so many new shares cost now; rounded up.
    @dev Reverts as `previewDeposit`.
    """
    return self._entry_assets(self._fair(), _shares)


@external
@view
def previewWithdraw(_assets: uint256) -> uint256:
    """
    @notice Shares that so many assets cost who leaves now; rounded up.
    @dev Reverts as `previewDeposit`.
    """
    return self._exit_shares(self._fair(), _assets)


@external
@view
def previewRedeem(_shares: uint256) -> uint256:
    """
    @notice Assets that so many shares bring who leaves now; rounded down.
    @dev Reverts as `previewDeposit`.
    """
    return self._exit_assets(self._fair(), _shares)


@external
@view
def maxDeposit(_receiver: address) -> uint256:
    """
    @notice Exactly what `deposit` takes for the receiver now; 0 while there is no price to take it at, or where it buys no share.
    """
    return self._most_in(self._worth(), _receiver)


@external
@view
def maxMint(_receiver: address) -> uint256:
    """
    @notice Exactly what `mint` makes for the receiver now.
    """
    worth: Worth = self._worth()
    return share_math._to_shares(self._most_in(worth, _receiver), worth.coming, worth.supply, False)


@external
@view
def maxWithdraw(_owner: address) -> uint256:
    """
    @notice Exactly what `withdraw` pays the owner now; 0 while there is no price to pay it at.
    """
    worth: Worth = self._worth()
    if worth.obstacle != 0:
        return 0
    held: uint256 = vault_queues._redeemable(_owner)
    return min(worth.free, share_math._to_assets(held, worth.leaving, worth.supply, False))


@external
@view
def maxRedeem(_owner: address) -> uint256:
    """
    @notice Exactly what `redeem` redeems for the owner now.
    """
    return self._most_out(self._worth(), _owner)


# ---- parts


@internal
@view
def _worth() -> Worth:
    held: IBackstopVault.Appraisal = vault_markets._appraise()
    present: uint256 = held.free_collateral + held.equity
    return Worth(
        leaving=present // SCALE,
        coming=(present + held.owed + SCALE - 1) // SCALE,
        free=min(held.free_collateral, staticcall vault_markets.CLEARINGHOUSE.outflow_room()) // SCALE,
        obstacle=held.obstacle,
        supply=vault_shares._supply(),
    )


@internal
@view
def _fair() -> Worth:
    """
    @notice What the vault is worth, if it may be dealt in at that.
    """
    worth: Worth = self._worth()
    vault_markets._check_obstacle(worth.obstacle)
    return worth


@internal
@pure
def _checked(_amount: uint256) -> uint256:
    assert _amount != max_value(uint256), "conversion too large"
    return _amount


@internal
@pure
def _entry_shares(_at: Worth, _assets: uint256) -> uint256:
    return self._checked(share_math._to_shares(_assets, _at.coming, _at.supply, False))


@internal
@pure
def _entry_assets(_at: Worth, _shares: uint256) -> uint256:
    return self._checked(share_math._to_assets(_shares, _at.coming, _at.supply, True))


@internal
@pure
def _exit_shares(_at: Worth, _assets: uint256) -> uint256:
    return self._checked(share_math._to_shares(_assets, _at.leaving, _at.supply, True))


@internal
@pure
def _exit_assets(_at: Worth, _shares: uint256) -> uint256:
    return self._checked(share_math._to_assets(_shares, _at.leaving, _at.supply, False))


@internal
@view
def _most_in(_at: Worth, _receiver: address) -> uint256:
    """
    @notice The most assets that may be deposited for a receiver now.
    """
    if _at.obstacle != 0:
        return 0
    assets: uint256 = min(vault_queues._depositable(_receiver), MAX_DEPOSIT // SCALE)
    room: uint256 = share_math.MAX_SHARES - _at.supply
    assets = min(assets, share_math._to_assets(room, _at.coming, _at.supply, False))
    # What would buy no share is not taken.
    if share_math._to_shares(assets, _at.coming, _at.supply, False) == 0:
        return 0
    return assets


@internal
@view
def _most_out(_at: Worth, _owner: address) -> uint256:
    """
    @notice The most shares that may be redeemed for an owner now.
    """
    if _at.obstacle != 0:
        return 0
    return min(vault_queues._redeemable(_owner), share_math._most_shares(_at.free, _at.leaving, _at.supply))
