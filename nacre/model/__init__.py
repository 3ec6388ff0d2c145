"""An exact-integer model of the protocol, written from its specification alone and run beside the contracts."""

from nacre.model.rounding import Revert
from nacre.model.world import World

__all__ = ["Revert", "World"]
