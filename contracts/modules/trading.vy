# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Trading
@notice What holders do to their own positions: trade against the venue, move margin, settle carry.
        docs/spec.md sections 5 and 6.
"""

from interfaces import IClearinghouse
from interfaces import IVenue

from contracts.lib import fixed_point
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import venue_math
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: markets
uses: payouts
uses: positions
uses: waterfall

# A fee budget that limits nothing.
NO_BUDGET: constant(int256) = 2**126


# What a trade against the venue did.
struct Fill:
    notional: uint256
    lp_fee: uint256
    protocol_fee: uint256
    penalty: uint256
    mid_price: uint256  # after


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
    @notice Trades against the venue of a market and moves margin in the same call.
    @param _size WAD; positive buys. Not zero
    @param _margin WAD from free collateral into the position; negative the other way
    @param _limit_price WAD, worst average price without fees; 0 is none
    @param _deadline unix seconds; 0 is none
    @param _account the caller's, or one it operates
    @return notional WAD, what was paid or received, without fees
    """
    accounts._check_operator(_account)
    assert _deadline == 0 or block.timestamp <= _deadline, "deadline passed"
    assert _size != 0, "zero size"
    assert position_math._abs(_size) <= markets.MAX_SIZE, "size too large"
    assert position_math._abs(_margin) <= markets.MASK_104, "amount too large"
    market: markets.Market = markets._open(_market)
    assert not market.jumped, "price just jumped"
    old: position_math.Position = positions._load(_market, _account)
    old = position_math._settled(old, markets._carry_index(market, old.size))

    fill: Fill = empty(Fill)
    market, fill = self._fill(market, _size, _limit_price)

    leg: position_math.Position = position_math.Position(
        size=_size,
        balance=_margin - convert(fill.lp_fee + fill.protocol_fee + fill.penalty, int256),
        notional=fill.notional,
        carry=0,
        flags=0,
    )
    new: position_math.Position = position_math._combined(
        leg, old, markets._carry_index(market, 1), markets._carry_index(market, -1)
    )
    self._check_trade(market, old, new, _margin)

    market = markets._recount(market, old.size, new.size)
    incoming: int256 = _margin
    if new.size == 0:
        incoming -= new.balance
    market = payouts._move(market, _account, incoming)
    markets._close(market)
    positions._store(_market, _account, new)
    log IClearinghouse.Trade(
        market=_market,
        account=_account,
        size=_size,
        notional=fill.notional,
        lp_fee=fill.lp_fee,
        protocol_fee=fill.protocol_fee,
        penalty=fill.penalty,
        mid_price=fill.mid_price,
        free_collateral=accounts._free(_account),
    )
    return fill.notional


@external
def adjust_margin(_market: uint256, _delta: int256, _account: address = msg.sender):
    """
    @notice Moves margin into (positive) or out of (negative) an isolated position.
    @dev A top-up works without a price too. Taking margin out needs a fresh, unjumped price and the opening rule after.
    """
    accounts._check_operator(_account)
    assert _delta != 0, "zero amount"
    assert position_math._abs(_delta) <= markets.MASK_104, "amount too large"
    position: position_math.Position = positions._load(_market, _account)
    assert position.size != 0, "no position"
    market: markets.Market = empty(markets.Market)
    if _delta < 0 or markets._has_price(markets._risk(_market)):
        market = markets._open(_market)
        position = position_math._settled(position, markets._carry_index(market, position.size))
    else:
        market = markets._read(_market)
    position.balance += _delta
    if _delta < 0:
        assert not market.jumped, "price just jumped"
        self._check_opening(market, position)
    elif market.mark != 0 and self._is_maintained(market, position):
        # liquidation records made before this top-up are void
        position.flags = position.flags & positions.FLAG_CROSS | (position.flags + positions.TOPUP_UNIT & 254)
    market = payouts._move(market, _account, _delta)
    markets._close(market)
    positions._store(_market, _account, position)
    log IClearinghouse.MarginAdjusted(
        market=_market, account=_account, delta=_delta, free_collateral=accounts._free(_account)
    )


@external
def settle(_market: uint256, _account: address):
    """
    @notice Pays an account's carry out of (or into) its balance. Its equity does not change. Anyone.
    """
    market: markets.Market = markets._open(_market)
    position: position_math.Position = positions._load(_market, _account)
    assert position.size != 0, "no position"
    positions._store(
        _market, _account, position_math._settled(position, markets._carry_index(market, position.size))
    )


# ---- the venue


@internal
def _fill(_market: markets.Market, _size: int256, _limit_price: uint256) -> (markets.Market, Fill):
    """
    @notice Swaps a size of a holder's own choice: all fees are due, and the deviation limit holds.
    """
    trading: uint256 = markets.trading_words[_market.id]
    result: IVenue.SwapResult = extcall IVenue(market_words._venue(trading)).swap(
        IVenue.SwapOrder(
            size=_size,
            mark_price=_market.mark,
            funding_index=_market.funding,
            fee_bps=market_words._trading_fee_bps(trading),
            fee_budget=NO_BUDGET,
        )
    )
    assert result.notional <= markets.MAX_NOTIONAL, "notional too large"
    assert venue_math._within_limit(_size, result.notional, _limit_price), "price limit"
    deviation: uint256 = venue_math._deviation(result.mid_after, _market.mark)
    penalty: uint256 = 0
    if deviation > venue_math._deviation(result.mid_before, _market.mark):
        assert deviation <= market_words._max_deviation_bps(trading) * 10**14, "venue too far from mark"
        if deviation > market_words._mmr_bps(_market.risk) * 10**14:
            penalty = venue_math._penalty(markets.limits_words[_market.id], deviation, result.notional)
    protocol_fee: uint256 = fixed_point._bps_up(result.notional, market_words._protocol_fee_bps(trading))
    markets._set_mid(_market.id, result.mid_after, protocol_fee)
    return waterfall._credit(_market, penalty, self), Fill(
        notional=result.notional,
        lp_fee=result.fee,
        protocol_fee=protocol_fee,
        penalty=penalty,
        mid_price=result.mid_after,
    )


# ---- rules


@internal
def _check_trade(
    _market: markets.Market, _old: position_math.Position, _new: position_math.Position, _margin: int256
):
    """
    @notice The rules a trade must meet after it, and the new totals.
    """
    old_size: uint256 = position_math._abs(_old.size)
    new_size: uint256 = position_math._abs(_new.size)
    flipped: bool = (_old.size < 0) != (_new.size < 0)
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._resize(_market.id, _old.size, _new.size)
    if new_size == 0:
        assert _new.balance >= 0, "close leaves a deficit"
        return
    trading: uint256 = markets.trading_words[_market.id]
    notional: uint256 = position_math._notional(_new.size, _market.mark)
    assert notional >= market_words._min_notional(trading), "below minimum notional"
    if new_size > old_size or flipped:
        assert markets._is_open(_market.flags), "market is reduce-only"
        assert new_size <= markets.MAX_SIZE, "size too large"
        assert max(notional, _new.notional) <= markets.MAX_NOTIONAL, "notional too large"
        cap: uint256 = market_words._max_open_interest(trading)
        if cap != 0:
            assert position_math._notional(convert(max(long, short), int256), _market.mark) <= cap, "open interest cap"
        self._check_opening(_market, _new)
        return
    if _margin < 0:
        self._check_opening(_market, _new)
        return
    equity: int256 = position_math._equity(_new, _new.carry, _market.mark)
    margin: uint256 = position_math._margin(notional, market_words._mmr_bps(_market.risk))
    if equity < convert(margin, int256):
        # not worse than before: equity / margin, cross-multiplied; margins are above zero
        old_margin: uint256 = position_math._margin(
            position_math._notional(_old.size, _market.mark), market_words._mmr_bps(_market.risk)
        )
        old_equity: int256 = position_math._equity(_old, _old.carry, _market.mark)
        assert equity * convert(old_margin, int256) >= old_equity * convert(margin, int256), "below maintenance margin"


@internal
@pure
def _check_opening(_market: markets.Market, _position: position_math.Position):
    """
    @notice The opening rule on a settled position.
    """
    assert (
        position_math._opening_excess(
            _position,
            _market.mark,
            market_words._imr_bps(_market.risk),
            market_words._entry_margin_rule(_market.risk),
        )
        >= 0
    ), "below initial margin"


@internal
@pure
def _is_maintained(_market: markets.Market, _position: position_math.Position) -> bool:
    """
    @notice Whether a settled position has its maintenance margin.
    """
    margin: uint256 = position_math._margin(
        position_math._notional(_position.size, _market.mark), market_words._mmr_bps(_market.risk)
    )
    return position_math._equity(_position, _position.carry, _market.mark) >= convert(margin, int256)
