# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Deleveraging
@notice Closes a bankrupt position against those on the other side, those first who gain most with most leverage, at a price that leaves it
        no loss. docs/spec.md section 14.
@dev    A loop over at most 1,000 accounts, of which each costs two cold reads and at most one write: what a closed position is due stays
        on its record, holders and totals are written once.
"""

from interfaces import IDeleveraging

from contracts.lib import deleveraging_math
from contracts.lib import market_words
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.lib import waterfall_math
from contracts.modules import accounts
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import portfolio
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: markets
uses: payouts
uses: portfolio
uses: positions
uses: waterfall


# A bankrupt position and its market.
struct Case:
    market: markets.Market
    target: position_math.Position  # settled, with all that others have paid into it
    cross: bool
    terms: deleveraging_math.Terms
    from_insurance: uint256


# What the loop over the counterparties carries along. WAD unless it says otherwise.
struct Run:
    call: uint256  # number of this call in its transaction
    market: uint256
    mark: uint256
    long: bool  # what the counterparties are
    index: int256  # RAY, carry index of their side
    size: uint256  # of the target
    notional: uint256  # at which all of it is closed
    up: uint256  # what makes a division by the size round up, where it is to
    limit: uint256  # how much of it is to be closed: all, or nothing
    filled: uint256  # how much of it is
    paid: uint256  # notional at which that was
    listed: uint256  # sizes of the accounts passed
    lowest: uint256  # rank so far
    closed: uint256  # how many positions ended
    due: uint256  # left on their records
    collected: uint256  # of free collateral, for legs of cross accounts
    legs: uint256  # in other markets, looked at


RAY: constant(int256) = 10**27
# Legs in other markets that one call looks at: a cross account that has more than are left of them is passed over, so that no list costs
# more than 2**24 gas, the most of a transaction.
MAX_OTHER_LEGS: constant(uint256) = 250
# An account whose legs cost more than this each counts for more of them: an oracle that fails may burn all it is given.
GAS_OF_A_LEG: constant(uint256) = 15_000
# Lifts any carry above zero, where division rounds down.
LIFT: constant(int256) = 2**160

# The only caller.
ENGINE: immutable(address)

# How many calls there were in this transaction.
calls: transient(uint256)
# In which of them an account was listed last.
listed: transient(HashMap[address, uint256])


@deploy
def __init__(_engine: address):
    ENGINE = _engine


@external
def deleverage(
    _market: uint256,
    _target: address,
    _policy: uint256,
    _counterparties: DynArray[address, policy_word.MAX_DELEVERAGED],
) -> uint256:
    """
    @notice Closes a bankrupt position, for whose deficit the insurance fund has not enough, against those opposite to it; what they do not
            take goes down the waterfall. Each account of the list is counted, ranked, and closed as far as the target lasts. The shares of all
            of them add up to the notional of what is closed: each is the difference of two sums, which are rounded against them.
    @param _counterparties accounts of the other side by falling rank, at least 99 % of that side
    @return WAD, how much of it was closed against them
    @dev Reverts "not engine", and what docs/spec.md section 14 says. In one piece but for what is rare, and by whole words, since a thousand
         accounts must fit one transaction: `balance`, `gain` and `rank` are position_math._settled, ._price_pnl and
         deleveraging_math._rank written out.
    """
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    case: Case = self._begin(_market, _target, _policy)
    run: Run = self._prepared(case)
    for account: address in _counterparties:
        if self.listed[account] == run.call:
            reasons._revert(reasons.ADL_ACCOUNT_REPEATED)
        self.listed[account] = run.call
        key: uint256 = run.market << 160 | convert(account, uint256)
        words: uint256[2] = positions.records[key]
        size: uint256 = words[0] >> 128
        if not run.long:
            size = unsafe_sub(2**128, size)
        # closed meanwhile, or turned around
        if unsafe_sub(size, 1) >> 127 != 0:
            continue
        run.listed = unsafe_add(run.listed, size)

        # at the execution price
        entry: uint256 = words[1] >> 136
        notional: uint256 = unsafe_div(unsafe_add(unsafe_mul(run.notional, size), run.up), run.size)
        gain: uint256 = unsafe_sub(entry, notional)
        if run.long:
            gain = unsafe_sub(notional, entry)
        carry: int256 = unsafe_mul(
            convert(convert(size, bytes32), int256),
            unsafe_sub(run.index, convert(convert(words[1] << 128, bytes32), int256) >> 128),
        )
        # less ceil(carry / RAY)
        balance: int256 = unsafe_sub(
            unsafe_add(convert(convert(words[0] << 128, bytes32), int256) >> 128, LIFT),
            unsafe_div(unsafe_add(carry, RAY * LIFT + RAY - 1), RAY),
        )
        equity: uint256 = unsafe_add(convert(convert(balance, bytes32), uint256), gain)
        cross: uint256 = words[1] >> 128 & positions.FLAG_CROSS
        if cross != 0:
            equity = unsafe_add(equity, accounts._free(account))
        # below zero the highest bit is set; and nobody is due more than a pot can hold
        if gain >> 255 | equity >> 104 != 0:
            continue
        rank: uint256 = max_value(uint256)
        if unsafe_mul(entry, equity) != 0:
            rank = unsafe_mul(
                min(unsafe_div(gain << 80, entry), deleveraging_math.RANK_LIMIT),
                min(unsafe_div(notional << 80, equity), deleveraging_math.RANK_LIMIT),
            )
        if rank <= run.lowest:
            run.lowest = rank
        elif not deleveraging_math._is_in_order(rank, run.lowest):
            reasons._revert(reasons.ADL_ORDER)

        left: uint256 = unsafe_sub(run.limit, run.filled)
        if left == 0:
            continue
        # a cross one counts as larger, whatever its size
        if unsafe_add(size, cross << 128) > left:
            run = self._close(run, account, words, balance)
            continue
        run.filled = unsafe_add(run.filled, size)
        paid: uint256 = unsafe_div(unsafe_add(unsafe_mul(run.notional, run.filled), run.up), run.size)
        share: uint256 = unsafe_sub(paid, run.paid)
        run.paid = paid
        due: uint256 = unsafe_sub(unsafe_add(equity, notional), share)
        if run.long:
            due = unsafe_sub(unsafe_add(equity, share), notional)
        # the first word alone: it says what is due, and that the second means nothing
        positions.records[key][0] = due
        run.closed = unsafe_add(run.closed, 1)
        run.due = unsafe_add(run.due, due)
        log IDeleveraging.Deleveraged(
            account=account,
            market=run.market,
            size=convert(convert(words[0], bytes32), int256) >> 128,
            notional=share,
            new_size=0,
            new_balance=convert(convert(due, bytes32), int256),
        )
    return self._finish(case, run, _target)


# ---- the target


@internal
def _begin(_market: uint256, _target: address, _policy: uint256) -> Case:
    """
    @notice Opens the market, checks that the target is bankrupt, pays into it what others than the counterparties owe it, and sets the terms.
    @dev Reverts what `accrue` does, and "no position", "ADL not allowed", "not bankrupt", "insurance pays".
    """
    case: Case = empty(Case)
    case.market = markets._open(_market)
    case.target = positions._load_settled(case.market, _target)
    if case.target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    holders: uint256 = case.market.holders_long
    if case.target.size > 0:
        holders = case.market.holders_short
    if holders > policy_word.MAX_DELEVERAGED:
        reasons._revert(reasons.ADL_NOT_ALLOWED)
    case.cross = case.target.flags & positions.FLAG_CROSS != 0
    if case.cross:
        case.market, case.target = self._detached(case.market, case.target, _target)
    worth: int256 = position_math._worth(case.target, case.market.mark)
    if worth >= 0:
        reasons._revert(reasons.NOT_BANKRUPT)
    deficit: uint256 = position_math._abs(worth)
    drawable: uint256 = 0
    if case.market.insurance != 0:
        drawable = self._drawable(case.market)
        if drawable >= deficit:
            reasons._revert(reasons.INSURANCE_PAYS)
    if (
        _policy & policy_word.FLAG_ADL_PREVIOUS_MARK != 0
        and positions.made_good[positions._key(_market, _target)] != block.timestamp
    ):
        case.terms = deleveraging_math._at_price(case.target, markets._previous_mark(case.market))
    if case.terms.size == 0:
        if drawable != 0:
            case.market = waterfall._draw(case.market, deficit)
            case.target.balance = unsafe_add(case.target.balance, convert(drawable, int256))
            case.from_insurance = drawable
        case.terms = deleveraging_math._at_bankruptcy(case.target)
    return case


@internal
def _detached(
    _market: markets.Market, _leg: position_math.Position, _account: address
) -> (markets.Market, position_math.Position):
    """
    @notice The leg of a cross account with its share of what a bankrupt account still has.
    """
    all: portfolio.Portfolio = portfolio._with(portfolio._of(_account, _market.id, True), _market, _leg)
    if all.full_equity >= 0:
        reasons._revert(reasons.NOT_BANKRUPT)
    market: markets.Market = empty(markets.Market)
    leg: position_math.Position = empty(position_math.Position)
    rest: position_math.Position = empty(position_math.Position)
    market, leg, rest = portfolio._detach(_market, _account, all, _leg, position_math._abs(_leg.size))
    return market, leg


@internal
@view
def _drawable(_market: markets.Market) -> uint256:
    """
    @notice What the insurance fund may pay now.
    """
    draw_bps: uint256 = market_words._insurance_draw_bps(markets.limits_words[_market.id])
    if draw_bps == 10_000:
        return _market.insurance
    return waterfall_math._drawable(
        _market.insurance, waterfall._draw_level(_market.id, _market.insurance, draw_bps), draw_bps
    )


# ---- the counterparties


@internal
def _prepared(_case: Case) -> Run:
    """
    @notice The start of the loop.
    """
    run: Run = empty(Run)
    run.call = unsafe_add(self.calls, 1)
    self.calls = run.call
    run.market = _case.market.id
    run.mark = _case.market.mark
    run.long = not (_case.target.size >= 0)
    run.index = markets._carry_index(
        _case.market.long_loss,
        _case.market.short_loss,
        _case.market.funding,
        _case.market.borrow,
        unsafe_sub(0, _case.target.size),
    )
    run.size = _case.terms.size
    run.notional = _case.terms.notional
    if not run.long:
        run.up = unsafe_sub(run.size, 1)
    if _case.terms.feasible:
        run.limit = run.size
    run.lowest = max_value(uint256)
    return run


@internal
def _close(_run: Run, _account: address, _words: uint256[2], _balance: int256) -> Run:
    """
    @notice The same of (part of) a position that is cross, or larger than what is left of the target.
    @param _words its record
    @param _balance settled
    """
    run: Run = _run
    old: position_math.Position = position_math.Position(
        size=convert(convert(_words[0], bytes32), int256) >> 128,
        balance=_balance,
        notional=_words[1] >> 136,
        carry=run.index,
        flags=_words[1] >> 128 & 255,
    )
    size: uint256 = min(position_math._abs(old.size), unsafe_sub(run.limit, run.filled))
    filled: uint256 = unsafe_add(run.filled, size)
    paid: uint256 = deleveraging_math._share(run.notional, filled, run.size, not run.long)
    closed: int256 = convert(size, int256)
    if not run.long:
        closed = unsafe_sub(0, closed)
    new: position_math.Position = position_math._combined(
        position_math.Position(
            size=unsafe_sub(0, closed),
            balance=0,
            notional=unsafe_sub(paid, run.paid),
            carry=run.index,
            flags=0,
        ),
        old,
    )
    if old.flags & positions.FLAG_CROSS != 0:
        stands: bool = False
        run, new.balance, stands = self._covered(run, _account, new)
        if not stands:
            return run
    if new.size == 0:
        due: uint256 = convert(new.balance, uint256)
        positions.records[positions._key(run.market, _account)][0] = due
        run.closed = unsafe_add(run.closed, 1)
        run.due = unsafe_add(run.due, due)
    else:
        positions._store(run.market, _account, new)
    log IDeleveraging.Deleveraged(
        account=_account,
        market=run.market,
        size=closed,
        notional=unsafe_sub(paid, run.paid),
        new_size=new.size,
        new_balance=new.balance,
    )
    run.filled = filled
    run.paid = paid
    return run


@internal
def _covered(_run: Run, _account: address, _leg: position_math.Position) -> (Run, int256, bool):
    """
    @notice A leg of a cross account as it would be: its balance, after free collateral has paid what it lacks as far as there is any; and
            whether the account would not be bankrupt then. Else nothing has moved.
    """
    run: Run = _run
    free: uint256 = accounts._free(_account)
    others: int256 = convert(free, int256)
    legs: uint256 = accounts._legs(_account) & ~(1 << run.market)
    if legs != 0:
        count: uint256 = deleveraging_math._ones(legs)
        if unsafe_add(run.legs, count) > MAX_OTHER_LEGS:
            run.legs = MAX_OTHER_LEGS
            return run, 0, False
        before: uint256 = msg.gas
        others = portfolio._of(_account, run.market, False).full_equity
        run.legs = unsafe_add(run.legs, max(count, unsafe_div(unsafe_sub(before, msg.gas), GAS_OF_A_LEG)))
    worth: int256 = position_math._worth(_leg, run.mark)
    if unsafe_add(others, worth) < 0:
        return run, 0, False
    if worth >= 0:
        return run, _leg.balance, True
    paid: uint256 = min(position_math._abs(worth), free)
    accounts._take(_account, paid)
    run.collected = unsafe_add(run.collected, paid)
    return run, unsafe_add(_leg.balance, convert(paid, int256)), True


# ---- what is left


@internal
def _finish(_case: Case, _run: Run, _target: address) -> uint256:
    """
    @notice Writes the totals, then lets the waterfall absorb what the rest of the target lacks, by indices that those who were closed do not
            see any more.
    @dev Reverts "ADL list incomplete".
    """
    market: markets.Market = _case.market
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._sides(market.id)
    if _run.long:
        short = long
    if not deleveraging_math._is_complete(_run.listed, short):
        reasons._revert(reasons.ADL_LIST_INCOMPLETE)
    rest: position_math.Position = _case.target
    closed: int256 = convert(_run.filled, int256)
    if not _run.long:
        closed = unsafe_sub(0, closed)
    if _run.filled != 0:
        rest = position_math._combined(
            position_math.Position(size=closed, balance=0, notional=_run.paid, carry=0, flags=0), rest
        )
        market = self._written(positions._changed(market, _case.target.size, rest.size), _run)
    surplus: uint256 = 0
    if rest.size == 0:
        # the event below says that nothing is left
        positions._clear(market.id, _target)
        surplus = convert(rest.balance, uint256)
        if surplus != 0:
            market = payouts._pay(market, _target, surplus)
    else:
        worth: int256 = position_math._worth(rest, market.mark)
        if not (worth >= 0):
            rest.balance = unsafe_sub(rest.balance, worth)
            market = waterfall._absorb(market, rest.size, convert(unsafe_sub(0, worth), uint256), 0)
            if market.risk & market_words.FLAG_PREVIOUS_MARK != 0:
                positions.made_good[positions._key(market.id, _target)] = block.timestamp
        positions._write(market, _target, rest)
    if _case.cross:
        accounts._set_leg(_target, market.id, rest.size != 0)
    markets._close(market)
    log IDeleveraging.AutoDeleveraging(
        market=market.id,
        target=_target,
        size=unsafe_sub(0, closed),
        left=rest.size,
        notional=_run.paid,
        mark_price=market.mark,
        from_insurance=_case.from_insurance,
        insurance_fund=market.insurance,
        surplus=surplus,
    )
    return _run.filled


@internal
def _written(_market: markets.Market, _run: Run) -> markets.Market:
    """
    @notice The market without what was closed on either side, its totals written; and what is due to those who left is counted.
    """
    market: markets.Market = _market
    closed: int256 = convert(_run.filled, int256)
    if _run.long:
        market.long_change = unsafe_sub(market.long_change, closed)
        market.holders_long = unsafe_sub(market.holders_long, _run.closed)
    else:
        market.short_change = unsafe_sub(market.short_change, closed)
        market.holders_short = unsafe_sub(market.holders_short, _run.closed)
    long: uint256 = 0
    short: uint256 = 0
    long, short = markets._sides_after(market)
    markets.totals[market.id] = long << 128 | short
    market.long_change = 0
    market.short_change = 0
    market.pot = unsafe_add(market.pot, _run.collected)
    if _run.due != 0:
        markets.dues[market.id] = unsafe_add(markets.dues[market.id], _run.due)
    return market
