"""Units, directed rounding, and the one way the model refuses something."""

WAD = 10**18
RAY = 10**27
BPS = 10**4
Q96 = 2**96
MAX_UINT256 = 2**256 - 1
# Carry indices are kept in 128 bits with two to spare.
INDEX_LIMIT = 2**125


class Revert(Exception):
    """A refused call; the text is the contracts' reason."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def require(condition: bool, reason: str) -> None:
    """Refuses with `reason` unless the condition holds."""
    if not condition:
        raise Revert(reason)


def floor_div(numerator: int, denominator: int) -> int:
    """Toward minus infinity; what Python's `//` does, by name."""
    return numerator // denominator


def ceil_div(numerator: int, denominator: int) -> int:
    """Toward plus infinity."""
    return -(-numerator // denominator)


def trunc_div(numerator: int, denominator: int) -> int:
    """Toward zero, as Vyper's signed `//`; the denominator is positive."""
    return numerator // denominator if numerator >= 0 else -(-numerator // denominator)


def clamp(value: int, low: int, high: int) -> int:
    """The nearest number in [low, high]."""
    return max(low, min(value, high))


def bps_up(amount: int, ratio_bps: int) -> int:
    """A requirement or a charge: rounded up."""
    return ceil_div(amount * ratio_bps, BPS)


def bps_down(amount: int, ratio_bps: int) -> int:
    """A reward or an allowance: rounded down."""
    return floor_div(amount * ratio_bps, BPS)


def sign(value: int) -> int:
    """+1, 0 or -1."""
    return (value > 0) - (value < 0)
