"""The embedded crash goes through the published figures and is the same everywhere."""

import hashlib
from itertools import pairwise

from nacre.prices import ANCHORS, candle_seconds, crash_path
from nacre.units import WAD


def test_has_336_hours_without_a_gap():
    candles = crash_path()
    assert len(candles) == 336
    assert candle_seconds(candles) == 3600
    assert {b.timestamp - a.timestamp for a, b in pairwise(candles)} == {3600}


def test_goes_through_the_anchors():
    candles = crash_path()
    for anchor in ANCHORS[:-1]:
        assert candles[anchor.hour].open == anchor.cents * WAD // 100
    assert candles[-1].close == ANCHORS[-1].cents * WAD // 100


def test_has_the_published_extremes():
    candles = crash_path()
    lowest = min(candles, key=lambda candle: candle.low)
    assert lowest.timestamp == 1_584_064_800  # 13 March 2020, 02:00 UTC
    assert lowest.high == 5_276_97 * WAD // 100
    assert lowest.low == 3_782_13 * WAD // 100
    assert lowest.falls


def test_is_made_of_valid_candles_that_join():
    candles = crash_path()
    for candle in candles:
        assert 0 < candle.low <= min(candle.open, candle.close)
        assert max(candle.open, candle.close) <= candle.high
    assert all(a.close == b.open for a, b in pairwise(candles))


def test_is_the_same_everywhere():
    text = "\n".join(f"{c.timestamp},{c.open},{c.high},{c.low},{c.close},{c.volume}" for c in crash_path())
    assert (
        hashlib.sha256(text.encode()).hexdigest() == "98559a618d3ae4c8b0e8d680f9a9b3dd5a1e28c94195002ce488e3f5beb9e45a"
    )
