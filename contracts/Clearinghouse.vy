# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Clearinghouse
@license MIT
@notice Custody, accounts, positions, indices, insurance funds and pots of all markets of one collateral token. It owns every
        invariant: no engine, venue or parameter, however wrong, can mint collateral or empty another market's pot.
        One account, one storage; its code lies in five contracts. Here is what isolated positions need; the parts run in this
        storage: ClearinghouseCross (trades of cross accounts), ClearinghouseCrossLiquidation, ClearinghouseMarkets (venues,
        parameters, settlement, reads), ClearinghouseDeleveraging (ADL).
@custom:security The parts are fixed at construction: no upgrade. Two callers are fixed too: the engine, trusted to name the liquidator whose
                 margin a takeover uses, and Config, trusted with parameters and status. A market's venue is trusted to name the provider
                 whose margin a range uses: who lists a market vouches for its venue. See SECURITY.md.
@custom:kill     There is no kill switch. Config can make a market reduce-only, or settle it; exits always work.
"""

# Free collateral and operators.
from contracts.modules import accounts
# The token.
from contracts.modules import custody
# What the engine may do.
from contracts.modules import liquidation
# What liquidations have in common.
from contracts.modules import liquidation_steps
# The words of every market.
from contracts.modules import markets
# The other contracts of the clearinghouse.
from contracts.modules import parts
# Between free collateral and pots, and what pots owe.
from contracts.modules import payouts
# Records of positions.
from contracts.modules import positions
# Reads of records.
from contracts.modules import record_views
# Trades against the venue.
from contracts.modules import swaps
# What every trade must meet.
from contracts.modules import trade_rules
# What traders do.
from contracts.modules import trading
# Deficits and the insurance fund.
from contracts.modules import waterfall

initializes: accounts
initializes: markets
initializes: positions[markets := markets]
initializes: parts[accounts := accounts]
initializes: payouts[accounts := accounts, markets := markets, parts := parts]
initializes: custody[accounts := accounts, parts := parts]
initializes: waterfall[markets := markets, payouts := payouts]
initializes: swaps[markets := markets]
initializes: trade_rules[markets := markets]
initializes: liquidation_steps[markets := markets, payouts := payouts, swaps := swaps, waterfall := waterfall]
initializes: trading[
    accounts := accounts,
    markets := markets,
    parts := parts,
    payouts := payouts,
    positions := positions,
    swaps := swaps,
    trade_rules := trade_rules,
    waterfall := waterfall
]
initializes: liquidation[
    accounts := accounts,
    liquidation_steps := liquidation_steps,
    markets := markets,
    parts := parts,
    payouts := payouts,
    positions := positions,
    waterfall := waterfall
]
initializes: record_views[markets := markets, positions := positions]

exports: (
    # accounts
    custody.deposit,
    custody.withdraw,
    custody.collateral,
    accounts.free_collateral,
    # trading
    trading.trade,
    # markets
    markets.accrue,
    markets.market_count,
    # engine
    liquidation.take_over,
    liquidation.force_close,
    # reads
    record_views.position,
    record_views.market_words,
)


# Longest answer of a part: the state of a market.
MAX_ANSWER: constant(uint256) = 2_048

# What the part for auto-deleveraging does.
DELEVERAGE: constant(bytes4) = method_id("deleverage(uint256,address,uint256,address[])", output_type=bytes4)
SETTLE_ACCOUNT: constant(bytes4) = method_id("settle_account(uint256,address)", output_type=bytes4)

# An account's health: straight to the part for it.
ACCOUNT_STATE: constant(bytes4) = method_id("account_state(address)", output_type=bytes4)

# Where everything goes that is not here.
MARKETS: immutable(address)

# Closes bankrupt positions against those opposite.
DELEVERAGING: immutable(address)


@deploy
def __init__(
    _token: address,
    _engine: address,
    _cross: address,
    _cross_liquidation: address,
    _markets: address,
    _deleveraging: address,
):
    """
    @param _token collateral, 0 to 18 decimals
    @param _engine the liquidation engine
    @param _cross ClearinghouseCross
    @param _cross_liquidation ClearinghouseCrossLiquidation
    @param _markets ClearinghouseMarkets
    @param _deleveraging ClearinghouseDeleveraging
    """
    parts.__init__(_cross, _cross_liquidation)
    custody.__init__(_token)
    liquidation.__init__(_engine)
    markets.__init__()
    MARKETS = _markets
    DELEVERAGING = _deleveraging


@external
@view
@reentrant
def code_parts() -> (address, address, address, address):
    """
    @notice The contracts whose code runs in this storage: for cross accounts and their liquidation, for markets, for
            auto-deleveraging.
    """
    return parts.CROSS, parts.CROSS_LIQUIDATION, MARKETS, DELEVERAGING


@external
@reentrant
@raw_return
def __default__() -> Bytes[MAX_ANSWER]:
    """
    @notice Everything else, by the part for auto-deleveraging, for cross accounts or for markets. Their functions take the lock themselves.
    """
    part: address = MARKETS
    selector: bytes4 = convert(slice(msg.data, 0, 4), bytes4)
    if selector == DELEVERAGE or selector == SETTLE_ACCOUNT:
        part = DELEVERAGING
    elif selector == ACCOUNT_STATE:
        part = parts.CROSS
    return raw_call(part, msg.data, max_outsize=MAX_ANSWER, is_delegate_call=True)
