"""The places of a source that are watched: each statement, both ways of each `if`, and what is evaluated at times only.

    found = points("contracts/modules/swaps.vy", source)
    found.lines                     # line numbers that count, as titanoboa's coverage plugin counts them
    found.every[0].address          # what its probe touches; see probes.py

A statement that began counts for all its lines, except for those parts of it (one side of `a if c else b`, the later
operands of `and` and `or`) that have a point of their own.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from vyper import ast as vy_ast
from vyper.ast.parse import parse_to_ast

from nacre.artifacts import ROOT

STATEMENT, TAKEN, PASSED, AT_TIMES = "statement", "taken", "passed over", "at times"
KINDS = (STATEMENT, TAKEN, PASSED, AT_TIMES)
# First byte of five of the addresses that probes touch; nobody lives there.
MARK = 0xC5
ORDINAL_BITS = 16
FILE_BITS = 16

Key = tuple[str, int, int, int, int]


class CoverageError(Exception):
    """What cannot be measured, or a list that does not fit."""


@dataclass(frozen=True)
class Point:
    """`address` is that of its probe, `lines` are those with something of it."""

    kind: str
    file: str
    function: str
    line: int
    code: str
    address: int
    lines: tuple[int, ...] = ()


@dataclass
class Points:
    """All of a file."""

    file: str
    every: list[Point] = field(default_factory=list)
    by_key: dict[Key, Point] = field(default_factory=dict)

    @property
    def lines(self) -> set[int]:
        return {line for point in self.every for line in point.lines}

    @property
    def branches(self) -> list[Point]:
        return [point for point in self.every if point.kind in (TAKEN, PASSED)]


def sources(root: Path = ROOT) -> list[str]:
    """Everything that may be deployed or imported, without what only tests use."""
    found = sorted((root / "contracts").rglob("*.vy"))
    names = [path.relative_to(root).as_posix() for path in found if "mocks" not in path.parts]
    if len({_file_number(name) for name in names}) != len(names):
        raise CoverageError("two files have the same number: raise FILE_BITS")
    return names


def key_of(kind: str, node: vy_ast.VyperNode) -> Key:
    return kind, node.lineno, node.col_offset, node.end_lineno, node.end_col_offset


def points(file: str, source: str) -> Points:
    return _Reader(file, source).read()


def sometimes(node: vy_ast.VyperNode) -> list[vy_ast.VyperNode]:
    """The children of an expression that need not be evaluated when it is."""
    if isinstance(node, vy_ast.IfExp):
        return [node.body, node.orelse]
    if isinstance(node, vy_ast.BoolOp):
        return list(node.values[1:])
    return []


def _file_number(file: str) -> int:
    return int.from_bytes(hashlib.sha256(file.encode()).digest()[:2], "big")


class _Reader:
    def __init__(self, file: str, source: str):
        self._source = source
        self._code = source.splitlines()
        self._found = Points(file)
        self._first = (MARK << FILE_BITS | _file_number(file)) << ORDINAL_BITS
        self._function = ""

    def read(self) -> Points:
        for node in parse_to_ast(self._source).body:
            if isinstance(node, vy_ast.FunctionDef):
                self._function = node.name
                for statement in node.body:
                    self._statement(statement)
        return self._found

    def _add(self, kind: str, node: vy_ast.VyperNode, lines: set[int]) -> None:
        point = Point(
            kind=kind,
            file=self._found.file,
            function=self._function,
            line=node.lineno,
            code=self._code[node.lineno - 1].strip(),
            address=self._first + len(self._found.every),
            lines=tuple(sorted(lines)),
        )
        self._found.every.append(point)
        self._found.by_key[key_of(kind, node)] = point

    def _statement(self, node: vy_ast.VyperNode) -> None:
        inner = [*node.body, *getattr(node, "orelse", [])] if isinstance(node, vy_ast.If | vy_ast.For) else []
        hidden: list[vy_ast.VyperNode] = []
        lines = {node.lineno}
        for child in node.get_children():
            if not any(child is statement for statement in inner):
                lines |= set(self._lines(child, hidden))
        self._add(STATEMENT, node, lines)
        if isinstance(node, vy_ast.If):
            self._add(TAKEN, node, set())
            self._add(PASSED, node, set())
        self._at_times(hidden)
        for statement in inner:
            self._statement(statement)

    def _at_times(self, nodes: list[vy_ast.VyperNode]) -> None:
        for node in nodes:
            hidden: list[vy_ast.VyperNode] = []
            self._add(AT_TIMES, node, set(self._lines(node, hidden)))
            self._at_times(hidden)

    def _lines(self, node: vy_ast.VyperNode, hidden: list[vy_ast.VyperNode]) -> Iterator[int]:
        """Those of the node without what is evaluated at times only, which is added to `hidden`."""
        if isinstance(node, vy_ast.AnnAssign) and isinstance(node.get_ancestor(), vy_ast.For):
            return  # the compiler says a wrong line for the type of a loop's variable
        if isinstance(node, vy_ast.Operator):
            return  # and for an operator the line of the first of its kind
        yield node.lineno
        later = sometimes(node)
        hidden += later
        for child in node.get_children():
            if not any(child is other for other in later):
                yield from self._lines(child, hidden)
