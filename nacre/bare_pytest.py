"""Pytest without Ape, for runs on code that is compiled otherwise than Ape would: mutants, code with probes.

Ape takes seconds to start and has a compiler of its own. Tests that ask for its fixtures are left out.

    pytest.main([*OPTIONS], plugins=[WithoutApe(["tests/unit/treasury/test_treasury_claim.py", ...])])
"""

import functools
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest

from nacre.artifacts import CODE_SIZE_LIMIT, ROOT
from nacre.chain import embedded

APE_FIXTURES = {"accounts", "project", "networks", "chain_provider"}
# Sizes and gas, which say nothing about such code.
MEASURES = re.compile(
    r"/test_(amm_gas|many|liveness_limits)\.py|::test_(it_fits|it_still_fits|code_size|the_longest_call_of_all_fits"
    r"|reading_costs_one_storage_access|attack_80c_every_setter_fits\w*|\w*deployed_sources\w*)"
)
# Counts legs by the gas they take, which probes add to; code that is only not optimised is cheap enough.
COUNTS_BY_GAS = re.compile(r"::test_250_legs_elsewhere_are_looked_at")
# Other chains, other processes, the compile cache itself.
ELSEWHERE = re.compile(r"::test_(the_)?command_|eth-tester|/test_(backends|command|timelock_command|artifacts)\.py")
# All of tests/ is asked for and files are left out while they are collected: given many files, pytest would load the
# conftest.py of each folder first, and modules of the same name would meet.
OPTIONS = ("--no-header", "-p", "no:ape_test", "tests")
# Such code is larger than a chain would take.
CODE_SIZE = 10 * CODE_SIZE_LIMIT


class WithoutApe:
    """Pytest plugin. Collects these files only, in this order; their paths begin in the project's folder.

    What measures sizes and gas is left out too, or may fail.
    """

    def __init__(self, files: Sequence[str], without: Sequence[str] = (), measures: bool = False):
        self._rank = {ROOT / file: rank for rank, file in enumerate(files)}
        self._without = set(without)
        self._measures = measures

    def pytest_addoption(self, parser: Any) -> None:
        parser.addoption("--show-internal", action="store_true")  # Ape's, which tests/conftest.py asks for

    def pytest_ignore_collect(self, collection_path: Path) -> bool | None:
        return True if collection_path.is_file() and collection_path not in self._rank else None

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        mine = [item for item in items if self._can_run(item)]
        for item in mine:
            if MEASURES.search(item.nodeid) or (self._measures and COUNTS_BY_GAS.search(item.nodeid)):
                item.add_marker(pytest.mark.xfail(reason="sizes and gas are others here", strict=False))
        items[:] = sorted(mine, key=lambda item: self._rank[item.path])

    def _can_run(self, item: Any) -> bool:
        if APE_FIXTURES & set(item.fixturenames) or ELSEWHERE.search(item.nodeid) or item.nodeid in self._without:
            return False
        return self._measures or not MEASURES.search(item.nodeid)


def files_of(paths: Iterable[str], root: Path = ROOT) -> list[str]:
    """Each file once, folders with all they hold."""
    found: dict[str, None] = {}
    for path in paths:
        place = root / path
        if not place.exists():
            raise FileNotFoundError(f"there is no {path}")
        files = sorted(place.rglob("test_*.py")) if place.is_dir() else [place]
        found |= {file.relative_to(root).as_posix(): None for file in files}
    return list(found)


def lift_code_size() -> None:
    """Contracts of any size may be deployed on the embedded chains of this process."""
    embedded.CfgEnv = functools.partial(embedded.CfgEnv, limit_contract_code_size=CODE_SIZE)  # type: ignore[misc, assignment]
