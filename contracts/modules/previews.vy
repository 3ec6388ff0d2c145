# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Previews
@notice What a takeover or a force close would do at this moment, by the same pure rules as the transaction: to the wei, and with the
        same reasons where it would revert.
"""

from interfaces import IClearinghouse
from interfaces import ILiquidationEngine
from interfaces import IVenue

from contracts.lib import liquidation_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.lib import waterfall_math
from contracts.modules import market_reads
from contracts.modules import policies

uses: policies


# As in modules/markets of the clearinghouse.
MAX_TAKEN_SIZE: constant(uint256) = 2**110


# A liquidation under way: the market, and the part that would go.
struct Case:
    view: market_reads.View
    part: position_math.Position


# How a deficit would be absorbed.
struct Absorption:
    from_insurance: uint256
    index_rise: uint256


@external
@view
def preview_takeover(
    _market: uint256, _target: address, _size: uint256, _margin: uint256
) -> ILiquidationEngine.TakeoverPreview:
    """
    @notice What `liquidate_by_takeover` would leave the caller with. Instead of failing for too little margin it says how much
            is missing.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _margin WAD
    @dev Reverts as the transaction, but for "below initial margin", "close leaves a deficit" and "insufficient collateral".
    """
    liquidation_math._check_margin(_margin)
    policy: uint256 = policies._policy(_market)
    case: Case = self._begin(
        _market, _target, _size, policy, policies._takeover_refusal(_market, _target, policy)
    )
    mark: uint256 = case.view.state.mark_price
    part: position_math.Position = case.part
    preview: ILiquidationEngine.TakeoverPreview = empty(ILiquidationEngine.TakeoverPreview)
    preview.size = part.size
    preview.part_equity = position_math._worth(part, mark)
    if preview.part_equity < 0:
        preview.deficit = convert(-preview.part_equity, uint256)
        absorption: Absorption = self._absorbed(case.view, part.size, preview.deficit)
        preview.from_insurance = absorption.from_insurance
        preview.social_loss_per_unit = absorption.index_rise
        part.balance -= preview.part_equity
        case.view = self._after(case.view, part.size, absorption.index_rise)
    part.balance += convert(_margin, int256)
    old: position_math.Position = market_reads._settled(case.view, msg.sender)
    new: position_math.Position = position_math._combined(part, old)
    if case.view.state.jumped and position_math._abs(new.size) < position_math._abs(old.size):
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    if position_math._abs(new.size) > MAX_TAKEN_SIZE:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    preview.new_size = new.size
    preview.new_balance = new.balance
    preview.new_entry_notional = new.notional
    preview.new_equity = position_math._worth(new, mark)
    preview.initial_margin = position_math._margin(
        position_math._notional(new.size, mark), market_words._imr_bps(case.view.risk)
    )
    excess: int256 = new.balance
    if new.size != 0:
        excess = position_math._opening_excess(
            new, mark, market_words._imr_bps(case.view.risk), market_words._entry_margin_rule(case.view.risk)
        )
    preview.missing_margin = convert(max(-excess, 0), uint256)
    return preview


@external
@view
def preview_force_close(
    _market: uint256, _target: address, _size: uint256, _limit_price: uint256
) -> ILiquidationEngine.ForceClosePreview:
    """
    @notice What `force_close` would do with a target.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _limit_price WAD, worst average price for the target; 0 is none
    @dev Reverts as the transaction.
    """
    policy: uint256 = policies._policy(_market)
    case: Case = self._begin(_market, _target, _size, policy, policies._force_close_refusal(_market, policy))
    part: position_math.Position = case.part
    before: int256 = liquidation_math._before_proceeds(part)
    trading: uint256 = case.view.trading
    if policy & policy_word.FLAG_FORCE_CLOSE_FEES == 0:
        trading = 0
    fill: IVenue.SwapResult = staticcall IVenue(market_words._venue(case.view.trading)).quote_swap(
        IVenue.SwapOrder(
            size=-part.size,
            mark_price=case.view.state.mark_price,
            funding_index=case.view.state.funding_index,
            limit_price=_limit_price,
            band_bps=liquidation_math._band_bps(case.view.risk, case.view.limits),
            fee_budget=before,
            trading_word=trading,
            mmr_bps=market_words._mmr_bps(case.view.risk),
        )
    )
    outcome: liquidation_math.Outcome = liquidation_math._outcome(part.size, before, fill, policy)
    if outcome.residue < min(position_math._worth(part, case.view.state.mark_price), 0):
        reasons._revert(reasons.VENUE_TOO_FAR)
    absorption: Absorption = empty(Absorption)
    if outcome.residue < 0:
        absorption = self._absorbed(case.view, part.size, convert(-outcome.residue, uint256))
    return ILiquidationEngine.ForceClosePreview(
        size=part.size,
        notional=fill.notional,
        lp_fee=fill.lp_fee,
        protocol_fee=fill.protocol_fee,
        penalty=fill.penalty,
        reward=outcome.reward,
        residue=outcome.residue,
        from_insurance=absorption.from_insurance,
        social_loss_per_unit=absorption.index_rise,
    )


@internal
@view
def _begin(_market: uint256, _target: address, _size: uint256, _policy: uint256, _refusal: uint256) -> Case:
    """
    @notice The checks of the transaction in its order, and the part.
    """
    if msg.sender == _target or staticcall policies.CLEARINGHOUSE.is_operator(_target, msg.sender):
        reasons._revert(reasons.SELF_LIQUIDATION)
    view: market_reads.View = market_reads._view(policies.CLEARINGHOUSE, _market)
    if view.state.stale:
        reasons._revert(reasons.STALE_PRICE)
    target: position_math.Position = market_reads._settled(view, _target)
    if target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    equity: int256 = position_math._worth(target, view.state.mark_price)
    margin: uint256 = position_math._margin(
        position_math._notional(target.size, view.state.mark_price), market_words._mmr_bps(view.risk)
    )
    if not position_math._is_below(equity, margin, policy_word._trigger_bps(_policy)):
        reasons._revert(reasons.NOT_LIQUIDATABLE)
    if _refusal != 0 and equity >= 0:
        reasons._revert(_refusal)
    size: uint256 = liquidation_math._slice(
        position_math._abs(target.size),
        _size,
        view.state.mark_price,
        policy_word._min_slice_bps(_policy),
        market_words._min_notional(view.trading),
    )
    return Case(view=view, part=position_math._part(target, size))


@internal
@pure
def _absorbed(_view: market_reads.View, _size: int256, _deficit: uint256) -> Absorption:
    """
    @notice The waterfall's first two steps for a deficit of a position of the given size.
    """
    drawable: uint256 = waterfall_math._drawable(
        _view.state.insurance_fund, _view.state.draw_level, market_words._insurance_draw_bps(_view.limits)
    )
    paid: uint256 = min(_deficit, drawable)
    payers: uint256 = _view.state.total_short
    index: uint256 = _view.state.short_social_loss_index
    if _size < 0:
        payers = _view.state.total_long
        index = _view.state.long_social_loss_index
    shares: waterfall_math.Shares = waterfall_math._shares(
        _deficit - paid,
        _deficit,
        position_math._abs(_size),
        payers,
        max(_view.state.total_long, _view.state.total_short),
        _view.state.lp_margin,
        index,
    )
    return Absorption(from_insurance=paid, index_rise=shares.index_rise)


@internal
@pure
def _after(_view: market_reads.View, _size: int256, _index_rise: uint256) -> market_reads.View:
    """
    @notice The market after a loss of a position of the given size moved the other side's index.
    """
    view: market_reads.View = _view
    if _size < 0:
        view.state.long_social_loss_index += _index_rise
    else:
        view.state.short_social_loss_index += _index_rise
    return view
