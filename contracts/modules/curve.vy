# pragma version 0.4.3
"""
@title  Curve
@notice Price and liquidity of the venue, what has grown per unit of liquidity, and the walk of a trade over the ticks.
@dev    Three words: price, growth pair, funding growth. A swap inside one range reads and writes the first two, and the third
        only if the funding index moved.

        Tick and price agree: sqrt price of `tick` <= sqrt price <= sqrt price of `tick + 1`. A tick is crossed when more must go
        through it, not when a trade ends on it: so a trade may end at the price of `tick + 1`, and stand there with the liquidity
        below it in range; and no trade ends where there is no liquidity.
"""

from contracts.lib import reasons
from contracts.lib import swap_math
from contracts.lib import tick_math
from contracts.modules import ticks

uses: ticks

# Where the venue stands.
struct Point:
    sqrt_price: uint256
    tick: int256
    liquidity: uint256


# A trade before it is priced and carried out.
struct Plan:
    point: Point  # where it ends
    notional: uint256  # WAD: what a buyer pays (rounded up) or a seller gets (rounded down)
    mid_before: uint256  # WAD; 0 if no liquidity is in range
    mid_after: uint256  # WAD
    crossed: uint256  # ticks on the way, that of a drift included


MAX_CROSSED: constant(uint256) = 64
MASK_24: constant(uint256) = 2**24 - 1
MAX_NOTIONAL: constant(uint256) = 2**114 - 1
MASK_118: constant(uint256) = 2**118 - 1
TICK_OFFSET: constant(int256) = 2**23

# @dev sqrt price 114 | tick + TICK_OFFSET 24 | liquidity in range 118.
price_word: uint256

# @dev Fee growth and funding index, as in modules/ticks.vy.
pair: uint256

# @dev Integral of dF / sqrt price, as in modules/ticks.vy.
funding: int256


# ---- state


@internal
def _start(_price: uint256):
    """
    @notice Sets the first price.
    """
    sqrt_price: uint256 = swap_math._sqrt_price_up(_price)
    tick: int256 = tick_math._tick_at_sqrt_price(sqrt_price)
    self._store(Point(sqrt_price=sqrt_price, tick=tick, liquidity=0))


@internal
@view
def _point() -> Point:
    word: uint256 = self.price_word
    return Point(
        sqrt_price=word >> 142,
        tick=unsafe_sub(convert(word >> 118 & MASK_24, int256), TICK_OFFSET),
        liquidity=word & MASK_118,
    )


@internal
def _store(_point: Point):
    tick: uint256 = convert(unsafe_add(_point.tick, TICK_OFFSET), uint256)
    self.price_word = _point.sqrt_price << 142 | tick << 118 | _point.liquidity


@internal
@pure
def _mid(_point: Point) -> uint256:
    """
    @notice WAD; 0 if no liquidity is in range.
    """
    return 0 if _point.liquidity == 0 else swap_math._price_down(_point.sqrt_price)


# ---- growth


@internal
@view
def _growth(_funding_index: int256) -> ticks.Growth:
    """
    @notice Growth with the funding index at `_funding_index`.
    @dev The price has not moved since the last call. Rounded up: every range pays at least what is due. |dF| <= 2**126, so
         dF * 2**115 < 2**241.
    """
    pair: uint256 = self.pair
    return ticks.Growth(
        pair=pair & ticks.HIGH_128 | ticks._low_bits(_funding_index),
        funding=unsafe_add(
            self.funding,
            swap_math._over_sqrt_price(
                unsafe_sub(_funding_index, ticks._low_signed(pair)), self.price_word >> 142, True
            ),
        ),
    )


@internal
def _accrue(_funding_index: int256):
    """
    @notice Brings the growth of funding up to date, before anything moves.
    """
    if ticks._low_signed(self.pair) != _funding_index:
        total: ticks.Growth = self._growth(_funding_index)
        self.pair = total.pair
        self.funding = total.funding


@internal
@view
def _total() -> ticks.Growth:
    """
    @notice Growth as stored; call `_accrue` first.
    """
    return ticks.Growth(pair=self.pair, funding=self.funding)


@internal
def _credit(_fee: uint256, _liquidity: uint256):
    """
    @notice Fees of one stretch, to the liquidity that earned them, rounded down.
    @dev fee < 2**114. The fee growth is the upper half of its word and wraps there, as intended.
    """
    if _liquidity != 0:
        self.pair = unsafe_add(self.pair, unsafe_div(_fee << 96, _liquidity) << 128)


# ---- without liquidity


@internal
@view
def _drifted(_from: Point, _mark: uint256) -> (Point, bool, int256):
    """
    @notice Where the venue stands once it has followed mark for want of liquidity: at mark, or at the first edge on the way, which
            it crosses.
    @return Point there, whether a tick is crossed, and which.
    """
    if _from.liquidity != 0:
        return _from, False, 0
    target: uint256 = swap_math._sqrt_price_up(_mark)
    tick: int256 = tick_math._tick_at_sqrt_price(target)
    found: bool = False
    edge: int256 = 0
    if target > _from.sqrt_price:
        found, edge = ticks._first_edge(_from.tick, tick)
        if found:
            # Nothing was in range below, so all that meets here begins here.
            return self._across(_from, edge, True), True, edge
    else:
        # An edge exactly at the target counts too.
        found, edge = ticks._last_edge(_from.tick, unsafe_sub(tick, 1))
        if found and tick_math._sqrt_price_at_tick(edge) >= target:
            return self._across(_from, edge, False), True, edge
    # From `tick + 1` exactly, without moving, the tick stays what it is.
    if target == _from.sqrt_price:
        tick = _from.tick
    return Point(sqrt_price=target, tick=tick, liquidity=0), False, 0


@internal
def _drift(_from: Point, _mark: uint256) -> Point:
    """
    @notice Carries `_drifted` out, but for storing the point; call `_accrue` first.
    """
    point: Point = _from
    crossed: bool = False
    edge: int256 = 0
    point, crossed, edge = self._drifted(_from, _mark)
    if crossed:
        ticks._cross(edge, self._total())
    return point


@internal
@view
def _across(_from: Point, _edge: int256, _up: bool) -> Point:
    """
    @notice The other side of an edge, at its price.
    @dev Liquidity in range is the sum over ranges around the tick: never negative, and below 2**118 by ticks.MAX_GROSS.
    """
    net: int256 = ticks._net(_edge)
    liquidity: int256 = convert(_from.liquidity, int256)
    return Point(
        sqrt_price=tick_math._sqrt_price_at_tick(_edge),
        tick=_edge if _up else unsafe_sub(_edge, 1),
        liquidity=convert(unsafe_add(liquidity, net) if _up else unsafe_sub(liquidity, net), uint256),
    )


# ---- trades


@internal
@view
def _plan(_size: int256, _mark: uint256) -> Plan:
    """
    @notice The whole walk of a trade; changes nothing.
    @param _size WAD, positive buys.
    @param _mark Mark price, which a venue without liquidity in range follows first.
    """
    plan: Plan = empty(Plan)
    buy: bool = _size > 0
    # A magnitude of 2**128 or more would leave the bounds of lib/swap_math.vy.
    if _size >= 2**128 or _size <= -(2**128):
        reasons._revert(reasons.SIZE_TOO_LARGE)
    left: uint256 = convert(_size if buy else -_size, uint256)

    point: Point = self._point()
    found: bool = False
    edge: int256 = 0
    if point.liquidity == 0:
        point, found, edge = self._drifted(point, _mark)
        if found:
            plan.crossed = 1
    plan.mid_before = self._mid(point)

    for _: uint256 in range(MAX_CROSSED + 1):
        # Where the rest would take us if nothing changed on the way.
        end: uint256 = 0
        end_tick: int256 = 0
        end, end_tick = self._end(point, left, buy)
        if buy:
            found, edge = ticks._first_edge(point.tick, end_tick)
        else:
            found, edge = ticks._last_edge(point.tick, end_tick)

        start: Point = point
        if not found:
            # All liquidity ends at an edge, so with liquidity this is the end of the trade.
            if start.liquidity == 0:
                reasons._revert(reasons.NO_LIQUIDITY)
            # A sale too small to leave the price of `tick + 1` stays in its tick.
            point.tick = end_tick if buy else min(start.tick, end_tick)
            point.sqrt_price = end
            plan.notional = unsafe_add(plan.notional, self._notional(start, end, buy))
            break

        point = self._across(start, edge, buy)
        notional: uint256 = self._notional(start, point.sqrt_price, buy)
        plan.notional = unsafe_add(plan.notional, notional)
        filled: uint256 = self._filled(start, point.sqrt_price, buy)
        if filled >= left:
            # Ends on the edge without crossing it.
            point.tick = unsafe_sub(edge, 1) if buy else edge
            point.liquidity = start.liquidity
            break
        left = unsafe_sub(left, filled)
        if plan.crossed >= MAX_CROSSED:
            reasons._revert(reasons.TOO_MANY_TICKS)
        plan.crossed = unsafe_add(plan.crossed, 1)

    # Keeps the products of notionals and fees in a word.
    if plan.notional > MAX_NOTIONAL:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    plan.mid_after = self._mid(point)
    plan.point = point
    return plan


@internal
@pure
def _end(_from: Point, _size: uint256, _buy: bool) -> (uint256, int256):
    """
    @notice Where a trade would end with the liquidity of `_from` all the way, and the tick there: beyond all edges if nowhere.
    """
    end: uint256 = max_value(uint256) if _buy else 0
    if _from.liquidity != 0:
        end = swap_math._next_sqrt_price_up(_from.sqrt_price, _from.liquidity, _size, _buy)
    if end < tick_math.MIN_SQRT_PRICE:
        return end, unsafe_sub(tick_math.MIN_TICK, 1)
    return end, tick_math._tick_at_sqrt_price(min(end, tick_math.MAX_SQRT_PRICE))


@internal
@pure
def _notional(_from: Point, _to: uint256, _buy: bool) -> uint256:
    if _buy:
        return swap_math._cash_between(_from.liquidity, _from.sqrt_price, _to, True)
    return swap_math._cash_between(_from.liquidity, _to, _from.sqrt_price, False)


@internal
@pure
def _filled(_from: Point, _to: uint256, _buy: bool) -> uint256:
    """
    @notice Size traded by a walk to an edge.
    """
    if _buy:
        return swap_math._base_between(_from.liquidity, _from.sqrt_price, _to, False)
    return swap_math._base_between(_from.liquidity, _to, _from.sqrt_price, True)


@internal
def _carry_out(_plan: Plan, _fee: uint256, _buy: bool, _funding_index: int256):
    """
    @notice Does what was planned. Where ticks are crossed it walks once more, between the two ticks: the fee (at most the notional)
            goes to the stretches pro rata to notional, before the tick at the end of each is crossed.
    @dev A drift needs no walk of its own. An edge that it crossed lies either on the way of the trade, after a stretch without
         liquidity, or is crossed back at once, with nothing grown between.
    """
    self._accrue(_funding_index)
    left: uint256 = _fee
    if _plan.crossed != 0:
        point: Point = self._point()
        for _: uint256 in range(MAX_CROSSED):
            found: bool = False
            edge: int256 = 0
            if _buy:
                found, edge = ticks._first_edge(point.tick, _plan.point.tick)
            else:
                found, edge = ticks._last_edge(point.tick, _plan.point.tick)
            if not found:
                break
            start: Point = point
            point = self._across(start, edge, _buy)
            # Unsafe: both below 2**114. Without any notional there is no fee either, and 0 / 0 is 0.
            share: uint256 = unsafe_div(
                unsafe_mul(_fee, self._notional(start, point.sqrt_price, _buy)), _plan.notional
            )
            left = unsafe_sub(left, share)
            self._credit(share, start.liquidity)
            ticks._cross(edge, self._total())
    self._credit(left, _plan.point.liquidity)
    self._store(_plan.point)
