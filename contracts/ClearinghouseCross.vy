# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Clearinghouse, cross accounts
@license MIT
@notice The part of the clearinghouse for accounts whose free collateral backs their positions: their trades, what a
        withdrawal must leave, and reads of them. It runs in the clearinghouse's storage and holds nothing itself.
@custom:security Called on its own it works on its own empty storage: no market is listed there.
@custom:kill     See Clearinghouse.
"""

# Free collateral and operators.
from contracts.modules import accounts
# Reads of accounts.
from contracts.modules import account_views
# What traders do.
from contracts.modules import cross_trading
# Cross or isolated.
from contracts.modules import margin_modes
# What a market shows of them.
from contracts.modules import liquidation_prices
# Markets of other legs.
from contracts.modules import leg_reads
# The words of every market.
from contracts.modules import markets
# Named by the modules below; nothing of an isolated account is checked here.
from contracts.modules import parts
# Between free collateral and pots, and what pots owe.
from contracts.modules import payouts
# All legs of an account.
from contracts.modules import portfolio
# Records of positions.
from contracts.modules import positions
# Trades against the venue.
from contracts.modules import swaps
# What every trade must meet.
from contracts.modules import trade_rules
# Deficits and the insurance fund.
from contracts.modules import waterfall

initializes: accounts
initializes: markets
initializes: positions[markets := markets]
initializes: parts[accounts := accounts]
initializes: payouts[accounts := accounts, markets := markets, parts := parts]
initializes: waterfall[markets := markets, payouts := payouts]
initializes: swaps[markets := markets]
initializes: trade_rules[markets := markets]
initializes: leg_reads[markets := markets]
initializes: portfolio[
    accounts := accounts, leg_reads := leg_reads, markets := markets, payouts := payouts, positions := positions
]
initializes: liquidation_prices[markets := markets, portfolio := portfolio, positions := positions]
initializes: cross_trading[
    accounts := accounts,
    liquidation_prices := liquidation_prices,
    markets := markets,
    payouts := payouts,
    portfolio := portfolio,
    positions := positions,
    swaps := swaps,
    trade_rules := trade_rules,
    waterfall := waterfall
]
initializes: margin_modes[accounts := accounts, markets := markets, positions := positions]
initializes: account_views[
    accounts := accounts, markets := markets, portfolio := portfolio, positions := positions
]

exports: (
    cross_trading.trade,
    cross_trading.check_free,
    margin_modes.set_margin_mode,
    accounts.set_operator,
    accounts.is_operator,
    accounts.cross_markets,
    payouts.owed,
    account_views.account_state,
    account_views.made_good,
    account_views.outflow_room,
    account_views.detached,
    liquidation_prices.announce,
    liquidation_prices.spare,
)


@deploy
def __init__():
    # nothing here spends free collateral on anything else
    parts.__init__(empty(address), empty(address))
    markets.__init__()
