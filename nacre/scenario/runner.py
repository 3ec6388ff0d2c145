"""Runs one scenario: every step, the snapshot after it, and the verdict."""

from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nacre.chain import ChainError
from nacre.deploy import DeployError
from nacre.presets.store import explain
from nacre.scenario.expect import ExpectationFailed, compare
from nacre.scenario.loader import LoadedScenario, LoadedStep, ScenarioError, load_scenario
from nacre.scenario.schema import Expect
from nacre.scenario.snapshot import snapshot
from nacre.scenario.world import World


@dataclass
class StepResult:
    step: LoadedStep
    ok: bool  # the transaction went through; for an expectation: it holds
    reason: str  # of a revert
    gas_used: int
    after: dict[str, Any]
    compared: int = 0

    @property
    def market(self) -> str:
        """The market it is about; the first if it is about none."""
        content = self.step.content
        named = content.expect.get("market") if isinstance(content, Expect) else content.market
        return named if isinstance(named, str) else next(iter(self.after["markets"]))


@dataclass
class ScenarioResult:
    path: Path
    name: str
    policy: str = ""
    steps: list[StepResult] = field(default_factory=list)
    error: str = ""  # empty: everything went as the file says

    @property
    def ok(self) -> bool:
        return not self.error

    def as_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "file": str(self.path),
            "policy": self.policy,
            "ok": self.ok,
            "error": self.error or None,
            "steps": [_step_json(result) for result in self.steps],
        }


def run_file(path: Path, policy: str | None = None) -> ScenarioResult:
    """Never raises for what a file says or does: the result holds the error."""
    try:
        return run_scenario(load_scenario(path, policy))
    except ScenarioError as error:
        return ScenarioResult(path, path.stem, error=str(error))


def run_scenario(scenario: LoadedScenario) -> ScenarioResult:
    result = ScenarioResult(scenario.path, scenario.name, scenario.policy)
    try:
        world = World(scenario.markets, scenario.head.collateral_decimals, scenario.people)
    except (ChainError, DeployError, ValueError) as error:
        result.error = f"{scenario.path}: the markets cannot be set up: {error}"
        return result
    for step in scenario.steps:
        failure = _run_step(world, step, result)
        if failure:
            result.error = f"{scenario.path}:{step.line}: step {step.number} ({step.title}): {failure}"
            break
    return result


def _run_step(world: World, step: LoadedStep, result: ScenarioResult) -> str:
    """The reason why the file fails here; empty if it does not."""
    content = step.content
    if isinstance(content, Expect):
        for name in content.actors():
            world.account(name)
        after = snapshot(world)
        try:
            compared = compare(content, after, list(world.system.markets))
        except ExpectationFailed as error:
            result.steps.append(StepResult(step, False, str(error), 0, after))
            return str(error)
        result.steps.append(StepResult(step, True, "", 0, after, compared))
        return ""
    try:
        outcome = world.run(content)
        after = snapshot(world)
    except ValidationError as error:
        return explain(error)
    except (ChainError, ValueError, ArithmeticError) as error:
        return str(error)
    result.steps.append(StepResult(step, outcome.ok, outcome.reason, outcome.gas_used, after))
    if content.revert is None:
        return "" if outcome.ok else f"reverted: {outcome.reason}"
    if outcome.ok:
        return f'did not revert, expected "{content.revert}"'
    if content.revert.lower() not in outcome.reason.lower():
        return f'reverted with "{outcome.reason}", expected "{content.revert}"'
    return ""


def _step_json(result: StepResult) -> dict[str, Any]:
    content = result.step.content
    told = content.model_dump(exclude_none=True, exclude_defaults=True)
    here = result.after["markets"][result.market]
    record = {
        "number": result.step.number,
        "line": result.step.line,
        "step": _plain(told),
        "ok": result.ok,
        "reason": result.reason or None,
        "gas_used": result.gas_used,
        "market": here["market"],
        "accounts": here["accounts"],
        "solvency": result.after["solvency"],
    }
    if len(result.after["markets"]) > 1:
        record["markets"] = result.after["markets"]
    return record


def _plain(value: Any) -> Any:
    """Decimals as strings."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return f"{value:f}" if isinstance(value, Decimal) else value
