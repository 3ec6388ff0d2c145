# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Providers
@notice The venue's side of the clearinghouse: margin of ranges coming in, and removed ranges becoming positions. Only the venue
        of the market may call. docs/spec.md section 11.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
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


@external
def venue_accrue(_market: uint256) -> IClearinghouse.VenueContext:
    """
    @notice Accrues the market and tells its venue what it needs to add or remove a range.
    @dev Reverts "not venue" and what `accrue` reverts.
    """
    self._check_venue(_market)
    market: markets.Market = self._opened(_market)
    ranges: uint256 = markets.ranges[_market]
    settling: bool = market.flags & markets.SETTLING != 0
    return IClearinghouse.VenueContext(
        mark_price=market.mark,
        funding_index=market.funding,
        imr_bps=market_words._imr_bps(market.risk),
        mmr_bps=market_words._mmr_bps(market.risk),
        tip=market_words._tip(markets.limits_words[_market]),
        min_notional=market_words._min_notional(markets.trading_words[_market]),
        lp_factor=ranges & markets.MASK_96,
        lp_epoch=ranges >> 96 & markets.MASK_32,
        tradable=not market.jumped,
        open=not (market.jumped or settling) and markets._is_open(market.flags),
        settling=settling,
    )


@external
def venue_provide(_market: uint256, _provider: address, _margin: uint256, _mid_price: uint256):
    """
    @notice Takes the margin of a new range from its provider's free collateral; without margin, the venue's mid moved.
    @dev Reverts "not venue", "insufficient collateral".
    """
    market: markets.Market = markets._read(_market)
    self._check_venue(_market)
    market = payouts._move(market, _provider, convert(_margin, int256))
    markets._close(market)
    ranges: uint256 = markets.ranges[_market] + (_margin << 128)
    markets.ranges[_market] = ranges
    if _margin != 0:
        markets.dues[_market] += markets.ONE_RANGE
    markets._set_mid(_market, market.risk, _mid_price, 0)
    log IClearinghouse.LiquidityChanged(
        market=_market,
        provider=_provider,
        margin_delta=convert(_margin, int256),
        lp_margin=ranges >> 128,
        mid_price=_mid_price,
    )


@external
def venue_absorb(
    _market: uint256, _provider: address, _remover: address, _removed: IClearinghouse.RemovedRange
) -> uint256:
    """
    @notice Makes a removed range part of its provider's position. No margin rule applies: a failing result is liquidated
            like any position. A deficit passes the waterfall, after the range has left the ranges' margin.
    @return tip WAD that the remover got, when it is not the provider
    @dev Reverts "not venue"; for the provider itself, and where other legs of the provider's could pay, "close leaves a deficit".
    """
    self._check_venue(_market)
    market: markets.Market = self._opened(_market)
    ranges: uint256 = markets.ranges[_market] - (_removed.margin << 128)
    markets.ranges[_market] = ranges
    if markets.dues[_market] >= markets.ONE_RANGE:
        markets.dues[_market] -= markets.ONE_RANGE
    log IClearinghouse.LiquidityChanged(
        market=_market,
        provider=_provider,
        margin_delta=-convert(_removed.margin, int256),
        lp_margin=ranges >> 128,
        mid_price=_removed.mid_price,
    )

    part: position_math.Position = position_math.Position(
        size=_removed.size,
        balance=_removed.balance,
        notional=_removed.entry_notional,
        carry=0,
        flags=0,
    )
    equity: int256 = position_math._worth(part, market.mark)
    if not (equity >= 0):
        market = self._absorbed(market, part.size, convert(unsafe_sub(0, equity), uint256))
        part.balance = unsafe_sub(part.balance, equity)
        if market.risk & market_words.FLAG_PREVIOUS_MARK != 0:
            positions.made_good[positions._key(_market, _provider)] = block.timestamp
    tip: uint256 = 0
    if _remover != _provider and equity > 0 and market.flags & markets.SETTLING == 0:
        # at most a tenth: what is left is a position with a margin of its own
        tip = min(
            market_words._tip(markets.limits_words[_market]), unsafe_div(convert(equity, uint256), 10)
        )
        part.balance = unsafe_sub(part.balance, convert(tip, int256))

    old: position_math.Position = positions._load_settled(market, _provider)
    new: position_math.Position = position_math._combined(part, old)
    if accounts._is_cross(_provider, _market):
        new.flags |= positions.FLAG_CROSS
        if new.size == 0 and not (new.balance >= 0):
            paid: uint256 = min(position_math._abs(new.balance), accounts._free(_provider))
            accounts._take(_provider, paid)
            market.pot = unsafe_add(market.pot, paid)
            new.balance = unsafe_add(new.balance, convert(paid, int256))
            if not (new.balance >= 0) and accounts._legs(_provider) & ~(1 << _market) != 0:
                # the leg has to go first: its liquidation, or settlement, is paid by the others, too
                reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
    if new.size == 0 and not (new.balance >= 0):
        # the provider's own failing position closed against the range
        if _remover == _provider:
            reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
        market = self._absorbed(market, old.size, convert(unsafe_sub(0, new.balance), uint256))
        new.balance = 0
    market = positions._replace(market, _provider, old.size, new)
    if new.size == 0 and new.balance > 0:
        market = payouts._pay(market, _provider, convert(new.balance, uint256))
    if accounts._is_cross(_provider, _market):
        # while the market settles a claim goes on backing the account's other legs
        accounts._set_leg(
            _provider,
            _market,
            new.size != 0
            or market.flags & markets.SETTLING != 0 and payouts.debts[positions._key(_market, _provider)] != 0,
        )
    if tip != 0:
        market = payouts._pay(market, _remover, tip)
    markets._close(market)
    markets._set_mid(_market, market.risk, _removed.mid_price, 0)
    return tip


@internal
def _absorbed(_market: markets.Market, _size: int256, _deficit: uint256) -> markets.Market:
    """
    @notice A deficit that no auto-deleveraging can take: it comes with a range.
    """
    if _market.flags & markets.SETTLING != 0:
        return waterfall._absorb_settling(_market, _size, _deficit)
    return waterfall._absorb(_market, _size, _deficit, 0)


@internal
def _opened(_market: uint256) -> markets.Market:
    """
    @notice The market accrued; while it settles as it stands, at its final price.
    """
    if markets.money[_market] & markets.SETTLING == 0:
        return markets._open(_market)
    market: markets.Market = empty(markets.Market)
    word: uint256 = 0
    stale: bool = False
    market, word, stale = markets._observe(_market, False)
    return market


@internal
@view
def _check_venue(_market: uint256):
    markets._risk(_market)
    if msg.sender != market_words._venue(markets.trading_words[_market]):
        reasons._revert(reasons.NOT_VENUE)
