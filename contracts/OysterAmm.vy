# pragma version 0.4.3
# pragma optimize gas
# pragma nonreentrancy on
"""
@title  Oyster AMM
@license MIT
@notice The venue of one market: concentrated liquidity over ticks, provided with margin in one token. It holds no tokens and no
        margin: both lie with the clearinghouse, which alone may swap and which this contract asks for prices and parameters.
        Amounts are WAD, square root prices Q64.96, funding RAY. docs/spec.md section 11; every division goes against the taker
        or the provider, so what the venue has is never less than what its ranges claim (contracts/lib/swap_math.vy).
@custom:security The clearinghouse is trusted. Swaps and quotes call nothing but its parameters; `add_liquidity`, `remove_liquidity` and `sync`
        first let the clearinghouse accrue, then change their own state, then report to it.
@custom:kill Nothing to disable: opening stops with the market, removing and closing always work.
"""

from interfaces import IClearinghouse
from interfaces import IOysterAmm
from interfaces import IVenue
from contracts.lib import market_words
from contracts.lib import reasons
from contracts.lib import swap_math
from contracts.lib import venue_math
from contracts.modules import curve
from contracts.modules import ranges
from contracts.modules import ticks

implements: IVenue
implements: IOysterAmm

initializes: ticks
initializes: curve[ticks := ticks]
initializes: ranges[ticks := ticks]


# Whose positions trade here.
CLEARINGHOUSE: public(immutable(IClearinghouse))

# The number of the market there.
MARKET: public(immutable(uint256))


@deploy
def __init__(_clearinghouse: address, _market: uint256, _initial_price: uint256):
    """
    @notice Creates an empty venue.
    @param _clearinghouse Its clearinghouse.
    @param _market Number of its market.
    @param _initial_price WAD, where it stands until there is liquidity.
    """
    assert _clearinghouse != empty(address), "zero address"
    assert _initial_price >= 10**8 and _initial_price <= 10**28, "price out of bounds"
    CLEARINGHOUSE = IClearinghouse(_clearinghouse)
    MARKET = _market
    curve._start(_initial_price)


# ---- trades


@external
@reentrant
def swap(_order: IVenue.SwapOrder) -> IVenue.SwapResult:
    """
    @notice Trades against the ranges. Only the clearinghouse.
    @param _order What is traded, and what the venue needs to know of its market.
    @return Notional, fees and the mid price after.
    @dev Without the lock that everything else here has: only the clearinghouse gets in, which swaps in no call that comes from a venue, and
         nothing but a view of it is called. Reverts "not clearinghouse", "size too large", "no liquidity" or "too many
         ticks", "venue too far from mark" or "venue too far", "price limit".
    """
    if msg.sender != CLEARINGHOUSE.address:
        reasons._revert(reasons.NOT_CLEARINGHOUSE)
    plan: curve.Plan = curve._plan(_order.size, _order.mark_price)
    result: IVenue.SwapResult = self._priced(_order, plan)
    curve._carry_out(plan, result.lp_fee, _order.size > 0, _order.funding_index)
    return result


@external
@view
def quote_swap(_order: IVenue.SwapOrder) -> IVenue.SwapResult:
    """
    @notice What `swap` would return for the same order at this moment.
    """
    plan: curve.Plan = curve._plan(_order.size, _order.mark_price)
    return self._priced(_order, plan)


@external
@view
def quote(_size: int256) -> (uint256, uint256):
    """
    @notice What a trade would cost or bring, without fees and whatever the limits of the market.
    @param _size WAD, positive buys.
    @return Notional and the mid price afterwards.
    """
    plan: curve.Plan = curve._plan(_size, staticcall CLEARINGHOUSE.mark_price(MARKET))
    return plan.notional, plan.mid_after


@external
@view
def mid_price() -> uint256:
    """
    @notice WAD, rounded down; 0 if no liquidity is in range.
    """
    return curve._mid(curve._point())


@external
@view
def state() -> (uint256, int256, uint256):
    """
    @notice Square root price, tick and liquidity in range.
    """
    point: curve.Point = curve._point()
    return point.sqrt_price, point.tick, point.liquidity


@external
@view
def edge(_tick: int256) -> (uint256, int256):
    """
    @notice Liquidity of all ranges that begin or end at a tick, and what joins when the price rises through it.
    """
    return ticks._gross(_tick), ticks._net(_tick)


# ---- liquidity


@external
def add_liquidity(
    _lower: int256, _upper: int256, _margin: uint256, _min_liquidity: uint256 = 0, _deadline: uint256 = 0
) -> uint256:
    """
    @notice Adds a range around the current price, backed by free collateral of the caller.
    @param _lower Its lower tick.
    @param _upper Its upper tick, where it ends.
    @param _margin WAD.
    @param _min_liquidity The least liquidity to accept.
    @param _deadline Unix seconds; 0 for none.
    @return Its liquidity: the most that meets the initial margin ratio at both edges.
    @dev Reverts: docs/errors.md, "In which order".
    """
    if not (_deadline == 0 or block.timestamp <= _deadline):
        reasons._revert(reasons.DEADLINE_PASSED)
    if _margin == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    if _margin >= 2**120:
        reasons._revert(reasons.TOO_MUCH_LIQUIDITY)
    ranges._check_edges(_lower, _upper)

    context: IClearinghouse.VenueContext = extcall CLEARINGHOUSE.venue_accrue(MARKET)
    if context.settling:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    if not context.tradable:
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    if not context.open:
        reasons._revert(reasons.MARKET_IS_REDUCE_ONLY)
    if _margin < context.min_notional:
        reasons._revert(reasons.RANGE_TOO_SMALL)
    total: ticks.Growth = curve._accrue(context.funding_index)
    point: curve.Point = curve._point()
    if point.liquidity == 0:
        point = curve._drift(point, context.mark_price, total)
    if not venue_math._is_near(swap_math._price_down(point.sqrt_price), context.mark_price, context.mmr_bps):
        reasons._revert(reasons.VENUE_TOO_FAR_FROM_MARK)
    if point.tick < _lower or point.tick >= _upper:
        reasons._revert(reasons.RANGE_NOT_AROUND_PRICE)
    if ranges._exists(msg.sender, _lower, _upper):
        reasons._revert(reasons.RANGE_EXISTS)

    new: ranges.Holding = ranges._drawn(_lower, _upper, _margin, point.sqrt_price, context)
    if new.liquidity < _min_liquidity:
        reasons._revert(reasons.TOO_LITTLE_LIQUIDITY)
    ranges._enter(msg.sender, new, point.tick, total)
    # Unsafe: the sum of all liquidity is below 2**118, by ticks.MAX_GROSS.
    point.liquidity = unsafe_add(point.liquidity, new.liquidity)
    curve._store(point)

    mid: uint256 = curve._mid(point)
    log IOysterAmm.RangeAdded(
        provider=msg.sender,
        lower=_lower,
        upper=_upper,
        margin=_margin,
        liquidity=new.liquidity,
        sqrt_price=point.sqrt_price,
        liquidity_in_range=point.liquidity,
        mid_price=mid,
    )
    extcall CLEARINGHOUSE.venue_provide(MARKET, msg.sender, _margin, mid)
    return new.liquidity


@external
def remove_liquidity(_lower: int256, _upper: int256, _provider: address = msg.sender) -> uint256:
    """
    @notice Turns a range into (part of) the position of its provider. The provider and its operators may do so while the
            market is tradable; anyone for a tip when the range is below maintenance margin at mark, and while the market is tradable
            when it is out of range or holds the venue back from mark.
            Of a market that settles anyone may remove any range.
    @param _lower Its lower tick.
    @param _upper Its upper tick.
    @param _provider Whose range it is.
    @return WAD, the tip the caller got.
    @dev Reverts: docs/errors.md, "In which order".
    """
    context: IClearinghouse.VenueContext = extcall CLEARINGHOUSE.venue_accrue(MARKET)
    held: ranges.Holding = self._held(_provider, _lower, _upper)
    total: ticks.Growth = curve._accrue(context.funding_index)
    point: curve.Point = curve._point()
    if point.liquidity == 0 and not context.settling:
        point = curve._drift(point, context.mark_price, total)
    in_range: bool = ranges._is_in_range(held, point.tick)
    accrued: ranges.Accrued = ranges._accrued(held, point.tick, total, context.lp_factor, context.lp_epoch)

    remover: address = msg.sender
    if self._is_own(_provider):
        if not (context.tradable or context.settling):
            reasons._revert(reasons.PRICE_JUST_JUMPED)
        remover = _provider
    elif not context.settling:
        equity: int256 = 0
        maintenance: uint256 = 0
        equity, maintenance = ranges._margins_at_mark(held, accrued, context.mark_price, context.mmr_bps)
        failing: bool = equity < convert(maintenance, int256)
        idle: bool = ranges._is_idle(held, point.sqrt_price, point.tick, context.mark_price, context.mmr_bps)
        if not (failing or context.tradable and idle):
            reasons._revert(reasons.RANGE_IS_HEALTHY)

    removed: IClearinghouse.RemovedRange = ranges._position_at(held, accrued, point.sqrt_price)
    ranges._leave(_provider, held)
    if in_range:
        # Unsafe: it is one of those in range.
        point.liquidity = unsafe_sub(point.liquidity, held.liquidity)
    curve._store(point)
    removed.mid_price = curve._mid(point)

    tip: uint256 = extcall CLEARINGHOUSE.venue_absorb(MARKET, _provider, remover, removed)
    log IOysterAmm.RangeRemoved(
        provider=_provider,
        remover=remover,
        lower=_lower,
        upper=_upper,
        margin=removed.margin,
        fees=accrued.fees,
        funding=accrued.funding,
        size=removed.size,
        balance=removed.balance,
        entry_notional=removed.entry_notional,
        tip=tip,
        liquidity_in_range=point.liquidity,
        mid_price=removed.mid_price,
    )
    return tip


@external
def sync():
    """
    @notice Lets a venue without liquidity in range follow mark, as far as the next edge. Anyone may call.
    @dev Reverts what `IClearinghouse.venue_accrue` does.
    """
    context: IClearinghouse.VenueContext = extcall CLEARINGHOUSE.venue_accrue(MARKET)
    total: ticks.Growth = curve._accrue(context.funding_index)
    point: curve.Point = curve._point()
    if point.liquidity == 0:
        point = curve._drift(point, context.mark_price, total)
        curve._store(point)
        mid: uint256 = curve._mid(point)
        log IOysterAmm.Drifted(sqrt_price=point.sqrt_price, liquidity_in_range=point.liquidity, mid_price=mid)
        extcall CLEARINGHOUSE.venue_provide(MARKET, msg.sender, 0, mid)


# ---- ranges


@external
@view
def range_of(_provider: address, _lower: int256, _upper: int256) -> IOysterAmm.RangeState:
    """
    @notice A range at this moment; all zero if there is none.
    """
    held: ranges.Holding = ranges._load(_provider, _lower, _upper)
    if held.liquidity == 0:
        return empty(IOysterAmm.RangeState)
    market: IClearinghouse.MarketState = staticcall CLEARINGHOUSE.market_state(MARKET)
    point: curve.Point = curve._point()
    accrued: ranges.Accrued = ranges._accrued(
        held, point.tick, curve._growth(market.funding_index), market.lp_factor, market.lp_epoch
    )
    position: IClearinghouse.RemovedRange = ranges._position_at(held, accrued, point.sqrt_price)
    return IOysterAmm.RangeState(
        liquidity=held.liquidity,
        entry_sqrt_price=held.entry_sqrt_price,
        margin=accrued.margin,
        fees=accrued.fees,
        funding=accrued.funding,
        balance=position.balance,
        size=position.size,
        entry_notional=position.entry_notional,
        equity=ranges._margins(position, market.mark_price, 0)[0],
        in_range=ranges._is_in_range(held, point.tick),
    )


@external
@view
def range_health(_provider: address, _lower: int256, _upper: int256) -> (int256, uint256, bool, bool):
    """
    @notice How a range stands if the venue stood at mark, and whether anyone may remove it now.
    @return Equity and maintenance margin there, whether the price is inside the range, and whether anyone may remove it.
    """
    held: ranges.Holding = self._held(_provider, _lower, _upper)
    market: IClearinghouse.MarketState = staticcall CLEARINGHOUSE.market_state(MARKET)
    point: curve.Point = curve._point()
    accrued: ranges.Accrued = ranges._accrued(
        held, point.tick, curve._growth(market.funding_index), market.lp_factor, market.lp_epoch
    )
    # A removal drifts first.
    point = curve._drifted(point, market.mark_price)[0]
    equity: int256 = 0
    maintenance: uint256 = 0
    mmr_bps: uint256 = market_words._mmr_bps((staticcall CLEARINGHOUSE.market_words(MARKET))[0])
    equity, maintenance = ranges._margins_at_mark(held, accrued, market.mark_price, mmr_bps)
    failing: bool = equity < convert(maintenance, int256)
    idle: bool = ranges._is_idle(held, point.sqrt_price, point.tick, market.mark_price, mmr_bps)
    return equity, maintenance, ranges._is_in_range(held, point.tick), failing or not market.jumped and idle


@internal
@view
def _held(_provider: address, _lower: int256, _upper: int256) -> ranges.Holding:
    """
    @notice A range that must be there.
    """
    held: ranges.Holding = ranges._load(_provider, _lower, _upper)
    if held.liquidity == 0:
        reasons._revert(reasons.NO_RANGE)
    return held


@internal
@view
def _priced(_order: IVenue.SwapOrder, _plan: curve.Plan) -> IVenue.SwapResult:
    """
    @notice The terms of a swap. The penalty's coefficients are asked for only when one is due.
    """
    penalised: uint256 = 0
    limits: uint256 = 0
    # Near mark there is neither limit nor penalty, wherever the venue stood before.
    near_bps: uint256 = min(_order.mmr_bps, market_words._max_deviation_bps(_order.trading_word))
    if not venue_math._is_near(_plan.mid_after, _order.mark_price, near_bps):
        penalised = venue_math._penalised(_order, swap_math._price_down(_plan.start), _plan.mid_after)
        if penalised != 0:
            limits = (staticcall CLEARINGHOUSE.market_words(MARKET))[2]
    return venue_math._priced(_order, _plan.notional, _plan.mid_after, penalised, limits)


@internal
@view
def _is_own(_provider: address) -> bool:
    return msg.sender == _provider or staticcall CLEARINGHOUSE.is_operator(_provider, msg.sender)
