"""Scenario files that a test writes for itself."""

from pathlib import Path

# A market in which nothing is paid but the price.
FREE = "trading_fee_bps: 0, protocol_fee_bps: 0, penalty: [0, 0, 0, 0], funding_cap_bps: 0"


def write(folder: Path, text: str, name: str = "case.yaml") -> Path:
    path = folder / name
    path.write_text(text)
    return path
