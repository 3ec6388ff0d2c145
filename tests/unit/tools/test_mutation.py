"""The mutator makes the faults it says, one at a time, and nothing else; the worker tells which are noticed."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from support.judges import start

from nacre.artifacts import ROOT
from nacre.mutation.__main__ import main, sampled
from nacre.mutation.mutator import (
    ARGUMENTS,
    ARITHMETIC,
    CHECK,
    COMPARISON,
    CONSTANT,
    EVENT,
    HELPER,
    LOGIC,
    NEGATION,
    STATEMENT,
    Mutant,
    MutationError,
    mutants,
)
from nacre.mutation.report import Score
from nacre.mutation.run import CACHE, Verdict, copy_project
from nacre.mutation.targets import Equivalent, all_mutants, equivalents, targets, unused
from nacre.mutation.worker import BROKEN, INVALID, KILLED, SURVIVED, TIMEOUT


def of(body: str) -> list[Mutant]:
    """Of a function with that body."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    return mutants(f"@internal\ndef _f(a: uint256, b: uint256) -> uint256:\n{lines}", "toy.vy")


def changes(body: str, kind: str) -> list[tuple[str, str]]:
    return [(mutant.old, mutant.new) for mutant in of(body) if mutant.kind == kind]


@pytest.mark.parametrize(
    ("expression", "kind", "expected"),
    [
        ("a < b", COMPARISON, [("<", "<=")]),
        ("a <= b", COMPARISON, [("<=", "<")]),
        ("a > b", COMPARISON, [(">", ">=")]),
        ("a >= b", COMPARISON, [(">=", ">")]),
        ("a == b", COMPARISON, [("==", "!=")]),
        ("a != b", COMPARISON, [("!=", "==")]),
        ("a + b - a", ARITHMETIC, [("+", "-"), ("-", "+")]),
        ("a * b // a % b", ARITHMETIC, [("*", "//"), ("//", "*"), ("%", "//")]),
        ("a << 2 | b >> 3 & a ^ b", ARITHMETIC, [("<<", ">>"), ("|", "&"), (">>", "<<"), ("&", "|"), ("^", "&")]),
        ("a < b and b < a or a == b", LOGIC, [("and", "or"), ("or", "and")]),
        ("min(a, max(a, b))", HELPER, [("min", "max"), ("max", "min")]),
        ("unsafe_add(a, unsafe_mul(a, b))", HELPER, [("unsafe_add", "unsafe_sub"), ("unsafe_mul", "unsafe_div")]),
        (
            "unsafe_sub(unsafe_div(a, b), b)",
            HELPER,
            [("unsafe_sub", "unsafe_add"), ("unsafe_div", "unsafe_mul")],
        ),
        ("m._mul_div_up(a, b)", HELPER, [("_mul_div_up", "_mul_div_down")]),
        ("m._mul_div_down(a, b)", HELPER, [("_mul_div_down", "_mul_div_up")]),
        ("self._other(a, b)", ARGUMENTS, [("a, b", "b, a")]),
        ("unsafe_sub(a, b)", ARGUMENTS, [("a, b", "b, a")]),
        ("unsafe_add(a, b)", ARGUMENTS, []),
        ("self._other(a, a)", ARGUMENTS, []),
        ("10_000", CONSTANT, [("10_000", "10001"), ("10_000", "9999")]),
        ("0", CONSTANT, [("0", "1")]),
        ("True", CONSTANT, [("True", "False")]),
        ("a if a < b else b", NEGATION, [("a < b", "(not (a < b))")]),
        ("a if not (a < b) else b", NEGATION, [("not (a < b)", "(a < b)")]),
        ("a if a == b else b", NEGATION, []),
    ],
)
def test_changes_in_an_expression(expression, kind, expected):
    assert sorted(changes(f"return {expression}", kind)) == sorted(expected)


def test_a_type_is_no_constant():
    assert changes("x: Bytes[32] = empty(Bytes[32])\nraw_call(self, x, max_outsize=32, gas=7)\nreturn a", CONSTANT) == [
        ("7", "6"),
        ("7", "8"),
    ]


TUPLE = """x: uint256 = 0
y: bool = False
{}
return x"""


@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("x, y = self._both(a)", []),
        ("x, y = self._both(x)", [("0", "1")]),
        ("z: bool = y\nx, y = self._both(a)", [("False", "True")]),
        ("x, self.y = self._both(a)", [("False", "True")]),
        ("self._act(a)\nx, y = self._both(a)", [("0", "1"), ("False", "True")]),
        ("x = a", [("0", "1"), ("False", "True")]),
    ],
)
def test_what_is_declared_for_a_tuple_has_no_value_before(statement, expected):
    assert changes(TUPLE.format(statement), CONSTANT) == expected


def test_lines_that_read_alike_are_counted():
    first, second = [
        one for one in of("if a < b:\n    self.x = 1\nif a < b:\n    self.x = 2\nreturn a") if one.old == "<"
    ]
    assert (first.nth, second.nth, first.code) == (1, 2, second.code)
    entry = Equivalent("toy.vy", "_f", "if a < b:", "< becomes <=", "a toy", nth=2)
    assert (entry.fits(first), entry.fits(second)) == (False, True)


def test_an_entry_may_mean_the_end_of_a_line():
    first, last = [one for one in of("return self._g(\n    0, 0\n)") if one.new == "1"]
    entry = Equivalent("toy.vy", "_f", "0, 0", "0 becomes 1", "a toy", at="0\n")
    assert (entry.fits(first), entry.fits(last)) == (False, True)


GUARDS = """assert a < b, "too large"
if a == b:
    reasons._revert(7)
if a == b:
    raise "equal"
if a == b:
    self.x = a
return a"""


def test_checks_are_dropped_whole():
    dropped = changes(GUARDS, CHECK)
    assert [old.splitlines()[0] for old, _ in dropped] == ['assert a < b, "too large"', "if a == b:", "if a == b:"]
    assert {new for _, new in dropped} == {"pass"}
    # and their bodies not once more
    assert changes(GUARDS, STATEMENT) == [("self.x = a", "pass")]


def test_assignments_calls_and_events_are_dropped():
    body = "x: uint256 = a\nx = b\nself.y += x\nself._act(x)\nlog Done(amount=x)\nreturn x"
    assert [old for old, _ in changes(body, STATEMENT)] == ["x = b", "self.y += x", "self._act(x)"]
    assert changes(body, EVENT) == [("log Done(amount=x)", "pass")]
    assert changes(body, ARITHMETIC) == [("+", "-")]


def test_a_comment_between_operands_is_no_operator():
    assert changes("return (\n    a  # a + b\n    - b\n)", ARITHMETIC) == [("-", "+")]


def test_constants_of_the_module_change_too_and_texts_do_not():
    source = '"""\n@notice 1 + 1\n"""\nMOST: constant(uint256) = 10**3\nx: uint256[16]\n'
    found = mutants(source, "toy.vy")
    assert [(mutant.old, mutant.new, mutant.function) for mutant in found] == [
        ("10", "11", ""),
        ("10", "9", ""),
        ("**", "*", ""),
        ("3", "2", ""),
        ("3", "4", ""),
    ]


def test_applied_changes_that_place_and_no_other():
    body = "return a + a + b"
    first, second = (mutant for mutant in of(body) if mutant.kind == ARITHMETIC)
    source = "@internal\ndef _f(a: uint256, b: uint256) -> uint256:\n    return a + a + b\n"
    assert first.applied(source) == source.replace("a + a", "a - a")
    assert second.applied(source) == source.replace("a + b", "a - b")
    assert (first.line, first.function, first.code, first.change) == (3, "_f", body, "+ becomes -")
    with pytest.raises(MutationError, match="has changed"):
        first.applied(source.replace("a: uint256", "aa: uint256"))


def test_every_source_is_read_and_every_change_fits():
    for target, found in all_mutants(targets()).items():
        source = (ROOT / target.file).read_text()
        assert found, target.file
        for mutant in found:
            assert mutant.applied(source) != source
            assert source[mutant.start : mutant.end] == mutant.old


def test_a_sample_is_the_same_for_the_same_seed():
    found = [(targets()[0], mutant) for mutant in of("return a + b * a - 3 + 4 + 5 + 6")]
    assert sampled(found, 5, 1) == sampled(found, 5, 1)
    assert sampled(found, 5, 1) != sampled(found, 5, 2)
    assert sampled(found, 500, 1) == found


def test_entries_must_fit_a_mutant(tmp_path):
    text = 'file = "toy.vy"\nfunction = "_f"\ncode = "return a + b"\nchange = "+ becomes -"\nwhy = "b is 0"\n'
    (tmp_path / "list.toml").write_text("[[equivalent]]\n" + text)
    (entry,) = equivalents(tmp_path / "list.toml")
    assert entry == Equivalent("toy.vy", "_f", "return a + b", "+ becomes -", "b is 0")
    assert unused([entry], of("return a + b"), {"toy.vy"}) == []
    assert unused([entry], of("return a + a"), {"toy.vy"}) == [entry]
    assert unused([entry], [], {"another.vy"}) == []


def test_what_is_listed_as_equivalent_is_there_and_has_a_reason():
    every = [mutant for found in all_mutants(targets()).values() for mutant in found]
    known = equivalents()
    assert unused(known, every, {mutant.file for mutant in every}) == []
    assert {entry.file for entry in known} <= {mutant.file for mutant in every}
    assert all(len(entry.why) > 20 for entry in known)


def test_what_is_listed_can_be_looked_up():
    result = CliRunner().invoke(main, ["--equivalent", "--area", "waterfall"])
    assert result.exit_code == 0
    (entry,) = [one for one in equivalents() if one.function == "_draw" and one.nth == 1]
    lines = (ROOT / entry.file).read_text().splitlines()
    place = next(number for number, line in enumerate(lines, 1) if line.strip() == entry.code)
    assert f"{entry.file}:{place} _draw\n    {entry.code}\n    {entry.change}\n    {entry.why}\n" in result.output
    listed = sum(map(len, all_mutants([one for one in targets() if one.group == "waterfall"]).values()))
    assert 0 < int(result.output.splitlines()[-1].split()[0]) < listed


def test_score_counts_what_compiles():
    (mutant, *_) = of("return a + b")
    outcomes = [KILLED, KILLED, TIMEOUT, SURVIVED, INVALID, BROKEN]
    score = Score.of([Verdict(mutant, "toys", outcome, "", 0.0) for outcome in outcomes])
    assert (score.killed, score.survived, score.invalid, score.broken) == (3, 1, 1, 1)
    assert score.percent == 75.0


TOY = """# pragma version 0.4.3
from contracts.lib import step

@external
@pure
def sum(a: uint256, b: uint256) -> uint256:
    return step._sum(a, b) + 0 * step._unused(a)
"""
STEP = """@internal
@pure
def _sum(a: uint256, b: uint256) -> uint256:
    return a + b


@internal
@pure
def _unused(a: uint256) -> uint256:
    return a * 2
"""
CHECKS = """from nacre.artifacts import load
from nacre.chain import EmbeddedChain


def test_sum():
    chain = EmbeddedChain()
    toy = chain.deploy(load("Toy"), sender=chain.account("deployer"))
    assert toy.call("sum", 2, 3) == 5


def test_nothing():
    pass


def test_red():
    assert False
"""
RED = "tests/test_toy.py::test_red"


@pytest.fixture
def worker(tmp_path):
    """A worker on a project of one contract, and what it answers to a fault in its library."""
    copy_project(tmp_path)
    for path in tmp_path.glob("contracts/**/*.vy"):
        path.unlink()
    for name, text in (("contracts/Toy.vy", TOY), ("contracts/lib/step.vy", STEP), ("tests/test_toy.py", CHECKS)):
        (tmp_path / name).write_text(text)
    (tmp_path / "tests" / "conftest.py").write_text("")
    process = start("nacre.mutation.worker", tmp_path)
    assert json.loads(process.stdout.readline()) == {"ready": True}

    def judge(
        old: str, new: str, function: str = "_sum", file: str = "contracts/lib/step.vy", without: tuple[str, ...] = ()
    ) -> dict[str, object]:
        job = {"file": file, "function": function, "source": STEP.replace(old, new), "seconds": 60}
        job |= {"tests": ["tests/test_toy.py"], "without": without}
        print(json.dumps(job), file=process.stdin, flush=True)
        return json.loads(process.stdout.readline())

    with process:  # closes its pipes
        yield judge
        process.stdin.close()
        assert process.wait(timeout=20) == 0
    assert (tmp_path / "contracts" / "lib" / "step.vy").read_text() == STEP


def test_the_worker_tells_what_is_noticed(worker):
    killed = worker("a + b", "a - b")
    assert (killed["outcome"], killed["by"]) == (KILLED, "tests/test_toy.py::test_sum")
    assert worker("a + b", "b + a", without=[RED])["outcome"] == SURVIVED
    assert worker("a + b", "a + c", without=[RED])["outcome"] == INVALID
    assert worker("a * 2", "a * 3", "_unused", without=[RED])["outcome"] == SURVIVED
    # the fault before left nothing behind
    assert worker("a + b", "a + b", without=[RED])["outcome"] == SURVIVED
    assert worker("a + b", "a // b", without=[RED])["outcome"] == KILLED


def test_the_worker_tells_what_fails_without_a_mutant(worker):
    assert worker("", "", "", "") | {"seconds": 0} == {"outcome": KILLED, "by": RED, "seconds": 0}


def test_the_cache_is_one_that_git_ignores():
    assert CACHE.parts[0] == ".cache"
    assert Path(CACHE).name == "mutation"
