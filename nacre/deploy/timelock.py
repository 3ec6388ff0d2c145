"""Calls of the owner that go through its timelock: announced by one run, executed by a later one."""

from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from nacre.chain import ZERO_ADDRESS, Chain, Contract
from nacre.deploy.system import DeployError, System

NO_SALT = bytes(32)


class CallState(StrEnum):
    """Where a call stands at the time of the last block."""

    UNKNOWN = "unknown"  # never scheduled, or cancelled
    WAITING = "waiting"
    READY = "ready"
    EXPIRED = "expired"
    EXECUTED = "executed"


def call_state(chain: Chain, timelock: Contract, call_id: bytes) -> tuple[CallState, int]:
    """And since or from when it may be executed."""
    call, now = timelock.call("calls", call_id), chain.timestamp
    if call.ready_at == 0:
        return CallState.UNKNOWN, 0
    if call.executed:
        return CallState.EXECUTED, call.ready_at
    if now < call.ready_at:
        return CallState.WAITING, call.ready_at
    expired = now >= call.ready_at + timelock.call("GRACE")
    return CallState.EXPIRED if expired else CallState.READY, call.ready_at


def advance(
    chain: Chain, timelock: Contract, target: str, data: bytes, *, salt: bytes = NO_SALT, hold: bool = False
) -> int | None:
    """Schedules a call that is not, executes one that is ready unless told to hold it. None once it is executed, else
    the time from which on it may be."""
    owner = timelock.call("owner")
    state, ready_at = call_state(chain, timelock, timelock.call("call_id", target, data, salt))
    if state == CallState.EXECUTED:
        return None
    if state == CallState.WAITING or (hold and state == CallState.READY):
        return ready_at
    if not chain.can_send(owner):
        raise DeployError(f"only the owner {owner} of the timelock can do that, and has no key here")
    if state == CallState.READY:
        timelock.transact("execute", target, data, salt, sender=owner).check()
        return None
    return timelock.transact("schedule", target, data, salt, sender=owner).check().event("Scheduled").ready_at


def as_lister(system: System, function: str, *arguments: Any, hold: bool = False) -> int | None:
    """Has Config do what its lister or owner may, at once if either can send here. By the timelock, if that is the
    owner: see `advance`."""
    config = system.config
    lister, owner = config.call("lister"), config.call("owner")
    timelock = system.timelock if system.timelock and system.timelock.address == owner else None
    for account in (lister, *(() if timelock else (owner,))):
        if account != ZERO_ADDRESS and system.chain.can_send(account):
            config.transact(function, *arguments, sender=account).check()
            return None
    if timelock is None:
        raise DeployError(f"only the owner {owner} can list a market, and has no key here")
    return advance(system.chain, timelock, config.address, config.encode(function, *arguments), hold=hold)


def utc(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
