"""A process that judges mutants in a copy of the project: `python -m nacre.mutation.worker`, in that folder.

One line of JSON in (a Job), one line out (outcome, by, seconds). Everything is imported once.
Each mutant is then judged in a fork, which compiles what the fault reaches, runs the tests until the first fails, and
is gone with all it had in memory. The compiler does not optimise here: it takes half the time, and a fault stays one.
"""

import json
import os
import resource
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

import hypothesis
import pytest
import vyper.compiler
from vyper.compiler.settings import OptimizationLevel

import nacre.deploy
from nacre import artifacts
from nacre.bare_pytest import OPTIONS, WithoutApe, lift_code_size

KILLED, SURVIVED, INVALID, TIMEOUT, BROKEN = "killed", "survived", "invalid", "timeout", "broken"
EXIT_INVALID = 77
# Bytes, less than a pipe holds.
MOST_TOLD = 60_000
# What the last pytest said, in the worker's folder.
OUTPUT = "pytest.log"


@dataclass(frozen=True)
class Job:
    """A mutant and the tests that should notice, without single ones, in so many seconds of a processor.

    Without a file: all the tests on the sources as they are. Without a function: the fault is in a constant.
    """

    file: str
    function: str
    source: str
    tests: list[str]
    without: list[str]
    seconds: int


class Referee(WithoutApe):
    """Notes what failed."""

    def __init__(self, job: "Job") -> None:
        super().__init__(job.tests, job.without)
        self.failed: list[str] = []
        self.passed = 0

    def pytest_collection(self) -> None:
        first_example_is_enough()

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self.failed.append(report.nodeid)
        self.passed += report.passed and report.when == "call"


def first_example_is_enough() -> None:
    """The first that fails: no search for a smaller one."""
    hypothesis.settings.register_profile(
        "once", hypothesis.settings(), phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate)
    )
    hypothesis.settings.load_profile("once")


class Workshop:
    """What is compiled of the sources as they are, and which functions each contract holds.

    A fault inside a function leaves the other contracts as they are: only those that hold it are compiled again.
    """

    def __init__(self, root: Path):
        self._root = root
        self._artifacts: dict[Path, artifacts.Artifact] = {}
        self._holds: dict[Path, set[str]] = {}
        compile_unoptimised()
        for path in artifacts.deployables(root):
            self._fill(path)

    def _fill(self, path: Path) -> None:
        record = artifacts._cache_file(path, self._root).with_suffix(".holds")
        if not (artifacts._cached(path, self._root) and record.is_file()):
            self._artifacts[path] = artifacts.compile_contract(path, self._root, use_cache=False)
            assert Unoptimised.last is not None
            record.write_text("\n".join(sorted(_held(Unoptimised.last, self._root))))
        self._artifacts[path] = artifacts.compile_contract(path, self._root)
        self._holds[path] = set(record.read_text().splitlines())

    @property
    def ready(self) -> dict[Path, artifacts.Artifact]:
        return dict(self._artifacts)

    def reached(self, functions: set[str]) -> set[Path]:
        """The contracts that hold one of them, as "file:function". Outside of functions a fault may be anywhere."""
        return {path for path, holds in self._holds.items() if not functions.isdisjoint(holds)}

    def open(self, job: Job) -> None:
        """In a fork: what the fault is in is compiled when asked for, once, and not kept."""
        stale = self.reached({f"{job.file}:{job.function}"})
        ready = {path: artifact for path, artifact in self._artifacts.items() if path not in stale}
        compile_ = artifacts._compile

        def make(source: Path, root: Path) -> artifacts.Artifact:
            try:
                ready[source] = compile_(source, root)
            except Exception:  # the compiler's own asserts too
                os._exit(EXIT_INVALID)
            return ready[source]

        artifacts._store = lambda *_: None
        artifacts._cached = lambda source, root: ready.get(source)
        artifacts._compile = make


class Unoptimised(vyper.compiler.CompilerData):
    last: "Unoptimised | None" = None

    def __init__(self, *arguments: Any, **fields: Any):
        super().__init__(*arguments, **fields)
        self.settings.optimize = OptimizationLevel.NONE
        Unoptimised.last = self


def compile_unoptimised() -> None:
    """From now on this process does, and its chains take code of any size."""
    toolchain = artifacts.toolchain() + ", unoptimised"
    artifacts.toolchain = lambda: toolchain  # type: ignore[assignment]
    vyper.compiler.CompilerData = Unoptimised
    lift_code_size()


def _held(data: vyper.compiler.CompilerData, root: Path) -> set[str]:
    """Each function in the code, as "contracts/lib/packing.vy:_masked"; each file read, its name and a colon."""
    module = data.annotated_vyper_module._metadata["type"]
    entries = [*module.exposed_functions, *([module.init_function] if module.init_function else [])]
    functions = {function for entry in entries for function in (entry, *entry.reachable_internal_functions)}
    names = {(Path(function.ast_def.module_node.resolved_path), function.name) for function in functions}
    names |= {(Path(entry.resolved_path), "") for entry in data.resolved_imports.compiler_inputs}
    names.add((Path(data.file_input.resolved_path), ""))
    inside = [(path.resolve(), name) for path, name in names if path.resolve().is_relative_to(root)]
    return {f"{path.relative_to(root).as_posix()}:{name}" for path, name in inside}


def judge(job: Job, workshop: Workshop, root: Path) -> dict[str, Any]:
    """Puts the fault in, lets a fork run the tests, takes the fault out."""
    started = time.monotonic()
    path = root / job.file if job.file else None
    original = path.read_text() if path else ""
    reader, writer = os.pipe()
    if path:
        path.write_text(job.source)
    try:
        child = os.fork()
        if not child:
            os.close(reader)
            _run_tests(job, workshop, writer)
        os.close(writer)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        with os.fdopen(reader) as told:
            by = told.read()
    finally:
        if path:
            path.write_text(original)
    outcome = _outcome(status, by)
    if outcome == BROKEN:
        by = "\n".join((root / OUTPUT).read_text().splitlines()[-20:])
    return {"outcome": outcome, "by": by, "seconds": time.monotonic() - started}


def _outcome(status: int, by: str) -> str:
    if status < 0:  # by the signal that ends who uses too much
        return TIMEOUT
    if status == EXIT_INVALID:
        return INVALID
    if status == pytest.ExitCode.OK:
        return SURVIVED
    return KILLED if by else BROKEN


def confine(seconds: int) -> None:
    """Of this process: what it prints goes to a file, and it ends after so many seconds of the processor."""
    output = os.open(OUTPUT, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))


def _run_tests(job: Job, workshop: Workshop, writer: int) -> NoReturn:
    """In the fork. Ends it, whatever happens."""
    status = 1
    try:
        confine(job.seconds)
        workshop.open(job)
        referee = Referee(job)
        status = int(pytest.main([*(["-x"] if job.file else []), "-q", *OPTIONS], plugins=[referee]))
        os.write(writer, "\n".join(referee.failed).encode()[:MOST_TOLD])
        if status == pytest.ExitCode.OK and not referee.passed:
            status = int(pytest.ExitCode.NO_TESTS_COLLECTED)
    finally:
        os._exit(status)


def main() -> None:
    root = artifacts.ROOT
    os.chdir(root)
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests and the compiler print is no answer
    assert nacre.deploy  # imported for the forks
    workshop = Workshop(root)
    print(json.dumps({"ready": True}), file=answers, flush=True)
    for line in sys.stdin:
        print(json.dumps(judge(Job(**json.loads(line)), workshop, root)), file=answers, flush=True)


if __name__ == "__main__":
    main()
