"""What somebody gets who comes for the money only: what streams while he is there, and nothing of any lump."""

import pytest
from support.treasury import BOUND, PRECISION, WEEK, TreasuryDesk

INCOME = 100_000 * 10**6


@pytest.fixture
def desk() -> TreasuryDesk:
    """Ann has staked for long; a great income waits to be collected; the guest has a thousand times her stake."""
    made = TreasuryDesk.open(period=WEEK)
    made.stake("ann", 10**21)
    made.earn(INCOME)
    made.arm("guest", 10**24)
    return made


def test_in_and_out_in_one_block(desk):
    with desk.chain.block():
        desk.send("guest", "stake", 10**24).check()
        desk.send("guest", "collect").check()
        desk.send("guest", "unstake", 10**24).check()
    assert desk.treasury.call("entitlement", desk.who("guest")) < PRECISION
    desk.wait(WEEK)
    assert (desk.claimable("ann"), desk.claimable("guest")) == (INCOME, 0)


@pytest.mark.parametrize("seconds", [1, 12, 3_600])
def test_a_short_stay(desk, seconds):
    """Whatever he stakes: at most what streamed meanwhile."""
    with desk.chain.block():
        desk.send("guest", "stake", 10**24).check()
        desk.send("guest", "collect").check()
    with desk.chain.block(seconds=seconds):
        desk.send("guest", "unstake", 10**24).check()
    streamed = INCOME * seconds // WEEK
    gained = desk.claimable("guest")
    assert streamed * 998 // 1_000 <= gained <= streamed
    assert gained * WEEK // seconds <= INCOME


def test_around_every_collection(desk):
    """A guest who comes for one block at each of a month's collections, four a day, gets less than a thousandth."""
    desk.collect()
    for _ in range(120):
        desk.earn(INCOME // 28)
        with desk.chain.block(seconds=21_585):
            desk.send("guest", "stake", 10**24).check()
            desk.collect()
        with desk.chain.block(seconds=12):
            desk.send("guest", "unstake", 10**24).check()
        desk.arm("guest", 0)
    assert 0 < desk.claimable("guest") * 1_000 < desk.claimable("ann")


def test_alone_with_one_unit(desk):
    """Who is the only staker earns alone, but only while others stay away; what waited does not come at once."""
    desk.send("ann", "unstake", 10**21).check()
    desk.stake("thief", 1)
    with desk.chain.block():
        desk.send("thief", "collect").check()
        assert desk.claimable("thief") == 0
    desk.share.transact("approve", desk.treasury.address, 10**21, sender=desk.who("ann")).check()
    with desk.chain.block(seconds=11):
        desk.send("ann", "stake", 10**21).check()
        assert desk.claimable("thief") == INCOME * 12 // WEEK
    desk.wait(WEEK)
    assert desk.claimable("thief") == INCOME * 12 // WEEK
    assert desk.claimable("ann") == INCOME - INCOME * 12 // WEEK - 1


def test_nobody_stretches_a_distribution(desk):
    """Restarting with next to nothing is what spoils other designs: calls and small incomes change no second of it."""
    desk.collect()
    calm = TreasuryDesk.open(period=WEEK)
    calm.stake("ann", 10**21)
    calm.earn(INCOME)
    calm.collect()
    for _ in range(50):
        desk.earn(1)
        desk.collect()
    assert desk.treasury.call("distribution").seconds_left == WEEK - 150
    calm.wait(WEEK)
    desk.wait(WEEK)
    assert desk.treasury.call("entitlement", desk.who("ann")) == calm.treasury.call("entitlement", calm.who("ann"))


def test_calls_in_between_change_nothing(desk):
    """The remainder of a division is the start of the next: to the last digit the path does not matter."""
    desk.stake("bea", 7 * 10**20 + 3)
    desk.collect()
    other = [desk.chain.snapshot()]
    for _ in range(40):
        desk.wait(997)
        desk.collect()
    desk.wait(WEEK - 40 * 998)
    often = [desk.treasury.call("entitlement", desk.who(name)) for name in ("ann", "bea")]
    desk.chain.revert(other.pop())
    desk.wait(WEEK)
    assert often == [desk.treasury.call("entitlement", desk.who(name)) for name in ("ann", "bea")]


def test_the_remainder_is_not_worth_a_visit():
    """Nearly all there can be is staked, so that the remainder is nearly a unit; the last one to stay gets it."""
    desk = TreasuryDesk.open(period=3_600)
    desk.stake("ann", BOUND - 1)
    desk.stake("guest", 1)
    desk.distribute(1)
    desk.wait(3_500)
    assert desk.treasury.call("remainder") > PRECISION * 9 // 10
    with desk.chain.block(seconds=50):
        desk.send("ann", "unstake", BOUND - 1).check()
        desk.send("guest", "unstake", 1).check()
    assert desk.claimable("ann") + desk.claimable("guest") == 0
    assert desk.ledger("ann", "guest") == 0
