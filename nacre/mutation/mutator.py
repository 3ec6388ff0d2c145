"""Small faults, one at a time: reads a Vyper source into its syntax tree and lists every text that differs from it in
one place where a test should notice.

    for mutant in mutants(source, "contracts/modules/waterfall.vy"):
        mutant.line, mutant.old, mutant.new        # 93, "<", "<="
        mutant.applied(source)                     # the whole text with the fault

Whether a mutant compiles is for the compiler to say.
"""

import re
from dataclasses import dataclass

from vyper import ast as vy_ast
from vyper.ast.parse import parse_to_ast

COMPARISON = "comparison"
ARITHMETIC = "arithmetic"
LOGIC = "logic"
CONSTANT = "constant"
HELPER = "helper"
ARGUMENTS = "arguments"
NEGATION = "negation"
CHECK = "dropped check"
STATEMENT = "dropped statement"
# Counted apart: what a log says is checked by some tests, but nothing in the contracts depends on it.
EVENT = "dropped event"
KINDS = (COMPARISON, ARITHMETIC, LOGIC, CONSTANT, HELPER, ARGUMENTS, NEGATION, CHECK, STATEMENT, EVENT)

_OPERATORS = {
    vy_ast.Lt: ("<", "<="),
    vy_ast.LtE: ("<=", "<"),
    vy_ast.Gt: (">", ">="),
    vy_ast.GtE: (">=", ">"),
    vy_ast.Eq: ("==", "!="),
    vy_ast.NotEq: ("!=", "=="),
    vy_ast.In: ("in", "not in"),
    vy_ast.NotIn: ("not in", "in"),
    vy_ast.Add: ("+", "-"),
    vy_ast.Sub: ("-", "+"),
    vy_ast.Mult: ("*", "//"),
    vy_ast.FloorDiv: ("//", "*"),
    vy_ast.Mod: ("%", "//"),
    vy_ast.Pow: ("**", "*"),
    vy_ast.LShift: ("<<", ">>"),
    vy_ast.RShift: (">>", "<<"),
    vy_ast.BitAnd: ("&", "|"),
    vy_ast.BitOr: ("|", "&"),
    vy_ast.BitXor: ("^", "&"),
    vy_ast.And: ("and", "or"),
    vy_ast.Or: ("or", "and"),
}
_HELPERS = {
    "min": "max",
    "max": "min",
    "unsafe_add": "unsafe_sub",
    "unsafe_sub": "unsafe_add",
    "unsafe_mul": "unsafe_div",
    "unsafe_div": "unsafe_mul",
}
# Their arguments may change places without a difference.
_COMMUTATIVE = {"min", "max", "unsafe_add", "unsafe_mul"}
# Builtins with types among their arguments, and how many of those come before the first type.
_BEFORE_TYPES = {"empty": 0, "max_value": 0, "min_value": 0, "convert": 1, "abi_decode": 1}
# Builtins whose arguments are worth swapping; those of others are types and lengths.
_ORDERED = {"unsafe_sub", "unsafe_div"}


class MutationError(Exception):
    """A source that cannot be read, or a mutant that does not belong to it."""


@dataclass(frozen=True)
class Mutant:
    """One fault. `start` and `end` bound `old` in the source; `code` is the line it stands in, without indentation, the
    `nth` of the function's that read so, and `rest` what follows there from the fault on."""

    file: str
    function: str
    line: int
    start: int
    end: int
    kind: str
    old: str
    new: str
    code: str
    rest: str = ""
    nth: int = 1

    def applied(self, source: str) -> str:
        if source[self.start : self.end] != self.old:
            raise MutationError(f"{self.file} has changed: {self.old!r} is not in line {self.line}")
        return source[: self.start] + self.new + source[self.end :]

    @property
    def change(self) -> str:
        """In one line: "< becomes <="."""
        old, new = (" ".join(text.split()) for text in (self.old, self.new))
        return f"{old} dropped" if new == "pass" else f"{old} becomes {new}"


def mutants(source: str, file: str) -> list[Mutant]:
    """All of a source, in its order."""
    return _Reader(source, file).read()


class Places:
    """Where nodes of the syntax tree stand in the text."""

    def __init__(self, source: str):
        self.lines = source.splitlines(keepends=True)
        self._starts = [0]
        for line in self.lines:
            self._starts.append(self._starts[-1] + len(line))

    def _offset(self, line: int, column: int) -> int:
        # columns count bytes
        prefix = self.lines[line - 1].encode()[:column].decode()
        return self._starts[line - 1] + len(prefix)

    def span(self, node: vy_ast.VyperNode) -> tuple[int, int]:
        return self._offset(node.lineno, node.col_offset), self._offset(node.end_lineno, node.end_col_offset)


class _Reader:
    def __init__(self, source: str, file: str):
        self._source = source
        self._file = file
        places = Places(source)
        self._lines = places.lines
        self._span = places.span
        self._found: list[Mutant] = []
        self._function = ""
        self._begins = 0

    def read(self) -> list[Mutant]:
        module = parse_to_ast(self._source)
        for node in module.body:
            if isinstance(node, vy_ast.FunctionDef):
                self._function, self._begins = node.name, node.lineno
                self._block(node.body)
            elif isinstance(node, vy_ast.VariableDecl) and node.is_constant and node.value is not None:
                self._function = ""
                self._expression(node.value)
        return sorted(self._found, key=lambda mutant: (mutant.start, mutant.end, mutant.new))

    # ---- places

    def _add(self, start: int, end: int, kind: str, new: str) -> None:
        line = self._source.count("\n", 0, start) + 1
        code = self._lines[line - 1].strip()
        before = [one.strip() for one in self._lines[self._begins : line - 1]] if self._function else []
        self._found.append(
            Mutant(
                file=self._file,
                function=self._function,
                line=line,
                start=start,
                end=end,
                kind=kind,
                old=self._source[start:end],
                new=new,
                code=code,
                nth=before.count(code) + 1,
                rest=self._source[start : self._source.find("\n", start)].strip(),
            )
        )

    def _add_operator(self, left: vy_ast.VyperNode, right: vy_ast.VyperNode, operator: object, kind: str) -> None:
        """The operator stands between its operands, perhaps beside brackets and comments."""
        swap = _OPERATORS.get(type(operator))
        if swap is None:
            return
        old, new = swap
        begin, end = self._span(left)[1], self._span(right)[0]
        between = re.sub(r"#[^\n]*", lambda comment: " " * len(comment[0]), self._source[begin:end])
        if between.replace("(", "").replace(")", "").replace("\\", "").split() != old.split():
            return  # the compiler's own rewriting (of the head of a loop) has moved the columns
        at = begin + between.index(old)
        self._add(at, at + len(old), kind, new)

    # ---- statements

    def _block(self, nodes: list[vy_ast.VyperNode]) -> None:
        for place, node in enumerate(nodes):
            if not _is_declared_for_a_tuple(node, nodes[place + 1 :]):
                self._statement(node)

    def _statement(self, node: vy_ast.VyperNode) -> None:
        self._drop(node)
        if isinstance(node, vy_ast.If):
            self._negate(node.test)
            self._expression(node.test)
            if _is_guard(node):
                return  # without its body it is dropped
            self._block(node.body)
            self._block(node.orelse)
        elif isinstance(node, vy_ast.For):
            self._expression(node.iter)
            self._block(node.body)
        elif isinstance(node, vy_ast.Assert):
            self._negate(node.test)
            self._expression(node.test)
        elif isinstance(node, vy_ast.AugAssign):
            self._add_augmented(node)
            self._expression(node.value)
        elif isinstance(node, vy_ast.AnnAssign):
            self._expression(node.value)
        else:
            for child in node.get_children():
                self._expression(child)

    def _drop(self, node: vy_ast.VyperNode) -> None:
        start, end = self._span(node)
        if isinstance(node, vy_ast.Assert) or _is_guard(node):
            self._add(start, end, CHECK, "pass")
        elif isinstance(node, vy_ast.Log):
            self._add(start, end, EVENT, "pass")
        elif isinstance(node, vy_ast.Assign | vy_ast.AugAssign | vy_ast.Expr) and not _is_text(node):
            self._add(start, end, STATEMENT, "pass")

    def _add_augmented(self, node: vy_ast.AugAssign) -> None:
        swap = _OPERATORS.get(type(node.op))
        begin, end = self._span(node.target)[1], self._span(node.value)[0]
        at = self._source.find("=", begin, end)
        if swap is not None and at > 0 and self._source[begin:at].strip() == swap[0]:
            self._add(at - len(swap[0]), at, ARITHMETIC, swap[1])

    def _negate(self, test: vy_ast.VyperNode) -> None:
        if isinstance(test, vy_ast.Compare) and isinstance(
            test.op, vy_ast.Eq | vy_ast.NotEq | vy_ast.In | vy_ast.NotIn
        ):
            return  # swapping the comparison is the same
        start, end = self._span(test)
        if isinstance(test, vy_ast.UnaryOp) and isinstance(test.op, vy_ast.Not):
            inner = self._source[start:end].removeprefix("not").strip()
            self._add(start, end, NEGATION, inner)
        else:
            self._add(start, end, NEGATION, f"(not ({self._source[start:end]}))")

    # ---- expressions

    def _expression(self, node: vy_ast.VyperNode) -> None:
        if isinstance(node, vy_ast.Compare):
            self._add_operator(node.left, node.right, node.op, COMPARISON)
        elif isinstance(node, vy_ast.BinOp):
            self._add_operator(node.left, node.right, node.op, ARITHMETIC)
        elif isinstance(node, vy_ast.BoolOp):
            for left, right in zip(node.values, node.values[1:], strict=False):
                self._add_operator(left, right, node.op, LOGIC)
        elif isinstance(node, vy_ast.IfExp):
            self._negate(node.test)
        elif isinstance(node, vy_ast.Int | vy_ast.NameConstant):
            self._add_constant(node)
        elif isinstance(node, vy_ast.Call):
            self._call(node)
            return
        for child in node.get_children():
            self._expression(child)

    def _add_constant(self, node: vy_ast.VyperNode) -> None:
        start, end = self._span(node)
        text = self._source[start:end]
        if isinstance(node, vy_ast.NameConstant):
            if text in ("True", "False"):
                self._add(start, end, CONSTANT, "False" if text == "True" else "True")
            return
        if text.replace("_", "") != str(node.value):
            return  # see _add_operator
        self._add(start, end, CONSTANT, str(node.value + 1))
        if node.value > 0:
            self._add(start, end, CONSTANT, str(node.value - 1))

    def _call(self, node: vy_ast.Call) -> None:
        name = node.func.attr if isinstance(node.func, vy_ast.Attribute) else getattr(node.func, "id", "")
        self._add_helper(node, name)
        own = isinstance(node.func, vy_ast.Attribute) or name in _ORDERED
        if own and name not in _COMMUTATIVE:
            for first, second in zip(node.args, node.args[1:], strict=False):
                self._add_swap(first, second)
        if isinstance(node.func, vy_ast.Attribute):
            self._expression(node.func.value)
        for argument in node.args[: _BEFORE_TYPES.get(name)]:
            self._expression(argument)
        for keyword in node.keywords:
            if keyword.arg not in ("max_outsize", "is_delegate_call", "is_static_call", "revert_on_failure"):
                self._expression(keyword.value)

    def _add_helper(self, node: vy_ast.Call, name: str) -> None:
        other = _HELPERS.get(name) if isinstance(node.func, vy_ast.Name) else _other_direction(name)
        if other is None:
            return
        end = self._span(node.func)[1]
        self._add(end - len(name), end, HELPER, other)

    def _add_swap(self, first: vy_ast.VyperNode, second: vy_ast.VyperNode) -> None:
        start, middle = self._span(first)
        begin, end = self._span(second)
        one, other = self._source[start:middle], self._source[begin:end]
        if " ".join(one.split()) != " ".join(other.split()):
            self._add(start, end, ARGUMENTS, other + self._source[middle:begin] + one)


def _other_direction(name: str) -> str | None:
    for ending, other in (("_up", "_down"), ("_down", "_up")):
        if name.endswith(ending):
            return name.removesuffix(ending) + other
    return None


def _is_guard(node: vy_ast.VyperNode) -> bool:
    """An `if` that only reverts: an assert by another name."""
    if not isinstance(node, vy_ast.If) or node.orelse or len(node.body) != 1:
        return False
    (only,) = node.body
    if isinstance(only, vy_ast.Raise):
        return True
    call = only.value if isinstance(only, vy_ast.Expr) else None
    if not isinstance(call, vy_ast.Call):
        return False
    return getattr(call.func, "attr", getattr(call.func, "id", "")) == "_revert"


def _is_declared_for_a_tuple(node: vy_ast.VyperNode, after: list[vy_ast.VyperNode]) -> bool:
    """A name that only gets its type here: `a, b = self._both()` gives it a value before anyone reads one."""
    if not isinstance(node, vy_ast.AnnAssign) or not isinstance(node.value, vy_ast.Int | vy_ast.NameConstant):
        return False
    first = next((one for one in after if not isinstance(one, vy_ast.AnnAssign)), None)
    if not isinstance(first, vy_ast.Assign) or not isinstance(first.target, vy_ast.Tuple):
        return False
    between = [one.value for one in after[: after.index(first)]]
    read = {name.id for value in [*between, first.value] for name in _names(value)}
    given = {one.id for one in first.target.elements if isinstance(one, vy_ast.Name)}
    return node.target.id in given - read


def _names(node: vy_ast.VyperNode) -> list[vy_ast.Name]:
    return ([node] if isinstance(node, vy_ast.Name) else []) + node.get_descendants(vy_ast.Name)


def _is_text(node: vy_ast.VyperNode) -> bool:
    return isinstance(node, vy_ast.Expr) and isinstance(node.value, vy_ast.Str)
