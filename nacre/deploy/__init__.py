"""Puts a system of contracts on a chain, lists markets in it, and finds it again. Start with nacre/deploy/system.py."""

from nacre.deploy.core import deploy_system
from nacre.deploy.listing import end_listing, list_market, market_params, policy_params
from nacre.deploy.record import FOLDER, Record, load_system, network_name, record_path
from nacre.deploy.system import (
    MAX_DELAY,
    MIN_DELAY,
    Announced,
    BackstopTerms,
    DeployError,
    Market,
    RangeKey,
    System,
    ascending,
)

__all__ = [
    "FOLDER",
    "MAX_DELAY",
    "MIN_DELAY",
    "Announced",
    "BackstopTerms",
    "DeployError",
    "Market",
    "RangeKey",
    "Record",
    "System",
    "ascending",
    "deploy_system",
    "end_listing",
    "list_market",
    "load_system",
    "market_params",
    "network_name",
    "policy_params",
    "record_path",
]
