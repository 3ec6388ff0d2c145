"""Pytest plugin, `-p nacre.coverage.plugin`: the contracts get probes, and the session ends by writing what they tell.

NACRE_COVERAGE_TESTS names the test files, NACRE_COVERAGE the file to write.
"""

import json
import os
from pathlib import Path
from typing import Any

from nacre.artifacts import ROOT
from nacre.bare_pytest import WithoutApe, lift_code_size
from nacre.coverage.probes import Probes, Watch, instrument, use_own_cache

RESULT = "NACRE_COVERAGE"
TESTS = "NACRE_COVERAGE_TESTS"

_watch = Watch()
_without_ape = WithoutApe(os.environ.get(TESTS, "").split(os.pathsep), measures=True)
pytest_addoption = _without_ape.pytest_addoption
pytest_ignore_collect = _without_ape.pytest_ignore_collect
pytest_collection_modifyitems = _without_ape.pytest_collection_modifyitems


def pytest_configure(config: Any) -> None:
    lift_code_size()
    use_own_cache()
    instrument(Probes(ROOT))
    _watch.begin()


def pytest_sessionfinish(session: Any) -> None:
    Path(os.environ[RESULT]).write_text(json.dumps(sorted(_watch.end())))
