"""Deploys token, Config, Clearinghouse with its parts, LiquidationEngine and Lens."""

from collections.abc import Callable
from typing import Any

from nacre.chain import ZERO_ADDRESS, CallFailed, Chain, ChainError, Contract, create_address
from nacre.chain.abi import AbiError, checksum
from nacre.deploy.record import CORE, FORMAT, Record, network_name, system_of
from nacre.deploy.system import DeployError, System, artifact

Progress = Callable[[str], None]
ROLES = ("deployer", "owner", "guardian", "treasury", "feeder")


def deploy_system(
    chain: Chain,
    *,
    decimals: int = 18,
    token: Contract | str | None = None,
    deployer: str | None = None,
    owner: str | None = None,
    guardian: str | None = None,
    treasury: str | None = None,
    feeder: str | None = None,
    record: Record | None = None,
    progress: Progress | None = None,
) -> System:
    """Deploys what `record` says is missing, everything without one. Mock collateral with `decimals` unless `token` is
    given. Roles not given go to the chain's first accounts in the order of ROLES, or to the owner if one is named.
    If the owner cannot send here, the deployer may list markets, nothing else, until nacre.deploy.end_listing."""
    record = record or Record({})
    roles = _roles(chain, [deployer, owner, guardian, treasury, feeder])
    if not record.data:
        record.data |= _plan(chain, roles, decimals, token)
        record.save()
    say = progress or (lambda text: None)
    for name, entry in record.contracts.items():
        if record.is_deployed(chain, entry):
            if not entry.get("code_hash"):
                # A run ended before it could note this one; or something else has taken the address.
                if entry["nonce"] is not None and not _is_ours(chain, name, entry["address"]):
                    raise _overtaken(record, name)
                record.note_code(chain, entry)
            say(f"{name} is there, {entry['address']}")
            continue
        _deploy(chain, record, name, entry)
        say(f"{name} deployed, {entry['address']}")
    system = system_of(chain, record)
    _check(system)
    return system


def _roles(chain: Chain, given: list[str | None]) -> dict[str, str]:
    available = list(chain.accounts)
    if given[0] is not None:
        deployer = checksum(given[0])
        # no role goes to it by default
        available = [deployer, *(account for account in available if account != deployer)]
    roles: dict[str, str] = {}
    for index, (role, address) in enumerate(zip(ROLES, given, strict=True)):
        if address is not None:
            roles[role] = checksum(address)
        elif index < len(available) and (role == "deployer" or given[1] is None):
            roles[role] = available[index]
        elif role in ("deployer", "owner"):
            raise DeployError(f"no account for the {role}: name one")
        else:
            roles[role] = roles["owner"]
    if roles["deployer"] in (roles["owner"], roles["guardian"]):
        raise DeployError("owner and guardian must be others than the deployer, who ends with no role")
    return roles


def _plan(chain: Chain, roles: dict[str, str], decimals: int, token: Contract | str | None) -> dict[str, Any]:
    nonce = chain.nonce(roles["deployer"])
    contracts: dict[str, dict[str, Any]] = {}
    if token is None:
        contracts["Token"] = {"address": create_address(roles["deployer"], nonce), "nonce": nonce}
        nonce += 1
    else:
        address = checksum(token if isinstance(token, str) else token.address)
        decimals = _decimals_of(chain, address)
        contracts["Token"] = {"address": address, "nonce": None}
    if not 0 <= decimals <= 18:
        raise DeployError(f"collateral with {decimals} decimals: 0 to 18 are possible")
    for index, name in enumerate(CORE):
        contracts[name] = {"address": create_address(roles["deployer"], nonce + index), "nonce": nonce + index}
    # Somebody must be able to list the markets now.
    lister = ZERO_ADDRESS if chain.can_send(roles["owner"]) else roles["deployer"]
    return {
        "format": FORMAT,
        "network": network_name(chain),
        "chain_id": chain.chain_id,
        **roles,
        "lister": lister,
        "collateral_decimals": decimals,
        "contracts": contracts,
        "markets": {},
    }


def _decimals_of(chain: Chain, address: str) -> int:
    if not chain.code(address):
        raise DeployError(f"there is no contract at the collateral's address {address}")
    try:
        return chain.contract(artifact("MockToken"), address).call("decimals")
    except (CallFailed, AbiError) as error:
        raise DeployError(f"the collateral {address} does not tell its decimals: {error}") from None


def _deploy(chain: Chain, record: Record, name: str, entry: dict[str, Any]) -> None:
    data = record.data
    if entry["nonce"] is None:
        raise DeployError(f"there is no contract at the collateral's address {entry['address']}")
    if chain.nonce(data["deployer"]) != entry["nonce"]:
        raise _overtaken(record, name)
    at = {other: item["address"] for other, item in record.contracts.items()}
    arguments: dict[str, list[Any]] = {
        "Token": ["Nacre test collateral", "NTC", data["collateral_decimals"]],
        "Config": [
            data["owner"],
            data["guardian"],
            data["treasury"],
            data["lister"],
            at["Clearinghouse"],
            at["LiquidationEngine"],
        ],
        "ClearinghouseCross": [],
        "ClearinghouseCrossLiquidation": [at["ClearinghouseCross"]],
        "ClearinghouseMarkets": [at["Config"], at["ClearinghouseCross"]],
        "ClearinghouseDeleveraging": [at["LiquidationEngine"]],
        "Clearinghouse": [
            at["Token"],
            at["LiquidationEngine"],
            at["ClearinghouseCross"],
            at["ClearinghouseCrossLiquidation"],
            at["ClearinghouseMarkets"],
            at["ClearinghouseDeleveraging"],
        ],
        "LiquidationEngine": [at["Clearinghouse"], at["Config"]],
        "Lens": [at["Clearinghouse"], at["LiquidationEngine"]],
    }
    code = artifact(_artifact_name(name))
    contract = chain.deploy(code, *arguments[name], sender=data["deployer"])
    if contract.address != checksum(entry["address"]):
        raise ChainError(f"{name} landed at {contract.address}, not at {entry['address']}")
    record.note_code(chain, entry)


def _artifact_name(name: str) -> str:
    return "MockToken" if name == "Token" else name


def _is_ours(chain: Chain, name: str, address: str) -> bool:
    """Immutables follow the compiled code."""
    return chain.code(address).startswith(artifact(_artifact_name(name)).runtime)


def _overtaken(record: Record, name: str) -> DeployError:
    return DeployError(
        f"the deployer has sent other transactions since the plan in {record.path} was made, so that {name} cannot get "
        "its address any more; move the file away to start anew"
    )


def _check(system: System) -> None:
    """The contracts name each other as planned."""
    config = system.config
    if config.call("CLEARINGHOUSE") != system.clearinghouse.address or config.call("ENGINE") != system.engine.address:
        raise DeployError("Config does not point to this clearinghouse and engine")
