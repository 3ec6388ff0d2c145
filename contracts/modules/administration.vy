# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Administration
@notice What Config may do: list markets, set their words and status, collect protocol fees. Config checks the bounds; money of
        accounts, funds and pots is out of its reach.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import reasons
from contracts.modules import markets
from contracts.modules import payouts

uses: markets
uses: payouts

RAY: constant(uint256) = 10**27

# The only caller.
CONFIG: immutable(address)


@deploy
def __init__(_config: address):
    CONFIG = _config


@external
def set_market(_market: uint256, _risk_word: uint256, _trading_word: uint256, _limits_word: uint256):
    """
    @notice Lists the next market, or changes the parameters of a listed one from now on. Config accrues first, as far as
            there is a price; the clock of funding starts anew here.
    @param _market a listed one, or the next number: Config sees to it
    @dev Reverts "not config", "too many markets".
    """
    self._check_config()
    count: uint256 = markets.market_count
    if _market == count:
        if count == markets.MAX_MARKETS:
            reasons._revert(reasons.TOO_MANY_MARKETS)
        markets.market_count = count + 1
        markets.money[_market] = markets.LISTED
        markets.ranges[_market] = RAY
    markets.accruals[_market] = markets.accruals[_market] >> 32 << 32 | block.timestamp
    markets.risk_words[_market] = _risk_word
    markets.trading_words[_market] = _trading_word
    markets.limits_words[_market] = _limits_word
    log IClearinghouse.MarketSet(
        market=_market, risk_word=_risk_word, trading_word=_trading_word, limits_word=_limits_word
    )


@external
def set_status(_market: uint256, _status: uint256):
    """
    @notice Sets the status of a listed market, flags of IClearinghouse.Status; LISTED stays.
    @dev Reverts "not config".
    """
    self._check_config()
    markets.money[_market] = markets.money[_market] >> 3 << 3 | _status
    log IClearinghouse.StatusChanged(market=_market, status=_status)


@external
def collect_protocol_fees(_market: uint256, _receiver: address) -> uint256:
    """
    @notice Pays the protocol fees of a market into the receiver's free collateral.
    @return amount WAD
    @dev Reverts "not config", "unknown market".
    """
    self._check_config()
    market: markets.Market = markets._read(_market)
    word: uint256 = markets.venues[_market]
    # Only what the pot pays now: fees never become a debt that ranks with the accounts'.
    amount: uint256 = payouts._payable(market, word >> 48 & markets.MASK_112)
    markets.venues[_market] = unsafe_sub(word, amount << 48)
    market = payouts._pay(market, _receiver, amount)
    markets._close(market)
    log IClearinghouse.ProtocolFeesCollected(market=_market, receiver=_receiver, amount=amount)
    return amount


@internal
@view
def _check_config():
    if msg.sender != CONFIG:
        reasons._revert(reasons.NOT_CONFIG)
