"""Pytest without Ape, for runs on code that is compiled otherwise than Ape would: mutants, code with probes.

Ape takes seconds to start and has a compiler of its own. Tests that ask for its fixtures are left out, and so are those
of sizes and gas, which say nothing about such code.
"""

import functools
from typing import Any

from nacre.artifacts import CODE_SIZE_LIMIT
from nacre.chain import embedded

APE_FIXTURES = {"accounts", "project", "networks", "chain_provider"}
OPTIONS = ("-p", "no:ape_test", "-k", "not (fits or gas or code_size or many or deployed_sources or reading_costs)")
# Such code is larger than a chain would take.
CODE_SIZE = 10 * CODE_SIZE_LIMIT


class WithoutApe:
    """Pytest plugin."""

    def pytest_addoption(self, parser: Any) -> None:
        parser.addoption("--show-internal", action="store_true")  # Ape's, which tests/conftest.py asks for

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = [item for item in items if not APE_FIXTURES & set(item.fixturenames)]


def lift_code_size() -> None:
    """Contracts of any size may be deployed on the embedded chains of this process."""
    embedded.CfgEnv = functools.partial(embedded.CfgEnv, limit_contract_code_size=CODE_SIZE)  # type: ignore[misc, assignment]
