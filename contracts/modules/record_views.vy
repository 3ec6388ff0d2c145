# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Record views
@notice The reads that liquidations and venues need: a position as recorded, and a market's parameter words.
"""

from interfaces import IClearinghouse

from contracts.lib import position_math
from contracts.modules import markets
from contracts.modules import positions

uses: markets
uses: positions


@external
@view
def position(_market: uint256, _account: address) -> IClearinghouse.Position:
    """
    @notice The record of a position; all zero when flat.
    """
    markets._risk(_market)
    stored: position_math.Position = positions._load(_market, _account)
    return IClearinghouse.Position(
        size=stored.size,
        balance=stored.balance,
        entry_notional=stored.notional,
        entry_carry=stored.carry,
        cross=stored.flags & positions.FLAG_CROSS != 0,
        topups=stored.flags >> 1,
    )


@external
@view
@reentrant
def market_words(_market: uint256) -> (uint256, uint256, uint256):
    """
    @notice The parameter words, see lib/market_words. Open during a call, so that a venue may ask: they do not change in one.
    """
    return markets._risk(_market), markets.trading_words[_market], markets.limits_words[_market]
