"""The compile cache must never hand out a result of other sources than those that are there."""

import os

import pytest

from nacre.ape_build import drop_stale_build
from nacre.artifacts import CompileError, compile_contract, deployables, load, load_all

COUNTER = """# pragma version 0.4.3
from contracts.lib import step
from interfaces import ICounter

STEP: immutable(uint256)

@deploy
def __init__():
    STEP = step._size()

@external
@view
def point() -> ICounter.Point:
    return ICounter.Point(x=STEP)
"""


@pytest.fixture
def tree(tmp_path):
    """A project of two contracts, one library and one interface."""
    files = {
        "contracts/Counter.vy": COUNTER,
        "contracts/mocks/Other.vy": COUNTER,
        "contracts/lib/step.vy": "@internal\n@pure\ndef _size() -> uint256:\n    return 3\n",
        "interfaces/ICounter.vyi": "struct Point:\n    x: uint256\n",
        "ape-config.yaml": "name: tree\n",
        "requirements.txt": "",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    return tmp_path


def test_second_time_comes_from_the_cache(tree, monkeypatch):
    first = compile_contract("contracts/Counter.vy", tree)
    monkeypatch.setattr("nacre.artifacts._compile", lambda *_: pytest.fail("compiled again"))

    assert compile_contract("contracts/Counter.vy", tree) == first
    assert list(first.method_ids) == ["point()"]
    assert first.code_size == len(first.runtime) + 32


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("contracts/Counter.vy", "x=STEP", "x=STEP + 1"),
        ("contracts/lib/step.vy", "return 3", "return 4"),
        ("interfaces/ICounter.vyi", "x: uint256", "x: uint256 # wei"),
    ],
    ids=["contract", "library", "interface"],
)
def test_any_source_that_was_read_counts(tree, monkeypatch, file, old, new):
    compile_contract("contracts/Counter.vy", tree)
    (tree / file).write_text((tree / file).read_text().replace(old, new))
    compiled = []
    monkeypatch.setattr("nacre.artifacts._compile", lambda source, _: compiled.append(source.name))

    compile_contract("contracts/Counter.vy", tree)
    assert compiled == ["Counter.vy"]


def test_source_that_was_not_read_does_not_count(tree, monkeypatch):
    first = compile_contract("contracts/Counter.vy", tree)
    (tree / "contracts/mocks/Other.vy").write_text("# pragma version 0.4.3\n")
    monkeypatch.setattr("nacre.artifacts._compile", lambda *_: pytest.fail("compiled again"))
    assert compile_contract("contracts/Counter.vy", tree) == first


def test_damaged_cache_is_compiled_again(tree):
    first = compile_contract("contracts/Counter.vy", tree)
    (tree / ".cache/artifacts/Counter.json").write_text('{"toolchain": ')
    assert compile_contract("contracts/Counter.vy", tree) == first


def test_load_all_skips_what_is_only_imported(tree):
    artifacts = load_all(tree)
    assert list(artifacts) == ["Counter", "Other"]
    assert artifacts["Counter"].bytecode == artifacts["Other"].bytecode


def test_compiler_error_names_the_file(tree):
    (tree / "contracts/mocks/Other.vy").write_text("x: uint257\n")
    with pytest.raises(CompileError, match=r"contracts/mocks/Other\.vy does not compile"):
        load_all(tree)


def test_same_name_twice_is_refused(tree):
    (tree / "contracts/mocks/Counter.vy").write_text(COUNTER)
    with pytest.raises(CompileError, match="two contracts are called Counter"):
        deployables(tree)


def test_same_bytes_as_ape(project):
    assert load("MockToken").bytecode == bytes.fromhex(
        project.MockToken.contract_type.deployment_bytecode.bytecode.removeprefix("0x")
    )


def test_build_of_ape_is_dropped_once_a_library_changed(tree):
    build = tree / ".build" / "__local__.json"
    assert drop_stale_build(tree)
    build.write_text("{}")

    assert not drop_stale_build(tree)
    assert build.is_file()

    os.utime(tree / "contracts/lib/step.vy")  # a new date alone is no change
    assert not drop_stale_build(tree)

    (tree / "contracts/lib/step.vy").write_text("@internal\n@pure\ndef _size() -> uint256:\n    return 4\n")
    assert drop_stale_build(tree)
    assert not build.is_file()
