"""Deploys token, Timelock, Config, Clearinghouse with its parts, LiquidationEngine, Lens, Treasury, BackstopVault."""

from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from nacre.chain import ZERO_ADDRESS, CallFailed, Chain, ChainError, Contract, create_address
from nacre.chain.abi import AbiError, checksum
from nacre.deploy.record import CORE, FORMAT, TIMELOCK, TREASURY, Record, network_name, system_of
from nacre.deploy.system import MAX_DELAY, MIN_DELAY, Announced, BackstopTerms, DeployError, System, artifact
from nacre.deploy.timelock import as_lister, utc

Progress = Callable[[str], None]
# In which what the treasury has collected reaches its stakers.
TREASURY_PERIOD = 7 * 86_400
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
    governance_token: str | None = None,
    terms: BackstopTerms | None = None,
    timelock: int | None = None,
    record: Record | None = None,
    progress: Progress | None = None,
) -> System:
    """Deploys what `record` says is missing, everything without one. Mock collateral with `decimals` unless `token` is
    given; a Treasury, with a mock governance token unless one is given, unless an account is named as `treasury`.
    Other roles not given go to the chain's first accounts in the order of ROLES, or to the owner if one is named. With
    `timelock`, a delay in seconds, a Timelock of the owner's owns what the owner would, and the guardian may cancel. If
    that, or an owner without a key here, is the owner of Config, the deployer may list markets and set the backstop up
    for them, nothing else, until nacre.deploy.end_listing."""
    record = record or Record({})
    if treasury is not None and governance_token is not None:
        raise DeployError("a governance token is that of a new Treasury: name either it or the treasury")
    if not record.data:
        roles = _roles(chain, [deployer, owner, guardian, treasury, feeder])
        given = {"Token": _address(token), "GovernanceToken": _address(governance_token)}
        record.data |= _plan(chain, roles, decimals, given, timelock)
        record.data["backstop_terms"] = asdict(terms or BackstopTerms())
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
    _name_backstop(system, record)
    return system


def _name_backstop(system: System, record: Record) -> None:
    """Tells Config which vault it is, once: later the owner may choose another."""
    if record.data["backstop_named"]:
        return
    if system.engine.call("backstop_vault") != system.vault.address:
        waiting_until = as_lister(system, "set_backstop", system.vault.address)
        if waiting_until is not None:
            raise Announced(f"the backstop vault is announced: start the same command again after {utc(waiting_until)}")
    record.data["backstop_named"] = True
    record.save()


def _address(contract: Contract | str | None) -> str | None:
    return checksum(contract.address if isinstance(contract, Contract) else contract) if contract else None


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
        elif role == "treasury":
            roles[role] = ""  # a contract of its own
        elif index < len(available) and (role == "deployer" or given[1] is None):
            roles[role] = available[index]
        elif role in ("deployer", "owner"):
            raise DeployError(f"no account for the {role}: name one")
        else:
            roles[role] = roles["owner"]
    if roles["deployer"] in (roles["owner"], roles["guardian"]):
        raise DeployError("owner and guardian must be others than the deployer, who ends with no role")
    return roles


def _plan(
    chain: Chain, roles: dict[str, str], decimals: int, given: dict[str, str | None], timelock: int | None
) -> dict[str, Any]:
    if given["Token"] is not None:
        decimals = _decimals_of(chain, given["Token"])
    if not 0 <= decimals <= 18:
        raise DeployError(f"collateral with {decimals} decimals: 0 to 18 are possible")
    if timelock is not None and not MIN_DELAY <= timelock <= MAX_DELAY:
        raise DeployError(f"a timelock of {timelock} seconds: {MIN_DELAY} to {MAX_DELAY} are possible")
    nonce = chain.nonce(roles["deployer"])
    contracts: dict[str, dict[str, Any]] = {}
    for name in ("Token", *(TIMELOCK if timelock else ()), *CORE, *(() if roles["treasury"] else TREASURY)):
        address = given.get(name)
        if address is not None:
            contracts[name] = {"address": address, "nonce": None}
            continue
        contracts[name] = {"address": create_address(roles["deployer"], nonce), "nonce": nonce}
        nonce += 1
    # Somebody must be able to list the markets now.
    lister = ZERO_ADDRESS if timelock is None and chain.can_send(roles["owner"]) else roles["deployer"]
    return {
        "format": FORMAT,
        "network": network_name(chain),
        "chain_id": chain.chain_id,
        **roles,
        "treasury": roles["treasury"] or contracts["Treasury"]["address"],
        "lister": lister,
        "timelock": timelock,
        "collateral_decimals": decimals,
        "backstop_named": False,
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
        what = "collateral" if name == "Token" else "governance token"
        raise DeployError(f"there is no contract at the {what}'s address {entry['address']}")
    if chain.nonce(data["deployer"]) != entry["nonce"]:
        raise _overtaken(record, name)
    arguments = _arguments(name, data, {other: item["address"] for other, item in record.contracts.items()})
    code = artifact(_artifact_name(name))
    contract = chain.deploy(code, *arguments, sender=data["deployer"])
    if contract.address != checksum(entry["address"]):
        raise ChainError(f"{name} landed at {contract.address}, not at {entry['address']}")
    record.note_code(chain, entry)


def _arguments(name: str, data: dict[str, Any], at: dict[str, str]) -> list[Any]:
    """What the constructor of a contract takes."""
    house, engine, config = at["Clearinghouse"], at["LiquidationEngine"], at["Config"]
    owner = at.get("Timelock", data["owner"])
    match name:
        case "Token":
            return ["Nacre test collateral", "NTC", data["collateral_decimals"]]
        case "GovernanceToken":
            return ["Nacre test governance", "NTG", 18]
        case "Timelock":
            return [data["owner"], data["guardian"], data["timelock"]]
        case "Config":
            return [owner, data["guardian"], data["treasury"], data["lister"], house, engine]
        case "ClearinghouseCross":
            return []
        case "ClearinghouseCrossLiquidation":
            return [at["ClearinghouseCross"]]
        case "ClearinghouseMarkets":
            return [config, at["ClearinghouseCross"]]
        case "ClearinghouseDeleveraging":
            return [engine]
        case "Clearinghouse":
            parts = ("Cross", "CrossLiquidation", "Markets", "Deleveraging")
            return [at["Token"], engine, *(at[f"Clearinghouse{part}"] for part in parts)]
        case "LiquidationEngine":
            return [house, config]
        case "Lens":
            return [house, engine]
        case "Treasury":
            return [owner, house, at["GovernanceToken"], TREASURY_PERIOD]
        case "BackstopVault":
            # Config is its owner: what may be set of it goes the same way as all parameters.
            terms = BackstopTerms(**data["backstop_terms"])
            delays = [terms.deposit_delay, terms.lock_up, terms.band_bps]
            return [house, at["Lens"], engine, config, *delays, "Nacre backstop", "nBACK"]
    raise DeployError(f"no way to deploy {name}")


def _artifact_name(name: str) -> str:
    return "MockToken" if name in ("Token", "GovernanceToken") else name


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
    if system.vault.call("owner") != config.address:
        raise DeployError("the backstop vault does not belong to Config")
