"""Every unchecked operation of the contracts has its bound in tests/proofs/bounds.py, and every bound holds."""

import re
from pathlib import Path

import pytest
from bounds import ENTRIES

CONTRACTS = Path(__file__).resolve().parents[2] / "contracts"
# Tokens and oracles of tests hold no bound of the protocol.
SKIPPED = ("mocks",)
FUNCTION = re.compile(r"^def (\w+)")


def unchecked_functions() -> set[str]:
    """file.function of every function with an `unsafe_` operation."""
    found = set()
    for path in sorted(CONTRACTS.rglob("*.vy")):
        place = path.relative_to(CONTRACTS)
        if place.parts[0] in SKIPPED:
            continue
        function = ""
        for line in path.read_text().splitlines():
            if match := FUNCTION.match(line):
                function = match.group(1)
            if "unsafe_" in line.split("#")[0]:
                found.add(f"{place.with_suffix('').as_posix()}.{function}")
    return found


def test_every_function_with_an_unchecked_operation_is_bounded() -> None:
    missing = unchecked_functions() - set(ENTRIES)
    assert not missing, f"state the bounds of {sorted(missing)} in tests/proofs/bounds.py"


def test_nothing_is_bounded_that_is_not_there() -> None:
    gone = set(ENTRIES) - unchecked_functions()
    assert not gone, f"take {sorted(gone)} out of tests/proofs/bounds.py"


@pytest.mark.parametrize("place", sorted(ENTRIES))
def test_no_value_passes_its_limit(place: str) -> None:
    for what, largest, limit in ENTRIES[place]:
        assert largest < limit, f"{place}: {what} reaches 2^{largest.bit_length()}"
