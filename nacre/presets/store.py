"""Finds presets: the TOML files beside this one, or a file of one's own."""

import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nacre.presets.market import MarketConfig

FOLDER = Path(__file__).resolve().parent


class PresetError(Exception):
    """A preset that does not exist or does not hold; the text says what is wrong and what would be right."""


def preset_names() -> list[str]:
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def preset(name: str, **fields: Any) -> MarketConfig:
    """The preset with that name, single fields changed."""
    if name not in preset_names():
        raise PresetError(f"there is no policy {name!r}; there are {', '.join(preset_names())}")
    shipped = load_file(FOLDER / f"{name}.toml")
    try:
        return MarketConfig.model_validate(shipped.model_dump() | fields)
    except ValidationError as error:
        raise PresetError(f"market: {explain(error)}") from None


def load_file(path: Path, **fields: Any) -> MarketConfig:
    """A market's parameters from a TOML file. `policy = "oyster"` in it starts from that preset."""
    try:
        content = tomllib.loads(path.read_text())
    except OSError as error:
        raise PresetError(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PresetError(f"{path}: {error}") from None
    base: dict[str, Any] = {}
    if "policy" in content:
        base = preset(str(content.pop("policy"))).model_dump()
    try:
        return MarketConfig.model_validate(base | content | fields)
    except ValidationError as error:
        raise PresetError(f"{path.name}: {explain(error)}") from None


def explain(error: ValidationError) -> str:
    """Pydantic's findings in one line: "imr_bps: Input should be a valid integer; ..."."""
    parts = []
    for item in error.errors(include_url=False):
        place = ".".join(str(part) for part in item["loc"])
        message = item["msg"].removeprefix("Value error, ")
        if item["type"] == "extra_forbidden":
            message = "there is no such field"
        parts.append(f"{place}: {message}" if place else message)
    return "; ".join(parts)
