# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Waterfall
@notice Who absorbs a deficit: the market's insurance fund within its draw limit, then the opposite side by its social loss index
        (the venue's share by its ranges' margin), then `unallocated_loss`. O(1), and it never fails for want of a payer.
@dev    Totals and range margin are read from storage as they stood before the swap or combination of the same call: the
        caller changes them afterwards.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.lib import waterfall_math
from contracts.modules import markets
from contracts.modules import payouts

uses: markets
uses: payouts

RAY: constant(uint256) = 10**27
# Below this factor (1e-9) too few digits are left: the ranges' epoch ends.
EPOCH_END: constant(uint256) = 10**18


@external
def donate_insurance(_market: uint256, _amount: uint256):
    """
    @notice Gives free collateral of the caller to a market's insurance fund. It cannot be taken back.
    @param _amount WAD, above 0
    @dev Reverts "unknown market", "zero amount", "insufficient collateral".
    """
    if _amount == 0:
        reasons._revert(reasons.ZERO_AMOUNT)
    market: markets.Market = markets._read(_market)
    market = payouts._move(market, msg.sender, convert(min(_amount, markets.MASK_128), int256))
    market = self._credit(market, _amount, msg.sender)
    markets._close(market)


@internal
def _credit(_market: markets.Market, _amount: uint256, _source: address) -> markets.Market:
    """
    @notice New money for the insurance fund, already in the pot. Losses without a payer come first.
    """
    if _amount == 0:
        return _market
    market: markets.Market = _market
    loss: uint256 = 0
    used: uint256 = 0
    if market.flags & markets.HAS_UNALLOCATED != 0:
        loss = markets.unallocated[market.id]
        used = min(loss, _amount)
        loss = unsafe_sub(loss, used)
        markets.unallocated[market.id] = loss
        if loss == 0:
            market.flags ^= markets.HAS_UNALLOCATED
    market.insurance = unsafe_add(market.insurance, unsafe_sub(_amount, used))
    log IClearinghouse.InsuranceChanged(
        market=market.id, source=_source, amount=_amount, insurance_fund=market.insurance, unallocated_loss=loss
    )
    return market


@internal
def _absorb(_market: markets.Market, _size: int256, _deficit: int256, _policy: uint256) -> markets.Market:
    """
    @notice Covers a deficit.
    @param _policy where it says so, what insurance leaves is for auto-deleveraging: this reverts "use ADL", unless the other side has more
                holders than one transaction can pass. 0 for what cannot be deleveraged
    @param _size of the position that made it, signed. At 0 (a removed range) it has no side: what insurance leaves is halved,
                 the odd wei on the shorts
    @param _deficit WAD, above 0
    """
    deficit: uint256 = convert(_deficit, uint256)
    market: markets.Market = self._draw(_market, deficit)
    loss: uint256 = unsafe_sub(unsafe_add(deficit, market.insurance), _market.insurance)
    on_longs: uint256 = 0
    if _policy & policy_word.FLAG_LOSS_ADL != 0 and loss != 0:
        if (market.holders_short if _size > 0 else market.holders_long) <= policy_word.MAX_DELEVERAGED:
            reasons._revert(reasons.USE_ADL)
    if not (_size >= 0):
        on_longs = loss
    elif _size == 0:
        on_longs = unsafe_div(loss, 2)
    # No unit pays more than a unit of the position lost; without a size, than it is worth.
    lost: uint256 = deficit
    size: uint256 = position_math._abs(_size)
    if size == 0:
        lost = market.mark
        size = 10**18
    market = self._socialise(market, True, on_longs, lost, size)
    market = self._socialise(market, False, unsafe_sub(loss, on_longs), lost, size)
    log IClearinghouse.DeficitAbsorbed(
        market=market.id,
        size=_size,
        deficit=deficit,
        from_insurance=unsafe_sub(deficit, loss),
        insurance_fund=market.insurance,
        long_social_loss_index=market.long_loss,
        short_social_loss_index=market.short_loss,
        unallocated_loss=self._unallocated(market),
    )
    return market


@internal
def _absorb_settling(_market: markets.Market, _size: int256, _deficit: int256) -> markets.Market:
    """
    @notice Covers a deficit of a settling market, which moves no index any more: by the whole fund, and what that does not have lowers what
            all claims are paid.
    """
    deficit: uint256 = convert(_deficit, uint256)
    market: markets.Market = _market
    paid: uint256 = min(deficit, market.insurance)
    loss: uint256 = unsafe_sub(deficit, paid)
    market.insurance = unsafe_sub(market.insurance, paid)
    if loss != 0:
        markets.unallocated[market.id] = unsafe_add(markets.unallocated[market.id], loss)
        market.flags |= markets.HAS_UNALLOCATED
    log IClearinghouse.DeficitAbsorbed(
        market=market.id,
        size=_size,
        deficit=deficit,
        from_insurance=paid,
        insurance_fund=market.insurance,
        long_social_loss_index=market.long_loss,
        short_social_loss_index=market.short_loss,
        unallocated_loss=self._unallocated(market),
    )
    return market


@internal
@view
def _unallocated(_market: markets.Market) -> uint256:
    if _market.flags & markets.HAS_UNALLOCATED == 0:
        return 0
    return markets.unallocated[_market.id]


@internal
def _draw(_market: markets.Market, _deficit: uint256) -> markets.Market:
    """
    @notice Takes out of the fund what it may pay of a deficit.
    """
    market: markets.Market = _market
    if market.insurance == 0:
        return market
    draw_bps: uint256 = market_words._insurance_draw_bps(markets.limits_words[market.id])
    level: uint256 = 0
    if draw_bps != 10_000:
        level = self._draw_level(market.id, market.insurance, draw_bps)
    paid: uint256 = min(_deficit, waterfall_math._drawable(market.insurance, level, draw_bps))
    market.insurance = unsafe_sub(market.insurance, paid)
    if draw_bps != 10_000:
        markets.draws[market.id] = unsafe_add(level, paid) << 32 | block.timestamp
    return market


@internal
@view
def _draw_level(_id: uint256, _fund: uint256, _draw_bps: uint256) -> uint256:
    """
    @notice What was drawn lately, decayed to now.
    """
    word: uint256 = markets.draws[_id]
    return waterfall_math._decayed(
        _fund, word >> 32, _draw_bps, unsafe_sub(block.timestamp, word & markets.MASK_32)
    )


@internal
def _socialise(
    _market: markets.Market, _payers_long: bool, _loss: uint256, _lost: uint256, _size: uint256
) -> markets.Market:
    """
    @notice Lays a loss on one side: no unit of it pays more than `_lost` per `_size`.
    """
    if _loss == 0:
        return _market
    market: markets.Market = _market
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._sides(market.id)
    payers: uint256 = short
    index: uint256 = market.short_loss
    if _payers_long:
        payers = long
        index = market.long_loss
    open_interest: uint256 = max(long, short)
    ranges: uint256 = 0
    if payers != open_interest:
        ranges = markets.ranges[market.id]
    shares: waterfall_math.Shares = waterfall_math._shares(
        _loss, _lost, _size, payers, open_interest, ranges >> 128, index
    )
    if shares.from_providers != 0:
        self._charge_ranges(market.id, ranges, shares.from_providers)
    index = unsafe_add(index, shares.index_rise)
    if _payers_long:
        market.long_loss = index
    else:
        market.short_loss = index
    if shares.index_rise != 0:
        markets.losses[market.id] = market.long_loss << 128 | market.short_loss
    if shares.unallocated != 0:
        markets.unallocated[market.id] = unsafe_add(markets.unallocated[market.id], shares.unallocated)
        market.flags |= markets.HAS_UNALLOCATED
    return market


@internal
def _charge_ranges(_market: uint256, _ranges: uint256, _loss: uint256):
    """
    @notice Takes a loss off the margin of all ranges by one factor, rounded down: each bears the same share.
    @dev When the factor runs out of digits a new epoch continues it in units of 1e-9, so that nobody's margin is touched for it.
         When nothing is left, three epochs end: no older range has margin any more.
    """
    margin: uint256 = _ranges >> 128
    left: uint256 = unsafe_sub(margin, _loss)
    epoch: uint256 = _ranges >> 96 & markets.MASK_32
    factor: uint256 = unsafe_div(unsafe_mul(_ranges & markets.MASK_96, left), margin)
    for _: uint256 in range(2):
        if factor < EPOCH_END:
            epoch = unsafe_add(epoch, 1)
            factor = unsafe_mul(factor, 10**9)
    if factor == 0:
        epoch = unsafe_add(epoch, 1)
        factor = RAY
    markets.ranges[_market] = left << 128 | epoch << 96 | factor
    log IClearinghouse.ProvidersCharged(
        market=_market, loss=_loss, lp_margin=left, lp_factor=factor, lp_epoch=epoch
    )
