"""What was deployed where: deployments/<network>.json, written before the first transaction and after each one.

A plan fixes the addresses beforehand (they follow from the deployer's nonce), because Config, clearinghouse and engine
name each other in their constructors. A second run finds code at the planned addresses and goes on from there.
"""

import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

from eth_utils import keccak

from nacre.artifacts import ROOT
from nacre.chain import Chain, Contract
from nacre.deploy.system import DeployError, Market, System, artifact
from nacre.presets import MarketConfig

FOLDER = ROOT / "deployments"
FORMAT = 4
# In the order in which they are deployed.
CORE = (
    "Config",
    "ClearinghouseCross",
    "ClearinghouseCrossLiquidation",
    "ClearinghouseMarkets",
    "ClearinghouseDeleveraging",
    "Clearinghouse",
    "LiquidationEngine",
    "Lens",
    "BackstopVault",
)
# Before those whose owner it is, if there is one.
TIMELOCK = ("Timelock",)
# Unless an account is the treasury.
TREASURY = ("GovernanceToken", "Treasury")
_KNOWN_NETWORKS = {1: "ethereum", 10: "optimism", 1337: "local", 8453: "base", 31337: "local", 42161: "arbitrum"}


def network_name(chain: Chain) -> str:
    """The name of the file: that of the network, or chain-<id>."""
    if chain.name.startswith("embedded"):
        return "embedded"
    return _KNOWN_NETWORKS.get(chain.chain_id, f"chain-{chain.chain_id}")


def record_path(chain: Chain, folder: Path = FOLDER) -> Path:
    return folder / f"{network_name(chain)}.json"


def code_hash(chain: Chain, address: str) -> str:
    """Keccak-256 of the code there; empty without code."""
    code = chain.code(address)
    return "0x" + keccak(code).hex() if code else ""


class Record:
    """The content of such a file; without a path it stays in memory."""

    def __init__(self, data: dict[str, Any], path: Path | None = None):
        self.data = data
        self.path = path

    @classmethod
    def load(cls, path: Path) -> "Record | None":
        """None if there is no such file."""
        try:
            data = json.loads(path.read_text())
        except FileNotFoundError:
            return None
        except (OSError, ValueError) as error:
            raise DeployError(f"{path} cannot be read: {error}") from None
        if not isinstance(data, dict) or data.get("format") != FORMAT:
            raise DeployError(f"{path} is not a deployment record of this version; move it away to start anew")
        return cls(data, path)

    def save(self) -> None:
        """Replaces the file in one step."""
        if self.path is None:
            return
        self.path.parent.mkdir(parents=True, exist_ok=True)
        part = self.path.with_suffix(".part")
        part.write_text(json.dumps(self.data, indent=2) + "\n")
        os.replace(part, self.path)

    @property
    def contracts(self) -> dict[str, dict[str, Any]]:
        return self.data["contracts"]

    @property
    def markets(self) -> dict[str, dict[str, Any]]:
        return self.data["markets"]

    def is_deployed(self, chain: Chain, entry: dict[str, Any]) -> bool:
        """Whether the planned code is there. Other code than the recorded is an error."""
        found = code_hash(chain, entry["address"])
        if found and entry.get("code_hash") and found != entry["code_hash"]:
            raise DeployError(
                f"the code at {entry['address']} is not what {self.path} says; move it away to start anew"
            )
        return bool(found)

    def note_code(self, chain: Chain, entry: dict[str, Any]) -> None:
        entry["code_hash"] = code_hash(chain, entry["address"])
        self.save()


def load_system(chain: Chain, path: Path | None = None) -> System:
    """The system of a finished record (default: that of the chain's network). Raises DeployError if there is none."""
    path = path or record_path(chain)
    record = Record.load(path)
    if record is None:
        raise DeployError(f"there is no deployment record {path}: `./run deploy` writes one")
    if record.data["chain_id"] != chain.chain_id:
        raise DeployError(f"{path} is about chain {record.data['chain_id']}, not {chain.chain_id}")
    for name, entry in record.contracts.items():
        if not record.is_deployed(chain, entry):
            raise DeployError(f"{path}: {name} is not deployed on this chain; run `./run deploy` (again)")
    return system_of(chain, record)


def system_of(chain: Chain, record: Record) -> System:
    data = record.data
    at = {name: chain.contract(artifact(name), record.contracts[name]["address"]) for name in CORE}
    treasury = record.contracts.get("Treasury")
    governance = record.contracts.get("GovernanceToken")
    timelock = record.contracts.get("Timelock")
    system = System(
        chain=chain,
        token=chain.contract(artifact("MockToken"), record.contracts["Token"]["address"]),
        decimals=data["collateral_decimals"],
        config=at["Config"],
        clearinghouse=at["Clearinghouse"],
        engine=at["LiquidationEngine"],
        lens=at["Lens"],
        vault=at["BackstopVault"],
        treasury_contract=chain.contract(artifact("Treasury"), treasury["address"]) if treasury else None,
        governance_token=chain.contract(artifact("MockToken"), governance["address"]) if governance else None,
        timelock=chain.contract(artifact("Timelock"), timelock["address"]) if timelock else None,
        deployer=data["deployer"],
        owner=data["owner"],
        guardian=data["guardian"],
        treasury=data["treasury"],
        feeder=data["feeder"],
    )
    for name, entry in record.markets.items():
        if entry["id"] is not None:
            system.markets[name] = market_of(chain, name, entry)
    return system


def market_of(chain: Chain, name: str, entry: dict[str, Any]) -> Market:
    return Market(
        id=entry["id"],
        name=name,
        oracle=oracle_at(chain, entry["oracle"]["address"]),
        venue=chain.contract(artifact("OysterAmm"), entry["venue"]["address"]),
        config=MarketConfig.model_validate(entry["parameters"]),
    )


def oracle_at(chain: Chain, address: str) -> Contract:
    """All adapters share the interface; the mock one's also lets scripts push."""
    return chain.contract(artifact("MockOracle"), address)


def parameters_of(config: MarketConfig) -> dict[str, Any]:
    """As JSON, decimals as strings."""
    return json.loads(json.dumps(config.model_dump(), default=_plain))


def _plain(value: Any) -> str:
    return re.sub(r"\.0+$", "", f"{value:f}") if isinstance(value, Decimal) else str(value)
