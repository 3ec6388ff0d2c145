"""One way to speak to the contracts, on a chain in this process or on a node. Start with nacre/chain/base.py."""

from nacre.chain.abi import AbiError
from nacre.chain.base import (
    ZERO_ADDRESS,
    CallFailed,
    Chain,
    ChainError,
    Contract,
    Log,
    RawLog,
    Receipt,
    TransactionFailed,
    create_address,
    restored,
)
from nacre.chain.embedded import EmbeddedChain
from nacre.chain.node import PRIVATE_KEY_VARIABLE, NodeChain

__all__ = [
    "PRIVATE_KEY_VARIABLE",
    "ZERO_ADDRESS",
    "AbiError",
    "CallFailed",
    "Chain",
    "ChainError",
    "Contract",
    "EmbeddedChain",
    "Log",
    "NodeChain",
    "RawLog",
    "Receipt",
    "TransactionFailed",
    "create_address",
    "restored",
]
