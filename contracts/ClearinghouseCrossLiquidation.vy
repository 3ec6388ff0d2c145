# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Clearinghouse, liquidation of cross accounts
@license MIT
@notice The part of the clearinghouse for takeovers and force closes where the target or the liquidator is a cross account. It runs in the
        clearinghouse's storage and holds nothing itself.
@custom:security Called on its own it works on its own empty storage: no market is listed there.
@custom:kill     See Clearinghouse.
"""

# Free collateral and operators.
from contracts.modules import accounts
# What the engine may do.
from contracts.modules import cross_liquidation
# What liquidations have in common.
from contracts.modules import liquidation_steps
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
# Trades against the venue.
from contracts.modules import swaps
# Deficits and the insurance fund.
from contracts.modules import waterfall

initializes: accounts
initializes: markets
initializes: positions[markets := markets]
initializes: parts[accounts := accounts]
initializes: payouts[accounts := accounts, markets := markets, parts := parts]
initializes: waterfall[markets := markets, payouts := payouts]
initializes: swaps[markets := markets]
initializes: liquidation_steps[markets := markets, payouts := payouts, swaps := swaps, waterfall := waterfall]
initializes: leg_reads[markets := markets]
initializes: portfolio[
    accounts := accounts, leg_reads := leg_reads, markets := markets, payouts := payouts, positions := positions
]
initializes: cross_liquidation[
    accounts := accounts,
    liquidation_steps := liquidation_steps,
    markets := markets,
    payouts := payouts,
    portfolio := portfolio,
    positions := positions
]

exports: (
    cross_liquidation.take_over,
    cross_liquidation.force_close,
)


@deploy
def __init__(_cross: address):
    """
    @param _cross ClearinghouseCross
    """
    parts.__init__(_cross, empty(address))
    markets.__init__()
