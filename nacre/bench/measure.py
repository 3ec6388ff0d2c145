"""Measures operations on the embedded chain, each from the same start."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

from nacre.bench.floor import Floor, floor_of
from nacre.bench.kinds import causes
from nacre.bench.operation import Operation
from nacre.bench.operations import OPERATIONS
from nacre.bench.profile import Profile, profile
from nacre.bench.replica import MirroredChain
from nacre.bench.settings import SETTINGS
from nacre.bench.stage import Stage
from nacre.bench.targets import TARGETS
from nacre.bench.trace import Recorded, TraceError, record
from nacre.chain import restored


@dataclass(frozen=True)
class Measured:
    operation: Operation
    gas: int
    floor: Floor
    causes: Counter[str]
    profile: Profile | None  # of an operation with a target

    @property
    def ratio(self) -> float:
        return self.gas / self.floor.total

    def as_json(self) -> dict[str, object]:
        floor = self.floor
        return {
            "operation": self.operation.name,
            "gas": self.gas,
            "floor": floor.total,
            "ratio": round(self.ratio, 4),
            "intrinsic": floor.base,
            "calldata": floor.calldata,
            "cold_accounts": floor.accounts,
            "cold_slots": floor.slots,
            "writes": floor.writes,
            "logs": floor.logs,
            "refund": floor.refund,
            "counts": floor.counts,
            "note": self.operation.note,
        }


class Bench:
    """Makes each stage once."""

    def __init__(self) -> None:
        self._stages: dict[str, Stage] = {}

    def stage(self, setting: str) -> Stage:
        if setting not in self._stages:
            self._stages[setting] = SETTINGS[setting](MirroredChain())
        return self._stages[setting]

    def recorded(self, operation: Operation) -> Recorded:
        stage = self.stage(operation.setting)
        chain = stage.chain
        assert isinstance(chain, MirroredChain)
        with restored(chain):
            call = operation.prepare(stage)
            done = record(chain, call.contract.address, call.data, call.sender, operation.name)
        if done.events != operation.events:
            raise TraceError(f"{operation.name}: events {', '.join(done.events)}, not {', '.join(operation.events)}")
        return done

    def measure(self, operation: Operation) -> Measured:
        done = self.recorded(operation)
        found = None
        if operation.name in TARGETS:
            found = profile(self.stage(operation.setting), done, by_line=False)
        return Measured(operation, done.gas_used, floor_of(done), causes(done), found)


def measure_all(operations: Iterable[Operation] = OPERATIONS) -> list[Measured]:
    bench = Bench()
    return [bench.measure(operation) for operation in operations]


def named(name: str) -> Operation:
    for operation in OPERATIONS:
        if operation.name == name:
            return operation
    raise TraceError(f"there is no operation {name}; there are {', '.join(item.name for item in OPERATIONS)}")
