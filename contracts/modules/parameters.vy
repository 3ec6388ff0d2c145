# pragma version 0.4.3
"""
@title  Parameters
@notice Bounds of every parameter, and the way from the parameters people set to the words contracts store and back. Pure.
"""

# The structs of the parameters.
from interfaces import IConfig
# The words of the clearinghouse.
from contracts.lib import market_words
# The word of the liquidation engine.
from contracts.lib import policy_word

BPS: constant(uint256) = 10_000
# 10 %: more than that is no fee.
MAX_FEE_BPS: constant(uint256) = 1_000
# What a penalty coefficient's 24 bits hold: 1677.7215.
MAX_PENALTY: constant(uint256) = (2**24 - 1) * 10**14
PENALTY_UNIT: constant(uint256) = 10**14
MAX_ORACLE_AGE: constant(uint256) = 1_000_000
MIN_FUNDING_PERIOD: constant(uint256) = 3_600
MAX_FUNDING_PERIOD: constant(uint256) = 2_592_000
# Smallest positions that a market whose losses go to auto-deleveraging may hold on a side.
MOST_SMALLEST_POSITIONS: constant(uint256) = 10 * policy_word.MAX_DELEVERAGED
# The largest notional the arithmetic is made for.
MAX_NOTIONAL: constant(uint256) = 10**12 * 10**18
MAX_TIP: constant(uint256) = 10**6 * 10**18
# Five times MM: beyond that a margin call says nothing.
MAX_MARGIN_CALL_BPS: constant(uint256) = 50_000
# 500 % a year.
MAX_BORROW_RATE: constant(uint256) = 50_000
MAX_SETTLEMENT_DELAY: constant(uint256) = 10_000_000
MAX_COOLDOWN: constant(uint256) = 86_400
MAX_LAST_RESORT: constant(uint256) = 2_592_000
# Longer would leave the insurance fund with what liquidation should have caught.
MAX_GRACE: constant(uint256) = 86_400


@internal
@view
def _check_market(_p: IConfig.MarketParams):
    """
    @notice Refuses what is out of bounds, one reason for each parameter. Amounts are checked further when they are packed.
    """
    # A call to an address without code would revert without a reason, here and in every later call.
    assert _p.oracle.is_contract, "oracle is no contract"
    assert _p.venue.is_contract, "venue is no contract"
    assert _p.imr_bps <= BPS, "bad imr"
    assert _p.mmr_bps != 0 and _p.mmr_bps < _p.imr_bps, "bad mmr"
    assert _p.trading_fee_bps <= MAX_FEE_BPS, "bad trading fee"
    assert _p.protocol_fee_bps <= MAX_FEE_BPS, "bad protocol fee"
    for coefficient: uint256 in _p.penalty:
        assert coefficient <= MAX_PENALTY and coefficient % PENALTY_UNIT == 0, "bad penalty"
    assert _p.max_deviation_bps <= BPS, "bad max deviation"
    assert _p.max_open_interest == 0 or _p.max_open_interest >= _p.min_notional, "bad max open interest"
    assert _p.funding_cap_bps <= BPS, "bad funding cap"
    assert (
        _p.funding_period_seconds >= MIN_FUNDING_PERIOD and _p.funding_period_seconds <= MAX_FUNDING_PERIOD
    ), "bad funding period"
    assert _p.min_notional <= MAX_NOTIONAL, "bad min notional"
    assert _p.oracle_max_age != 0 and _p.oracle_max_age <= MAX_ORACLE_AGE, "bad oracle max age"
    assert _p.tip <= MAX_TIP, "bad tip"
    assert _p.insurance_draw_bps <= BPS, "bad insurance draw"
    assert _p.force_close_band_bps <= BPS, "bad force close band"
    assert _p.borrow_rate_bps <= MAX_BORROW_RATE, "bad borrow rate"
    assert _p.borrow_share_bps <= BPS, "bad borrow share"
    assert _p.settlement_delay <= MAX_SETTLEMENT_DELAY, "bad settlement delay"
    assert _p.shown_trigger_bps <= BPS, "bad shown trigger"
    self._check_tiers(_p)


@internal
@pure
def _check_deleveraging(
    _loss_adl: bool,
    _at_previous_mark: bool,
    _keeps_previous_mark: bool,
    _max_open_interest: uint256,
    _min_notional: uint256,
):
    """
    @notice What a policy's deleveraging asks of the market. Its price must be kept. Where losses go to auto-deleveraging open interest is
            capped at ten times as many smallest positions as one call can pass: a side with more holders than that is socialised, and dust
            shall not buy it.
    """
    assert not _at_previous_mark or _keeps_previous_mark, "ADL without previous mark"
    if _loss_adl:
        assert (
            _max_open_interest != 0 and _max_open_interest <= MOST_SMALLEST_POSITIONS * _min_notional
        ), "cap too high for ADL"


@internal
@pure
def _check_tiers(_p: IConfig.MarketParams):
    """
    @notice Tiers come without a gap, with rising bounds and ratios: margins are continuous and convex in the notional.
    """
    bound: uint256 = 0
    imr: uint256 = _p.imr_bps
    mmr: uint256 = _p.mmr_bps
    ended: bool = False
    for tier: IConfig.Tier in _p.tiers:
        if tier.lower_notional == 0:
            assert tier.imr_bps == 0 and tier.mmr_bps == 0, "bad tier"
            ended = True
            continue
        assert not ended and tier.lower_notional > bound and tier.lower_notional <= MAX_NOTIONAL, "bad tier"
        assert tier.imr_bps >= imr and tier.imr_bps <= BPS, "bad tier"
        assert tier.mmr_bps >= mmr and tier.mmr_bps < tier.imr_bps, "bad tier"
        bound = tier.lower_notional
        imr = tier.imr_bps
        mmr = tier.mmr_bps


@internal
@pure
def _pack_market(_p: IConfig.MarketParams) -> (uint256, uint256, uint256, uint256):
    """
    @notice The four words of checked parameters: risk, trading, limits, extras.
    """
    extras: uint256 = self._pack_extras(_p)
    flags: uint256 = 0
    if _p.entry_margin_rule:
        flags |= market_words.FLAG_ENTRY_MARGIN_RULE
    if _p.mark_median:
        flags |= market_words.FLAG_MARK_MEDIAN
    if _p.previous_mark:
        flags |= market_words.FLAG_PREVIOUS_MARK
    if _p.cross_margin:
        flags |= market_words.FLAG_CROSS_MARGIN
    if extras != 0:
        flags |= market_words.FLAG_EXTRAS
    deviation: uint256 = _p.max_deviation_bps
    if deviation == 0:
        deviation = _p.imr_bps
    draw: uint256 = _p.insurance_draw_bps
    if draw == 0:
        draw = BPS
    return (
        market_words._pack_risk(
            _p.oracle,
            _p.imr_bps,
            _p.mmr_bps,
            _p.oracle_max_age,
            _p.funding_cap_bps,
            _p.funding_period_seconds,
            flags,
        ),
        market_words._pack_trading(
            _p.venue,
            _p.trading_fee_bps,
            _p.protocol_fee_bps,
            deviation,
            market_words._pack_amount(_p.min_notional),
            market_words._pack_amount(_p.max_open_interest),
        ),
        market_words._pack_limits(
            _p.penalty[0] // PENALTY_UNIT,
            _p.penalty[1] // PENALTY_UNIT,
            _p.penalty[2] // PENALTY_UNIT,
            _p.penalty[3] // PENALTY_UNIT,
            market_words._pack_amount(_p.tip),
            draw,
            _p.force_close_band_bps,
        ),
        extras,
    )


@internal
@pure
def _pack_extras(_p: IConfig.MarketParams) -> uint256:
    tiers: uint256 = 0
    for i: uint256 in range(3):
        if _p.tiers[i].lower_notional != 0:
            tiers |= market_words._pack_tier(
                market_words._pack_amount(_p.tiers[i].lower_notional), _p.tiers[i].imr_bps, _p.tiers[i].mmr_bps
            ) << (i * market_words.TIER_BITS)
    return market_words._pack_extras(
        tiers, _p.borrow_rate_bps, _p.borrow_share_bps, _p.settlement_delay, _p.shown_trigger_bps
    )


@internal
@pure
def _unpack_market(
    _risk: uint256, _trading: uint256, _limits: uint256, _extras: uint256
) -> IConfig.MarketParams:
    tiers: IConfig.Tier[3] = empty(IConfig.Tier[3])
    for i: uint256 in range(3):
        tiers[i].lower_notional, tiers[i].imr_bps, tiers[i].mmr_bps = market_words._tier(_extras, i)
    return IConfig.MarketParams(
        oracle=market_words._oracle(_risk),
        venue=market_words._venue(_trading),
        imr_bps=market_words._imr_bps(_risk),
        mmr_bps=market_words._mmr_bps(_risk),
        trading_fee_bps=market_words._trading_fee_bps(_trading),
        protocol_fee_bps=market_words._protocol_fee_bps(_trading),
        penalty=[
            market_words._penalty(_limits, 3),
            market_words._penalty(_limits, 2),
            market_words._penalty(_limits, 1),
            market_words._penalty(_limits, 0),
        ],
        max_deviation_bps=market_words._max_deviation_bps(_trading),
        max_open_interest=market_words._max_open_interest(_trading),
        funding_cap_bps=market_words._funding_cap_bps(_risk),
        funding_period_seconds=market_words._funding_period(_risk),
        min_notional=market_words._min_notional(_trading),
        oracle_max_age=market_words._max_age(_risk),
        entry_margin_rule=_risk & market_words.FLAG_ENTRY_MARGIN_RULE != 0,
        tip=market_words._tip(_limits),
        insurance_draw_bps=market_words._insurance_draw_bps(_limits),
        force_close_band_bps=market_words._force_close_band_bps(_limits),
        mark_median=_risk & market_words.FLAG_MARK_MEDIAN != 0,
        previous_mark=_risk & market_words.FLAG_PREVIOUS_MARK != 0,
        cross_margin=_risk & market_words.FLAG_CROSS_MARGIN != 0,
        tiers=tiers,
        borrow_rate_bps=market_words._borrow_rate_bps(_extras),
        borrow_share_bps=market_words._borrow_share_bps(_extras),
        settlement_delay=market_words._settlement_delay(_extras),
        shown_trigger_bps=market_words._shown_trigger_bps(_extras),
    )


@internal
@pure
def _check_policy(_p: IConfig.PolicyParams):
    """
    @notice Refuses what is out of bounds, one reason for each parameter.
    """
    assert _p.trigger_bps != 0 and _p.trigger_bps <= BPS, "bad trigger"
    # The ladder of docs/spec.md section 9: bankrupt, backstop, liquidatable, margin call.
    assert _p.backstop_bps <= _p.trigger_bps, "bad backstop"
    assert (
        _p.margin_call_bps == 0
        or (_p.margin_call_bps >= _p.trigger_bps and _p.margin_call_bps <= MAX_MARGIN_CALL_BPS)
    ), "bad margin call"
    assert _p.min_slice_bps <= BPS, "bad min slice"
    assert _p.liquidation_fee_bps <= MAX_FEE_BPS, "bad liquidation fee"
    assert _p.reward_share_bps <= BPS, "bad reward share"
    assert _p.chunk_bps <= BPS, "bad chunk"
    assert _p.residue <= policy_word.RESIDUE_TREASURY, "bad residue"
    assert _p.cooldown_seconds <= MAX_COOLDOWN, "bad cooldown"
    assert _p.last_resort_seconds <= MAX_LAST_RESORT, "bad last resort"
    assert _p.grace_seconds <= MAX_GRACE, "bad grace"
    assert _p.large_notional <= MAX_NOTIONAL, "bad large notional"
    # When both sides went bankrupt in turn nobody is left to deleverage: somebody solvent must be able to come in.
    assert not _p.loss_adl or _p.takeover or _p.last_resort_seconds != 0, "ADL without takeover"


@internal
@pure
def _pack_policy(_p: IConfig.PolicyParams) -> uint256:
    """
    @notice The word of checked parameters.
    """
    flags: uint256 = 0
    if _p.takeover:
        flags |= policy_word.FLAG_TAKEOVER
    if _p.force_close:
        flags |= policy_word.FLAG_FORCE_CLOSE
    if _p.force_close_fees:
        flags |= policy_word.FLAG_FORCE_CLOSE_FEES
    if _p.loss_adl:
        flags |= policy_word.FLAG_LOSS_ADL
    if _p.adl_previous_mark:
        flags |= policy_word.FLAG_ADL_PREVIOUS_MARK
    if _p.at_liquidation_price:
        flags |= policy_word.FLAG_AT_LIQUIDATION_PRICE
    return policy_word._pack_ratios(
        flags,
        _p.trigger_bps,
        _p.backstop_bps,
        _p.margin_call_bps,
        _p.min_slice_bps,
        _p.liquidation_fee_bps,
        _p.reward_share_bps,
        _p.chunk_bps,
    ) | policy_word._pack_procedure(
        _p.residue,
        _p.cooldown_seconds,
        _p.last_resort_seconds,
        _p.grace_seconds,
        market_words._pack_amount(_p.large_notional),
    )


@internal
@pure
def _unpack_policy(_policy: uint256) -> IConfig.PolicyParams:
    return IConfig.PolicyParams(
        trigger_bps=policy_word._trigger_bps(_policy),
        backstop_bps=policy_word._backstop_bps(_policy),
        margin_call_bps=policy_word._margin_call_bps(_policy),
        takeover=policy_word._has(_policy, policy_word.FLAG_TAKEOVER),
        force_close=policy_word._has(_policy, policy_word.FLAG_FORCE_CLOSE),
        force_close_fees=policy_word._has(_policy, policy_word.FLAG_FORCE_CLOSE_FEES),
        loss_adl=policy_word._has(_policy, policy_word.FLAG_LOSS_ADL),
        adl_previous_mark=policy_word._has(_policy, policy_word.FLAG_ADL_PREVIOUS_MARK),
        at_liquidation_price=policy_word._has(_policy, policy_word.FLAG_AT_LIQUIDATION_PRICE),
        min_slice_bps=policy_word._min_slice_bps(_policy),
        liquidation_fee_bps=policy_word._liquidation_fee_bps(_policy),
        reward_share_bps=policy_word._reward_share_bps(_policy),
        chunk_bps=policy_word._chunk_bps(_policy),
        residue=policy_word._residue(_policy),
        cooldown_seconds=policy_word._cooldown_seconds(_policy),
        last_resort_seconds=policy_word._last_resort_seconds(_policy),
        grace_seconds=policy_word._grace_seconds(_policy),
        large_notional=market_words._amount(policy_word._large_notional_packed(_policy)),
    )
