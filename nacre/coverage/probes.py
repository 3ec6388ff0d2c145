"""Probes in compiled code: at each point the balance of an address that stands for the point is looked up.

The embedded chain remembers every account that was ever looked at, also by views and by what reverts. So a run at full
speed leaves a list of the points it came by, without any tracing.
"""

import os
import pickle
import tempfile
import weakref
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import vyper.compiler
from vyper import ast as vy_ast
from vyper.codegen import expr as expr_module
from vyper.codegen import stmt as stmt_module
from vyper.codegen.core import ensure_in_memory
from vyper.codegen.expr import Expr
from vyper.codegen.ir_node import IRnode
from vyper.codegen.stmt import Stmt, parse_body
from vyper.compiler.settings import OptimizationLevel
from vyper.semantics.types import BoolT

from nacre import artifacts
from nacre.chain.embedded import EmbeddedChain
from nacre.coverage.points import AT_TIMES, PASSED, STATEMENT, TAKEN, Points, key_of, points, sources

CACHE = Path(".cache") / "coverage"
# Raised when the code with probes changes.
FORMAT = 1


class Probes:
    """The points of all sources under a root."""

    def __init__(self, root: Path):
        self._by_path: dict[Path, Points] = {
            (root / file).resolve(): points(file, (root / file).read_text()) for file in sources(root)
        }

    def at(self, kind: str, node: vy_ast.VyperNode) -> list[Any] | None:
        """What to put there; nothing into other sources and into what the compiler adds itself."""
        module = node.module_node
        found = self._by_path.get(Path(module.resolved_path)) if module is not None else None
        point = found.by_key.get(key_of(kind, node)) if found is not None else None
        return ["pop", ["balance", point.address]] if point is not None else None


def instrument(probes: Probes) -> None:
    """From now on this process compiles with probes, and without optimizing, so that nothing is merged."""
    plain_statement = stmt_module.parse_stmt

    def parse_stmt(node: vy_ast.VyperNode, context: Any) -> IRnode:
        code = plain_statement(node, context)
        probe = probes.at(STATEMENT, node)
        return IRnode.from_list(["seq", probe, code], ast_source=node) if probe else code

    def parse_if(self: Stmt) -> IRnode:
        node = self.stmt
        with self.context.block_scope():
            test = Expr.parse_value_expr(node.test, self.context)
            body = parse_body(node.body, self.context)
        with self.context.block_scope():
            orelse = parse_body(node.orelse, self.context)
        taken, passed = ([probe] if (probe := probes.at(kind, node)) else [] for kind in (TAKEN, PASSED))
        return IRnode.from_list(["if", test, ["seq", *taken, body], ["seq", *passed, orelse]])

    def parse_bool(self: Expr) -> IRnode:
        values = [Expr.parse_value_expr(value, self.context) for value in self.expr.values]
        for index, node in enumerate(self.expr.values):
            probe = probes.at(AT_TIMES, node)
            if index and probe:
                values[index] = IRnode.from_list(["seq", probe, values[index]], typ=BoolT())
        join = Expr._logical_and if isinstance(self.expr.op, vy_ast.And) else Expr._logical_or
        return join(values)

    def parse_either(self: Expr) -> IRnode:
        node = self.expr
        test = Expr.parse_value_expr(node.test, self.context)
        sides = [Expr(side, self.context).ir_node for side in (node.body, node.orelse)]
        if sides[0].location != sides[1].location or sides[0].value == "multi":
            sides = [ensure_in_memory(side, self.context) for side in sides]
        location = sides[0].location
        for index, side in enumerate((node.body, node.orelse)):
            if probe := probes.at(AT_TIMES, side):
                code = sides[index]
                sides[index] = IRnode.from_list(["seq", probe, code], typ=code.typ, location=location)
        return IRnode.from_list(["if", test, *sides], typ=node._metadata["type"], location=location)

    stmt_module.parse_stmt = parse_stmt
    Stmt.parse_If = parse_if
    expr_module.Expr.parse_BoolOp = parse_bool
    expr_module.Expr.parse_IfExp = parse_either
    vyper.compiler.CompilerData = _Unoptimised


class _Unoptimised(vyper.compiler.CompilerData):
    def __init__(self, *arguments: Any, **fields: Any):
        super().__init__(*arguments, **fields)
        self.settings.optimize = OptimizationLevel.NONE


def use_own_cache() -> None:
    """Code with probes must not come near the other."""
    toolchain = f"{artifacts.toolchain()}, probes {FORMAT}"
    loaded: dict[Path, artifacts.Artifact] = {}

    def find(source: Path, root: Path) -> artifacts.Artifact | None:
        if source not in loaded and (root / CACHE / source.stem).is_file():
            made_by, digests, artifact = pickle.loads((root / CACHE / source.stem).read_bytes())
            files = [root / name for name in digests]
            same = all(
                file.is_file() and artifacts._digest(file) == digests[name]
                for file, name in zip(files, digests, strict=True)
            )
            if made_by == toolchain and same and root / artifact.path == source:
                loaded[source] = artifact
        return loaded.get(source)

    def store(artifact: artifacts.Artifact, read: Iterable[Path], root: Path) -> None:
        inside = {path.resolve() for path in read if path.resolve().is_relative_to(root)}
        digests = {path.relative_to(root).as_posix(): artifacts._digest(path) for path in inside}
        (root / CACHE).mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=root / CACHE, delete=False) as file:
            file.write(pickle.dumps((toolchain, digests, artifact)))
        os.replace(file.name, root / CACHE / artifact.name)
        loaded[root / artifact.path] = artifact

    artifacts._cached, artifacts._store = find, store
    # processes of their own would compile without probes
    artifacts._compile_in_processes = lambda paths, root: None


class Watch:
    """Which probes any embedded chain of this process has touched."""

    def __init__(self) -> None:
        self.touched: set[int] = set()
        self._open: list[weakref.finalize[Any, Any]] = []

    def begin(self) -> None:
        begin = EmbeddedChain.__init__
        watch = self

        def begin_watched(chain: EmbeddedChain, *arguments: Any, **fields: Any) -> None:
            begin(chain, *arguments, **fields)
            watch._open.append(weakref.finalize(chain, watch._read, chain._evm))
            watch._open = [final for final in watch._open if final.alive]

        EmbeddedChain.__init__ = begin_watched  # type: ignore[assignment, method-assign]

    def _read(self, evm: Any) -> None:
        limit = 1 << 40
        self.touched |= {number for address in evm.db_accounts if (number := int(address, 16)) < limit}

    def end(self) -> set[int]:
        """Of chains that are still there too."""
        for final in self._open:
            final()
        return self.touched
