"""What the documents name is there: files, commands, contracts, tests, and the figures of the README."""

import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
README = ROOT / "README.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md"), ROOT / "scenarios" / "README.md"])
LINK = re.compile(r"\]\(([^)#\s]+)(?:#[^)]*)?\)|src=\"([^\"]+)\"")
PATH = re.compile(r"`((?:contracts|docs|interfaces|nacre|scenarios|scripts|tests)/[\w./*]+?)(?:::(\w+))?`")
# As derivations.md refers to tests: a function, or a file of them.
MARK = re.compile(r"\[(test_\w+(?:, test_\w+)*)[^\]]*\]")
# What the README calls an operation of docs/gas.md.
OPERATIONS = {
    "takeover, solvent": "takeover_solvent",
    "takeover, bankrupt, the other side pays": "takeover_bankrupt",
    "takeover of one of two cross positions": "takeover_cross",
    "force close": "force_close",
    "deleveraging, one against one": "adl_one",
    "deleveraging, one against a thousand": "adl_thousand",
    "trade that increases a position": "trade_increase",
    "deposit of a 6-decimal token": "deposit",
}


@cache
def defined_in_tests() -> frozenset[str]:
    """Names of all test functions, and of the files that hold them."""
    found = set()
    for path in (ROOT / "tests").rglob("*.py"):
        found |= {path.stem, *re.findall(r"^ *def (\w+)\(", path.read_text(), re.MULTILINE)}
    return frozenset(found)


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_links_lead_somewhere(document):
    for groups in LINK.findall(document.read_text()):
        target = groups[0] or groups[1]
        assert target.startswith("https://") or (document.parent / target).exists(), target


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_files_and_tests_that_are_named_exist(document):
    text = document.read_text()
    for path, test in PATH.findall(text):
        if "NAME" in path or "FILE" in path:
            continue
        found = list(ROOT.glob(path))
        assert found, path
        assert not test or f"def {test}(" in found[0].read_text(), f"{path}::{test}"
    for names in MARK.findall(text):
        for name in names.split(", "):
            assert name in defined_in_tests(), name


def test_the_readme_names_every_contract_once():
    sources = {path.stem for path in (ROOT / "contracts").rglob("*.vy") if path.parent.name != "mocks"}
    blocks = "".join(re.findall(r"```\n((?:contracts|modules)/.*?)```", README.read_text(), re.DOTALL))
    named = []
    for line in blocks.splitlines():
        if match := re.match(r" +((?:\w+(?:\.vy)?(?:, |(?= |$)))+)  ", line + "  "):
            named += [name.removesuffix(".vy") for name in match[1].strip().split(", ")]
    assert sorted(named) == sorted(sources)


def test_the_readme_shows_every_command():
    usage = re.search(r"cat <<'EOF'\n(.*?)\nEOF", (ROOT / "run").read_text(), re.DOTALL)[1]
    commands = set(re.findall(r"^  (\w+) {2,}", usage, re.MULTILINE)) - {"help"}
    assert commands
    table = README.read_text().split("## Commands")[1].split("\n## ")[0]
    cells = " ".join(re.findall(r"^\| ([^|]+) \|", table, re.MULTILINE))
    shown = set(re.findall(r"[a-z]+", cells))
    assert commands <= shown, commands - shown


def test_the_readme_gives_the_gas_that_is_measured():
    """Within a hundredth: a change of a few units is no reason to touch the README."""
    measured = (ROOT / "docs" / "gas.md").read_text()
    gas = dict(re.findall(r"^\| (\w+) \| ([\d,]+) \|", measured, re.MULTILINE))
    peers = dict(re.findall(r"^\| (\w+) \|(?: [^|]+ \|){3} ([A-Za-z][^|]*) \|", measured, re.MULTILINE))
    table = README.read_text().split("| operation | gas | cheapest peer measured |")[1].split("\n\n")[0]
    rows = {label: (cost, peer) for label, cost, peer in re.findall(r"\| (\w[^|]+) \| ([\d,]+) \| ([^|]+) \|", table)}
    assert rows.keys() == OPERATIONS.keys()
    for label, name in OPERATIONS.items():
        told, found = (int(number.replace(",", "")) for number in (rows[label][0], gas[name]))
        assert abs(told - found) <= found // 100, label
        assert rows[label][1] == peers.get(name, "none"), label
