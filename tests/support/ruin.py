"""A position to be deleveraged: ten units from about 100 with 110 on them, and a price at which forty are missing.

Its bankruptcy price lies about eleven beyond its entry: whoever stands opposite since the beginning gains ten there.
"""

from support.exchange import Exchange

from nacre.units import WAD

SIZE = 10 * WAD
MARGIN = 110 * WAD
# By side of the target.
PRICE = {1: 85 * WAD, -1: 115 * WAD}
# Where somebody who follows the price and goes past it has entered beyond the target's bankruptcy price on average.
PAST = {1: 74 * WAD, -1: 131 * WAD}


def open_target(exchange: Exchange, who: str, side: int, size: int = SIZE) -> None:
    exchange.trade(who, side * size, MARGIN * size // SIZE)


def crash(exchange: Exchange, side: int) -> None:
    exchange.push(PRICE[side])


def crash_and_follow(exchange: Exchange, side: int, who: str) -> None:
    """The venue comes along, by somebody who then stands opposite and would lose at the target's bankruptcy price."""
    crash(exchange, side)
    exchange.lead_venue(who, PAST[side], 9_000 * WAD)
    exchange.lead_venue(who, PRICE[side], 0)
    assert exchange.record(who).size * side < 0
