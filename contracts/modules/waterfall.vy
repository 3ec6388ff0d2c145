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
    loss: uint256 = 0
    used: uint256 = 0
    if _market.flags & markets.HAS_UNALLOCATED != 0:
        loss = markets.unallocated[_market.id]
        used = min(loss, _amount)
        loss = unsafe_sub(loss, used)
        markets.unallocated[_market.id] = loss
        if loss == 0:
            _market.flags ^= markets.HAS_UNALLOCATED
    _market.insurance = unsafe_add(_market.insurance, unsafe_sub(_amount, used))
    log IClearinghouse.InsuranceChanged(
        market=_market.id, source=_source, amount=_amount, insurance_fund=_market.insurance, unallocated_loss=loss
    )
    return _market


@internal
def _absorb(_market: markets.Market, _size: int256, _deficit: uint256, _policy: uint256) -> markets.Market:
    """
    @notice Covers a deficit.
    @param _policy where it says so, what insurance leaves is for auto-deleveraging: this reverts "use ADL", unless the other side has more
                holders than one transaction can pass. 0 for what cannot be deleveraged
    @param _size of the position that made it, signed. At 0 (a removed range) it has no side: what insurance leaves is halved,
                 the odd wei on the shorts
    @param _deficit WAD, above 0
    """
    loss: uint256 = _deficit
    if _market.insurance != 0:
        fund: uint256 = _market.insurance
        _market = self._draw(_market, _deficit)
        loss = unsafe_sub(unsafe_add(_deficit, _market.insurance), fund)
    if loss != 0:
        if _policy & policy_word.FLAG_LOSS_ADL != 0:
            if (_market.holders_short if _size > 0 else _market.holders_long) <= policy_word.MAX_DELEVERAGED:
                reasons._revert(reasons.USE_ADL)
        on_longs: uint256 = 0
        if not (_size >= 0):
            on_longs = loss
        # No unit pays more than a unit of the position lost; without a size, than it is worth.
        lost: uint256 = _deficit
        size: uint256 = position_math._abs(_size)
        if _size == 0:
            on_longs = unsafe_div(loss, 2)
            lost = _market.mark
            size = 10**18
        indices: uint256 = unsafe_add(_market.long_loss, _market.short_loss)
        unallocated: uint256 = 0
        more: uint256 = 0
        if on_longs != 0:
            _market.long_loss, unallocated = self._socialise(_market.id, True, _market.long_loss, on_longs, lost, size)
        if on_longs != loss:
            _market.short_loss, more = self._socialise(
                _market.id, False, _market.short_loss, unsafe_sub(loss, on_longs), lost, size
            )
            unallocated = unsafe_add(unallocated, more)
        if unsafe_add(_market.long_loss, _market.short_loss) != indices:
            markets.losses[_market.id] = _market.long_loss << 128 | _market.short_loss
            if _market.flags & markets.HAS_LOSSES == 0:
                _market.flags |= markets.HAS_LOSSES
                markets.risk_words[_market.id] |= market_words.FLAG_LOSSES
        if unallocated != 0:
            markets.unallocated[_market.id] = unsafe_add(markets.unallocated[_market.id], unallocated)
            _market.flags |= markets.HAS_UNALLOCATED
    log IClearinghouse.DeficitAbsorbed(
        market=_market.id,
        size=_size,
        deficit=_deficit,
        from_insurance=unsafe_sub(_deficit, loss),
        insurance_fund=_market.insurance,
        long_social_loss_index=_market.long_loss,
        short_social_loss_index=_market.short_loss,
        unallocated_loss=(
            markets.unallocated[_market.id] if _market.flags & markets.HAS_UNALLOCATED != 0 else 0
        ),
    )
    return _market


@internal
def _absorb_settling(_market: markets.Market, _size: int256, _deficit: uint256) -> markets.Market:
    """
    @notice Covers a deficit of a settling market, which moves no index any more: by the whole fund, and what that does not have lowers what
            all claims are paid.
    """
    paid: uint256 = min(_deficit, _market.insurance)
    loss: uint256 = unsafe_sub(_deficit, paid)
    _market.insurance = unsafe_sub(_market.insurance, paid)
    if loss != 0:
        markets.unallocated[_market.id] = unsafe_add(markets.unallocated[_market.id], loss)
        _market.flags |= markets.HAS_UNALLOCATED
    log IClearinghouse.DeficitAbsorbed(
        market=_market.id,
        size=_size,
        deficit=_deficit,
        from_insurance=paid,
        insurance_fund=_market.insurance,
        long_social_loss_index=_market.long_loss,
        short_social_loss_index=_market.short_loss,
        unallocated_loss=(
            markets.unallocated[_market.id] if _market.flags & markets.HAS_UNALLOCATED != 0 else 0
        ),
    )
    return _market


@internal
def _draw(_market: markets.Market, _deficit: uint256) -> markets.Market:
    """
    @notice Takes out of the fund what it may pay of a deficit.
    """
    draw_bps: uint256 = market_words._insurance_draw_bps(markets.limits_words[_market.id])
    level: uint256 = 0
    if draw_bps != 10_000:
        level = self._draw_level(_market.id, _market.insurance, draw_bps)
    paid: uint256 = min(_deficit, waterfall_math._drawable(_market.insurance, level, draw_bps))
    _market.insurance = unsafe_sub(_market.insurance, paid)
    if draw_bps != 10_000:
        markets.draws[_market.id] = unsafe_add(level, paid) << 32 | block.timestamp
    return _market


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
    _market: uint256, _payers_long: bool, _index: uint256, _loss: uint256, _lost: uint256, _size: uint256
) -> (uint256, uint256):
    """
    @notice Lays a loss on one side: no unit of it pays more than `_lost` per `_size`.
    @return the side's social loss index
    @return what has no payer
    """
    totals: uint256 = markets.totals[_market]
    if _payers_long:
        # the paying side below, the other above
        totals = totals << 128 | totals >> 128
    payers: uint256 = totals & markets.MASK_128
    open_interest: uint256 = totals >> 128
    ranges: uint256 = 0
    if open_interest > payers:
        # the venue stands on the payers' side with the rest
        ranges = markets.ranges[_market]
    else:
        open_interest = payers
    shares: waterfall_math.Shares = waterfall_math._shares(
        _loss, _lost, _size, payers, open_interest, ranges >> 128, _index
    )
    if shares.from_providers != 0:
        self._charge_ranges(_market, ranges, shares.from_providers)
    return unsafe_add(_index, shares.index_rise), shares.unallocated


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
