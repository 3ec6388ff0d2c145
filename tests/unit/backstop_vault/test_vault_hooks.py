"""What the engine asks and tells the vault: how much margin it puts into a market, and what came of it."""

import pytest
from vault_desk import ALL, POT, VaultDesk

from nacre.units import WAD

M = 10**6


@pytest.fixture
def backed(desk: VaultDesk) -> VaultDesk:
    """A vault of 5,000, market 0 at 100 with a loss cap of 1,000."""
    desk.seed("ann", 5_000 * M)
    desk.market(0)
    return desk


# ---- admit


def test_it_admits_what_the_cap_leaves(backed: VaultDesk) -> None:
    assert backed.view("admit", 0) == 1_000 * WAD
    backed.back_up(0, size=10 * WAD, margin=300 * WAD).check()
    assert backed.view("admit", 0) == 700 * WAD
    backed.back_up(0, size=10 * WAD, margin=700 * WAD).check()
    assert backed.view("admit", 0) == 0


def test_it_admits_no_more_than_is_free(desk: VaultDesk) -> None:
    desk.seed("ann", 40 * M)
    desk.market(0)
    assert desk.view("admit", 0) == 40 * WAD
    desk.back_up(0, size=WAD, margin=40 * WAD).check()
    assert desk.view("admit", 0) == 0


def test_it_keeps_out_of_markets_without_a_cap(backed: VaultDesk) -> None:
    assert backed.view("admit", 1) == 0
    backed.ok("owner", "set_loss_cap", 0, 0)
    assert backed.view("admit", 0) == 0


def test_a_cap_below_what_is_committed_admits_nothing(backed: VaultDesk) -> None:
    backed.back_up(0, size=10 * WAD, margin=300 * WAD).check()
    backed.ok("owner", "set_loss_cap", 0, 300 * WAD)
    assert backed.view("admit", 0) == 0
    backed.ok("owner", "set_loss_cap", 0, 299 * WAD)
    assert backed.view("admit", 0) == 0
    assert backed.back_up(0, size=WAD, balance=WAD).reason == "loss cap reached"
    backed.ok("owner", "set_loss_cap", 0, 301 * WAD)
    assert backed.view("admit", 0) == WAD


def test_caps_of_other_markets_are_their_own(backed: VaultDesk) -> None:
    backed.market(1, cap=50)
    backed.back_up(0, size=10 * WAD, margin=1_000 * WAD).check()
    assert (backed.view("admit", 0), backed.view("admit", 1)) == (0, 50 * WAD)


# ---- took_over


def test_it_records_the_margin(backed: VaultDesk) -> None:
    receipt = backed.back_up(0, size=-4 * WAD, balance=7 * WAD, margin=50 * WAD).check()
    event = receipt.event("MarginCommitted")
    assert (event.market, event.margin, event.committed) == (0, 50 * WAD, 50 * WAD)
    active = receipt.event("MarketActive")
    assert (active.market, active.active, active.count) == (0, True, 1)
    assert not receipt.events("MarginReturned")
    assert list(backed.view("active_markets")) == [0]
    assert backed.view("committed", 0) == 50 * WAD
    assert backed.view("totalAssets") == 5_007 * M
    again = backed.back_up(0, size=-WAD, margin=5 * WAD).check()
    assert again.event("MarginCommitted").committed == 55 * WAD
    assert not again.events("MarketActive")


def test_only_the_engine_hands_over(backed: VaultDesk) -> None:
    backed.refuses("not engine", "kim", "took_over", 0, WAD)
    backed.refuses("not engine", "owner", "took_over", 0, WAD)
    backed.refuses("not engine", "kim", "watch", 0)
    backed.refuses("not engine", "kim", "came_back", 0)


def test_never_above_the_cap(backed: VaultDesk) -> None:
    assert backed.back_up(0, size=WAD, margin=1_000 * WAD + 1).reason == "loss cap reached"
    backed.back_up(0, size=WAD, margin=400 * WAD).check()
    assert backed.back_up(0, size=WAD, margin=600 * WAD + 1).reason == "loss cap reached"
    assert backed.back_up(1, size=WAD, margin=1).reason == "loss cap reached"
    backed.back_up(0, size=WAD, margin=600 * WAD).check()
    assert backed.view("committed", 0) == 1_000 * WAD


def test_never_more_than_there_is(desk: VaultDesk) -> None:
    desk.seed("ann", 40 * M)
    desk.market(0)
    assert desk.back_up(0, size=WAD, margin=40 * WAD + 1).reason == "insufficient collateral"
    desk.back_up(0, size=WAD, margin=40 * WAD).check()


def test_sixteen_markets_and_no_more(backed: VaultDesk) -> None:
    for market in range(17):
        backed.market(market, cap=10)
    for market in range(16):
        backed.back_up(market, size=WAD, margin=WAD).check()
    assert sorted(backed.view("active_markets")) == list(range(16))
    assert backed.view("totalAssets") == 5_000 * M
    assert backed.view("admit", 16) == 0
    assert backed.back_up(16, size=WAD, margin=WAD).reason == "too many markets"
    assert backed.view("admit", 5) == 9 * WAD
    backed.back_up(5, size=WAD, margin=WAD).check()
    backed.ok("kim", "unwind", 3, ALL)
    assert sorted(backed.view("active_markets")) == [market for market in range(16) if market != 3]
    assert backed.view("admit", 16) == 10 * WAD
    backed.back_up(16, size=WAD, margin=WAD).check()
    assert sorted(backed.view("active_markets")) == [market for market in range(17) if market != 3]
    assert backed.ok("ann", "redeem", 5_000, backed.who("ann"), backed.who("ann")) == 0


# ---- came_back


def test_a_position_that_ends_at_once_comes_back(backed: VaultDesk) -> None:
    """The engine hands over the other side of what the vault has: it ends, and all of it is free again."""
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    receipt = backed.back_up(0, size=-4 * WAD, balance=3 * WAD, margin=10 * WAD).check()
    event = receipt.event("MarginReturned")
    assert (event.market, event.amount, event.committed) == (0, 63 * WAD, 0)
    assert event.free_collateral == backed.free == 5_003 * WAD
    assert (receipt.event("MarketActive").active, receipt.event("MarketActive").count) == (False, 0)
    assert not backed.view("active_markets")


def test_a_loss_stays_committed(backed: VaultDesk) -> None:
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.mark(0, 90 * WAD)
    backed.back_up(0, size=-4 * WAD, notional=360 * WAD, margin=0).check()
    assert backed.view("committed", 0) == 40 * WAD
    assert backed.view("admit", 0) == 960 * WAD
    assert backed.free == 4_960 * WAD


def test_a_profit_is_not_saved_up(backed: VaultDesk) -> None:
    """More came back than went in: nothing is committed, and the cap is no larger than it was."""
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.mark(0, 110 * WAD)
    backed.house.transact("deleverage", backed.vault.address, 0, True, sender=backed.owner).check()
    assert backed.free == 5_040 * WAD
    assert (backed.view("committed", 0), backed.view("admit", 0)) == (0, 1_000 * WAD)


def test_deleveraging_that_the_engine_does_not_tell_of_stays_committed(backed: VaultDesk) -> None:
    """The cap errs on the safe side, and the owner may raise it."""
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.house.transact("deleverage", backed.vault.address, 0, False, sender=backed.owner).check()
    assert backed.free == 5_000 * WAD
    assert (backed.view("committed", 0), backed.view("admit", 0)) == (50 * WAD, 950 * WAD)
    assert len(backed.view("active_markets")) == 1
    backed.ok("kim", "release", 0)
    assert backed.view("committed", 0) == 50 * WAD
    assert not backed.view("active_markets")
    backed.ok("owner", "set_loss_cap", 0, 1_050 * WAD)
    assert backed.view("admit", 0) == 1_000 * WAD


def test_the_engine_watches_before_it_tells() -> None:
    """What is watched is forgotten with the transaction."""
    desk = VaultDesk.open(engine="kim")
    desk.seed("ann", M)
    desk.market(0)
    desk.refuses("not watched", "kim", "came_back", 0)
    desk.ok("kim", "watch", 0)
    desk.refuses("not watched", "kim", "came_back", 0)
    desk.ok("kim", "took_over", 0, WAD)
    desk.refuses("not watched", "kim", "came_back", 0)
    desk.refuses("not engine", "owner", "watch", 0)


def test_it_tells_of_the_market_it_watched(backed: VaultDesk) -> None:
    vault = backed.vault.address
    assert backed.house.transact("confuse", vault, 0, 1, sender=backed.owner).reason == "not watched"
    assert backed.house.transact("confuse", vault, 1, 0, sender=backed.owner).reason == "not watched"
    backed.house.transact("confuse", vault, 1, 1, sender=backed.owner).check()


def test_it_tells_once(backed: VaultDesk) -> None:
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    assert backed.house.transact("repeat", backed.vault.address, 0, sender=backed.owner).reason == "not watched"


def test_gifts_lower_nothing(backed: VaultDesk) -> None:
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.gift(30 * M)
    assert backed.view("committed", 0) == 50 * WAD
    backed.ok("kim", "unwind", 0, 2 * WAD)
    assert backed.view("committed", 0) == 50 * WAD
    backed.ok("kim", "unwind", 0, 2 * WAD)
    assert backed.view("committed", 0) == 0


# ---- debts of markets


def test_what_a_market_owes_comes_back_when_it_pays(backed: VaultDesk) -> None:
    backed.market(0, pot=20)
    backed.tell("set_pot", 0, 20 * WAD)
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.ok("kim", "unwind", 0, ALL)
    assert (backed.free, backed.house.call("owed", 0, backed.vault.address)) == (4_970 * WAD, 30 * WAD)
    assert backed.view("committed", 0) == 30 * WAD
    assert len(backed.view("active_markets")) == 1
    backed.refuses("pot is short", "kim", "claim", 0)
    backed.tell("set_pot", 0, POT)
    receipt = backed.send("kim", "claim", 0).check()
    assert (receipt.event("MarginReturned").amount, receipt.event("MarginReturned").committed) == (30 * WAD, 0)
    assert backed.free == 5_000 * WAD
    assert not backed.view("active_markets")


@pytest.mark.parametrize("then", ["admit", "took over", "release", "unwind", "watch"])
def test_what_others_had_the_market_pay_counts_once(backed: VaultDesk, then: str) -> None:
    backed.tell("set_pot", 0, 20 * WAD)
    backed.back_up(0, size=4 * WAD, margin=50 * WAD).check()
    backed.ok("kim", "unwind", 0, ALL)
    backed.tell("set_pot", 0, POT)
    backed.house.transact("claim", 0, backed.vault.address, sender=backed.who("kim")).check()
    assert (backed.view("committed", 0), backed.view("admit", 0)) == (0, 1_000 * WAD)
    if then == "took over":
        receipt = backed.back_up(0, size=WAD, margin=1_000 * WAD).check()
        assert receipt.event("MarginCommitted").committed == 1_000 * WAD
    elif then == "release":
        backed.ok("kim", "release", 0)
        assert not backed.view("active_markets")
        backed.refuses("market not active", "kim", "release", 0)
    elif then == "unwind":
        backed.back_up(0, size=WAD, margin=10 * WAD).check()
        backed.ok("kim", "unwind", 0, ALL)
        assert backed.view("committed", 0) == 0
    elif then == "watch":
        backed.house.transact("confuse", backed.vault.address, 0, 0, sender=backed.owner).check()
        assert not backed.view("active_markets")
    assert backed.view("committed", 0) == (1_000 * WAD if then == "took over" else 0)


def test_a_debt_counts_for_who_comes_and_not_for_who_leaves(backed: VaultDesk) -> None:
    """Else somebody would come just before it is paid, and share in it."""
    backed.tell("set_pot", 0, 0)
    backed.back_up(0, size=10 * WAD, margin=1_000 * WAD).check()
    backed.ok("kim", "unwind", 0, ALL)
    assert backed.view("appraisal") == (4_000 * WAD, 0, 1_000 * WAD, 0)
    assert backed.view("totalAssets") == 4_000 * M
    shares = backed.view("previewDeposit", 4_000 * M)
    assert shares == 4_000 * M * (5_000 * M * 10**6 + 10**6) // (5_000 * M + 1)
    assert backed.view("previewRedeem", 5_000 * M * 10**6) == 5_000 * M * 10**6 * (4_000 * M + 1) // (
        5_000 * M * 10**6 + 10**6
    )
    backed.seed("bea", 4_000 * M)
    backed.tell("set_pot", 0, POT)
    backed.ok("bea", "claim", 0)
    bea = backed.who("bea")
    assert backed.ok("bea", "redeem", shares, bea, bea) == 4_000 * M


@pytest.mark.parametrize("pot", [10**6, 300, 0])
def test_what_deleveraging_leaves_on_the_record_is_not_forgotten(backed: VaultDesk, pot: int) -> None:
    """It counts as owed, for who comes; the market stays on the list until it is paid, as far as the pot has it."""
    backed.back_up(0, size=4 * WAD, margin=350 * WAD).check()
    backed.tell("set_pot", 0, pot * WAD)
    backed.tell("leave_due", backed.vault.address, 0)
    assert backed.position(0).size == 0
    assert backed.view("appraisal").owed == 350 * WAD
    entering = backed.view("previewDeposit", 1_000)
    backed.ok("kim", "release", 0)
    paid = min(350, pot) * WAD
    assert backed.free == 4_650 * WAD + paid
    assert backed.view("committed", 0) == 350 * WAD - paid
    assert backed.view("appraisal").owed == 350 * WAD - paid
    assert backed.view("previewDeposit", 1_000) == entering
    assert list(backed.view("active_markets")) == ([] if paid == 350 * WAD else [0])
    backed.tell("set_pot", 0, 1_000 * WAD)
    if paid != 350 * WAD:
        backed.ok("kim", "settle", 0)
    assert (backed.free, backed.view("committed", 0)) == (5_000 * WAD, 0)
    assert not backed.view("active_markets")
