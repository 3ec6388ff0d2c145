"""Faults behind switches: the text compiles once, and each number runs one fault and nothing else."""

import itertools
from dataclasses import replace

import pytest
import vyper.codegen.expr

from nacre import artifacts
from nacre.chain import CallFailed, EmbeddedChain, embedded
from nacre.mutation.mutator import Mutant, mutants
from nacre.mutation.record import Record, key_of
from nacre.mutation.report import Score
from nacre.mutation.run import Killers, Verdict
from nacre.mutation.session import in_order, switch_on
from nacre.mutation.switches import BASE, Switches, regions
from nacre.mutation.targets import Target
from nacre.mutation.worker import BROKEN, INVALID, KILLED, SURVIVED

TOY = """# pragma version 0.4.3
from contracts.lib import step

MOST: constant(uint256) = 100
MORE: constant(uint256) = MOST + 7
total: uint256


@external
def act(a: uint256, b: uint256) -> uint256:
    assert a < MOST, "too much"
    if a == b:
        raise "equal"
    sum: uint256 = step._sum(a, b)  # a + b
    self.total += sum
    for _: uint256 in range(3):
        self.total = max(
            self.total,
            b * 2,
        )
    return self.total % MORE
"""
STEP = """# pragma version 0.4.3

@internal
@pure
def _sum(a: uint256, b: uint256) -> uint256:
    return a + b
"""
FILES = {"contracts/Toy.vy": TOY, "contracts/lib/step.vy": STEP}
# Compiled alone too: one in so many, from the last on.
EVERY = 4
INPUTS = [(1, 2), (2, 1), (3, 3), (99, 5), (100, 5), (7, 0), (0, 1), (60, 70), (99, 100), (99, 101)]


def faults() -> dict[int, Mutant]:
    return dict(enumerate([mutant for file, text in FILES.items() for mutant in mutants(text, file)], 1))


def compiled(root, files) -> artifacts.Artifact:
    for file, text in files.items():
        (root / file).parent.mkdir(parents=True, exist_ok=True)
        (root / file).write_text(text)
    return artifacts.compile_contract("contracts/Toy.vy", root, use_cache=False)


def behaviour(artifact) -> list[object]:
    """What a fresh contract answers to each of the inputs."""
    found: list[object] = []
    for a, b in INPUTS:
        chain = EmbeddedChain(exact_gas=False)
        toy = chain.deploy(artifact, sender=chain.account("deployer"))
        try:
            found.append(toy.call("act", a, b))
        except CallFailed as failed:
            found.append(str(failed))
    return found


def test_each_number_runs_its_fault_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setattr(vyper.codegen.expr, "vyper_warn", lambda *_: None)  # the word for the switch has a new name
    switches = Switches(FILES, faults())
    left = {(faults()[number].code, faults()[number].new) for number in switches.left}
    assert left == {("for _: uint256 in range(3):", "2"), ("for _: uint256 in range(3):", "4")}
    all_at_once = compiled(tmp_path / "all", {file: switches.source(file).text for file in FILES})
    plain = behaviour(compiled(tmp_path / "plain", FILES))
    assert behaviour(all_at_once) == plain
    block_env = embedded.BlockEnv
    for number, fault in [item for item in faults().items() if item[0] not in switches.left][::-EVERY]:
        alone = compiled(tmp_path / str(number), FILES | {fault.file: fault.applied(FILES[fault.file])})
        monkeypatch.setattr(embedded, "BlockEnv", block_env)
        expected = behaviour(alone)
        switch_on(lambda number=number: BASE + number)
        assert behaviour(all_at_once) == expected, fault.change
        assert expected != plain, fault.change


def test_a_statement_is_a_region_and_so_is_a_test():
    found = [TOY[region.start : region.end].split("\n")[0] for region in regions(TOY)]
    assert found == [
        "a < MOST",
        "a == b",
        'raise "equal"',
        "sum: uint256 = step._sum(a, b)",
        "self.total += sum",
        "self.total = max(",
        "return self.total % MORE",
    ]
    for one, after in itertools.pairwise(regions(TOY)):
        assert one.end < after.start


def test_a_changed_constant_changes_what_is_made_of_it():
    (number, fault), *_ = [item for item in faults().items() if item[1].code.startswith("MOST")]
    assert (fault.old, fault.new) == ("100", "101")
    text = Switches(FILES, {number: fault}).source("contracts/Toy.vy").text
    assert "(a < (101))" in text
    assert "return self.total % ((101) + 7)" in text
    assert "MOST: constant(uint256) = 100\n" in text


def test_what_does_not_compile_is_found_by_its_place_and_dropped():
    switches = Switches(FILES, faults())
    switched = switches.source("contracts/Toy.vy")
    number = next(number for number, fault in faults().items() if fault.old == "+" and "self.total" in fault.code)
    at = switched.text.index("self.total -= sum")
    line, column = switched.text.count("\n", 0, at) + 1, at - switched.text.rfind("\n", 0, at) - 1
    assert switched.numbers_at(line, column) == (number,)
    # the statement as it was belongs to all of them
    at = switched.text.index("self.total += sum")
    line, column = switched.text.count("\n", 0, at) + 1, at - switched.text.rfind("\n", 0, at) - 1
    assert number in switched.numbers_at(line, column)
    assert len(switched.numbers_at(line, column)) == 2
    assert switched.numbers_at(1, 0) == ()
    switches.drop([number])
    assert number in switches.left
    assert "self.total -= sum" not in switches.source("contracts/Toy.vy").text
    assert str(BASE + number) not in switches.source("contracts/Toy.vy").text


def test_functions_with_a_fault():
    assert Switches(FILES, faults()).functions == {"contracts/Toy.vy:act", "contracts/lib/step.vy:_sum"}
    (number,) = (number for number, fault in faults().items() if fault.file.endswith("step.vy"))
    assert Switches(FILES, {number: faults()[number]}).functions == {"contracts/lib/step.vy:_sum"}


class Item:
    def __init__(self, nodeid: str):
        self.nodeid = nodeid


def test_likely_tests_come_first_and_slow_ones_last():
    items = [Item(name) for name in ("a", "slow", "b", "c")]
    assert [item.nodeid for item in in_order(items, ["c", "gone"], {"slow": 9.0, "a": 0.01})] == ["c", "a", "b", "slow"]  # type: ignore[arg-type]
    killers = Killers()
    here, there = faults()[1], next(fault for fault in faults().values() if fault.file.endswith("step.vy"))
    killers.note(here, "old")
    killers.note(there, "elsewhere")
    killers.note(here, "new")
    assert killers.first(here) == ["new", "old", "elsewhere"]
    assert killers.first(there) == ["elsewhere", "new", "old"]


@pytest.fixture
def project(tmp_path):
    for file, text in FILES.items():
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text(text)
    (tmp_path / "test_toy.py").write_text("")
    return tmp_path


def test_the_record_goes_on_where_it_stopped(project):
    target = Target("toys", "contracts/Toy.vy", ("test_toy.py",))
    one, two, three, four = itertools.islice(faults().values(), 4)
    record = Record(project / "record.jsonl", project)
    for fault, outcome in ((one, KILLED), (two, SURVIVED), (three, BROKEN), (four, INVALID)):
        record.add(target, Verdict(fault, "toys", outcome, "by", 1.5))
    items = [(target, fault) for fault in faults().values() if fault.file == target.file]
    found = Record(project / "record.jsonl", project).known(items)
    assert [(verdict.mutant, verdict.outcome) for verdict in found] == [(one, KILLED), (two, SURVIVED), (four, INVALID)]
    # the last word counts
    record.add(target, Verdict(two, "toys", KILLED, "by", 1.5))
    again = Record(project / "record.jsonl", project).known(items)
    assert [verdict.outcome for verdict in again] == [KILLED, KILLED, INVALID]


def test_a_verdict_holds_as_long_as_its_function_stands():
    inside, constant = (next(f for f in faults().values() if f.code.startswith(text)) for text in ("assert", "MOST"))
    moved = TOY.replace("total: uint256\n", "total: uint256\nmore: uint256\n", 1)
    shift = len("more: uint256\n")
    there = replace(inside, start=inside.start + shift, end=inside.end + shift, line=inside.line + 1)
    assert key_of(there, moved) == key_of(inside, TOY)
    changed = moved.replace("self.total += sum", "self.total += 2 * sum")
    assert key_of(there, changed) != key_of(inside, TOY)
    assert key_of(constant, changed) == key_of(constant, TOY)
    assert key_of(constant, TOY.replace("MOST + 7", "MOST + 8")) != key_of(constant, TOY)


def test_nobody_noticing_holds_as_long_as_the_tests_do(project, monkeypatch):
    target = Target("toys", "contracts/Toy.vy", ("test_toy.py",))
    fault = faults()[1]
    Record(project / "record.jsonl", project).add(target, Verdict(fault, "toys", SURVIVED, "", 1.5))
    assert len(Record(project / "record.jsonl", project).known([(target, fault)])) == 1
    (project / "test_more.py").write_text("def test_more(): ...")
    wider = replace(target, tests=("test_toy.py", "test_more.py"))
    assert Record(project / "record.jsonl", project).known([(wider, fault)]) == []


def test_the_score_of_an_area_counts_what_compiles():
    """Two of three, a tenth of a percent rounded down."""
    verdicts = [Verdict(faults()[1], "toys", outcome, "", 0.0) for outcome in (KILLED, KILLED, SURVIVED, INVALID)]
    assert Score.of(verdicts).percent == 66.6
