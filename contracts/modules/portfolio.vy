# pragma version 0.4.3
"""
@title  Portfolio
@notice The cross positions of an account, together: what they are worth, what they need, and what can be moved between them. At
        most 16 legs, one loop. docs/spec.md section 12.
@dev    A market with a stale price counts at its last price without profit, so that a dead feed neither shields an account nor
        bankrupts it.
"""

from contracts.lib import margin_math
from contracts.lib import market_words
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import leg_reads
from contracts.modules import markets
from contracts.modules import payouts
from contracts.modules import positions

uses: accounts
uses: leg_reads
uses: markets
uses: payouts
uses: positions


# What an account has and needs. All WAD.
struct Portfolio:
    equity: int256  # free collateral and all legs; no profit where the price is stale
    full_equity: int256  # with that profit
    opening: int256  # free collateral, balances and losses: what backs new risk
    initial_margin: uint256
    maintenance_margin: uint256
    notional: uint256
    lacking: uint256  # sum of the negative legs
    collectable: uint256  # what pots can pay now of the positive legs, if asked for
    stale: bool  # a leg has no fresh price
    jumped: bool  # the price of a leg just jumped


# What moves with a part of a leg, WAD.
struct Plan:
    from_free: uint256  # free collateral to the part
    from_legs: uint256  # profits of other markets to the part
    from_rest: uint256  # profit of the rest of the leg to the part
    excess: uint256  # the part to the rest of the leg, or to free collateral


# Beyond what all pots of a token hold: keeps the products of the share below 2**256.
MAX_EQUITY: constant(int256) = 2**127
# What a part of a solvent account may lack by rounding alone: a wei for each leg.
ROUNDING: constant(int256) = -16
# What counts of a leg where it is multiplied by another amount, and of a claim.
MAX_LEG: constant(uint256) = 2**127


@internal
@view
def _of(_account: address, _except: uint256, _pots: bool) -> Portfolio:
    """
    @notice Free collateral and legs of an account, and what markets that settle owe it for legs.
    @param _except a market to leave out, its leg being added from memory; max_value(uint256) for none
    @param _pots whether to say what is collectable, which reads a slot more for each leg with a profit
    """
    word: uint256 = accounts.accounts[_account]
    free: int256 = convert(word & accounts.FREE_MASK, int256)
    all: Portfolio = empty(Portfolio)
    all.equity = free
    all.full_equity = free
    all.opening = free
    legs: uint256 = word >> accounts.LEGS_AT
    if _except < accounts.MAX_LEGS:
        # its bit out, if it is there
        legs &= ~(1 << _except)
    for i: uint256 in range(accounts.MAX_LEGS):
        if legs >> i == 0:
            break
        if legs >> i & 1 == 0:
            continue
        leg: position_math.Position = positions._load(i, _account)
        if leg.size == 0:
            if leg.balance == 0 and markets.risk_words[i] & market_words.FLAG_SETTLING == 0:
                continue
        mark: uint256 = 0
        index: int256 = 0
        risk: uint256 = 0
        extras: uint256 = 0
        stale: bool = False
        jumped: bool = False
        mark, index, risk, extras, stale, jumped = leg_reads._seen(i, leg.size)
        # as `_with`, in place: this is the inner loop of every account's health
        balance: int256 = unsafe_sub(leg.balance, position_math._carry_charge(leg.size, leg.carry, index))
        profit: int256 = 0
        notional: uint256 = 0
        profit, notional = position_math._appraised(leg.size, leg.notional, mark)
        worth: int256 = unsafe_add(balance, profit)
        # profit backs no new risk
        loss: int256 = worth
        if profit > 0:
            loss = balance
        all.opening = unsafe_add(all.opening, loss)
        if risk & market_words.FLAG_SETTLING != 0:
            # nor does what became of a leg, but until it is paid it backs the others
            worth = unsafe_add(
                worth, convert(min(payouts.debts[i << 160 | convert(_account, uint256)], MAX_LEG), int256)
            )
        all.full_equity = unsafe_add(all.full_equity, worth)
        if stale:
            worth = loss
            all.stale = True
        if jumped:
            all.jumped = True
        all.equity = unsafe_add(all.equity, worth)
        if not (worth >= 0):
            all.lacking = unsafe_add(all.lacking, position_math._abs(worth))
        elif _pots and not stale:
            money: uint256 = markets.money[i]
            all.collectable = unsafe_add(
                all.collectable,
                payouts._payable_of(money & 255, money >> 48 & markets.MASK_104, convert(worth, uint256)),
            )
        all.notional = unsafe_add(all.notional, notional)
        initial: uint256 = 0
        maintenance: uint256 = 0
        initial, maintenance = margin_math._both(notional, risk, extras)
        all.initial_margin = unsafe_add(all.initial_margin, initial)
        all.maintenance_margin = unsafe_add(all.maintenance_margin, maintenance)
    return all


@internal
@pure
def _with(_all: Portfolio, _market: markets.Market, _position: position_math.Position) -> Portfolio:
    """
    @notice Adds a settled leg of an open market.
    """
    all: Portfolio = _all
    profit: int256 = position_math._price_pnl(_position.size, _position.notional, _market.mark)
    worth: int256 = unsafe_add(_position.balance, profit)
    all.equity = unsafe_add(all.equity, worth)
    all.full_equity = unsafe_add(all.full_equity, worth)
    all.opening = unsafe_add(all.opening, unsafe_add(_position.balance, min(profit, 0)))
    if not (worth >= 0):
        all.lacking = unsafe_add(all.lacking, position_math._abs(worth))
    notional: uint256 = position_math._notional(_position.size, _market.mark)
    all.notional = unsafe_add(all.notional, notional)
    initial: uint256 = 0
    maintenance: uint256 = 0
    initial, maintenance = margin_math._both(notional, _market.risk, _market.extras)
    all.initial_margin = unsafe_add(all.initial_margin, initial)
    all.maintenance_margin = unsafe_add(all.maintenance_margin, maintenance)
    all.jumped = all.jumped or _market.jumped
    return all


@internal
@pure
def _check_calm(_all: Portfolio):
    """
    @notice Opening and withdrawing wait until every leg has a fresh price that did not just jump.
    """
    if _all.stale:
        reasons._revert(reasons.STALE_PRICE)
    if _all.jumped:
        reasons._revert(reasons.PRICE_JUST_JUMPED)


# ---- moving money


@internal
def _pay_in(
    _market: markets.Market, _account: address, _position: position_math.Position, _amount: uint256
) -> (markets.Market, position_math.Position, uint256):
    """
    @notice Moves free collateral of the account into a leg, as far as there is any.
    @return market, position, and what is still missing
    """
    paid: uint256 = min(_amount, accounts._free(_account))
    if paid == 0:
        return _market, _position, _amount
    accounts._take(_account, paid)
    market: markets.Market = _market
    position: position_math.Position = _position
    market.pot = unsafe_add(market.pot, paid)
    position.balance = unsafe_add(position.balance, convert(paid, int256))
    return market, position, unsafe_sub(_amount, paid)


@internal
def _cover(
    _market: markets.Market, _account: address, _position: position_math.Position
) -> (markets.Market, position_math.Position):
    """
    @notice A touched leg's loss is paid out of free collateral, as far as there is any.
    """
    worth: int256 = position_math._worth(_position, _market.mark)
    if worth >= 0:
        return _market, _position
    market: markets.Market = empty(markets.Market)
    position: position_math.Position = empty(position_math.Position)
    missing: uint256 = 0
    market, position, missing = self._pay_in(_market, _account, _position, position_math._abs(worth))
    return market, position


@internal
@view
def _pays(_market: uint256) -> bool:
    """
    @notice Whether a market can be opened: it has a fresh price and does not settle.
    """
    risk: uint256 = markets.risk_words[_market]
    return risk & market_words.FLAG_SETTLING == 0 and not markets._quote(risk)[3]


@internal
def _collect(_account: address, _except: uint256, _amount: uint256) -> uint256:
    """
    @notice Takes an amount out of the account's positive legs, in market order, as far as their pots pay.
    @return what was taken, in nobody's pot yet
    """
    missing: uint256 = _amount
    legs: uint256 = accounts._legs(_account)
    for i: uint256 in range(accounts.MAX_LEGS):
        if missing == 0 or legs >> i == 0:
            break
        if legs >> i & 1 == 0 or i == _except:
            continue
        if not self._pays(i):
            continue
        market: markets.Market = markets._open(i)
        # asked first: what is loaded here must be written, its due is no longer counted
        if payouts._payable(market, 1) == 0:
            continue
        position: position_math.Position = positions._load_settled(market, _account)
        worth: int256 = position_math._worth(position, market.mark)
        if worth <= 0:
            continue
        taken: uint256 = min(missing, payouts._payable(market, convert(worth, uint256)))
        missing = unsafe_sub(missing, taken)
        position.balance = unsafe_sub(position.balance, convert(taken, int256))
        market.pot = unsafe_sub(market.pot, taken)
        if position.size == 0:
            positions._store_flat(i, _account, convert(position.balance, uint256))
        else:
            positions._store(i, _account, position)
        markets._close(market)
    return unsafe_sub(_amount, missing)


@internal
def _fund(
    _market: markets.Market, _account: address, _position: position_math.Position, _amount: uint256
) -> (markets.Market, position_math.Position, uint256):
    """
    @notice Moves an amount into (part of) a leg: out of free collateral, then out of the account's positive legs in other markets.
    @return market, position, and what nobody could pay
    """
    market: markets.Market = empty(markets.Market)
    position: position_math.Position = empty(position_math.Position)
    missing: uint256 = 0
    market, position, missing = self._pay_in(_market, _account, _position, _amount)
    if missing != 0:
        taken: uint256 = self._collect(_account, market.id, missing)
        market.pot = unsafe_add(market.pot, taken)
        position.balance = unsafe_add(position.balance, convert(taken, int256))
        missing = unsafe_sub(missing, taken)
    return market, position, missing


# ---- the part of an account that a liquidation takes


@internal
@view
def _plan(
    _market: markets.Market,
    _account: address,
    _all: Portfolio,
    _target: position_math.Position,
    _part: position_math.Position,
) -> Plan:
    """
    @notice What has to move so that a part leaves with its share: of a solvent account the share of its maintenance margin in the account's
            equity; of a bankrupt one nothing above its own loss, which free collateral and collectable profits cover pro rata to all
            losses.
    @param _all the portfolio with the target's leg, and what is collectable of the others
    @dev A part of an account that is not bankrupt leaves no deficit: where only a profit stands between the two that cannot pay now, no
         waterfall runs before it can. Reverts "stale price" where its price is not known, else "pot is short": its market owes, has not
         enough in its pot, or settles.
    """
    plan: Plan = empty(Plan)
    rest: position_math.Position = position_math._without(_target, _part)
    worth: int256 = position_math._worth(_part, _market.mark)
    missing: uint256 = 0
    free: uint256 = accounts._free(_account)
    bankrupt: bool = not (_all.full_equity >= 0)
    if worth >= 0 or not bankrupt:
        due: int256 = self._share(_market, _all, _target, rest)
        if due < worth:
            plan.excess = convert(unsafe_sub(worth, due), uint256)
            return plan
        missing = convert(unsafe_sub(due, worth), uint256)
    else:
        # lacking is at least |worth|; a product below 2**255
        missing = unsafe_div(
            unsafe_mul(min(position_math._abs(worth), MAX_LEG), unsafe_add(free, _all.collectable)), _all.lacking
        )
    plan.from_free = min(missing, free)
    missing = unsafe_sub(missing, plan.from_free)
    plan.from_legs = min(missing, _all.collectable)
    missing = unsafe_sub(missing, plan.from_legs)
    # the other part of the same leg may have a profit of its own
    plan.from_rest = min(missing, convert(max(position_math._worth(rest, _market.mark), 0), uint256))
    if not bankrupt and unsafe_add(worth, self._moved(plan)) < ROUNDING:
        reasons._revert(reasons.POT_IS_SHORT if _all.equity == _all.full_equity else reasons.STALE_PRICE)
    return plan


@internal
@pure
def _moved(_plan_: Plan) -> int256:
    """
    @notice By how much a plan changes the part's balance.
    """
    return unsafe_sub(
        convert(unsafe_add(unsafe_add(_plan_.from_free, _plan_.from_legs), _plan_.from_rest), int256),
        convert(_plan_.excess, int256),
    )


@internal
def _detach(
    _market: markets.Market,
    _account: address,
    _all: Portfolio,
    _target: position_math.Position,
    _size: uint256,
) -> (markets.Market, position_math.Position, position_math.Position):
    """
    @notice Cuts a part out of a settled leg and moves what `_plan` says.
    @return market, part, rest
    """
    market: markets.Market = _market
    part: position_math.Position = position_math._part(_target, _size)
    rest: position_math.Position = position_math._without(_target, part)
    plan: Plan = self._plan(market, _account, _all, _target, part)
    part.balance = unsafe_add(part.balance, self._moved(plan))
    if plan.from_free != 0:
        accounts._take(_account, plan.from_free)
    if plan.from_legs != 0:
        self._collect(_account, market.id, plan.from_legs)
    market.pot = unsafe_add(market.pot, unsafe_add(plan.from_free, plan.from_legs))
    rest.balance = unsafe_sub(rest.balance, convert(plan.from_rest, int256))
    if plan.excess != 0:
        if rest.size != 0:
            rest.balance = unsafe_add(rest.balance, convert(plan.excess, int256))
        else:
            market = payouts._pay(market, _account, plan.excess)
    return market, part, rest


@internal
@pure
def _share(
    _market: markets.Market, _all: Portfolio, _target: position_math.Position, _rest: position_math.Position
) -> int256:
    """
    @notice What a part takes along of the account's equity, rounded down; nothing of a bankrupt account.
    """
    equity: int256 = min(_all.equity, MAX_EQUITY)
    # without maintenance margin there is nothing to share
    if equity <= 0 or _all.maintenance_margin == 0:
        return 0
    before: uint256 = margin_math._maintenance(
        position_math._notional(_target.size, _market.mark), _market.risk, _market.extras
    )
    after: uint256 = margin_math._maintenance(
        position_math._notional(_rest.size, _market.mark), _market.risk, _market.extras
    )
    return unsafe_div(
        unsafe_mul(equity, convert(min(unsafe_sub(before, after), MAX_LEG), int256)),
        convert(_all.maintenance_margin, int256),
    )
