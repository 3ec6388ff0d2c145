# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Account settlement
@notice Positions of a market that settles become claims at its final price, one by one. docs/spec.md section 15.
@dev    Deficits are paid by the insurance fund, whatever its draw limit, and never by an index: what it does not cover lowers what all
        claims are paid.
"""

from interfaces import IClearinghouse

from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import portfolio
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: markets
uses: payouts
uses: portfolio
uses: positions
uses: waterfall


@external
def settle_account(_market: uint256, _account: address):
    """
    @notice Turns a position of a settling market into a claim. A loss is paid by all that backs it, of a cross account free collateral
            and then the profits of other legs, and what is left of it by the insurance fund. Anyone.
    @dev Reverts "unknown market", "market is not settling", "no position".
    """
    market: markets.Market = markets._read(_market)
    if market.flags & markets.SETTLING == 0:
        reasons._revert(reasons.MARKET_IS_NOT_SETTLING)
    market.mark = markets.final_prices[_market]
    position: position_math.Position = positions._load_settled(market, _account)
    size: int256 = position.size
    if size == 0 and position.balance == 0:
        reasons._revert(reasons.NO_POSITION)
    cross: bool = size != 0 and position.flags & positions.FLAG_CROSS != 0
    worth: int256 = position_math._worth(position, market.mark)
    if not (worth >= 0) and cross:
        missing: uint256 = 0
        market, position, missing = portfolio._fund(market, _account, position, position_math._abs(worth))
        worth = unsafe_sub(0, convert(missing, int256))
    if not (worth >= 0):
        market = waterfall._absorb_settling(market, size, convert(unsafe_sub(0, worth), uint256))
    if worth > 0:
        market = payouts._owe(market, _account, convert(worth, uint256))
    elif cross and payouts.debts[positions._key(_market, _account)] == 0:
        # a claim goes on backing the account's other legs: the bit stays until it is paid
        accounts._set_leg(_account, _market, False)
    market = positions._replace(market, _account, size, empty(position_math.Position))
    markets._close(market)
    log IClearinghouse.AccountSettled(market=_market, account=_account, size=size, claim=worth)
