"""Which line of which source each byte of a contract's code comes from. Compiles anew, a few seconds a contract."""

from bisect import bisect_right
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from nacre.artifacts import ROOT, compiler_data, load


@dataclass(frozen=True, order=True)
class Place:
    """`function` is "module.function", `line` counts from 1."""

    function: str
    line: int


class SourceMap:
    """Instructions that the compiler made without a source belong to what stands before them."""

    def __init__(self, places: dict[int, Place]):
        self._starts = sorted(places)
        self._places = places

    def at(self, pc: int) -> Place:
        index = bisect_right(self._starts, pc) - 1
        return self._places[self._starts[index]] if index >= 0 else Place("dispatcher", 0)


@cache
def source_map(name: str) -> SourceMap:
    """Of the contract with that name."""
    from vyper.compiler.settings import anchor_settings
    from vyper.ir import compile_ir

    data = compiler_data(ROOT / load(name).path)
    with anchor_settings(data.settings):
        _, maps = compile_ir.assembly_to_evm(data.assembly_runtime, compiler_metadata=None)
    return SourceMap({pc: place for pc, node in maps["pc_raw_ast_map"].items() if (place := _place(node))})


def _place(node: Any) -> Place | None:
    from vyper import ast as vy_ast

    function = node if isinstance(node, vy_ast.FunctionDef) else node.get_ancestor(vy_ast.FunctionDef)
    if function is None:
        return None
    module = function.get_ancestor(vy_ast.Module)
    return Place(f"{Path(module.path).stem}.{function.name}", node.lineno)
