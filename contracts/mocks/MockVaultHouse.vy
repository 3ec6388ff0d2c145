# pragma version 0.4.3
# pragma optimize gas
"""
@title  Mock vault house
@license MIT
@notice Clearinghouse, lens and engine as far as the backstop vault knows them: free collateral over a real token, and markets whose mark, state
        and fill price a test chooses. Positions are what the test hands over; they trade at the fill price, without fees.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

from ethereum.ercs import IERC20
from ethereum.ercs import IERC20Detailed

from interfaces import IBackstopVault
from interfaces import IClearinghouse
from interfaces import ILens


struct Market:
    mark: uint256
    fill: uint256  # price of trades; 0: the mark
    imr_bps: uint256
    stale: bool
    jumped: bool
    broken: bool  # the oracle reverts


struct Holding:
    size: int256
    balance: int256
    notional: uint256
    carry: int256  # still to be paid


# The token.
collateral: public(immutable(address))

# WAD per smallest unit of it.
SCALE: immutable(uint256)

# WAD, free.
free_collateral: public(HashMap[address, uint256])

# As the test says.
markets: public(HashMap[uint256, Market])

# Positions: market -> account.
holdings: HashMap[uint256, HashMap[address, Holding]]

# WAD of each market; what it lacks is owed.
pot: public(HashMap[uint256, uint256])

# WAD owed: market -> account.
owed: public(HashMap[uint256, HashMap[address, uint256]])

# WAD that may leave now.
outflow_room: public(uint256)

# How often the vault had its position settled.
settlements: public(uint256)


@deploy
def __init__(_token: address):
    collateral = _token
    SCALE = 10 ** (18 - convert(staticcall IERC20Detailed(_token).decimals(), uint256))
    self.outflow_room = max_value(uint256)


# ---- what tests say


@external
def set_market(_market: uint256, _settings: Market):
    """
    @notice Everything about a market but its pot.
    """
    self.markets[_market] = _settings


@external
def set_pot(_market: uint256, _pot: uint256):
    """
    @notice WAD; what it lacks is owed.
    """
    self.pot[_market] = _pot


@external
def set_carry(_market: uint256, _account: address, _carry: int256):
    """
    @notice What a position has still to pay, WAD.
    """
    self.holdings[_market][_account].carry = _carry


@external
def set_outflow_room(_room: uint256):
    """
    @notice WAD that may leave now.
    """
    self.outflow_room = _room


@external
def leave_due(_vault: address, _market: uint256):
    """
    @notice As auto-deleveraging against the vault, of which the engine tells it nothing: what its position was worth at mark waits on a record
            of size 0.
    """
    held: Holding = self.holdings[_market][_vault]
    due: Holding = empty(Holding)
    due.balance = held.balance - held.carry + self._pnl(held, self.markets[_market].mark)
    self.holdings[_market][_vault] = due


@external
def give(_account: address, _amount: uint256):
    """
    @notice Free collateral out of nowhere, in WAD: a gift to any wei. Bring the tokens along.
    """
    self.free_collateral[_account] += _amount


@external
def lose(_account: address, _amount: uint256):
    """
    @notice Free collateral gone, in WAD.
    """
    self.free_collateral[_account] -= _amount


@external
def back_up(
    _vault: address, _market: uint256, _size: int256, _balance: int256, _notional: uint256, _margin: uint256, _tell: bool
):
    """
    @notice As the engine: hands the vault a position.
    @param _tell whether the engine lets the vault count what came back
    """
    extcall IBackstopVault(_vault).took_over(_market, _margin)
    self._hand_over(_market, _vault, _size, _balance, _notional, _margin)
    if _tell:
        extcall IBackstopVault(_vault).came_back(_market)


@external
def deleverage(_vault: address, _market: uint256, _tell: bool):
    """
    @notice As the engine: closes the vault's position at mark.
    """
    if _tell:
        extcall IBackstopVault(_vault).watch(_market)
    self._close_out(_market, _vault)
    if _tell:
        extcall IBackstopVault(_vault).came_back(_market)


@external
def confuse(_vault: address, _watched: uint256, _market: uint256):
    """
    @notice As an engine that watches one market and tells of another.
    """
    extcall IBackstopVault(_vault).watch(_watched)
    extcall IBackstopVault(_vault).came_back(_market)


@external
def repeat(_vault: address, _market: uint256):
    """
    @notice As an engine that tells twice of what came back once.
    """
    extcall IBackstopVault(_vault).watch(_market)
    self._close_out(_market, _vault)
    extcall IBackstopVault(_vault).came_back(_market)
    extcall IBackstopVault(_vault).came_back(_market)


@internal
def _hand_over(
    _market: uint256, _account: address, _size: int256, _balance: int256, _notional: uint256, _margin: uint256
):
    """
    @notice Moves margin of the account and a position with its balance into the account's position. On the other side of what it has
            it closes that, whole, at mark.
    """
    self.free_collateral[_account] -= _margin
    held: Holding = self.holdings[_market][_account]
    held.balance += _balance + convert(_margin, int256)
    if _size != 0 and held.size == -_size:
        held.balance += self._pnl(held, self.markets[_market].mark)
        self._end(_market, _account, held)
        return
    held.size += _size
    held.notional += _notional
    self.holdings[_market][_account] = held


@internal
def _close_out(_market: uint256, _account: address):
    held: Holding = self.holdings[_market][_account]
    held.balance += self._pnl(held, self.markets[_market].mark)
    self._end(_market, _account, held)


# ---- clearinghouse


@external
def deposit(_amount: uint256, _receiver: address = msg.sender):
    """
    @notice As the clearinghouse's.
    """
    assert _amount != 0, "zero amount"
    assert _amount * SCALE <= 10**30, "amount too large"
    assert extcall IERC20(collateral).transferFrom(msg.sender, self, _amount), "transfer failed"
    self.free_collateral[_receiver] += _amount * SCALE


@external
def withdraw(_amount: uint256, _receiver: address = msg.sender, _account: address = msg.sender):
    """
    @notice As the clearinghouse's, for the caller.
    """
    assert _amount != 0, "zero amount"
    assert _account == msg.sender, "not operator"
    assert self.free_collateral[_account] >= _amount * SCALE, "insufficient collateral"
    assert _amount * SCALE <= self.outflow_room, "withdrawal limit"
    self.free_collateral[_account] -= _amount * SCALE
    assert extcall IERC20(collateral).transfer(_receiver, _amount), "transfer failed"


@external
def trade(
    _market: uint256,
    _size: int256,
    _margin: int256,
    _limit_price: uint256,
    _deadline: uint256,
    _account: address = msg.sender,
) -> uint256:
    """
    @notice Reduces a position at the fill price.
    """
    market: Market = self.markets[_market]
    assert not market.broken, "feed failed"
    assert not market.stale, "stale price"
    assert not market.jumped, "price just jumped"
    assert _margin == 0 and _deadline == 0 and _account == msg.sender, "not as the vault trades"
    held: Holding = self.holdings[_market][_account]
    assert _size != 0 and (_size > 0) != (held.size > 0), "not reduce only"
    size: uint256 = convert(abs(_size), uint256)
    whole: uint256 = convert(abs(held.size), uint256)
    assert size <= whole, "not reduce only"
    price: uint256 = market.fill if market.fill != 0 else market.mark
    notional: uint256 = size * price // 10**18
    if _size > 0:
        notional = (size * price + 10**18 - 1) // 10**18
        assert _limit_price == 0 or notional * 10**18 <= _limit_price * size, "price limit"
    else:
        assert _limit_price == 0 or notional * 10**18 >= _limit_price * size, "price limit"
    entry: uint256 = held.notional * size // whole
    if _size > 0:
        held.balance += convert(entry, int256) - convert(notional, int256)
    else:
        held.balance += convert(notional, int256) - convert(entry, int256)
    held.size += _size
    held.notional -= entry
    if held.size == 0:
        self._end(_market, _account, held)
    else:
        self.holdings[_market][_account] = held
    return notional


@external
def adjust_margin(_market: uint256, _delta: int256, _account: address = msg.sender):
    """
    @notice Takes margin out, by the opening rule.
    """
    market: Market = self.markets[_market]
    assert not market.broken, "feed failed"
    assert not market.stale, "stale price"
    assert not market.jumped, "price just jumped"
    assert _delta < 0 and _account == msg.sender, "not as the vault takes"
    assert _delta > -(2**104), "amount too large"
    held: Holding = self.holdings[_market][_account]
    held.balance += _delta - held.carry
    held.carry = 0
    assert (
        held.balance + min(self._pnl(held, market.mark), 0)
        >= convert(self._margin(held.size, market), int256)
    ), "below initial margin"
    self.holdings[_market][_account] = held
    self._pay(_market, _account, convert(-_delta, uint256))


@external
def claim(_market: uint256, _account: address = msg.sender):
    """
    @notice As the clearinghouse's.
    """
    debt: uint256 = self.owed[_market][_account]
    assert debt != 0, "nothing owed"
    assert self.pot[_market] >= debt, "pot is short"
    self.owed[_market][_account] = 0
    self.pot[_market] -= debt
    self.free_collateral[_account] += debt


@external
def settle(_market: uint256, _account: address):
    """
    @notice Settles the carry, and closes a position in a market whose mark is 0: what a settlement may do.
    """
    held: Holding = self.holdings[_market][_account]
    if held.size == 0 and held.balance != 0:
        # as far as the pot has it
        due: uint256 = convert(held.balance, uint256)
        paid: uint256 = min(due, self.pot[_market])
        self.pot[_market] -= paid
        self.free_collateral[_account] += paid
        self.holdings[_market][_account].balance = convert(due - paid, int256)
        return
    assert held.size != 0, "no position"
    held.balance -= held.carry
    held.carry = 0
    self.holdings[_market][_account] = held
    self.settlements += 1
    if self.markets[_market].mark == 0:
        self._end(_market, _account, held)


@external
@view
def position(_market: uint256, _account: address) -> IClearinghouse.Position:
    """
    @notice As the clearinghouse's.
    """
    held: Holding = self.holdings[_market][_account]
    found: IClearinghouse.Position = empty(IClearinghouse.Position)
    found.size = held.size
    found.balance = held.balance
    found.entry_notional = held.notional
    return found


@external
@view
def market_state(_market: uint256) -> IClearinghouse.MarketState:
    """
    @notice As the clearinghouse's, as far as a test sets it.
    """
    market: Market = self.markets[_market]
    assert not market.broken, "feed failed"
    state: IClearinghouse.MarketState = empty(IClearinghouse.MarketState)
    state.mark_price = market.mark
    state.stale = market.stale
    state.jumped = market.jumped
    return state


# ---- lens


@external
@view
def health(_market: uint256, _account: address) -> ILens.Health:
    """
    @notice As the lens's, as far as the vault reads it.
    """
    market: Market = self.markets[_market]
    assert not market.broken, "feed failed"
    held: Holding = self.holdings[_market][_account]
    found: ILens.Health = empty(ILens.Health)
    found.mark_price = market.mark
    found.stale = market.stale
    found.owed = self.owed[_market][_account]
    found.free_collateral = self.free_collateral[_account]
    if held.size == 0:
        return found
    found.size = held.size
    found.balance = held.balance
    found.entry_notional = held.notional
    found.carry = held.carry
    found.pnl = self._pnl(held, market.mark) - held.carry
    found.equity = held.balance + found.pnl
    found.initial_margin = self._margin(held.size, market)
    return found


# ---- parts


@internal
@pure
def _pnl(_held: Holding, _mark: uint256) -> int256:
    """
    @notice Profit of the price alone, rounded against the holder.
    """
    size: uint256 = convert(abs(_held.size), uint256)
    if _held.size > 0:
        return convert(size * _mark // 10**18, int256) - convert(_held.notional, int256)
    return convert(_held.notional, int256) - convert((size * _mark + 10**18 - 1) // 10**18, int256)


@internal
@pure
def _margin(_size: int256, _market: Market) -> uint256:
    notional: uint256 = (convert(abs(_size), uint256) * _market.mark + 10**18 - 1) // 10**18
    return (notional * _market.imr_bps + 9_999) // 10_000


@internal
def _end(_market: uint256, _account: address, _held: Holding):
    self.holdings[_market][_account] = empty(Holding)
    balance: int256 = _held.balance - _held.carry
    assert balance >= 0, "close leaves a deficit"
    self._pay(_market, _account, convert(balance, uint256))


@internal
def _pay(_market: uint256, _account: address, _amount: uint256):
    paid: uint256 = min(_amount, self.pot[_market])
    self.pot[_market] -= paid
    self.free_collateral[_account] += paid
    self.owed[_market][_account] += _amount - paid
