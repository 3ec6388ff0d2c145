"""What the compiler knows of a contract or an interface, for tests about the sources themselves."""

import importlib.metadata
import re
from functools import cache
from pathlib import Path
from typing import Any

from vyper.compiler import CompilerData
from vyper.compiler.input_bundle import FilesystemInputBundle
from vyper.compiler.settings import Settings, anchor_settings

from nacre.artifacts import EVM_VERSION, ROOT

FALLBACK = "__default__"


@cache
def module_of(path: str) -> Any:
    """The compiler's ModuleT of a file under the root: its front end only, nothing is generated."""
    source = ROOT / path
    library = Path(str(importlib.metadata.distribution("snekmate").locate_file("")))
    bundle = FilesystemInputBundle([library, ROOT])
    with bundle.search_path(source.parent):
        file = bundle.load_file(source)
    data = CompilerData(file, input_bundle=bundle, settings=Settings(evm_version=EVM_VERSION))
    with anchor_settings(data.settings):
        return data.annotated_vyper_module._metadata["type"]


@cache
def functions_of(name: str) -> dict[str, Any]:
    """The compiler's ContractFunctionT by signature, of a contract under contracts/; default arguments make several."""
    exposed = module_of(f"contracts/{name}.vy").exposed_functions
    return {signature: function for function in exposed for signature in function.method_ids}


def is_view(function: Any) -> bool:
    return function.mutability.name in ("VIEW", "PURE")


def written_by(function: Any) -> set[str]:
    """Storage that a function may change, itself or by what it calls in the same contract."""
    return _names(function._variable_writes, "STORAGE")


def immutables_of(function: Any) -> set[str]:
    """Immutables that a function may read."""
    return _names(function._variable_reads, "CODE")


def _names(accesses: Any, location: str) -> set[str]:
    variables = {access.variable for access in accesses}
    return {variable.decl_node.target.id for variable in variables if variable.location.name == location}


def left_empty(name: str) -> set[str]:
    """Addresses of other parts that a contract's constructor leaves empty, by the name of the immutable."""
    arguments = re.findall(r"parts\.__init__\((.*)\)\n", (ROOT / "contracts" / f"{name}.vy").read_text())
    given = arguments[0].split(", ") if arguments else []
    return {part for part, value in zip(("CROSS", "CROSS_LIQUIDATION"), given, strict=bool(given)) if "empty" in value}
