# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Clearinghouse, auto-deleveraging
@license MIT
@notice The part of the clearinghouse that closes bankrupt positions against those on the other side, and turns positions of settling markets
        into claims. It runs in the clearinghouse's storage and holds nothing itself.
@custom:security Called on its own it works on its own empty storage: no market is listed there.
@custom:kill     See Clearinghouse.
"""

# Positions that become claims.
from contracts.modules import account_settlement
# Free collateral and operators.
from contracts.modules import accounts
# What the engine may do.
from contracts.modules import deleveraging
# Other markets, as far as an account's health needs them.
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
initializes: account_settlement[
    accounts := accounts,
    markets := markets,
    payouts := payouts,
    portfolio := portfolio,
    positions := positions,
    waterfall := waterfall
]
initializes: deleveraging[
    accounts := accounts,
    markets := markets,
    payouts := payouts,
    portfolio := portfolio,
    positions := positions,
    waterfall := waterfall
]

exports: (
    deleveraging.deleverage,
    account_settlement.settle_account,
)


@deploy
def __init__(_engine: address):
    """
    @param _engine the liquidation engine
    """
    # nothing here spends free collateral on anything but an account's own legs
    parts.__init__(empty(address), empty(address))
    deleveraging.__init__(_engine)
    markets.__init__()
