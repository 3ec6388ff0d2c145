"""The probes see what runs and what does not, and count as titanoboa's coverage plugin does."""

import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest
from click.testing import CliRunner
from vyper import ast as vy_ast

from nacre.artifacts import ROOT
from nacre.coverage.__main__ import LEAST_BRANCHES, main, run_tests
from nacre.coverage.points import AT_TIMES, PASSED, STATEMENT, TAKEN, points, sources
from nacre.coverage.report import Excuse, check, cover, excuses
from nacre.coverage.titanoboa import Beside, beside, possible, recorded

TOY = """# pragma version 0.4.3
last: uint256

@external
def choose(a: uint256, b: uint256) -> uint256:
    if a > b:
        return a
    elif a == b:
        self.last = a
    else:
        self._never(
            b
        )
    found: uint256 = (
        a
        if a > 5
        else self._other(b)
    )
    if b > 100 and (
        a > 100
    ):
        raise "large"
    for i: uint256 in range(2):
        found += i
    return found

@internal
def _never(b: uint256):
    self.last = b

@internal
@pure
def _other(b: uint256) -> uint256:
    return b
"""
# Calls `choose` with each pair; the last reverts.
SCRIPT = """
import json, sys
from pathlib import Path
from nacre.coverage.probes import Probes, Watch, instrument, use_own_cache
from nacre.artifacts import load
from nacre.chain import EmbeddedChain

root = Path(sys.argv[1])
use_own_cache()
instrument(Probes(root))
watch = Watch()
watch.begin()

def run(pairs):
    chain = EmbeddedChain()
    toy = chain.deploy(load("Toy", root), sender=chain.account("deployer"))
    return [toy.transact("choose", a, b, sender=chain.account("trader")).reason for a, b in pairs]

reasons = run(json.loads(sys.argv[2]))
print(json.dumps([reasons, sorted(watch.end())]))
"""


def code(kind, found):
    return [point.code for point in found if point.kind == kind]


@pytest.fixture(scope="module")
def reached(tmp_path_factory):
    """What remains missing after calls with those pairs, and why they reverted."""
    root = tmp_path_factory.mktemp("toy")
    (root / "contracts").mkdir()
    (root / "contracts" / "Toy.vy").write_text(TOY)

    def call(*pairs):
        command = [sys.executable, "-c", SCRIPT, str(root), json.dumps(pairs)]
        environment = os.environ | {"PYTHONPATH": str(ROOT)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
        reasons, touched = json.loads(done.stdout)
        return reasons, cover(points("contracts/Toy.vy", TOY), set(touched))

    return call


def test_what_no_call_reaches_is_missing(reached):
    reasons, found = reached((3, 2))
    assert reasons == [""]
    assert "return a" not in code(STATEMENT, found.missing)
    assert code(TAKEN, found.missing) == ["elif a == b:", "if b > 100 and ("]
    assert code(PASSED, found.missing) == ["if a > b:", "elif a == b:", "if b > 100 and ("]
    assert {"self.last = a", "self._never(", "self.last = b", "return b", "found += i"} <= set(
        code(STATEMENT, found.missing)
    )
    # the first `if` and its return
    assert (found.lines_run, found.branches_run, found.branches) == (2, 1, 6)


def test_parts_of_a_statement_count_when_they_are_evaluated(reached):
    reasons, found = reached((6, 6))
    assert reasons == [""]
    assert code(AT_TIMES, found.missing) == ["else self._other(b)", "a > 100"]
    lines = TOY.splitlines()
    run = {line for point in points("contracts/Toy.vy", TOY).every for line in point.lines}
    run -= {line for point in found.missing for line in point.lines}
    assert {lines[line - 1].strip() for line in run} == {
        "if a > b:",
        "elif a == b:",
        "self.last = a",
        "found: uint256 = (",
        "a",
        "if a > 5",
        "if b > 100 and (",
        "for i: uint256 in range(2):",
        "found += i",
        "return found",
    }
    assert found.lines_run == 10


def test_what_reverts_counts_too(reached):
    reasons, found = reached((1, 2), (6, 6), (3, 2), (1, 200), (200, 201))
    assert reasons == ["", "", "", "", "large"]
    assert found.missing == ()
    assert (found.lines_run, found.branches_run, found.parts_run) == (found.lines, found.branches, found.parts)


@pytest.fixture(scope="module")
def watched():
    """The points of every source."""
    return {file: points(file, (ROOT / file).read_text()) for file in sources()}


def test_lines_and_branches_are_those_of_titanoboa(watched):
    from boa.coverage import TitanoboaReporter

    steps = []
    for file, found in watched.items():
        theirs = TitanoboaReporter(str(ROOT / file))
        inside = {
            line
            for function in theirs._ast.get_children(vy_ast.FunctionDef)
            for line in range(function.lineno, function.end_lineno + 1)
        }
        # An operator has the line of the first of its kind, which may be one of the module's constants.
        assert found.lines == theirs.lines() & inside, file
        assert len(found.branches) == sum(theirs.exit_counts().values()), file
        steps += theirs.arcs()
    # Why the probes measure (docs/coverage.md). Once it can show them, its own figure should be the one printed.
    assert 100 * possible(steps) < LEAST_BRANCHES * len(steps)


def test_the_same_tests_run_in_titanoboa(tmp_path):
    """Where its plugin looks on: what they call counts, and what nobody calls does not."""
    file = "contracts/oracles/MockOracle.vy"
    assert run_tests(["tests/unit/mock_oracle/test_roles.py"], tmp_path, titanoboa=True)
    ran = set(recorded(tmp_path)[file]["executed_lines"])
    every = points(file, (ROOT / file).read_text()).every
    called = {point.function for point in every if point.lines and set(point.lines) <= ran}
    assert {"__init__", "set_feeder", "_set_feeder", "previous_price"} <= called
    assert not {"set_price_at", "outage_end"} & called


def test_what_one_counts_and_the_other_does_not(reached):
    _, found = reached((3, 2))
    toy = points("contracts/Toy.vy", TOY)
    assert found.lines_run == 2
    whole_if = {"executed_lines": list(range(6, 14)), "executed_branches": [[6, 7], [8, 9]]}
    there = Beside(
        lines=len(toy.lines),
        by_probes=2,
        by_titanoboa=6,
        only_titanoboa=4,
        branches=6,
        branches_by_probes=1,
        branches_by_titanoboa=2,
        possible=2,
    )
    arcs = [(6, 7), (6, 8), (8, 9), (8, 11), (19, 22), (19, 23)]
    assert beside(toy, found, whole_if, arcs) == there
    assert beside(toy, found, None, arcs) == replace(
        there, by_titanoboa=0, only_probes=2, only_titanoboa=0, branches_by_titanoboa=0
    )


def test_each_probe_has_an_address_of_its_own(watched):
    every = [point.address for found in watched.values() for point in found.every]
    assert len(set(every)) == len(every)


def test_a_reason_must_be_given_and_needed(reached):
    _, found = reached((1, 2), (3, 2), (1, 200), (200, 201))
    assert code(TAKEN, found.missing) == ["elif a == b:"]
    entries = [Excuse("contracts/Toy.vy", "choose", text, "because") for text in ("elif a == b:", "self.last = a")]
    assert check([found], entries) == ([], [])
    without, _ = check([found], entries[:1])
    assert code(STATEMENT, without) == ["self.last = a"]
    needless = Excuse("contracts/Toy.vy", "choose", "return found", "because")
    assert check([found], [*entries, needless]) == ([], [needless])


def test_listed_places_are_there_and_have_a_reason(watched):
    every = [point for found in watched.values() for point in found.every]
    for excuse in excuses():
        assert any(excuse.fits(point) for point in every), excuse
        assert len(excuse.why) > 20, excuse


def test_a_path_that_is_not_there_is_one_clear_sentence():
    result = CliRunner().invoke(main, ["tests/nowhere"])
    assert (result.exit_code, result.output) == (1, "Error: there is no tests/nowhere\n")
