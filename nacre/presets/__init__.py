"""Policies by name, and the parameters of a market in human units.

config = preset("oyster", imr_bps=500)           # a MarketConfig with one field changed
MarketConfig.model_validate({...})               # from a scenario's or one's own TOML
preset_names()                                   # ["defx", "hyperliquid", "injective", "oyster", "satoshiswap"]
"""

from nacre.presets.market import MarketConfig
from nacre.presets.store import PresetError, load_file, preset, preset_names

__all__ = ["MarketConfig", "PresetError", "load_file", "preset", "preset_names"]
