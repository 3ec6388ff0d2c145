"""A market whose deficits go to auto-deleveraging, and people in it: see tests/support/exchange.py."""

import pytest
from support.deleveraging import winners
from support.fixtures import *  # noqa: F403

# One auto-deleveraging must be able to pass a side: hence the cap.
ADL = {"loss": "adl", "min_notional": 10, "max_open_interest": 100_000, "max_deviation_bps": 10_000}


@pytest.fixture
def exchange(opened):
    return opened(**ADL)


@pytest.fixture
def opened_adl(opened):
    """As `opened`, with further parameters."""
    return lambda **fields: opened(**ADL | fields)


@pytest.fixture
def crowd():
    return winners
