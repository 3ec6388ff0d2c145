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
from contracts.lib import margin_math
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
    policy: uint256  # that a deficit of the part goes by


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
        _market, _target, _size, policy, policies._takeover_refusal(_market, _target, policy), False
    )
    mark: uint256 = case.view.state.mark_price
    part: position_math.Position = case.part
    # what the caller's account counts now: the deficit below may move the index that its position pays by
    before: position_math.Position = market_reads._settled(case.view, msg.sender)
    preview: ILiquidationEngine.TakeoverPreview = empty(ILiquidationEngine.TakeoverPreview)
    preview.size = part.size
    preview.part_equity = position_math._worth(part, mark)
    if preview.part_equity < 0:
        preview.deficit = convert(-preview.part_equity, uint256)
        absorption: Absorption = self._absorbed(case.view, part.size, preview.deficit, case.policy)
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
    preview.initial_margin = margin_math._initial(
        position_math._notional(new.size, mark), case.view.risk, case.view.extras
    )
    excess: int256 = new.balance
    if self._is_cross(msg.sender, _market):
        excess = self._account_excess(case.view, before, new, _margin)
        # free collateral pays what the leg lacks
        free: uint256 = staticcall policies.CLEARINGHOUSE.free_collateral(msg.sender)
        paid: int256 = min(max(-preview.new_equity, 0), convert(free - min(free, _margin), int256))
        preview.new_balance += paid
        preview.new_equity += paid
    elif new.size != 0:
        excess = position_math._opening_excess(new, mark, case.view.risk, case.view.extras)
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
    refusal: uint256 = 0
    refusal, policy = policies._force_close_refusal(_market, _target, policy)
    case: Case = self._begin(_market, _target, _size, policy, refusal, True)
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
    if policy & policy_word.FLAG_AT_LIQUIDATION_PRICE != 0 and position_math._worth(part, case.view.state.mark_price) >= 0:
        if not liquidation_math._is_at_liquidation_price(
            part.size,
            before,
            fill.notional,
            margin_math._maintenance(fill.notional, case.view.risk, case.view.extras),
            policy,
        ):
            reasons._revert(reasons.BEYOND_LIQUIDATION_PRICE)
    outcome: liquidation_math.Outcome = liquidation_math._outcome(part.size, before, fill, policy)
    if outcome.residue < min(position_math._worth(part, case.view.state.mark_price), 0):
        reasons._revert(reasons.VENUE_TOO_FAR)
    absorption: Absorption = empty(Absorption)
    if outcome.residue < 0:
        absorption = self._absorbed(case.view, part.size, convert(-outcome.residue, uint256), case.policy)
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
def _begin(
    _market: uint256, _target: address, _size: uint256, _policy: uint256, _refusal: uint256, _chunks: bool
) -> Case:
    """
    @notice The checks of the transaction in its order, and the part.
    """
    if msg.sender == _target or staticcall policies.CLEARINGHOUSE.is_operator(_target, msg.sender):
        reasons._revert(reasons.SELF_LIQUIDATION)
    view: market_reads.View = market_reads._view(policies.CLEARINGHOUSE, _market)
    if view.state.stale:
        reasons._revert(reasons.STALE_PRICE)
    if view.state.final_price != 0:
        reasons._revert(reasons.MARKET_IS_SETTLING)
    target: position_math.Position = market_reads._settled(view, _target)
    if target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    equity: int256 = 0
    margin: uint256 = 0
    equity, margin = market_reads._standing(view, _target, target)
    if not position_math._is_below(equity, margin, policy_word._trigger_bps(_policy)):
        reasons._revert(reasons.NOT_LIQUIDATABLE)
    if _refusal != 0 and equity >= 0:
        reasons._revert(_refusal)
    size: uint256 = 0
    if _chunks and equity >= 0:
        size = liquidation_math._chunk(
            position_math._abs(target.size), position_math._notional(target.size, view.state.mark_price), _policy
        )
    if size == 0:
        size = liquidation_math._slice(
            position_math._abs(target.size),
            _size,
            view.state.mark_price,
            policy_word._min_slice_bps(_policy),
            market_words._min_notional(view.trading),
        )
    part: position_math.Position = position_math._part(target, size)
    if target.flags & market_reads.CROSS != 0:
        part.balance = (staticcall policies.CLEARINGHOUSE.detached(_market, _target, size)).balance
    return Case(
        view=view, part=part, policy=_policy if equity < 0 else policy_word._without_adl(_policy)
    )


@internal
@view
def _is_cross(_account: address, _market: uint256) -> bool:
    """
    @notice Whether a position that the account opens in a market is cross.
    """
    return _market < 16 and (staticcall policies.CLEARINGHOUSE.cross_markets(_account))[0] >> _market & 1 != 0


@internal
@view
def _account_excess(
    _view: market_reads.View, _old: position_math.Position, _new: position_math.Position, _margin: uint256
) -> int256:
    """
    @notice By how much a cross account would exceed the opening rule with a new leg in place of the old one. The margin that goes into
            the leg comes out of the same account.
    @param _old as the account counts it now, before a social loss of the same call
    """
    mark: uint256 = _view.state.mark_price
    all: IClearinghouse.AccountState = staticcall policies.CLEARINGHOUSE.account_state(msg.sender)
    others: int256 = all.opening - _old.balance - min(
        position_math._price_pnl(_old.size, _old.notional, mark), 0
    )
    needed: uint256 = all.initial_margin - margin_math._initial(
        position_math._notional(_old.size, mark), _view.risk, _view.extras
    ) + margin_math._initial(position_math._notional(_new.size, mark), _view.risk, _view.extras)
    return others + position_math._worth(_new, mark) - convert(_margin, int256) - convert(needed, int256)


@internal
@pure
def _absorbed(_view: market_reads.View, _size: int256, _deficit: uint256, _policy: uint256) -> Absorption:
    """
    @notice The waterfall's first two steps for a deficit of a position of the given size.
    @dev Reverts "use ADL" as the transaction.
    """
    drawable: uint256 = waterfall_math._drawable(
        _view.state.insurance_fund, _view.state.draw_level, market_words._insurance_draw_bps(_view.limits)
    )
    paid: uint256 = min(_deficit, drawable)
    if _policy & policy_word.FLAG_LOSS_ADL != 0 and paid < _deficit:
        holders: uint256 = _view.state.holders_long
        if _size > 0:
            holders = _view.state.holders_short
        if holders <= policy_word.MAX_DELEVERAGED:
            reasons._revert(reasons.USE_ADL)
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
