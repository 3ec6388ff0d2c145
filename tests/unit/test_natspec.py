"""Every function that others call says what it does, and one that changes something, what it reverts with."""

from pathlib import Path

import pytest
from vyper import ast as vy_ast
from vyper.ast.parse import parse_to_ast

from nacre.artifacts import ROOT

# Of another part, described where its twin stands.
SAME = "@notice As Clearinghouse."
SOURCES = [path for path in sorted((ROOT / "contracts").glob("**/*.vy")) if "mocks" not in path.parts]


def externals(source: str) -> list[tuple[str, bool, str]]:
    """Name, whether it only reads, and the docstring of each."""
    found = []
    for node in parse_to_ast(source).body:
        if isinstance(node, vy_ast.FunctionDef):
            decorators = {one.id for one in node.decorator_list if isinstance(one, vy_ast.Name)}
            if "external" in decorators and node.name != "__default__":
                text = node.doc_string.value if getattr(node, "doc_string", None) else ""
                found.append((node.name, bool(decorators & {"view", "pure"}), text))
    return found


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.relative_to(ROOT / "contracts").as_posix())
def test_external_functions_are_described(path: Path) -> None:
    missing = []
    for name, reads, text in externals(path.read_text()):
        if "@notice" not in text:
            missing.append(f"{name}: @notice")
        elif not reads and "everts" not in text and SAME not in " ".join(text.split()):
            missing.append(f"{name}: what it reverts with")
    assert not missing


def test_what_is_missing_is_seen() -> None:
    assert externals("@external\ndef a():\n    pass\n") == [("a", False, "")]
    assert externals('@external\n@view\ndef b():\n    """@notice B"""\n') == [("b", True, "@notice B")]
    assert externals('@internal\ndef _c():\n    """C"""\n') == []
