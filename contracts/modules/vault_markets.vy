# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Vault markets
@notice What the backstop vault has in the markets of its clearinghouse: one isolated position in each, so that the margin it puts into a
        market is all that it can lose there. `committed` is that margin less what came back, and never above the market's loss cap:
        realised losses use the cap up until the owner raises it.
@dev    What came back is what the vault's free collateral rose by during a call that it made or watched, and what a market no longer
        owes it. Other collateral that reaches it, gifts among it, lowers nothing: the cap errs on the safe side.
"""

from interfaces import IBackstopVault
from interfaces import IClearinghouse
from interfaces import ILens

from contracts.lib import reasons

# Markets in which the vault may have something at a time: what an appraisal costs.
MAX_MARKETS: constant(uint256) = 16
# What the clearinghouse moves in one call: 104 bits.
MAX_AMOUNT: constant(uint256) = 2**104 - 1
BPS: constant(uint256) = 10_000
# Of the band.
MAX_BAND_BPS: constant(uint256) = 1_000
# Why nobody comes or goes at this price, see IBackstopVault.Appraisal.
NO_PRICE: constant(uint256) = 1
STALE_PRICE: constant(uint256) = 2
PRICE_JUMPED: constant(uint256) = 3

# Whose account this is.
CLEARINGHOUSE: public(immutable(IClearinghouse))

# Says what positions are worth.
LENS: public(immutable(ILens))

# The liquidation engine, the only one to hand positions over.
ENGINE: public(immutable(address))

# The most that may be lost in a market, WAD; 0: the vault keeps out of it.
loss_cap: public(HashMap[uint256, uint256])

# How far from mark, in basis points, an average may lie at which anyone may unwind.
band_bps: public(uint256)

# Margin put into each market's position less what came back, WAD; what others had the market pay is still to be taken off.
_committed: HashMap[uint256, uint256]

# What each market owed when it was last looked at, WAD.
_owed: HashMap[uint256, uint256]

# Markets in which the vault has, or is owed, something.
_active: DynArray[uint256, MAX_MARKETS]

# Free collateral, plus one, as it would be if nothing came back since the engine began to move a position of the vault.
_watched: transient(uint256)

# The market of that position.
_watched_market: transient(uint256)


@deploy
def __init__(_clearinghouse: address, _lens: address, _engine: address, _band_bps: uint256):
    assert _lens != empty(address) and _engine != empty(address), "zero address"
    CLEARINGHOUSE = IClearinghouse(_clearinghouse)
    LENS = ILens(_lens)
    ENGINE = _engine
    self._set_band(_band_bps)


# ---- engine


@external
@view
def admit(_market: uint256) -> uint256:
    """
    @notice The most margin that the vault would put into a market now, WAD.
    """
    if len(self._active) == MAX_MARKETS and not self._is_active(_market):
        return 0
    committed: uint256 = self._committed_now(_market)
    cap: uint256 = self.loss_cap[_market]
    if committed >= cap:
        return 0
    return min(self._free(), cap - committed)


@external
def took_over(_market: uint256, _margin: uint256):
    """
    @notice Takes note that the engine is about to move a position, and with it `_margin` of the vault's, into the vault's position of a
            market. Only the engine, before it does so, one position at a time; `came_back` after it counts what returns at once where
            the position ends.
    @dev Reverts "not engine", "insufficient collateral", "loss cap reached", "too many markets".
    """
    self._check_engine()
    self._see_owed(_market)
    free: uint256 = self._free()
    if _margin > free:
        reasons._revert(reasons.INSUFFICIENT_COLLATERAL)
    committed: uint256 = self._committed[_market] + _margin
    assert committed <= self.loss_cap[_market], "loss cap reached"
    self._committed[_market] = committed
    self._activate(_market)
    self._watch(_market, free - _margin)
    log IBackstopVault.MarginCommitted(market=_market, margin=_margin, committed=committed)


@external
def watch(_market: uint256):
    """
    @notice The engine is about to do something to a position of the vault that may pay it: deleverage it, say. Only the engine.
    @dev Reverts "not engine".
    """
    self._check_engine()
    self._watch(_market, self._begin(_market))


@external
def came_back(_market: uint256):
    """
    @notice Counts what came back from a market since `took_over` or `watch`, the last call of either in this transaction, for the same
            market. Only the engine.
    @dev Reverts "not engine", "not watched".
    """
    self._check_engine()
    assert self._watched != 0 and self._watched_market == _market, "not watched"
    before: uint256 = self._watched - 1
    self._watched = 0
    self._book(_market, before)


# ---- anyone


@external
def unwind(_market: uint256, _size: uint256) -> uint256:
    """
    @notice Closes (part of) a position of the vault against the venue, at an average within the band around mark. Anyone.
    @param _size unsigned WAD; more than there is, is all
    @return notional WAD
    @dev Reverts "zero size", "no position", and as `trade` of the clearinghouse: "price limit" outside the band.
    """
    if _size == 0:
        reasons._revert(reasons.ZERO_SIZE)
    health: ILens.Health = self._health(_market)
    if health.size == 0:
        reasons._revert(reasons.NO_POSITION)
    size: int256 = 0
    limit: uint256 = 0
    if health.size > 0:
        size = -convert(min(_size, convert(health.size, uint256)), int256)
        limit = (health.mark_price * (BPS - self.band_bps) + BPS - 1) // BPS
    else:
        size = convert(min(_size, convert(-health.size, uint256)), int256)
        limit = health.mark_price * (BPS + self.band_bps) // BPS
    before: uint256 = self._begin(_market)
    notional: uint256 = extcall CLEARINGHOUSE.trade(_market, size, 0, limit, 0)
    self._book(_market, before)
    log IBackstopVault.Unwound(
        market=_market, caller=msg.sender, size=size, notional=notional, position=health.size + size
    )
    return notional


@external
def release(_market: uint256, _amount: uint256 = max_value(uint256)):
    """
    @notice Takes margin that a position does not need to be opened out of it, or what auto-deleveraging left of it; forgets a market in
            which nothing is left. Anyone.
    @param _amount WAD, at most; less than all where the market asks for more than IM at mark (the entry margin rule)
    @dev Reverts "market not active", "nothing to release", and as `adjust_margin` of the clearinghouse.
    """
    assert self._is_active(_market), "market not active"
    before: uint256 = self._begin(_market)
    position: IClearinghouse.Position = self._position(_market)
    if position.size != 0:
        amount: uint256 = min(min(_amount, self._excess(_market)), MAX_AMOUNT)
        assert amount != 0, "nothing to release"
        extcall CLEARINGHOUSE.adjust_margin(_market, -convert(amount, int256))
    elif position.balance != 0:
        extcall CLEARINGHOUSE.settle(_market, self)
    self._book(_market, before)


@external
def claim(_market: uint256):
    """
    @notice Has a market pay what it owes the vault. Anyone.
    @dev Reverts as `claim` of the clearinghouse.
    """
    before: uint256 = self._begin(_market)
    extcall CLEARINGHOUSE.claim(_market)
    self._book(_market, before)


@external
def settle(_market: uint256):
    """
    @notice Settles the vault's position in a market. Anyone.
    @dev Reverts as `settle` of the clearinghouse.
    """
    before: uint256 = self._begin(_market)
    extcall CLEARINGHOUSE.settle(_market, self)
    self._book(_market, before)


# ---- reads


@external
@view
def appraisal() -> IBackstopVault.Appraisal:
    """
    @notice What the vault holds, at mark.
    """
    return self._appraise()


@external
@view
def committed(_market: uint256) -> uint256:
    """
    @notice Margin that was put into a market less what came back, WAD.
    """
    return self._committed_now(_market)


@external
@view
def active_markets() -> DynArray[uint256, MAX_MARKETS]:
    """
    @notice Markets in which the vault has, or is owed, something. In no order.
    """
    return self._active


@internal
@view
def _appraise() -> IBackstopVault.Appraisal:
    """
    @notice A position whose price nobody knows counts for nothing; one whose price is stale counts at the last one. Nobody comes or
            goes meanwhile, nor while a price has just jumped.
    """
    found: IBackstopVault.Appraisal = empty(IBackstopVault.Appraisal)
    found.free_collateral = self._free()
    for market: uint256 in self._active:
        position: IClearinghouse.Position = self._position(market)
        found.owed += self._owed_by(market, position)
        if position.size == 0:
            continue
        known: bool = False
        response: Bytes[1024] = b""
        # An oracle that fails must not take the views down with it.
        known, response = raw_call(
            LENS.address,
            abi_encode(market, self, method_id=method_id("health(uint256,address)")),
            max_outsize=1024,
            is_static_call=True,
            revert_on_failure=False,
        )
        if not known:
            found.obstacle = NO_PRICE
            continue
        health: ILens.Health = abi_decode(response, ILens.Health)
        found.equity += convert(max(health.equity, 0), uint256)
        if found.obstacle != 0:
            continue
        if health.stale:
            found.obstacle = STALE_PRICE
        elif (staticcall CLEARINGHOUSE.market_state(market)).jumped:
            found.obstacle = PRICE_JUMPED
    return found


@internal
@pure
def _check_obstacle(_obstacle: uint256):
    """
    @notice Nobody comes or goes at a price like that.
    """
    assert _obstacle != NO_PRICE, "no price"
    if _obstacle == STALE_PRICE:
        reasons._revert(reasons.STALE_PRICE)
    if _obstacle == PRICE_JUMPED:
        reasons._revert(reasons.PRICE_JUST_JUMPED)


@internal
@view
def _free() -> uint256:
    return staticcall CLEARINGHOUSE.free_collateral(self)


@internal
@view
def _position(_market: uint256) -> IClearinghouse.Position:
    return staticcall CLEARINGHOUSE.position(_market, self)


@internal
@view
def _owed_by(_market: uint256, _held: IClearinghouse.Position) -> uint256:
    """
    @notice What a market owes the vault, with what auto-deleveraging has left on the record of a position that it closed: that waits for
            `settle`, and is never negative.
    """
    owed: uint256 = staticcall CLEARINGHOUSE.owed(_market, self)
    if _held.size == 0:
        owed += convert(_held.balance, uint256)
    return owed


@internal
@view
def _health(_market: uint256) -> ILens.Health:
    return staticcall LENS.health(_market, self)


@internal
@view
def _excess(_market: uint256) -> uint256:
    """
    @notice By how much a position exceeds IM, unrealised profit not counted.
    """
    health: ILens.Health = self._health(_market)
    backing: int256 = health.balance - health.carry + min(health.pnl + health.carry, 0)
    return convert(max(backing - convert(health.initial_margin, int256), 0), uint256)


# ---- bookkeeping


@internal
@view
def _check_engine():
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)


@internal
@view
def _committed_now(_market: uint256) -> uint256:
    """
    @notice What was committed, less what the market has paid of its debts since it was last looked at.
    """
    committed: uint256 = self._committed[_market]
    seen: uint256 = self._owed[_market]
    if committed == 0 or seen == 0:
        return committed
    owed: uint256 = self._owed_by(_market, self._position(_market))
    return committed - min(committed, seen - min(seen, owed))


@internal
def _see_owed(_market: uint256):
    self._committed[_market] = self._committed_now(_market)
    self._owed[_market] = self._owed_by(_market, self._position(_market))


@internal
def _watch(_market: uint256, _free_then: uint256):
    self._watched = _free_then + 1
    self._watched_market = _market


@internal
def _begin(_market: uint256) -> uint256:
    """
    @notice Free collateral before a call of the vault's own; debts that others had the market pay are taken off first, so that the call
            counts nothing twice.
    """
    self._see_owed(_market)
    return self._free()


@internal
def _book(_market: uint256, _before: uint256):
    """
    @notice Takes off what came back since `_before`, and forgets the market if nothing is left in it.
    """
    free: uint256 = self._free()
    amount: uint256 = max(free, _before) - _before
    committed: uint256 = self._committed[_market]
    committed -= min(committed, amount)
    self._committed[_market] = committed
    position: IClearinghouse.Position = self._position(_market)
    owed: uint256 = self._owed_by(_market, position)
    self._owed[_market] = owed
    if amount != 0:
        log IBackstopVault.MarginReturned(
            market=_market, amount=amount, committed=committed, free_collateral=free
        )
    if owed == 0 and position.size == 0:
        self._deactivate(_market)


@internal
@view
def _is_active(_market: uint256) -> bool:
    return _market in self._active


@internal
def _activate(_market: uint256):
    if self._is_active(_market):
        return
    if len(self._active) == MAX_MARKETS:
        reasons._revert(reasons.TOO_MANY_MARKETS)
    self._active.append(_market)
    log IBackstopVault.MarketActive(market=_market, active=True, count=len(self._active))


@internal
def _deactivate(_market: uint256):
    """
    @notice Takes a market off the list, if it is there; the last one takes its place.
    """
    count: uint256 = len(self._active)
    for i: uint256 in range(count, bound=MAX_MARKETS):
        if self._active[i] == _market:
            self._active[i] = self._active[count - 1]
            self._active.pop()
            log IBackstopVault.MarketActive(market=_market, active=False, count=count - 1)
            return


# ---- owner


@internal
def _set_loss_cap(_market: uint256, _loss_cap: uint256):
    assert _loss_cap <= MAX_AMOUNT, "bad loss cap"
    self.loss_cap[_market] = _loss_cap
    log IBackstopVault.LossCapSet(market=_market, loss_cap=_loss_cap, committed=self._committed_now(_market))


@internal
def _set_band(_band_bps: uint256):
    assert 0 < _band_bps and _band_bps <= MAX_BAND_BPS, "bad band"
    self.band_bps = _band_bps
    log IBackstopVault.BandSet(band_bps=_band_bps)
