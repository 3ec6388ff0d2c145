"""The same sources, compiled otherwise than they ship: what the optimizer makes of them must not matter.

    tree("none")                                     # contracts/ and interfaces/ with that pragma; compile from there
    python tests/support/other_bytecode.py none      # the tests below on the bytecode of -O none, gas or codesize
    python tests/support/other_bytecode.py gas tests/unit/lens -x

The command copies the project into `.cache/optimize/MODE` and runs pytest there, so that nothing else sees the other
bytecode. Without optimization some contracts are larger than a chain takes; the limit is lifted for the run. Tests that
are about sizes and gas are left out.
"""

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
MODES = ("none", "gas", "codesize")
PRAGMA = re.compile(r"^# pragma optimize \w+$", re.MULTILINE)
COPIED = (
    "nacre",
    "tests",
    "scenarios",
    "docs",
    "pyproject.toml",
    "ape-config.yaml",
    "README.md",
    "requirements.in",
    "requirements.txt",
)
# What a nightly run looks at: money, positions, venue and vault against the model, and the stories.
SUITE = (
    "tests/fuzz/test_walk.py",
    "tests/fuzz/test_system.py",
    "tests/model",
    "tests/stories",
    "tests/unit/backstop_vault",
    "tests/unit/clearinghouse",
    "tests/unit/cross_margin",
    "tests/unit/deleveraging",
    "tests/unit/lib",
    "tests/unit/liquidation_engine",
    "tests/unit/oyster_amm",
)
LEFT_OUT = "not (fits or gas or code_size or many or deployed_sources or largest_account)"
# Far above what anything needs.
CODE_SIZE = 2**17


def optimizer_of(path: Path) -> str:
    """What a source asks for; Vyper's default if nothing."""
    found = PRAGMA.search(path.read_text())
    return found[0].split()[-1] if found else "gas"


def compiled_for(mode: str, path: Path) -> str:
    """The text of a source that asks for that optimizer. What is only imported is compiled as whoever imports it."""
    text = path.read_text()
    if PRAGMA.search(text) or path.suffix == ".vyi" or {"lib", "modules"} & set(path.parts):
        return PRAGMA.sub(f"# pragma optimize {mode}", text)
    return re.sub(r"^(# pragma version .*\n)", rf"\1# pragma optimize {mode}\n", text, count=1)


def tree(mode: str) -> Path:
    """The sources with that optimizer in each pragma. Files that are right already are left alone, and so are their
    compiled results."""
    root = ROOT / ".cache" / "optimize" / mode
    wanted: dict[Path, str] = {}
    for folder in ("contracts", "interfaces"):
        for path in sorted((ROOT / folder).rglob("*.vy*")):
            wanted[root / path.relative_to(ROOT)] = compiled_for(mode, path)
    for folder in ("contracts", "interfaces"):
        for path in (root / folder).rglob("*.vy*"):
            if path not in wanted and not path.name.startswith("."):
                path.unlink(missing_ok=True)
    for path, text in wanted.items():
        if not path.is_file() or path.read_text() != text:
            path.parent.mkdir(parents=True, exist_ok=True)
            # in one step: another worker may be reading
            part = path.with_name(f".{os.getpid()}-{path.name}")
            part.write_text(text)
            part.replace(path)
    return root


def lift_limit() -> None:
    """Contracts of any size may be deployed on embedded chains of this process."""
    from nacre.chain import embedded

    embedded.CfgEnv = functools.partial(embedded.CfgEnv, limit_contract_code_size=CODE_SIZE)  # type: ignore[misc, assignment]


def run(mode: str, arguments: list[str]) -> int:
    root = tree(mode)
    for name in COPIED:
        source, target = ROOT / name, root / name
        if source.is_dir():
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(source, target, ignore=shutil.ignore_patterns(".cache", "__pycache__"))
        else:
            shutil.copy(source, target)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(root), str(root / "tests")))}
    command = [sys.executable, "-m", "pytest", "-p", "support.other_bytecode_plugin", "-k", LEFT_OUT]
    return subprocess.run([*command, *(arguments or SUITE)], cwd=root, env=environment, check=False).returncode


if __name__ == "__main__":
    if sys.argv[1:2] not in ([mode] for mode in MODES):
        sys.exit(f"usage: other_bytecode.py {'|'.join(MODES)} [pytest arguments]")
    sys.exit(run(sys.argv[1], sys.argv[2:]))
