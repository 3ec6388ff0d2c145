# pragma version 0.4.3
# pragma optimize codesize
# pragma nonreentrancy on
"""
@title  Config
@license MIT
@notice Lists the markets of one clearinghouse and sets their parameters within bounds. Holds no collateral and no
        parameter: it packs what it is told into the words of the clearinghouse and of the engine, and reads them back.
@custom:security The owner is meant to be the Timelock of this repository, so that whoever dislikes a change can leave
        first; it is handed over in two steps. The guardian can stop opening and nothing else: closing, topping
        up, liquidating and withdrawing what is free work always. Neither moves collateral; but who lists a market vouches
        for its venue, which takes the margin of ranges from free collateral (SECURITY.md). Whoever deploys for an owner
        without a key at hand may be its lister: lists markets, names the backstop vault and caps its losses, nothing else, until
        `end_listing`, and never again. Backstop vaults of which this is the owner have their settings here.
@custom:kill Pause each market; set them reduce-only.
"""

from interfaces import IBackstopVault
from interfaces import IConfig
from interfaces import IClearinghouse
from interfaces import ILiquidationEngine
# The owner.
from contracts.modules import ownership
# Bounds and packing.
from contracts.modules import parameters
# What a stored market says.
from contracts.lib import market_words
# And its policy.
from contracts.lib import policy_word
# What may leave in a period.
from contracts.lib import outflow_limit

implements: IConfig

initializes: ownership

exports: (
    ownership.owner,
    ownership.pending_owner,
    ownership.transfer_ownership,
    ownership.accept_ownership,
)


# What an accrual may use, and what must be there before it so that it gets as much: else whoever executes a change for the
# owner could have it fail by sending too little.
ACCRUAL_GAS: constant(uint256) = 500_000
GAS_BEFORE_ACCRUAL: constant(uint256) = 600_000

# A withdrawal limit lower than a unit would lock everybody in.
MIN_LIMIT: constant(uint256) = 10**18
MIN_PERIOD: constant(uint256) = 3_600
MAX_PERIOD: constant(uint256) = 2_592_000

# Where markets and money are.
CLEARINGHOUSE: public(immutable(IClearinghouse))

# Where the policies are.
ENGINE: public(immutable(ILiquidationEngine))


# May pause opening; zero if there is none.
guardian: public(address)

# Whose free collateral gets the protocol fees.
treasury: public(address)

# May list markets, and set a backstop up for them, besides the owner until listing ends; zero from then on, as there is no setter.
lister: public(address)

# Flags of IClearinghouse.Status by market. Kept here too, so that a pause does not ask an oracle for a price.
_status: HashMap[uint256, IClearinghouse.Status]

# Venues that have a market: none has two.
_taken: HashMap[address, bool]


@deploy
def __init__(
    _owner: address,
    _guardian: address,
    _treasury: address,
    _lister: address,
    _clearinghouse: address,
    _engine: address,
):
    """
    @param _owner who may set everything, from now on
    @param _guardian who may pause opening; zero for none
    @param _treasury who gets the protocol fees
    @param _lister who may list markets and set the backstop too until `end_listing`; zero for nobody
    """
    ownership.__init__(_owner)
    CLEARINGHOUSE = IClearinghouse(_clearinghouse)
    ENGINE = ILiquidationEngine(_engine)
    self._set_guardian(_guardian)
    self._set_treasury(_treasury)
    self._set_lister(_lister)


# ---- owner; while there is one, the lister


@external
def list_market(_market_params: IConfig.MarketParams, _policy_params: IConfig.PolicyParams) -> uint256:
    """
    @notice Opens a new market. Only the owner, or the lister until listing ends.
    @return market its number
    @dev Reverts "ownable: caller is not the owner", "venue already listed", "too many markets", and the reasons of modules/parameters.vy.
    """
    self._check_lister()
    market: uint256 = staticcall CLEARINGHOUSE.market_count()
    assert not self._taken[_market_params.venue], "venue already listed"
    self._taken[_market_params.venue] = True
    parameters._check_deleveraging(
        _policy_params.loss_adl,
        _policy_params.adl_previous_mark,
        _market_params.previous_mark,
        _market_params.max_open_interest,
        _market_params.min_notional,
    )
    self._store_market(market, _market_params)
    self._store_policy(market, _policy_params)
    self._store_status(market, IClearinghouse.Status.LISTED)
    log IConfig.MarketListed(market=market, oracle=_market_params.oracle, venue=_market_params.venue)
    return market


@external
def set_backstop(_vault: address):
    """
    @notice Names the vault that takes over what nobody else took; zero for none. Only the owner, or the lister until listing ends.
    @dev Reverts "ownable: caller is not the owner", "vault is no contract".
    """
    self._check_lister()
    assert _vault == empty(address) or _vault.is_contract, "vault is no contract"
    extcall ENGINE.set_backstop(_vault)
    log IConfig.BackstopSet(vault=_vault)


@external
def set_backstop_loss_cap(_vault: address, _market: uint256, _loss_cap: uint256):
    """
    @notice The most that a vault of which this contract is the owner may lose in a market. Only the owner, or the lister until
            listing ends.
    @param _loss_cap WAD; 0: the vault takes nothing over there
    @dev Reverts "ownable: caller is not the owner", "unknown market", "vault is no contract", and what the vault says of the cap.
    """
    self._check_lister()
    self._check_listed(_market)
    extcall self._vault(_vault).set_loss_cap(_market, _loss_cap)


@external
def end_listing():
    """
    @notice Takes the lister's right, for good. Only the lister or the owner.
    @dev Reverts "listing has ended", "not lister".
    """
    lister: address = self.lister
    assert lister != empty(address), "listing has ended"
    assert msg.sender == lister or msg.sender == ownership.ownable.owner, "not lister"
    self._set_lister(empty(address))


# ---- owner


@external
def set_market_params(_market: uint256, _params: IConfig.MarketParams):
    """
    @notice Replaces the parameters of a market; its venue stays. What has passed accrues by the old ones, if the oracle
            gives a price: one that fails must be replaceable. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "unknown market", "venue cannot change", "too little gas", and the reasons of
         modules/parameters.vy.
    """
    ownership._check_owner()
    self._check_listed(_market)
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall CLEARINGHOUSE.market_words(_market)
    assert _params.venue == market_words._venue(trading), "venue cannot change"
    policy: uint256 = staticcall ENGINE.policy(_market)
    parameters._check_deleveraging(
        policy_word._has(policy, policy_word.FLAG_LOSS_ADL),
        policy_word._has(policy, policy_word.FLAG_ADL_PREVIOUS_MARK),
        _params.previous_mark,
        _params.max_open_interest,
        _params.min_notional,
    )
    self._accrue(_market)
    self._store_market(_market, _params)


@external
def set_policy_params(_market: uint256, _params: IConfig.PolicyParams):
    """
    @notice Replaces the liquidation policy of a market. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "unknown market", and the reasons of modules/parameters.vy.
    """
    ownership._check_owner()
    self._check_listed(_market)
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall CLEARINGHOUSE.market_words(_market)
    parameters._check_deleveraging(
        _params.loss_adl,
        _params.adl_previous_mark,
        risk & market_words.FLAG_PREVIOUS_MARK != 0,
        market_words._max_open_interest(trading),
        market_words._min_notional(trading),
    )
    self._store_policy(_market, _params)


@external
def set_reduce_only(_market: uint256, _reduce_only: bool):
    """
    @notice Allows only reducing in a market, or opening again. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "unknown market".
    """
    ownership._check_owner()
    self._check_listed(_market)
    status: IClearinghouse.Status = self._status[_market] & ~IClearinghouse.Status.REDUCE_ONLY
    if _reduce_only:
        status |= IClearinghouse.Status.REDUCE_ONLY
    self._store_status(_market, status)


@external
def unpause(_market: uint256):
    """
    @notice Ends a pause. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "unknown market".
    """
    ownership._check_owner()
    self._check_listed(_market)
    self._store_status(_market, self._status[_market] & ~IClearinghouse.Status.PAUSED)


@external
def settle_market(_market: uint256, _price: uint256):
    """
    @notice Ends a market: positions and ranges are settled at a final price, then claims are paid. There is no way back. Only the owner.
    @param _price WAD; 0 is the mark of this moment
    @dev Reverts "ownable: caller is not the owner", "unknown market", "too little gas", "market is settling", and without a price of the
         caller's what the oracle's is refused for.
    """
    ownership._check_owner()
    self._check_listed(_market)
    self._accrue(_market)
    extcall CLEARINGHOUSE.settle_market(_market, _price)


@external
def set_withdrawal_limit(_limit: uint256, _period_seconds: uint256):
    """
    @notice Limits what may leave the clearinghouse net of deposits in a period. Only the owner.
    @param _limit WAD, a number of at most six digits and zeros; 0 is none
    @param _period_seconds an hour to thirty days
    @dev Reverts "ownable: caller is not the owner", "bad withdrawal limit", "bad withdrawal period", "amount not representable".
    """
    ownership._check_owner()
    word: uint256 = 0
    if _limit != 0:
        assert _limit >= MIN_LIMIT, "bad withdrawal limit"
        assert _period_seconds >= MIN_PERIOD and _period_seconds <= MAX_PERIOD, "bad withdrawal period"
        word = outflow_limit._pack(market_words._pack_amount(_limit), _period_seconds, block.timestamp)
    extcall CLEARINGHOUSE.set_outflow_limit(word)
    log IConfig.WithdrawalLimitSet(limit=_limit, period_seconds=_period_seconds)


@external
def set_backstop_band(_vault: address, _band_bps: uint256):
    """
    @notice How far from mark anyone may unwind a vault of which this contract is the owner. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "vault is no contract", and what the vault says of the band.
    """
    ownership._check_owner()
    extcall self._vault(_vault).set_band(_band_bps)


@external
def set_backstop_delays(_vault: address, _deposit_delay: uint256, _lock_up: uint256):
    """
    @notice How long later requests wait in a vault of which this contract is the owner. Only the owner.
    @param _deposit_delay seconds; `_lock_up` too
    @dev Reverts "ownable: caller is not the owner", "vault is no contract", and what the vault says of the delays.
    """
    ownership._check_owner()
    extcall self._vault(_vault).set_delays(_deposit_delay, _lock_up)


@external
def set_guardian(_guardian: address):
    """
    @notice Replaces the guardian; zero for none. Only the owner.
    @dev Reverts "ownable: caller is not the owner".
    """
    ownership._check_owner()
    self._set_guardian(_guardian)


@external
def set_treasury(_treasury: address):
    """
    @notice Replaces the treasury; fees collected before stay with the old one. Only the owner.
    @dev Reverts "ownable: caller is not the owner", "zero treasury".
    """
    ownership._check_owner()
    self._set_treasury(_treasury)


# ---- guardian or owner


@external
def pause(_market: uint256):
    """
    @notice Stops opening in a market, nothing else. Only the guardian or the owner.
    @dev Reverts "not guardian", "unknown market".
    """
    assert msg.sender == self.guardian or msg.sender == ownership.ownable.owner, "not guardian"
    self._check_listed(_market)
    self._store_status(_market, self._status[_market] | IClearinghouse.Status.PAUSED)


# ---- anyone


@external
def collect_fees(_market: uint256) -> uint256:
    """
    @notice Pays the protocol fees of a market to the free collateral of the treasury. Anyone.
    @return amount WAD
    @dev Reverts "unknown market".
    """
    self._check_listed(_market)
    amount: uint256 = extcall CLEARINGHOUSE.collect_protocol_fees(_market, self.treasury)
    log IConfig.FeesCollected(market=_market, treasury=self.treasury, amount=amount)
    return amount


# ---- views


@external
@view
@reentrant
def market_params(_market: uint256) -> IConfig.MarketParams:
    """
    @notice The parameters of a market, as `set_market_params` takes them.
    """
    self._check_listed(_market)
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall CLEARINGHOUSE.market_words(_market)
    return parameters._unpack_market(risk, trading, limits, staticcall CLEARINGHOUSE.extras_word(_market))


@external
@view
@reentrant
def policy_params(_market: uint256) -> IConfig.PolicyParams:
    """
    @notice The liquidation policy of a market, as `set_policy_params` takes it.
    """
    self._check_listed(_market)
    return parameters._unpack_policy(staticcall ENGINE.policy(_market))


@external
@view
@reentrant
def status(_market: uint256) -> uint256:
    """
    @notice Flags of IClearinghouse.Status; 0 if the market is not listed.
    """
    return convert(self._status[_market], uint256)


@internal
def _accrue(_market: uint256):
    """
    @notice What has passed accrues by the parameters so far, if the oracle gives a price: whether it does not matter.
    """
    assert msg.gas >= GAS_BEFORE_ACCRUAL, "too little gas"
    accrued: bool = raw_call(
        CLEARINGHOUSE.address,
        abi_encode(_market, method_id=method_id("accrue(uint256)")),
        gas=ACCRUAL_GAS,
        revert_on_failure=False,
    )


@internal
@view
def _check_listed(_market: uint256):
    assert IClearinghouse.Status.LISTED in self._status[_market], "unknown market"


@internal
def _check_lister():
    """
    @notice The caller is the owner, or the lister while there is one.
    """
    if msg.sender != self.lister:
        ownership._check_owner()


@internal
@view
def _vault(_address: address) -> IBackstopVault:
    """
    @notice A call to an address without code would revert without a reason.
    """
    assert _address.is_contract, "vault is no contract"
    return IBackstopVault(_address)


@internal
def _store_market(_market: uint256, _params: IConfig.MarketParams):
    parameters._check_market(_params)
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    extras: uint256 = 0
    risk, trading, limits, extras = parameters._pack_market(_params)
    extcall CLEARINGHOUSE.set_market(_market, risk, trading, limits, extras)


@internal
def _store_policy(_market: uint256, _params: IConfig.PolicyParams):
    parameters._check_policy(_params)
    extcall ENGINE.set_policy(_market, parameters._pack_policy(_params))


@internal
def _store_status(_market: uint256, _status: IClearinghouse.Status):
    self._status[_market] = _status
    extcall CLEARINGHOUSE.set_status(_market, convert(_status, uint256))


@internal
def _set_guardian(_guardian: address):
    self.guardian = _guardian
    log IConfig.GuardianSet(guardian=_guardian)


@internal
def _set_treasury(_treasury: address):
    assert _treasury != empty(address), "zero treasury"
    self.treasury = _treasury
    log IConfig.TreasurySet(treasury=_treasury)


@internal
def _set_lister(_lister: address):
    self.lister = _lister
    log IConfig.ListerSet(lister=_lister)
