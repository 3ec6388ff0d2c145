"""A session compiles all faults of a toy at once, asks only the tests that come by, and says what none notices."""

import json
from dataclasses import asdict

import pytest
from support.judges import start

from nacre.mutation.mutator import Mutant, mutants
from nacre.mutation.run import copy_project
from nacre.mutation.session import OPEN, Plan, Turn
from nacre.mutation.worker import KILLED, SURVIVED

TOY = """# pragma version 0.4.3
from contracts.lib import step

total: uint256


@external
def add(a: uint256, b: uint256):
    self.total = step._sum(a, b)


@external
@view
def twice() -> uint256:
    return self.total * 2


@external
@view
def nobody_calls_this() -> uint256:
    return self.total + 1
"""
STEP = """# pragma version 0.4.3

@internal
@pure
def _sum(a: uint256, b: uint256) -> uint256:
    return a + b


@internal
@pure
def _less(a: uint256, b: uint256) -> uint256:
    return a - b
"""
HARNESS = """# pragma version 0.4.3
from contracts.lib import step


@external
@pure
def less(a: uint256, b: uint256) -> uint256:
    return step._less(a, b)
"""
CHECKS = """from functools import cache

from nacre.artifacts import load
from nacre.chain import EmbeddedChain
from support.pure import pure


@cache
def toy():
    chain = EmbeddedChain()
    found = chain.deploy(load("Toy"), sender=chain.account("deployer"))
    found.transact("add", 2, 3, sender=chain.account("deployer"))
    return found


def test_red():
    assert False


def test_adds():
    assert toy().call("twice") > 0


def test_twice():
    assert toy().call("twice") == 10


def test_less():
    assert pure("PureStep").call("less", 3, 2) == 1
"""
FILES = {
    "contracts/Toy.vy": TOY,
    "contracts/lib/step.vy": STEP,
    "tests/support/vyper/contracts/PureStep.vy": HARNESS,
    "tests/test_toy.py": CHECKS,
    "tests/conftest.py": "",
}
RED, ADDS, TWICE, LESS = (f"tests/test_toy.py::test_{name}" for name in ("red", "adds", "twice", "less"))


def faults() -> dict[int, Mutant]:
    found = [mutant for file in ("contracts/Toy.vy", "contracts/lib/step.vy") for mutant in mutants(FILES[file], file)]
    return dict(enumerate(found, 1))


def number_of(code: str, new: str) -> int:
    (number,) = (number for number, fault in faults().items() if (fault.code, fault.new) == (code, new))
    return number


@pytest.fixture(scope="module")
def judge(tmp_path_factory):
    root = tmp_path_factory.mktemp("toy")
    copy_project(root)
    for path in [*root.glob("**/*.vy"), *root.glob("tests/**/conftest.py")]:
        path.unlink()
    for file, text in FILES.items():
        (root / file).write_text(text)
    process = start("nacre.mutation.session", root)
    print(Plan(faults(), ["tests/test_toy.py"]).to_json(), file=process.stdin, flush=True)
    told = json.loads(process.stdout.readline())
    assert told == {"left": [], "invalid": [], "tests": 4}

    def turn(number: int, first: tuple[str, ...] = (), without: tuple[str, ...] = (RED,), patience: int = 60):
        print(
            json.dumps(asdict(Turn(number, list(first), list(without), patience, 60))), file=process.stdin, flush=True
        )
        answer = json.loads(process.stdout.readline())
        return answer["outcome"], answer["by"]

    with process:
        assert turn(0, without=()) == (KILLED, RED)
        yield turn
        process.stdin.close()
        assert process.wait(timeout=20) == 0


def test_what_a_test_notices_is_killed(judge):
    assert judge(number_of("return self.total * 2", "//")) == (KILLED, TWICE)
    assert judge(number_of("self.total = step._sum(a, b)", "pass")) == (KILLED, ADDS)


def test_a_fault_in_a_library_shows_in_the_contract_of_a_test(judge):
    assert judge(number_of("return a - b", "+")) == (KILLED, LESS)


def test_the_likely_test_comes_first(judge):
    assert judge(number_of("self.total = step._sum(a, b)", "pass"), first=(TWICE,)) == (KILLED, TWICE)


def test_what_was_done_once_for_several_tests_counts_for_each(judge):
    """The second test does not add itself: it shares what the first one did."""
    assert judge(number_of("return a + b", "-")) == (KILLED, ADDS)
    assert judge(number_of("return a + b", "-"), without=(RED, ADDS)) == (KILLED, TWICE)
    assert judge(number_of("self.total = step._sum(a, b)", "b, a")) == (SURVIVED, "")


def test_where_no_test_comes_by_none_is_asked(judge):
    """The red one would fail."""
    assert judge(number_of("return self.total + 1", "-"), without=()) == (SURVIVED, "")


def test_out_of_patience(judge):
    assert judge(number_of("self.total = step._sum(a, b)", "b, a"), patience=0) == (OPEN, "")
