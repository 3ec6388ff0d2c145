# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Settlement
@notice The end of a market, in two phases: at a final price anyone settles positions and removes ranges one by one into claims; when none
        is left, `claim` pays all of them in full, or each the same share of what the pot has. docs/spec.md section 15.
@dev    While a market settles nothing of it is traded, liquidated or accrued. Deficits are paid by the insurance fund, whatever its
        draw limit, and never by an index: what it does not cover lowers the share.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import administration
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: administration
uses: markets
uses: payouts
uses: positions
uses: waterfall


@external
def settle_market(_market: uint256, _price: uint256):
    """
    @notice Ends a market at a final price. What has passed accrues, if the oracle gives a price: Config sees to it.
    @param _price WAD; 0 is the mark of this moment
    @dev Reverts "not config", "market is settling", "price out of bounds"; without a price given what `accrue` reverts.
    """
    administration._check_config()
    price: uint256 = _price
    if price == 0:
        price = markets._open(_market).mark
    self._end(_market, price)


@external
def settle_dead_market(_market: uint256):
    """
    @notice Ends a market that had no liquidity, or no fresh price, for its settlement delay: at mark, else at the last price, and if the
            oracle fails at the mark of the last touch. Anyone.
    @dev Reverts "market is alive", "unknown market", "market is settling".
    """
    risk: uint256 = markets._risk(_market)
    if markets.money[_market] & markets.SETTLING != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    delay: uint256 = market_words._settlement_delay(markets.extras_words[_market])
    price: uint256 = 0
    updated_at: uint256 = 0
    jumped: bool = False
    stale: bool = False
    reason: uint256 = 0
    price, updated_at, jumped, stale, reason = markets._quote(risk)
    # without liquidity, or without a fresh price: whichever began first
    since: uint256 = markets.venues[_market] & markets.MASK_32
    if reason != 0:
        # the mark of the last touch, from then on
        kept: uint256 = markets.marks[_market]
        price = kept >> 160
        updated_at = kept & markets.MASK_32
        since = 0
    if stale:
        stale_since: uint256 = unsafe_add(updated_at, market_words._max_age(risk))
        if since == 0 or stale_since < since:
            since = stale_since
    if delay == 0 or jumped or since == 0 or block.timestamp < unsafe_add(since, delay):
        reasons._revert(reasons.MARKET_IS_ALIVE)
    if not stale:
        price = markets._open(_market).mark
    self._end(_market, price)


@external
def settle_account(_market: uint256, _account: address):
    """
    @notice Turns a position of a settling market into a claim. A loss is paid by the free collateral of a cross account, then by the
            insurance fund. Anyone.
    @dev Reverts "market is not settling", "no position".
    """
    market: markets.Market = markets._read(_market)
    if market.flags & markets.SETTLING == 0:
        reasons._revert(reasons.MARKET_IS_NOT_SETTLING)
    market.mark = markets.final_prices[_market]
    position: position_math.Position = positions._load_settled(market, _account)
    if position.size == 0 and position.balance == 0:
        reasons._revert(reasons.NO_POSITION)
    worth: int256 = position_math._worth(position, market.mark)
    cross: bool = position.size != 0 and position.flags & positions.FLAG_CROSS != 0
    if not (worth >= 0) and cross:
        paid: uint256 = min(position_math._abs(worth), accounts._free(_account))
        accounts._take(_account, paid)
        market.pot = unsafe_add(market.pot, paid)
        worth = unsafe_add(worth, convert(paid, int256))
    if not (worth >= 0):
        market = waterfall._absorb_settling(market, position.size, convert(unsafe_sub(0, worth), uint256))
    if worth > 0:
        market = payouts._owe(market, _account, convert(worth, uint256))
    market = positions._replace(market, _account, position.size, empty(position_math.Position))
    if cross:
        accounts._set_leg(_account, _market, False)
    markets._close(market)
    log IClearinghouse.AccountSettled(
        market=_market, account=_account, size=position.size, claim=worth
    )


@internal
def _end(_market: uint256, _price: uint256):
    if markets.money[_market] & markets.SETTLING != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    if _price < markets.MIN_PRICE or _price > markets.MAX_PRICE:
        reasons._revert(reasons.PRICE_OUT_OF_BOUNDS)
    markets.risk_words[_market] = markets._risk(_market) | market_words.FLAG_SETTLING
    markets.final_prices[_market] = _price
    markets.money[_market] |= markets.SETTLING
    log IClearinghouse.MarketSettling(market=_market, final_price=_price)
