"""An oracle that fails stops its own market's trading, and nothing else."""

import pytest

from nacre.artifacts import load
from nacre.chain import CallFailed
from nacre.units import MAX_UINT256, WAD

MODES = (
    REVERTS,
    REVERTS_SILENTLY,
    BURNS_GAS,
    REENTERS,
    RETURNS_NOTHING,
    RETURNS_SHORT,
    RETURNS_LONG,
    RETURNS_GARBAGE,
    REVERTS_AT_LENGTH,
    WANTS_MORE_GAS,
) = [1 << bit for bit in range(10)]
FAILING = [mode for mode in MODES if mode not in (REENTERS, RETURNS_LONG)]
# What it says itself is passed on, at any length.
SAID = {REVERTS: "oracle says no", REVERTS_AT_LENGTH: "reverted with 0xdeadbeef" + "00" * 416}
MAX_AGE = 3600


@pytest.fixture
def misbehave(house, holder):
    def told(mode):
        house.oracles[0].transact("set_mode", mode, sender=holder).check()

    return told


@pytest.fixture
def say(house, holder):
    """What the first oracle says; time 0 is now, whenever it is asked."""

    def told(price=100 * WAD, updated_at=0, jumped=False):
        house.oracles[0].transact("set_price", price, updated_at, jumped, 0, sender=holder).check()

    return told


def calls_that_need_a_price(house, holder, number):
    yield house.clearinghouse.transact("accrue", number, sender=holder)
    yield house.clearinghouse.transact("trade", number, WAD, 20 * WAD, 0, 0, sender=holder)
    yield house.clearinghouse.transact("trade", number, -WAD, 0, 0, 0, sender=holder)
    yield house.clearinghouse.transact("adjust_margin", number, -WAD, sender=holder)
    yield house.venues[number].transact("add_liquidity", 39_050, 53_000, 10_000 * WAD, sender=holder)
    yield house.venues[number].transact("remove_liquidity", 39_000, 53_000, sender=holder)


@pytest.mark.parametrize("mode", FAILING)
def test_its_market_waits(house, holder, misbehave, snapshot, mode):
    before = snapshot()
    misbehave(mode)
    reason = SAID.get(mode, "oracle failed")
    assert [receipt.reason for receipt in calls_that_need_a_price(house, holder, 0)] == [reason] * 6
    for view in ("market_state", "mark_price"):
        with pytest.raises(CallFailed, match=f"^{reason}$"):
            house.clearinghouse.call(view, 0)
    assert snapshot() == before
    misbehave(0)
    assert house.clearinghouse.transact("trade", 0, -WAD, 0, 0, 0, sender=holder).ok


@pytest.mark.parametrize("mode", FAILING)
def test_other_markets_and_free_collateral_go_on(house, holder, misbehave, mode):
    misbehave(mode)
    assert house.clearinghouse.transact("withdraw", WAD, sender=holder).ok
    assert house.clearinghouse.transact("donate_insurance", 0, WAD, sender=holder).ok
    assert house.clearinghouse.transact("adjust_margin", 0, WAD, sender=holder).ok
    assert all(receipt.ok for receipt in calls_that_need_a_price(house, holder, 1))


@pytest.mark.parametrize("mode", MODES)
def test_the_owner_can_replace_it_and_pause(chain, house, holder, house_owner, misbehave, mode):
    misbehave(mode)
    house.config.transact("pause", 0, sender=house_owner).check()
    house.config.transact("unpause", 0, sender=house_owner).check()
    house.config.transact("collect_fees", 0, sender=holder).check()
    other = chain.deploy(load("MockBadOracle"), 101 * WAD, sender=holder)
    house.config.transact(
        "set_market_params", 0, house.market_params | {"oracle": other.address}, sender=house_owner
    ).check()
    assert house.clearinghouse.call("mark_price", 0) == 101 * WAD
    assert house.clearinghouse.transact("trade", 0, WAD, 20 * WAD, 0, 0, sender=holder).ok


def test_more_data_than_needed_is_no_harm(house, holder, misbehave):
    misbehave(RETURNS_LONG)
    assert all(receipt.ok for receipt in calls_that_need_a_price(house, holder, 0))


@pytest.mark.parametrize(
    "call",
    [
        ("market_state", 0),
        ("mark_price", 1),
        ("free_collateral", "holder"),
        ("position", 1, "holder"),
        ("accrue", 1),
        ("withdraw", WAD),
    ],
)
def test_it_cannot_look_back_in(house, holder, say, call):
    """While a transaction runs. It would say 200 if it got through, which is too far from the venue to sell at."""
    say(200 * WAD)
    assert (
        house.clearinghouse.transact("trade", 0, -WAD // 2, 0, 0, 0, sender=holder).reason == "venue too far from mark"
    )
    say(100 * WAD)
    name, *arguments = call
    data = house.clearinghouse.encode(name, *[holder if item == "holder" else item for item in arguments])
    house.oracles[0].transact("set_reentry", house.clearinghouse.address, data, sender=holder).check()
    assert house.clearinghouse.transact("trade", 0, -WAD // 2, 0, 0, 0, sender=holder).reason == ""


@pytest.mark.parametrize(
    ("price", "reason"),
    [
        (0, "price out of bounds"),
        (10**12 - 1, "price out of bounds"),
        (10**12, ""),
        (10**25, ""),
        (10**25 + 1, "price out of bounds"),
        (MAX_UINT256, "price out of bounds"),
    ],
)
def test_bounds_of_the_price(house, holder, say, price, reason):
    say(price)
    assert house.clearinghouse.transact("accrue", 0, sender=holder).reason == reason


@pytest.mark.parametrize(
    ("age", "reason"), [(-1, "future price"), (0, ""), (MAX_AGE, ""), (MAX_AGE + 1, "stale price")]
)
def test_bounds_of_the_time(chain, house, holder, say, age, reason):
    chain.mine(2 * MAX_AGE)
    say(updated_at=chain.timestamp + 2 - age)  # the call is two blocks from here
    assert house.clearinghouse.transact("accrue", 0, sender=holder).reason == reason


def test_while_stale_what_needs_no_price_works(chain, house, holder, say):
    say(updated_at=chain.timestamp)
    chain.mine(2 * MAX_AGE)
    assert {receipt.reason for receipt in calls_that_need_a_price(house, holder, 0)} == {"stale price"}
    assert house.clearinghouse.call("market_state", 0).stale is True
    for call in (("withdraw", WAD), ("adjust_margin", 0, WAD), ("donate_insurance", 0, WAD)):
        assert house.clearinghouse.transact(*call, sender=holder).ok, call


def test_a_jump_stops_leaving_for_its_block(house, holder, say):
    say(jumped=True)
    reasons = [receipt.reason for receipt in calls_that_need_a_price(house, holder, 0)]
    assert reasons == ["", *["price just jumped"] * 5]
    assert house.clearinghouse.transact("adjust_margin", 0, WAD, sender=holder).ok
    say()
    assert house.clearinghouse.transact("trade", 0, -WAD, 0, 0, 0, sender=holder).ok
