"""What a swap costs, in a fresh transaction: little more than its storage accesses."""

import pytest
from venue_desk import WIDE, Desk, open_desk

from nacre.artifacts import load
from nacre.chain import restored
from nacre.units import RAY, WAD

CENTRE = 46_050


@pytest.fixture(scope="module")
def busy() -> Desk:
    """Everything a swap touches is there and not zero."""
    desk = open_desk(exact_gas=True)
    provider = desk.chain.account("provider")
    desk.add(provider, *WIDE, 100_000 * WAD).check()
    desk.add(provider, CENTRE - 50, CENTRE + 100, 100 * WAD).check()
    for step, size in enumerate((60 * WAD, -120 * WAD, 60 * WAD)):
        desk.set(funding_index=RAY * (step + 1))
        desk.swap(size, 30).check()
    return desk


def gas(desk: Desk, size: int) -> int:
    """Of the call alone: not of the transaction and its calldata; the mock's forwarding, some 4,000, is in it."""
    data = desk.house.encode("swap", desk.venue.address, desk.order(size, 30))
    return desk.swap(size, 30).check().gas_used - 21_000 - sum(16 if byte else 4 for byte in data)


@pytest.mark.parametrize("size", [WAD // 100, -WAD // 100])
def test_inside_one_range(busy, size):
    assert gas(busy, size) < 25_000


def test_inside_one_range_while_funding_moves(busy):
    busy.set(funding_index=busy.context.funding_index + RAY // 100)
    assert gas(busy, WAD // 100) < 31_000


@pytest.mark.parametrize("size", [60 * WAD, -60 * WAD])
def test_over_one_edge(busy, size):
    before = busy.liquidity
    with restored(busy.chain):
        assert gas(busy, size) < 50_000
        assert busy.liquidity < before


def test_code_size():
    assert load("OysterAmm").code_size <= 22_500
