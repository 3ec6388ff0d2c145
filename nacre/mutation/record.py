"""Verdicts that stay: a run that was stopped, or that comes after a change, judges only what is new.

A verdict holds as long as the function that the mutant is in stands as it did (all constants, for one in a constant);
that nobody noticed holds as long as the tests do.
"""

import hashlib
import json
import re
from collections.abc import Iterable
from dataclasses import asdict
from functools import cache
from pathlib import Path
from typing import IO

from nacre.artifacts import ROOT
from nacre.mutation.mutator import Mutant
from nacre.mutation.run import Verdict
from nacre.mutation.targets import Target
from nacre.mutation.worker import BROKEN, SURVIVED


def key_of(mutant: Mutant, source: str) -> str:
    """The same for as long as the function is."""
    if mutant.function:
        start = re.search(rf"^def {mutant.function}\(", source, re.MULTILINE)
        assert start
        end = re.compile(r"^[@\w]", re.MULTILINE).search(source, start.end())
        within, text = start.start(), source[start.start() : end.start() if end else len(source)]
    else:
        within = 0
        text = "\n".join(line for line in source.splitlines() if re.match(r"\w+: .*constant\(", line))
        within = source.rfind("\n", 0, mutant.start) + 1
    at = [mutant.file, mutant.function, mutant.code, mutant.start - within, mutant.old, mutant.new, text]
    return hashlib.sha256(json.dumps(at).encode()).hexdigest()[:24]


@cache
def _tests_of(tests: tuple[str, ...], root: Path) -> str:
    return hashlib.sha256(b"\0".join((root / test).read_bytes() for test in tests)).hexdigest()[:24]


class Record:
    """A file of verdicts, one a line; the last one on a mutant counts."""

    def __init__(self, path: Path, root: Path = ROOT):
        self._path, self._root = path, root
        self._rows: dict[str, dict[str, object]] = {}
        self._file: IO[str] | None = None
        if path.exists():
            for line in path.read_text().splitlines():
                row = json.loads(line)
                if "key" in row:
                    self._rows[row["key"]] = row

    def known(self, items: Iterable[tuple[Target, Mutant]]) -> list[Verdict]:
        found = []
        for target, mutant in items:
            row = self._rows.get(self._key(mutant))
            if row is None or row["outcome"] == BROKEN:
                continue
            if row["outcome"] == SURVIVED and row["tests"] != _tests_of(target.tests + target.more, self._root):
                continue
            found.append(Verdict(mutant, target.group, str(row["outcome"]), str(row["by"]), float(str(row["seconds"]))))
        return found

    def survived(self, mutant: Mutant) -> bool:
        row = self._rows.get(self._key(mutant))
        return row is not None and row["outcome"] == SURVIVED

    def add(self, target: Target, verdict: Verdict) -> None:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._path.open("a")
        row = {
            "key": self._key(verdict.mutant),
            "tests": _tests_of(target.tests + target.more, self._root),
            **asdict(verdict),
        }
        print(json.dumps(row), file=self._file, flush=True)

    def _key(self, mutant: Mutant) -> str:
        return key_of(mutant, _text(self._root / mutant.file))


@cache
def _text(path: Path) -> str:
    return path.read_text()
