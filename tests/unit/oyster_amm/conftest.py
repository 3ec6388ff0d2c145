"""A venue at 100 between a mock clearinghouse (market 3, IMR 10 %, MMR 5 %, tip 1) and the people around it."""

import pytest
from venue_desk import WIDE, Desk, open_desk

from nacre.units import WAD


@pytest.fixture
def desk() -> Desk:
    return open_desk()


@pytest.fixture
def provider(desk: Desk) -> str:
    return desk.chain.account("provider")


@pytest.fixture
def second(desk: Desk) -> str:
    """Another provider."""
    return desk.chain.account("second")


@pytest.fixture
def keeper(desk: Desk) -> str:
    return desk.chain.account("keeper")


@pytest.fixture
def wide(desk: Desk, provider: str) -> tuple[int, int]:
    """100,000 of margin from 50 to 200."""
    desk.add(provider, *WIDE, 100_000 * WAD).check()
    return WIDE
