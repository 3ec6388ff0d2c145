# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Backstop
@notice Hands failing positions to the vault that stands behind all markets. docs/spec.md section 13.
"""

from interfaces import IBackstopVault
from interfaces import ILiquidationEngine

from contracts.lib import policy_word
from contracts.lib import reasons
from contracts.modules import policies

uses: policies


MAX_LEGS: constant(uint256) = 16

# Whose deposits take over what nobody else took; zero for none.
backstop_vault: public(address)


@external
def set_backstop(_vault: address):
    """
    @notice Replaces the vault; what the old one holds stays with it.
    @dev Reverts "not config".
    """
    if msg.sender != policies.CONFIG:
        reasons._revert(reasons.NOT_CONFIG)
    self.backstop_vault = _vault
    log ILiquidationEngine.BackstopSet(vault=_vault)


@external
@reentrant
def take_over_leg(_market: uint256, _target: address):
    """
    @notice One position of a cross account, on its own: what refuses it does not keep the others. Only the engine itself.
    @dev Reverts "not engine", and as `liquidate_by_backstop`. The engine calls it under its own lock.
    """
    if msg.sender != self:
        reasons._revert(reasons.NOT_ENGINE)
    self._take_over_leg(_market, _target)


@internal
def _take_over(_market: uint256, _target: address):
    """
    @notice The position in a market must go. Of a cross account all others go, too, but for those that are refused: each leaves with its share of
            the account by maintenance margin, so the stage of what is left stays the same.
    """
    legs: uint256 = 0
    if (staticcall policies.CLEARINGHOUSE.position(_market, _target)).cross:
        legs = (staticcall policies.CLEARINGHOUSE.cross_markets(_target))[1]
    else:
        self._take_over_leg(_market, _target)
    for i: uint256 in range(MAX_LEGS):
        if legs >> i & 1 == 0:
            continue
        if i == _market:
            self._take_over_leg(i, _target)
        elif (staticcall policies.CLEARINGHOUSE.position(i, _target)).size != 0:
            went: bool = False
            words: Bytes[32] = b""
            went, words = raw_call(
                self,
                abi_encode(i, _target, method_id=method_id("take_over_leg(uint256,address)")),
                max_outsize=32,
                revert_on_failure=False,
            )
            # a refusal has words; the caller must not choose by the gas it gives which of them go
            assert went or len(words) != 0, "leg ran out of gas"


@internal
def _take_over_leg(_market: uint256, _target: address):
    policy: uint256 = policies._policy(_market)
    vault: address = self.backstop_vault
    if policy_word._backstop_bps(policy) == 0 or vault == empty(address):
        reasons._revert(reasons.NO_BACKSTOP)
    # The vault commits all it admits; what was not needed comes back.
    admitted: uint256 = staticcall IBackstopVault(vault).admit(_market)
    extcall IBackstopVault(vault).took_over(_market, admitted)
    extcall policies.CLEARINGHOUSE.take_over(
        _market,
        vault,
        _target,
        max_value(uint256),
        admitted,
        policy_word._for_backstop(policy),
        policies._grace_refusal(_market, policy),
    )
    extcall IBackstopVault(vault).came_back(_market)

