"""Deals mutants out to workers, each in a copy of the project of its own."""

import json
import os
import queue
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from nacre.artifacts import ROOT
from nacre.mutation.mutator import Mutant, MutationError
from nacre.mutation.targets import Target

# What tests need; the rest of the project's folder can be large.
COPIED = ("contracts", "interfaces", "nacre", "tests", "scenarios", "scripts", "docs", "bots")
COPIED_FILES = ("ape-config.yaml", "pyproject.toml", "requirements.in", "requirements.txt", "package.json", "run")
# Of a processor.
SECONDS_EACH = 200
# Where unoptimised code waits for the next time, in the project's folder.
CACHE = Path(".cache") / "mutation"


@dataclass(frozen=True)
class Verdict:
    """What became of a mutant, and which test noticed."""

    mutant: Mutant
    group: str
    outcome: str
    by: str
    seconds: float


class Worker:
    """See nacre/mutation/worker.py."""

    def __init__(self, tree: Path):
        environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        self._log: IO[bytes] = (tree / "worker.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "nacre.mutation.worker"],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._tree = tree
        self._answer()

    def judge(
        self,
        mutant: Mutant | None,
        source: str,
        tests: Sequence[str],
        without: Sequence[str],
        seconds: int = SECONDS_EACH,
    ) -> dict[str, Any]:
        """`source` holds the fault. Without a mutant: all the tests on the sources as they are."""
        place = {"file": mutant.file if mutant else "", "function": mutant.function if mutant else ""}
        job = place | {"source": source, "tests": list(tests), "without": list(without), "seconds": seconds}
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(job) + "\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            last = (self._tree / "worker.log").read_text().strip().splitlines()[-5:]
            raise MutationError("a worker ended: " + "\n".join(last))
        return json.loads(line)

    def close(self) -> None:
        with self._process:  # which closes its pipes and waits for it
            pass
        self._log.close()


def copy_project(to: Path, root: Path = ROOT) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, to / name, ignore=ignored)
    for name in COPIED_FILES:
        if (root / name).is_file():
            shutil.copy2(root / name, to / name)


@contextmanager
def workers(count: int) -> Iterator[list[Worker]]:
    """In copies that are gone afterwards. The first compiles everything, the others start with what it compiled."""
    with tempfile.TemporaryDirectory(prefix="nacre-mutation-") as folder, ExitStack() as stack:
        trees = [Path(folder) / str(number) for number in range(count)]
        started: list[Worker] = []
        for tree in trees:
            tree.mkdir()
            copy_project(tree)
            if (ROOT / CACHE).is_dir():
                shutil.copytree(ROOT / CACHE, tree / ".cache" / "artifacts")
            worker = Worker(tree)
            shutil.copytree(tree / ".cache" / "artifacts", ROOT / CACHE, dirs_exist_ok=True)
            stack.callback(worker.close)
            started.append(worker)
        yield started


def judge_all(
    mutants: list[tuple[Target, Mutant]],
    crew: list[Worker],
    without: Sequence[str],
    done: Callable[[Verdict], None],
    root: Path = ROOT,
) -> list[Verdict]:
    """In the order they are done. `done` is called with each, from several threads, one at a time."""
    sources = {target.file: (root / target.file).read_text() for target, _ in mutants}
    waiting: queue.SimpleQueue[tuple[Target, Mutant]] = queue.SimpleQueue()
    for item in mutants:
        waiting.put(item)
    verdicts: list[Verdict] = []
    failures: list[Exception] = []
    lock = threading.Lock()

    def work(worker: Worker) -> None:
        while not failures:
            try:
                target, mutant = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answer = worker.judge(mutant, mutant.applied(sources[target.file]), target.tests, without)
            except (MutationError, OSError) as error:
                failures.append(error)
                return
            with lock:
                verdicts.append(Verdict(mutant, target.group, **answer))
                done(verdicts[-1])

    threads = [threading.Thread(target=work, args=(worker,)) for worker in crew]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]
    return verdicts
