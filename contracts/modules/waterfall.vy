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
    assert _amount != 0, "zero amount"
    assert _amount <= markets.MASK_104, "amount too large"
    market: markets.Market = markets._read(_market)
    market = payouts._move(market, msg.sender, convert(_amount, int256))
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
            market.flags = market.flags & ~markets.HAS_UNALLOCATED
    market.insurance += unsafe_sub(_amount, used)
    log IClearinghouse.InsuranceChanged(
        market=market.id, source=_source, amount=_amount, insurance_fund=market.insurance, unallocated_loss=loss
    )
    return market


@internal
def _absorb(
    _market: markets.Market, _bankrupt_long: bool, _deficit: uint256, _liquidated: uint256
) -> markets.Market:
    """
    @notice Covers a deficit of a position of one side.
    @param _liquidated size of that position
    """
    market: markets.Market = _market
    from_insurance: uint256 = 0
    market, from_insurance = self._draw(market, _deficit)
    from_providers: uint256 = 0
    market, from_providers = self._socialise(
        market, not _bankrupt_long, unsafe_sub(_deficit, from_insurance), _deficit, _liquidated
    )
    self._announce(market, _bankrupt_long, _deficit, from_insurance, from_providers)
    return market


@internal
def _absorb_flat(_market: markets.Market, _deficit: uint256) -> markets.Market:
    """
    @notice Covers a deficit that has no side, a removed range of size zero: what insurance leaves is halved between the
            sides, the odd wei on the shorts.
    """
    market: markets.Market = _market
    from_insurance: uint256 = 0
    market, from_insurance = self._draw(market, _deficit)
    rest: uint256 = unsafe_sub(_deficit, from_insurance)
    half: uint256 = unsafe_div(rest, 2)
    from_providers: uint256 = 0
    more: uint256 = 0
    market, from_providers = self._socialise(market, True, half, _deficit, 0)
    market, more = self._socialise(market, False, unsafe_sub(rest, half), _deficit, 0)
    self._announce(market, False, _deficit, from_insurance, unsafe_add(from_providers, more))
    return market


@internal
def _draw(_market: markets.Market, _deficit: uint256) -> (markets.Market, uint256):
    """
    @notice Takes what the fund may pay of a deficit.
    """
    market: markets.Market = _market
    if market.insurance == 0:
        return market, 0
    draw_bps: uint256 = market_words._insurance_draw_bps(markets.limits_words[market.id])
    level: uint256 = 0
    if draw_bps != 10_000:
        level = self._draw_level(market.id, market.insurance, draw_bps)
    paid: uint256 = min(_deficit, waterfall_math._drawable(market.insurance, level, draw_bps))
    market.insurance = unsafe_sub(market.insurance, paid)
    if draw_bps != 10_000:
        markets.draws[market.id] = unsafe_add(level, paid) << 32 | block.timestamp
    return market, paid


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
    _market: markets.Market, _payers_long: bool, _loss: uint256, _deficit: uint256, _liquidated: uint256
) -> (markets.Market, uint256):
    """
    @notice Lays a loss on one side; returns what the venue's ranges bear of it.
    """
    if _loss == 0:
        return _market, 0
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
    word: uint256 = 0
    if payers != open_interest:
        word = markets.ranges[market.id]
    shares: waterfall_math.Shares = waterfall_math._shares(
        _loss, _deficit, _liquidated, payers, open_interest, word >> 128, index
    )
    if shares.from_providers != 0:
        market = self._charge_ranges(market, word, shares.from_providers)
    if shares.index_rise != 0:
        if _payers_long:
            market.long_loss = unsafe_add(index, shares.index_rise)
        else:
            market.short_loss = unsafe_add(index, shares.index_rise)
        markets.losses[market.id] = market.long_loss << 128 | market.short_loss
    if shares.unallocated != 0:
        markets.unallocated[market.id] += shares.unallocated
        market.flags = market.flags | markets.HAS_UNALLOCATED
    return market, shares.from_providers


@internal
def _charge_ranges(_market: markets.Market, _word: uint256, _loss: uint256) -> markets.Market:
    """
    @notice Takes a loss off the margin of all ranges by one factor, rounded down: each bears the same share.
    @dev When the factor runs out of digits the epoch ends; what the margin still held goes to the insurance fund.
    """
    margin: uint256 = _word >> 128
    left: uint256 = unsafe_sub(margin, _loss)
    epoch: uint256 = _word >> 96 & markets.MASK_32
    factor: uint256 = unsafe_div((_word & markets.MASK_96) * left, margin)
    ended: uint256 = 0
    if factor < EPOCH_END:
        ended = left
        left = 0
        epoch += 1
        factor = RAY
    markets.ranges[_market.id] = left << 128 | epoch << 96 | factor
    log IClearinghouse.ProvidersCharged(
        market=_market.id, loss=_loss, lp_margin=left, lp_factor=factor, lp_epoch=epoch
    )
    return self._credit(_market, ended, self)


@internal
def _announce(
    _market: markets.Market,
    _bankrupt_long: bool,
    _deficit: uint256,
    _from_insurance: uint256,
    _from_providers: uint256,
):
    loss: uint256 = 0
    if _market.flags & markets.HAS_UNALLOCATED != 0:
        loss = markets.unallocated[_market.id]
    log IClearinghouse.DeficitAbsorbed(
        market=_market.id,
        bankrupt_long=_bankrupt_long,
        deficit=_deficit,
        from_insurance=_from_insurance,
        from_providers=_from_providers,
        insurance_fund=_market.insurance,
        long_social_loss_index=_market.long_loss,
        short_social_loss_index=_market.short_loss,
        unallocated_loss=loss,
    )
