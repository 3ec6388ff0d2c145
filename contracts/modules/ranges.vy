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
from contracts.lib import reasons
from contracts.lib import swap_math
from contracts.lib import tick_math
from contracts.lib import venue_math
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
    lower_sqrt_price: uint256
    upper_sqrt_price: uint256
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

# By provider and edges, see `_key`.
ranges: HashMap[uint256, Words]


# ---- storage


@internal
@pure
def _key(_provider: address, _lower: int256, _upper: int256) -> uint256:
    # Unsafe: edges within the ticks.
    lower: uint256 = convert(unsafe_add(_lower, ticks.OFFSET), uint256)
    upper: uint256 = convert(unsafe_add(_upper, ticks.OFFSET), uint256)
    return convert(_provider, uint256) << 48 | lower << 24 | upper


@internal
@view
def _exists(_provider: address, _lower: int256, _upper: int256) -> bool:
    """
    @param _lower an edge, as is _upper
    """
    return self.ranges[self._key(_provider, _lower, _upper)].shape != 0


@internal
@view
def _load(_provider: address, _lower: int256, _upper: int256) -> Holding:
    """
    @notice All zero if there is no such range.
    """
    # Edges outside the ticks have no range, and no key.
    if _lower < tick_math.MIN_TICK or _lower >= _upper or _upper > tick_math.MAX_TICK:
        return empty(Holding)
    key: uint256 = self._key(_provider, _lower, _upper)
    shape: uint256 = self.ranges[key].shape
    if shape == 0:
        return empty(Holding)
    margin: uint256 = self.ranges[key].margin
    funding: uint256 = self.ranges[key].funding
    return Holding(
        lower=_lower,
        upper=_upper,
        lower_sqrt_price=tick_math._sqrt_price_at_tick(_lower),
        upper_sqrt_price=tick_math._sqrt_price_at_tick(_upper),
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
def _growths(_held: Holding, _tick: int256, _total: ticks.Growth, _up: bool) -> (uint256, int256):
    """
    @notice Fee growth inside the range, and its funding growth rounded up or down.
    """
    below: ticks.Growth = ticks._below(_held.lower, _tick, _total)
    above: ticks.Growth = ticks._above(_held.upper, _tick, _total)
    fees: uint256 = unsafe_sub(unsafe_sub(_total.pair >> 128, below.pair >> 128), above.pair >> 128) & MASK_128
    # Unsafe: each is below 2**163, and this part below 2**165.
    funding: int256 = unsafe_sub(unsafe_sub(_total.funding, below.funding), above.funding)
    funding = unsafe_add(
        funding, swap_math._over_sqrt_price(ticks._low_signed(below.pair), _held.lower_sqrt_price, _up)
    )
    funding = unsafe_add(
        funding, swap_math._over_sqrt_price(ticks._low_signed(above.pair), _held.upper_sqrt_price, _up)
    )
    funding = unsafe_sub(
        funding, swap_math._over_sqrt_price(ticks._low_signed(_total.pair), _held.entry_sqrt_price, not _up)
    )
    return fees, funding


@internal
@view
def _accrued(_held: Holding, _tick: int256, _total: ticks.Growth, _factor: uint256, _epoch: uint256) -> Accrued:
    """
    @notice What the range has besides its inventory. The margin is what social losses have left of it, nothing three epochs later.
    """
    fee_growth: uint256 = 0
    funding_growth: int256 = 0
    fee_growth, funding_growth = self._growths(_held, _tick, _total, True)
    # Each epoch since counts in 1e-9 of the one before. Unsafe: below 2**120, 2**96 and 2**60; a factor is above 0.
    age: uint256 = unsafe_sub(_epoch, _held.entry_epoch) & MASK_24
    margin: uint256 = 0
    if age <= 2:
        margin = unsafe_div(unsafe_mul(_held.margin, _factor), unsafe_mul(_held.entry_factor, 10 ** (9 * age)))
    # Unsafe: below 2**118 and 2**128.
    earned: uint256 = unsafe_mul(_held.liquidity, unsafe_sub(fee_growth, _held.fee_growth) & MASK_128) >> 96
    funding: int256 = swap_math._funding_up(_held.liquidity, unsafe_sub(funding_growth, _held.funding_growth))
    return Accrued(
        margin=margin,
        fees=earned,
        funding=funding,
        # Unsafe: below 2**120, 2**150 and 2**176.
        balance=unsafe_sub(convert(unsafe_add(margin, earned), int256), funding),
    )


# ---- coming and going


@internal
@pure
def _check_edges(_lower: int256, _upper: int256):
    within: bool = _lower >= tick_math.MIN_TICK and _lower < _upper and _upper <= tick_math.MAX_TICK
    if not within or _lower % ticks.SPACING != 0 or _upper % ticks.SPACING != 0:
        reasons._revert(reasons.BAD_TICKS)


@internal
@pure
def _drawn(
    _lower: int256, _upper: int256, _margin: uint256, _sqrt_price: uint256, _context: IClearinghouse.VenueContext
) -> Holding:
    """
    @notice What a margin buys between two edges, not too little; its growths are left to `_enter`.
    """
    lower: uint256 = tick_math._sqrt_price_at_tick(_lower)
    upper: uint256 = tick_math._sqrt_price_at_tick(_upper)
    liquidity: uint256 = swap_math._liquidity_of_margin(_margin, _sqrt_price, lower, upper, _context.imr_bps)
    # Deep enough that the smallest trade moves the price by at most half of MMR: anybody can then lead the venue back to mark.
    reach: uint256 = unsafe_div(unsafe_mul(_sqrt_price, _context.mmr_bps), 40_000)
    # Unsafe: sqrt price * ratio < 2**127. More liquidity than a tick may hold is refused later.
    depth: uint256 = min(liquidity, 2**118)
    value: uint256 = swap_math._cash_between(depth, _sqrt_price, unsafe_add(_sqrt_price, reach), False)
    if liquidity == 0 or value < _context.min_notional:
        reasons._revert(reasons.RANGE_TOO_SMALL)
    return Holding(
        lower=_lower,
        upper=_upper,
        lower_sqrt_price=lower,
        upper_sqrt_price=upper,
        liquidity=liquidity,
        entry_sqrt_price=_sqrt_price,
        entry_epoch=_context.lp_epoch,
        entry_factor=_context.lp_factor,
        margin=_margin,
        fee_growth=0,
        funding_growth=0,
    )


@internal
def _enter(_provider: address, _new: Holding, _tick: int256, _total: ticks.Growth):
    """
    @notice Adds a range around the current tick. Its growths at entry are taken here.
    """
    ticks._add_edge(_new.lower, _new.liquidity, False, _tick, _total)
    ticks._add_edge(_new.upper, _new.liquidity, True, _tick, _total)
    held: Holding = _new
    held.fee_growth, held.funding_growth = self._growths(_new, _tick, _total, False)
    self._save(_provider, held)


@internal
def _leave(_provider: address, _held: Holding):
    """
    @notice Takes a range and its edges away.
    """
    ticks._drop_edge(_held.lower, _held.liquidity, False)
    ticks._drop_edge(_held.upper, _held.liquidity, True)
    self.ranges[self._key(_provider, _held.lower, _held.upper)] = empty(Words)


# ---- who may remove it


@internal
@pure
def _is_in_range(_held: Holding, _tick: int256) -> bool:
    return _held.lower <= _tick and _tick < _held.upper


@internal
@pure
def _is_idle(_held: Holding, _sqrt_price: uint256, _tick: int256, _mark: uint256, _mmr_bps: uint256) -> bool:
    """
    @notice Whether it is out of range, or holds the venue back: mark lies outside of it, and the venue further from mark than new
            liquidity may be added. At the outer edge of the last range nothing can move the venue any more; without such
            ranges it drifts to mark.
    """
    if not self._is_in_range(_held, _tick):
        return True
    mark: uint256 = swap_math._sqrt_price_up(_mark)
    if mark >= _held.lower_sqrt_price and mark < _held.upper_sqrt_price:
        return False
    return not venue_math._is_near(swap_math._price_down(_sqrt_price), _mark, _mmr_bps)


# ---- inventory


@internal
@pure
def _inventory(_held: Holding, _sqrt_price: uint256) -> (int256, int256):
    """
    @notice Size and cash of the range if the venue stood at a price.
    """
    price: uint256 = min(max(_sqrt_price, _held.lower_sqrt_price), _held.upper_sqrt_price)
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
