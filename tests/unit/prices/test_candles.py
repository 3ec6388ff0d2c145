"""The order in which a candle is fed."""

from nacre.prices import Candle, candle_seconds


def test_a_falling_candle_goes_up_first():
    candle = Candle(1_000, open=100, high=110, low=80, close=90)
    assert [point.price for point in candle.points(400)] == [100, 110, 80, 90]
    assert [point.timestamp for point in candle.points(400)] == [1_000, 1_100, 1_200, 1_300]


def test_a_rising_candle_goes_down_first():
    assert [point.price for point in Candle(0, 100, 130, 80, 120).points(4)] == [100, 80, 130, 120]


def test_a_candle_that_ends_where_it_began_rises():
    assert [point.price for point in Candle(0, 100, 130, 80, 100).points(4)] == [100, 80, 130, 100]


def test_equal_prices_are_one_point():
    assert [point.price for point in Candle(0, 100, 100, 80, 90).points(4)] == [100, 80, 90]
    assert [point.price for point in Candle(0, 100, 100, 100, 100).points(4)] == [100]


def test_the_interval_is_the_commonest_distance():
    candles = [Candle(time, 1, 1, 1, 1) for time in (0, 60, 120, 600, 660)]
    assert candle_seconds(candles) == 60


def test_one_candle_is_an_hour():
    assert candle_seconds([Candle(0, 1, 1, 1, 1)]) == 3600
