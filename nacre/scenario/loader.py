"""Reads a scenario file and refuses what is wrong in it by file, line, step and reason."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from nacre.presets import MarketConfig, PresetError, preset
from nacre.presets.store import explain
from nacre.scenario.schema import STEPS, Expect, Scenario, Step

DEFAULT_POLICY = "oyster"


class ScenarioError(Exception):
    """A file that is refused, or whose run does not go as it says. The text begins with the file."""


@dataclass(frozen=True)
class LoadedStep:
    number: int  # from 1
    line: int
    content: Step | Expect

    @property
    def title(self) -> str:
        return self.content.do if isinstance(self.content, Step) else "expect"


@dataclass(frozen=True)
class LoadedScenario:
    path: Path
    head: Scenario
    policy: str
    markets: dict[str, MarketConfig]
    steps: list[LoadedStep]

    @property
    def name(self) -> str:
        return self.head.name

    @property
    def people(self) -> set[str]:
        """Names that act."""
        return {name for step in self.steps if (name := getattr(step.content, "who", None))}


class _Loader(yaml.SafeLoader):
    """Numbers keep the digits that were written; a key given twice is an error."""


def _number(loader: _Loader, node: yaml.ScalarNode) -> Decimal | int:
    text = loader.construct_scalar(node).replace("_", "")
    return int(text) if re.fullmatch(r"[-+]?\d+", text) else Decimal(text)


def _mapping(loader: _Loader, node: yaml.MappingNode) -> dict[Any, Any]:
    seen = set()
    for key_node, _ in node.value:
        key = loader.construct_object(key_node)
        if key in seen:
            raise yaml.constructor.ConstructorError(None, None, f"{key} is there twice", key_node.start_mark)
        seen.add(key)
    return yaml.SafeLoader.construct_mapping(loader, node, deep=True)


# YAML 1.1 would read 010 as eight, 1:30 as ninety and 1e-5 as text.
_NUMERIC = re.compile(r"[-+]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][-+]?\d+)?$")
_Loader.yaml_implicit_resolvers = {
    first: [(tag, rule) for tag, rule in rules if tag.split(":")[-1] not in ("int", "float", "timestamp")]
    for first, rules in yaml.SafeLoader.yaml_implicit_resolvers.items()
}
_Loader.add_implicit_resolver("!number", _NUMERIC, list("-+.0123456789"))
_Loader.add_constructor("!number", _number)
_Loader.add_constructor("tag:yaml.org,2002:map", _mapping)


def load_scenario(path: Path, policy: str | None = None) -> LoadedScenario:
    """The file at `path`, checked as far as it can be without running; `policy` replaces the one it names."""
    raw, lines = _read(path)
    try:
        head = Scenario.model_validate({"name": path.stem} | raw)
    except ValidationError as error:
        raise ScenarioError(f"{path}: {explain(error)}") from None
    name = policy or head.policy or DEFAULT_POLICY
    try:
        markets = {market: preset(name, **fields) for market, fields in head.market_fields().items()}
    except PresetError as error:
        raise ScenarioError(f"{path}: {error}") from None
    steps = []
    for number, (content, line) in enumerate(zip(head.steps, lines, strict=True), 1):
        steps.append(LoadedStep(number, line, _step(path, number, line, content, markets)))
    return LoadedScenario(path, head, name, markets, steps)


def _read(path: Path) -> tuple[dict[str, Any], list[int]]:
    """The content and the line of each step."""
    try:
        text = path.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        raw = loader.construct_document(node) if node else None
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise ScenarioError(f"{path}:{mark.line + 1 if mark else 1}: {error.problem}") from None
    except yaml.YAMLError as error:
        raise ScenarioError(f"{path}: {error}") from None
    finally:
        loader.dispose()
    if not isinstance(raw, dict) or not isinstance(node, yaml.MappingNode):
        raise ScenarioError(f"{path}: a mapping with name, policy, market and steps is needed")
    if any(not isinstance(key, str) for key in raw):
        raise ScenarioError(f"{path}: keys must be words")
    return raw, list(_step_lines(node))


def _step_lines(node: yaml.MappingNode) -> Iterator[int]:
    for key, value in node.value:
        if key.value == "steps" and isinstance(value, yaml.SequenceNode):
            for item in value.value:
                yield item.start_mark.line + 1


def _step(path: Path, number: int, line: int, raw: dict[str, Any], markets: dict[str, MarketConfig]) -> Step | Expect:
    def refuse(reason: str, title: str = "") -> ScenarioError:
        return ScenarioError(f"{path}:{line}: step {number}{f' ({title})' if title else ''}: {reason}")

    if "expect" in raw:
        kind: type[Expect] | type[Step] = Expect
        title = "expect"
    else:
        title = str(raw.get("do", ""))
        if not title:
            raise refuse("needs `do` or `expect`")
        if title not in STEPS:
            raise refuse(f"there is no step {title!r}; there are {', '.join(STEPS)}")
        kind = STEPS[title]
    try:
        content = kind.model_validate(raw)
    except ValidationError as error:
        raise refuse(explain(error), title) from None
    named = content.expect.get("market") if isinstance(content, Expect) else content.market
    if isinstance(named, str) and named not in markets:
        raise refuse(f"there is no market {named!r}; there are {', '.join(markets)}", title)
    if named is None and len(markets) > 1 and content.needs_market:
        raise refuse(f"which market? There are {', '.join(markets)}", title)
    return content


def find_files(paths: list[Path]) -> list[Path]:
    """All files named; of folders, the .yaml and .yml files inside, sorted."""
    found: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = sorted(item for item in path.rglob("*") if item.suffix in (".yaml", ".yml") and item.is_file())
            if not inside:
                raise ScenarioError(f"{path}: no .yaml file in this folder")
            found += inside
        elif path.is_file():
            found.append(path)
        else:
            raise ScenarioError(f"{path}: there is no such file or folder")
    return found
