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
    stood: uint256  # square root price of the venue now
    start: uint256  # square root price where it starts, after a drift; 0 if no liquidity is in range there
    point: Point  # where it ends
    notional: uint256  # WAD: what a buyer pays (rounded up) or a seller gets (rounded down)
    mid_after: uint256  # WAD; 0 if no liquidity is in range
    crossed: uint256  # ticks on the way, that of a drift included


MAX_CROSSED: constant(uint256) = 64
MASK_24: constant(uint256) = 2**24 - 1
MAX_NOTIONAL: constant(uint256) = 2**114 - 1
MASK_118: constant(uint256) = 2**118 - 1
TICK_OFFSET: constant(int256) = 2**23

# sqrt price 114 | tick + TICK_OFFSET 24 | liquidity in range 118.
price_word: uint256

# Fee growth and funding index, as in modules/ticks.vy.
pair: uint256

# Integral of dF / sqrt price, as in modules/ticks.vy.
funding: int256


# ---- state


@internal
def _start(_price: uint256):
    """
    @notice Sets the first price.
    """
    sqrt_price: uint256 = swap_math._sqrt_price_up(_price)
    tick: int256 = tick_math._tick_at_sqrt_price(sqrt_price, 0)
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
    total: ticks.Growth = ticks.Growth(pair=self.pair, funding=self.funding)
    moved: int256 = unsafe_sub(_funding_index, ticks._low_signed(total.pair))
    if moved != 0:
        total.pair = total.pair & ticks.HIGH_128 | ticks._low_bits(_funding_index)
        total.funding = unsafe_add(
            total.funding, swap_math._over_sqrt_price(moved, self.price_word >> 142, True)
        )
    return total


@internal
def _accrue(_funding_index: int256) -> ticks.Growth:
    """
    @notice Brings the growth of funding up to date, before anything moves.
    """
    total: ticks.Growth = self._growth(_funding_index)
    self.pair = total.pair
    self.funding = total.funding
    return total


@internal
@pure
def _credited(_pair: uint256, _fee: uint256, _liquidity: uint256) -> uint256:
    """
    @notice A growth pair after the fees of one stretch, to the liquidity that earned them, rounded down; without liquidity
            there are none, and 0 / 0 is 0.
    @dev fee < 2**114. The fee growth is the upper half of its word and wraps there, as intended.
    """
    return unsafe_add(_pair, unsafe_div(_fee << 96, _liquidity) << 128)


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
    tick: int256 = tick_math._tick_at_sqrt_price(target, _from.tick)
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
def _drift(_from: Point, _mark: uint256, _total: ticks.Growth) -> Point:
    """
    @notice Carries `_drifted` out, but for storing the point.
    @param _total growth, accrued
    """
    point: Point = _from
    crossed: bool = False
    edge: int256 = 0
    point, crossed, edge = self._drifted(_from, _mark)
    if crossed:
        ticks._cross(edge, _total)
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
    left: uint256 = convert(convert(_size if buy else unsafe_sub(0, _size), bytes32), uint256)
    # A magnitude of 2**128 or more would leave the bounds of lib/swap_math.vy.
    if left >= 2**128:
        reasons._revert(reasons.SIZE_TOO_LARGE)

    point: Point = self._point()
    plan.stood = point.sqrt_price
    found: bool = False
    edge: int256 = 0
    if point.liquidity == 0:
        point, found, edge = self._drifted(point, _mark)
        if found:
            plan.crossed = 1
    if point.liquidity != 0:
        plan.start = point.sqrt_price

    for _: uint256 in range(MAX_CROSSED + 1):
        # Where the rest would take us if nothing changed on the way; without liquidity, beyond all edges.
        end: uint256 = swap_math._next_sqrt_price_up(point.sqrt_price, point.liquidity, left, buy)
        end_tick: int256 = tick_math.MIN_TICK - 1
        if end >= tick_math.MIN_SQRT_PRICE:
            end_tick = tick_math._tick_at_sqrt_price(min(end, tick_math.MAX_SQRT_PRICE), point.tick)
        found = False
        if not ticks._same_cell(point.tick, end_tick):
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
        plan.notional = unsafe_add(plan.notional, self._notional(start, point.sqrt_price, buy))
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
    if point.liquidity != 0:
        plan.mid_after = swap_math._price_down(point.sqrt_price)
    plan.point = point
    return plan


@internal
@pure
def _notional(_from: Point, _to: uint256, _buy: bool) -> uint256:
    """
    @notice What a buyer pays for a stretch, rounded up, or a seller gets, rounded down: swap_math._cash_between in place.
    """
    if _buy:
        product: uint256 = unsafe_mul(_from.liquidity, unsafe_sub(_to, _from.sqrt_price))
        return unsafe_add(product, swap_math.Q96 - 1) >> 96
    return unsafe_mul(_from.liquidity, unsafe_sub(_from.sqrt_price, _to)) >> 96


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
    @notice Does what was planned, from funding to fee (at most the notional). Each word is read and written once.
    """
    pair: uint256 = self.pair
    moved: int256 = unsafe_sub(_funding_index, ticks._low_signed(pair))
    if moved != 0:
        pair = pair & ticks.HIGH_128 | ticks._low_bits(_funding_index)
        self.funding = unsafe_add(self.funding, swap_math._over_sqrt_price(moved, _plan.stood, True))
    left: uint256 = _fee
    if _plan.crossed != 0:
        pair, left = self._cross_all(_plan, pair, _fee, _buy)
    self.pair = self._credited(pair, left, _plan.point.liquidity)
    self._store(_plan.point)


@internal
def _cross_all(_plan: Plan, _pair: uint256, _fee: uint256, _buy: bool) -> (uint256, uint256):
    """
    @notice Where ticks are crossed a trade walks once more, between the two ticks: the fee goes to the stretches pro rata to
            notional, before the tick at the end of each is crossed.
    @return Growth pair then, and what is left of the fee for the last stretch.
    @dev A drift needs no walk of its own. An edge that it crossed lies either on the way of the trade, after a stretch without
         liquidity, or is crossed back at once, with nothing grown between.
    """
    point: Point = self._point()
    total: ticks.Growth = ticks.Growth(pair=_pair, funding=self.funding)
    left: uint256 = _fee
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
        total.pair = self._credited(total.pair, share, start.liquidity)
        ticks._cross(edge, total)
    return total.pair, left
