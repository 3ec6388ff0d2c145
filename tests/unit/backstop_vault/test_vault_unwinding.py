"""Anyone may close the vault's positions inside a band around mark, and take out margin that they do not need."""

import pytest
from vault_desk import ALL, VaultDesk

from nacre.units import WAD

M = 10**6


@pytest.fixture
def holding(desk: VaultDesk) -> VaultDesk:
    """Long 10 in market 0, short 10 in market 1, both from 100 with 200 of margin; the band is 1 %."""
    desk.seed("ann", 5_000 * M)
    for market, size in ((0, 10 * WAD), (1, -10 * WAD)):
        desk.market(market)
        desk.back_up(market, size=size, margin=200 * WAD).check()
    return desk


# ---- unwind


def test_it_closes_at_the_venue(holding: VaultDesk) -> None:
    receipt = holding.send("kim", "unwind", 0, 4 * WAD).check()
    event = receipt.event("Unwound")
    assert (event.market, event.caller, event.size) == (0, holding.who("kim"), -4 * WAD)
    assert (event.notional, event.position) == (receipt.value, 6 * WAD) == (400 * WAD, 6 * WAD)
    assert not receipt.events("MarginReturned")
    assert holding.view("committed", 0) == 200 * WAD
    assert holding.position(0).size == 6 * WAD


@pytest.mark.parametrize(("market", "size"), [(0, 10 * WAD), (1, 10 * WAD), (0, ALL), (1, ALL), (0, 2**255)])
def test_all_of_it_comes_back(holding: VaultDesk, market: int, size: int) -> None:
    receipt = holding.send("kim", "unwind", market, size).check()
    assert receipt.event("Unwound").position == 0
    event = receipt.event("MarginReturned")
    assert (event.market, event.amount, event.committed) == (market, 200 * WAD, 0)
    assert event.free_collateral == holding.free == 4_800 * WAD
    assert receipt.event("MarketActive").count == 1
    assert list(holding.view("active_markets")) == [1 - market]
    assert holding.view("totalAssets") == 5_000 * M


@pytest.mark.parametrize(
    ("market", "inside", "outside"),
    [(0, 99 * WAD, 99 * WAD - 10**9), (1, 101 * WAD, 101 * WAD + 10**9)],
)
def test_only_inside_the_band(holding: VaultDesk, market: int, inside: int, outside: int) -> None:
    holding.mark(market, 100 * WAD, fill=outside)
    holding.refuses("price limit", "kim", "unwind", market, WAD)
    holding.mark(market, 100 * WAD, fill=inside)
    holding.ok("kim", "unwind", market, WAD)
    holding.ok("owner", "set_band", 200)
    holding.mark(market, 100 * WAD, fill=outside)
    holding.ok("kim", "unwind", market, WAD)


def test_the_edge_of_the_band_is_rounded_inward(holding: VaultDesk) -> None:
    """Of a mark of 9,999 wei all but one basis point are 9,998 and a ten-thousandth."""
    holding.ok("owner", "set_band", 1)
    holding.mark(0, 9_999, fill=9_998)
    holding.refuses("price limit", "kim", "unwind", 0, WAD)
    holding.mark(0, 9_999, fill=9_999)
    holding.ok("kim", "unwind", 0, WAD)


@pytest.mark.parametrize("market", [0, 1])
def test_a_better_price_is_inside(holding: VaultDesk, market: int) -> None:
    holding.mark(market, 100 * WAD, fill=(150 if market == 0 else 50) * WAD)
    holding.ok("kim", "unwind", market, ALL)
    assert holding.free == 5_300 * WAD


@pytest.mark.parametrize("market", [0, 1])
def test_the_limit_is_never_none_and_never_rounds_outward(holding: VaultDesk, market: int) -> None:
    """A mark of 33 wei: 99 % of it is 32.67, 101 % are 33.33; 33 is the only price."""
    holding.mark(market, 33, fill=34 if market else 32)
    holding.refuses("price limit", "kim", "unwind", market, 10 * WAD)
    holding.mark(market, 33, fill=33)
    if market:
        holding.ok("kim", "unwind", market, 10 * WAD)
    else:
        # a long from 100 that is worth nothing
        holding.refuses("close leaves a deficit", "kim", "unwind", market, 10 * WAD)


def test_what_unwinding_refuses(holding: VaultDesk) -> None:
    holding.refuses("zero size", "kim", "unwind", 0, 0)
    holding.refuses("no position", "kim", "unwind", 2, 1)
    holding.ok("kim", "unwind", 0, ALL)
    holding.refuses("no position", "kim", "unwind", 0, 1)
    for state, reason in (("stale", "stale price"), ("jumped", "price just jumped"), ("broken", "feed failed")):
        holding.mark(1, 100 * WAD, **{state: True})
        receipt = holding.send("kim", "unwind", 1, ALL)
        assert (receipt.ok, receipt.reason) == (False, reason)


# ---- release


@pytest.mark.parametrize("market", [0, 1])
def test_it_takes_out_what_is_not_needed(holding: VaultDesk, market: int) -> None:
    receipt = holding.send("kim", "release", market).check()
    event = receipt.event("MarginReturned")
    assert (event.market, event.amount, event.committed) == (market, 100 * WAD, 100 * WAD)
    assert holding.position(market).balance == 100 * WAD
    assert holding.view("admit", market) == 900 * WAD
    holding.refuses("nothing to release", "kim", "release", market)


@pytest.mark.parametrize(("market", "loss", "profit"), [(0, 95 * WAD, 105 * WAD), (1, 105 * WAD, 95 * WAD)])
def test_losses_count_and_profits_do_not(holding: VaultDesk, market: int, loss: int, profit: int) -> None:
    with_loss = 200 - 50 - loss // 10**18
    holding.mark(market, profit)
    assert holding.send("kim", "release", market, 1).ok
    holding.mark(market, loss)
    holding.ok("kim", "release", market)
    assert holding.free == 4_600 * WAD + with_loss * WAD
    holding.mark(market, profit)
    holding.ok("kim", "release", market)
    assert holding.position(market).balance == profit


@pytest.mark.parametrize("carry", [30 * WAD, -30 * WAD, 1, -1])
def test_what_the_position_still_pays_counts(holding: VaultDesk, carry: int) -> None:
    holding.tell("set_carry", 0, holding.vault.address, carry)
    holding.ok("kim", "release", 0)
    assert holding.free == 4_700 * WAD - carry
    assert holding.position(0).balance == 100 * WAD


def test_it_takes_out_no_more_than_it_is_told(holding: VaultDesk) -> None:
    holding.ok("kim", "release", 0, 7 * WAD)
    assert holding.free == 4_607 * WAD
    holding.ok("kim", "release", 0, 94 * WAD)
    assert holding.free == 4_700 * WAD


def test_what_releasing_refuses(holding: VaultDesk) -> None:
    holding.refuses("market not active", "kim", "release", 2)
    holding.refuses("nothing to release", "kim", "release", 0, 0)
    holding.mark(0, 80 * WAD)
    holding.refuses("nothing to release", "kim", "release", 0)
    for state, reason in (("stale", "stale price"), ("jumped", "price just jumped"), ("broken", "feed failed")):
        holding.mark(1, 100 * WAD, **{state: True})
        receipt = holding.send("kim", "release", 1)
        assert (receipt.ok, receipt.reason) == (False, reason)


def test_more_than_the_clearinghouse_moves_at_once_goes_in_two(desk: VaultDesk) -> None:
    desk.seed("ann", 10**12 * M)
    desk.seed("ann", 10**12 * M)
    desk.tell("give", desk.vault.address, 2**104)
    desk.market(0, pot=10**40)
    desk.tell("set_pot", 0, 2**110)
    desk.back_up(0, size=WAD, balance=2**104 + 2**103, margin=WAD).check()
    desk.ok("kim", "release", 0)
    assert desk.position(0).balance == 2**103 + WAD + 1
    desk.ok("kim", "release", 0)
    assert desk.position(0).balance == 10 * WAD


# ---- claim and settle


def test_nothing_owed_is_nothing_to_claim(holding: VaultDesk) -> None:
    holding.refuses("nothing owed", "kim", "claim", 0)


def test_what_a_settlement_pays_comes_back(holding: VaultDesk) -> None:
    holding.ok("kim", "settle", 0)
    assert holding.house.call("settlements") == 1
    assert holding.view("committed", 0) == 200 * WAD
    holding.mark(0, 0)
    receipt = holding.send("kim", "settle", 0).check()
    assert (receipt.event("MarginReturned").amount, receipt.event("MarginReturned").committed) == (200 * WAD, 0)
    assert list(holding.view("active_markets")) == [1]
    holding.refuses("no position", "kim", "settle", 0)
