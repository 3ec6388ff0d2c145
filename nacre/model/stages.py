"""The ladder: what equity in terms of maintenance margin means for a position or an account.

From docs/spec.md, section 9.
"""

from enum import IntEnum
from typing import Protocol

from nacre.units import BPS


class Stage(IntEnum):
    """Rungs, as the lens numbers them."""

    HEALTHY = 0
    MARGIN_CALL = 1
    LIQUIDATABLE = 2
    BACKSTOP = 3
    BANKRUPT = 4

    @property
    def title(self) -> str:
        return self.name.lower().replace("_", " ")


class Ratios(Protocol):
    """Of maintenance margin, where each rung begins; 0 is never."""

    @property
    def margin_call_bps(self) -> int: ...

    @property
    def trigger_bps(self) -> int: ...

    @property
    def backstop_bps(self) -> int: ...


def is_below(equity: int, maintenance: int, ratio_bps: int) -> bool:
    """Whether equity is below so many basis points of the maintenance margin; equality is safe."""
    return equity * BPS < maintenance * ratio_bps


def stage_by(ratios: Ratios, equity: int, maintenance: int) -> Stage:
    """The first that applies, worst first."""
    if equity < 0:
        return Stage.BANKRUPT
    for stage, ratio in (
        (Stage.BACKSTOP, ratios.backstop_bps),
        (Stage.LIQUIDATABLE, ratios.trigger_bps),
        (Stage.MARGIN_CALL, ratios.margin_call_bps),
    ):
        if is_below(equity, maintenance, ratio):
            return stage
    return Stage.HEALTHY
