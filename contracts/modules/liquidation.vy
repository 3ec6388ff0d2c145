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
from contracts.modules import closing
from contracts.modules import liquidation_steps
from contracts.modules import markets
from contracts.modules import parts
from contracts.modules import payouts
from contracts.modules import positions
from contracts.modules import waterfall

uses: accounts
uses: closing
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
    """
    self._check_caller(_liquidator, _target)
    market: markets.Market = markets._open(_market)
    target: position_math.Position = positions._load_settled(market, _target)
    if target.flags & positions.FLAG_CROSS != 0 or accounts._is_cross(_liquidator, _market):
        return convert(raw_call(parts.CROSS_LIQUIDATION, msg.data, max_outsize=32, is_delegate_call=True), uint256)
    worth: int256 = self._check_stage(market, target, _policy, _refusal)
    part: position_math.Position = target
    rest: position_math.Position = empty(position_math.Position)
    if _size != max_value(uint256):
        part = position_math._part(
            target, liquidation_steps._slice(market, position_math._abs(target.size), _size, _policy)
        )
        rest = position_math._without(target, part)
        worth = position_math._worth(part, market.mark)
    deficit: int256 = 0
    if not (worth >= 0):
        deficit = unsafe_sub(0, worth)
        market = waterfall._absorb(market, part.size, deficit, _policy)
        part.balance = unsafe_add(part.balance, deficit)
    # the index has moved: a liquidator on the other side pays its share before anything of it is combined
    old: position_math.Position = positions._load_settled(market, _liquidator)
    margin: int256 = convert(_margin, int256)
    part.balance = unsafe_add(part.balance, margin)
    new: position_math.Position = position_math._combined(part, old)
    # a price that just jumped lets nobody out ahead of the loss, by this way neither
    if market.jumped and position_math._abs(new.size) < position_math._abs(old.size):
        reasons._revert(reasons.PRICE_JUST_JUMPED)
    if new.size != 0:
        if position_math._abs(new.size) > markets.MAX_TAKEN_SIZE:
            reasons._revert(reasons.SIZE_TOO_LARGE)
        excess: int256 = position_math._opening_excess(new, market.mark, market.risk, market.extras)
        if _policy & policy_word.FLAG_AUTO_MARGIN != 0:
            spared: int256 = min(margin, max(excess, 0))
            new.balance = unsafe_sub(new.balance, spared)
            margin = unsafe_sub(margin, spared)
        if not (excess >= 0):
            reasons._revert(reasons.BELOW_INITIAL_MARGIN)
    if rest.size == 0:
        # the event below says that nothing is left
        positions._clear(_market, _target)
    else:
        positions._write(market, _target, rest)
    positions._write(market, _liquidator, new)
    # Signed sizes add up to what they were: what the longs lose the shorts lose.
    change: int256 = unsafe_sub(
        unsafe_add(max(rest.size, 0), max(new.size, 0)), unsafe_add(max(target.size, 0), max(old.size, 0))
    )
    market.long_change = change
    market.short_change = change
    market.holders_long = unsafe_sub(
        unsafe_add(
            market.holders_long, unsafe_add(convert(rest.size > 0, uint256), convert(new.size > 0, uint256))
        ),
        unsafe_add(convert(target.size > 0, uint256), convert(old.size > 0, uint256)),
    )
    market.holders_short = unsafe_sub(
        unsafe_add(
            market.holders_short, unsafe_add(convert(rest.size < 0, uint256), convert(new.size < 0, uint256))
        ),
        unsafe_add(convert(target.size < 0, uint256), convert(old.size < 0, uint256)),
    )
    closing._pay_in(market, _liquidator, new, margin)
    log IClearinghouse.Takeover(
        market=_market,
        liquidator=_liquidator,
        target=_target,
        size=part.size,
        left=rest.size,
        margin=convert(margin, uint256),
        mark_price=market.mark,
        deficit=convert(deficit, uint256),
        free_collateral=accounts._free(_liquidator),
    )
    return convert(margin, uint256)


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
    """
    self._check_caller(_keeper, _target)
    market: markets.Market = markets._open(_market)
    target: position_math.Position = positions._load_settled(market, _target)
    if target.flags & positions.FLAG_CROSS != 0:
        return convert(raw_call(parts.CROSS_LIQUIDATION, msg.data, max_outsize=32, is_delegate_call=True), bool)
    chunk: uint256 = 0
    if self._check_stage(market, target, _policy, _refusal) >= 0:
        chunk = liquidation_steps._chunk(market, target.size, _policy)
    size: uint256 = chunk
    if size == 0:
        size = liquidation_steps._slice(market, position_math._abs(target.size), _size, _policy)
    part: position_math.Position = position_math._part(target, size)
    rest: position_math.Position = position_math._without(target, part)
    residue: int256 = 0
    market, residue = liquidation_steps._close_part(
        market, _keeper, _target, part, rest.size, _limit_price, _policy
    )
    if rest.size != 0:
        rest.balance = unsafe_add(rest.balance, residue)
    elif residue != 0:
        market = payouts._pay(market, _target, convert(residue, uint256))
    if rest.size == 0:
        positions._clear(_market, _target)
    else:
        positions._write(market, _target, rest)
    markets._close(positions._changed(market, target.size, rest.size))
    return chunk != 0


@internal
@view
def _check_caller(_liquidator: address, _target: address):
    if msg.sender != ENGINE:
        reasons._revert(reasons.NOT_ENGINE)
    if accounts._same_person(_liquidator, _target):
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
    equity: int256 = position_math._worth(_target, _market.mark)
    liquidation_steps._check_failing(
        equity,
        margin_math._maintenance(
            position_math._notional(_target.size, _market.mark), _market.risk, _market.extras
        ),
        _policy,
        _refusal,
        equity < 0,
    )
    return equity
