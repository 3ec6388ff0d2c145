# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Payouts
@notice Collateral crosses between free collateral and a market's pot here and nowhere else. A pot never pays more than it
        holds: what it lacks is recorded as owed and claimed later, so that a close never reverts for it.
"""

from interfaces import IClearinghouse

from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import parts
from contracts.modules import positions

from contracts.lib import fixed_point
from contracts.lib import position_math
from contracts.lib import reasons

uses: accounts
uses: markets
uses: parts

# What a market owes: market << 160 | account -> WAD.
debts: HashMap[uint256, uint256]


@external
def claim(_market: uint256, _account: address = msg.sender):
    """
    @notice Pays what the market owes to an account, all of it, once the pot covers everything that is owed. Where the market settled:
            once every position and range is settled, in full or in proportion to what the pot has.
    @dev Reverts "unknown market", "nothing owed", "pot is short", "market is settling".
    """
    market: markets.Market = markets._read(_market)
    debt: uint256 = self.debts[positions._key(_market, _account)]
    if debt == 0:
        reasons._revert(reasons.NOTHING_OWED)
    total: uint256 = markets.owed_total[_market]
    paid: uint256 = debt
    if market.flags & markets.SETTLING != 0:
        if not markets._is_settled(_market):
            reasons._revert(reasons.MARKET_IS_SETTLING)
        # paid, it no longer backs the account as a leg
        accounts._set_leg(_account, _market, False)
        # both fall in proportion: whoever comes later gets the same share
        paid = min(debt, fixed_point._mul_div_down(debt, market.pot, total))
    elif market.pot < total:
        reasons._revert(reasons.POT_IS_SHORT)
    self._set_debt(_market, _account, 0, unsafe_sub(total, debt))
    if paid != debt and market.flags & markets.HAS_UNALLOCATED != 0:
        market = self._bear(market, _account, unsafe_sub(debt, paid))
    if total == debt:
        market.flags ^= markets.HAS_OWED
    market.pot = unsafe_sub(market.pot, paid)
    markets._close(market)
    accounts._give(_account, paid)


@internal
def _bear(_market: markets.Market, _account: address, _loss: uint256) -> markets.Market:
    """
    @notice What an account gives up of its claim pays losses that had no payer.
    """
    left: uint256 = markets.unallocated[_market.id]
    left = unsafe_sub(left, min(left, _loss))
    markets.unallocated[_market.id] = left
    if left == 0:
        _market.flags ^= markets.HAS_UNALLOCATED
    log IClearinghouse.LossBorne(market=_market.id, account=_account, loss=_loss, unallocated_loss=left)
    return _market


@external
@view
def owed(_market: uint256, _account: address) -> uint256:
    """
    @notice WAD that the market owes to the account.
    """
    markets._risk(_market)
    return self.debts[positions._key(_market, _account)]


@internal
@pure
def _payable(_market: markets.Market, _amount: uint256) -> uint256:
    """
    @notice How much of a payment the pot makes now: nothing while it owes to others, so that nobody jumps the queue, and nothing while
            it settles, when every payment becomes a claim.
    """
    return self._payable_of(_market.flags, _market.pot, _amount)


@internal
@pure
def _payable_of(_flags: uint256, _pot: uint256, _amount: uint256) -> uint256:
    """
    @notice The same of a market's flags and pot.
    """
    if _flags & (markets.HAS_OWED | markets.SETTLING) != 0:
        return 0
    return min(_amount, _pot)


@internal
def _set_debt(_market: uint256, _account: address, _debt: uint256, _total: uint256):
    """
    @notice Writes what the market owes to an account, and to all.
    """
    self.debts[positions._key(_market, _account)] = _debt
    markets.owed_total[_market] = _total
    log IClearinghouse.Owed(market=_market, account=_account, owed=_debt, owed_total=_total)


@internal
def _pay(_market: markets.Market, _account: address, _amount: uint256) -> markets.Market:
    """
    @notice Pays an amount out of the pot into free collateral, and records what the pot lacks.
    """
    paid: uint256 = self._payable(_market, _amount)
    if paid != 0:
        _market.pot = unsafe_sub(_market.pot, paid)
        accounts._give(_account, paid)
    if paid < _amount:
        self._note_debt(_market.id, _account, unsafe_sub(_amount, paid))
        _market.flags |= markets.HAS_OWED
    return _market


@internal
def _owe(_market: markets.Market, _account: address, _amount: uint256) -> markets.Market:
    """
    @notice Records what the market owes to an account from now on, above what it owes already.
    """
    self._note_debt(_market.id, _account, _amount)
    _market.flags |= markets.HAS_OWED
    return _market


@internal
def _note_debt(_market: uint256, _account: address, _amount: uint256):
    # Checked: whatever a venue reports, no debt exceeds the total, so a claim never moves more than a pot.
    self._set_debt(
        _market,
        _account,
        self.debts[positions._key(_market, _account)] + _amount,
        markets.owed_total[_market] + _amount,
    )


@internal
def _move(_market: markets.Market, _account: address, _amount: int256) -> markets.Market:
    """
    @notice Moves a signed amount from an account's free collateral into the pot; a negative one is a payment.
    @dev Reverts "insufficient collateral".
    """
    if _amount > 0:
        amount: uint256 = convert(_amount, uint256)
        parts._spend(_account, amount)
        _market.pot = unsafe_add(_market.pot, amount)
        return _market
    if not (_amount >= 0):
        paid: uint256 = position_math._abs(_amount)
        return self._pay(_market, _account, paid)
    return _market


@internal
@pure
def _ending(_balance: int256, _margin: int256) -> int256:
    """
    @notice What comes from free collateral when a position ends: the margin of the change, less what is left of the balance.
    """
    if not (_balance >= 0):
        reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
    return unsafe_sub(_margin, _balance)
