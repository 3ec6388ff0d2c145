"""A whole system with one plain market, and people in it: see tests/support/exchange.py."""

from support.fixtures import (
    chain_account,
    counterparty,
    exchange,
    guardian,
    keeper,
    opened,
    outsider,
    owner,
    provider,
    short,
    trader,
)

__all__ = [
    "chain_account",
    "counterparty",
    "exchange",
    "guardian",
    "keeper",
    "opened",
    "outsider",
    "owner",
    "provider",
    "short",
    "trader",
]
