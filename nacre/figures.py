"""Figures as people read them. WAD integers in, text out; nothing is rounded but for the eye."""

from decimal import Decimal

from nacre.units import WAD

MINUS = "−"


def exact(amount: int, digits: int = 18) -> str:
    """All digits of an amount, of which so many stand behind the point, for files: "-1234.5"."""
    units, rest = divmod(abs(amount), 10**digits)  # not through Decimal, whose context rounds to 28 digits
    text = f"{'-' if amount < 0 else ''}{units}.{rest:0{digits}d}"
    return text.rstrip("0").rstrip(".")


def full(amount: int) -> str:
    """All 18 decimals, grouped, for a balance sheet: "1,234.500000000000000000"."""
    units, rest = divmod(abs(amount), WAD)
    return f"{MINUS if amount < 0 else ''}{units:,}.{rest:018d}"


def money(amount: int, signed: bool = False) -> str:
    """A WAD amount with as many decimals as it deserves: "1,234", "12.34", "0.0567"."""
    if amount == 0:
        return "0"
    size = abs(amount)
    if size < 10**9:
        return f"{sign(amount, signed)}{size:,} wei"
    if size < WAD // 10**6:
        return f"{sign(amount, signed)}<0.000001"
    value = Decimal(size).scaleb(-18)
    decimals = 0 if value >= 1000 else 2 if value >= 1 else 4 if value >= Decimal("0.01") else 6
    return f"{sign(amount, signed)}{value:,.{decimals}f}"


def sign(amount: int, signed: bool = True) -> str:
    return MINUS if amount < 0 else "+" if signed and amount > 0 else ""


def price(amount: int) -> str:
    """A WAD price with five or more significant digits: "5,276.97", "0.0000412"."""
    value = Decimal(amount).scaleb(-18)
    if value >= 1000 or value == 0:
        return f"{value:,.2f}".removesuffix(".00")
    decimals = max(0, 4 - value.adjusted())
    return f"{value:,.{decimals}f}"


def short(value: float) -> str:
    """An axis label: "1.5M", "200k", "0.05"."""
    size = abs(value)
    lead = MINUS if value < 0 else ""
    for limit, letter in ((1e9, "B"), (1e6, "M"), (1e5, "k")):
        if size >= limit:
            return f"{lead}{size / (1e3 if letter == 'k' else limit):.6g}{letter}"
    return f"{lead}{size:,.6g}" if size == 0 or size >= 1e-6 else f"{lead}{size:.2g}"


def percent(part: int, whole: int, signed: bool = False) -> str:
    """part / whole, "12.3 %"; a dash without a whole."""
    if whole == 0:
        return "–"
    tenths = abs(part) * 2000 // abs(whole) + 1 >> 1
    lead = sign(part if whole > 0 else -part, signed) if tenths else ""
    return f"{lead}{tenths // 10:,}.{tenths % 10} %"


def count(number: int, noun: str, plural: str = "") -> str:
    """ "1 account", "2 accounts"."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"
