"""What a timelock has announced, found in its events; and calls to announce, from words that a person types.

call = typed(system, "Config.set_market_params", ["0", "imr_bps=600"])     # single fields of what is set now
found = announcements(system.timelock, node_logs(chain.rpc), 0, chain.block_number)
told(system, found[0].target, found[0].data)                               # "Config.set_market_params(0, ...)"
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from nacre.artifacts import CompileError
from nacre.chain import CallFailed, Contract, RawLog
from nacre.chain.abi import AbiError, Function, checksum
from nacre.chain.logs import EventIndex, LogSource
from nacre.deploy.system import DeployError, System, artifact


@dataclass(frozen=True)
class Announcement:
    """A call as its event tells it."""

    id: bytes
    target: str
    data: bytes
    salt: bytes


class _Scheduled(EventIndex):
    def __init__(self, timelock: Contract, source: LogSource, first_block: int):
        self._event = next(event for event in timelock.abi.events.values() if event.name == "Scheduled")
        super().__init__(timelock.address, [["0x" + self._event.topic.hex()]], source, first_block)
        self.found: dict[bytes, Announcement] = {}

    def note(self, log: RawLog) -> None:
        said = self._event.decode(log.topics, log.data)
        self.found[said.id] = Announcement(said.id, said.target, said.data, said.salt)


def announcements(timelock: Contract, source: LogSource, first: int, last: int) -> list[Announcement]:
    """Every call that was ever scheduled, the oldest first; what was scheduled again stands once."""
    index = _Scheduled(timelock, source, first)
    for _ in index.update(last):
        pass
    return list(index.found.values())


def contracts_of(system: System) -> dict[str, Contract]:
    """By the names that a person types: that of the contract; of a market's, its own name before it."""
    parts = [system.config, system.clearinghouse, system.engine, system.lens, system.vault]
    parts += [part for part in (system.treasury_contract, system.timelock) if part is not None]
    found = {part.name: part for part in parts}
    for name, market in system.markets.items():
        found |= {f"{name}.oracle": market.oracle, f"{name}.venue": market.venue}
    return found


def contract_named(system: System, name: str) -> Contract:
    """One of the system, or any other: NAME@0xADDRESS, as in SignedOracle@0x12.."""
    known = contracts_of(system)
    if name in known:
        return known[name]
    kind, separator, address = name.partition("@")
    if not separator:
        raise DeployError(f"there is no contract {name!r}; there are: {', '.join(known)}; others as NAME@0xADDRESS")
    try:
        return system.config.chain.contract(artifact(kind), checksum(address))
    except (CompileError, ValueError) as error:
        raise DeployError(f"{name}: {error}") from None


def typed(system: System, what: str, words: Sequence[str]) -> tuple[Contract, bytes]:
    """CONTRACT.FUNCTION and its arguments: numbers (also 5e18), true or false, addresses or names of contracts, JSON.
    A struct may be given by the fields that change, as name=value: the rest is what the contract says now."""
    place, _, function = what.rpartition(".")
    contract = contract_named(system, place)
    entries = [item for item in contract.abi.entries if item.get("name") == function and item["type"] == "function"]
    fields = [word for word in words if _is_field(word)]
    plain = [word for word in words if not _is_field(word)]
    wanted = len(plain) + bool(fields)
    entry = next((item for item in entries if len(item["inputs"]) == wanted), None)
    if entry is None:
        takes = " or ".join(str(len(item["inputs"])) for item in entries)
        raise DeployError(f"{what} takes {takes} arguments, not {wanted}" if entries else f"there is no {what}")
    values = [_value(system, item, word) for item, word in zip(entry["inputs"], plain, strict=False)]
    if fields:
        if entry["inputs"][-1]["type"] != "tuple":
            raise DeployError(f"{what} has no fields to change")
        values.append(_changed(system, contract, entry, values, fields))
    return contract, contract.encode(function, *values)


def told(system: System, target: str, data: bytes) -> str:
    """CONTRACT.FUNCTION(arguments), as far as the contract is known."""
    for name, contract in contracts_of(system).items():
        if contract.address == checksum(target):
            found = _function(contract, data)
            if found is None:
                return f"{name} 0x{data.hex()}"
            arguments = ", ".join(_shown(value) for value in found.inputs.decode(data[4:]))
            return f"{name}.{found.name}({arguments})"
    return f"{target} 0x{data.hex()}"


def changes(system: System, target: str, data: bytes) -> list[str]:
    """Of a call that replaces a struct, the fields that it would change now: whatever else was changed since it was
    announced it takes back."""
    contract = next((item for item in contracts_of(system).values() if item.address == checksum(target)), None)
    found = _function(contract, data) if contract else None
    if contract is None or found is None or not found.name.startswith("set_"):
        return []
    *before, wanted = [*found.inputs.decode(data[4:])] or [None]
    if not hasattr(wanted, "_asdict"):
        return []
    try:
        now = contract.call(found.name.removeprefix("set_"), *before)._asdict()
    except (AbiError, CallFailed):
        return []
    new = wanted._asdict()
    return [f"{name}: {_shown(old)} -> {_shown(new[name])}" for name, old in now.items() if old != new[name]]


def _function(contract: Contract, data: bytes) -> Function | None:
    return next((item for item in contract.abi.functions.values() if item.selector == data[:4]), None)


def _is_field(word: str) -> bool:
    name, separator, _ = word.partition("=")
    return bool(separator) and name.isidentifier()


def _changed(
    system: System, contract: Contract, entry: dict[str, Any], before: list[Any], fields: list[str]
) -> dict[str, Any]:
    view, parts = entry["name"].removeprefix("set_"), entry["inputs"][-1]["components"]
    try:
        now = contract.call(view, *before)._asdict()
    except AbiError:
        raise DeployError(f"{contract.name} does not say what {view} is now: give the struct whole, as JSON") from None
    for word in fields:
        name, _, value = word.partition("=")
        part = next((item for item in parts if item["name"] == name), None)
        if part is None:
            raise DeployError(f"there is no field {name}; there are: {', '.join(now)}")
        now[name] = _value(system, part, value)
    return now


def _value(system: System, entry: dict[str, Any], word: str) -> Any:
    kind = entry["type"]
    try:
        if kind == "address":
            known = contracts_of(system)
            return known[word].address if word in known else checksum(word)
        if kind == "bool":
            return {"true": True, "false": False}[word.lower()]
        if kind.startswith(("uint", "int")) and not kind.endswith("]"):
            return _integer(word)
        if kind.startswith("bytes") and not kind.endswith("]"):
            return bytes.fromhex(word.removeprefix("0x"))
        return json.loads(word)
    except (KeyError, ValueError, InvalidOperation):
        raise DeployError(f"{word!r} is no {kind} for {entry['name'].lstrip('_')}") from None


def _integer(word: str) -> int:
    number = Decimal(word)
    if not number.is_finite() or number != int(number):
        raise ValueError
    return int(number)


def _shown(value: Any) -> str:
    if hasattr(value, "_asdict"):
        return "(" + ", ".join(f"{name}={_shown(item)}" for name, item in value._asdict().items()) + ")"
    if isinstance(value, bytes):
        return "0x" + value.hex()
    if isinstance(value, list | tuple):
        return "[" + ", ".join(_shown(item) for item in value) + "]"
    return str(value)
