"""A treasury with collateral of 6 decimals that distributes over 10,000 seconds: 10,000 units are one a second."""

import pytest
from support.treasury import TreasuryDesk

PERIOD = 10_000


@pytest.fixture
def desk() -> TreasuryDesk:
    return TreasuryDesk.open(period=PERIOD)
