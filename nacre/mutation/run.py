"""Deals mutants out to processes, each in a copy of the project of its own."""

import json
import math
import os
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from nacre.artifacts import ROOT
from nacre.mutation.mutator import Mutant, MutationError
from nacre.mutation.session import OPEN, Plan, Turn
from nacre.mutation.targets import Target
from nacre.mutation.worker import INVALID, KILLED, SURVIVED

# What tests need; the rest of the project's folder can be large.
COPIED = ("contracts", "interfaces", "nacre", "tests", "scenarios", "scripts", "docs", "bots")
COPIED_FILES = ("ape-config.yaml", "pyproject.toml", "requirements.in", "requirements.txt", "package.json", "run")
# Of a processor.
SECONDS_EACH = 200
# Of it, at first.
PATIENCE = 3
# Mutants, between two looks at the clock.
BATCH = 60
SECONDS_ALL = 1_800
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


class Line:
    """A process in a copy of the project that answers lines of JSON."""

    def __init__(self, tree: Path, module: str):
        environment = os.environ | {"PYTHONPATH": str(tree), "PYTHONDONTWRITEBYTECODE": "1"}
        self._log: IO[bytes] = (tree / "worker.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=tree,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )
        self._tree = tree

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def answer(self) -> dict[str, Any]:
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


class Worker(Line):
    """One compilation a mutant. See nacre/mutation/worker.py."""

    def __init__(self, tree: Path):
        super().__init__(tree, "nacre.mutation.worker")
        self.answer()

    def judge(self, mutant: Mutant, source: str, tests: Sequence[str], without: Sequence[str]) -> dict[str, Any]:
        """`source` holds the fault."""
        place = {"file": mutant.file, "function": mutant.function}
        self.tell(
            json.dumps(
                place | {"source": source, "tests": list(tests), "without": list(without), "seconds": SECONDS_EACH}
            )
        )
        return self.answer()


class Session(Line):
    """One compilation for all mutants of a group. See nacre/mutation/session.py."""

    def __init__(self, tree: Path, faults: dict[int, Mutant], tests: Sequence[str]):
        super().__init__(tree, "nacre.mutation.session")
        self.tell(Plan(faults, list(tests)).to_json())
        told = self.answer()
        self.left, self.invalid = set(told["left"]), set(told["invalid"])

    def red(self) -> list[str]:
        """The tests that fail without a fault. From then on it is known which come by what."""
        answer = self.judge(0, [], [], SECONDS_ALL, SECONDS_ALL)
        if answer["outcome"] not in (SURVIVED, KILLED):
            raise MutationError(f"the tests do not run: {answer['by'] or answer['outcome']}")
        return answer["by"].splitlines()

    def judge(
        self, number: int, first: Sequence[str], without: Sequence[str], patience: int, seconds: int
    ) -> dict[str, Any]:
        self.tell(json.dumps(asdict(Turn(number, list(first), list(without), patience, seconds))))
        return self.answer()


class Killers:
    """Which tests to begin with: those that noticed faults in the same function, then in the same file, then any."""

    MOST = 12

    def __init__(self) -> None:
        self._found: dict[str, list[str]] = {}

    def _places(self, mutant: Mutant) -> tuple[str, ...]:
        return f"{mutant.file}:{mutant.line}", f"{mutant.file}:{mutant.function}", mutant.file, ""

    def note(self, mutant: Mutant, by: str) -> None:
        for place in self._places(mutant):
            known = self._found.setdefault(place, [])
            if by in known:
                known.remove(by)
            known.insert(0, by)
            del known[self.MOST :]

    def first(self, mutant: Mutant) -> list[str]:
        return list(dict.fromkeys(test for place in self._places(mutant) for test in self._found.get(place, [])))


def copy_project(to: Path, root: Path = ROOT) -> None:
    ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in COPIED:
        if (root / name).is_dir():
            shutil.copytree(root / name, to / name, ignore=ignored)
    for name in COPIED_FILES:
        if (root / name).is_file():
            shutil.copy2(root / name, to / name)


@contextmanager
def trees() -> Iterator[Callable[[], Path]]:
    """Makes copies of the project, each with what is compiled already, which are gone afterwards."""
    with tempfile.TemporaryDirectory(prefix="nacre-mutation-") as folder:
        lock = threading.Lock()
        made: list[Path] = []

        def make() -> Path:
            with lock:
                tree = Path(folder) / str(len(made))
                made.append(tree)
            tree.mkdir()
            copy_project(tree)
            if (ROOT / CACHE).is_dir():
                shutil.copytree(ROOT / CACHE, tree / ".cache" / "artifacts")
            return tree

        yield make
        for tree in made:
            if (tree / ".cache" / "artifacts").is_dir():
                shutil.copytree(tree / ".cache" / "artifacts", ROOT / CACHE, dirs_exist_ok=True)


Items = list[tuple[Target, Mutant]]
Done = Callable[[Verdict], None]


@dataclass
class Terms:
    """How a run goes. In the order of `seed`, so that what is judged at the `deadline` is a sample."""

    jobs: int
    check: bool
    seed: int
    killers: Killers
    deadline: float = math.inf

    @property
    def over(self) -> bool:
        return time.monotonic() > self.deadline

    def batches(self, numbers: Iterable[int]) -> Iterator[list[int]]:
        """Until the deadline; those of one line meet in one, which finds what notices them sooner."""
        mixed = list(numbers)
        random.Random(self.seed).shuffle(mixed)
        for start in range(0, len(mixed), BATCH):
            if self.over:
                return
            yield sorted(mixed[start : start + BATCH])


def judge_group(items: Items, tests: Sequence[str], tree: Path, terms: Terms, done: Done) -> tuple[Items, list[str]]:
    """All of one group. Returns those that must be compiled one by one, and the tests that fail without a fault."""
    faults = dict(enumerate((mutant for _, mutant in items), 1))
    session = Session(tree, faults, tests)
    try:
        red = session.red() if terms.check else []
        for batch in terms.batches(faults.keys() - session.left):
            waiting = batch
            for patience in (PATIENCE, SECONDS_EACH):  # what needs many tests waits until it is known which notice much
                first, waiting = waiting, []
                for number in first:
                    mutant = faults[number]
                    answer: dict[str, Any] = {"outcome": INVALID, "by": "", "seconds": 0.0}
                    if number not in session.invalid:
                        answer = session.judge(number, terms.killers.first(mutant), red, patience, SECONDS_EACH)
                    if answer["outcome"] == OPEN:
                        waiting.append(number)
                        continue
                    if answer["outcome"] == KILLED:
                        terms.killers.note(mutant, answer["by"].splitlines()[0])
                    done(Verdict(mutant, items[0][0].group, **answer))
    finally:
        session.close()
    return [items[number - 1] for number in sorted(session.left)], red


def judge_alone(items: Items, tree: Path, red: Sequence[str], done: Done, root: Path = ROOT) -> None:
    """One compilation each."""
    worker = Worker(tree)
    try:
        for target, mutant in items:
            source = mutant.applied((root / target.file).read_text())
            done(Verdict(mutant, target.group, **worker.judge(mutant, source, target.tests, red)))
    finally:
        worker.close()


def judge_all(items: Items, terms: Terms, said: Callable[[str], None], done: Done) -> None:
    """Group by group, several at a time; `done` is called with each verdict, from several threads, one at a time."""
    groups: dict[str, Items] = {}
    for target, mutant in items:
        groups.setdefault(target.group, []).append((target, mutant))
    lock = threading.Lock()

    def one_by_one(verdict: Verdict) -> None:
        with lock:
            done(verdict)

    def work(group: str) -> None:
        of = {mutant: target for target, mutant in groups[group]}
        alive: Items = []

        def done_unless_more(verdict: Verdict) -> None:
            if verdict.outcome == SURVIVED and of[verdict.mutant].more:
                alive.append((of[verdict.mutant], verdict.mutant))
            else:
                one_by_one(verdict)

        target = groups[group][0][0]
        said(f"{group}: compiling {len(groups[group])} mutants")
        left, red = judge_group(groups[group], target.tests, make(), terms, done_unless_more)
        if alive:
            said(f"{group}: {len(alive)} go to more tests")
            also_left, also_red = judge_group(alive, target.more, make(), terms, one_by_one)
            left, red = left + also_left, red + also_red
        for test in red:
            said(f"{group}: left out, since it fails without a mutant: {test}")
        if left and not terms.over:
            judge_alone(left, make(), red, one_by_one)

    with trees() as make, ThreadPoolExecutor(terms.jobs) as pool:
        for finished in [pool.submit(work, group) for group in groups]:
            finished.result()
