# pragma version 0.4.3
"""
@title  Deleveraging reads
@notice What auto-deleveraging would do: at what price a target is closed, and in which order those opposite to it are. By the formulas of the
        clearinghouse, so that what is shown here is what it accepts in the same block. docs/spec.md section 14.
"""

from interfaces import IClearinghouse
from interfaces import ILens
from interfaces import ILiquidationEngine

from contracts.lib import deleveraging_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import waterfall_math
from contracts.modules import market_reads

WAD: constant(uint256) = 10**18
# As in modules/markets of the clearinghouse.
MAX_PRICE: constant(uint256) = 10**25
# More is due to nobody than a pot can hold.
DUE_BITS: constant(uint256) = 104

# Where positions are.
HOUSE: immutable(IClearinghouse)
# Where policies are.
POLICIES: immutable(ILiquidationEngine)


@deploy
def __init__(_clearinghouse: address, _engine: address):
    HOUSE = IClearinghouse(_clearinghouse)
    POLICIES = ILiquidationEngine(_engine)


@external
@view
def adl_terms(_market: uint256, _target: address) -> ILens.AdlTerms:
    """
    @notice At what an account would be closed against those opposite to it, if it is bankrupt.
    @dev Reverts "no position", "stale price", "market is settling", and what `market_state` of the clearinghouse reverts.
    """
    terms: ILens.AdlTerms = empty(ILens.AdlTerms)
    found: deleveraging_math.Terms = empty(deleveraging_math.Terms)
    terms, found = self._terms(_market, _target, staticcall HOUSE.market_state(_market))
    return terms


@external
@view
def adl_queue(
    _market: uint256,
    _side: int256,
    _accounts: DynArray[address, policy_word.MAX_DELEVERAGED],
    _price: uint256 = 0,
) -> DynArray[ILens.AdlRank, policy_word.MAX_DELEVERAGED]:
    """
    @notice Accounts of one side by falling rank at a price: those in front are deleveraged first. Each once; who is not eligible comes last, and
            whoever has no position there is left out.
    @param _side positive for longs, negative for shorts
    @param _accounts any order; some 15 million gas for 1,000
    @param _price WAD; 0 is the mark
    @dev Reverts "price out of bounds".
    """
    assert _price <= MAX_PRICE, "price out of bounds"
    state: IClearinghouse.MarketState = staticcall HOUSE.market_state(_market)
    price: uint256 = _price
    if price == 0:
        price = state.mark_price
    return self._queue(
        _market,
        _side > 0,
        market_reads._carry_index(state, _side),
        deleveraging_math.Terms(size=WAD, notional=price, feasible=True),
        _accounts,
    )


@external
@view
def adl_counterparties(
    _market: uint256, _target: address, _accounts: DynArray[address, policy_word.MAX_DELEVERAGED]
) -> DynArray[ILens.AdlRank, policy_word.MAX_DELEVERAGED]:
    """
    @notice The list to deleverage a target with, out of any accounts: exactly as the clearinghouse ranks them.
    @dev Reverts as `adl_terms`.
    """
    state: IClearinghouse.MarketState = staticcall HOUSE.market_state(_market)
    terms: ILens.AdlTerms = empty(ILens.AdlTerms)
    found: deleveraging_math.Terms = empty(deleveraging_math.Terms)
    terms, found = self._terms(_market, _target, state)
    return self._queue(
        _market, terms.size < 0, market_reads._carry_index(state, -terms.size), found, _accounts
    )


@internal
@view
def _terms(
    _market: uint256, _target: address, _state: IClearinghouse.MarketState
) -> (ILens.AdlTerms, deleveraging_math.Terms):
    held: IClearinghouse.Position = staticcall HOUSE.position(_market, _target)
    held = staticcall HOUSE.detached(_market, _target, position_math._abs(held.size))
    target: position_math.Position = position_math.Position(
        size=held.size, balance=held.balance, notional=held.entry_notional, carry=held.entry_carry, flags=0
    )
    terms: ILens.AdlTerms = empty(ILens.AdlTerms)
    terms.size = held.size
    worth: int256 = position_math._worth(target, _state.mark_price)
    if worth < 0 and (not held.cross or (staticcall HOUSE.account_state(_target)).full_equity < 0):
        terms.deficit = convert(-worth, uint256)
    terms.from_insurance = min(terms.deficit, self._drawable(_market, _state))
    found: deleveraging_math.Terms = empty(deleveraging_math.Terms)
    if (
        policy_word._has(staticcall POLICIES.policy(_market), policy_word.FLAG_ADL_PREVIOUS_MARK)
        and staticcall HOUSE.made_good(_market, _target) != block.timestamp
    ):
        found = deleveraging_math._at_price(target, _state.previous_mark)
        terms.at_previous_mark = found.size != 0
    if found.size == 0:
        target.balance += convert(terms.from_insurance, int256)
        found = deleveraging_math._at_bankruptcy(target)
    elif terms.from_insurance < terms.deficit:
        # what there is stays there
        terms.from_insurance = 0
    terms.notional = found.notional
    terms.price = deleveraging_math._share(found.notional, WAD, found.size, held.size > 0)
    terms.feasible = found.feasible
    return terms, found


@internal
@view
def _drawable(_market: uint256, _state: IClearinghouse.MarketState) -> uint256:
    """
    @notice What the insurance fund may pay now.
    """
    risk: uint256 = 0
    trading: uint256 = 0
    limits: uint256 = 0
    risk, trading, limits = staticcall HOUSE.market_words(_market)
    return waterfall_math._drawable(
        _state.insurance_fund, _state.draw_level, market_words._insurance_draw_bps(limits)
    )


@internal
@view
def _queue(
    _market: uint256,
    _long: bool,
    _index: int256,
    _found: deleveraging_math.Terms,
    _accounts: DynArray[address, policy_word.MAX_DELEVERAGED],
) -> DynArray[ILens.AdlRank, policy_word.MAX_DELEVERAGED]:
    """
    @notice The ranks of accounts of a side, sorted.
    """
    ranks: DynArray[ILens.AdlRank, policy_word.MAX_DELEVERAGED] = []
    order: uint256[policy_word.MAX_DELEVERAGED] = empty(uint256[policy_word.MAX_DELEVERAGED])
    count: uint256 = 0
    for account: address in _accounts:
        held: position_math.Position = market_reads._stored(HOUSE, _market, account)
        if held.size != 0 and (held.size > 0) == _long:
            ranks.append(self._rank(account, position_math._settled(held, _index), _found))
            order[count] = count
            count += 1
    # in runs of 1, 2, 4, ... which are merged two by two
    for turn: uint256 in range(10):
        width: uint256 = 1 << turn
        if width >= count:
            break
        merged: uint256[policy_word.MAX_DELEVERAGED] = empty(uint256[policy_word.MAX_DELEVERAGED])
        left: uint256 = 0
        right: uint256 = 0
        for place: uint256 in range(count, bound=policy_word.MAX_DELEVERAGED):
            start: uint256 = place >> (turn + 1) << (turn + 1)
            middle: uint256 = min(start + width, count)
            if place == start:
                left = start
                right = middle
            take_left: bool = left < middle
            if take_left and right < min(start + 2 * width, count):
                one: uint256 = order[left]
                other: uint256 = order[right]
                take_left = ranks[one].rank > ranks[other].rank
                if ranks[one].rank == ranks[other].rank:
                    take_left = convert(ranks[one].account, uint256) <= convert(ranks[other].account, uint256)
            if take_left:
                merged[place] = order[left]
                left += 1
            else:
                merged[place] = order[right]
                right += 1
        order = merged
    sorted: DynArray[ILens.AdlRank, policy_word.MAX_DELEVERAGED] = []
    last: address = empty(address)
    for place: uint256 in range(count, bound=policy_word.MAX_DELEVERAGED):
        rank: ILens.AdlRank = ranks[order[place]]
        # the same account is next to itself
        if rank.account != last:
            sorted.append(rank)
            last = rank.account
    return sorted


@internal
@view
def _rank(
    _account: address, _position: position_math.Position, _found: deleveraging_math.Terms
) -> ILens.AdlRank:
    """
    @notice Rank of a settled position.
    """
    size: uint256 = position_math._abs(_position.size)
    notional: uint256 = deleveraging_math._share(_found.notional, size, _found.size, _position.size < 0)
    gain: int256 = convert(notional, int256) - convert(_position.notional, int256)
    if _position.size < 0:
        gain = -gain
    equity: int256 = _position.balance + gain
    if _position.flags & market_reads.CROSS != 0:
        equity += convert(staticcall HOUSE.free_collateral(_account), int256)
    rank: ILens.AdlRank = ILens.AdlRank(account=_account, size=_position.size, eligible=False, rank=0)
    if gain >= 0 and equity >= 0 and equity >> DUE_BITS == 0:
        rank.eligible = True
        rank.rank = deleveraging_math._rank(
            convert(gain, uint256), _position.notional, notional, convert(equity, uint256)
        )
    return rank
