"""Pytest plugin, `-p nacre.coverage.plugin`: the contracts get probes, and the session ends by writing what they tell.

Each process of pytest-xdist writes a file of its own into the folder that NACRE_COVERAGE names.
"""

import json
import os
from pathlib import Path
from typing import Any

from nacre.artifacts import ROOT
from nacre.bare_pytest import WithoutApe, lift_code_size
from nacre.coverage.probes import Probes, Watch, instrument, use_own_cache

FOLDER = "NACRE_COVERAGE"

_watch = Watch()
_without_ape = WithoutApe()
pytest_addoption = _without_ape.pytest_addoption
pytest_collection_modifyitems = _without_ape.pytest_collection_modifyitems


def pytest_configure(config: Any) -> None:
    lift_code_size()
    use_own_cache()
    instrument(Probes(ROOT))
    _watch.begin()


def pytest_sessionfinish(session: Any) -> None:
    touched = sorted(_watch.end())
    (Path(os.environ[FOLDER]) / f"{os.getpid()}.json").write_text(json.dumps(touched))
