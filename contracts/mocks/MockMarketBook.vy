# pragma version 0.4.3
"""
@title  Mock market book
@license MIT
@notice Keeps what Config writes and shows what a test puts there, in place of the clearinghouse and of the engine. Checks
        and computes nothing.
@custom:security For tests only: no access control.
@custom:kill Nothing to disable.
"""

from interfaces import IClearinghouse
from interfaces import IOysterAmm


event FeesAsked:
    sender: address
    market: uint256
    receiver: address


# How many markets there are.
market_count: public(uint256)

# Risk, trading, limits and extras word by market.
_words: HashMap[uint256, uint256[4]]

# What set_market had been called with when `accrue` was called last: the risk word of the market then.
risk_when_accrued: public(HashMap[uint256, uint256])

# Whether `accrue` reverts.
fails_to_accrue: public(bool)

# Status by market.
status: public(HashMap[uint256, uint256])

# Policy word by market.
policy: public(HashMap[uint256, uint256])

# What `market_state` shows.
market_state: public(HashMap[uint256, IClearinghouse.MarketState])

# What `position` shows.
position: public(HashMap[uint256, HashMap[address, IClearinghouse.Position]])

# What `owed` shows.
owed: public(HashMap[uint256, HashMap[address, uint256]])

# What `free_collateral` shows.
free_collateral: public(HashMap[address, uint256])

# What `liquidatable_since` shows.
liquidatable_since: public(HashMap[uint256, HashMap[address, uint256]])

# What `range_of` shows.
range_of: public(HashMap[address, HashMap[int256, HashMap[int256, IOysterAmm.RangeState]]])

# What `collateral` shows.
collateral: public(address)

# What `account_state` shows.
account_state: public(HashMap[address, IClearinghouse.AccountState])

# What `spare` shows by account, left-out market and trigger.
spare: public(HashMap[address, HashMap[uint256, HashMap[uint256, int256]]])

# What set_outflow_limit was called with last.
outflow_limit: public(uint256)

# What settle_market was called with last, by market.
final_price: public(HashMap[uint256, uint256])

# What set_backstop was called with last.
backstop_vault: public(address)


# ---- what Config calls


@external
def set_market(
    _market: uint256, _risk_word: uint256, _trading_word: uint256, _limits_word: uint256, _extras_word: uint256
):
    """
    @notice As the clearinghouse's: the next free number opens a market.
    """
    if _market == self.market_count:
        self.market_count += 1
    self._words[_market] = [_risk_word, _trading_word, _limits_word, _extras_word]


@external
def accrue(_market: uint256):
    """
    @notice As the clearinghouse's: reverts when there is no price.
    """
    assert not self.fails_to_accrue, "stale price"
    self.risk_when_accrued[_market] = self._words[_market][0]


@external
def set_status(_market: uint256, _status: uint256):
    """
    @notice As the clearinghouse's.
    """
    self.status[_market] = _status


@external
def set_outflow_limit(_word: uint256):
    """
    @notice As the clearinghouse's.
    """
    self.outflow_limit = _word


@external
def settle_market(_market: uint256, _price: uint256):
    """
    @notice As the clearinghouse's.
    """
    self.final_price[_market] = _price


@external
def set_backstop(_vault: address):
    """
    @notice As the engine's.
    """
    self.backstop_vault = _vault


@external
def set_policy(_market: uint256, _policy: uint256):
    """
    @notice As the engine's.
    """
    self.policy[_market] = _policy


@external
def collect_protocol_fees(_market: uint256, _receiver: address) -> uint256:
    """
    @notice As the clearinghouse's: 7 tokens each time.
    """
    log FeesAsked(sender=msg.sender, market=_market, receiver=_receiver)
    return 7 * 10**18


# ---- what tests call


@external
def fail_to_accrue():
    """
    @notice Makes `accrue` revert from now on.
    """
    self.fails_to_accrue = True


@external
def show_market(_market: uint256, _state: IClearinghouse.MarketState):
    """
    @notice Sets what `market_state` shows.
    """
    self.market_state[_market] = _state


@external
def show_account(
    _market: uint256,
    _account: address,
    _position: IClearinghouse.Position,
    _owed: uint256,
    _free_collateral: uint256,
    _liquidatable_since: uint256,
):
    """
    @notice Sets what the views show of an account.
    """
    self.position[_market][_account] = _position
    self.owed[_market][_account] = _owed
    self.free_collateral[_account] = _free_collateral
    self.liquidatable_since[_market][_account] = _liquidatable_since


@external
def show_cross_account(_account: address, _state: IClearinghouse.AccountState):
    """
    @notice Sets what `account_state` shows.
    """
    self.account_state[_account] = _state


@external
def show_spare(_account: address, _except: uint256, _trigger_bps: uint256, _spare: int256):
    """
    @notice Sets what `spare` shows.
    """
    self.spare[_account][_except][_trigger_bps] = _spare


@external
def show_range(_provider: address, _lower: int256, _upper: int256, _range: IOysterAmm.RangeState):
    """
    @notice Sets what `range_of` shows.
    """
    self.range_of[_provider][_lower][_upper] = _range


@external
def show_collateral(_collateral: address):
    """
    @notice Sets what `collateral` shows.
    """
    self.collateral = _collateral


# ---- views


@external
@view
def pot(_market: uint256) -> uint256:
    """
    @notice As the clearinghouse's.
    """
    return self.market_state[_market].pot


@external
@view
def market_words(_market: uint256) -> (uint256, uint256, uint256):
    """
    @notice As the clearinghouse's.
    """
    words: uint256[4] = self._words[_market]
    return words[0], words[1], words[2]


@external
@view
def extras_word(_market: uint256) -> uint256:
    """
    @notice As the clearinghouse's.
    """
    return self._words[_market][3]
