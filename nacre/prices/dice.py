"""Random numbers that are the same on every machine and in every version of Python: integers only."""

import hashlib
from collections.abc import Iterator, MutableSequence
from typing import Any

from nacre.units import BPS


def splitmix(seed: int) -> Iterator[int]:
    """64-bit numbers (Steele, Lea, Flood: SplitMix64)."""
    mask = 2**64 - 1
    state = seed & mask
    while True:
        state = (state + 0x9E3779B97F4A7C15) & mask
        mixed = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & mask
        mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & mask
        yield mixed ^ (mixed >> 31)


class Dice:
    """A stream for one purpose; streams of different purposes do not depend on each other."""

    def __init__(self, seed: int, purpose: str):
        digest = hashlib.sha256(f"{seed}/{purpose}".encode()).digest()
        self._numbers = splitmix(int.from_bytes(digest[:8], "big"))

    def below(self, limit: int) -> int:
        """0 to limit - 1. The bias of the remainder is below 2^-64 x limit."""
        return (next(self._numbers) << 64 | next(self._numbers)) % limit

    def between(self, low: int, high: int) -> int:
        """low to high, both possible."""
        return low + self.below(high - low + 1)

    def chance(self, bps: int) -> bool:
        """True in `bps` of ten thousand cases."""
        return self.below(BPS) < bps

    def shuffle(self, items: MutableSequence[Any]) -> None:
        for index in range(len(items) - 1, 0, -1):
            other = self.below(index + 1)
            items[index], items[other] = items[other], items[index]
