# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Liquidation
@notice The engine's two primitives: take a failing position over, or close it against the venue. Each accrues, checks the stage,
        acts and absorbs in one call, by the policy word it is handed. docs/spec.md sections 9 and 10.
@dev    The clearinghouse decides what is liquidatable and what it costs; an engine can only choose among that.
"""

from interfaces import IClearinghouse
from interfaces import IOracle
from interfaces import IVenue

from contracts.lib import fixed_point
from contracts.lib import liquidation_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.lib import venue_math
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

# The only caller of the primitives.
ENGINE: immutable(address)


@deploy
def __init__(_engine: address):
    ENGINE = _engine


@external
def take_over(
    _market: uint256,
    _liquidator: address,
    _target: address,
    _size: uint256,
    _margin: uint256,
    _policy: uint256,
    _overdue: bool,
):
    """
    @notice Moves (part of) a failing position with its margin to the liquidator, who must then meet the opening rule.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _margin WAD from the liquidator's free collateral
    @param _overdue whether the target failed for longer than the policy's last resort
    """
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    market: markets.Market = markets._open(_market)
    target: position_math.Position = positions._load(_market, _target)
    if accounts._same_person(_liquidator, _target):
        reasons._revert(reasons.SELF_LIQUIDATION)
    self._check_stage(
        market, target, _policy, _overdue or policy_word._has(_policy, policy_word.FLAG_TAKEOVER), reasons.TAKEOVER_NOT_ALLOWED
    )
    size: uint256 = self._slice(market, target.size, _size, _policy)
    taken: position_math.Position = position_math._part(target, size)
    part: position_math.Position = taken
    deficit: int256 = -min(
        position_math._equity(part, markets._carry_index(market, part.size), market.mark), 0
    )
    if deficit != 0:
        market = waterfall._absorb(market, part.size, deficit)
        part.balance = unsafe_add(part.balance, deficit)

    # the index has moved: a liquidator on the other side pays its share before anything of it is combined
    old: position_math.Position = positions._load_settled(market, _liquidator)
    part = position_math._settled(part, markets._carry_index(market, part.size))
    part.balance = unsafe_add(part.balance, convert(_margin, int256))
    new: position_math.Position = positions._combined(market, part, old)
    incoming: int256 = convert(_margin, int256)
    if new.size == 0:
        if new.balance < 0:
            reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
        incoming -= new.balance
    else:
        self._check_taker(market, new)
    market = positions._replace(market, _target, target.size, position_math._without(target, taken))
    market = positions._replace(market, _liquidator, old.size, new)
    market = payouts._move(market, _liquidator, incoming)
    markets._close(market)
    log IClearinghouse.Takeover(
        market=_market,
        liquidator=_liquidator,
        target=_target,
        size=part.size,
        margin=_margin,
        mark_price=market.mark,
        deficit=convert(deficit, uint256),
        free_collateral=accounts._free(_liquidator),
    )


@external
def force_close(
    _market: uint256, _keeper: address, _target: address, _size: uint256, _limit_price: uint256, _policy: uint256
):
    """
    @notice Closes (part of) a failing position against the venue; what remains goes where the policy says.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _limit_price WAD, worst average price for the target; 0 is none
    """
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    market: markets.Market = markets._open(_market)
    target: position_math.Position = positions._load(_market, _target)
    if accounts._same_person(_keeper, _target):
        reasons._revert(reasons.SELF_LIQUIDATION)
    self._check_stage(
        market, target, _policy, policy_word._has(_policy, policy_word.FLAG_FORCE_CLOSE), reasons.FORCE_CLOSE_NOT_ALLOWED
    )
    size: uint256 = self._slice(market, target.size, _size, _policy)
    part: position_math.Position = position_math._part(target, size)
    rest: position_math.Position = position_math._without(target, part)
    outcome: liquidation_math.Outcome = self._close_on_venue(market, part, _limit_price, _policy)

    if outcome.residue < 0:
        market = waterfall._absorb(market, part.size, -outcome.residue)
    market = waterfall._credit(market, outcome.penalty + outcome.fund_share, self)
    if outcome.reward != 0:
        market = payouts._pay(market, _keeper, outcome.reward)
    if outcome.residue > 0:
        residue: uint256 = convert(outcome.residue, uint256)
        destination: uint256 = policy_word._residue(_policy)
        if destination == policy_word.RESIDUE_INSURANCE:
            market = waterfall._credit(market, residue, self)
        elif destination == policy_word.RESIDUE_TREASURY:
            markets._set_mid(_market, outcome.mid_price, residue)
        elif rest.size != 0:
            rest.balance += outcome.residue
        else:
            market = payouts._pay(market, _target, residue)
    market = positions._replace(market, _target, target.size, rest)
    markets._close(market)
    log IClearinghouse.ForceClose(
        market=_market,
        keeper=_keeper,
        target=_target,
        size=part.size,
        notional=outcome.notional,
        mark_price=market.mark,
        residue=outcome.residue,
        reward=outcome.reward,
        mid_price=outcome.mid_price,
    )


# ---- parts of both


@internal
@view
def _check_stage(
    _market: markets.Market,
    _target: position_math.Position,
    _policy: uint256,
    _allowed: bool,
    _refusal: uint256,
):
    """
    @notice The target fails its margin, and the policy lets this happen to it now. A bankrupt one may always be taken over,
            and closed where force close is known at all.
    """
    if _target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    equity: int256 = position_math._equity(_target, markets._carry_index(_market, _target.size), _market.mark)
    margin: uint256 = position_math._margin(
        position_math._notional(_target.size, _market.mark), market_words._mmr_bps(_market.risk)
    )
    if not position_math._is_below(equity, margin, policy_word._trigger_bps(_policy)):
        reasons._revert(reasons.NOT_LIQUIDATABLE)
    if equity < 0:
        return
    if not _allowed:
        reasons._revert(_refusal)
    grace: uint256 = policy_word._grace_seconds(_policy)
    if grace != 0:
        ended: uint256 = staticcall IOracle(market_words._oracle(_market.risk)).outage_end()
        if block.timestamp < ended + grace:
            reasons._revert(reasons.GRACE_PERIOD)


@internal
@view
def _slice(_market: markets.Market, _target_size: int256, _size: uint256, _policy: uint256) -> uint256:
    """
    @notice How much of the target goes: what was asked, or all if the rest would be dust.
    """
    whole: uint256 = position_math._abs(_target_size)
    if _size == max_value(uint256) or _size == whole:
        return whole
    if _size == 0:
        reasons._revert(reasons.ZERO_SIZE)
    if _size >= whole:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    if not liquidation_math._is_slice(whole, _size, policy_word._min_slice_bps(_policy)):
        reasons._revert(reasons.SLICE_TOO_SMALL)
    return liquidation_math._without_dust(
        whole, _size, _market.mark, market_words._min_notional(markets.trading_words[_market.id])
    )


@internal
@pure
def _check_taker(_market: markets.Market, _position: position_math.Position):
    """
    @notice What a takeover leaves the liquidator with meets the opening rule.
    """
    if position_math._abs(_position.size) > markets.MAX_SIZE:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    positions._check_opening(_market, _position)


@internal
def _close_on_venue(
    _market: markets.Market, _part: position_math.Position, _limit_price: uint256, _policy: uint256
) -> liquidation_math.Outcome:
    """
    @notice Swaps the part away and splits what it leaves.
    @dev Reverts "venue too far" where the close would be worse than the band or enlarge the deficit.
    """
    trading: uint256 = markets.trading_words[_market.id]
    limits: uint256 = markets.limits_words[_market.id]
    carry_index: int256 = markets._carry_index(_market, _part.size)
    with_fees: bool = policy_word._has(_policy, policy_word.FLAG_FORCE_CLOSE_FEES)
    fee_bps: uint256 = 0
    if with_fees:
        fee_bps = market_words._trading_fee_bps(trading)
    before: int256 = liquidation_math._before_proceeds(_part, carry_index)
    result: IVenue.SwapResult = extcall IVenue(market_words._venue(trading)).swap(
        IVenue.SwapOrder(
            size=-_part.size,
            mark_price=_market.mark,
            funding_index=_market.funding,
            fee_bps=fee_bps,
            fee_budget=before,
        )
    )
    outcome: liquidation_math.Outcome = liquidation_math._outcome(
        _part.size, before, result, _market.mark, _market.risk, trading, limits, _policy
    )
    if not venue_math._within_limit(-_part.size, result.notional, _limit_price):
        reasons._revert(reasons.PRICE_LIMIT)
    if not liquidation_math._is_fair(
        _part.size,
        outcome,
        position_math._equity(_part, carry_index, _market.mark),
        _market.mark,
        _market.risk,
        limits,
    ):
        reasons._revert(reasons.VENUE_TOO_FAR)
    markets._set_mid(_market.id, result.mid_after, outcome.protocol_fee)
    return outcome
