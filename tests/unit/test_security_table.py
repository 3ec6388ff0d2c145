"""docs/security.md and the tests agree: every case has a row, every test named is there, every story is named."""

import ast
import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TABLE = ROOT / "docs" / "security.md"
STORIES = sorted((ROOT / "tests" / "stories" / "attacks").glob("test_*.py"))
ROW = re.compile(r"^\| (\d+[a-z]?) \|(.*)\|$", re.MULTILINE)
TEST = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def listed() -> list[str]:
    """The cases that the document says it has: "Cases: 1-3, 5, 80a-80c"."""
    found: list[str] = []
    for line in re.findall(r"^Cases: (.+)$", TABLE.read_text(), re.MULTILINE):
        for item in line.split(", "):
            first, _, last = item.partition("-")
            numbers = [re.fullmatch(r"(\d+)([a-z]?)", end) for end in (first, last or first)]
            assert all(numbers), f"{item!r} is no case and no range of cases"
            (start, letter), (end, last_letter) = (number.groups() for number in numbers)
            if letter:
                assert start == end
                found += [start + chr(code) for code in range(ord(letter), ord(last_letter) + 1)]
            else:
                found += [str(number) for number in range(int(start), int(end) + 1)]
    return found


def rows() -> dict[str, list[str]]:
    """Case -> what is tried, tests, result."""
    found: dict[str, list[str]] = {}
    for case, rest in ROW.findall(TABLE.read_text()):
        assert case not in found, f"case {case} stands twice"
        found[case] = [cell.strip() for cell in rest.split(" | ")]
    return found


@cache
def functions_of(path: Path) -> frozenset[str]:
    """Also those in classes."""
    tree = ast.parse(path.read_text())
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))


def stories() -> list[tuple[str, str, str]]:
    """Path, name and case of every story of an attack; case 01 is 1, 80a stays."""
    pattern = re.compile(r"test_attack_0*(\d+[a-z]?)_")
    found = []
    for path in STORIES:
        for name in sorted(functions_of(path)):
            if match := pattern.match(name):
                found.append((str(path.relative_to(ROOT)), name, match[1]))
    return found


def test_every_case_has_a_row():
    cases = listed()
    assert len(cases) == len(set(cases))
    assert set(cases) == set(rows())


def test_every_row_is_whole():
    for case, cells in rows().items():
        assert len(cells) == 3, f"case {case}: what is tried, test, result"
        tried, tests, result = cells
        assert tried, case
        assert result, case
        if not TEST.findall(tests):
            assert result.startswith("does not apply: "), f"case {case} has neither a test nor a reason for having none"
        rest = re.sub(r"(,|<br>|\s)+", "", TEST.sub("", tests))
        assert rest in ("", "-"), f"case {case}: {rest!r} is no test"


def test_every_test_that_it_names_is_there():
    for case, cells in rows().items():
        for path, name in TEST.findall(cells[1]):
            assert (ROOT / path).is_file(), f"case {case}: {path}"
            assert name.startswith("test_"), f"case {case}: {name}"
            assert name in functions_of(ROOT / path), f"case {case}: {path}::{name}"


def test_every_story_stands_in_the_row_of_its_case():
    known = rows()
    named = {case: TEST.findall(cells[1]) for case, cells in known.items()}
    assert len(stories()) > 30
    assert [story for story in stories() if story[:2] not in named.get(story[2], [])] == []
