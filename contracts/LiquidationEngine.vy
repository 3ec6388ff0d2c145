# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Liquidation engine
@license MIT
@notice Policy and procedure of liquidations, one policy word per market. Who is liquidatable and what it costs is decided
        by the clearinghouse; the engine says which ways a market knows and when. It holds no money.
@custom:security Policies come from Config alone. Nobody can be refused a takeover of a bankrupt target, whatever the policy.
@custom:kill     None: a market without force close or takeover in its policy still has the takeover of bankrupt and overdue targets.
"""

from interfaces import IBackstopVault
from interfaces import ILiquidationEngine

# Bounds of what is asked.
from contracts.lib import liquidation_math
# Which ways a market knows.
from contracts.lib import policy_word
# What is said on refusal.
from contracts.lib import reasons

# What the backstop takes.
from contracts.modules import backstop
# When accounts were found failing.
from contracts.modules import margin_calls
# Policy words and records.
from contracts.modules import policies
# What a liquidation would do.
from contracts.modules import previews

implements: ILiquidationEngine

initializes: policies
initializes: backstop[policies := policies]
initializes: margin_calls[policies := policies]
initializes: previews[policies := policies]

exports: (
    policies.set_policy,
    policies.policy,
    policies.liquidatable_since,
    policies.clearinghouse,
    backstop.set_backstop,
    backstop.backstop_vault,
    backstop.take_over_leg,
    margin_calls.call_margin,
    previews.preview_takeover,
    previews.preview_force_close,
)


@deploy
def __init__(_clearinghouse: address, _config: address):
    """
    @param _clearinghouse where the money is; it must name this engine
    @param _config the parameters' contract
    """
    policies.__init__(_clearinghouse, _config)


@external
def liquidate_by_takeover(_market: uint256, _target: address, _size: uint256, _margin: uint256):
    """
    @notice Takes (part of) a failing position over, with the margin on it. The caller's position must meet the opening rule
            afterwards.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _margin WAD from the caller's free collateral
    @dev Reverts: docs/errors.md, "takeover". Without the lock: nothing here is written, and the clearinghouse takes its own.
    """
    if _margin > liquidation_math.MAX_MARGIN:
        reasons._revert(reasons.AMOUNT_TOO_LARGE)
    policy: uint256 = policies.policies[_market]
    refusal: uint256 = 0
    # where takeovers are allowed and there is no grace period nothing can be said against one
    if policy & policy_word.TAKEOVER_AND_GRACE != policy_word.FLAG_TAKEOVER:
        if policy == 0:
            reasons._revert(reasons.UNKNOWN_MARKET)
        refusal = policies._takeover_refusal(_market, _target, policy)
    extcall policies.CLEARINGHOUSE.take_over(
        _market, msg.sender, _target, _size, _margin, policy, refusal, skip_contract_check=True
    )


@external
def force_close(_market: uint256, _target: address, _size: uint256, _limit_price: uint256):
    """
    @notice Closes (part of) a failing position against the venue; of a large one exactly a chunk, and the rest after a cooldown.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _limit_price WAD, worst average price for the target; 0 is none
    @dev Reverts: docs/errors.md, "force close".
    """
    refusal: uint256 = 0
    policy: uint256 = 0
    refusal, policy = policies._force_close_refusal(_market, _target, policies._policy(_market))
    if extcall policies.CLEARINGHOUSE.force_close(
        _market, msg.sender, _target, _size, _limit_price, policy, refusal, skip_contract_check=True
    ):
        policies._stamp(_market, _target)


@external
def liquidate_by_backstop(_market: uint256, _target: address):
    """
    @notice Has the backstop vault take a failing position over, whole and with all its margin; of a cross account every other position,
            too, but for those that it may not take now. The vault puts in what the opening rule asks for, within its loss cap. Anyone.
    @dev Reverts: docs/errors.md, "backstop".
    """
    backstop._take_over(_market, _target)


@external
def auto_deleverage(
    _market: uint256, _target: address, _counterparties: DynArray[address, policy_word.MAX_DELEVERAGED]
):
    """
    @notice Closes a bankrupt position, for which the insurance fund has nothing, against those on the other side at a price without
            a loss. Anyone.
    @param _counterparties accounts of the other side by falling rank, at least 99 % of it: Lens.adl_counterparties
    @dev Reverts: docs/errors.md, "auto-deleveraging".
    """
    policy: uint256 = policies._policy(_market)
    if policy & policy_word.FLAG_LOSS_ADL == 0:
        reasons._revert(reasons.ADL_NOT_ALLOWED)
    # what it pays the vault is less at risk
    vault: address = backstop.backstop_vault
    pays_vault: bool = vault != empty(address) and (_target == vault or vault in _counterparties)
    if pays_vault:
        extcall IBackstopVault(vault).watch(_market)
    # as long as the list is, not as it may be
    raw_call(
        policies.CLEARINGHOUSE.address,
        abi_encode(
            _market,
            _target,
            policy,
            _counterparties,
            method_id=method_id("deleverage(uint256,address,uint256,address[])"),
        ),
    )
    if pays_vault:
        extcall IBackstopVault(vault).came_back(_market)
