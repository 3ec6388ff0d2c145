"""Bounds, packing and reading back of a market's policy."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nacre.units import WAD

SWITCHES = ("takeover", "force_close", "force_close_fees", "loss_adl", "adl_previous_mark", "at_liquidation_price")


@pytest.fixture
def market_params(market_params):
    """A market that keeps the previous mark: a policy may ask for it."""
    return market_params | {"previous_mark": True}


def read(config):
    return config.call("policy_params", 0)._asdict()


def test_what_is_set_is_read_back(set_policy, listed, policy_params):
    assert read(listed) == policy_params
    highest = {
        "trigger_bps": 10_000,
        "backstop_bps": 10_000,
        "margin_call_bps": 50_000,
        "min_slice_bps": 10_000,
        "liquidation_fee_bps": 1000,
        "reward_share_bps": 10_000,
        "chunk_bps": 10_000,
        "residue": 2,
        "cooldown_seconds": 86_400,
        "last_resort_seconds": 2_592_000,
        "grace_seconds": 86_400,
        "large_notional": 10**12 * WAD,
    }
    set_policy(**highest).check()
    assert read(listed) == policy_params | highest
    lowest = dict.fromkeys(highest, 0) | {"trigger_bps": 1}
    set_policy(**lowest).check()
    assert read(listed) == policy_params | lowest


@pytest.mark.parametrize("switch", SWITCHES)
def test_each_switch_by_itself(set_policy, listed, switch):
    set_policy(**dict.fromkeys(SWITCHES, False)).check()
    assert not any(read(listed)[name] for name in SWITCHES)
    set_policy(**(dict.fromkeys(SWITCHES, False) | {switch: True})).check()
    assert [name for name in SWITCHES if read(listed)[name]] == [switch]


@pytest.mark.parametrize(
    ("wrong", "reason"),
    [
        ({"trigger_bps": 0}, "bad trigger"),
        ({"trigger_bps": 10_001}, "bad trigger"),
        ({"backstop_bps": 10_001}, "bad backstop"),
        ({"trigger_bps": 6666}, "bad backstop"),
        ({"margin_call_bps": 9_999}, "bad margin call"),
        ({"margin_call_bps": 50_001}, "bad margin call"),
        ({"min_slice_bps": 10_001}, "bad min slice"),
        ({"liquidation_fee_bps": 1001}, "bad liquidation fee"),
        ({"reward_share_bps": 10_001}, "bad reward share"),
        ({"chunk_bps": 10_001}, "bad chunk"),
        ({"residue": 3}, "bad residue"),
        ({"cooldown_seconds": 86_401}, "bad cooldown"),
        ({"last_resort_seconds": 2_592_001}, "bad last resort"),
        ({"grace_seconds": 86_401}, "bad grace"),
        ({"large_notional": 10**12 * WAD + 1}, "bad large notional"),
        ({"large_notional": WAD + 1}, "amount not representable"),
    ],
)
def test_out_of_bounds(set_policy, listed, policy_params, wrong, reason):
    assert set_policy(**wrong).reason == reason
    assert read(listed) == policy_params


@settings(max_examples=60)
@given(data=st.data())
def test_any_policy_within_bounds_comes_back(set_policy, listed, book, data):
    def number(low, high):
        return data.draw(st.integers(low, high))

    trigger = number(1, 10_000)
    fields = {
        "trigger_bps": trigger,
        "backstop_bps": number(0, trigger),
        "margin_call_bps": data.draw(st.one_of(st.just(0), st.integers(trigger, 50_000))),
        "min_slice_bps": number(0, 10_000),
        "liquidation_fee_bps": number(0, 1000),
        "reward_share_bps": number(0, 10_000),
        "chunk_bps": number(0, 10_000),
        "residue": number(0, 2),
        "cooldown_seconds": number(0, 86_400),
        "last_resort_seconds": number(0, 2_592_000),
        "grace_seconds": number(0, 86_400),
        "large_notional": number(0, 2**20 - 1) * 10 ** number(0, 24),
    } | {switch: data.draw(st.booleans()) for switch in SWITCHES}
    receipt = set_policy(**fields)
    if fields["large_notional"] > 10**30:
        assert receipt.reason == "bad large notional"
        return
    receipt.check()
    assert read(listed) == fields
    assert book.call("policy", 0) < 2**225
