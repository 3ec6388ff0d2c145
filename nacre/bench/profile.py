"""Where the gas of one operation goes: by kind, by storage slot, by call, by event, by function and by line."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from eth_utils import keccak

from nacre.artifacts import PARTS, load
from nacre.bench.floor import cold_accounts
from nacre.bench.kinds import ACCOUNTS, LOGS, READS, TOUCHES, WRITES, kind_of
from nacre.bench.source_map import source_map
from nacre.bench.stage import Stage
from nacre.bench.trace import BASE, CALLS, Recorded, calldata_gas
from nacre.chain.abi import checksum


@dataclass
class SlotUse:
    """What a transaction did with one slot."""

    name: str
    reads: int = 0
    writes: int = 0
    gas: int = 0
    change: str = ""


@dataclass
class Profile:
    """Gas by whatever. The kinds, with `refund` taken off, add up to the gas of the transaction."""

    gas: int
    refund: int
    kinds: Counter[str] = field(default_factory=Counter)
    calls: list[tuple[str, int]] = field(default_factory=list)
    events: list[tuple[str, int]] = field(default_factory=list)
    slots: list[SlotUse] = field(default_factory=list)
    functions: Counter[str] = field(default_factory=Counter)  # computing only
    lines: Counter[str] = field(default_factory=Counter)


def profile(stage: Stage, recorded: Recorded, by_line: bool = True) -> Profile:
    """Functions and lines need a new compilation of each contract involved, some seconds."""
    contracts = _contracts(stage)
    result = Profile(recorded.gas_used, recorded.refund)
    result.kinds["intrinsic"] = BASE
    result.kinds["calldata"] = calldata_gas(recorded.data)
    used = {step.code for step in recorded.steps} if by_line else set()
    maps = {address: source_map(contracts[address]) for address in used}
    logs = iter(recorded.events)
    cold = cold_accounts(recorded)
    for step in recorded.steps:
        kind = kind_of(step)
        result.kinds[kind] += step.cost
        if kind == ACCOUNTS:
            callee = step.stack[-2 if step.opcode in CALLS else -1]
            text = f"{contracts[step.code]} {step.opcode} {contracts.get(_address(callee), hex(callee))}"
            result.calls.append((text + (", cold" if callee in cold else ""), step.cost))
            cold.discard(callee)
        elif kind == LOGS:
            result.events.append((next(logs), step.cost))
        elif kind not in TOUCHES and by_line:
            place = maps[step.code].at(step.pc)
            result.functions[place.function] += step.cost
            result.lines[f"{place.function}:{place.line}"] += step.cost
    result.slots = _slots(stage, recorded, contracts)
    return result


def _address(word: int) -> str:
    return checksum(f"0x{word & (2**160 - 1):040x}")


def _contracts(stage: Stage) -> dict[str, str]:
    system = stage.system
    every = [system.token, system.clearinghouse, system.engine, system.config, system.vault, system.lens]
    for market in stage.markets:
        every += [market.venue, market.oracle]
    names = {contract.address: contract.name for contract in every}
    parts = system.clearinghouse.call("code_parts")
    return names | dict(zip(parts, PARTS[system.clearinghouse.name], strict=True))


# ---- names of slots


def _slots(stage: Stage, recorded: Recorded, contracts: dict[str, str]) -> list[SlotUse]:
    hashes = {int.from_bytes(keccak(step.hashed), "big"): step.hashed for step in recorded.steps if step.hashed}
    roles = {int(address, 16): role for role, address in vars(stage.cast).items()}
    roles |= {int(address, 16): name for address, name in contracts.items()}
    uses: dict[tuple[str, int], SlotUse] = {}
    for step in recorded.steps:
        if kind_of(step) not in (READS, WRITES):
            continue
        key = (step.address, step.stack[-1])
        if key not in uses:
            contract = contracts[step.address]
            uses[key] = SlotUse(f"{contract}.{_name(load(contract).layout, step.stack[-1], hashes, roles)}")
        use = uses[key]
        use.reads += step.opcode == "SLOAD"
        use.writes += step.opcode == "SSTORE"
        use.gas += step.cost
    for key, use in uses.items():
        if key in recorded.after:
            use.change = _change(recorded.before[key], recorded.after[key])
    return sorted(uses.values(), key=lambda use: -use.gas)


def _change(before: int, after: int) -> str:
    if before == after:
        return "same"
    if not after:
        return "cleared"
    return "changed" if before else "set"


def _name(layout: dict[str, Any], slot: int, hashes: dict[int, bytes], roles: dict[int, str]) -> str:
    for name, first, count in _variables(layout["storage_layout"]):
        if first <= slot < first + count:
            return name if count == 1 else f"{name}[{slot - first}]"
    for offset in range(4):
        if words := hashes.get(slot - offset):
            inner, key = int.from_bytes(words[:32], "big"), int.from_bytes(words[32:], "big")
            suffix = f".{offset}" if offset else ""
            return f"{_name(layout, inner, hashes, roles)}[{_key(key, roles)}]{suffix}"
    return hex(slot)


def _variables(layout: dict[str, Any], prefix: str = "") -> list[tuple[str, int, int]]:
    found = []
    for name, entry in layout.items():
        if isinstance(entry.get("slot"), int):
            found.append((prefix + name, entry["slot"], entry["n_slots"]))
        else:
            found += _variables(entry, f"{prefix}{name}.")
    return found


def _key(key: int, roles: dict[int, str]) -> str:
    if key in roles:
        return roles[key]
    market, account = key >> 160, key & (2**160 - 1)
    if account in roles:
        return f"{market}, {roles[account]}"
    return str(key) if key < 2**64 else hex(key)
