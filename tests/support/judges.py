"""The processes that judge mutants, started as `./run mutate` does."""

import os
import subprocess
import sys
from pathlib import Path


def start(module: str, root: Path) -> subprocess.Popen[str]:
    """`module` on the project in `root`; who starts it closes its pipes."""
    return subprocess.Popen(
        [sys.executable, "-m", module],
        cwd=root,
        env=os.environ | {"PYTHONPATH": str(root)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
