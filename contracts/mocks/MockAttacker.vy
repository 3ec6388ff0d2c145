# pragma version 0.4.3
# pragma optimize gas
"""
@title  Mock attacker
@license MIT
@notice A ring of accounts under one hand, for the search for free money. One of these contracts drives, others are its wallets: each
        wallet is an account of the clearinghouse. A whole sequence of calls is one message, with what the ring owns measured before
        and after; whatever a call reverts with, the next one follows.
@dev    A sequence is a row of steps, each a header word and so many bytes of calldata. Amounts that depend on what went before are
        filled in when their step comes. The header, from the lowest bit: wallet 8, contract called 8, length of the calldata 16, place of
        the amount in it 16, what the amount is 8 (Amount below), market 8, account 8, basis points 16, set: negative 8.
@custom:security Anybody can set up and run a driver: never with money in it.
"""

from ethereum.ercs import IERC20

from interfaces import IBackstopVault
from interfaces import IClearinghouse
from interfaces import ILens
from interfaces import IOysterAmm


MAX_STEPS: constant(uint256) = 24
MAX_BYTES: constant(uint256) = 3_072
# Of one call: as wide as the compiler believes a piece of the steps could become.
MAX_CALL: constant(uint256) = 2 * MAX_BYTES + 32
MAX_RANGES: constant(uint256) = 16
MAX_PEOPLE: constant(uint256) = 24
RAY: constant(int256) = 10**27
VIRTUAL_SHARES: constant(uint256) = 10**6

# What an amount in calldata is a share of.
NOTHING: constant(uint256) = 0  # the calldata is as it should be
POSITION: constant(uint256) = 1  # size of the account's position
FREE: constant(uint256) = 2  # its free collateral, WAD
TOKENS: constant(uint256) = 3  # that, token units
SHARES: constant(uint256) = 4  # its shares of the vault
REDEEMABLE: constant(uint256) = 5  # of these, what it may redeem now
MARGIN: constant(uint256) = 6  # its equity in the market, at least 0
COUNTERPARTIES: constant(uint256) = 7  # no amount: the list that the account would be deleveraged with is appended
VALUE: constant(uint256) = 8  # notional of its position at mark


interface Wallet:
    def act(_to: address, _data: Bytes[MAX_CALL]) -> bool: nonpayable


# A range of liquidity.
struct Place:
    market: uint256
    provider: address
    lower: int256
    upper: int256


struct System:
    clearinghouse: IClearinghouse
    lens: ILens
    vault: address
    token: IERC20
    unit: uint256  # WAD in the smallest token unit


# Who may make this contract act, and put it up.
DRIVER: immutable(address)

system: System

# What steps may call, by number.
contracts: DynArray[address, 16]

# The ring, wallets of this contract.
ring: DynArray[address, 8]

# Everybody, by number; the ring comes first.
people: DynArray[address, MAX_PEOPLE]

# By market.
venues: DynArray[address, 4]

# Where deleveraging goes by the mark of an earlier block, by market.
goes_back: DynArray[bool, 4]

# Ranges of others.
foreign: DynArray[Place, 8]


@deploy
def __init__(_driver: address):
    """
    @param _driver who may make this one act; for a driver itself whoever sets it up
    """
    DRIVER = _driver


@external
def set_up(
    _system: System,
    _contracts: DynArray[address, 16],
    _ring: DynArray[address, 8],
    _people: DynArray[address, MAX_PEOPLE],
    _venues: DynArray[address, 4],
    _goes_back: DynArray[bool, 4],
    _foreign: DynArray[Place, 8],
):
    assert msg.sender == DRIVER, "not driver"
    self.system = _system
    self.contracts = _contracts
    self.ring = _ring
    self.people = _people
    self.venues = _venues
    self.goes_back = _goes_back
    self.foreign = _foreign


# ---- wallet


@external
def act(_to: address, _data: Bytes[MAX_CALL]) -> bool:
    """
    @notice Calls as this account. False: it reverted.
    """
    assert msg.sender == DRIVER, "not driver"
    return raw_call(_to, _data, revert_on_failure=False)


# ---- driver


@external
def run(
    _steps: Bytes[MAX_BYTES], _own: DynArray[Place, MAX_RANGES], _vault: bool, _measure_before: bool
) -> (int256, int256, uint256):
    """
    @notice Does the steps.
    @param _own ranges that the ring has, or may have afterwards
    @param _vault whether it has, or may have, anything in the vault
    @return What the ring has before, if that is asked for, and after, if anything went through; see `_objective`. The steps that went
            through, as bits.
    """
    assert msg.sender == DRIVER, "not driver"
    before: int256 = 0
    if _measure_before:
        before = self._objective(_own, _vault)
    done: uint256 = 0
    place: uint256 = 0
    for i: uint256 in range(MAX_STEPS):
        if place >= len(_steps):
            break
        header: uint256 = convert(extract32(_steps, place), uint256)
        length: uint256 = header >> 16 & 65_535
        data: Bytes[MAX_CALL] = slice(_steps, place + 32, length)
        place += 32 + length
        kind: uint256 = header >> 48 & 255
        if kind != NOTHING:
            ready: bool = False
            # Views that revert: there is no such amount now.
            answer: Bytes[MAX_CALL + 64] = b""
            ready, answer = raw_call(
                self,
                abi_encode(header, slice(_steps, place - length, length), method_id=method_id("complete(uint256,bytes)")),
                max_outsize=MAX_CALL + 64,
                is_static_call=True,
                revert_on_failure=False,
            )
            if not ready:
                continue
            data = abi_decode(answer, Bytes[MAX_CALL])
        if extcall Wallet(self.ring[header & 255]).act(self.contracts[header >> 8 & 255], data):
            done |= 1 << i
    if done == 0:
        return before, before, done
    return before, self._objective(_own, _vault), done


@external
@view
def objective(_own: DynArray[Place, MAX_RANGES]) -> int256:
    """
    @notice What the ring has, and can have without anybody's fault.
    """
    return self._objective(_own, True)


@external
@view
def worth(_account: address) -> int256:
    """
    @notice What one account owns but for ranges, WAD.
    """
    total: int256 = self._worth(_account) + convert(self._shares_worth(_account), int256)
    for number: uint256 in range(len(self.venues), bound=4):
        total += self._held(_account, number, staticcall self.system.clearinghouse.market_state(number))
    return total


@external
@view
def complete(_header: uint256, _data: Bytes[MAX_BYTES]) -> Bytes[MAX_CALL]:
    """
    @notice Calldata with what its step needs at this moment.
    """
    kind: uint256 = _header >> 48 & 255
    market: uint256 = _header >> 56 & 255
    account: address = self.people[_header >> 64 & 255]
    if kind == COUNTERPARTIES:
        listed: DynArray[address, MAX_PEOPLE] = []
        for entry: ILens.AdlRank in staticcall self.system.lens.adl_counterparties(market, account, self.people):
            listed.append(entry.account)
        # The list is the last argument, and its place the third word.
        encoded: Bytes[32 * MAX_PEOPLE + 64] = abi_encode(listed)
        return concat(slice(_data, 0, 68), convert(96, bytes32), slice(encoded, 32, len(encoded) - 32))
    share: int256 = self._amount(kind, market, account) * convert(_header >> 72 & 65_535, int256) // 10_000
    if _header >> 88 & 255 != 0:
        share = -share
    place: uint256 = _header >> 32 & 65_535
    return concat(slice(_data, 0, place), convert(share, bytes32), slice(_data, place + 32, len(_data) - place - 32))


@internal
@view
def _amount(_kind: uint256, _market: uint256, _account: address) -> int256:
    house: IClearinghouse = self.system.clearinghouse
    if _kind == POSITION:
        return (staticcall house.position(_market, _account)).size
    if _kind == FREE:
        return convert(staticcall house.free_collateral(_account), int256)
    if _kind == TOKENS:
        return convert(staticcall house.free_collateral(_account) // self.system.unit, int256)
    if _kind == SHARES:
        return convert(staticcall IERC20(self.system.vault).balanceOf(_account), int256)
    if _kind == REDEEMABLE:
        request: IBackstopVault.Request = staticcall IBackstopVault(self.system.vault).redeem_request(_account)
        return convert(request.matured, int256)
    if _kind == MARGIN:
        state: IClearinghouse.MarketState = staticcall house.market_state(_market)
        return max(self._equity(staticcall house.position(_market, _account), state, state.mark_price), 0)
    assert _kind == VALUE, "unknown amount"
    size: int256 = (staticcall house.position(_market, _account)).size
    return size * convert(staticcall house.mark_price(_market), int256) // 10**18


# ---- what the ring owns


@internal
@view
def _objective(_own: DynArray[Place, MAX_RANGES], _vault: bool) -> int256:
    """
    @notice Tokens, free collateral, positions and ranges at mark, debts of the markets, shares and requests of the vault; and what
            ranges lose once somebody trades their venue to mark. Who trades against a range can only take of the last. Nothing counts
            for less than nothing: an account leaves its debts behind, and so does a range.
    """
    total: int256 = 0
    for account: address in self.ring:
        total += self._worth(account)
        if _vault:
            total += convert(self._shares_worth(account), int256)
    for number: uint256 in range(len(self.venues), bound=4):
        state: IClearinghouse.MarketState = staticcall self.system.clearinghouse.market_state(number)
        for account: address in self.ring:
            total += self._held(account, number, state)
    for place: Place in _own:
        total += self._offered(place, True)
    for place: Place in self.foreign:
        total += self._offered(place, False)
    return total


@internal
@view
def _offered(_place: Place, _own: bool) -> int256:
    """
    @notice What a range loses to whoever trades its venue to mark; of a range of the ring also what is left of it then.
    """
    venue: IOysterAmm = IOysterAmm(self.venues[_place.market])
    state: IOysterAmm.RangeState = staticcall venue.range_of(_place.provider, _place.lower, _place.upper)
    if state.liquidity == 0:
        return 0
    at_mark: int256 = 0
    maintenance: uint256 = 0
    inside: bool = False
    removable: bool = False
    at_mark, maintenance, inside, removable = staticcall venue.range_health(_place.provider, _place.lower, _place.upper)
    if _own and at_mark > 0:
        return state.equity
    return state.equity - at_mark


@internal
@view
def _worth(_account: address) -> int256:
    """
    @notice What an account owns outside of the vault and of positions that have a margin of their own.
    """
    house: IClearinghouse = self.system.clearinghouse
    total: uint256 = staticcall self.system.token.balanceOf(_account) * self.system.unit
    modes: uint256 = 0
    legs: uint256 = 0
    modes, legs = staticcall house.cross_markets(_account)
    if legs != 0:
        backed: IClearinghouse.AccountState = staticcall house.account_state(_account)
        return convert(total, int256) + max(backed.full_equity, 0)
    return convert(total + staticcall house.free_collateral(_account), int256)


@internal
@view
def _shares_worth(_account: address) -> uint256:
    """
    @notice Shares at what they are worth exactly, not in whole token units, and requests.
    """
    vault: IBackstopVault = IBackstopVault(self.system.vault)
    waiting: IBackstopVault.Request = staticcall vault.deposit_request(_account)
    leaving: IBackstopVault.Request = staticcall vault.redeem_request(_account)
    shares: uint256 = staticcall IERC20(self.system.vault).balanceOf(_account) + leaving.waiting + leaving.matured
    total: uint256 = (waiting.waiting + waiting.matured) * self.system.unit
    if shares != 0:
        held: IBackstopVault.Appraisal = staticcall vault.appraisal()
        assets: uint256 = held.free_collateral + held.equity + held.owed
        supply: uint256 = staticcall IERC20(self.system.vault).totalSupply()
        total += shares * (assets + self.system.unit) // (supply + VIRTUAL_SHARES)
    return total


@internal
@view
def _held(_account: address, _market: uint256, _state: IClearinghouse.MarketState) -> int256:
    """
    @notice An isolated position, and what the market owes.
    """
    house: IClearinghouse = self.system.clearinghouse
    leg: bool = (staticcall house.cross_markets(_account))[1] >> _market & 1 != 0
    total: int256 = 0
    if not (leg and _state.final_price != 0):
        # Else counted among the legs.
        total = convert(staticcall house.owed(_market, _account), int256)
    held: IClearinghouse.Position = staticcall house.position(_market, _account)
    if held.size == 0 and held.balance == 0 or held.cross:
        return total
    if held.size == 0 and leg:
        # Closed whole by deleveraging: counted among the legs.
        return total
    equity: int256 = self._equity(held, _state, _state.mark_price)
    if equity < 0 and _state.previous_mark != 0 and self.goes_back[_market]:
        # Deleveraging may close it at that price.
        equity = self._equity(held, _state, _state.previous_mark)
    return total + max(equity, 0)


@internal
@pure
def _equity(_held: IClearinghouse.Position, _state: IClearinghouse.MarketState, _price: uint256) -> int256:
    """
    @notice docs/spec.md section 5.
    """
    price: int256 = convert(_price, int256)
    paid: int256 = convert(_held.entry_notional, int256)
    borrow: int256 = convert(_state.borrow_index, int256)
    if _held.size > 0:
        index: int256 = _state.funding_index + borrow + convert(_state.long_social_loss_index, int256)
        carry: int256 = _held.size * (index - _held.entry_carry)
        return _held.balance + _held.size * price // 10**18 - paid - self._up(carry, RAY)
    index: int256 = borrow - _state.funding_index + convert(_state.short_social_loss_index, int256)
    size: int256 = -_held.size
    return _held.balance + paid - self._up(size * price, 10**18) - self._up(size * (index - _held.entry_carry), RAY)


@internal
@pure
def _up(_amount: int256, _unit: int256) -> int256:
    """
    @notice Divided, rounded up.
    """
    quotient: int256 = _amount // _unit
    if _amount > 0 and quotient * _unit != _amount:
        return quotient + 1
    return quotient
