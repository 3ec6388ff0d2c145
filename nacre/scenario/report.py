"""Scenarios on the terminal, readable at a glance."""

from decimal import Decimal

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from nacre.scenario.runner import ScenarioResult, StepResult
from nacre.scenario.schema import Expect


def show(console: Console, result: ScenarioResult) -> None:
    """Every step of one scenario."""
    policy = f", policy {result.policy}" if result.policy else ""
    console.print(f"[bold]{escape(result.name)}[/bold]  [dim]{escape(str(result.path))}{policy}[/dim]")
    if result.steps:
        table = Table(box=None, pad_edge=False, header_style="dim")
        table.add_column("#", justify="right", style="dim")
        table.add_column("step", overflow="fold")
        table.add_column("result", overflow="fold")
        table.add_column("gas", justify="right", no_wrap=True)
        table.add_column("then", overflow="fold")
        for step in result.steps:
            table.add_row(*_row(step))
        console.print(table)
    console.print(_verdict(result), soft_wrap=True)


def show_line(console: Console, result: ScenarioResult) -> None:
    """One scenario of many."""
    mark = "[green]ok[/green]  " if result.ok else "[red]FAIL[/red]"
    console.print(f"{mark} {escape(result.name)}  [dim]{escape(str(result.path))}[/dim]", soft_wrap=True)
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
    gas = f"{result.gas_used:,}" if result.gas_used else ""
    return [str(result.step.number), escape(_told(result)), _outcome(result), gas, _then(result)]


def _then(result: StepResult) -> str:
    """The numbers that say most about the step: of whom it is about, and of the market what is not zero."""
    if isinstance(result.step.content, Expect) and result.ok:
        return ""  # the numbers stand in the step
    here = result.after["markets"][result.market]
    market, account = here["market"], here["accounts"].get(_whose(result), {})
    parts = [f"mark {_short(market['mark'])}"]
    if account.get("size") not in (None, "0"):
        parts.append(f"{escape(_whose(result))} {_short(account['size'])} with {_short(account['equity'])}")
        parts[-1] += f" {_stage(account['stage'])}"
    elif account:
        parts.append(f"{escape(_whose(result))} {_short(account['free_collateral'])} free")
    for title, field in (("fund", "insurance_fund"), ("unallocated", "unallocated_loss")):
        if market[field] not in (None, "0"):
            parts.append(f"{title} {_short(market[field])}")
    return ", ".join(parts)


def _whose(result: StepResult) -> str:
    """Whose numbers say most about the step: the target of a liquidation, else who acts."""
    content = result.step.content
    if isinstance(content, Expect):
        return str(content.expect.get("who", ""))
    return getattr(content, "target", None) or getattr(content, "of", None) or getattr(content, "who", None) or ""


def _told(result: StepResult) -> str:
    content = result.step.content
    if isinstance(content, Expect):
        wanted = dict(content.expect)
        whose = f"{wanted.pop('who')} " if "who" in wanted else ""
        return f"expect {whose}" + ", ".join(f"{key} {_value(value)}" for key, value in wanted.items())
    fields = content.model_dump(exclude_none=True, exclude_defaults=True, exclude={"do", "revert", "who"})
    who = getattr(content, "who", None)
    parts = ", ".join(f"{key} {_value(value)}" for key, value in fields.items())
    return f"{f'{who}: ' if who else ''}{content.do.replace('_', ' ')} {parts}".rstrip()


def _value(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {_value(item)}" for key, item in value.items())
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
