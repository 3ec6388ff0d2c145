"""Whole numbers and the direction of every division.

From docs/spec.md, preamble: amounts are WAD, indices RAY, ratios basis points; `floor`, `ceil` and `trunc` are those of
the exact quotient, whatever its sign. From sections 4 and 7: where an index stops.
"""

from nacre.units import BPS

# Neither the funding index nor one of social loss goes farther from zero.
INDEX_LIMIT = 2**125


class Revert(Exception):
    """A call that is refused, with the reason of docs/errors.md."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require(condition: bool, reason: str) -> None:
    if not condition:
        raise Revert(reason)


def floor_div(numerator: int, denominator: int) -> int:
    """Toward minus infinity."""
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """Toward plus infinity."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (rest != 0)


def trunc_div(numerator: int, denominator: int) -> int:
    """Toward zero."""
    quotient, rest = divmod(numerator, denominator)
    return quotient + (rest != 0 and quotient < 0)


def clamp(value: int, lowest: int, highest: int) -> int:
    return lowest if value < lowest else min(value, highest)


def bps_down(amount: int, bps: int) -> int:
    return amount * bps // BPS


def bps_up(amount: int, bps: int) -> int:
    return ceil_div(amount * bps, BPS)
