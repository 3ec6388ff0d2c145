"""Bounds, packing and reading back of a market's parameters."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.units import WAD

ODD = "0x" + "77" * 20  # no code there
NO_TIER = (0, 0, 0)
NO_TIERS = [NO_TIER] * 3
ENTRY_MARGIN_RULE, EXTRAS = 2, 4


# Nothing beyond the first three words.
PLAIN = {
    "mark_median": False,
    "entry_margin_rule": False,
    "cross_margin": False,
    "previous_mark": False,
    "tiers": NO_TIERS,
    "borrow_rate_bps": 0,
    "borrow_share_bps": 0,
    "settlement_delay": 0,
    "shown_trigger_bps": 0,
}


def read(config):
    return config.call("market_params", 0)._asdict()


def test_what_is_set_is_read_back(set_market, listed, market_params):
    assert read(listed) == market_params
    changed = {
        "imr_bps": 10_000,
        "mmr_bps": 9_999,
        "trading_fee_bps": 1000,
        "protocol_fee_bps": 1000,
        "penalty": [1677_7215 * 10**14, 0, 10**14, 1677_7215 * 10**14],
        "max_deviation_bps": 10_000,
        "max_open_interest": 0,
        "funding_cap_bps": 10_000,
        "funding_period_seconds": 2_592_000,
        "min_notional": 0,
        "oracle_max_age": 1_000_000,
        "entry_margin_rule": True,
        "tip": 10**6 * WAD,
        "insurance_draw_bps": 10_000,
        "force_close_band_bps": 10_000,
        "mark_median": False,
        "previous_mark": True,
        "cross_margin": False,
        "tiers": [(1, 10_000, 9_999), (2, 10_000, 9_999), (10**30, 10_000, 9_999)],
        "borrow_rate_bps": 50_000,
        "borrow_share_bps": 10_000,
        "settlement_delay": 10_000_000,
        "shown_trigger_bps": 1,
    }
    set_market(**changed).check()
    assert read(listed) == market_params | changed
    lowest = {
        "imr_bps": 2,
        "mmr_bps": 1,
        "trading_fee_bps": 0,
        "protocol_fee_bps": 0,
        "penalty": [0, 0, 0, 0],
        "max_deviation_bps": 1,
        "funding_cap_bps": 0,
        "funding_period_seconds": 3600,
        "oracle_max_age": 1,
        "tip": 0,
        "insurance_draw_bps": 1,
        "force_close_band_bps": 0,
        "mark_median": False,
        "previous_mark": False,
        "cross_margin": False,
        "tiers": NO_TIERS,
        "borrow_rate_bps": 0,
        "borrow_share_bps": 0,
        "settlement_delay": 0,
        "shown_trigger_bps": 0,
    }
    set_market(**lowest).check()
    assert read(listed) == market_params | lowest


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"oracle": ODD}, "oracle is no contract"),
        ({"imr_bps": 10_001}, "bad imr"),
        ({"mmr_bps": 0}, "bad mmr"),
        ({"mmr_bps": 1000}, "bad mmr"),
        ({"imr_bps": 0, "mmr_bps": 0}, "bad mmr"),
        ({"trading_fee_bps": 1001}, "bad trading fee"),
        ({"protocol_fee_bps": 1001}, "bad protocol fee"),
        ({"penalty": [1677_7216 * 10**14, 0, 0, 0]}, "bad penalty"),
        ({"penalty": [0, 0, 0, 10**14 + 1]}, "bad penalty"),
        ({"penalty": [0, 1, 0, 0]}, "bad penalty"),
        ({"max_deviation_bps": 10_001}, "bad max deviation"),
        ({"max_open_interest": 9 * WAD}, "bad max open interest"),
        ({"max_open_interest": 10**32 * WAD}, "amount not representable"),
        ({"max_open_interest": 1_048_577 * WAD}, "amount not representable"),
        ({"funding_cap_bps": 10_001}, "bad funding cap"),
        ({"funding_period_seconds": 3599}, "bad funding period"),
        ({"funding_period_seconds": 2_592_001}, "bad funding period"),
        ({"min_notional": 10**12 * WAD + 1, "max_open_interest": 0}, "bad min notional"),
        ({"min_notional": WAD + 1}, "amount not representable"),
        ({"oracle_max_age": 0}, "bad oracle max age"),
        ({"oracle_max_age": 1_000_001}, "bad oracle max age"),
        ({"tip": 10**6 * WAD + 1}, "bad tip"),
        ({"tip": WAD + 1}, "amount not representable"),
        ({"insurance_draw_bps": 10_001}, "bad insurance draw"),
        ({"force_close_band_bps": 10_001}, "bad force close band"),
        ({"borrow_rate_bps": 50_001}, "bad borrow rate"),
        ({"borrow_share_bps": 10_001}, "bad borrow share"),
        ({"settlement_delay": 10_000_001}, "bad settlement delay"),
        ({"shown_trigger_bps": 10_001}, "bad shown trigger"),
    ],
)
def test_out_of_bounds(set_market, listed, market_params, wrong, reason):
    assert set_market(**wrong).reason == reason
    assert read(listed) == market_params


@pytest.mark.parametrize(
    ("tiers", "reason"),
    [
        # the market's own ratios are 1000 and 500
        ([(WAD, 999, 500), NO_TIER, NO_TIER], "bad tier"),
        ([(WAD, 1000, 499), NO_TIER, NO_TIER], "bad tier"),
        ([(WAD, 1000, 1000), NO_TIER, NO_TIER], "bad tier"),
        ([(WAD, 10_001, 500), NO_TIER, NO_TIER], "bad tier"),
        ([(0, 0, 1), NO_TIER, NO_TIER], "bad tier"),
        ([(0, 1, 0), NO_TIER, NO_TIER], "bad tier"),
        ([NO_TIER, (WAD, 2000, 1000), NO_TIER], "bad tier"),
        ([(WAD, 2000, 1000), (WAD, 3000, 2000), NO_TIER], "bad tier"),
        ([(2 * WAD, 2000, 1000), (WAD, 3000, 2000), NO_TIER], "bad tier"),
        ([(WAD, 2000, 1000), (2 * WAD, 1999, 1000), NO_TIER], "bad tier"),
        ([(WAD, 2000, 1000), (2 * WAD, 2000, 999), NO_TIER], "bad tier"),
        ([(WAD, 2000, 1000), NO_TIER, (2 * WAD, 3000, 1000)], "bad tier"),
        ([(10**12 * WAD + 1, 2000, 1000), NO_TIER, NO_TIER], "bad tier"),
        ([(WAD + 1, 2000, 1000), NO_TIER, NO_TIER], "amount not representable"),
    ],
)
def test_tiers_rise_without_a_gap(set_market, listed, market_params, tiers, reason):
    assert set_market(tiers=tiers).reason == reason
    assert read(listed) == market_params


def test_tiers_may_keep_a_ratio(set_market, listed):
    tiers = [(WAD, 1000, 500), (2 * WAD, 1000, 600), (3 * WAD, 1100, 600)]
    set_market(tiers=tiers).check()
    assert read(listed)["tiers"] == tiers


def test_no_deviation_limit_given_means_the_initial_margin_ratio(set_market, listed):
    set_market(max_deviation_bps=0).check()
    assert read(listed)["max_deviation_bps"] == 1000


def test_no_draw_limit_given_means_none(set_market, listed):
    set_market(insurance_draw_bps=0).check()
    assert read(listed)["insurance_draw_bps"] == 10_000


def test_the_oracle_may_change_the_venue_not(chain, set_market, listed, market_params):
    other = listed.address  # any contract
    set_market(oracle=other).check()
    assert read(listed) == market_params | {"oracle": other}
    assert set_market(venue=other).reason == "venue cannot change"
    assert set_market(venue=ODD).reason == "venue cannot change"


def test_accrues_by_the_old_parameters_first(set_market, listed, book):
    old = book.call("market_words", 0)[0]
    set_market(funding_cap_bps=77).check()
    assert book.call("risk_when_accrued", 0) == old
    assert book.call("market_words", 0)[0] != old


def test_changes_without_a_price_too(set_market, listed, book, config_owner):
    book.transact("fail_to_accrue", sender=config_owner).check()
    set_market(funding_cap_bps=77).check()
    assert book.call("risk_when_accrued", 0) == 0
    assert read(listed)["funding_cap_bps"] == 77


def test_nobody_skips_the_accrual_by_sending_little_gas(chain, listed, market_params, config_owner):
    data = listed.encode("set_market_params", 0, market_params)
    refused = r"08c379a0.*" + b"too little gas".hex()
    with pytest.raises(RuntimeError, match=refused):
        chain._evm.message_call(config_owner, listed.address, data, gas=590_000)
    chain._evm.message_call(config_owner, listed.address, data, gas=700_000)


def test_words_leave_their_free_bits_alone(set_market, book):
    set_market(penalty=[1677_7215 * 10**14] * 4, **PLAIN | {"entry_margin_rule": True}).check()
    risk, trading, limits = book.call("market_words", 0)
    assert risk & 1023 == ENTRY_MARGIN_RULE
    assert trading & 1023 == 0
    assert limits & (2**107 - 1) == 0
    assert book.call("extras_word", 0) == 0


@pytest.mark.parametrize(
    ("field", "flag"), [("mark_median", 1), ("entry_margin_rule", 2), ("cross_margin", 8), ("previous_mark", 16)]
)
def test_each_switch_by_itself(set_market, listed, book, field, flag):
    set_market(**PLAIN | {field: True}).check()
    assert book.call("market_words", 0)[0] & 1023 == flag
    assert read(listed)[field] is True


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("tiers", [(WAD, 1000, 500), NO_TIER, NO_TIER]),
        ("borrow_rate_bps", 1),
        ("borrow_share_bps", 1),
        ("settlement_delay", 1),
        ("shown_trigger_bps", 1),
    ],
)
def test_a_flag_says_that_there_are_extras(set_market, book, field, value):
    """Without it the fourth word is not read: each of its fields must set it."""
    set_market(**PLAIN | {field: value}).check()
    assert book.call("market_words", 0)[0] & 1023 == EXTRAS
    assert 0 < book.call("extras_word", 0) < 2**229


amounts = st.builds(lambda mantissa, exponent: mantissa * 10**exponent, st.integers(0, 2**20 - 1), st.integers(0, 31))


def some_tiers(data, imr, mmr):
    """None to three, rising, within the bounds."""
    bounds = data.draw(st.lists(amounts.filter(lambda amount: 0 < amount <= 10**30), max_size=3, unique=True))
    tiers = []
    for bound in sorted(bounds):
        imr = data.draw(st.integers(imr, 10_000))
        mmr = data.draw(st.integers(mmr, imr - 1))
        tiers.append((bound, imr, mmr))
    return tiers + [NO_TIER] * (3 - len(tiers))


@settings(max_examples=60)
@given(data=st.data())
def test_any_parameters_within_bounds_come_back(set_market, listed, market_params, data):
    def number(low, high):
        return data.draw(st.integers(low, high))

    imr = number(2, 10_000)
    mmr = number(1, imr - 1)
    minimum = data.draw(amounts.filter(lambda amount: amount <= 10**30))
    fields = {
        "imr_bps": imr,
        "mmr_bps": mmr,
        "trading_fee_bps": number(0, 1000),
        "protocol_fee_bps": number(0, 1000),
        "penalty": [number(0, 2**24 - 1) * 10**14 for _ in range(4)],
        "max_deviation_bps": number(1, 10_000),
        "max_open_interest": data.draw(amounts.filter(lambda amount: amount == 0 or amount >= minimum)),
        "funding_cap_bps": number(0, 10_000),
        "funding_period_seconds": number(3600, 2_592_000),
        "min_notional": minimum,
        "oracle_max_age": number(1, 1_000_000),
        "entry_margin_rule": data.draw(st.booleans()),
        "tip": data.draw(amounts.filter(lambda amount: amount <= 10**24)),
        "insurance_draw_bps": number(1, 10_000),
        "force_close_band_bps": number(0, 10_000),
        "mark_median": data.draw(st.booleans()),
        "previous_mark": data.draw(st.booleans()),
        "cross_margin": data.draw(st.booleans()),
        "tiers": some_tiers(data, imr, mmr),
        "borrow_rate_bps": number(0, 50_000),
        "borrow_share_bps": number(0, 10_000),
        "settlement_delay": number(0, 10_000_000),
        "shown_trigger_bps": number(0, 10_000),
    }
    set_market(**fields).check()
    assert read(listed) == market_params | fields


@settings(max_examples=60)
@given(amount=st.one_of(amounts, st.integers(0, 10**38)))
def test_an_amount_is_kept_exactly_or_refused(set_market, listed, amount):
    def representable(value):
        for _ in range(32):
            if value < 2**20:
                return True
            if value % 10:
                return False
            value //= 10
        return False

    receipt = set_market(min_notional=0, max_open_interest=amount)
    assert receipt.reason == ("" if representable(amount) else "amount not representable")
    if receipt.ok:
        assert read(listed)["max_open_interest"] == amount
