"""What a keeper does with positions on the border of health, of profit, of capital and of the venue's reach."""

import pytest

from nacre.keeper.decide import Kind, decide, takeover_margin, trade_fees, within_band
from nacre.keeper.view import Holding, Limits, Market, Quote, Rules, Wallet, liquidatable
from nacre.model.parameters import MarketParameters, Policy
from nacre.model.positions import Position
from nacre.units import RAY, WAD

FLAT = Position()


def rules(policy=None, **market):
    return Rules(MarketParameters(**market), Policy(**(policy or {})))


def venue(price, slope=0):
    """A venue whose average price moves against the taker by `slope` WAD a unit; fills at most a thousand units."""

    def quote(size):
        if abs(size) > 1_000 * WAD:
            return None
        average = price + slope * size // WAD
        return Quote(abs(size) * average // WAD, price, average)

    return quote


def wallet(free=1_000 * WAD, position=FLAT, **limits):
    return Wallet("keeper", free, position, Limits(**({"margin_buffer_bps": 0} | limits)))


def long(account, size=10, balance=100, entry=100):
    """Entered at 100 with IM 10 %: MM is missed below 94.7368."""
    return Holding(account, Position(size * WAD, balance * WAD, size * entry * WAD))


def short(account, size=10, balance=100, entry=100):
    return Holding(account, Position(-size * WAD, balance * WAD, size * entry * WAD))


def at(price, **state):
    return Market(price, 0, 0, **state)


# ---- who is liquidatable


def test_equity_at_maintenance_margin_is_safe_and_a_wei_less_is_not():
    # equity = 50 at mark 95 needs 47.5; take the balance down to it
    exact = Position(10 * WAD, 97 * WAD + WAD // 2, 1_000 * WAD)
    below = Position(10 * WAD, 97 * WAD + WAD // 2 - 1, 1_000 * WAD)
    assert not liquidatable(rules(), at(95 * WAD), exact)
    assert liquidatable(rules(), at(95 * WAD), below)


def test_the_trigger_is_a_share_of_maintenance_margin():
    tenth = rules({"trigger_bps": 1_000})
    position = Position(10 * WAD, 100 * WAD, 1_000 * WAD)
    assert not liquidatable(tenth, at(91 * WAD), position)  # equity 10, a tenth of MM is 4.55
    assert liquidatable(tenth, at(90 * WAD + WAD // 4), position)  # equity 2.5


def test_a_short_fails_when_the_price_rises():
    position = short("ann").position
    assert not liquidatable(rules(), at(104 * WAD), position)
    assert liquidatable(rules(), at(105 * WAD), position)


def test_carry_counts():
    position = Position(10 * WAD, 100 * WAD, 1_000 * WAD, entry_carry=0)
    assert not liquidatable(rules(), Market(96 * WAD, 0, 0), position)
    assert liquidatable(rules(), Market(96 * WAD, 2 * RAY, 0), position)  # 20 of social loss
    assert not liquidatable(rules(), Market(96 * WAD, 0, 2 * RAY), position)  # that is the other side's


def test_in_the_grace_period_only_the_bankrupt_are_liquidatable():
    position = long("ann").position
    assert liquidatable(rules(), at(92 * WAD), position)
    assert not liquidatable(rules(), at(92 * WAD, grace=True), position)
    assert liquidatable(rules(), at(89 * WAD, grace=True), position)


def test_an_empty_position_is_left_alone():
    assert not liquidatable(rules(), at(80 * WAD), FLAT)
    assert decide(rules(), at(80 * WAD), [Holding("ann", FLAT)], wallet(), venue(80 * WAD)).actions == []


def test_healthy_positions_are_no_refusals():
    decision = decide(rules(), at(99 * WAD), [long("ann"), short("bea")], wallet(), venue(99 * WAD))
    assert decision.actions == []
    assert decision.refusals == []


# ---- takeover


def test_a_takeover_earns_the_margin_that_is_left():
    decision = decide(rules(), at(92 * WAD), [long("ann")], wallet(), venue(92 * WAD))
    (action,) = decision.actions
    assert action.kind is Kind.TAKEOVER
    assert (action.size, action.whole) == (10 * WAD, True)
    assert action.expected_profit == 20 * WAD  # 100 - 80 of loss
    assert action.margin == 72 * WAD  # IM 92, of which 20 come along
    assert action.health.equity == 20 * WAD
    assert action.health.maintenance_margin == 46 * WAD


def test_fees_and_slippage_of_the_way_out_are_deducted():
    market = at(92 * WAD)
    ours = rules(trading_fee_bps=30, protocol_fee_bps=20)
    (action,) = decide(ours, market, [long("ann")], wallet(), venue(92 * WAD, slope=WAD // 10)).actions
    sold = 910 * WAD  # at 91 on average
    assert action.expected_profit == 20 * WAD - 10 * WAD - sold * 50 // 10_000


def test_a_venue_above_mark_counts_only_if_one_can_trade_now():
    holdings = [long("ann")]
    (now,) = decide(rules(), at(92 * WAD), holdings, wallet(), venue(95 * WAD)).actions
    (later,) = decide(rules(), at(92 * WAD, tradable=False), holdings, wallet(), venue(95 * WAD)).actions
    assert now.expected_profit == 50 * WAD
    assert later.expected_profit == 20 * WAD


def test_a_venue_against_the_keeper_counts_now_and_later():
    for tradable in (True, False):
        (action,) = decide(rules(), at(92 * WAD, tradable=tradable), [long("ann")], wallet(), venue(91 * WAD)).actions
        assert action.expected_profit == 10 * WAD


def test_the_floor_is_not_enough_one_wei_more_is():
    holdings, market = [long("ann")], at(92 * WAD)
    assert decide(rules(), market, holdings, wallet(profit_floor=20 * WAD - 1), venue(92 * WAD)).actions
    refused = decide(rules(), market, holdings, wallet(profit_floor=20 * WAD), venue(92 * WAD))
    assert refused.actions == []
    (refusal,) = refused.refusals
    assert refusal.reason == "profit below the floor"
    assert refusal.best_profit == 20 * WAD


def test_a_bankrupt_target_brings_nothing_but_the_venue():
    bankrupt = [long("ann")]
    assert decide(rules(), at(85 * WAD), bankrupt, wallet(), venue(85 * WAD)).actions == []
    (action,) = decide(rules(), at(85 * WAD), bankrupt, wallet(), venue(86 * WAD)).actions
    assert action.expected_profit == 10 * WAD
    assert action.margin == 85 * WAD  # all of IM: the waterfall lifts the part to zero, no higher


def test_where_takeover_is_not_in_the_policy_it_opens_for_the_bankrupt_and_the_overdue():
    none = rules({"takeover": False, "force_close": False})
    position = long("ann").position
    late = Holding("ann", position, overdue=True)
    assert decide(none, at(92 * WAD), [long("ann")], wallet(), venue(92 * WAD)).actions == []
    assert [a.kind for a in decide(none, at(92 * WAD), [late], wallet(), venue(92 * WAD)).actions] == [Kind.TAKEOVER]
    assert decide(none, at(85 * WAD), [long("ann")], wallet(), venue(86 * WAD)).actions
    (refusal,) = decide(none, at(92 * WAD), [long("ann")], wallet(), venue(92 * WAD)).refusals
    assert refusal.reason == "takeover not allowed; force close not allowed"
    assert refusal.best_profit is None


def test_margin_follows_from_both_positions_together():
    market = at(92 * WAD)
    part = long("ann").position
    hedged = wallet(position=Position(-10 * WAD, 100 * WAD, 920 * WAD))
    assert takeover_margin(rules(), market, part, hedged) == 0  # the two close each other and leave 120
    same_side = wallet(position=Position(10 * WAD, 92 * WAD, 920 * WAD))
    assert takeover_margin(rules(), market, part, same_side) == 72 * WAD


def test_the_buffer_comes_on_top():
    assert takeover_margin(rules(), at(92 * WAD), long("ann").position, wallet(margin_buffer_bps=500)) == (
        72 * WAD + 92 * WAD // 20
    )


def test_without_the_entry_rule_the_loss_since_entry_is_brought_too():
    market = at(92 * WAD)
    part = long("ann").position  # entered for 1,000: 100 needed, and 100 are there, but 92 less the loss of 80
    assert takeover_margin(rules(), market, part, wallet()) == 72 * WAD


# ---- capital


def test_capital_that_just_suffices_takes_all_and_a_wei_less_takes_a_slice():
    holdings, market = [long("ann")], at(92 * WAD)
    (whole,) = decide(rules(), market, holdings, wallet(free=72 * WAD), venue(92 * WAD)).actions
    assert whole.whole
    (slice_,) = decide(rules(), market, holdings, wallet(free=72 * WAD - 1), venue(92 * WAD)).actions
    assert not slice_.whole
    assert slice_.margin <= 72 * WAD - 1
    assert 99 * WAD // 10 < slice_.size < 10 * WAD


def test_a_slice_is_the_largest_that_the_capital_affords():
    (action,) = decide(rules(), at(92 * WAD), [long("ann")], wallet(free=36 * WAD), venue(92 * WAD)).actions
    assert 36 * WAD * 999 // 1_000 <= action.margin <= 36 * WAD
    assert abs(action.size - 5 * WAD) < 5 * WAD // 1_000


def test_a_slice_respects_the_minimum_slice_and_leaves_the_minimum_notional():
    half = rules({"min_slice_bps": 5_000, "force_close": False})
    market = at(92 * WAD)
    assert decide(half, market, [long("ann")], wallet(free=35 * WAD), venue(92 * WAD)).actions == []
    assert decide(half, market, [long("ann")], wallet(free=37 * WAD), venue(92 * WAD)).actions
    # 552 must stay: at most 4 of 10 units may go
    dusty = rules({"force_close": False}, min_notional=552 * WAD)
    (action,) = decide(dusty, market, [long("ann")], wallet(free=60 * WAD), venue(92 * WAD)).actions
    assert 4 * WAD * 999 // 1_000 < action.size <= 4 * WAD


def test_no_capital_no_takeover():
    decision = decide(rules({"force_close": False}), at(92 * WAD), [long("ann")], wallet(free=0), venue(92 * WAD))
    assert decision.actions == []
    assert decision.refusals[0].reason == "not enough capital to take it over; force close not allowed"


def test_the_capital_limit_binds_though_more_is_free():
    decision = decide(rules(), at(92 * WAD), [long("ann")], wallet(capital=72 * WAD - 1), venue(92 * WAD))
    assert not decision.actions[0].whole


def test_the_best_return_on_margin_is_served_first_and_the_rest_is_refused():
    rich, poor = long("rich", balance=110), long("poor", balance=90)
    decision = decide(rules(), at(92 * WAD), [poor, rich], wallet(free=80 * WAD), venue(92 * WAD))
    assert [action.target for action in decision.actions] == ["rich"]
    assert [(refusal.target, refusal.reason) for refusal in decision.refusals] == [
        ("poor", "capital is used by better ones")
    ]


def test_equals_are_ordered_by_name_so_that_a_run_can_be_repeated():
    holdings = [long("c"), long("a"), long("b")]
    decision = decide(rules(), at(92 * WAD), holdings, wallet(), venue(92 * WAD))
    assert [action.target for action in decision.actions] == ["a", "b", "c"]


def test_a_keeper_does_not_liquidate_itself():
    own = Holding("keeper", long("keeper").position)
    decision = decide(rules(), at(92 * WAD), [own], wallet(), venue(92 * WAD))
    assert decision.actions == []
    assert decision.refusals == []


# ---- force close

CLOSE_ONLY = {"takeover": False, "liquidation_fee_bps": 100, "reward_share_bps": 5_000}


def test_a_force_close_earns_the_reward():
    (action,) = decide(rules(CLOSE_ONLY), at(92 * WAD), [long("ann")], wallet(free=0), venue(92 * WAD)).actions
    assert action.kind is Kind.FORCE_CLOSE
    assert action.expected_profit == 920 * WAD // 100 // 2
    assert action.margin == 0


def test_the_reward_comes_after_the_fees_and_from_what_is_left_only():
    costly = rules(CLOSE_ONLY, trading_fee_bps=200)
    (action,) = decide(costly, at(92 * WAD), [long("ann")], wallet(), venue(92 * WAD)).actions
    assert action.expected_profit == 20 * WAD - 920 * WAD * 200 // 10_000
    free = rules(CLOSE_ONLY | {"force_close_fees": False}, trading_fee_bps=200)
    (action,) = decide(free, at(92 * WAD), [long("ann")], wallet(), venue(92 * WAD)).actions
    assert action.expected_profit == 4_600_000_000_000_000_000


def test_a_bankrupt_target_pays_no_reward():
    # The venue pays mark, so a takeover would bring nothing either.
    decision = decide(rules(CLOSE_ONLY), at(85 * WAD), [long("ann")], wallet(), venue(85 * WAD))
    assert decision.actions == []
    assert decision.refusals[0].best_profit == 0


def test_the_larger_profit_wins():
    both = rules(CLOSE_ONLY | {"takeover": True})
    market = at(92 * WAD)
    (rich,) = decide(both, market, [long("ann")], wallet(), venue(92 * WAD)).actions
    assert rich.kind is Kind.TAKEOVER
    # The venue lags above mark: too late to trade on it, but a force close gets its price.
    lagging = at(92 * WAD, tradable=False)
    (thin,) = decide(both, lagging, [long("ann", balance=83)], wallet(), venue(93 * WAD)).actions
    assert thin.kind is Kind.FORCE_CLOSE
    assert thin.expected_profit == 930 * WAD // 200
    (broke,) = decide(both, market, [long("ann")], wallet(free=0), venue(92 * WAD)).actions
    assert broke.kind is Kind.FORCE_CLOSE


@pytest.mark.parametrize(("size", "mark", "edge"), [(10, 100, 990), (-10, 100, 1_010)])
def test_the_band_is_a_fifth_of_maintenance_margin_and_includes_its_edge(size, mark, edge):
    away = -1 if size > 0 else 1
    assert within_band(rules(), at(mark * WAD), size * WAD, edge * WAD)
    assert not within_band(rules(), at(mark * WAD), size * WAD, edge * WAD + away)


def test_the_band_may_be_set():
    wide = rules(force_close_band_bps=1_000)
    assert within_band(wide, at(100 * WAD), 10 * WAD, 900 * WAD)
    assert not within_band(wide, at(100 * WAD), 10 * WAD, 900 * WAD - 1)


def test_outside_the_band_there_is_no_force_close():
    decision = decide(rules(CLOSE_ONLY), at(92 * WAD), [long("ann")], wallet(), venue(91 * WAD))
    assert decision.refusals[0].reason == "takeover not allowed; the venue is too far from mark"


def test_a_force_close_never_enlarges_a_deficit():
    # Bankrupt by 50 at mark; the venue pays a wei less than mark: refused, whatever the band allows.
    wide = rules(CLOSE_ONLY, force_close_band_bps=1_000)
    bankrupt = [long("ann")]
    assert decide(wide, at(85 * WAD), bankrupt, wallet(free=0), venue(85 * WAD)).refusals[0].best_profit == 0
    refused = decide(wide, at(85 * WAD), bankrupt, wallet(free=0), venue(85 * WAD - 1)).refusals[0]
    assert refused.best_profit is None
    assert "the venue is too far from mark" in refused.reason


def test_a_venue_without_liquidity_leaves_nothing_to_do():
    huge = [long("ann", size=2_000, balance=20_000)]
    decision = decide(rules(), at(92 * WAD), huge, wallet(free=10**9 * WAD), venue(92 * WAD))
    assert decision.actions == []
    assert decision.refusals[0].reason == "the venue could not take it; the venue has not enough liquidity"


# ---- fees


def test_the_penalty_starts_beyond_maintenance_margin_and_only_when_the_distance_grows():
    ours = rules(penalty=(0, 0, 0, WAD // 10))
    market = at(100 * WAD)
    assert trade_fees(ours, market, Quote(1_000 * WAD, 100 * WAD, 105 * WAD)).penalty == 0
    assert trade_fees(ours, market, Quote(1_000 * WAD, 100 * WAD, 105 * WAD + 100)).penalty == 100 * WAD
    assert trade_fees(ours, market, Quote(1_000 * WAD, 120 * WAD, 110 * WAD)).penalty == 0


def test_the_penalty_is_the_polynomial_of_the_distance():
    a, b, c, d = 1_092 * WAD // 100, 164 * WAD // 100, 9 * WAD // 100, WAD // 1_000
    fees = trade_fees(rules(penalty=(a, b, c, d)), at(100 * WAD), Quote(1_000 * WAD, 100 * WAD, 110 * WAD))
    # D = 0.1: 0.01092 + 0.0164 + 0.009 + 0.001
    assert fees.penalty == 37_320_000_000_000_000_000
    assert fees.total == fees.penalty


def test_without_liquidity_there_is_no_distance():
    ours = rules(penalty=(0, 0, 0, WAD))
    assert trade_fees(ours, at(100 * WAD), Quote(WAD, 0, 0)).penalty == 0
