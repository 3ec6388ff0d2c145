"""The embedded crash: 336 hours around 12 and 13 March 2020, stylised.

The path is not exchange data. It goes through a handful of published figures, in cents, and between two of them follows
a bridge: a random walk pinned at both ends, of integers from a fixed seed, so that every machine makes the same path.
The two hours in which bitcoin fell by a quarter are candles of their own.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

from nacre.prices.candles import Candle
from nacre.prices.dice import splitmix
from nacre.units import WAD

CANDLES = 336
SECONDS = 3600
START = 1_583_539_200  # 7 March 2020, 00:00 UTC
CENT = WAD // 100
# Chosen by eye for a path that looks like a market; any other is as good.
SEED = 312


@dataclass(frozen=True)
class Anchor:
    """A price that the path has at the opening of an hour, and how nervous the market is from then on."""

    hour: int  # since START
    cents: int
    unrest: int  # typical move of an hour, in millionths
    what: str


# Published, rounded figures.
ANCHORS = (
    Anchor(0, 9_130_00, 2_500, "7 March: about 9,130"),
    Anchor(46, 8_050_00, 7_000, "8 March, late: below 8,100 after a weak weekend"),
    Anchor(120, 7_900_00, 5_000, "12 March, morning: about 7,900"),
    Anchor(130, 7_350_00, 9_000, "12 March, 10:00: the first leg starts near 7,350"),
    Anchor(131, 6_000_00, 15_000, "12 March, 11:00: about 6,000"),
    Anchor(146, 5_270_00, 20_000, "13 March, 02:00: the second leg starts near 5,270"),
    Anchor(147, 4_850_00, 22_000, "13 March, 03:00: about 4,850"),
    Anchor(158, 5_800_00, 12_000, "13 March, afternoon: about 5,800"),
    Anchor(228, 4_650_00, 11_000, "16 March, noon: about 4,650"),
    Anchor(336, 6_200_00, 9_000, "20 March: about 6,200"),
)

# Hours whose extremes are published, in cents: high, low.
LEGS = {
    130: (7_367_00, 5_550_00),
    146: (5_276_97, 3_782_13),
}


def _bridge(start: Anchor, end: Anchor, numbers: Iterator[int]) -> list[int]:
    """Openings in cents of the hours from `start` to just before `end`."""
    hours = end.hour - start.hour
    walk = [0]
    for _ in range(hours):
        # The sum of four even steps is nearly a bell; its spread is about the unrest.
        step = sum(next(numbers) % (2 * start.unrest + 1) - start.unrest for _ in range(4)) * 866 // 1000
        walk.append(walk[-1] + step)
    openings = []
    for hour in range(hours):
        straight = start.cents + (end.cents - start.cents) * hour // hours
        openings.append(straight + straight * (walk[hour] - walk[hours] * hour // hours) // 1_000_000)
    return openings


def crash_path() -> list[Candle]:
    """The 336 candles, one an hour. Volume is a number without meaning, larger where the market is nervous."""
    numbers = splitmix(SEED)
    openings: list[int] = []
    unrest: list[int] = []
    for start, end in pairwise(ANCHORS):
        openings += _bridge(start, end, numbers)
        unrest += [start.unrest] * (end.hour - start.hour)
    closes = [*openings[1:], ANCHORS[-1].cents]

    candles = []
    for hour, (opening, close) in enumerate(zip(openings, closes, strict=True)):
        reach = [opening * (next(numbers) % (unrest[hour] + 1)) // 1_000_000 for _ in range(2)]
        high, low = LEGS.get(hour, (max(opening, close) + reach[0], min(opening, close) - reach[1]))
        volume = unrest[hour] * (1 + next(numbers) % 3)
        in_wad = [cents * CENT for cents in (opening, high, low, close)]
        candles.append(Candle(START + hour * SECONDS, in_wad[0], in_wad[1], in_wad[2], in_wad[3], volume * WAD))
    return candles
