"""What an operation may cost at most."""

TARGETS = {
    "takeover_solvent": 79_000,
    "takeover_bankrupt": 89_000,
    "force_close": 119_000,
    "trade_increase": 118_000,
    "deposit": 54_000,
    "adl_one": 120_000,
    "takeover_cross": 140_000,
    "account_health": 350_000,
}

# The cheapest of the peers whose like was measured on the same EVM (docs/gas.md names all of them).
PEERS = {
    "takeover_solvent": ("dYdX v1", 144_523),
    "takeover_bankrupt": ("MAI v2", 282_084),
    "force_close": ("MAI v3", 300_796),
    "trade_increase": ("dYdX v1", 163_387),
    "deposit": ("MAI v2", 64_216),
    "adl_one": ("dYdX v1", 146_932),
}
