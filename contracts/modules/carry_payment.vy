# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Carry payment
@notice Brings a position up to now: its carry is paid, and what deleveraging left of it paid out. docs/spec.md section 5.
"""

from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import portfolio
from contracts.modules import positions

uses: markets
uses: payouts
uses: portfolio
uses: positions


@external
def settle(_market: uint256, _account: address):
    """
    @notice Pays an account's carry out of (or into) its balance, and a cross position's loss out of its free collateral. Its equity does
            not change. Pays out what auto-deleveraging left, as far as the pot has it. Anyone.
    @dev Reverts "no position", and what `accrue` reverts.
    """
    market: markets.Market = markets._open(_market)
    position: position_math.Position = positions._load_settled(market, _account)
    if position.size == 0:
        if position.balance == 0:
            reasons._revert(reasons.NO_POSITION)
        due: uint256 = convert(position.balance, uint256)
        paid: uint256 = payouts._payable(market, due)
        market = payouts._pay(market, _account, paid)
        markets._close(market)
        positions._store_flat(_market, _account, unsafe_sub(due, paid))
    elif position.flags & positions.FLAG_CROSS != 0:
        market, position = portfolio._cover(market, _account, position)
        positions._store(_market, _account, position)
        markets._close(market)
    else:
        positions._store(_market, _account, position)
