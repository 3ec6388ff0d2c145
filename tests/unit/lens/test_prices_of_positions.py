"""liquidation_price and bankruptcy_price, and what the stage is on both sides of them."""

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from nacre.model.positions import Position
from nacre.model.rounding import bps_up, ceil_div
from nacre.units import BPS, RAY, WAD


def liquidatable(position, price, index, trigger_bps, mmr_bps):
    equity = position.equity(price, index)
    margin = bps_up(ceil_div(position.amount * price, WAD), mmr_bps)
    return equity < 0 or equity * BPS < margin * trigger_bps


@pytest.mark.parametrize(
    ("size", "liquidation", "bankruptcy"),
    [(WAD, 94.736842105263, 90), (-WAD, 104.761904761905, 110)],  # the design's example
)
def test_the_design_s_example(lens, show_market, show_account, anyone, size, liquidation, bankruptcy):
    show_account(anyone, Position(size, 10 * WAD, 100 * WAD, 0))
    assert lens.call("liquidation_price", 0, anyone) / WAD == pytest.approx(liquidation, abs=1e-12)
    assert lens.call("bankruptcy_price", 0, anyone) == bankruptcy * WAD
    seen = lens.call("health", 0, anyone)
    assert seen.liquidation_price == lens.call("liquidation_price", 0, anyone)
    assert seen.bankruptcy_price == lens.call("bankruptcy_price", 0, anyone)


def test_carry_moves_them(lens, show_market, show_account, anyone):
    show_account(anyone, Position(WAD, 10 * WAD, 100 * WAD, 0))
    show_market(long_social_loss_index=2 * RAY)
    assert lens.call("bankruptcy_price", 0, anyone) == 92 * WAD
    assert lens.call("liquidation_price", 0, anyone) / WAD == pytest.approx(92 / 0.95, abs=1e-12)
    show_market(funding_index=-2 * RAY)  # longs received
    assert lens.call("bankruptcy_price", 0, anyone) == 88 * WAD


def test_a_smaller_trigger_moves_liquidation_only(lens, show_market, set_params, show_account, anyone):
    show_account(anyone, Position(WAD, 10 * WAD, 100 * WAD, 0))
    set_params(trigger_bps=1000, backstop_bps=0)
    assert lens.call("liquidation_price", 0, anyone) / WAD == pytest.approx(90 / 0.995, abs=1e-12)
    assert lens.call("bankruptcy_price", 0, anyone) == 90 * WAD


def test_none(lens, show_market, show_account, anyone):
    for position in (
        Position(),
        Position(WAD, 100 * WAD, 100 * WAD, 0),  # a long with all of its value as margin
        Position(WAD, 150 * WAD, 100 * WAD, 0),
        Position(-WAD, -100 * WAD, 100 * WAD, 0),  # a short that lacks more than it was sold for
    ):
        show_account(anyone, position)
        assert lens.call("liquidation_price", 0, anyone) == 0
        assert lens.call("bankruptcy_price", 0, anyone) == 0


positions = st.builds(
    Position,
    st.one_of(st.integers(10**12, 10**27), st.integers(-(10**27), -(10**12))),
    st.integers(-(10**29), 10**30),
    st.integers(1, 10**30),
    st.integers(-(10**28), 10**28),
)


@settings(max_examples=150)
@given(position=positions, loss=st.integers(0, 10**28))
def test_bankruptcy_is_exact(lens, show_market, show_account, anyone, position, loss):
    show_market(long_social_loss_index=loss, short_social_loss_index=loss)
    show_account(anyone, position)
    price = lens.call("bankruptcy_price", 0, anyone)
    if position.size > 0:
        assert position.equity(price, loss) >= 0
        assert price == 0 or position.equity(price - 1, loss) < 0
    else:
        assert price == 0 or position.equity(price, loss) >= 0
        assert position.equity(price + 1, loss) < 0


@settings(max_examples=150)
@given(
    position=positions,
    loss=st.integers(0, 10**28),
    trigger=st.integers(1, 10_000),
    ratio=st.integers(1, 9_999),
    distance=st.integers(0, 10**25),
)
def test_safe_at_it_and_not_beyond(
    lens, show_market, set_params, show_account, anyone, position, loss, trigger, ratio, distance
):
    set_params(trigger_bps=trigger, backstop_bps=0, margin_call_bps=0, mmr_bps=ratio, imr_bps=10_000)
    show_market(long_social_loss_index=loss, short_social_loss_index=loss)
    show_account(anyone, position)
    price = lens.call("liquidation_price", 0, anyone)
    assume(price > 0)
    tau_r = trigger * ratio
    slack = ceil_div(3 * WAD * 10**8, position.amount * (10**8 - position.side * tau_r)) + 1
    if position.size > 0:
        assert not liquidatable(position, price + distance, loss, trigger, ratio)
        beyond = price - slack - distance
        assert beyond < 0 or liquidatable(position, beyond, loss, trigger, ratio)
    else:
        assert not liquidatable(position, max(price - distance, 0), loss, trigger, ratio)
        assert liquidatable(position, price + slack + 1 + distance, loss, trigger, ratio)
