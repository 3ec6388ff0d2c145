"""Compares what a file expects with a snapshot."""

from decimal import Decimal, InvalidOperation
from typing import Any

from nacre.scenario.schema import Expect
from nacre.scenario.snapshot import ACCOUNT_FIELDS, MARKET_FIELDS, SOLVENCY_FIELDS, STAGES


class ExpectationFailed(Exception):
    """The text says what was expected, what was found, or why the expectation makes no sense."""


def compare(expect: Expect, snapshot: dict[str, Any], markets: list[str]) -> int:
    """The number of fields compared; raises ExpectationFailed with all that differ."""
    wanted = dict(expect.expect)
    pairs: list[tuple[str, Any, str | None]] = []
    market = wanted.pop("market", None)
    state = wanted.pop("state", None)
    if isinstance(market, dict):
        if len(markets) > 1:
            raise ExpectationFailed(f"which market? `market: NAME, state: {{...}}`; there are {', '.join(markets)}")
        market, state = markets[0], market
    market = market or markets[0]
    if not isinstance(market, str) or not (state is None or isinstance(state, dict)):
        raise ExpectationFailed("`market` names one or holds its fields, `state` holds its fields")
    found = snapshot["markets"][market]
    if state is not None:
        pairs += _pairs(market, state, found["market"], MARKET_FIELDS)
    if "solvency" in wanted:
        pairs += _pairs("solvency", wanted.pop("solvency"), snapshot["solvency"], SOLVENCY_FIELDS)
    if "who" in wanted:
        who = wanted.pop("who")
        if not isinstance(who, str) or who not in found["accounts"]:
            raise ExpectationFailed(f"who: there is no account {who!r}")
        pairs += _pairs(who, wanted, found["accounts"][who], ACCOUNT_FIELDS)
    elif wanted:
        raise ExpectationFailed(f"{', '.join(map(str, wanted))}: of whom? Name `who` or put it under `market`")
    if not pairs:
        raise ExpectationFailed("names no field to compare")
    wrong = [text for place, want, have in pairs if (text := _difference(place, want, have, expect.tolerance))]
    if wrong:
        raise ExpectationFailed("; ".join(wrong))
    return len(pairs)


def _pairs(owner: str, wanted: Any, found: dict[str, str | None], known: tuple[str, ...]) -> list:
    if not isinstance(wanted, dict) or not wanted:
        raise ExpectationFailed(f"{owner}: fields with values are needed")
    for key in wanted:
        if key not in known:
            raise ExpectationFailed(f"{owner}: there is no field {key!r}; there are {', '.join(known)}")
    return [(f"{owner} {key}", value, found[key]) for key, value in wanted.items()]


def _difference(place: str, want: Any, have: str | None, tolerance: Decimal) -> str | None:
    """None if they agree."""
    if place.endswith(" stage"):
        stage = str(want).replace(" ", "_")
        if stage not in STAGES:
            raise ExpectationFailed(f"{place}: there is no stage {want!r}; there are {', '.join(STAGES)}")
        return None if stage == have else f"{place} is {have}, expected {stage}"
    if want is None or have is None:
        return None if want is have else f"{place} is {_shown(have)}, expected {_shown(want)}"
    try:
        number = Decimal(want) if not isinstance(want, bool) else None
    except (InvalidOperation, TypeError, ValueError):
        number = None
    if number is None or not number.is_finite():
        raise ExpectationFailed(f"{place}: {want!r} is not a number")
    off = abs(Decimal(have) - number)
    if off <= tolerance or off <= tolerance * abs(number):
        return None
    return f"{place} is {have}, expected {number} (off by {off:.3g}, tolerance {str(tolerance).lower()})"


def _shown(value: Any) -> str:
    return "none" if value is None else str(value)
