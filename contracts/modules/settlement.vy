# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Settlement
@notice How a market ends: at a final price. From then on nothing of it is traded, liquidated or accrued; anyone settles positions
        (modules/account_settlement) and removes ranges one by one into claims; when none is left, `claim` pays all of them in full, or each
        the same share of what the pot has. docs/spec.md section 15.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import reasons
from contracts.modules import administration
from contracts.modules import markets

uses: administration
uses: markets


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
    @notice Ends a market that had no liquidity, or no fresh price, for its settlement delay: at mark, else at the last price. Where the oracle
            fails, the first call notes so, and a call a settlement delay later ends the market at the mark of the last touch, if there was
            none in between. Anyone.
    @dev Reverts "market is alive", "unknown market", "market is settling", "price out of bounds".
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
        kept: uint256 = markets.marks[_market]
        price = kept >> 160
        since = markets.failing_since[_market]
        # a touch is an answer: what was noted before it does not count
        if delay != 0 and since <= kept >> 128 & markets.MASK_32:
            markets.failing_since[_market] = block.timestamp
            log IClearinghouse.OracleFailing(market=_market, since=block.timestamp)
            return
    elif stale:
        stale_since: uint256 = unsafe_add(updated_at, market_words._max_age(risk))
        if since == 0 or stale_since < since:
            since = stale_since
    if delay == 0 or jumped or since == 0 or block.timestamp < unsafe_add(since, delay):
        reasons._revert(reasons.MARKET_IS_ALIVE)
    if not stale:
        price = markets._open(_market).mark
    self._end(_market, price)


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
