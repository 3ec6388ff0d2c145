"""Judges many mutants with one compilation: `python -m nacre.mutation.session`, in a copy of the project.

Reads a line of JSON with the faults (a Plan), puts them all into the sources, each behind a switch (switches.py),
compiles, collects the tests once and answers which faults need a compilation of their own. Then one line in (a Turn),
one line out (outcome, by, seconds): the tests run in a fork whose chains switch the fault on, until the first fails.
"""

import gc
import importlib.metadata
import json
import os
import re
import time
import weakref
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NoReturn

import pytest
import vyper.codegen.expr
import vyper.compiler
import vyper.ir.compile_ir
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings, anchor_settings
from vyper.exceptions import ExceptionList, InitializerException, VyperException

import nacre.deploy
from nacre import artifacts
from nacre.bare_pytest import OPTIONS, WithoutApe
from nacre.chain import EmbeddedChain, embedded
from nacre.mutation import worker
from nacre.mutation.mutator import ARGUMENTS, Mutant
from nacre.mutation.switches import BASE, Switches, visit
from nacre.mutation.worker import (
    BROKEN,
    KILLED,
    OUTPUT,
    SURVIVED,
    TIMEOUT,
    confine,
    first_example_is_enough,
)

# Labels in the code have two bytes, which is 64 KB; the code of all faults together is larger.
LABEL_BYTES = 3
# Contracts of the tests' own, which give them what a library does.
HARNESSES = "tests/support/vyper/contracts/*.vy"
# Not judged yet.
OPEN = "open"
# Seconds.
SLOW = 0.25


_FUNCTION = re.compile(r'contract "[^"]+:\d+", function "(\w+)"')
LIBRARY = Path(str(importlib.metadata.distribution("snekmate").locate_file("")))
# How the compiler says where an error is.
_PLACE = re.compile(r'contract "([^":]+):\d+",.*? line (\d+):(\d+)')


@dataclass(frozen=True)
class Plan:
    """Faults by number, and the files of tests that should notice."""

    faults: dict[int, Mutant]
    tests: list[str]

    def to_json(self) -> str:
        return json.dumps({"faults": {number: asdict(one) for number, one in self.faults.items()}, "tests": self.tests})

    @classmethod
    def from_json(cls, line: str) -> "Plan":
        told = json.loads(line)
        return cls({int(number): Mutant(**one) for number, one in told["faults"].items()}, told["tests"])


@dataclass(frozen=True)
class Turn:
    """Number 0 stands for the sources as they are, all tests then; `first` are tests that are likely to notice.

    After `patience` seconds of a processor nothing is said (OPEN), after `seconds` the tests do not end (TIMEOUT).
    """

    number: int
    first: list[str]
    without: list[str]
    patience: int
    seconds: int


class _Refused(VyperException):
    """Several errors of the compiler at once."""

    def __init__(self, errors: list[VyperException]):
        super().__init__("\n".join(map(str, errors)))
        self.errors = [inner for error in errors for inner in getattr(error, "errors", [error])]


def _raise_all(errors: ExceptionList) -> None:
    if errors:
        raise _Refused([error for error in errors if isinstance(error, VyperException)])


class Workshop:
    """Compiles the sources with all faults that compile."""

    def __init__(self, root: Path, faults: dict[int, Mutant]):
        self._root, self._faults = root.resolve(), faults
        harnesses = sorted(self._root.glob(HARNESSES))
        paths = [*self._root.glob("contracts/**/*.vy"), *self._root.glob("interfaces/**/*.vyi"), *harnesses]
        texts = {path.relative_to(self._root).as_posix(): path.read_text() for path in paths}
        self.switches = Switches(texts, faults)
        self._texts = {file: self.switches.source(file) for file in texts}
        self.invalid: set[int] = set()
        self._places: dict[int, set[int]] = {}
        plain = worker.Workshop(self._root)
        reached = plain.reached(self.switches.functions)
        self._open = [*sorted(reached), *harnesses]
        self._ready = {path: artifact for path, artifact in plain.ready.items() if path not in reached}
        ExceptionList.raise_if_not_empty = _raise_all
        vyper.ir.compile_ir.SYMBOL_SIZE = LABEL_BYTES
        # that the word has a new name
        vyper.codegen.expr.vyper_warn = lambda *_: None

    def compile_all(self) -> None:
        for file in self._texts:
            self._write(file, self.switches.plain(file))
        for file in self.switches.files:  # each among the others as they are, which is sooner read
            self._write(file, self._texts[file].text)
            while not self._analyse(file):
                self._write(file, self._texts[file].text)
            self._write(file, self.switches.plain(file))
        for file in self.switches.files:
            self._write(file, self._texts[file].text)
        ready = self._ready
        artifacts._store = lambda *_: None
        for path in self._open:
            while True:
                try:
                    ready[path] = artifacts._compile(path, self._root)
                    break
                except (_Refused, artifacts.CompileError, AssertionError) as error:
                    cause = error.__cause__ if isinstance(error, artifacts.CompileError) else error
                    self._drop(cause if cause is not None else error)
                    for file in self.switches.files:
                        self._write(file, self._texts[file].text)
        cached, compile_ = artifacts._cached, artifacts._compile

        def find(source: Path, root: Path) -> artifacts.Artifact | None:
            return ready.get(source) or cached(source, root)

        def make(source: Path, root: Path) -> artifacts.Artifact:
            if source not in ready:
                ready[source] = compile_(source, root)
            return ready[source]

        artifacts._cached, artifacts._compile = find, make

    def check_rest(self) -> None:
        """Of those left, the ones whose types do not fit are invalid."""
        for file in self.switches.files:
            self._write(file, self.switches.plain(file))
        self.invalid |= {number for number in self.switches.left - self.invalid if not self._fits(number)}

    def _fits(self, number: int) -> bool:
        """Whether the types do, of that fault alone among plain sources."""
        fault = self._faults[number]
        found = (self._root / fault.file).read_text()
        self._write(fault.file, self.switches.applied(fault))
        try:
            analyse(self._root / fault.file, self._root)
        except Exception:  # the compiler's own asserts too
            return False
        finally:
            self._write(fault.file, found)
        return True

    def kin(self, number: int) -> tuple[set[int], set[int]]:
        """Places of a fault, and of all in the same function."""
        if not self._places:
            self._places = {one: self.switches.places_of(one) for one in self._faults}
        fault = self._faults[number]
        same = [n for n, one in self._faults.items() if (one.file, one.function) == (fault.file, fault.function)]
        return self._places[number], set().union(*(self._places[n] for n in same))

    def _write(self, file: str, text: str) -> None:
        (self._root / file).write_text(text)

    def _analyse(self, file: str) -> bool:
        """Whether the types fit; drops those that do not."""
        try:
            analyse(self._root / file, self._root)
        except (_Refused, VyperException) as error:
            self._drop(error)
            return False
        return True

    def _drop(self, error: BaseException) -> None:
        errors = error.errors if isinstance(error, _Refused) else [error]
        bad: set[int] = set()
        for one in errors:
            for file, line, column in _PLACE.findall(str(one)):
                if file in self._texts and (found := self._texts[file].numbers_at(int(line), int(column))):
                    bad |= set(found)
                    break
        if not bad:  # it points at a constant: ask those of the function whose type may not fit
            names = {name for one in errors for name in _FUNCTION.findall(str(one))}
            some = self.switches.numbers_in(names)
            if not some:
                raise error
            swaps = {number for number in some if self._faults[number].kind == ARGUMENTS}
            bad = {number for number in swaps if not self._fits(number)}
            self.invalid |= bad
            # by themselves they all fit: a literal in the place of a constant may have another type there
            bad = bad or {number for number in some if not self._faults[number].function} or some
        self.switches.drop(bad)
        for file in self.switches.files:
            self._texts[file] = self.switches.source(file)


def analyse(path: Path, root: Path) -> None:
    """Raises what the compiler has to say on types, in this file or one that it imports."""
    bundle = FilesystemInputBundle([LIBRARY, root])
    with bundle.search_path(path.parent):
        file_input = bundle.load_file(path)
    data = vyper.compiler.CompilerData(
        file_input, input_bundle=bundle, settings=Settings(evm_version=artifacts.EVM_VERSION)
    )
    with anchor_settings(data.settings):
        try:
            _ = data.annotated_vyper_module
        except InitializerException:
            pass  # a module by itself
        except _Refused as error:
            rest = [one for one in error.errors if not isinstance(one, InitializerException)]
            if rest:
                raise _Refused(rest) from None


class Watch:
    """Which tests come by which places. What a chain saw while it was set up counts for all tests that share it."""

    def __init__(self) -> None:
        self.test = 0
        self._open: list[weakref.finalize[Any, Any]] = []
        self._tests_at: dict[int, set[int]] = {}

    def begin(self) -> None:
        begin, call, watch = EmbeddedChain.__init__, EmbeddedChain.raw_call, self

        def begin_watched(chain: EmbeddedChain, *arguments: Any, **fields: Any) -> None:
            begin(chain, *arguments, **fields)
            watch._open.append(weakref.finalize(chain, watch._read, chain._evm))
            watch._open = [final for final in watch._open if final.alive]

        def call_watched(chain: EmbeddedChain, *arguments: Any, **fields: Any) -> bytes:
            chain._set_block()  # the last one may be another test's
            return call(chain, *arguments, **fields)

        EmbeddedChain.__init__ = begin_watched  # type: ignore[assignment, method-assign]
        EmbeddedChain.raw_call = call_watched  # type: ignore[assignment, method-assign]

    def _read(self, evm: Any) -> None:
        visits = [found for address in evm.db_accounts if (found := visit(address))]
        tests = {test for _, test in visits}
        for place, test in visits:
            self._tests_at.setdefault(place, set()).update(tests if test == min(tests) else {test})

    def end(self) -> dict[int, list[int]]:
        """Test numbers by place."""
        for final in self._open:
            final()
        return {place: sorted(tests) for place, tests in self._tests_at.items()}


class Judge(WithoutApe):
    """Runs no tests of its own accord, but those of each turn."""

    def __init__(self, root: Path, tests: list[str], turns: Any, workshop: Workshop, answers: Any):
        super().__init__(tests)
        self._root, self._workshop, self._turns, self._answers = root, workshop, turns, answers
        # By place, the tests that come by, as numbers from 1.
        self._reached: dict[int, set[int]] | None = None
        # Tests by their time without a fault; the slow ones come last.
        self._times: dict[str, float] = {}
        self._failed: list[str] = []
        self._passed = 0

    def pytest_collection(self) -> None:
        first_example_is_enough()

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        left, invalid = self._workshop.switches.left, self._workshop.invalid
        self._tell({"left": sorted(left - invalid), "invalid": sorted(invalid), "tests": len(session.items)})
        gc.collect()
        gc.freeze()
        gc.enable()
        for line in self._turns:
            self._tell(self._judge(Turn(**json.loads(line)), session.items))
        return True

    def pytest_runtest_logreport(self, report: Any) -> None:
        if report.failed:
            self._failed.append(report.nodeid)
        self._passed += report.passed and report.when == "call"
        if report.when == "call":
            self._times[report.nodeid] = report.duration

    def _tell(self, answer: dict[str, Any]) -> None:
        print(json.dumps(answer), file=self._answers, flush=True)

    def _judge(self, turn: Turn, items: list[pytest.Item]) -> dict[str, Any]:
        started = time.monotonic()
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            self._run(turn, items, writer)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            told = json.loads(pipe.read() or "{}")
        by = "\n".join(told.get("failed", []))
        if not turn.number and told:
            self._times = told["times"]
            self._reached = {int(place): set(tests) for place, tests in told["reached"].items()}
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        outcome = TIMEOUT if status < 0 else BROKEN if status else KILLED if by else SURVIVED
        if outcome == SURVIVED and told["open"]:
            outcome = OPEN
        if outcome == BROKEN:
            by = "\n".join((self._root / OUTPUT).read_text().splitlines()[-20:])
        return {"outcome": outcome, "by": by, "seconds": time.monotonic() - started}

    def _chosen(self, turn: Turn, items: list[pytest.Item]) -> list[pytest.Item]:
        """Those that come by, once it is known: first those that see of the same function what few others see."""
        if not turn.number:
            return items
        if self._reached is not None:
            here = self._reached_of(self._workshop.kin(turn.number)[0])
            weights = [
                (tests, 1 / len(tests)) for tests in self._reached_of(self._workshop.kin(turn.number)[1]) if tests
            ]
            numbers = set().union(*here)
            rank = {number: sum(weight for tests, weight in weights if number in tests) for number in numbers}
            by_number = dict(enumerate(items, 1))
            items = [by_number[number] for number in sorted(numbers, key=lambda number: (-rank[number], number))]
        return in_order(items, turn.first, self._times)

    def _reached_of(self, places: set[int]) -> list[set[int]]:
        assert self._reached is not None
        return [self._reached.get(place, set()) for place in places]

    def _run(self, turn: Turn, items: list[pytest.Item], writer: int) -> NoReturn:
        status = 1
        try:
            confine(turn.seconds)
            started, open_ = time.process_time(), False
            watch, without = Watch(), set(turn.without)
            if turn.number:
                switch_on(lambda: BASE + turn.number)
            else:
                switch_on(lambda: watch.test)
                watch.begin()
            chosen = [item for item in self._chosen(turn, items) if item.nodeid not in without]
            for item, after in zip(chosen, [*chosen[1:], None], strict=bool(chosen)):
                watch.test += 1
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=after)
                if self._failed and turn.number:
                    break
                if time.process_time() - started > turn.patience and after is not None:
                    open_ = True
                    break
            told: dict[str, Any] = {"failed": self._failed, "open": open_}
            with os.fdopen(writer, "w") as pipe:
                json.dump(told if turn.number else told | {"times": self._times, "reached": watch.end()}, pipe)
            status = 0 if self._failed or self._passed or not chosen else 1
        except BaseException as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(status)


def in_order(items: list[pytest.Item], first: list[str], times: dict[str, float]) -> list[pytest.Item]:
    by_name = {item.nodeid: item for item in items}
    before = {name: by_name[name] for name in first if name in by_name}
    rest = [item for item in items if item.nodeid not in before]
    return [*before.values(), *sorted(rest, key=lambda item: times.get(item.nodeid, 0.0) > SLOW)]


def switch_on(number: Callable[[], int]) -> None:
    """On all embedded chains of this process; asked at each block."""
    plain = embedded.BlockEnv

    def block_env(**fields: Any) -> Any:
        return plain(**fields | {"prevrandao": number().to_bytes(32, "big")})

    embedded.BlockEnv = block_env  # type: ignore[misc, assignment]


def main() -> None:
    root = artifacts.ROOT
    os.chdir(root)
    turns, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what tests and the compiler print is no answer
    assert nacre.deploy  # imported for the forks
    plan = Plan.from_json(turns.readline())
    gc.disable()  # a fifth of the compiler's time
    workshop = Workshop(root, plan.faults)
    workshop.compile_all()
    workshop.check_rest()
    pytest.main(["-q", *OPTIONS], plugins=[Judge(root, plan.tests, turns, workshop, answers)])


if __name__ == "__main__":
    main()
