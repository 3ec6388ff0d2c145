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
