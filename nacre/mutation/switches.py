"""All faults of many sources in one text each, every one behind a switch: compiled once instead of once a fault.

A statement with faults becomes a choice among itself and its variants; the randomness of the block, which no contract
of ours reads, says which one runs:

    self.total += amount            if block.difficulty != 2000000007 and block.difficulty != 2000000008:
                                        self.total += amount
                                    elif block.difficulty == 2000000007:
                                        self.total -= amount
                                    else:
                                        pass

Numbers below BASE stand for tests without a fault: then each place also looks up the balance of an address made of
its own number and the test's, by which the chain remembers that the test came by (as nacre/coverage does).

The test of an `if` or an `assert` becomes a choice among expressions. A changed constant changes all statements that
name it. What has no such form (bounds of loops, sizes of arrays) is `left`, to be compiled by itself.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vyper import ast as vy_ast
from vyper.ast.parse import parse_to_ast

from nacre.mutation.mutator import CHECK, Mutant, Places

# The randomness of blocks with the fault of number n is n more; BASE itself stands for none.
BASE = 2_000_000_000
# Where the place begins in an address that tells of a visit.
_PLACE_AT = 64
_INDENT = "    "
_CONSTANT = re.compile(r"^(\w+): (?:public\()?constant\(\w+\)\)? = ([^#\n]+)", re.MULTILINE)
# Over which the compiler's folding of constants falls.
_UNREADABLE = re.compile(r"(?<![\w.])[01]\s*\*\*")
_DECLARED = re.compile(r"(\w+): (.+?) = (.*)", re.DOTALL)

STATEMENT, DECLARATION, TEST = "statement", "declaration", "test"


@dataclass(frozen=True)
class Region:
    """A statement without others inside, or a test; of that function."""

    function: str
    kind: str
    start: int
    end: int


def regions(source: str) -> list[Region]:
    """In order; none lies within another."""
    places = Places(source)
    found: list[Region] = []
    function = ""

    def statement(node: vy_ast.VyperNode) -> None:
        if isinstance(node, vy_ast.If):
            found.append(Region(function, TEST, *places.span(node.test)))
            for inner in [*node.body, *node.orelse]:
                statement(inner)
        elif isinstance(node, vy_ast.For):
            for inner in node.body:
                statement(inner)
        elif isinstance(node, vy_ast.Assert):
            found.append(Region(function, TEST, *places.span(node.test)))
        elif isinstance(node, vy_ast.AnnAssign):
            found.append(Region(function, DECLARATION, *places.span(node)))
        elif isinstance(
            node, vy_ast.Assign | vy_ast.AugAssign | vy_ast.Expr | vy_ast.Return | vy_ast.Log | vy_ast.Raise
        ) and not (isinstance(node, vy_ast.Expr) and isinstance(node.value, vy_ast.Str)):
            found.append(Region(function, STATEMENT, *places.span(node)))

    for node in parse_to_ast(source).body:
        if isinstance(node, vy_ast.FunctionDef):
            function = node.name
            for inner in node.body:
                statement(inner)
    return sorted(found, key=lambda region: region.start)


@dataclass
class Switched:
    """A source with its faults. `parts` says which number stands where in the text: first and last offset, number."""

    text: str
    parts: list[tuple[int, int, int]] = field(default_factory=list)
    whole: list[tuple[int, int, tuple[int, ...]]] = field(default_factory=list)

    def numbers_at(self, line: int, column: int) -> tuple[int, ...]:
        """Whose text stands there; all of a statement, if it is none's alone."""
        lines = self.text.splitlines(keepends=True)
        at = sum(map(len, lines[: line - 1])) + column
        for start, end, number in self.parts:
            if start <= at < end:
                return (number,)
        for start, end, numbers in self.whole:
            if start <= at < end:
                return numbers
        return ()


class Switches:
    """The sources with the faults of these numbers."""

    def __init__(self, sources: dict[str, str], faults: dict[int, Mutant]):
        self._sources = {file: re.sub(r"^@pure$", "@view", text, flags=re.MULTILINE) for file, text in sources.items()}
        self._regions = {file: regions(text) for file, text in sources.items() if file.endswith(".vy")}
        # file -> region -> number -> what stands there instead
        self._variants: dict[str, dict[Region, dict[int, str]]] = {}
        self._original = sources
        self._places: dict[tuple[str, Region], int] = {}
        self.left: set[int] = set()
        for number, fault in faults.items():
            places = self._constant(fault) if not fault.function else self._local(fault)
            if any(_UNREADABLE.search(text) for _, _, text in places):
                places = []
            if not places:
                self.left.add(number)
            for file, region, text in places:
                self._variants.setdefault(file, {}).setdefault(region, {})[number] = text

    def _local(self, fault: Mutant) -> list[tuple[str, Region, str]]:
        for region in self._regions[fault.file]:
            if region.start <= fault.start and fault.end <= region.end:
                if (fault.start, fault.end) == (region.start, region.end):
                    return [(fault.file, region, fault.new)]
                text = self._original[fault.file]
                return [
                    (fault.file, region, text[region.start : fault.start] + fault.new + text[fault.end : region.end])
                ]
            if fault.kind == CHECK and region.kind == TEST and fault.start <= region.start < fault.end:
                return [(fault.file, region, "True" if fault.old.startswith("assert") else "False")]
        return []

    def _constant(self, fault: Mutant) -> list[tuple[str, Region, str]]:
        """All statements that name it, or a constant that is made of it; nothing, if something else does too."""
        text = self._original[fault.file]
        start, end = text.rfind("\n", 0, fault.start) + 1, text.index("\n", fault.end)
        line = text[start : fault.start] + fault.new + text[fault.end : end]
        changed = [(fault.file, *_CONSTANT.match(line).groups())]  # type: ignore[union-attr]
        renames: dict[str, list[tuple[re.Pattern[str], str]]] = {}
        for origin, name, value in changed:  # which grows
            for file in self._regions:
                prefix = "" if file == origin else re.escape(f"{Path(origin).stem}.")
                pattern = re.compile(rf"(?<![.\w]){prefix}{name}\b")
                if not pattern.search(_code(self._original[file])):
                    continue
                renames.setdefault(file, []).append((pattern, f"({value.strip()})"))
                for found in _CONSTANT.finditer(_code(self._original[file])):
                    if found[1] != name and pattern.search(found[2]):
                        changed.append((file, found[1], _renamed(found[2], renames[file])))
        places: list[tuple[str, Region, str]] = []
        for file, pairs in renames.items():
            at_work = _code(self._original[file])
            for region in self._regions[file]:
                before = self._original[file][region.start : region.end]
                if (after := _renamed(before, pairs)) != before:
                    places.append((file, region, after))
                    at_work = at_work[: region.start] + " " * len(before) + at_work[region.end :]
            rest = _CONSTANT.sub("", at_work)
            if any(pattern.search(rest) for pattern, _ in pairs):
                return []
        return places

    def plain(self, file: str) -> str:
        return self._sources[file]

    def applied(self, fault: Mutant) -> str:
        """The whole text with this fault alone."""
        return fault.applied(self._sources[fault.file])

    def drop(self, numbers: Iterable[int]) -> None:
        """They do not compile, at least not like this."""
        gone = set(numbers)
        self.left |= gone
        for by_region in self._variants.values():
            for variants in by_region.values():
                for number in gone & variants.keys():
                    del variants[number]

    def places_of(self, number: int) -> set[int]:
        """Where it stands, of those that were written."""
        return {
            place for (file, region), place in self._places.items() if number in self._variants[file].get(region, {})
        }

    @property
    def files(self) -> list[str]:
        return list(self._variants)

    def numbers_in(self, functions: set[str]) -> set[int]:
        """What has a variant in one of these functions."""
        found = [
            variants
            for by_region in self._variants.values()
            for region, variants in by_region.items()
            if region.function in functions
        ]
        return set().union(*found)

    @property
    def functions(self) -> set[str]:
        """All with a fault, as "contracts/lib/packing.vy:_masked"."""
        return {f"{file}:{region.function}" for file, found in self._variants.items() for region in found}

    def source(self, file: str) -> Switched:
        text = self._sources[file]
        chosen = [(region, found) for region, found in self._variants.get(file, {}).items() if found]
        result = Switched("")
        at = 0
        for region, variants in sorted(chosen, key=lambda item: item[0].start):
            result.text += text[at : region.start]
            begin = len(result.text)
            indent = text[text.rfind("\n", 0, region.start) + 1 : region.start]
            place = self._places.setdefault((file, region), len(self._places) + 1)
            _write(result, region.kind, place, indent, text[region.start : region.end], variants)
            result.whole.append((begin, len(result.text), tuple(variants)))
            at = region.end
        result.text += text[at:]
        return result


def visit(address: str) -> tuple[int, int] | None:
    """The place and the test that an address stands for."""
    place, test = divmod(int(address, 16), 1 << _PLACE_AT)
    return (place, test) if 0 < place < 1 << 32 and 0 < test < BASE else None


def _write(result: Switched, kind: str, place: int, indent: str, original: str, variants: dict[int, str]) -> None:
    def put(text: str, number: int | None = None) -> None:
        if number is not None:
            result.parts.append((len(result.text), len(result.text) + len(text), number))
        result.text += text

    numbers = sorted(variants)
    guard, last = _off(numbers, place), numbers[-1]
    if kind == TEST:
        put(f"(({original}) if {guard} else ")
        for number in numbers[:-1]:
            put("(")
            put(f"({variants[number]})", number)
            put(f" if block.difficulty == {BASE + number} else ")
        put(f"({variants[last]})", last)
        put(")" * len(numbers))
        return
    if kind == DECLARATION:
        name, type_, _ = _declared(original)
        put(f"{name}: {type_} = {_empty(type_)}\n{indent}")
        original, variants = (
            "{0} = {2}".format(*_declared(original)),
            {number: "{0} = {2}".format(*_declared(text)) for number, text in variants.items()},
        )
    put(f"if {guard}:\n{indent}{_INDENT}{original}\n{indent}")
    for number in numbers[:-1]:
        put(f"elif block.difficulty == {BASE + number}:\n{indent}{_INDENT}")
        put(variants[number], number)
        put(f"\n{indent}")
    put(f"else:\n{indent}{_INDENT}")
    put(variants[last], last)


def _off(numbers: list[int], place: int) -> str:
    low, high = BASE + numbers[0], BASE + numbers[-1]
    off = " and ".join(f"block.difficulty != {BASE + number}" for number in numbers)
    if high - low == len(numbers) - 1:
        off = f"(block.difficulty < {low} or block.difficulty > {high})"
    address = f"convert(unsafe_add({place << _PLACE_AT}, block.difficulty), address)"
    return f"{off} and (block.difficulty >= {BASE} or {address}.balance == 0)"


def _declared(text: str) -> tuple[Any, ...]:
    found = _DECLARED.fullmatch(text)
    assert found, text
    return found.groups()


def _empty(type_: str) -> str:
    if re.fullmatch(r"I[A-Z]\w*", type_):
        return f"{type_}(empty(address))"
    return f"empty({type_})"


def _renamed(text: str, pairs: list[tuple[re.Pattern[str], str]]) -> str:
    for pattern, value in pairs:
        text = pattern.sub(lambda _, value=value: value, text)  # type: ignore[misc]
    return text


def _code(text: str) -> str:
    """Without comments and texts, as long as before."""
    blank = re.compile(r'"""[\s\S]*?"""|#[^\n]*')
    return blank.sub(lambda found: re.sub(r"[^\n]", " ", found[0]), text)
