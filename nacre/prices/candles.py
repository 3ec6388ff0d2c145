"""A candle, and the points that stand for it."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class PricePoint:
    """What the oracle says at one moment."""

    timestamp: int  # unix seconds
    price: int  # WAD


@dataclass(frozen=True)
class Candle:
    """One interval of a price history; prices and volume in WAD, the timestamp is the opening in unix seconds."""

    timestamp: int
    open: int
    high: int
    low: int
    close: int
    volume: int = 0

    @property
    def falls(self) -> bool:
        return self.close < self.open

    def points(self, seconds: int) -> list[PricePoint]:
        """Open, the two extremes and close, spread over `seconds`; a price equal to the one before is left out.

        A candle does not say which extreme came first. The usual reading: a falling candle went up before it fell, a
        rising one down before it rose.
        """
        extremes = (self.high, self.low) if self.falls else (self.low, self.high)
        prices = (self.open, *extremes, self.close)
        points = [PricePoint(self.timestamp, prices[0])]
        for step, price in enumerate(prices[1:], 1):
            if price != points[-1].price:
                points.append(PricePoint(self.timestamp + step * seconds // len(prices), price))
        return points


def candle_seconds(candles: Sequence[Candle]) -> int:
    """The interval: the commonest distance of two openings. A gap does not change it; one candle alone is an hour."""
    distances = Counter(later.timestamp - earlier.timestamp for earlier, later in pairwise(candles))
    return distances.most_common(1)[0][0] if distances else 3600
