"""A market whose deficits go to auto-deleveraging, and people in it: see tests/support/exchange.py."""

import pytest
from support.fixtures import *  # noqa: F403

from nacre.units import WAD

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
    """Opens positions for new accounts, who have 2,000 each: (size, margin) for each; returns the accounts."""

    def opened_for(exchange, *positions, prefix="winner"):
        accounts = []
        for number, (size, margin) in enumerate(positions):
            account = exchange.chain.account(f"{prefix} {number}")
            exchange.system.fund(account, 2_000 * WAD)
            exchange.trade(account, size, margin)
            accounts.append(account)
        return accounts

    return opened_for
