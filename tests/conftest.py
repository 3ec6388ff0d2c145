"""Roles that tests speak of, and a deterministic Hypothesis. Pytest reads this before Ape compiles anything."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from nacre.ape_build import drop_stale_build

drop_stale_build(Path(__file__).parent.parent)

# `ci` finds the same examples each time; `deep` searches anew: HYPOTHESIS_PROFILE=deep ./run test tests/fuzz
settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("deep", parent=settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


@pytest.fixture(scope="session")
def owner(accounts):
    """Deploys, and owns what it deployed."""
    return accounts[0]


@pytest.fixture(scope="session")
def guardian(accounts):
    """May pause opening, nothing else."""
    return accounts[1]


@pytest.fixture(scope="session")
def trader(accounts):
    """Whose position a test is about."""
    return accounts[2]


@pytest.fixture(scope="session")
def counterparty(accounts):
    """Holds the other side."""
    return accounts[3]


@pytest.fixture(scope="session")
def keeper(accounts):
    """Liquidates for profit."""
    return accounts[4]


@pytest.fixture(scope="session")
def provider(accounts):
    """Provides liquidity to the venue."""
    return accounts[5]


@pytest.fixture(scope="session")
def outsider(accounts):
    """Has no role and no position."""
    return accounts[6]
