"""An exact-integer model of the protocol, written from its specification alone and run beside the contracts."""

from nacre.model.rounding import MAX_UINT256, RAY, WAD, Revert
from nacre.model.world import World

__all__ = ["MAX_UINT256", "RAY", "WAD", "Revert", "World"]
