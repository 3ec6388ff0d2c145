"""Protocol behaviour as data: YAML files that run against freshly deployed contracts; scenarios/README.md tells how.

result = run_file(Path("scenarios/worked.yaml"))        # result.ok, result.error, result.as_json()
"""

from nacre.scenario.loader import LoadedScenario, ScenarioError, find_files, load_scenario
from nacre.scenario.runner import ScenarioResult, StepResult, run_file, run_scenario

__all__ = [
    "LoadedScenario",
    "ScenarioError",
    "ScenarioResult",
    "StepResult",
    "find_files",
    "load_scenario",
    "run_file",
    "run_scenario",
]
