"""What tests of the commands need: a script of scripts/ as a module, and a node to run it against."""

import importlib.util
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from nacre.artifacts import ROOT


def script(name: str) -> ModuleType:
    """Loaded anew; its command is `cli`."""
    spec = importlib.util.spec_from_file_location(f"script_{name}", ROOT / "scripts" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@contextmanager
def anvil(folder: Path) -> Iterator[str]:
    """The address of a node that ends with the block; its log lies in the folder."""
    arguments = ["anvil", "--port", "0", "--chain-id", "1337", "--hardfork", "prague"]
    with (folder / "log").open("w+") as log:
        process = subprocess.Popen(arguments, stdout=log, stderr=subprocess.STDOUT)
        try:
            found: list[str] = []
            while not found:
                time.sleep(0.05)
                assert process.poll() is None, "anvil ended"
                log.seek(0)
                found = [line for line in log.read().splitlines() if line.startswith("Listening on ")]
            yield "http://" + found[0].removeprefix("Listening on ")
        finally:
            process.terminate()
            process.wait()
