"""Vaults over a mock, one for each test."""

import pytest
from vault_desk import VaultDesk

from nacre.units import DAY


@pytest.fixture
def desk() -> VaultDesk:
    """Without delays, six decimals."""
    return VaultDesk.open()


@pytest.fixture
def waiting() -> VaultDesk:
    """A day until a deposit takes part, two until a redemption does."""
    return VaultDesk.open(delay=DAY, lock_up=2 * DAY)


@pytest.fixture(params=[0, 6, 18])
def any_desk(request: pytest.FixtureRequest) -> VaultDesk:
    """Without delays, of any decimals."""
    return VaultDesk.open(decimals=request.param)
