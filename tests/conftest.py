"""Roles that tests speak of, and a deterministic Hypothesis. Pytest reads this before Ape compiles anything."""

import gc
import os
from pathlib import Path

import pytest
from _pytest._code import Traceback
from hypothesis import HealthCheck, settings

from nacre.ape_build import drop_stale_build

ROOT = Path(__file__).resolve().parent.parent

drop_stale_build(ROOT)

# `ci` finds the same examples each time; `deep` searches anew: HYPOTHESIS_PROFILE=deep ./run test tests/fuzz
settings.register_profile(
    "ci", derandomize=True, deadline=None, database=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
settings.register_profile("deep", parent=settings.get_profile("ci"), derandomize=False, max_examples=5_000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))


def pytest_configure(config):
    """Compiles once before the workers of pytest-xdist start, which would all do it and write the same file."""
    if config.getoption("numprocesses", None) and not hasattr(config, "workerinput"):
        import ape

        try:
            ape.project.load_contracts()
        except ape.exceptions.CompilerError as error:
            raise pytest.UsageError(f"the contracts do not compile: {error}") from None


def pytest_unconfigure(config):
    """Spares a worker the collections that pytest ends with.

    On what the whole suite leaves they take longer than five seconds. Then pytest-xdist interrupts the worker,
    which Ape answers with an exit inside the garbage collector.
    """
    if hasattr(config, "workerinput"):
        gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Shows a failure by the project's own frames, not by those of Ape, web3 and eth-tester below them."""
    report = yield
    if report.failed and call.excinfo and not item.config.getoption("--show-internal"):
        ours = [frame for frame in call.excinfo.traceback if _is_ours(Path(frame.path))]
        if ours:
            call.excinfo.traceback = Traceback(ours)
            report.longrepr = call.excinfo.getrepr(style="short", tbfilter=False, chain=False)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_exception_interact(report):
    """Keeps that account. Ape would write its own, which takes .venv, being in the project, for project code."""
    account = report.longrepr
    result = yield
    report.longrepr = account
    return result


def _is_ours(path):
    return path.is_relative_to(ROOT) and path.relative_to(ROOT).parts[0] not in (".venv", "node_modules")


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
