"""Price histories as integers: the embedded crash, CSV files of candles, and the points a candle is fed as.

candles = crash_path()                        # 336 hours around the crash of March 2020, stylised
candles = read_candles(Path("btc_1h.csv"))    # timestamp,open,high,low,close,volume
for point in candles[0].points(3600): ...     # what the oracle says, in time order
"""

from nacre.prices.candles import Candle, PricePoint, candle_seconds
from nacre.prices.crash import ANCHORS, Anchor, crash_path
from nacre.prices.csv_reader import BadPrices, read_candles

__all__ = [
    "ANCHORS",
    "Anchor",
    "BadPrices",
    "Candle",
    "PricePoint",
    "candle_seconds",
    "crash_path",
    "read_candles",
]
