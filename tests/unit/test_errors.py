"""docs/errors.md and the sources say the same: every reason is there, and none that no contract raises."""

import re
from collections import defaultdict
from functools import cache
from pathlib import Path

import pytest
from vyper.ast import nodes
from vyper.ast.parse import parse_to_ast

from nacre.artifacts import PARTS

ROOT = Path(__file__).resolve().parents[2]
CONTRACTS = ROOT / "contracts"
REASONS = CONTRACTS / "lib" / "reasons.vy"
# Shipped contracts; mocks but for the oracle that scripts feed are tests' own.
DEPLOYABLES = sorted([*CONTRACTS.glob("*.vy"), *(CONTRACTS / "oracles").glob("*.vy")])
# Code that runs in the storage of another contract, which is the one that reverts.
WHOLE = {part: whole for whole, parts in PARTS.items() for part in parts}
# What this library's functions raise that we call.
OWNABLE = "ownable: caller is not the owner"
# A row of a table of reasons; other tables have no backticks in their first column.
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \| ([^|]+) \| ([^|]+) \|$")


@cache
def tree(path):
    return parse_to_ast(path.read_text())


@cache
def numbered():
    """Reasons kept as numbers: constant -> (number, comment)."""
    pattern = re.compile(r"^([A-Z_]+): constant\(uint256\) = (\d+)  # (.+)$", re.MULTILINE)
    return {name: (int(number), comment) for name, number, comment in pattern.findall(REASONS.read_text())}


def text_of(number):
    return number.to_bytes((number.bit_length() + 7) // 8, "big").decode()


def imports(path):
    """Files of ours that a file imports."""
    for node in tree(path).get_descendants(nodes.ImportFrom):
        target = CONTRACTS.parent.joinpath(*node.module.split(".")) / f"{node.name}.vy"
        if node.module.startswith("contracts") and target.is_file():
            yield target


@cache
def closure(path):
    found, waiting = set(), [path]
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += imports(current)
    return frozenset(found)


def function_of(node):
    while not isinstance(node, nodes.FunctionDef | nodes.Module):
        node = node.get_ancestor()
    return node


@cache
def raised_in(path):
    """Reason -> functions of this file that raise it; both forms, and the library's owner check."""
    found = defaultdict(set)
    module = tree(path)
    for node in module.get_descendants(nodes.Assert):
        found[node.msg.value].add(function_of(node).name)
    for node in module.get_descendants(nodes.Raise):
        if isinstance(node.exc, nodes.Str):
            found[node.exc.value].add(function_of(node).name)
    for node in module.get_descendants(nodes.Attribute):
        if isinstance(node.value, nodes.Name) and node.value.id == "reasons" and node.attr in numbered():
            found[text_of(numbered()[node.attr][0])].add(function_of(node).name)
        if node.attr == "_check_owner" and isinstance(node.value, nodes.Name) and node.value.id == "ownable":
            found[OWNABLE].add(function_of(node).name)
    return found


def called(path, name):
    """Functions that a function of a file calls: (file, name)."""
    modules = {target.stem: target for target in imports(path)}
    aliases = {
        node.alias: CONTRACTS.parent.joinpath(*node.module.split(".")) / f"{node.name}.vy"
        for node in tree(path).get_descendants(nodes.ImportFrom)
        if node.alias
    }
    for function in tree(path).get_descendants(nodes.FunctionDef):
        if function.name != name:
            continue
        for node in function.get_descendants(nodes.Attribute):
            if not isinstance(node.value, nodes.Name):
                continue
            owner = node.value.id
            if owner == "self":
                yield path, node.attr
            elif owner in modules or owner in aliases:
                yield modules.get(owner) or aliases[owner], node.attr


@cache
def reachable(path):
    """All functions that a contract's external functions and constructor, its own and exported ones, can reach."""
    waiting = [(path, f.name) for f in tree(path).get_descendants(nodes.FunctionDef) if not _is_internal(f)]
    for export in tree(path).get_descendants(nodes.ExportsDecl):
        for node in export.get_descendants(nodes.Attribute):
            target = next((item for item in imports(path) if item.stem == node.value.id), None)
            if target:
                waiting.append((target, node.attr))
    found = set()
    while waiting:
        current = waiting.pop()
        if current not in found:
            found.add(current)
            waiting += called(*current)
    return found


def _is_internal(function):
    return any(getattr(decorator, "id", "") == "internal" for decorator in function.decorator_list)


@cache
def raised():
    """Reason -> names of the contracts that raise it; the clearinghouse for its parts."""
    found = defaultdict(set)
    for contract in DEPLOYABLES:
        functions = reachable(contract)
        for path in closure(contract):
            for reason, names in raised_in(path).items():
                if any((path, name) in functions for name in names):
                    found[reason].add(WHOLE.get(contract.stem, contract.stem))
    return dict(found)


@cache
def listed():
    """Rows of docs/errors.md, in their order."""
    lines = (ROOT / "docs" / "errors.md").read_text().splitlines()
    return [match.groups() for line in lines if (match := ROW.match(line))]


def test_numbers_spell_what_their_comments_say():
    """And their constants."""
    assert len(numbered()) > 30
    for name, (number, comment) in numbered().items():
        assert text_of(number) == comment
        assert comment.upper().replace(" ", "_").replace("-", "_") == name
    texts = [comment for _, comment in numbered().values()]
    assert len(set(texts)) == len(texts) == REASONS.read_text().count("constant(")


def test_every_number_is_used():
    used = {reason for path in CONTRACTS.rglob("*.vy") if path != REASONS for reason in raised_in(path)}
    assert {comment for _, comment in numbered().values()} - used == set()


@pytest.mark.parametrize("path", sorted(CONTRACTS.rglob("*.vy")), ids=lambda path: path.stem)
def test_no_assert_without_a_reason(path):
    for node in tree(path).get_descendants((nodes.Assert, nodes.Raise)):
        reason = node.msg if isinstance(node, nodes.Assert) else node.exc
        if "mocks" in path.parts and isinstance(reason, nodes.Name):
            continue  # raise UNREACHABLE, on purpose
        assert isinstance(reason, nodes.Str), f"{path.name}:{node.lineno}"


def test_reasons_are_short_and_lower_case():
    """But for ADL, which everybody writes like that."""
    assert len(raised()) > 100
    for reason in raised():
        assert 1 <= len(reason.encode()) <= 32, reason
        assert reason == reason.strip(), reason
        assert re.fullmatch(r"[a-z0-9 :-]+", reason.replace("ADL", "")), reason


def test_every_reason_is_listed_once():
    reasons = [row[0] for row in listed()]
    assert sorted(set(reasons)) == sorted(reasons)
    assert set(raised()) - set(reasons) == set(), "raised, but not in docs/errors.md"
    assert set(reasons) - set(raised()) == set(), "in docs/errors.md, but never raised"


def test_it_is_said_who_raises_them():
    wrong = {}
    for reason, who, _, _ in listed():
        names = set(who.strip().split(", "))
        if names != raised()[reason]:
            wrong[reason] = (sorted(names), sorted(raised()[reason]))
    assert not wrong, wrong


def test_causes_are_told_apart():
    """One cause each: no two rows say the same, and each says what to do."""
    causes = [cause.strip() for _, _, cause, _ in listed()]
    assert len(set(causes)) == len(causes)
    assert all(len(cause.strip()) > 14 and len(remedy.strip()) > 3 for _, _, cause, remedy in listed())


def test_orders_name_known_reasons():
    """The second table speaks of reasons that exist."""
    text = (ROOT / "docs" / "errors.md").read_text()
    table = text[text.index("### In which order") : text.index("## Venue")]
    rows = [line.split("|")[2] for line in table.splitlines() if line.startswith("| ") and "---" not in line][1:]
    assert len(rows) == 14
    for row in rows:
        plain = re.sub(r"\((own|another's|of [^)]*|as above, but a jump is no obstacle)\)", "", row)
        for part in re.split(r"[,;()]| or ", plain):
            words = part.strip()
            explained = (
                "price",
                "venue",
                "the token's own",
                "the oracle's own",
                "price as above",
                "price as for a takeover",
                "",
            )
            words = words.removeprefix("taking out: ")
            assert words in raised() or words in explained, words
