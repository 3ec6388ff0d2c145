# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Clearinghouse
@notice Custody, accounts, positions, indices, insurance funds and pots of all markets of one collateral token. It owns every
        invariant: no engine, venue or parameter, however wrong, can mint collateral or empty another market's pot.
@custom:security Two callers are fixed at construction: the engine, trusted to name the liquidator whose margin a takeover uses, and Config,
                 trusted with parameters and status. A market's venue is trusted to name the provider whose margin a range uses: who lists
                 a market vouches for its venue. See SECURITY.md.
@custom:kill     There is no kill switch and no upgrade. Config can make a market reduce-only; exits always work.
"""

from interfaces import IClearinghouse

# Free collateral and the token.
from contracts.modules import accounts
# What Config may do.
from contracts.modules import administration
# The end of a change to a position.
from contracts.modules import closing
# What the engine may do.
from contracts.modules import liquidation
# The words of every market.
from contracts.modules import markets
# Reads.
from contracts.modules import market_views
# Between free collateral and pots, and what pots owe.
from contracts.modules import payouts
# Records of positions.
from contracts.modules import positions
# What venues may do.
from contracts.modules import providers
# Trades against the venue.
from contracts.modules import swaps
# What traders do.
from contracts.modules import trading
# Deficits and the insurance fund.
from contracts.modules import waterfall

implements: IClearinghouse

initializes: accounts
initializes: markets
initializes: positions
initializes: payouts[accounts := accounts, markets := markets]
initializes: waterfall[markets := markets, payouts := payouts]
initializes: closing[markets := markets, payouts := payouts]
initializes: swaps[markets := markets]
initializes: trading[
    accounts := accounts,
    closing := closing,
    markets := markets,
    payouts := payouts,
    positions := positions,
    swaps := swaps,
    waterfall := waterfall
]
initializes: liquidation[
    accounts := accounts,
    closing := closing,
    markets := markets,
    payouts := payouts,
    positions := positions,
    swaps := swaps,
    waterfall := waterfall
]
initializes: providers[markets := markets, payouts := payouts, positions := positions, waterfall := waterfall]
initializes: administration[markets := markets, payouts := payouts]
initializes: market_views[markets := markets, positions := positions, waterfall := waterfall]

exports: (
    # accounts
    accounts.deposit,
    accounts.withdraw,
    accounts.set_operator,
    accounts.free_collateral,
    accounts.is_operator,
    accounts.collateral,
    payouts.claim,
    payouts.owed,
    # trading
    trading.trade,
    trading.adjust_margin,
    trading.settle,
    # markets
    markets.accrue,
    markets.market_count,
    waterfall.donate_insurance,
    # engine
    liquidation.take_over,
    liquidation.force_close,
    # venue
    providers.venue_accrue,
    providers.venue_provide,
    providers.venue_absorb,
    # config
    administration.set_market,
    administration.set_status,
    administration.collect_protocol_fees,
    # reads
    market_views.position,
    market_views.market_state,
    market_views.market_words,
    market_views.insurance_fund,
    market_views.long_social_loss_index,
    market_views.short_social_loss_index,
    market_views.open_interest,
    market_views.pot,
    market_views.mark_price,
)


@deploy
def __init__(_token: address, _engine: address, _config: address):
    """
    @param _token collateral, 0 to 18 decimals
    @param _engine the liquidation engine
    @param _config the parameters' contract
    """
    accounts.__init__(_token)
    markets.__init__()
    liquidation.__init__(_engine)
    administration.__init__(_config)
