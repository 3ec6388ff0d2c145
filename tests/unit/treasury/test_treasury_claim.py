"""claim: whole units, once; what is not claimed waits."""

from support.treasury import PRECISION, TreasuryDesk

from nacre.chain import ZERO_ADDRESS


def test_what_it_changes(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(1_999)
    receipt = desk.send("ann", "claim", desk.who("bea")).check()
    assert receipt.value == 2_000
    claimed = receipt.event("Claimed")
    assert claimed.args[:4] == (desk.who("ann"), desk.who("bea"), 2_000, 2_000)
    assert claimed.reward_per_share == 2_000 * PRECISION // 100
    assert (desk.wallet("ann"), desk.wallet("bea"), desk.claimable("ann")) == (0, 2_000, 0)
    assert desk.treasury.call("total_claimed") == 2_000
    desk.wait(99)
    assert desk.send("ann", "claim").check().event("Claimed").total_claimed == 2_100


def test_nothing_to_claim(desk):
    assert desk.send("ann", "claim").reason == "nothing to claim"
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(10)
    with desk.chain.block():
        desk.send("ann", "claim").check()
        assert desk.send("ann", "claim").reason == "nothing to claim"
    assert desk.send("bea", "claim").reason == "nothing to claim"


def test_bad_receivers(desk):
    desk.stake("ann", 100)
    desk.distribute(10_000)
    desk.wait(10)
    before = desk.claimable("ann")
    for receiver in (ZERO_ADDRESS, desk.treasury.address):
        assert desk.send("ann", "claim", receiver).reason == "bad receiver"
        assert desk.send("bea", "claim", receiver).reason == "bad receiver"
    assert desk.claimable("ann") == before + 4


def test_a_fraction_of_a_unit_stays_and_grows(desk):
    """Three equal stakes: a third of a unit a second each, less a part in 1e36 that waits for the next division."""
    for name in ("ann", "bea", "cid"):
        desk.stake(name, 7)
    desk.distribute(10_000)
    desk.wait(2)
    assert desk.send("ann", "claim").reason == "nothing to claim"
    assert desk.treasury.call("entitlement", desk.who("ann")) == 3 * PRECISION // 21 * 7 == PRECISION - 1
    assert desk.treasury.call("remainder") == 3
    assert desk.send("ann", "claim").check().value == 1
    desk.wait(10_000)
    desk.send("ann", "claim").check()
    assert desk.wallet("ann") == 3_333
    left = desk.treasury.call("entitlement", desk.who("ann"))
    assert 0 < left < PRECISION
    desk.distribute(10_000)
    desk.wait(10_000)
    desk.send("ann", "claim").check()
    assert desk.wallet("ann") == 6_666
    desk.distribute(10_000)
    desk.wait(10_000)
    assert desk.claimable("ann") in (3_333, 3_334)
    assert desk.ledger("ann", "bea", "cid") == 0


def test_claiming_often_and_claiming_once_is_the_same(desk):
    desk.stake("often", 1_000)
    desk.stake("once", 1_000)
    desk.stake("third", 1_001)
    desk.distribute(777)
    for _ in range(40):
        desk.wait(250)
        desk.send("often", "claim").check()
    desk.wait(10_000)
    entitled = [desk.treasury.call("entitlement", desk.who(name)) for name in ("often", "once")]
    assert desk.wallet("often") * PRECISION + entitled[0] == entitled[1]


def test_the_last_one_out_is_paid():
    """Everybody claims everything: what remains is less than a unit each."""
    desk = TreasuryDesk.open(decimals=18, period=3_600)
    names = [f"staker {number}" for number in range(7)]
    for number, name in enumerate(names):
        desk.stake(name, 3**number)
    desk.distribute(10**18 + 1)
    desk.wait(3_600)
    for name in names:
        desk.send(name, "claim").check()
    held = desk.collateral.call("balanceOf", desk.treasury.address)
    assert held == 10**18 + 1 - sum(map(desk.wallet, names))
    assert 0 <= held <= len(names)
