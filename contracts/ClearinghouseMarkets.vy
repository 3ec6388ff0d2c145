# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Clearinghouse, markets
@license MIT
@notice The part of the clearinghouse that trades do not need: the venues' side, parameters and status, insurance, claims, carry of positions,
        the end of markets, margin of isolated positions, and reads. It runs in the clearinghouse's storage and holds nothing itself.
@custom:security Called on its own it works on its own empty storage: no market is listed there.
@custom:kill     See Clearinghouse.
"""

# Free collateral and operators.
from contracts.modules import accounts
# What Config may do.
from contracts.modules import administration
# Margin in and out of positions.
from contracts.modules import margin_adjustment
# Positions brought up to now.
from contracts.modules import carry_payment
# Reads.
from contracts.modules import market_views
# Markets of other legs.
from contracts.modules import leg_reads
# The words of every market.
from contracts.modules import markets
# The part that checks what free collateral must carry.
from contracts.modules import parts
# Between free collateral and pots, and what pots owe.
from contracts.modules import payouts
# All legs of an account.
from contracts.modules import portfolio
# Records of positions.
from contracts.modules import positions
# What venues may do.
from contracts.modules import providers
# The end of a market.
from contracts.modules import settlement
# Deficits and the insurance fund.
from contracts.modules import waterfall

initializes: accounts
initializes: markets
initializes: positions[markets := markets]
initializes: parts[accounts := accounts]
initializes: payouts[accounts := accounts, markets := markets, parts := parts]
initializes: waterfall[markets := markets, payouts := payouts]
initializes: leg_reads[markets := markets]
initializes: portfolio[
    accounts := accounts, leg_reads := leg_reads, markets := markets, payouts := payouts, positions := positions
]
initializes: carry_payment[markets := markets, payouts := payouts, portfolio := portfolio, positions := positions]
initializes: providers[
    accounts := accounts, markets := markets, payouts := payouts, positions := positions, waterfall := waterfall
]
initializes: administration[accounts := accounts, markets := markets, waterfall := waterfall]
initializes: settlement[administration := administration, markets := markets]
initializes: margin_adjustment[accounts := accounts, markets := markets, payouts := payouts, positions := positions]
initializes: market_views[markets := markets, waterfall := waterfall]

exports: (
    # accounts
    payouts.claim,
    # markets
    margin_adjustment.adjust_margin,
    carry_payment.settle,
    waterfall.donate_insurance,
    settlement.settle_dead_market,
    # venue
    providers.venue_accrue,
    providers.venue_provide,
    providers.venue_absorb,
    # config
    administration.set_market,
    administration.set_status,
    administration.set_outflow_limit,
    administration.collect_protocol_fees,
    settlement.settle_market,
    # reads
    market_views.market_state,
    market_views.extras_word,
    market_views.insurance_fund,
    market_views.long_social_loss_index,
    market_views.short_social_loss_index,
    market_views.open_interest,
    market_views.pot,
    market_views.mark_price,
)


@deploy
def __init__(_config: address, _cross: address):
    """
    @param _config the parameters' contract
    @param _cross ClearinghouseCross
    """
    parts.__init__(_cross, empty(address))
    administration.__init__(_config)
    markets.__init__()


@external
@reentrant
@raw_return
def __default__() -> Bytes[1_024]:
    """
    @notice What is left is in the part for cross accounts. Its functions take the lock themselves, or need none.
    """
    return raw_call(parts.CROSS, msg.data, max_outsize=1_024, is_delegate_call=True)
