"""The stages by name: operations that share a setting share its stage."""

from collections.abc import Callable

from nacre.bench.cross_stage import CrossStage
from nacre.bench.stage import Stage
from nacre.bench.vault_stage import VaultStage
from nacre.chain import Chain

SETTINGS: dict[str, Callable[[Chain], Stage]] = {
    "oyster": lambda chain: Stage(chain, "oyster"),
    "oyster 6": lambda chain: Stage(chain, "oyster", decimals=6),
    "injective": lambda chain: Stage(chain, "injective"),
    "defx": lambda chain: Stage(chain, "defx"),
    "defx, two legs": lambda chain: CrossStage(chain, "defx", legs=2),
    "hyperliquid, sixteen legs": lambda chain: CrossStage(chain, "hyperliquid", legs=16),
    "hyperliquid, vault": lambda chain: VaultStage(chain, "hyperliquid"),
}
