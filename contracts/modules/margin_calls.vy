# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Margin calls
@notice Announces accounts that are near or past liquidation, and records since when: what opens the last resort.
"""

from interfaces import ILiquidationEngine

from contracts.lib import health_math
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import market_reads
from contracts.modules import policies

uses: policies

MAX_ACCOUNTS: constant(uint256) = 256


@external
def call_margin(_market: uint256, _accounts: DynArray[address, MAX_ACCOUNTS]):
    """
    @notice Records which of the accounts are liquidatable, clears those found healthy, and announces each in the margin-call stage
            or worse. Anyone. Accounts without a position are passed over.
    @dev Reverts "unknown market", "stale price".
    """
    policy: uint256 = policies._policy(_market)
    view: market_reads.View = market_reads._view(policies.CLEARINGHOUSE, _market)
    if view.state.stale:
        reasons._revert(reasons.STALE_PRICE)
    for account: address in _accounts:
        self._call(view, policy, account)


@internal
def _call(_view: market_reads.View, _policy: uint256, _account: address):
    key: uint256 = policies._key(_view.market, _account)
    position: position_math.Position = market_reads._settled(_view, _account)
    record: uint256 = policies.records[key]
    if position.size == 0:
        self._forget(key, record)
        return
    equity: int256 = 0
    margin: uint256 = 0
    equity, margin = market_reads._standing(_view, _account, position)
    stage: uint256 = health_math._stage(
        equity,
        margin,
        policy_word._trigger_bps(_policy),
        policy_word._backstop_bps(_policy),
        policy_word._margin_call_bps(_policy),
    )
    since: uint256 = 0
    if stage >= health_math.LIQUIDATABLE:
        since = policies._since(_view.market, _account, _policy)
        if since == 0:
            since = block.timestamp
            policies.records[key] = (
                record >> 48 << 48 | policies._record(position.size, position.flags >> 1, since)
            )
    else:
        self._forget(key, record)
    if stage != health_math.HEALTHY:
        log ILiquidationEngine.MarginCall(
            market=_view.market,
            account=_account,
            stage=stage,
            equity=equity,
            maintenance_margin=margin,
            since=since,
        )


@internal
def _forget(_key: uint256, _record: uint256):
    """
    @notice Clears since when an account is liquidatable. The stamp of a chunk stays until it expires: neither a top-up, nor the chunk itself, nor
            a position opened anew does away with the cooldown.
    """
    if _record & policies.MASK_SINCE != 0:
        policies.records[_key] = _record >> 48 << 48
