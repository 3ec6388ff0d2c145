# pragma version 0.4.3
"""
@title  Ranges
@notice What each provider has put into the venue, and what it is worth: inventory, fees, funding. docs/spec.md section 11.
@dev    Funding. A range of liquidity L entered at square root price e holds q = L (1/s - 1/e), with s the price clamped to the
        range, and pays the integral of q dF:
            L (integral inside of dF / s + F below / lower + F above / upper - F / e)
        where "below" is what F moved while the price was below the range. The bracket is one number, `_funding_growth`, of which a range
        keeps the value at entry. Every term is rounded up when read and down when entered: a range pays at least what is due,
        at most L * 2**-108 wei more for each of those roundings and each time the funding index moved.

        Three words: liquidity 118 | entry sqrt price 114 | entry epoch 24
                     margin 128 | fee growth inside at entry 128
                     entry factor 90 | funding growth at entry, int166
        |funding growth| < 4 * 2**127 * 2**115 / 2**79.3 = 2**164.7.
"""

from interfaces import IClearinghouse
from snekmate.utils import math
from contracts.lib import swap_math
from contracts.lib import tick_math
from contracts.modules import ticks

uses: ticks


# A range as stored.
struct Words:
    shape: uint256
    margin: uint256
    funding: uint256


struct Holding:
    lower: int256
    upper: int256
    liquidity: uint256
    entry_sqrt_price: uint256
    entry_epoch: uint256
    entry_factor: uint256  # RAY
    margin: uint256  # WAD, at entry
    fee_growth: uint256
    funding_growth: int256


# What a range has earned and lost besides its inventory.
struct Accrued:
    margin: uint256
    fees: uint256
    funding: int256  # paid; negative is received
    balance: int256  # margin + fees - funding


WAD: constant(uint256) = 10**18
MASK_24: constant(uint256) = 2**24 - 1
MASK_114: constant(uint256) = 2**114 - 1
MASK_128: constant(uint256) = 2**128 - 1
MASK_166: constant(uint256) = 2**166 - 1
# Units of funding growth: RAY * 2**19.
FUNDING_UNIT: constant(uint256) = 10**27 * 2**19

# @dev By provider and edges, see `_key`.
ranges: HashMap[uint256, Words]


# ---- storage


@internal
@pure
def _key(_provider: address, _lower: int256, _upper: int256) -> uint256:
    lower: uint256 = convert(_lower + ticks.OFFSET, uint256)
    upper: uint256 = convert(_upper + ticks.OFFSET, uint256)
    return convert(_provider, uint256) << 48 | lower << 24 | upper


@internal
@view
def _load(_provider: address, _lower: int256, _upper: int256) -> Holding:
    """
    @notice All zero if there is no such range.
    """
    # Edges outside the ticks have no range, and no key.
    if min(_lower, _upper) < tick_math.MIN_TICK or max(_lower, _upper) > tick_math.MAX_TICK:
        return empty(Holding)
    key: uint256 = self._key(_provider, _lower, _upper)
    shape: uint256 = self.ranges[key].shape
    margin: uint256 = self.ranges[key].margin
    funding: uint256 = self.ranges[key].funding
    return Holding(
        lower=_lower,
        upper=_upper,
        liquidity=shape >> 138,
        entry_sqrt_price=shape >> 24 & MASK_114,
        entry_epoch=shape & MASK_24,
        entry_factor=funding >> 166,
        margin=margin >> 128,
        fee_growth=margin & MASK_128,
        funding_growth=convert(convert(funding << 90, bytes32), int256) >> 90,
    )


@internal
def _save(_provider: address, _held: Holding):
    """
    @notice Epochs are counted in 24 bits: each takes a loss of all but a billionth of all ranges' margin.
    """
    self.ranges[self._key(_provider, _held.lower, _held.upper)] = Words(
        shape=_held.liquidity << 138 | _held.entry_sqrt_price << 24 | _held.entry_epoch & MASK_24,
        margin=_held.margin << 128 | _held.fee_growth,
        funding=_held.entry_factor << 166
        | convert(convert(_held.funding_growth, bytes32), uint256) & MASK_166,
    )


# ---- growth


@internal
@view
def _growths(
    _lower: int256, _upper: int256, _entry_sqrt_price: uint256, _tick: int256, _total: ticks.Growth, _up: bool
) -> (uint256, int256):
    """
    @notice Fee growth inside the range, and its funding growth rounded up or down.
    """
    below: ticks.Growth = ticks._below(_lower, _tick, _total)
    above: ticks.Growth = ticks._above(_upper, _tick, _total)
    inside: ticks.Growth = ticks._minus(ticks._minus(_total, below), above)
    lower: uint256 = tick_math._sqrt_price_at_tick(_lower)
    upper: uint256 = tick_math._sqrt_price_at_tick(_upper)
    # Unsafe: each is below 2**163, and this part below 2**165.
    funding: int256 = unsafe_add(
        inside.funding, swap_math._over_sqrt_price(ticks._low_signed(below.pair), lower, _up)
    )
    funding = unsafe_add(funding, swap_math._over_sqrt_price(ticks._low_signed(above.pair), upper, _up))
    funding = unsafe_sub(
        funding, swap_math._over_sqrt_price(ticks._low_signed(_total.pair), _entry_sqrt_price, not _up)
    )
    return inside.pair >> 128, funding


@internal
@view
def _accrued(_held: Holding, _tick: int256, _total: ticks.Growth, _factor: uint256, _epoch: uint256) -> Accrued:
    """
    @notice What the range has besides its inventory. The margin is what social losses have left of it, nothing three epochs later.
    """
    fee_growth: uint256 = 0
    funding_growth: int256 = 0
    fee_growth, funding_growth = self._growths(
        _held.lower, _held.upper, _held.entry_sqrt_price, _tick, _total, True
    )
    # Each epoch since counts in 1e-9 of the one before. Unsafe: below 2**120, 2**96 and 2**60; a factor is above 0.
    age: uint256 = unsafe_sub(_epoch, _held.entry_epoch) & MASK_24
    margin: uint256 = 0
    if age <= 2:
        margin = unsafe_div(unsafe_mul(_held.margin, _factor), unsafe_mul(_held.entry_factor, 10 ** (9 * age)))
    # Unsafe: below 2**118 and 2**128.
    earned: uint256 = unsafe_mul(_held.liquidity, unsafe_sub(fee_growth, _held.fee_growth) & MASK_128) >> 96
    funding: int256 = self._funding(_held.liquidity, unsafe_sub(funding_growth, _held.funding_growth))
    return Accrued(
        margin=margin,
        fees=earned,
        funding=funding,
        # Unsafe: below 2**120, 2**150 and 2**176.
        balance=unsafe_sub(convert(unsafe_add(margin, earned), int256), funding),
    )


@internal
@pure
def _funding(_liquidity: uint256, _growth: int256) -> int256:
    """
    @notice ceil(L * growth / unit). The product may pass 2**256 though the result does not: 512 bits.
    """
    if _growth < 0:
        return -convert(math._mul_div(_liquidity, convert(-_growth, uint256), FUNDING_UNIT, False), int256)
    return convert(math._mul_div(_liquidity, convert(_growth, uint256), FUNDING_UNIT, True), int256)


# ---- coming and going


@internal
def _enter(_provider: address, _new: Holding, _tick: int256, _total: ticks.Growth):
    """
    @notice Adds a range around the current tick. Its growths at entry are taken here.
    """
    ticks._add_edge(_new.lower, _new.liquidity, False, _tick, _total)
    ticks._add_edge(_new.upper, _new.liquidity, True, _tick, _total)
    held: Holding = _new
    held.fee_growth, held.funding_growth = self._growths(
        _new.lower, _new.upper, _new.entry_sqrt_price, _tick, _total, False
    )
    self._save(_provider, held)


@internal
def _leave(_provider: address, _held: Holding):
    """
    @notice Takes a range and its edges away.
    """
    ticks._drop_edge(_held.lower, _held.liquidity, False)
    ticks._drop_edge(_held.upper, _held.liquidity, True)
    self.ranges[self._key(_provider, _held.lower, _held.upper)] = empty(Words)


# ---- inventory


@internal
@pure
def _inventory(_held: Holding, _sqrt_price: uint256) -> (int256, int256):
    """
    @notice Size and cash of the range if the venue stood at a price.
    """
    price: uint256 = max(_sqrt_price, tick_math._sqrt_price_at_tick(_held.lower))
    price = min(price, tick_math._sqrt_price_at_tick(_held.upper))
    entry: uint256 = _held.entry_sqrt_price
    liquidity: uint256 = _held.liquidity
    # Unsafe negation: below 2**152.
    if price < entry:
        size: int256 = convert(swap_math._base_between(liquidity, price, entry, False), int256)
        cash: int256 = convert(swap_math._cash_between(liquidity, price, entry, True), int256)
        return size, unsafe_sub(0, cash)
    size: int256 = convert(swap_math._base_between(liquidity, entry, price, True), int256)
    return unsafe_sub(0, size), convert(swap_math._cash_between(liquidity, entry, price, False), int256)


@internal
@pure
def _margins(_position: IClearinghouse.RemovedRange, _mark: uint256, _mmr_bps: uint256) -> (int256, uint256):
    """
    @notice Equity at mark, rounded against the provider, and maintenance margin: docs/spec.md section 5.
    @dev |size| < 2**122 because L < 2**105 and 1 / sqrt price < 2**17; mark < 2**94.
    """
    size: uint256 = convert(abs(_position.size), uint256)
    value: uint256 = unsafe_mul(size, _mark)
    notional: uint256 = unsafe_add(value, WAD - 1) // WAD
    pnl: int256 = 0
    if _position.size > 0:
        pnl = unsafe_sub(convert(value // WAD, int256), convert(_position.entry_notional, int256))
    else:
        pnl = unsafe_sub(convert(_position.entry_notional, int256), convert(notional, int256))
    return unsafe_add(_position.balance, pnl), unsafe_add(unsafe_mul(notional, _mmr_bps), 9_999) // 10_000


@internal
@pure
def _position_at(_held: Holding, _accrued_: Accrued, _sqrt_price: uint256) -> IClearinghouse.RemovedRange:
    """
    @notice The range as a position if the venue stood at a price. Cash that no size explains (rounding) goes to the balance;
            `mid_price` is left to the caller.
    """
    size: int256 = 0
    cash: int256 = 0
    size, cash = self._inventory(_held, _sqrt_price)
    balance: int256 = _accrued_.balance
    notional: uint256 = 0
    if size == 0:
        balance = unsafe_add(balance, cash)
    else:
        # A long has paid and a short has received, by `_inventory`.
        notional = convert(abs(cash), uint256)
    return IClearinghouse.RemovedRange(
        margin=_accrued_.margin, balance=balance, size=size, entry_notional=notional, mid_price=0
    )


@internal
@pure
def _margins_at_mark(
    _held: Holding, _accrued_: Accrued, _mark: uint256, _mmr_bps: uint256
) -> (int256, uint256):
    """
    @notice Health of the range: equity and maintenance margin of the inventory it would have if the venue stood at mark.
    """
    return self._margins(self._position_at(_held, _accrued_, swap_math._sqrt_price_up(_mark)), _mark, _mmr_bps)
