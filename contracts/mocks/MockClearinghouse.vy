# pragma version 0.4.3
# pragma optimize gas
"""
@title  Mock clearinghouse
@license MIT
@notice Stands in for the clearinghouse in tests of the venue: answers with what a test set, and keeps what the venue reported.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

from interfaces import IClearinghouse
from interfaces import IVenue


# The venue told the clearinghouse about a new range.
event Provided:
    market: indexed(uint256)
    provider: indexed(address)
    margin: uint256
    mid_price: uint256


# The venue handed over a removed range.
event Absorbed:
    market: indexed(uint256)
    provider: indexed(address)
    remover: indexed(address)
    margin: uint256
    balance: int256
    size: int256
    entry_notional: uint256
    mid_price: uint256


# @dev What venue_accrue returns; market_state and mark_price agree with it.
context: public(IClearinghouse.VenueContext)

# @dev What market_words says of limits.
limits_word: uint256

# @dev Venue that may be called back in a hook, to test re-entry; with `reenter_with`.
reenter: public(address)
reenter_with: public(Bytes[196])

# @dev account -> operator -> approved
is_operator: public(HashMap[address, HashMap[address, bool]])


@external
def set_context(_context: IClearinghouse.VenueContext):
    """
    @notice Sets what the venue learns of its market.
    """
    self.context = _context


@external
def set_limits_word(_limits_word: uint256):
    """
    @notice Sets the limits word, with the coefficients of the penalty.
    """
    self.limits_word = _limits_word


@external
def set_funding_index(_funding_index: int256):
    """
    @notice Sets F alone.
    """
    self.context.funding_index = _funding_index


@external
def set_mark_price(_mark_price: uint256):
    """
    @notice Sets the mark price alone.
    """
    self.context.mark_price = _mark_price


@external
def set_operator(_account: address, _operator: address, _approved: bool):
    """
    @notice Sets what `is_operator` answers.
    """
    self.is_operator[_account][_operator] = _approved


@external
def set_reenter(_venue: address, _data: Bytes[196]):
    """
    @notice From now on each reporting hook calls the venue with `_data`; the zero address ends that.
    """
    self.reenter = _venue
    self.reenter_with = _data


@external
def swap(_venue: address, _order: IVenue.SwapOrder) -> IVenue.SwapResult:
    """
    @notice Trades against a venue.
    """
    return extcall IVenue(_venue).swap(_order)


# ---- what the venue calls


@external
def venue_accrue(_market: uint256) -> IClearinghouse.VenueContext:
    """
    @notice Answers with the context set before.
    """
    return self.context


@external
def venue_provide(_market: uint256, _provider: address, _margin: uint256, _mid_price: uint256):
    """
    @notice Keeps the report as an event.
    """
    self._call_back()
    log Provided(market=_market, provider=_provider, margin=_margin, mid_price=_mid_price)


@external
def venue_absorb(
    _market: uint256, _provider: address, _remover: address, _removed: IClearinghouse.RemovedRange
) -> uint256:
    """
    @notice Keeps the report as an event. The tip is paid in full to anyone but the provider.
    """
    self._call_back()
    log Absorbed(
        market=_market,
        provider=_provider,
        remover=_remover,
        margin=_removed.margin,
        balance=_removed.balance,
        size=_removed.size,
        entry_notional=_removed.entry_notional,
        mid_price=_removed.mid_price,
    )
    return 0 if _remover == _provider else self.context.tip


@internal
def _call_back():
    if self.reenter != empty(address):
        raw_call(self.reenter, self.reenter_with)


# ---- views


@external
@view
def mark_price(_market: uint256) -> uint256:
    """
    @notice The mark price set before.
    """
    return self.context.mark_price


@external
@view
def market_words(_market: uint256) -> (uint256, uint256, uint256):
    """
    @notice Risk word with IMR and MMR, and the limits word that was set; the rest is zero.
    """
    return self.context.imr_bps << 82 | self.context.mmr_bps << 68, 0, self.limits_word


@external
@view
def market_state(_market: uint256) -> IClearinghouse.MarketState:
    """
    @notice The context in the form of a market's state.
    """
    state: IClearinghouse.MarketState = empty(IClearinghouse.MarketState)
    state.jumped = not self.context.tradable
    state.index_price = self.context.mark_price
    state.mark_price = self.context.mark_price
    state.funding_index = self.context.funding_index
    state.lp_factor = self.context.lp_factor
    state.lp_epoch = self.context.lp_epoch
    return state
