"""Every proof stands in the table of docs/derivations.md section 3, and everything in the table is proved."""

import re
from pathlib import Path

PROOFS = Path(__file__).resolve().parent
TABLE = (PROOFS.parents[1] / "docs" / "derivations.md").read_text().split("\n| lemma | test |\n")[1].split("\n\n")[0]
# What names no lemma: checks of the rows themselves.
ROWS = {"test_every_row_is_a_number_within_its_limit"}


def functions_of(path: Path) -> set[str]:
    return set(re.findall(r"^def (test_\w+)", path.read_text(), re.MULTILINE))


def test_table_and_proofs_are_the_same() -> None:
    proofs = {
        name
        for path in PROOFS.glob("test_*.py")
        if "\nfrom prover import" in path.read_text()
        for name in functions_of(path)
    }
    bounds = {
        "test_no_value_passes_its_limit",
        "test_every_function_with_an_unchecked_operation_is_bounded",
    }
    assert bounds <= functions_of(PROOFS / "test_unchecked.py")
    named = re.findall(r"`(test_\w+)`", TABLE)
    assert len(named) == len({*named})
    assert {*named} == (proofs - ROWS) | bounds


def test_lemmas_of_the_table_are_stated() -> None:
    """R1 to R14 above it, T1 to T4 in "Treasury"."""
    text = (PROOFS.parents[1] / "docs" / "derivations.md").read_text()
    stated = set(re.findall(r"^\| (R\d+) \|", text, re.MULTILINE)) | set(re.findall(r"\b(T[1-4]) \[z3\]", text))
    listed = set(re.findall(r"\b([RT]\d+)\b", "\n".join(line.split("|")[1] for line in TABLE.splitlines())))
    assert listed == stated
