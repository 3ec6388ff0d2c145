# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Trading
@notice How holders change their own positions: by trading against the venue.
        docs/spec.md sections 5 and 6.
"""

from interfaces import IClearinghouse
from interfaces import IVenue

from contracts.lib import margin_math
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import parts
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import swaps
from contracts.modules import trade_rules
from contracts.modules import waterfall

uses: accounts
uses: markets
uses: parts
uses: payouts
uses: positions
uses: swaps
uses: trade_rules
uses: waterfall

# A fee budget that limits nothing.
NO_BUDGET: constant(int256) = 2**126


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
    @dev Reverts: docs/errors.md, "In which order".
    """
    accounts._check_operator(_account)
    if accounts._is_cross(_account, _market):
        return convert(raw_call(parts.CROSS, msg.data, max_outsize=32, is_delegate_call=True), uint256)
    trade_rules._check_order(_size, _deadline)
    trade_rules._check_amount(_margin)
    market: markets.Market = markets._open(_market)
    if market.jumped:
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    old: position_math.Position = positions._load_settled(market, _account)

    fill: IVenue.SwapResult = swaps._swap(
        market, _size, _limit_price, 0, NO_BUDGET, True
    )
    fees: uint256 = unsafe_add(unsafe_add(fill.lp_fee, fill.protocol_fee), fill.penalty)
    if fill.penalty != 0:
        market = waterfall._credit(market, fill.penalty, self)
    leg: position_math.Position = position_math.Position(
        size=_size,
        balance=unsafe_sub(_margin, convert(fees, int256)),
        notional=fill.notional,
        carry=0,
        flags=0,
    )
    new: position_math.Position = position_math._combined(leg, old)
    new.carry = markets._carry_index(market.long_loss, market.short_loss, market.funding, market.borrow, new.size)
    positions._store(_market, _account, new)
    market = positions._changed(market, old.size, new.size)
    self._check_trade(market, old, new, _margin)
    incoming: int256 = _margin
    if new.size == 0:
        incoming = payouts._ending(new.balance, _margin)
    market = payouts._move(market, _account, incoming)
    markets._close(market)
    if market.extras >> market_words.SHOWN_TRIGGER_AT != 0:
        raw_call(
            parts.CROSS,
            abi_encode(_market, _account, method_id=method_id("announce(uint256,address)")),
            is_delegate_call=True,
        )
    log IClearinghouse.Trade(
        market=_market,
        account=_account,
        size=_size,
        notional=fill.notional,
        fees=fees,
        penalty=fill.penalty,
        mid_price=fill.mid_after,
        free_collateral=accounts._free(_account),
    )
    return fill.notional


# ---- rules


@internal
@view
def _check_trade(
    _market: markets.Market, _old: position_math.Position, _new: position_math.Position, _margin: int256
):
    """
    @notice The rules a trade must meet after it.
    """
    if _new.size == 0:
        return
    notional: uint256 = position_math._notional(_new.size, _market.mark)
    if trade_rules._check_limits(_market, _old, _new, notional) or not (_margin >= 0):
        positions._check_opening(_market, _new)
    elif trade_rules._is_worse(
        position_math._worth(_new, _market.mark),
        margin_math._maintenance(notional, _market.risk, _market.extras),
        position_math._worth(_old, _market.mark),
        margin_math._maintenance(position_math._notional(_old.size, _market.mark), _market.risk, _market.extras),
    ):
        reasons._revert(reasons.BELOW_MAINTENANCE_MARGIN)
