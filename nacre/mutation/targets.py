"""What is mutated, which tests should notice, and which mutants nobody can notice.

targets.toml names groups of sources with the tests for them; docs/mutation.toml lists mutants that are equivalent, each
with the reason. Both are checked: a test that is gone or an entry without a mutant is an error.
"""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.artifacts import ROOT
from nacre.bare_pytest import files_of
from nacre.mutation.mutator import Mutant, MutationError, mutants

TARGETS = Path(__file__).with_name("targets.toml")
EQUIVALENT = ROOT / "docs" / "mutation.toml"


@dataclass(frozen=True)
class Target:
    """A source and the tests for it, those that fail soonest first; `more` are for what those do not notice."""

    group: str
    file: str
    tests: tuple[str, ...]
    more: tuple[str, ...] = ()


@dataclass(frozen=True)
class Equivalent:
    """Mutants that behave as the original does: what the line says, what becomes of it, and why that is the same.

    Where the line has several such places, `at` says how it goes on from the one that is meant, a line break included;
    where the function has several such lines, `nth` which one, from 1.
    """

    file: str
    function: str
    code: str
    change: str
    why: str
    at: str = ""
    nth: int = 0

    def fits(self, mutant: Mutant) -> bool:
        mine = (self.file, self.function, self.code, self.change)
        same = mine == (mutant.file, mutant.function, mutant.code, mutant.change)
        return same and f"{mutant.rest}\n".startswith(self.at) and self.nth in (0, mutant.nth)


def targets(path: Path = TARGETS, root: Path = ROOT) -> list[Target]:
    found = []
    for group in _read(path)["group"]:
        try:
            tests = tuple(files_of(group["tests"], root))
            more = tuple(file for file in files_of(group.get("more", []), root) if file not in tests)
        except FileNotFoundError as error:
            raise MutationError(f"{path.name}: group {group['name']}: {error}") from None
        for file in group["files"]:
            if not (root / file).is_file():
                raise MutationError(f"{path.name}: group {group['name']}: there is no {file}")
            found.append(Target(group["name"], file, tests, more))
    return found


def equivalents(path: Path = EQUIVALENT) -> list[Equivalent]:
    if not path.exists():
        return []
    found = []
    for entry in _read(path).get("equivalent", []):
        changes = entry.pop("changes", None) or [entry.pop("change")]
        found += [Equivalent(change=change, **entry) for change in changes]
    return found


def _read(path: Path) -> dict[str, Any]:
    with path.open("rb") as file:
        return tomllib.load(file)


def all_mutants(wanted: Iterable[Target], root: Path = ROOT) -> dict[Target, list[Mutant]]:
    return {target: mutants((root / target.file).read_text(), target.file) for target in wanted}


def unused(known: Iterable[Equivalent], found: Iterable[Mutant], files: set[str]) -> list[Equivalent]:
    """Entries for those files without a mutant: the code has moved on."""
    present = list(found)
    return [entry for entry in known if entry.file in files and not any(map(entry.fits, present))]
