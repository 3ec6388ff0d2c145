# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Liquidation
@notice The engine's two primitives: take a failing position over, or close it against the venue. Each accrues, checks the stage,
        acts and absorbs in one call, by the policy word it is handed. docs/spec.md sections 9 and 10.
@dev    The clearinghouse decides what is liquidatable and what it costs; an engine can only choose among that.
"""

from interfaces import IClearinghouse
from interfaces import IVenue

from contracts.lib import liquidation_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import closing
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import swaps
from contracts.modules import waterfall

uses: accounts
uses: closing
uses: markets
uses: payouts
uses: positions
uses: swaps
uses: waterfall

# A liquidation under way: the target settled, and the part that goes.
struct Case:
    market: markets.Market
    target: position_math.Position
    part: position_math.Position


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
    _refusal: uint256,
):
    """
    @notice Moves (part of) a failing position with its margin to the liquidator, who must then meet the opening rule.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _margin WAD from the liquidator's free collateral
    @param _refusal why the policy does not let this happen now to a target that is not bankrupt, see lib/reasons; 0 if it does
    """
    case: Case = self._begin(
        _market, _liquidator, _target, _size, _policy, _refusal
    )
    market: markets.Market = case.market
    part: position_math.Position = case.part
    deficit: int256 = min(position_math._worth(part, market.mark), 0)
    if deficit != 0:
        deficit = unsafe_sub(0, deficit)
        market = waterfall._absorb(market, part.size, deficit)
        part.balance = unsafe_add(part.balance, deficit)
    part.balance = unsafe_add(part.balance, convert(_margin, int256))

    # the index has moved: a liquidator on the other side pays its share before anything of it is combined
    old: position_math.Position = positions._load_settled(market, _liquidator)
    new: position_math.Position = position_math._combined(part, old)
    # a price that just jumped lets nobody out ahead of the loss, by this way neither
    if market.jumped and position_math._abs(new.size) < position_math._abs(old.size):
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    if new.size != 0:
        if position_math._abs(new.size) > markets.MAX_TAKEN_SIZE:
            reasons._revert(reasons.SIZE_TOO_LARGE)
        positions._check_opening(market, new)
    rest: position_math.Position = position_math._without(case.target, case.part)
    market = positions._replace(market, _target, case.target.size, rest)
    market = positions._replace(market, _liquidator, old.size, new)
    closing._pay_in(market, _liquidator, new, convert(_margin, int256))
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
    _market: uint256,
    _keeper: address,
    _target: address,
    _size: uint256,
    _limit_price: uint256,
    _policy: uint256,
    _refusal: uint256,
):
    """
    @notice Closes (part of) a failing position against the venue; what remains goes where the policy says.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _limit_price WAD, worst average price for the target; 0 is none
    @param _refusal as above
    """
    case: Case = self._begin(_market, _keeper, _target, _size, _policy, _refusal)
    market: markets.Market = case.market
    part: position_math.Position = case.part
    rest: position_math.Position = position_math._without(case.target, part)
    before: int256 = liquidation_math._before_proceeds(part)
    fill: IVenue.SwapResult = swaps._swap(
        market,
        unsafe_sub(0, part.size),
        _limit_price,
        liquidation_math._band_bps(market.risk, markets.limits_words[_market]),
        before,
        _policy & policy_word.FLAG_FORCE_CLOSE_FEES != 0,
    )
    outcome: liquidation_math.Outcome = liquidation_math._outcome(part.size, before, fill, _policy)
    if outcome.residue < min(position_math._worth(part, market.mark), 0):
        reasons._revert(reasons.VENUE_TOO_FAR)
    if not (outcome.residue >= 0):
        market = waterfall._absorb(market, part.size, unsafe_sub(0, outcome.residue))
    market = waterfall._credit(market, unsafe_add(fill.penalty, outcome.fund_share), self)
    if outcome.reward != 0:
        market = payouts._pay(market, _keeper, outcome.reward)
    if outcome.residue > 0:
        residue: uint256 = convert(outcome.residue, uint256)
        destination: uint256 = policy_word._residue(_policy)
        if destination == policy_word.RESIDUE_INSURANCE:
            market = waterfall._credit(market, residue, self)
        elif destination == policy_word.RESIDUE_TREASURY:
            markets._set_mid(_market, fill.mid_after, residue)
        elif rest.size != 0:
            rest.balance = unsafe_add(rest.balance, outcome.residue)
        else:
            market = payouts._pay(market, _target, residue)
    market = positions._replace(market, _target, case.target.size, rest)
    markets._close(market)
    log IClearinghouse.ForceClose(
        market=_market,
        keeper=_keeper,
        target=_target,
        size=part.size,
        notional=fill.notional,
        mark_price=market.mark,
        residue=outcome.residue,
        reward=outcome.reward,
        mid_price=fill.mid_after,
    )


# ---- parts of both


@internal
def _begin(
    _market: uint256,
    _caller: address,
    _target: address,
    _size: uint256,
    _policy: uint256,
    _refusal: uint256,
) -> Case:
    """
    @notice Opens the market, settles the target, checks that it fails its margin and that the engine refuses nothing, and cuts the
            part. Nobody may refuse a bankrupt target.
    """
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    if accounts._same_person(_caller, _target):
        reasons._revert(reasons.SELF_LIQUIDATION)
    case: Case = empty(Case)
    case.market = markets._open(_market)
    case.target = positions._load_settled(case.market, _target)
    if case.target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    equity: int256 = position_math._worth(case.target, case.market.mark)
    margin: uint256 = position_math._margin(
        position_math._notional(case.target.size, case.market.mark), market_words._mmr_bps(case.market.risk)
    )
    if not position_math._is_below(equity, margin, policy_word._trigger_bps(_policy)):
        reasons._revert(reasons.NOT_LIQUIDATABLE)
    if _refusal != 0 and equity >= 0:
        reasons._revert(_refusal)
    whole: uint256 = position_math._abs(case.target.size)
    dust: uint256 = 0
    if _size < whole:
        dust = market_words._min_notional(markets.trading_words[_market])
    size: uint256 = liquidation_math._slice(
        whole, _size, case.market.mark, policy_word._min_slice_bps(_policy), dust
    )
    case.part = position_math._part(case.target, size)
    return case
