"""Bytes of code of every contract that is deployed, against the project's own limit."""

from dataclasses import dataclass
from pathlib import Path

from nacre.artifacts import ROOT, load_all

LIMIT = 22_500  # below CODE_SIZE_LIMIT, what a chain allows


@dataclass(frozen=True)
class Size:
    name: str
    code_bytes: int

    @property
    def too_large(self) -> bool:
        return self.code_bytes > LIMIT

    def as_json(self) -> dict[str, object]:
        return {"contract": self.name, "bytes": self.code_bytes, "limit": LIMIT, "left": LIMIT - self.code_bytes}


def sizes() -> list[Size]:
    """Largest first; contracts/mocks is for tests and left out."""
    found = [
        Size(artifact.name, artifact.code_size)
        for artifact in load_all(ROOT).values()
        if Path(artifact.path).parts[1] != "mocks"
    ]
    return sorted(found, key=lambda size: (-size.code_bytes, size.name))
