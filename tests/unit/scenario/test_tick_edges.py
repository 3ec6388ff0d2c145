"""Prices of a scenario become edges of ranges: multiples of the spacing, rounded outward."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from nacre.scenario.world import tick_above, tick_below


@given(st.decimals(min_value="0.000001", max_value="10000000", places=6))
def test_edges_are_rounded_outward(price):
    lower, upper = tick_below(price), tick_above(price)
    assert lower % 50 == upper % 50 == 0
    assert upper - lower in (0, 50)
    assert Decimal("1.0001") ** lower <= price * Decimal("1.000000000000001")
    assert Decimal("1.0001") ** upper >= price * Decimal("0.999999999999999")


def test_price_of_a_tick_is_its_own_edge():
    assert (tick_below(Decimal(1)), tick_above(Decimal(1))) == (0, 0)
    price = Decimal("1.0001") ** 5  # 1.00050010001000050001, exact
    assert (tick_below(price), tick_above(price)) == (0, 50)
    assert (tick_below(Decimal(100)), tick_above(Decimal(100))) == (46_050, 46_100)
