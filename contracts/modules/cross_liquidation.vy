# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Cross liquidation
@notice Takeover and force close where the target or the liquidator is a cross account: the account's stage decides, and the part leaves
        with its share of the account. docs/spec.md section 12.
@dev    Both run inside calls of the clearinghouse, under its lock and after its check of the caller: they take none. As selectors of
        the clearinghouse itself they are not reached in any other way.
"""

from interfaces import IClearinghouse

from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import liquidation_steps
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import portfolio
from contracts.modules import positions

uses: accounts
uses: liquidation_steps
uses: markets
uses: payouts
uses: portfolio
uses: positions


# A liquidation under way.
struct Case:
    market: markets.Market
    target: position_math.Position
    part: position_math.Position
    rest: position_math.Position
    chunked: bool
    policy: uint256  # that a deficit of the part goes by


@external
@reentrant
def take_over(
    _market: uint256,
    _liquidator: address,
    _target: address,
    _size: uint256,
    _margin: uint256,
    _policy: uint256,
    _refusal: uint256,
) -> uint256:
    """
    @notice As Clearinghouse.take_over.
    """
    case: Case = self._begin(_market, _target, _size, _policy, _refusal, False)
    market: markets.Market = case.market
    part: position_math.Position = case.part
    deficit: uint256 = 0
    market, part, deficit = liquidation_steps._absorbed(market, part, case.policy)
    market = self._keep(market, _target, case)

    old: position_math.Position = positions._load_settled(market, _liquidator)
    margin: int256 = convert(_margin, int256)
    part.balance = unsafe_add(part.balance, margin)
    new: position_math.Position = position_math._combined(part, old)
    if market.jumped and position_math._abs(new.size) < position_math._abs(old.size):
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    if position_math._abs(new.size) > markets.MAX_TAKEN_SIZE:
        reasons._revert(reasons.SIZE_TOO_LARGE)
    margin, new = self._receive(market, _liquidator, old.size, new, margin, _policy)
    log IClearinghouse.Takeover(
        market=_market,
        liquidator=_liquidator,
        target=_target,
        size=part.size,
        left=case.rest.size,
        margin=convert(margin, uint256),
        mark_price=market.mark,
        deficit=deficit,
        new_size=new.size,
        new_balance=new.balance,
        new_entry_notional=new.notional,
        new_entry_carry=new.carry,
        free_collateral=accounts._free(_liquidator),
    )
    return convert(margin, uint256)


@external
@reentrant
def force_close(
    _market: uint256,
    _keeper: address,
    _target: address,
    _size: uint256,
    _limit_price: uint256,
    _policy: uint256,
    _refusal: uint256,
) -> bool:
    """
    @notice As Clearinghouse.force_close. What is left for the trader goes to its free collateral.
    """
    case: Case = self._begin(_market, _target, _size, _policy, _refusal, True)
    market: markets.Market = case.market
    residue: int256 = 0
    market, residue = liquidation_steps._close_part(
        market, _keeper, _target, case.part, case.rest.size, _limit_price, case.policy
    )
    if residue != 0:
        market = payouts._pay(market, _target, convert(residue, uint256))
    market = self._keep(market, _target, case)
    markets._close(market)
    return case.chunked


@internal
def _begin(
    _market: uint256, _target: address, _size: uint256, _policy: uint256, _refusal: uint256, _chunks: bool
) -> Case:
    """
    @notice Opens the market, checks the stage of the target, and cuts the part with what it takes along.
    """
    case: Case = empty(Case)
    case.market = markets._open(_market)
    case.target = positions._load_settled(case.market, _target)
    if case.target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    all: portfolio.Portfolio = empty(portfolio.Portfolio)
    cross: bool = case.target.flags & positions.FLAG_CROSS != 0
    if cross:
        all = portfolio._of(_target, _market, True)
    all = portfolio._with(all, case.market, case.target)
    bankrupt: bool = not (all.full_equity >= 0)
    liquidation_steps._check_failing(all.equity, all.maintenance_margin, _policy, _refusal, bankrupt)
    case.policy = _policy
    if not bankrupt:
        case.policy = policy_word._without_adl(_policy)
    size: uint256 = 0
    if _chunks and not bankrupt:
        size = liquidation_steps._chunk(case.market, case.target.size, _policy)
        case.chunked = size != 0
    if size == 0:
        size = liquidation_steps._slice(
            case.market, position_math._abs(case.target.size), _size, _policy
        )
    if cross:
        case.market, case.part, case.rest = portfolio._detach(case.market, _target, all, case.target, size)
    else:
        case.part = position_math._part(case.target, size)
        case.rest = position_math._without(case.target, case.part)
    return case


@internal
def _keep(_market: markets.Market, _target: address, _case: Case) -> markets.Market:
    """
    @notice Writes what the target keeps.
    """
    if _case.rest.size == 0:
        positions._clear(_market.id, _target)
        if _case.target.flags & positions.FLAG_CROSS != 0:
            accounts._set_leg(_target, _market.id, False)
    else:
        positions._write(_market, _target, _case.rest)
    return positions._changed(_market, _case.target.size, _case.rest.size)


@internal
def _receive(
    _market: markets.Market,
    _liquidator: address,
    _old_size: int256,
    _combined: position_math.Position,
    _margin: int256,
    _policy: uint256,
) -> (int256, position_math.Position):
    """
    @notice The liquidator's position after a takeover, with the margin in it: it meets the opening rule that its mode asks for.
    @return margin WAD that came from free collateral
    @return position as it was written
    """
    market: markets.Market = _market
    new: position_math.Position = _combined
    margin: int256 = _margin
    if accounts._is_cross(_liquidator, market.id):
        new.flags |= positions.FLAG_CROSS
        # out of free collateral and into the leg: the account is worth the same
        accounts._take(_liquidator, convert(margin, uint256))
        market.pot = unsafe_add(market.pot, convert(margin, uint256))
        market, new = portfolio._cover(market, _liquidator, new)
        if new.size != 0:
            self._check_opening(market, _liquidator, new)
        elif not (new.balance >= 0):
            reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
        else:
            market = payouts._pay(market, _liquidator, convert(new.balance, uint256))
        accounts._set_leg(_liquidator, market.id, new.size != 0)
    else:
        if _policy & policy_word.FLAG_AUTO_MARGIN != 0:
            # what the opening rule does not ask for, or what would come straight back
            excess: int256 = new.balance
            if new.size != 0:
                excess = position_math._opening_excess(new, market.mark, market.risk, market.extras)
            spared: int256 = min(margin, max(excess, 0))
            new.balance = unsafe_sub(new.balance, spared)
            margin = unsafe_sub(margin, spared)
        if new.size != 0:
            positions._check_opening(market, new)
            market = payouts._move(market, _liquidator, margin)
        else:
            if not (new.balance >= 0):
                reasons._revert(reasons.CLOSE_LEAVES_A_DEFICIT)
            market = payouts._move(market, _liquidator, unsafe_sub(margin, new.balance))
    new = positions._put_settled(market, _liquidator, new)
    market = positions._changed(market, _old_size, new.size)
    markets._close(market)
    return margin, new


@internal
@view
def _check_opening(_market: markets.Market, _account: address, _leg: position_math.Position):
    """
    @notice The opening rule of an account with a leg as it will be.
    """
    others: portfolio.Portfolio = portfolio._of(_account, _market.id, False)
    portfolio._check_calm(others)
    needed: int256 = convert(portfolio._with(others, _market, _leg).initial_margin, int256)
    if unsafe_add(others.opening, position_math._worth(_leg, _market.mark)) < needed:
        reasons._revert(reasons.BELOW_INITIAL_MARGIN)
