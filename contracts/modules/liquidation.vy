# pragma version 0.4.3
# pragma nonreentrancy on
"""
@title  Liquidation
@notice The engine's two primitives: take a failing position over, or close it against the venue. Each accrues, checks the stage,
        acts and absorbs in one call, by the policy word it is handed. Here for isolated positions; what touches a cross account goes on
        in the cross part. docs/spec.md sections 9 and 10.
@dev    The clearinghouse decides what is liquidatable and what it costs; an engine can only choose among that.
"""

from interfaces import IClearinghouse

from contracts.lib import margin_math
from contracts.lib import policy_word
from contracts.lib import position_math
from contracts.lib import reasons
from contracts.modules import accounts
from contracts.modules import liquidation_steps
from contracts.modules import markets
from contracts.modules import parts
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: liquidation_steps
uses: markets
uses: parts
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
    _refusal: uint256,
) -> uint256:
    """
    @notice Moves (part of) a failing position with its margin to the liquidator, who must then meet the opening rule.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _margin WAD from the liquidator's free collateral; with FLAG_AUTO_MARGIN in the policy at most that, and no more than the
                opening rule asks for
    @param _refusal why the policy does not let this happen now to a target that is not bankrupt, see lib/reasons; 0 if it does
    @return margin WAD that the liquidator put in
    @dev Reverts: docs/errors.md, "In which order".
    """
    # read once and written once: nothing in between changes it
    account: uint256 = accounts.accounts[_liquidator]
    self._check_caller(account, _liquidator, _target, _policy)
    market: markets.Market = markets._open(_market)
    long_index: int256 = unsafe_add(convert(convert(unsafe_add(market.long_loss, market.borrow), bytes32), int256), market.funding)
    short_index: int256 = unsafe_sub(convert(convert(unsafe_add(market.short_loss, market.borrow), bytes32), int256), market.funding)
    target: position_math.Position = positions._load_at(_market, _target, long_index, short_index)
    if target.flags & positions.FLAG_CROSS != 0 or (
        account >> accounts.MODES_AT != 0 and accounts._is_cross(_liquidator, _market)
    ):
        return convert(raw_call(parts.CROSS_LIQUIDATION, msg.data, max_outsize=32, is_delegate_call=True), uint256)

    # the part, worth at least nothing
    worth: int256 = self._check_stage(market, target, _policy, _refusal)
    policy: uint256 = _policy
    part: position_math.Position = target
    rest: position_math.Position = empty(position_math.Position)
    if _size != max_value(uint256):
        part = position_math._part(
            target, liquidation_steps._slice(market, position_math._abs(target.size), _size, _policy)
        )
        rest = position_math._without(target, part)
        if worth >= 0:
            policy = policy_word._without_adl(policy)
        worth = position_math._worth(part, market.mark)
    deficit: uint256 = 0
    if not (worth >= 0):
        deficit = convert(convert(unsafe_sub(0, worth), bytes32), uint256)
        market = waterfall._absorb(market, part.size, deficit, policy)
        part.balance = unsafe_sub(part.balance, worth)
        # the other side's index has moved: a liquidator there pays its share before anything of it is combined
        if part.size > 0:
            short_index = unsafe_sub(convert(convert(unsafe_add(market.short_loss, market.borrow), bytes32), int256), market.funding)
        else:
            long_index = unsafe_add(convert(convert(unsafe_add(market.long_loss, market.borrow), bytes32), int256), market.funding)
    if rest.size == 0:
        # the event below says that nothing is left
        positions._clear(_market, _target)
    else:
        positions._store(_market, _target, rest)

    # the liquidator's position with it
    old: position_math.Position = positions._load_at(_market, _liquidator, long_index, short_index)
    margin: uint256 = _margin
    part.balance = unsafe_add(part.balance, convert(convert(margin, bytes32), int256))
    new: position_math.Position = part
    if old.size == 0 or (old.size < 0) == (part.size < 0):
        # as position_math._combined would; the totals stay, and of the holders one may come and one may go
        new.size = unsafe_add(part.size, old.size)
        new.balance = unsafe_add(part.balance, old.balance)
        new.notional = unsafe_add(part.notional, old.notional)
        new.flags = old.flags
        more: uint256 = unsafe_sub(convert(old.size == 0, uint256), convert(rest.size == 0, uint256))
        if part.size > 0:
            market.holders_long = unsafe_add(market.holders_long, more)
        else:
            market.holders_short = unsafe_add(market.holders_short, more)
    else:
        new = position_math._combined(part, old)
        # a price that just jumped lets nobody out ahead of the loss, by this way neither
        if market.jumped and position_math._abs(new.size) < position_math._abs(old.size):
            reasons._revert(reasons.PRICE_JUST_JUMPED)
        new.carry = long_index if new.size > 0 else short_index
        market = positions._changed(market, target.size, rest.size)
        market = positions._changed(market, old.size, new.size)

    if new.size == 0:
        positions._clear(_market, _liquidator)
        if _policy & policy_word.FLAG_AUTO_MARGIN != 0:
            # what would come straight back is not asked for
            margin = unsafe_sub(margin, min(margin, convert(max(new.balance, 0), uint256)))
            new.balance = unsafe_sub(new.balance, convert(unsafe_sub(_margin, margin), int256))
        market = payouts._move(market, _liquidator, payouts._ending(new.balance, convert(margin, int256)))
        account = accounts.accounts[_liquidator]
        new = empty(position_math.Position)
    else:
        if max(new.size, unsafe_sub(0, new.size)) > convert(markets.MAX_TAKEN_SIZE, int256):
            reasons._revert(reasons.SIZE_TOO_LARGE)
        excess: int256 = position_math._opening_excess(new, market.mark, market.risk, market.extras)
        if _policy & policy_word.FLAG_AUTO_MARGIN != 0:
            spared: uint256 = min(margin, convert(max(excess, 0), uint256))
            new.balance = unsafe_sub(new.balance, convert(spared, int256))
            margin = unsafe_sub(margin, spared)
        if not (excess >= 0):
            reasons._revert(reasons.BELOW_INITIAL_MARGIN)
        positions._put(_market, _liquidator, new)
        # parts._spend, by the word read above
        if account & accounts.FREE_MASK < margin:
            reasons._revert(reasons.INSUFFICIENT_COLLATERAL)
        account = unsafe_sub(account, margin)
        accounts.accounts[_liquidator] = account
        if account >> accounts.LEGS_AT != 0:
            # who spends nothing leaves what its cross positions need
            if margin != 0:
                parts._check_free(_liquidator)
        market.pot = unsafe_add(market.pot, margin)
    markets._close(market)
    log IClearinghouse.Takeover(
        market=_market,
        liquidator=_liquidator,
        target=_target,
        size=part.size,
        left=rest.size,
        margin=margin,
        mark_price=market.mark,
        deficit=deficit,
        new_size=new.size,
        new_balance=new.balance,
        new_entry_notional=new.notional,
        new_entry_carry=new.carry,
        free_collateral=account & accounts.FREE_MASK,
    )
    return margin


@external
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
    @notice Closes (part of) a failing position against the venue; what remains goes where the policy says. Of a large position that
            is not bankrupt exactly a chunk.
    @param _size unsigned WAD; max_value(uint256) is all
    @param _limit_price WAD, worst average price for the target; 0 is none
    @param _refusal as above
    @return chunked whether it was a chunk: then the rest waits for the cooldown
    @dev Reverts: docs/errors.md, "In which order".
    """
    self._check_caller(accounts.accounts[_keeper], _keeper, _target, _policy)
    market: markets.Market = markets._open(_market)
    target: position_math.Position = positions._load_settled(market, _target)
    if target.flags & positions.FLAG_CROSS != 0:
        return convert(raw_call(parts.CROSS_LIQUIDATION, msg.data, max_outsize=32, is_delegate_call=True), bool)
    chunk: uint256 = 0
    policy: uint256 = _policy
    if self._check_stage(market, target, _policy, _refusal) >= 0:
        chunk = liquidation_steps._chunk(market, target.size, _policy)
        policy = policy_word._without_adl(policy)
    size: uint256 = chunk
    if size == 0:
        size = liquidation_steps._slice(market, position_math._abs(target.size), _size, _policy)
    part: position_math.Position = position_math._part(target, size)
    rest: position_math.Position = position_math._without(target, part)
    residue: int256 = 0
    market, residue = liquidation_steps._close_part(
        market, _keeper, _target, part, rest.size, _limit_price, policy
    )
    if rest.size == 0:
        # the event says that nothing is left
        positions._clear(_market, _target)
        if residue != 0:
            market = payouts._pay(market, _target, convert(residue, uint256))
    else:
        # settled still: a deficit of its own part moves the index of the other side only
        rest.balance = unsafe_add(rest.balance, residue)
        positions._store(_market, _target, rest)
    market = positions._changed(market, target.size, rest.size)
    markets._close(market)
    return chunk != 0


@internal
@view
def _check_caller(_word: uint256, _liquidator: address, _target: address, _policy: uint256):
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    if _liquidator == _target or (
        _word >> 128 & accounts.OPERATOR_MASK != 0
        # nobody makes the backstop vault its operator to be spared by it
        and _policy & policy_word.FLAG_AUTO_MARGIN == 0
        and accounts.operators[_target][_liquidator]
    ):
        reasons._revert(reasons.SELF_LIQUIDATION)


@internal
@pure
def _check_stage(
    _market: markets.Market, _target: position_math.Position, _policy: uint256, _refusal: uint256
) -> int256:
    """
    @notice The target fails its margin, and the engine refuses nothing.
    @return its equity
    """
    if _target.size == 0:
        reasons._revert(reasons.NO_POSITION)
    equity: int256 = 0
    notional: uint256 = 0
    equity, notional = position_math._appraised(_target.size, _target.notional, _market.mark)
    equity = unsafe_add(equity, _target.balance)
    # nobody may refuse a bankrupt target
    if equity >= 0:
        margin: uint256 = margin_math._maintenance(notional, _market.risk, _market.extras)
        # position_math._is_below, by the trigger of lib/policy_word
        if unsafe_mul(convert(equity, uint256), 10_000) >= unsafe_mul(margin, _policy >> 16 & 65_535):
            reasons._revert(reasons.NOT_LIQUIDATABLE)
        if _refusal != 0:
            reasons._revert(_refusal)
    return equity
