"""collect: what arrives, when it starts to stream, and what waits."""

import pytest
from support.treasury import BOUND, PRECISION, TreasuryDesk

PERIOD = 10_000


def stream(desk):
    """Rate, seconds left and what is left of it."""
    return tuple(desk.treasury.call("distribution"))


def test_what_it_changes(desk):
    desk.stake("ann", 100)
    desk.earn(5_000)
    assert desk.treasury.call("collectable") == 5_000
    receipt = desk.collect()
    assert receipt.value == 5_000
    assert receipt.event("Collected").args == (desk.who("passer-by"), 5_000, 5_000, 5_000, 0)
    assert receipt.event("DistributionStarted").args == (5_000, PRECISION // 2, PERIOD)
    assert stream(desk) == (PRECISION // 2, PERIOD, 5_000)
    call = desk.treasury.call
    assert (call("collectable"), call("undistributed"), call("total_received")) == (0, 0, 5_000)
    assert desk.balance(desk.collateral, desk.treasury.address) == 5_000
    assert desk.custody.call("free_collateral", desk.treasury.address) == 0


def test_it_streams_for_the_period_and_no_longer(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    for passed in (1, 999, 5_000, 3_999):
        desk.wait(passed)
    assert (desk.claimable("ann"), stream(desk)) == (9_999, (PRECISION, 1, 1))
    desk.wait(1)
    assert (desk.claimable("ann"), stream(desk)) == (10_000, (0, 0, 0))
    desk.wait(86_400)
    assert desk.claimable("ann") == 10_000


def test_less_than_a_unit_waits_in_the_clearinghouse(desk):
    """Fees are WAD: three of 0.6 units are one unit, and 0.8 that stay."""
    desk.stake("ann", 100)
    desk.give(6 * desk.scale // 10)
    assert desk.treasury.call("collectable") == 0
    receipt = desk.collect()
    assert (receipt.value, receipt.events("DistributionStarted")) == (0, [])
    desk.give(6 * desk.scale // 10)
    desk.give(6 * desk.scale // 10 + 1)
    assert desk.collect().value == 1
    assert desk.custody.call("free_collateral", desk.treasury.address) == 8 * desk.scale // 10 + 1
    assert stream(desk) == (PRECISION // PERIOD, PERIOD, 1)
    desk.wait(PERIOD)
    desk.distribute(2)
    desk.wait(PERIOD)
    assert desk.claimable("ann") == 3
    assert desk.ledger("ann") == 0


def test_what_arrives_meanwhile_waits_for_the_next(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(4_997)
    receipt = desk.distribute(70_000)  # 5,000 after the start
    assert receipt.events("DistributionStarted") == []
    assert receipt.event("Collected").args[1:4] == (70_000, 70_000, 80_000)
    assert stream(desk) == (PRECISION, 5_000, 5_000)
    desk.wait(4_999)
    assert desk.collect().event("DistributionStarted").amount == 70_000
    assert (desk.claimable("ann"), stream(desk)) == (10_000, (7 * PRECISION, PERIOD, 70_000))
    assert desk.treasury.call("undistributed") == 0


def test_nothing_starts_before_somebody_calls(desk):
    """The time between two distributions is nobody's."""
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.distribute(10_000)
    desk.wait(3 * PERIOD)
    assert desk.claimable("ann") == 10_000
    desk.stake("bea", 100)
    desk.collect()
    desk.wait(100)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (10_050, 50)


def test_what_arrives_while_nobody_stakes_is_kept(desk):
    for _ in range(2):
        receipt = desk.distribute(5_000)
        assert receipt.events("DistributionStarted") == []
        desk.wait(PERIOD)
    assert desk.treasury.call("undistributed") == 10_000
    desk.stake("ann", 100)
    desk.wait(PERIOD)
    assert desk.claimable("ann") == 0
    assert desk.collect().event("DistributionStarted").amount == 10_000
    desk.wait(PERIOD)
    assert desk.claimable("ann") == 10_000


def test_the_stream_stands_still_while_nobody_stakes(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    with desk.chain.block(seconds=4_000):
        desk.send("ann", "unstake", 100).check()
    desk.wait(86_400)
    assert stream(desk) == (PRECISION, 6_000, 6_000)
    assert desk.distribute(7).events("DistributionStarted") == []
    desk.wait(86_400)
    desk.stake("bea", 1)
    desk.wait(1_000)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (4_000, 1_000)
    assert stream(desk) == (PRECISION, 5_000, 5_000)
    desk.wait(86_400)
    assert (desk.claimable("ann"), desk.claimable("bea")) == (4_000, 6_000)


def test_in_parts(desk):
    """A clearinghouse that pays out in parts only: somebody asks for parts."""
    desk.stake("ann", 100)
    desk.custody.transact("set_limit", 3_000, sender=desk.owner).check()
    desk.earn(10_000)
    assert desk.send("passer-by", "collect").reason == "withdrawal limit"
    assert desk.send("passer-by", "collect", 3_001).reason == "withdrawal limit"
    assert desk.collect(3_000).value == 3_000
    assert desk.collect(2_000).value == 2_000
    assert desk.treasury.call("collectable") == 5_000
    assert (stream(desk)[2], desk.treasury.call("undistributed")) == (2_999, 2_000)
    desk.wait(PERIOD)
    # What waits is started even if nothing can be fetched.
    assert desk.collect(0).event("DistributionStarted").amount == 2_000


def test_with_nothing_there(desk):
    for _ in range(2):
        receipt = desk.collect()
        assert (receipt.value, len(receipt.logs)) == (0, 1)
        desk.stake("ann", 100)
    assert desk.treasury.call("total_received") == 0


def test_what_is_sent_without_collect_belongs_to_nobody(desk):
    desk.stake("ann", 100)
    desk.collateral.transact("mint", desk.treasury.address, 900, sender=desk.owner).check()
    desk.share.transact("mint", desk.treasury.address, 900, sender=desk.owner).check()
    assert desk.collect().value == 0
    desk.distribute(10_000)
    desk.wait(PERIOD)
    assert (desk.claimable("ann"), desk.treasury.call("total_staked")) == (10_000, 100)


def test_all_that_is_ever_fetched_has_a_bound(desk):
    """So that one unit staked may earn it all without anything overflowing; what is beyond stays where it is."""
    desk.stake("ann", 1)
    desk.earn(BOUND + 5)
    assert desk.treasury.call("collectable") == BOUND
    assert desk.collect().value == BOUND
    desk.wait(PERIOD)
    assert desk.claimable("ann") == BOUND
    assert desk.treasury.call("reward_per_share") == BOUND * PRECISION
    desk.earn(5)
    assert (desk.treasury.call("collectable"), desk.collect().value) == (0, 0)
    desk.arm("ann", BOUND)
    desk.send("ann", "stake", BOUND - 1).check()
    desk.send("ann", "claim").check()
    desk.send("ann", "unstake", BOUND).check()
    assert desk.wallet("ann") == BOUND
    assert desk.ledger("ann") == 0


@pytest.mark.parametrize("decimals", [0, 6, 18])
def test_every_number_of_decimals(decimals):
    desk = TreasuryDesk.open(decimals, period=PERIOD)
    desk.stake("ann", 7)
    desk.give(3 * desk.scale + desk.scale - 1)
    assert desk.collect().value == 3
    assert desk.custody.call("free_collateral", desk.treasury.address) == desk.scale - 1
    desk.wait(PERIOD)
    desk.distribute(1)
    desk.wait(PERIOD)
    # A seventh of 4e36 is no integer: the last part of the fourth unit waits.
    assert desk.claimable("ann") == 3
    assert desk.treasury.call("entitlement", desk.who("ann")) + desk.treasury.call("remainder") == 4 * PRECISION
