"""The terms of a swap at the venue: fees in their order, penalty, price limit, band and deviation limit."""

import pytest

from nacre.units import WAD

FEES = 30 << 85 | 20 << 74 | 16_383 << 60  # 30 bp to liquidity, 20 bp to the protocol
PENALTY = 50_000 << 232 | 10_000 << 208 | 500 << 184 | 20 << 160  # a 5, b 1, c 0.05, d 0.002


def penalty_of(notional: int, mid: int, mark: int) -> int:
    """docs/spec.md section 6."""
    far = -(-(max(mid, mark) - min(mid, mark)) * WAD // min(mid, mark))
    ratio, power = 0, WAD
    for coefficient in (WAD // 500, WAD // 20, WAD, 5 * WAD):
        ratio += coefficient * power // WAD
        power = power * far // WAD
    return -(-notional * ratio // WAD)


@pytest.fixture(autouse=True)
def penalty(desk):
    desk.set_penalty(PENALTY)


@pytest.mark.parametrize("side", [1, -1])
def test_fees_are_taken_in_order_until_nothing_is_left(desk, wide, side):
    size = side * 300 * WAD
    full = desk.quote(size, trading_word=FEES)
    assert full.lp_fee == -(-full.notional * 30 // 10_000)
    assert full.protocol_fee == -(-full.notional * 20 // 10_000)
    assert full.penalty == penalty_of(full.notional, full.mid_after, 100 * WAD) > 0
    offset = side * full.notional
    steps = (full.lp_fee, full.protocol_fee, full.penalty)
    for left in (0, 1, steps[0], steps[0] + 1, sum(steps[:2]), sum(steps) - 1, sum(steps)):
        got = desk.quote(size, budget=offset + left, trading_word=FEES)
        assert got.lp_fee == min(steps[0], left)
        assert got.protocol_fee == min(steps[1], left - got.lp_fee)
        assert got.penalty == min(steps[2], left - got.lp_fee - got.protocol_fee)


@pytest.mark.parametrize("side", [1, -1])
def test_penalty_needs_a_grown_deviation_beyond_maintenance(desk, wide, side):
    near = desk.quote(side * 5 * WAD, trading_word=FEES)
    assert near.penalty == 0
    assert desk.quote(side * 5 * WAD, trading_word=FEES, mmr_bps=1).penalty > 0
    desk.swap(side * 300 * WAD).check()
    # Back towards mark, still beyond the ratio.
    back = desk.quote(-side * 20 * WAD, trading_word=FEES)
    assert back.penalty == 0


def test_who_pays_no_fees_pays_no_penalty(desk, wide):
    assert desk.quote(300 * WAD, trading_word=FEES).penalty > 0
    assert desk.quote(300 * WAD, trading_word=0, band_bps=9_999).penalty == 0


def test_only_the_venue_s_fee_is_credited(desk, wide, provider):
    result = desk.swap(300 * WAD, trading_word=FEES).check().value
    assert result.lp_fee - 2 <= desk.range_of(provider, *wide).fees <= result.lp_fee


@pytest.mark.parametrize("side", [1, -1])
def test_price_limit_is_on_the_average(desk, wide, side):
    size = side * 100 * WAD
    average = desk.quote(size).notional // 100
    passes, fails = (average + 1, average - 1) if side > 0 else (average, average + 1)
    assert desk.swap(size, limit_price=fails).reason == "price limit"
    assert desk.swap(size, limit_price=passes).ok


@pytest.mark.parametrize("side", [1, -1])
def test_band_of_a_force_close(desk, wide, side):
    size = side * 100 * WAD
    worse = abs(desk.quote(size).notional - 10_000 * WAD)
    bps = worse * 10_000 // (10_000 * WAD)
    assert desk.swap(size, band_bps=bps, trading_word=0).reason == "venue too far"
    assert desk.swap(size, band_bps=bps + 1, trading_word=0).ok


@pytest.mark.parametrize("side", [1, -1])
def test_deviation_limit(desk, wide, side):
    limit = 1000 << 60
    assert desk.swap(side * 10 * WAD, trading_word=limit).ok
    assert desk.swap(side * 300 * WAD, trading_word=limit).reason == "venue too far from mark"
    # Beyond the limit anything that comes closer passes.
    assert desk.swap(side * 300 * WAD).ok
    assert desk.swap(side * WAD, trading_word=limit).reason == "venue too far from mark"
    assert desk.swap(-side * WAD, trading_word=limit).ok
    # Quotes without terms have no limit.
    assert desk.venue.call("quote", side * WAD)[0] > 0


def test_refused_swap_changes_nothing(desk, wide):
    before = desk.state
    assert not desk.swap(10 * WAD, limit_price=1).ok
    assert desk.state == before
