"""Scenarios on the terminal, readable at a glance."""

from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nacre.scenario.runner import ScenarioResult, StepResult
from nacre.scenario.schema import Expect


def show(console: Console, result: ScenarioResult) -> None:
    """Every step of one scenario."""
    console.print(f"[bold]{escape(result.name)}[/bold]  [dim]{escape(str(result.path))}  policy {result.policy}[/dim]")
    if result.steps:
        table = Table(box=None, pad_edge=False, header_style="dim")
        for title, right in (("#", True), ("step", False), ("result", False), ("gas", True), ("mark", True)):
            table.add_column(title, justify="right" if right else "left", overflow="fold")
        for title in ("fund", "open int.", "whose", "size", "equity"):
            table.add_column(title, justify="left" if title == "whose" else "right")
        table.add_column("stage")
        for step in result.steps:
            table.add_row(*_row(step))
        console.print(table)
    console.print(_verdict(result))


def show_line(console: Console, result: ScenarioResult) -> None:
    """One scenario of many."""
    mark = "[green]ok[/green]  " if result.ok else "[red]FAIL[/red]"
    console.print(f"{mark} {escape(result.name)}  [dim]{escape(str(result.path))}, {_counts(result)}[/dim]")
    if not result.ok:
        console.print(f"     [red]{escape(result.error)}[/red]", soft_wrap=True)


def summary(results: list[ScenarioResult]) -> str:
    failed = [result for result in results if not result.ok]
    steps = sum(len(result.steps) for result in results)
    verdict = f"[red]{len(failed)} failed[/red]" if failed else "[green]all passed[/green]"
    return f"{len(results)} scenarios, {steps} steps: {verdict}"


def _verdict(result: ScenarioResult) -> str:
    if result.ok:
        return f"[green]ok[/green]  {_counts(result)}"
    return f"[red]FAIL[/red]  {escape(result.error)}"


def _counts(result: ScenarioResult) -> str:
    compared = sum(step.compared for step in result.steps)
    gas = sum(step.gas_used for step in result.steps)
    return f"{len(result.steps)} steps, {compared} numbers compared, {gas:,} gas"


def _row(result: StepResult) -> list[str]:
    here = result.after["markets"][result.market]
    market = here["market"]
    whose = _whose(result)
    account = here["accounts"].get(whose, {})
    return [
        str(result.step.number),
        escape(_told(result)),
        _outcome(result),
        f"{result.gas_used:,}" if result.gas_used else "",
        _short(market["mark"]),
        _short(market["insurance_fund"]),
        _short(market["open_interest"]),
        escape(whose),
        _short(account.get("size")),
        _short(account.get("equity")),
        _stage(account.get("stage")),
    ]


def _whose(result: StepResult) -> str:
    """Whose numbers say most about the step: the target of a liquidation, else who acts."""
    content = result.step.content
    if isinstance(content, Expect):
        return str(content.expect.get("who", ""))
    return getattr(content, "target", None) or getattr(content, "of", None) or getattr(content, "who", None) or ""


def _told(result: StepResult) -> str:
    content = result.step.content
    if isinstance(content, Expect):
        parts = [f"{key} {_value(value)}" for key, value in content.expect.items()]
        return f"expect {', '.join(parts)}"
    fields = content.model_dump(exclude_none=True, exclude_defaults=True, exclude={"do", "revert", "who"})
    who = getattr(content, "who", None)
    parts = [f"{key} {_value(value)}" for key, value in fields.items()]
    return " ".join([f"{who}:" if who else "", content.do, ", ".join(parts)]).strip()


def _value(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key} {_value(item)}" for key, item in value.items()) + "}"
    if isinstance(value, Decimal):
        return f"{value:f}"
    return "none" if value is None else str(value)


def _outcome(result: StepResult) -> str:
    content = result.step.content
    if isinstance(content, Expect):
        return "[green]holds[/green]" if result.ok else "[red]differs[/red]"
    if result.ok:
        return "[red]passed[/red]" if content.revert else "ok"
    return f"[{'yellow' if content.revert else 'red'}]reverts: {escape(result.reason)}[/]"


def _stage(stage: str | None) -> str:
    if stage is None:
        return ""
    colour = {"healthy": "green", "margin_call": "yellow", "bankrupt": "red"}.get(stage, "magenta")
    return f"[{colour}]{stage.replace('_', ' ')}[/{colour}]"


def _short(value: str | None) -> str:
    """Six digits after the point at most; small ones in full."""
    if value is None:
        return ""
    number = Decimal(value)
    text = f"{number:,.6f}" if abs(number) >= Decimal("0.001") or not number else f"{number:.3g}"
    return text.rstrip("0").rstrip(".") if "." in text and "e" not in text.lower() else text
