"""How a failure is kept: a JSON file with a line for each thing that was done, to be read, cut and replayed."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def write(path: Path, head: dict[str, Any], key: str, items: Iterable[Any]) -> None:
    """The head's fields, then `items` under `key`."""
    lines = ",\n".join(f"    {json.dumps(item)}" for item in items)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f'{json.dumps(head, indent=2)[:-2]},\n  "{key}": [\n{lines}\n  ]\n}}\n')


def read(path: Path, wanted: object) -> dict[str, Any]:
    """Raises ValueError for a story of another `format` than wanted."""
    data: dict[str, Any] = json.loads(path.read_text())
    if not isinstance(data, dict) or data.get("format") != wanted:
        raise ValueError("it is no story of this version")
    return data
