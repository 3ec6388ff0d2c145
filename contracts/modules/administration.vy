# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Administration
@notice What Config may do: list markets, set their words and status, collect protocol fees. Config checks the bounds; money of
        accounts, funds and pots is out of its reach.
"""

from interfaces import IClearinghouse

from contracts.lib import market_words
from contracts.lib import outflow_limit
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import waterfall

uses: accounts
uses: markets
uses: waterfall

RAY: constant(uint256) = 10**27

# The only caller.
CONFIG: immutable(address)


@deploy
def __init__(_config: address):
    CONFIG = _config


@external
def set_market(
    _market: uint256, _risk_word: uint256, _trading_word: uint256, _limits_word: uint256, _extras_word: uint256
):
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
        # no liquidity yet
        markets.venues[_market] = block.timestamp
    markets.accruals[_market] = markets.accruals[_market] >> 32 << 32 | block.timestamp
    # of the oracle before
    markets.failing_since[_market] = 0
    old: uint256 = markets.risk_words[_market]
    markets.risk_words[_market] = (
        _risk_word | old & market_words.FLAGS_KEPT | (old & market_words.FLAG_CROSS_MARGIN) << 5
    )
    markets.trading_words[_market] = _trading_word
    markets.limits_words[_market] = _limits_word
    markets.extras_words[_market] = _extras_word
    log IClearinghouse.MarketSet(
        market=_market, risk_word=_risk_word, trading_word=_trading_word, limits_word=_limits_word, extras_word=_extras_word
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
def set_outflow_limit(_word: uint256):
    """
    @notice Limits the net outflow of collateral of the whole clearinghouse; 0 ends the limit. See lib/outflow_limit.
    @dev Reverts "not config".
    """
    self._check_config()
    accounts.outflow = _word
    log IClearinghouse.OutflowLimitSet(
        limit=outflow_limit._limit(_word), period=outflow_limit._period(_word)
    )


@external
def collect_protocol_fees(_market: uint256, _receiver: address) -> uint256:
    """
    @notice Pays the protocol fees of a market into the receiver's free collateral, and the borrow fees to the insurance fund and the
            receiver.
    @return amount WAD that the receiver got
    @dev Reverts "not config", "unknown market".
    """
    self._check_config()
    market: markets.Market = markets._read(_market)
    # Only what the pot pays now: fees never become a debt that ranks with the accounts'.
    word: uint256 = markets.venues[_market]
    amount: uint256 = self._spare(market, word >> 48 & markets.MASK_112)
    if amount != 0:
        markets.venues[_market] = unsafe_sub(word, amount << 48)
        market.pot = unsafe_sub(market.pot, amount)
    if market.flags & markets.HAS_BORROW != 0:
        word = markets.borrows[_market]
        fees: uint256 = self._spare(market, word >> 16 & markets.MASK_112)
        markets.borrows[_market] = unsafe_sub(word, fees << 16)
        share: uint256 = unsafe_div(
            unsafe_mul(fees, market_words._borrow_share_bps(market.extras)), 10_000
        )
        market = waterfall._credit(market, share, self)
        market.pot = unsafe_sub(market.pot, unsafe_sub(fees, share))
        amount = unsafe_add(amount, unsafe_sub(fees, share))
    markets._close(market)
    accounts._give(_receiver, amount)
    log IClearinghouse.ProtocolFeesCollected(market=_market, receiver=_receiver, amount=amount)
    return amount


@internal
@view
def _spare(_market: markets.Market, _fees: uint256) -> uint256:
    """
    @notice What the pot has for fees: nothing while it owes to accounts, and in a market that settles nothing before all are paid.
    """
    if _market.flags & (markets.SETTLING | markets.HAS_OWED) == markets.SETTLING and markets._is_settled(_market.id):
        return min(_fees, _market.pot)
    return payouts._payable(_market, _fees)


@internal
@view
def _check_config():
    if msg.sender != CONFIG:
        reasons._revert(reasons.NOT_CONFIG)
