"""Compiles the contracts with Vyper directly and keeps the results, so that runners on pyrevm need no Ape.

    artifact = load("Clearinghouse")          # or compile_contract("contracts/Clearinghouse.vy")
    artifact.abi, artifact.bytecode, artifact.runtime, artifact.method_ids

Results lie in `.cache/artifacts`, one file a contract, together with the hash of every file the compiler read for it. A
result is used only while all of them, the compiler, the library and the EVM version are still the same. The bytes equal
those of Ape and of the `vyper` command: the optimizer comes from the pragma in the source.

    python -m nacre.artifacts                 # compiles everything and lists code sizes
"""

import hashlib
import importlib.metadata
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
EVM_VERSION = "prague"
CODE_SIZE_LIMIT = 24_576  # EIP-170
# Folders of contracts/ with files that are only imported.
MODULE_FOLDERS = ("lib", "modules")
# Contracts whose code runs in the storage of another one, which answers for all of them.
PARTS = {
    "Clearinghouse": (
        "ClearinghouseCross",
        "ClearinghouseCrossLiquidation",
        "ClearinghouseMarkets",
        "ClearinghouseDeleveraging",
    )
}
# Raised whenever what is stored changes.
FORMAT = 1
# Processes that compile at the same time; each takes about 150 MB.
WORKERS = 2


class CompileError(Exception):
    """A contract that does not compile; the text is the compiler's."""


@dataclass(frozen=True)
class Artifact:
    """One compiled contract.

    bytecode     what is sent to create it, without constructor arguments
    runtime      its code without the immutables, which the constructor appends
    method_ids   selector of each external function: "transfer(address,uint256)" -> a9059cbb as bytes
    code_size    bytes of code on chain, immutables included
    layout       storage, transient storage and immutables by variable name, as Vyper reports them
    """

    name: str
    path: str
    abi: list[dict[str, Any]]
    bytecode: bytes
    runtime: bytes
    method_ids: dict[str, bytes]
    code_size: int
    layout: dict[str, Any]


@cache
def toolchain() -> str:
    """What besides the sources decides the result."""
    versions = [f"{name} {importlib.metadata.version(name)}" for name in ("vyper", "snekmate")]
    return ", ".join([f"format {FORMAT}", *versions, EVM_VERSION])


def deployables(root: Path = ROOT) -> list[Path]:
    """All contracts that can be deployed, sorted; their names (file stems) must differ."""
    contracts = root / "contracts"
    found = [
        path
        for path in sorted(contracts.rglob("*.vy"))
        if path.relative_to(contracts).parts[0] not in MODULE_FOLDERS and not path.name.startswith("_")
    ]
    by_name: dict[str, Path] = {}
    for path in found:
        if path.stem in by_name:
            raise CompileError(f"two contracts are called {path.stem}: {by_name[path.stem]} and {path}")
        by_name[path.stem] = path
    return found


def compile_contract(path: str | Path, root: Path = ROOT, use_cache: bool = True) -> Artifact:
    """Compiles the contract at `path` (absolute, or relative to `root`), or takes it from the cache."""
    root = root.resolve()
    source = (root / path).resolve()
    if not source.is_file():
        raise CompileError(f"there is no contract {path}")
    if use_cache and (artifact := _cached(source, root)):
        return artifact
    return _compile(source, root)


def load(name: str, root: Path = ROOT) -> Artifact:
    """The contract with this name, wherever it lies under contracts/; with the interface of its parts, if any."""
    for path in deployables(root):
        if path.stem == name:
            artifact = compile_contract(path, root)
            return _with_parts(artifact, [load(part, root) for part in PARTS.get(name, ())])
    raise CompileError(f"there is no contract {name} under {root / 'contracts'}")


def _with_parts(artifact: Artifact, parts: list[Artifact]) -> Artifact:
    """The contract with the functions and events of its parts that it has none of its own for."""
    abi, method_ids = list(artifact.abi), dict(artifact.method_ids)
    known = {(entry["type"], entry.get("name"), len(entry.get("inputs", []))) for entry in abi}
    for part in parts:
        for entry in part.abi:
            key = (entry["type"], entry.get("name"), len(entry.get("inputs", [])))
            if entry["type"] in ("function", "event") and key not in known:
                known.add(key)
                abi.append(entry)
        method_ids = part.method_ids | method_ids
    return replace(artifact, abi=abi, method_ids=method_ids)


def load_all(root: Path = ROOT) -> dict[str, Artifact]:
    """Every deployable contract by name. What is missing or old is compiled in up to `WORKERS` processes."""
    root = root.resolve()
    paths = deployables(root)
    artifacts = {path.stem: artifact for path in paths if (artifact := _cached(path, root))}
    if missing := [path for path in paths if path.stem not in artifacts]:
        if len(missing) > 1:
            _compile_in_processes(missing, root)
        artifacts |= {path.stem: compile_contract(path, root) for path in missing}
    return {path.stem: artifacts[path.stem] for path in paths}


def compiler_data(source: Path, root: Path = ROOT) -> Any:
    """What the compiler makes of a source, made when it is asked for."""
    # Imported here: taking a contract from the cache should not cost the 0.5 s that Vyper's import takes.
    from vyper.compiler import CompilerData
    from vyper.compiler.input_bundle import FilesystemInputBundle
    from vyper.compiler.settings import Settings

    # The last path is searched first.
    bundle = FilesystemInputBundle([Path(str(importlib.metadata.distribution("snekmate").locate_file(""))), root])
    with bundle.search_path(source.parent):
        file_input = bundle.load_file(source)
    return CompilerData(file_input, input_bundle=bundle, settings=Settings(evm_version=EVM_VERSION))


def _compile(source: Path, root: Path) -> Artifact:
    from vyper.compiler.output import build_abi_output, build_layout_output, build_method_identifiers_output
    from vyper.compiler.settings import anchor_settings
    from vyper.exceptions import VyperException

    try:
        data = compiler_data(source, root)
        with anchor_settings(data.settings):
            abi = build_abi_output(data)
            method_ids = build_method_identifiers_output(data)
            layout = json.loads(json.dumps(build_layout_output(data)))  # plain dictionaries, as from the cache
            bytecode, runtime = data.bytecode, data.bytecode_runtime
    except VyperException as error:
        raise CompileError(f"{source.relative_to(root)} does not compile: {error}") from error

    artifact = Artifact(
        name=source.stem,
        path=source.relative_to(root).as_posix(),
        abi=abi,
        bytecode=bytecode,
        runtime=runtime,
        method_ids={signature: bytes.fromhex(selector[2:].zfill(8)) for signature, selector in method_ids.items()},
        code_size=len(runtime) + _immutables_size(layout.get("code_layout", {})),
        layout=layout,
    )
    read = [source, *(Path(str(entry.resolved_path)) for entry in data.resolved_imports.compiler_inputs)]
    _store(artifact, read, root)
    return artifact


def _immutables_size(code_layout: dict[str, Any]) -> int:
    """Bytes that the constructor appends; entries of modules are nested."""
    end = 0
    for entry in code_layout.values():
        if isinstance(entry.get("offset"), int) and isinstance(entry.get("length"), int):
            end = max(end, entry["offset"] + entry["length"])
        else:
            end = max(end, _immutables_size(entry))
    return end


def _compile_in_processes(paths: list[Path], root: Path) -> None:
    """Fills the cache. Processes of their own rather than a pool: nothing of the caller is copied or imported again."""
    # Large ones first, dealt out in turn, so that the processes end at about the same time.
    ordered = sorted(paths, key=lambda path: path.stat().st_size, reverse=True)
    batches = [ordered[start::WORKERS] for start in range(min(WORKERS, len(ordered)))]

    def work(batch: list[Path]) -> None:
        command = [sys.executable, str(Path(__file__).resolve()), "--fill", str(root), *map(str, batch)]
        done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
        if done.returncode:
            lines = done.stderr.strip().splitlines() or ["the compiler ended without a word"]
            raise CompileError("\n".join(lines))

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(work, batches))


def _cache_file(source: Path, root: Path) -> Path:
    return root / ".cache" / "artifacts" / f"{source.stem}.json"


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _cached(source: Path, root: Path) -> Artifact | None:
    """The stored result, if it was made of exactly what is there now."""
    try:
        record = json.loads(_cache_file(source, root).read_text())
        stored = record["artifact"]
        if record["toolchain"] != toolchain() or stored["path"] != source.relative_to(root).as_posix():
            return None
        if stored["path"] not in record["sources"]:
            return None
        if any(_digest(root / name) != digest for name, digest in record["sources"].items()):
            return None
        stored |= {key: bytes.fromhex(stored[key]) for key in ("bytecode", "runtime")}
        stored["method_ids"] = {signature: bytes.fromhex(value) for signature, value in stored["method_ids"].items()}
        return Artifact(**stored)
    except (OSError, ValueError, KeyError, TypeError):
        return None  # never compiled, an imported file is gone, or the file is damaged: compile


def _store(artifact: Artifact, read: Iterable[Path], root: Path) -> None:
    """Writes in one step, so that two processes may store the same contract."""
    # Files outside these folders are those of the library, whose version is in the toolchain.
    folders = (root / "contracts", root / "interfaces", root / "tests")
    inside = sorted({path.resolve() for path in read if any(path.resolve().is_relative_to(f) for f in folders)})
    record = {
        "toolchain": toolchain(),
        "sources": {path.relative_to(root).as_posix(): _digest(path) for path in inside},
        "artifact": asdict(artifact),
    }
    target = root / ".cache" / "artifacts" / f"{artifact.name}.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile("w", dir=target.parent, suffix=".tmp", delete=False) as file:
        json.dump(record, file, default=bytes.hex)
    os.replace(file.name, target)


def _main(arguments: list[str]) -> int:
    try:
        if arguments[:1] == ["--fill"]:
            for path in arguments[2:]:
                compile_contract(path, Path(arguments[1]))
            return 0
        for artifact in load_all().values():
            print(f"{artifact.name:<24}{artifact.code_size:>7} bytes{artifact.code_size * 100 // CODE_SIZE_LIMIT:>5} %")
        return 0
    except CompileError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1:]))
